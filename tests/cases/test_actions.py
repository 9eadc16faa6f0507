"""How does a claim move, and do two people decide it?"""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from cases import policies
from cases.actions import claims as acts
from cases.enums import ClaimStatus, Outcome
from cases.models import Claim
from refugeecm.core.models import Event
from refugeecm.core.transitions import TransitionNotAllowed
from registration.models import Individual
from tests.conftest import NOW, Cast, Person, acting_as


@pytest.fixture
def claim(cast: Cast, family: list[Individual]) -> Claim:
    """Mariam's claim."""
    with acting_as(cast.caseworker.viewer):
        return acts.open_claim(individual=family[0], made_on=NOW.date(), by=cast.caseworker.viewer, now=NOW)


def fresh(cast: Cast, claim: Claim) -> Claim:
    with acting_as(cast.caseworker.viewer):
        return Claim.objects.get(pk=claim.pk)


def press(person: Person, claim: Claim, name: str, *more: str, **values: str) -> str:
    answer = person.browser().post(reverse(name, args=[claim.pk, *more]), values, follow=True)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def test_from_registration_to_a_decision_by_two_people(cast: Cast, claim: Claim) -> None:
    assert "Status: Under examination." in press(cast.caseworker, claim, "claim-move", "examination")
    page = press(cast.caseworker, claim, "claim-move", "suspended")
    assert "Resume the examination" in page
    press(cast.caseworker, claim, "claim-move", "examination")
    page = press(cast.caseworker, claim, "claim-propose", outcome="recognised")
    assert "Recognised as a refugee, proposed by Amina" in page
    assert "Waits for a second person" in page
    assert "Approve: " not in page

    browser = cast.decider.browser()
    page = browser.get(reverse("claim", args=[claim.pk])).content.decode()
    assert "Waits for you" in page
    assert "Approve: Recognised as a refugee" in page
    answer = browser.post(reverse("claim-approve", args=[claim.pk]), {"outcome": "recognised"}, follow=True)
    assert "Decided: Recognised as a refugee." in answer.content.decode()
    decided = fresh(cast, claim)
    assert (decided.status, decided.outcome) == (ClaimStatus.DECIDED, Outcome.RECOGNISED)
    names = [one.name for one in answer.context["entries"]]
    assert names[0] == "cases.claim.decided"
    assert names[-1] == "cases.claim.opened"
    assert "no longer possible" in press(cast.caseworker, claim, "claim-move", "withdrawn")
    press(cast.caseworker, claim, "claim-move", "closed")
    assert fresh(cast, claim).status == ClaimStatus.CLOSED


def test_who_proposed_never_approves_nor_does_a_caseworker(cast: Cast, claim: Claim) -> None:
    press(cast.caseworker, claim, "claim-move", "examination")
    assert "Nobody has proposed" in press(cast.decider, claim, "claim-approve", outcome="")
    press(cast.decider, claim, "claim-propose", outcome="rejected")
    refusal = "A decision maker other than the person who proposed"
    assert refusal in press(cast.decider, claim, "claim-approve", outcome="rejected")
    assert refusal in press(cast.colleague, claim, "claim-approve", outcome="rejected")
    assert fresh(cast, claim).status == ClaimStatus.EXAMINATION


def test_what_is_approved_is_what_was_read(cast: Cast, claim: Claim) -> None:
    press(cast.caseworker, claim, "claim-move", "examination")
    press(cast.caseworker, claim, "claim-propose", outcome="recognised")
    press(cast.caseworker, claim, "claim-propose", outcome="rejected")
    assert "The proposal has changed since you read it" in press(
        cast.decider, claim, "claim-approve", outcome="recognised"
    )
    assert fresh(cast, claim).status == ClaimStatus.EXAMINATION


@pytest.mark.parametrize("outcome", ["", "nonsense"])
def test_a_proposal_needs_an_outcome_and_an_examination(cast: Cast, claim: Claim, outcome: str) -> None:
    refusal = "can be proposed for a claim under examination"
    assert refusal in press(cast.caseworker, claim, "claim-propose", outcome="rejected")
    press(cast.caseworker, claim, "claim-move", "examination")
    assert refusal in press(cast.caseworker, claim, "claim-propose", outcome=outcome)


def test_a_withdrawal_is_asked_first(cast: Cast, claim: Claim) -> None:
    address = reverse("claim-move", args=[claim.pk, "withdrawn"])
    page = cast.caseworker.browser().get(address).content.decode()
    assert "ends without a decision" in page
    assert fresh(cast, claim).status == ClaimStatus.REGISTERED
    cast.caseworker.browser().post(address)
    assert fresh(cast, claim).status == ClaimStatus.WITHDRAWN
    for to in ("decided", "registered", "nonsense"):
        assert cast.caseworker.browser().post(reverse("claim-move", args=[claim.pk, to])).status_code == 404


def test_of_two_who_press_at_once_one_wins(cast: Cast, claim: Claim) -> None:
    viewer = cast.caseworker.viewer
    first, second = fresh(cast, claim), fresh(cast, claim)
    with acting_as(viewer):
        acts.change_status(claim=first, to=ClaimStatus.EXAMINATION, by=viewer, now=NOW)
    with acting_as(viewer), pytest.raises(TransitionNotAllowed):
        acts.change_status(claim=second, to=ClaimStatus.SUSPENDED, by=viewer, now=NOW)
    assert fresh(cast, claim).version == 2


def test_a_proposal_does_not_reach_a_claim_that_has_moved_on(cast: Cast, claim: Claim) -> None:
    viewer = cast.caseworker.viewer
    press(cast.caseworker, claim, "claim-move", "examination")
    stale = fresh(cast, claim)
    press(cast.caseworker, claim, "claim-move", "withdrawn")
    with acting_as(viewer), pytest.raises(policies.NotPermitted):
        acts.propose_decision(claim=stale, outcome="rejected", by=viewer, now=NOW)
    assert fresh(cast, claim).proposed_outcome == ""


def test_nobody_decides_in_one_step(cast: Cast, claim: Claim) -> None:
    viewer = cast.caseworker.viewer
    with acting_as(viewer), pytest.raises(policies.NotPermitted):
        acts.change_status(claim=fresh(cast, claim), to=ClaimStatus.DECIDED, by=viewer, now=NOW)


def test_a_number_belongs_to_one_claim_of_an_agency(cast: Cast, claim: Claim, family: list[Any]) -> None:
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        other = acts.open_claim(individual=family[1], made_on=NOW.date(), by=viewer, now=NOW)
    press(cast.caseworker, claim, "claim-reference", value="K-1")
    press(cast.caseworker, claim, "claim-reference", value="K-2")
    assert "for another claim already" in press(cast.caseworker, other, "claim-reference", value="K-2")
    assert "Type your agency" in press(cast.caseworker, other, "claim-reference", value=" ")
    press(cast.caseworker, other, "claim-reference", value="K-1")


def test_every_step_is_an_event_of_the_agency(cast: Cast, claim: Claim) -> None:
    press(cast.caseworker, claim, "claim-move", "examination")
    with acting_as(cast.caseworker.viewer):
        found = list(Event.objects.filter(subject_id=claim.pk).order_by("at", "id"))
    assert [one.name for one in found] == ["cases.claim.opened", "cases.claim.status_changed"]
    assert found[1].details == {"status": "examination"}
    assert found[1].actor_id == cast.caseworker.user.pk
    with acting_as(cast.stranger.viewer):
        assert not Event.objects.filter(subject_id=claim.pk).exists()
