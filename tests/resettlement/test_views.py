"""How does a case reach a partner in the browser, and who sees what of it?"""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from cases.actions import claims
from cases.models import Claim
from refugeecm.core import outbox
from registration.models import Individual
from resettlement.models import Referral
from tests.conftest import NOW, Cast, Person, acting_as, end, register

CHANGING = rb"[A-Za-z0-9]{64}|[0-9a-f-]{36}"  # the token of a form, and the address itself
ASKED = {"service": "legal_aid", "urgency": "urgent", "message": "تحتاج إلى محام <b>now</b>"}


@pytest.fixture
def claim(cast: Cast, family: list[Individual]) -> Claim:
    """Mariam's claim."""
    with acting_as(cast.caseworker.viewer):
        return claims.open_claim(individual=family[0], made_on=NOW.date(), by=cast.caseworker.viewer, now=NOW)


def refer(cast: Cast, claim: Claim, agreement: Any, **more: str) -> Referral:
    answer = cast.caseworker.browser().post(
        reverse("referral-new", args=[claim.pk]), {"agreement": agreement.pk, **ASKED, **more}
    )
    assert answer.status_code == 302, answer.context["form"].errors
    with acting_as(cast.caseworker.viewer):
        return Referral.objects.latest("made_at")


def press(person: Person, referral: Referral, name: str, **values: str) -> str:
    answer = person.browser().post(reverse(name, args=[referral.pk]), values, follow=True)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def test_without_an_agreement_the_page_says_what_to_do(
    cast: Cast, claim: Claim, event: Any, agree: Any
) -> None:
    address = reverse("referral-new", args=[claim.pk])
    browser = cast.caseworker.browser()
    assert "No partner may see this person" in browser.get(address).content.decode()
    agree(event_slug="", site="ELSEWHERE")
    api_only = agree(channels=["api"])
    page = browser.get(address).content.decode()
    assert "No partner may see this person" in page
    assert "An administrator of your agency can propose one" in page
    answer = browser.post(address, {"agreement": api_only.pk, **ASKED})
    assert "agreement" in answer.context["form"].errors
    ended = agree()
    assert "Helping Hands" in browser.get(address).content.decode()
    end(ended, cast.admin)
    assert "No partner may see this person" in browser.get(address).content.decode()


def test_asked_accepted_and_done(cast: Cast, claim: Claim, agree: Any) -> None:
    made = refer(cast, claim, agree(classes=["C1", "C2"]))
    outbox.drain(now=timezone.now())
    listed = cast.partner.browser().get(reverse("referrals")).content.decode()
    assert "Legal aid" in listed
    assert "Mariam Idris Abakar" in listed
    assert "Border Office" in listed
    page = cast.partner.browser().get(reverse("referral", args=[made.pk])).content.decode()
    assert "تحتاج إلى محام &lt;b&gt;now&lt;/b&gt;" in page
    assert 'dir="auto"' in page
    assert "A case was referred to a partner." in page
    assert "Take the referral back" not in page
    page = press(cast.partner, made, "referral-answer", to="accepted", answer="From Monday")
    assert "Answered: Accepted." in page
    page = press(cast.partner, made, "referral-answer", to="done", answer="", outcome="given")
    assert "Answered: Done." in page
    outbox.drain(now=timezone.now())
    page = cast.caseworker.browser().get(reverse("referral", args=[made.pk])).content.decode()
    assert "From Monday" in page
    assert "A partner accepted, declined, began or finished a referral." in page
    assert "Take the referral back" not in page
    assert "no longer possible" in press(cast.partner, made, "referral-answer", to="accepted")


def test_a_refusal_needs_its_reason(cast: Cast, claim: Claim, agree: Any) -> None:
    made = refer(cast, claim, agree())
    page = press(cast.partner, made, "referral-answer", to="declined", answer=" ")
    assert "Say why you decline" in page
    assert "There is a problem" in page
    page = press(cast.partner, made, "referral-answer", to="declined", answer="We have no lawyer")
    assert "Declined" in page
    assert (
        "We have no lawyer"
        in cast.caseworker.browser().get(reverse("referral", args=[made.pk])).content.decode()
    )


