"""What do the pages about keeping, holding and erasing say, and does any page break over somebody who was erased?"""

from __future__ import annotations

import pytest
from django.urls import reverse

from registration.actions import erasing
from registration.enums.retention import ErasureStatus
from registration.models import Erasure, Individual, LegalHold
from tests.conftest import NOW, Cast, Person, acting_as
from tests.registration.test_erasing import decided

pytestmark = pytest.mark.django_db


def test_one_proposes_another_approves(cast: Cast, supervisor: Person, known: Individual) -> None:
    proposing, deciding = supervisor.browser(), cast.decider.browser()
    page = reverse("erasure", args=[known.pk])
    said = proposing.get(page).content.decode()
    assert "What goes" in said
    assert "Propose the erasure" in said
    answer = proposing.post(page, {"origin": "request", "reason": "She asked"}, follow=True)
    assert "You proposed this" in answer.content.decode()
    assert "Somebody else has to approve" in proposing.post(page, {"number": known.number}).content.decode()
    assert "Type the number" in deciding.post(page, {"number": "X"}).content.decode()
    assert "She asked" in deciding.get(page).content.decode()
    assert "A worker erases" in deciding.post(page, {"number": known.number}, follow=True).content.decode()
    assert erasing.carry_out(agency=cast.border, now=NOW) == 1
    assert "This person was erased" in proposing.get(page).content.decode()


def test_a_hold_is_placed_and_lifted(cast: Cast, supervisor: Person, known: Individual) -> None:
    browser, page = supervisor.browser(), reverse("erasure", args=[known.pk])
    assert "Say why" in browser.post(reverse("hold-place", args=[known.pk]), follow=True).content.decode()
    browser.post(reverse("hold-place", args=[known.pk]), {"reason": "A court asks"})
    said = browser.post(page, {"origin": "request", "reason": "x"}).content.decode()
    assert "A legal hold stands: A court asks" in said
    with acting_as(supervisor.viewer):
        hold = LegalHold.objects.get()
    assert "Lifted" in browser.post(reverse("hold-lift", args=[hold.pk]), follow=True).content.decode()
    given = {"event": known.event_id, "reason": "An inquiry"}
    assert "Nobody of this event" in browser.post(reverse("hold-event"), given, follow=True).content.decode()
    assert "An inquiry" in browser.get(reverse("retention")).content.decode()
    assert "stands already" in browser.post(reverse("hold-event"), given).content.decode()


def test_rules_are_shown_and_decided_by_an_administrator(cast: Cast, supervisor: Person) -> None:
    browser = cast.admin.browser()
    assert "art. 72" in browser.get(reverse("retention")).content.decode()
    page = reverse("retention-rule", args=["decided"])
    said = browser.post(page, {"months": 12, "keeping": "erase", "reason": "Less"}).content.decode()
    assert "120 months at least" in said
    said = browser.post(
        page, {"months": 240, "keeping": "archive", "reason": "Mandate"}, follow=True
    ).content.decode()
    assert "Mandate" in said
    assert browser.get(reverse("retention-rule", args=["nonsense"])).status_code == 404
    assert supervisor.browser().post(page).status_code == 403


def test_suggestions_are_taken_up_in_the_list(cast: Cast, supervisor: Person, known: Individual) -> None:
    erasing.suggest(agency=cast.border, now=NOW, today=NOW.date().replace(year=2040))
    browser = supervisor.browser()
    with acting_as(supervisor.viewer):
        made = Erasure.objects.get()
    assert known.number in browser.get(reverse("erasures")).content.decode()
    assert browser.post(reverse("erasures-propose"), {"erasure": "nonsense"}).status_code == 404
    assert (
        "1 person is proposed"
        in browser.post(reverse("erasures-propose"), {"erasure": str(made.pk)}, follow=True).content.decode()
    )
    assert known.number in browser.get(reverse("erasures") + "?status=proposed").content.decode()
    browser.post(reverse("erasure-decline", args=[known.pk]))
    with acting_as(supervisor.viewer):
        made.refresh_from_db()
    assert made.status == ErasureStatus.DECLINED


def test_no_page_breaks_over_who_was_erased(cast: Cast, supervisor: Person, known: Individual) -> None:
    decided(known, supervisor, cast)
    erasing.carry_out(agency=cast.border, now=NOW)
    browser, house = supervisor.browser(), known.household_id
    for name, pk in [
        *((one, known.pk) for one in (
            "individual", "erasure", "facts", "correct", "consents", "disclosures", "statement", "attachments", "photo",
            "record-change", "legal-change", "need-new", "needs-restricted", "claim-new",
        )),
        *((one, house) for one in ("household", "seal", "slip", "movements", "photos", "group-arrange", "handover-new")),
    ]:  # fmt: skip
        assert browser.get(reverse(name, args=[pk])).status_code < 500, name
    said = browser.get(reverse("individual", args=[known.pk]) + "?record=1").content.decode()
    assert "Erased" in said
    for name in ("people", "erasures", "duplicates", "exports", "audit"):
        assert browser.get(reverse(name)).status_code == 200, name
    browser.post(reverse("individual-phone", args=[known.pk]), {"phone": "+235 66 99 99 99"})
    browser.post(reverse("photo", args=[known.pk]))
    with acting_as(supervisor.viewer):
        assert bytes(Individual.objects.get(pk=known.pk).phone) == b""
