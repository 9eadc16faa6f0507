"""How does an agreement come to be in the browser, what does it open, and what happens at its end?"""

from __future__ import annotations

import re
import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from agencies.enums import AgreementStatus
from agencies.models import Agreement
from refugeecm.core import outbox
from tests.conftest import Cast, Person, acting_as, end

CHANGING = rb"[A-Za-z0-9]{64}|[0-9a-f-]{36}"  # the token of a form, and the address itself
STEPS: dict[str, dict[str, Any]] = {
    "purpose": {"purpose": "protection", "legal_basis": "mandate", "dpia_reference": "", "dpia_on": ""},
    "population": {"event_slug": "east-2026", "site": "", "origin": "", "asylum": ""},
    "fields": {
        "registration.individual.name": "see",
        "registration.individual.sex": "see",
        "registration.individual.number": "see",
    },
    "terms": {"channels": ["pages"], "onward": "forbidden", "starts_on": "2026-01-01", "ends_on": ""},
}


def start(cast: Cast, **given: Any) -> Any:
    return cast.admin.browser().post(
        reverse("agreement-new"),
        {"other": cast.help.pk, "direction": "give", "title": "Status for legal aid", **given},
    )


def fill(person: Person, made: Agreement, **changed: dict[str, Any]) -> Any:
    """Go through the steps; return the first answer that leads nowhere, or the last."""
    browser = person.browser()
    for step, values in STEPS.items():
        answer = browser.post(
            reverse("agreement-step", args=[made.pk, step]), {**values, **changed.get(step, {})}
        )
        if answer.status_code != 302:
            break
    return answer


def propose(cast: Cast, **given: Any) -> Agreement:
    """Draw up an agreement in the browser; two administrators sign."""
    start(cast, **given)
    made = the_one(cast)
    fill(cast.admin, made)
    for one in (cast.admin, cast.second_admin):
        one.browser().post(reverse("agreement-sign", args=[made.pk]))
    return the_one(cast)


def the_one(cast: Cast) -> Agreement:
    with acting_as(cast.admin.viewer):
        return Agreement.objects.get()


def test_asking_about_the_same_people_is_a_term_like_others(cast: Cast, event: Any) -> None:
    start(cast)
    draft = the_one(cast)
    address = reverse("agreement-step", args=[draft.pk, "terms"])
    page = cast.admin.browser().get(address).content.decode()
    assert 'name="may_ask"' in page
    assert 'name="matches"' not in page, "a control of that name hides the form's method, and htmx stops"
    for given in ({"may_ask": "on"}, {}):
        fill(cast.admin, draft, terms=given)
        assert the_one(cast).matches is bool(given)