def test_the_sender_takes_it_back(cast: Cast, claim: Claim, agree: Any) -> None:
    made = refer(cast, claim, agree())
    assert "Only the agency that referred" in press(cast.partner, made, "referral-revoke")
    assert "Only the agency to which" in press(cast.caseworker, made, "referral-answer", to="accepted")
    assert "Taken back." in press(cast.caseworker, made, "referral-revoke")
    assert "no longer possible" in press(cast.partner, made, "referral-answer", to="accepted")
    for to in ("revoked", "proposed", "nonsense"):
        answer = cast.partner.browser().post(reverse("referral-answer", args=[made.pk]), {"to": to})
        assert "to" in answer.context["form"].errors


def test_the_partner_sees_the_person_only_as_agreed(cast: Cast, claim: Claim, agree: Any) -> None:
    made = refer(cast, claim, agree(classes=["C1"]))
    page = cast.partner.browser().get(reverse("referral", args=[made.pk])).content.decode()
    assert claim.number in page
    assert "not shared" in page
    assert "Mariam" not in page
    assert "Sudan" not in page


def test_the_stranger_gets_the_404_of_nothing_and_so_does_the_partner_after_the_end(
    cast: Cast, claim: Claim, agree: Any
) -> None:
    agreement = agree()
    made = refer(cast, claim, agreement)
    address = reverse("referral", args=[made.pk])
    here = cast.stranger.browser().get(address)
    nowhere = cast.stranger.browser().get(reverse("referral", args=[uuid.uuid4()]))
    assert here.status_code == nowhere.status_code == 404
    assert re.sub(CHANGING, b"", here.content) == re.sub(CHANGING, b"", nowhere.content)
    for name in ("referral-answer", "referral-revoke"):
        assert (
            cast.stranger.browser().post(reverse(name, args=[made.pk]), {"to": "accepted"}).status_code == 404
        )
    assert "Nothing received yet" in cast.stranger.browser().get(reverse("referrals")).content.decode()
    end(agreement, cast.partner_admin)
    assert cast.partner.browser().get(address).status_code == 404
    assert (
        cast.partner.browser()
        .post(reverse("referral-answer", args=[made.pk]), {"to": "accepted"})
        .status_code
        == 404
    )
    assert "Nothing received yet" in cast.partner.browser().get(reverse("referrals")).content.decode()
    page = cast.caseworker.browser().get(address).content.decode()
    assert "Mariam Idris Abakar" in page


def test_the_lists_of_received_and_sent(cast: Cast, claim: Claim, event: Any, agree: Any) -> None:
    refer(cast, claim, agree())
    browser = cast.caseworker.browser()
    assert "Nothing received yet" in browser.get(reverse("referrals")).content.decode()
    sent = browser.get(reverse("referrals"), {"side": "sent"}).content.decode()
    assert "Helping Hands" in sent
    assert "Mariam Idris Abakar" in sent
    assert "Urgent" in sent
    assert (
        "Nothing sent yet"
        in cast.partner.browser().get(reverse("referrals"), {"side": "sent"}).content.decode()
    )


def test_a_case_is_referred_by_its_own_agency_only(cast: Cast, claim: Claim, agree: Any) -> None:
    agreement = agree()
    address = reverse("referral-new", args=[claim.pk])
    assert "not yours to refer" in cast.partner.browser().get(address).content.decode()
    assert (
        "agreement"
        in cast.partner.browser().post(address, {"agreement": agreement.pk, **ASKED}).context["form"].errors
    )
    assert cast.decider.browser().get(address).status_code == 403
    assert cast.admin.browser().get(reverse("referrals")).status_code == 403


def test_another_family_is_not_covered_by_an_agreement_for_one_site(
    cast: Cast, event: Any, agree: Any
) -> None:
    other = register(cast.caseworker, event, [{"given_name": "Zainab", "registration_site": "CAMP-B"}])[0]
    with acting_as(cast.caseworker.viewer):
        claim = claims.open_claim(individual=other, made_on=NOW.date(), by=cast.caseworker.viewer, now=NOW)
    agree(event_slug="", site="CAMP-A")
    page = cast.caseworker.browser().get(reverse("referral-new", args=[claim.pk])).content.decode()
    assert "No partner may see this person" in page
