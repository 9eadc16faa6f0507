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
from tests.conftest import Cast, acting_as, end

CHANGING = rb"[A-Za-z0-9]{64}|[0-9a-f-]{36}"  # the token of a form, and the address itself
TERMS = {
    "title": "Status for legal aid",
    "purpose": "protection",
    "legal_basis": "mandate",
    "event_slug": "east-2026",
    "site": "",
    "origin": "",
    "classes": ["C1", "C2"],
    "channels": ["pages"],
    "starts_on": "2026-01-01",
    "ends_on": "",
}


def propose(cast: Cast, **terms: Any) -> Any:
    return cast.admin.browser().post(reverse("agreement-new"), {"recipient": cast.help.pk, **TERMS, **terms})


def the_one(cast: Cast) -> Agreement:
    with acting_as(cast.admin.viewer):
        return Agreement.objects.get()


def test_proposed_accepted_prepared_active_ended(cast: Cast, event: Any, family: Any) -> None:
    answer = propose(cast)
    made = the_one(cast)
    address = reverse("agreement", args=[made.pk])
    assert answer.headers["Location"] == address
    assert "Waiting for the recipient" in cast.admin.browser().get(address).content.decode()

    partner = cast.partner_admin.browser()
    page = partner.get(address).content.decode()
    assert "Identity: names, sex" in page
    assert "Not shown:" in page
    assert "event east-2026" in page
    answer = partner.post(reverse("agreement-accept", args=[made.pk]), follow=True)
    assert "Accepted." in answer.content.decode()
    assert "Being prepared" in answer.content.decode()
    assert cast.partner.browser().get(reverse("individual", args=[family[0].pk])).status_code == 404

    outbox.drain(now=timezone.now())
    assert "Active" in partner.get(address).content.decode()
    story = [one.name for one in partner.get(address).context["entries"]]
    assert story == [
        "agencies.agreement.active",
        "agencies.agreement.accepted",
        "agencies.agreement.proposed",
    ]
    assert [one.name for one in cast.admin.browser().get(address).context["entries"]] == story

    ending = reverse("agreement-end", args=[made.pk])
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
    ("terms", "field"),
    [
        ({"event_slug": ""}, "event_slug"),
        ({"event_slug": "two words"}, "event_slug"),
        ({"classes": []}, "classes"),
        ({"classes": ["internal"]}, "classes"),
        ({"channels": []}, "channels"),
        ({"ends_on": "2025-12-31"}, "ends_on"),
        ({"origin": "SUN"}, "origin"),
        ({"title": ""}, "title"),
        ({"recipient": "own"}, "recipient"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(cast: Cast, terms: dict[str, Any], field: str) -> None:
    if terms.get("recipient") == "own":
        terms = {"recipient": cast.border.pk}
    answer = propose(cast, **terms)
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    assert "There is a problem" in answer.content.decode()
    assert "<title>\n      Error:" in answer.content.decode() or "Error:" in answer.content.decode()


def test_authorities_of_the_country_of_origin_are_refused(cast: Cast) -> None:
    cast.help.kind, cast.help.country = "government", "SDN"
    cast.help.save()
    answer = propose(cast, origin="SDN", event_slug="")
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
    for name in ("agreement-accept", "agreement-decline", "agreement-end"):
        assert browser.post(reverse(name, args=[made.pk]), {"reason": "x"}).status_code == 404


def test_only_the_recipients_administrator_answers(cast: Cast) -> None:
    propose(cast)
    made = the_one(cast)
    accept = reverse("agreement-accept", args=[made.pk])
    assert cast.partner.browser().post(accept).status_code == 403
    answer = cast.admin.browser().post(accept, follow=True)
    assert "Only an administrator of the receiving agency" in answer.content.decode()
    assert cast.partner_admin.browser().get(accept).status_code == 405
    assert the_one(cast).status == AgreementStatus.PROPOSED
    cast.partner_admin.browser().post(reverse("agreement-decline", args=[made.pk]))
    assert the_one(cast).status == AgreementStatus.DECLINED
    answer = cast.partner_admin.browser().post(accept, follow=True)
    assert "no longer possible" in answer.content.decode()
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