def test_drawn_up_signed_prepared_active_ended(cast: Cast, event: Any, family: Any) -> None:
    start(cast)
    draft = the_one(cast)
    address, sign = reverse("agreement", args=[draft.pk]), reverse("agreement-sign", args=[draft.pk])
    assert "A draft" in cast.admin.browser().get(address).content.decode()
    assert cast.partner_admin.browser().get(address).status_code == 404, "a draft is its drawer's own affair"
    answer = cast.admin.browser().post(sign, follow=True).content.decode()
    assert "Choose the purpose" in answer
    fill(cast.admin, draft)
    check = cast.admin.browser().get(reverse("agreement-step", args=[draft.pk, "check"])).content.decode()
    assert "Samira Idris Haroun" in check
    assert "not shared" in check
    assert "A second administrator" in cast.admin.browser().post(sign, follow=True).content.decode()
    assert "You have signed already" in cast.admin.browser().post(sign, follow=True).content.decode()
    assert the_one(cast).status == AgreementStatus.DRAFT
    assert "The proposal is with" in cast.second_admin.browser().post(sign, follow=True).content.decode()
    assert "Waiting for your partner" in cast.admin.browser().get(address).content.decode()

    partner = cast.partner_admin.browser()
    page = partner.get(address).content.decode()
    assert "Not shown" in page
    assert "event east-2026" in page
    assert "A second administrator" in partner.post(sign, follow=True).content.decode()
    assert the_one(cast).status == AgreementStatus.PROPOSED
    answer = cast.partner_second.browser().post(sign, follow=True)
    assert "Being prepared" in answer.content.decode()
    assert cast.partner.browser().get(reverse("individual", args=[family[0].pk])).status_code == 404

    outbox.drain(now=timezone.now())
    assert "Active" in partner.get(address).content.decode()
    story = [one.name.rpartition(".")[2] for one in partner.get(address).context["entries"]]
    assert story[0] == "active"
    assert sorted(story) == ["accepted", "active", "proposed", "signed", "signed"]
    today = dict(cast.admin.browser().get(address).context["today"])
    assert today["People covered"] == "3"

    ending = reverse("agreement-end", args=[draft.pk])
    assert "no longer sees people" in partner.get(ending).content.decode()
    assert partner.post(ending, {"reason": ""}).context["form"].errors["reason"]
    assert the_one(cast).status == AgreementStatus.ACTIVE
    answer = cast.admin.browser().post(ending, {"reason": "The project is over"}, follow=True)
    assert "sees nothing of it any more" in answer.content.decode()
    assert the_one(cast).status == AgreementStatus.TERMINATED
    outbox.drain(now=timezone.now())
    page = partner.get(address).content.decode()
    assert "The project is over" in page
    assert "End the agreement" not in page
    answer = partner.post(ending, {"reason": "again"}, follow=True)
    assert "has ended already" in answer.content.decode()


