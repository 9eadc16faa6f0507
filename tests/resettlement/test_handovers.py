"""How does a household change hands: who may, what moves, what stays, and what can each side still read?"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from agencies.access import Permission
from agencies.actions import agencies as founding
from agencies.enums import Role
from agencies.models import Agency, Agreement, Notification
from cases.actions import claims
from cases.models import Claim
from refugeecm.core import outbox, wall
from refugeecm.core.models import Event, User
from refugeecm.core.transitions import TransitionNotAllowed
from registration.actions import merging
from registration.actions.sealing import Opener
from registration.models import (
    Document,
    Household,
    Individual,
    LedgerLine,
    MatchCandidate,
    PersonAccess,
    PersonKey,
)
from resettlement.actions import handovers, referrals
from resettlement.models import Handover
from resettlement.models.handover import CARRIED
from resettlement.policies import NotPermitted
from tests.conftest import NOW, Cast, Person, acting_as, end, proposed, register, signed

# Tables that name a person or a household and stay with the agency that wrote them, each with its reason.
STAYS = {
    "cases_claimreference": "the number in an agency's own system",
    "registration_conflictofinterest": "about the giving agency's own staff",
    "registration_sealedfile": "a sealed file is covered by no agreement, so it cannot be handed over",
    "registration_erasure": "what the giving agency decided about its own keeping; an open one ends",
    "registration_legalhold": "for a procedure of the giving agency",
    "registration_guardian": "of the giving agency's representatives; whoever takes the child over appoints its own",
    "registration_matchquestion": "between the giving agency and its partners; what may be asked now is found again",
    "registration_personaccess": "written anew for the agency that is responsible now",
    "registration_personkey": "moved one by one, each key wrapped anew",
    "registration_survivor": "by which rescue somebody came stands in the giving agency's account of it",
    "registration_indicatorassessment": "the checklist stays with who filled it in; the need that it led to goes",
    "registration_presence": "who was seen at the gates of the giving agency",
    "registration_verificationtarget": "what an exercise of the giving agency found",
    "registration_queuetoken": "a number of one day at a desk of the giving agency",
    "resettlement_handover": "the paper itself: both parties keep it",
    "resettlement_referral": "what the giving agency arranged with its partners",
    "resettlement_referralmessage": "as the referral",
}


@pytest.fixture
def agree(agree: Any) -> Any:
    """Make an agreement under which cases may be handed over."""
    return functools.partial(agree, hands_over=True)


@pytest.fixture
def supervisor(cast: Cast) -> Person:
    """The supervisor at the border."""
    user = User.objects.create_user("sami@border.example", name="Sami")
    return Person(user, founding.enrol(agency=cast.border, user=user, role=Role.SUPERVISOR))


@pytest.fixture
def claim(cast: Cast, family: list[Individual]) -> Claim:
    """Mariam's claim, with a decision that waits for a second person."""
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        made = claims.open_claim(individual=family[0], made_on=NOW.date(), by=viewer, now=NOW)
        claims.change_status(claim=made, to="examination", by=viewer, now=NOW)
        claims.propose_decision(claim=made, outcome="recognised", by=viewer, now=NOW)
    return made


def offer(cast: Cast, family: list[Individual], agreement: Any, *, by: Person | None = None) -> Handover:
    viewer = (by or cast.caseworker).viewer
    with acting_as(viewer):
        house = Household.objects.get(pk=family[0].household_id)
        return handovers.propose(
            household=house,
            agreement=agreement,
            urgency="urgent",
            reason="They moved to your camp.",
            by=viewer,
            now=NOW,
        )


def accept(handover: Handover, by: Person) -> Handover:
    with acting_as(by.viewer):
        found = Handover.objects.get(pk=handover.pk)
        handovers.answer(handover=found, to="accepted", answer="", by=by.viewer, now=NOW + timedelta(hours=2))
    return found


def approve(handover: Handover, by: Person) -> int:
    with acting_as(by.viewer):
        return handovers.approve(
            handover=Handover.objects.get(pk=handover.pk), by=by.viewer, now=timezone.now()
        )


