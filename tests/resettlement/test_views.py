"""How does a case reach a partner in the browser, and who sees what of it?"""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from cases.actions import claims
from cases.models import Claim
from refugeecm.core import outbox
from registration.actions import access_rows
from registration.models import Consent, Individual
from resettlement import reports
from resettlement.actions import referrals
from resettlement.models import Referral, ReferralMessage
from resettlement.policies import NotPermitted
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
    agree(event_slug="", origin="ERI")
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
    register(cast.caseworker, event, [{"registration_site": "CAMP-A"}])
    other = register(cast.caseworker, event, [{"given_name": "Zainab", "registration_site": "CAMP-B"}])[0]
    with acting_as(cast.caseworker.viewer):
        claim = claims.open_claim(individual=other, made_on=NOW.date(), by=cast.caseworker.viewer, now=NOW)
    agree(event_slug="", site="CAMP-A")
    page = cast.caseworker.browser().get(reverse("referral-new", args=[claim.pk])).content.decode()
    assert "No partner may see this person" in page


def test_an_agreement_that_rests_on_consent_needs_the_persons_own(
    cast: Cast, claim: Claim, family: list[Individual], agree: Any
) -> None:
    """Without it the form says what to do and the action refuses; with it the form says since when; withdrawn, it ends at once."""
    agreement = agree(legal_basis="consent", classes=["C1", "C2"])
    viewer, address = cast.caseworker.viewer, reverse("referral-new", args=[claim.pk])
    page = cast.caseworker.browser().get(address).content.decode()
    assert "No consent to show anything to Helping Hands" in page
    asked = {"claim": claim, "agreement": agreement, "service": "shelter", "urgency": "normal", "message": ""}
    with acting_as(viewer):
        with pytest.raises(NotPermitted):
            referrals.refer(**asked, by=viewer, now=NOW)
        given = Consent.objects.create(
            agency=cast.border,
            individual=family[0],
            purpose=agreement.purpose,
            recipient=cast.help,
            text_version="1",
            language="Arabic",
            given_on=NOW.date(),
            recorded_at=NOW,
        )
        access_rows.cover_individuals([family[0].pk])
    page = cast.caseworker.browser().get(address).content.decode()
    assert "No consent to show anything" not in page
    assert "Given on 2 Mar 2026" in page
    assert "What Helping Hands will see" in page
    with acting_as(viewer):
        referrals.refer(**asked, by=viewer, now=NOW)
        Consent.objects.filter(pk=given.pk).update(withdrawn_at=NOW)
        with pytest.raises(NotPermitted):
            referrals.refer(**asked, by=viewer, now=NOW)


def test_the_form_shows_the_values_that_the_partner_will_see(cast: Cast, claim: Claim, agree: Any) -> None:
    agree(classes=["C1"])
    page = cast.caseworker.browser().get(reverse("referral-new", args=[claim.pk])).content.decode()
    preview = page[page.index("preview-1") :]
    assert claim.number in preview
    assert "Mariam" not in preview
    assert "Given name" in preview[preview.index("Not shown") :]


def test_an_answer_is_due_by_urgency_and_the_inbox_counts_down(cast: Cast, claim: Claim, agree: Any) -> None:
    """Emergency 24 hours, urgent 3 days, normal 14 days; what is due next stands first, what is answered last."""
    agreement, viewer = agree(), cast.caseworker.viewer
    with acting_as(viewer):
        made = {
            urgency: referrals.refer(
                claim=claim,
                agreement=agreement,
                service="shelter",
                urgency=urgency,
                message="",
                by=viewer,
                now=NOW,
            )
            for urgency in ("normal", "urgent", "emergency")
        }
    hours = {name: (one.due_at - NOW).total_seconds() / 3600 for name, one in made.items()}
    assert hours == {"normal": 14 * 24, "urgent": 72, "emergency": 24}
    now = NOW + timedelta(hours=30)
    with acting_as(cast.partner.viewer):
        found = [one["pk"] for one in reports.inbox(cast.partner.viewer, sent=False)]
        assert found == [made[one].pk for one in ("emergency", "urgent", "normal")]
        said = [reports.time_left(made[one], now=now) for one in ("emergency", "urgent", "normal")]
        assert said == [("bad", "6 hours overdue"), ("info", "42 hours left"), ("info", "12 days left")]
        first = Referral.objects.get(pk=made["emergency"].pk)
        referrals.answer(referral=first, to="accepted", answer="", by=cast.partner.viewer, now=now)
        found = [one["pk"] for one in reports.inbox(cast.partner.viewer, sent=False)]
        assert found == [made[one].pk for one in ("urgent", "normal", "emergency")]
        assert [one["pk"] for one in reports.inbox(cast.partner.viewer, sent=False, urgency="normal")] == [
            made["normal"].pk
        ]
        assert not reports.inbox(cast.partner.viewer, sent=False, kind="request")
    page = cast.partner.browser().get(reverse("referrals"), {"status": "proposed"}).content.decode()
    assert "overdue" in page


def test_messages_are_read_by_the_two_only_and_only_while_the_referral_is(
    cast: Cast, claim: Claim, agree: Any
) -> None:
    agreement = agree()
    made = refer(cast, claim, agreement)
    assert "Sent." in press(cast.partner, made, "referral-message", text="أي لغة تتكلم؟")
    assert "Sent." in press(cast.caseworker, made, "referral-message", text="Arabic only")
    outbox.drain(now=timezone.now())
    for person in (cast.partner, cast.caseworker):
        page = person.browser().get(reverse("referral", args=[made.pk])).content.decode()
        assert "أي لغة تتكلم؟" in page
        assert "Arabic only" in page
        assert "A partner wrote to you on a referral." in person.browser().get("/").content.decode()
    assert "There is a problem" in press(cast.partner, made, "referral-message", text=" ")
    with acting_as(cast.stranger.viewer):
        assert not ReferralMessage._base_manager.exists()
    end(agreement, cast.admin)
    with acting_as(cast.partner.viewer):
        assert not ReferralMessage._base_manager.exists(), "one's own words too: they tell of the case"
    assert "Taken back." in press(cast.caseworker, made, "referral-revoke")
    assert "closed" in press(cast.caseworker, made, "referral-message", text="Too late")


def test_the_end_needs_its_outcome(cast: Cast, claim: Claim, agree: Any) -> None:
    made = refer(cast, claim, agree())
    press(cast.partner, made, "referral-answer", to="accepted")
    assert "Answered: In progress." in press(cast.partner, made, "referral-answer", to="under_way")
    assert "Say what came of it." in press(cast.partner, made, "referral-answer", to="done")
    page = press(cast.partner, made, "referral-answer", to="done", outcome="not_reached")
    assert "Person not reached" in page