@pytest.mark.parametrize(
    ("step", "terms", "field"),
    [
        ("population", {"event_slug": ""}, "event_slug"),
        ("population", {"event_slug": "two words"}, "event_slug"),
        ("population", {"origin": "SUN"}, "origin"),
        ("terms", {"channels": []}, "channels"),
        ("terms", {"ends_on": "2025-12-31"}, "ends_on"),
        ("terms", {"onward": "maybe"}, "onward"),
        ("purpose", {"purpose": ""}, "purpose"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    cast: Cast, event: Any, step: str, terms: dict[str, Any], field: str
) -> None:
    start(cast)
    answer = fill(cast.admin, the_one(cast), **{step: terms})
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    assert "There is a problem" in answer.content.decode()


def test_the_first_step_says_what_is_wrong(cast: Cast) -> None:
    for given, field in (
        ({"other": cast.border.pk}, "other"),
        ({"title": ""}, "title"),
        ({"direction": "both"}, "direction"),
        ({"first_email": "x@help.example"}, "first_email"),
    ):
        assert list(start(cast, **given).context["form"].errors) == [field]


def test_a_table_without_a_field_goes_no_further(cast: Cast) -> None:
    start(cast)
    answer = cast.admin.browser().post(
        reverse("agreement-step", args=[the_one(cast).pk, "fields"]),
        {"registration.individual.keys": "see", "internal": "see"},
    )
    assert "Choose at least one field" in answer.content.decode()
    assert the_one(cast).matrix == {}


def test_a_shortcut_sets_a_class_and_the_preview_follows_without_keeping(cast: Cast) -> None:
    start(cast)
    made, browser = the_one(cast), cast.admin.browser()
    browser.post(reverse("agreement-step", args=[made.pk, "fields"]), {"apply": "C2:masked"})
    assert the_one(cast).matrix["registration.individual.name"] == "masked"
    sent = {"registration.individual.phone": "edit", "registration.individual.name": "masked"}
    page = browser.post(reverse("agreement-preview", args=[made.pk]), sent).content.decode()
    assert "+235 66 00 00 01" in page
    assert "may be changed" in page
    assert "S••• I••• H•••" in page
    assert "P00000001" not in page
    assert "registration.individual.phone" not in the_one(cast).matrix


def test_authorities_of_the_country_of_origin_are_refused(cast: Cast) -> None:
    cast.help.kind, cast.help.country = "government", "SDN"
    cast.help.save()
    start(cast)
    answer = fill(cast.admin, the_one(cast), population={"origin": "SDN", "event_slug": ""})
    assert "own country of origin" in str(answer.context["form"].non_field_errors())


def test_the_list_can_be_narrowed_to_what_we_share_or_receive(cast: Cast, agree: Any) -> None:
    made = agree()
    for person, side in ((cast.admin, "given"), (cast.partner_admin, "received")):
        browser = person.browser()
        wrong = "received" if side == "given" else "given"
        assert made.reference in browser.get(reverse("agreements"), {"side": side}).content.decode()
        assert "No agreement fits" in browser.get(reverse("agreements"), {"side": wrong}).content.decode()
        assert made.reference in browser.get(reverse("agreements"), {"status": "active"}).content.decode()
        assert (
            made.reference not in browser.get(reverse("agreements"), {"status": "declined"}).content.decode()
        )
        assert made.reference in browser.get(reverse("agreements"), {"status": "nonsense"}).content.decode()
    assert "No agreements yet" in cast.stranger.browser().get(reverse("agreements")).content.decode()


def test_an_agreement_of_two_others_does_not_exist(cast: Cast, agree: Any) -> None:
    made = agree()
    browser = cast.stranger_admin.browser()
    for name in ("agreement", "agreement-end"):
        here, nowhere = (
            browser.get(reverse(name, args=[made.pk])),
            browser.get(reverse(name, args=[uuid.uuid4()])),
        )
        assert here.status_code == nowhere.status_code == 404
        assert re.sub(CHANGING, b"", here.content) == re.sub(CHANGING, b"", nowhere.content)
    for name in ("agreement-sign", "agreement-decline", "agreement-end", "agreement-resume"):
        assert browser.post(reverse(name, args=[made.pk]), {"reason": "x"}).status_code == 404


def test_only_two_administrators_of_the_other_side_answer(cast: Cast, event: Any) -> None:
    made = propose(cast)
    sign = reverse("agreement-sign", args=[made.pk])
    assert cast.partner.browser().post(sign).status_code == 403
    assert "whose turn it is" in cast.admin.browser().post(sign, follow=True).content.decode()
    assert cast.partner_admin.browser().get(sign).status_code == 405
    assert the_one(cast).status == AgreementStatus.PROPOSED
    cast.partner_admin.browser().post(reverse("agreement-decline", args=[made.pk]))
    assert the_one(cast).status == AgreementStatus.DECLINED
    answer = cast.partner_admin.browser().post(sign, follow=True)
    assert "no longer open for signatures" in answer.content.decode()
    assert answer.status_code == 200


def test_caseworkers_read_agreements_but_neither_propose_nor_end(cast: Cast, agree: Any) -> None:
    made = agree()
    page = cast.caseworker.browser().get(reverse("agreement", args=[made.pk])).content.decode()
    assert "End the agreement" not in page
    assert cast.caseworker.browser().get(reverse("agreement-new")).status_code == 403
    assert (
        cast.caseworker.browser().post(reverse("agreement-end", args=[made.pk]), {"reason": "x"}).status_code
        == 403
    )


def test_the_badge_says_when_an_active_agreement_opens_nothing_today(cast: Cast, agree: Any) -> None:
    today = timezone.now().date()
    agree(starts_on=today + timedelta(days=3))
    assert "Starts later" in cast.admin.browser().get(reverse("agreements")).content.decode()
    agree(title="Past", starts_on=date(2025, 1, 1), ends_on=today - timedelta(days=1))
    assert "Expired" in cast.admin.browser().get(reverse("agreements")).content.decode()


def test_the_page_after_the_end_by_another_hand(cast: Cast, agree: Any) -> None:
    made = agree()
    end(made, cast.admin)
    assert (
        "has ended already"
        in cast.partner_admin.browser()
        .get(reverse("agreement-end", args=[made.pk]), follow=True)
        .content.decode()
    )