def test_a_family_goes_with_everything_that_is_known_of_it(
    cast: Cast, supervisor: Person, family: list[Individual], claim: Claim, agree: Any
) -> None:
    """Proposed, accepted, approved: people, documents, keys, claims and history are the partner's; the numbers are the same."""
    agreement = agree(classes=["C1", "C2"])
    with acting_as(cast.caseworker.viewer):
        Individual.objects.filter(pk=family[0].pk).update(
            mother_name="Zahra"
        )  # a change before the hand-over
    made = accept(offer(cast, family, agreement), cast.partner)
    assert approve(made, supervisor) == 3
    outbox.drain(now=timezone.now())

    with acting_as(cast.partner.viewer):
        people = list(Individual.objects.owned_by(cast.partner.viewer).order_by("number"))
        assert [one.number for one in people] == sorted(one.number for one in family)
        assert Household.objects.get(pk=family[0].household_id).agency_id == cast.help.pk
        moved = Claim.objects.get(pk=claim.pk)
        assert (moved.agency_id, moved.number, moved.version) == (cast.help.pk, claim.number, 3)
        assert (moved.proposed_outcome, moved.proposed_by_id) == ("", None)
        document = Document.objects.get(individual=family[0])
        opener = Opener([family[0].pk])
        assert (opener.phone(people[0]), opener.number(document)) == ("+235 66 12 34 56", "P01234567")
        assert set(PersonKey.objects.values_list("agency_id", flat=True)) == {cast.help.pk}
        assert not PersonAccess.objects.exists(), "the old agreement opens nothing any more"
    page = cast.partner.browser().get(reverse("household", args=[family[0].household_id])).content.decode()
    assert "Zahra" in page, "the change before the hand-over is read by the new owner"
    assert "A household and its members were registered." in page
    assert "A household went to another agency" in page
    assert "Amina" not in page, "who worked there is the other agency's affair"
    told = cast.partner.browser().get(reverse("claim", args=[claim.pk])).content.decode()
    assert "A claim for asylum was opened." in told
    assert "Amina" not in told

    gone = cast.caseworker.browser()
    for name, pk in (
        ("household", family[0].household_id),
        ("individual", family[0].pk),
        ("claim", claim.pk),
    ):
        assert gone.get(reverse(name, args=[pk])).status_code == 404
    paper = gone.get(reverse("handover", args=[made.pk])).content.decode()
    assert "does not see this family now" in paper
    assert "Mariam" not in paper
    with acting_as(cast.caseworker.viewer):
        versions = Individual.pgh_event_model.objects.filter(pgh_obj_id=family[0].pk)
        assert set(versions.values_list("agency_id", flat=True)) == {cast.border.pk}, "it keeps what it had"


def test_whom_the_taker_has_registered_itself_is_noticed(
    cast: Cast, supervisor: Person, family: list[Individual], event: Any, agree: Any
) -> None:
    """A hand-over is an entrance as any other: the taker's own record of the same woman comes before its people."""
    twice = {"given_name": "Maryam", "date_of_birth": "1990-05-24", "sex": "F", "nationality": "SDN"}
    own = register(cast.partner, event, [twice])[0]
    made = accept(offer(cast, family, agree(classes=["C1", "C2"])), cast.partner)
    assert approve(made, supervisor) == 3
    with acting_as(cast.partner.viewer):
        found = MatchCandidate.objects.filter(found_by="handover", kind="same")
        assert [{one.individual_id, one.other_id} for one in found] == [{own.pk, family[0].pk}]
    with acting_as(cast.caseworker.viewer):
        assert not MatchCandidate.objects.exists()


def test_stock_goes_down_here_and_up_there(
    cast: Cast, supervisor: Person, family: list[Individual], agree: Any
) -> None:
    approve(accept(offer(cast, family, agree()), cast.partner), supervisor)
    for person, flow, sign in ((cast.caseworker, "handed_over", -1), (cast.partner, "taken_over", 1)):
        with acting_as(person.viewer):
            lines = LedgerLine.objects.filter(flow=flow)
            assert sum(lines.values_list("people", flat=True)) == sign * 3
            assert {(one.origin, one.asylum, one.place) for one in lines} == {("SDN", "TCD", "CAMP-A")}


def test_both_sides_tell_the_same_story(
    cast: Cast, supervisor: Person, family: list[Individual], agree: Any
) -> None:
    made = offer(cast, family, agree())
    outbox.drain(now=timezone.now())
    accept(made, cast.partner)
    approve(made, supervisor)
    page = cast.partner.browser().get(reverse("handover", args=[made.pk])).content.decode()
    told = page.partition("What happened")[2]
    assert "A household went to another agency" in told, "before any worker came"
    outbox.drain(now=timezone.now())
    stories = []
    for person in (cast.caseworker, cast.partner):
        with acting_as(person.viewer):
            found = Event.objects.filter(subject_id=made.pk).order_by("at", "id")
            stories.append([(one.name, one.at, one.details["status"]) for one in found])
    assert stories[0] == stories[1]
    assert [name.rsplit(".", 1)[1] for name, _at, _status in stories[0]] == ["proposed", "answered", "done"]
    with acting_as(cast.partner.viewer):
        assert Notification.objects.filter(subject_id=made.pk).count() == 2
    assert "came to your agency" in cast.partner.browser().get("/").content.decode()


def test_the_one_who_worked_on_it_never_approves(
    cast: Cast, supervisor: Person, family: list[Individual], agree: Any
) -> None:
    made = accept(offer(cast, family, agree(), by=supervisor), cast.partner)
    for person, says in (
        (supervisor, "Ask a colleague"),
        (cast.caseworker, "supervisor"),
        (cast.partner, "supervisor"),
    ):
        with pytest.raises(NotPermitted, match=says):
            approve(made, person)
    assert not cast.caseworker.viewer.may(Permission.HANDOVER_APPROVE)


def test_nothing_moves_before_the_partner_has_accepted(
    cast: Cast, supervisor: Person, family: list[Individual], agree: Any
) -> None:
    made = offer(cast, family, agree())
    with pytest.raises(TransitionNotAllowed):
        approve(made, supervisor)
    accept(made, cast.partner)
    approve(made, supervisor)
    with pytest.raises(TransitionNotAllowed):
        approve(made, supervisor)


def test_a_partner_asks_and_the_owner_answers(
    cast: Cast, supervisor: Person, family: list[Individual], agree: Any
) -> None:
    agree(classes=["C1", "C2"])
    address = reverse("handover-new", args=[family[0].household_id])
    asked = cast.partner.browser().post(
        address,
        {"agreement": _agreement(cast), "urgency": "normal", "reason": "They live with us now."},
        follow=True,
    )
    assert "Request to hand over" in asked.content.decode()
    with acting_as(cast.partner.viewer):
        made = Handover.objects.get()
        assert made.agency_id == cast.border.pk
        with pytest.raises(NotPermitted, match="was asked"):
            handovers.answer(handover=made, to="accepted", answer="", by=cast.partner.viewer, now=NOW)
    assert "Request to hand over" in cast.caseworker.browser().get(reverse("referrals")).content.decode()
    page = cast.caseworker.browser().post(
        reverse("handover-answer", args=[made.pk]), {"to": "accepted"}, follow=True
    )
    assert "A supervisor of Border Office has to approve" in page.content.decode()
    assert "Approve the hand-over" in supervisor.browser().get("/").content.decode()
    done = (
        supervisor.browser().post(reverse("handover-approve", args=[made.pk]), follow=True).content.decode()
    )
    assert "Handed over: 3 people." in done
    assert cast.partner.browser().get(reverse("household", args=[family[0].household_id])).status_code == 200


def _agreement(cast: Cast) -> Any:
    with acting_as(cast.partner.viewer):
        return PersonAccess.objects.values_list("agreement_id", flat=True).first()


def test_a_refusal_needs_a_reason_and_asking_twice_is_refused(
    cast: Cast, family: list[Individual], agree: Any
) -> None:
    agreement = agree()
    made = offer(cast, family, agreement)
    with pytest.raises(NotPermitted, match="already dealing"):
        offer(cast, family, agreement)
    page = cast.partner.browser().post(reverse("handover-answer", args=[made.pk]), {"to": "declined"})
    assert "Say why you decline" in page.content.decode()
    address = reverse("handover-answer", args=[made.pk])
    told = cast.partner.browser().post(address, {"to": "declined", "answer": "The camp is full"}, follow=True)
    assert "The camp is full" in told.content.decode()
    offer(cast, family, agreement)


def test_only_under_an_agreement_in_force_that_covers_everybody(
    cast: Cast, supervisor: Person, event: Any, family: list[Individual], agree: Any
) -> None:
    elsewhere = agree(event_slug="", origin="ERI")
    with pytest.raises(NotPermitted, match="covers everybody"):
        offer(cast, family, elsewhere)
    agreement = agree()
    made = accept(offer(cast, family, agreement), cast.partner)
    end(agreement, cast.admin)
    with pytest.raises(NotPermitted, match="covers everybody"):
        approve(made, supervisor)
    assert cast.partner.browser().get(reverse("handover", args=[made.pk])).status_code == 404
    page = (
        cast.caseworker.browser().get(reverse("handover-new", args=[family[0].household_id])).content.decode()
    )
    assert "No agreement lets this family change hands" in page


def test_nobody_goes_to_the_authorities_of_their_own_country(
    cast: Cast, supervisor: Person, event: Any, family: list[Individual], agree: Any
) -> None:
    """One member of that nationality is enough; and without the application's check the database refuses."""
    made = accept(offer(cast, family, agree()), cast.partner)
    Agency.objects.filter(pk=cast.help.pk).update(kind="government", country="SDN")
    with pytest.raises(NotPermitted, match="own country"):
        approve(made, supervisor)
    with pytest.raises(ProgrammingError, match="own country"), acting_as(supervisor.viewer):
        _call(made)


def test_only_an_agreement_that_says_so_hands_over(
    cast: Cast, supervisor: Person, family: list[Individual], agree: Any
) -> None:
    """Showing and referring are one thing, changing hands another: the page, both actions and the database ask for the term."""
    shown = agree(hands_over=False)
    page = cast.caseworker.browser().get(f"/households/{family[0].household_id}/hand-over/").content.decode()
    assert "No agreement lets this family change hands" in page
    with pytest.raises(NotPermitted, match="does not let cases change hands"):
        offer(cast, family, shown)
    Agreement.objects.filter(pk=shown.pk).update(hands_over=True)
    shown.refresh_from_db()
    made = accept(offer(cast, family, shown), cast.partner)
    Agreement.objects.filter(pk=shown.pk).update(hands_over=False)
    with pytest.raises(NotPermitted, match="does not let cases change hands"):
        approve(made, supervisor)
    with pytest.raises(ProgrammingError, match="that allows it"), acting_as(supervisor.viewer):
        _call(made)


def _call(made: Handover) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT resettlement_hand_over(%s, now(), ARRAY[]::uuid[], ARRAY[]::bytea[])", [str(made.pk)]
        )


def test_the_function_moves_only_what_was_agreed(
    cast: Cast, supervisor: Person, family: list[Individual], agree: Any
) -> None:
    """Called by itself it refuses what is not accepted, what is another's, and what would leave a key behind."""
    made = offer(cast, family, agree())
    for person in (supervisor, cast.partner, cast.stranger):
        with pytest.raises(ProgrammingError, match="none that is accepted"), acting_as(person.viewer):
            _call(made)
    accept(made, cast.partner)
    with pytest.raises(ProgrammingError, match="none that is accepted"), acting_as(cast.partner.viewer):
        _call(made)
    with pytest.raises(ProgrammingError, match="a key was not wrapped anew"), acting_as(supervisor.viewer):
        _call(made)


def terms(giver: Sequence[Person], taker: Sequence[Person], event: Any) -> Agreement:
    """Make an agreement between the agencies of two pairs of administrators, for the people of the event."""
    made = proposed(
        giver, other=taker[0].viewer.agency, title="Going on", purpose="protection", legal_basis="mandate",
        classes=["C1"], channels=["pages"], starts_on=date(2026, 1, 1), event_slug=event.slug, hands_over=True,
    )  # fmt: skip
    signed(made, *taker)
    outbox.drain(now=timezone.now())
    return made


def test_a_merge_is_not_taken_apart_once_one_of_the_records_went_to_another_agency(
    cast: Cast, supervisor: Person, event: Any, family: list[Individual], agree: Any
) -> None:
    twin = register(cast.caseworker, event, [{"given_name": "Maryam"}])[0]
    to_help = agree()
    terms([cast.partner_admin, cast.partner_second], [cast.admin, cast.second_admin], event)
    with acting_as(supervisor.viewer):
        made = merging.merge(survivor=family[0], merged=twin, reason="", by=supervisor.viewer, now=NOW)
    approve(accept(offer(cast, family, to_help), cast.partner), supervisor)
    outbox.drain(now=timezone.now())
    page = (
        supervisor.browser()
        .post(reverse("merge", args=[made.pk]), {"reason": "Two sisters"})
        .content.decode()
    )
    assert "handed over to another agency since, and only that agency changes it" in page
    with acting_as(supervisor.viewer):
        assert Individual.objects.get(pk=twin.pk).merged_into_id == family[0].pk


def test_a_partner_at_work_on_the_family_is_waited_for(
    cast: Cast, supervisor: Person, event: Any, family: list[Individual], claim: Claim, agree: Any
) -> None:
    """A referral to somebody else has to end first; one to the agency that takes the family goes on."""
    to_help, to_other = (
        agree(),
        terms([cast.admin, cast.second_admin], [cast.stranger_admin, cast.stranger_second], event),
    )
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        asked = [
            referrals.refer(
                claim=claim,
                agreement=Agreement.objects.get(pk=one.pk),
                service="shelter",
                urgency="normal",
                message="",
                by=viewer,
                now=NOW,
            )
            for one in (to_help, to_other)
        ]
    made = accept(offer(cast, family, to_help), cast.partner)
    with pytest.raises(NotPermitted, match="Another partner still works"):
        approve(made, supervisor)
    with acting_as(viewer):
        referrals.revoke(referral=asked[1], by=viewer, now=NOW)
    approve(made, supervisor)
    sent = cast.caseworker.browser().get(reverse("referrals"), {"side": "sent"}).content.decode()
    assert "Shelter" in sent
    assert "Mariam" not in sent


def test_who_has_the_family_now_reads_across_all_who_had_it(
    cast: Cast, supervisor: Person, event: Any, family: list[Individual], agree: Any
) -> None:
    """From the border to HELP and on to OTHER; nobody else reads anything of it."""
    approve(accept(offer(cast, family, agree()), cast.partner), supervisor)
    onward = terms(
        [cast.partner_admin, cast.partner_second], [cast.stranger_admin, cast.stranger_second], event
    )
    user = User.objects.create_user("sura@help.example", name="Sura")
    second = Person(user, founding.enrol(agency=cast.help, user=user, role=Role.SUPERVISOR))
    approve(accept(offer(cast, family, onward, by=cast.partner), cast.stranger), second)
    house = family[0].household_id
    with acting_as(cast.stranger.viewer):
        read = set(Event.objects.filter(subject_id=house).values_list("name", "agency_id"))
        assert ("registration.household.registered", cast.border.pk) in read
        assert Opener([family[0].pk]).phone(Individual.objects.get(pk=family[0].pk)) == "+235 66 12 34 56"
        owners = Individual.pgh_event_model.objects.filter(pgh_obj_id=family[0].pk)
        assert set(owners.values_list("agency_id", flat=True)) == {
            cast.border.pk,
            cast.help.pk,
            cast.other.pk,
        }
    page = cast.stranger.browser().get(reverse("household", args=[house])).content.decode()
    assert "A household and its members were registered." in page


def test_the_stranger_gets_the_404_of_nothing(cast: Cast, family: list[Individual], agree: Any) -> None:
    made = offer(cast, family, agree())
    browser = cast.stranger.browser()
    assert browser.get(reverse("handover", args=[made.pk])).status_code == 404
    assert browser.get(reverse("handover-new", args=[family[0].household_id])).status_code == 404
    for name in ("handover-answer", "handover-revoke"):
        assert browser.post(reverse(name, args=[made.pk]), {"to": "accepted"}).status_code == 404


def test_every_table_about_people_says_whether_it_moves() -> None:
    """A new table that names a person or household goes into CARRIED (resettlement.models.handover), or into STAYS with a reason."""
    about = {"individual_id", "household_id", "claim_id", "referral_id", "attachment_id"}
    found = {
        model._meta.db_table
        for model in wall.walled_models()
        if about & {field.column for field in model._meta.concrete_fields}
        and not re.search("Event$", model.__name__)
    }
    assert found | {"registration_household"} == set(CARRIED) | set(STAYS)


def test_taken_back_before_it_is_done(cast: Cast, family: list[Individual], agree: Any) -> None:
    made = offer(cast, family, agree())
    page = (
        cast.partner.browser().post(reverse("handover-revoke", args=[made.pk]), follow=True).content.decode()
    )
    assert "Only the agency that began" in page
    page = (
        cast.caseworker.browser()
        .post(reverse("handover-revoke", args=[made.pk]), follow=True)
        .content.decode()
    )
    assert "Taken back." in page
