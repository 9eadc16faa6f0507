"""How does a household go from one agency's responsibility into another's, with its people, claims and history?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from agencies.access import Viewer, worker_for
from agencies.models import Agency, Agreement
from refugeecm.core import crypto, events, wall
from refugeecm.core.ids import uuid7
from refugeecm.core.transitions import TransitionNotAllowed, move
from registration.actions import access_rows, duplicates, ledger, sealing
from registration.enums import COUNTED, Flow, FoundBy
from registration.models import Household, Individual, PersonKey
from resettlement import policies
from resettlement.enums import HandoverKind, HandoverStatus
from resettlement.models import Handover
from resettlement.rules import answer_by

PROPOSED = events.declare("resettlement.handover.proposed", "A hand-over was proposed or asked for.")
ANSWERED = events.declare("resettlement.handover.answered", "A hand-over was accepted or declined.")
REVOKED = events.declare("resettlement.handover.revoked", "A hand-over was taken back.")
DONE = events.declare("resettlement.handover.done", "A household went to another agency's responsibility.")
ALL = (PROPOSED, ANSWERED, REVOKED, DONE)


@transaction.atomic
def propose(
    *, household: Household, agreement: Agreement, urgency: str, reason: str, by: Viewer, now: datetime
) -> Handover:
    """Offer a household to the recipient of an agreement; or, as that recipient, ask the responsible agency for it.

    Raises policies.NotPermitted, also when the same two agencies have one open already.
    """
    policies.check_propose(household=household, agreement=agreement, by=by)
    handover = Handover(
        id=uuid7(now),
        agency_id=household.agency_id,
        recipient_id=agreement.recipient_id,
        agreement=agreement,
        household_id=household.pk,
        number=household.number,
        kind=HandoverKind.HAND_OVER if by.agency_id == household.agency_id else HandoverKind.REQUEST,
        urgency=urgency,
        reason=reason,
        due_at=answer_by(urgency, now),
        status_since=now,
        made_by_id=by.user_id,
        made_at=now,
    )
    try:
        with transaction.atomic():
            handover.save(force_insert=True)
    except IntegrityError as error:
        raise policies.NotPermitted(
            _("Your two agencies are already dealing with this household. Look among the referrals.")
        ) from error
    _record(PROPOSED, handover, by=by, now=now)
    return handover


@transaction.atomic
def answer(*, handover: Handover, to: str, answer: str, by: Viewer, now: datetime) -> None:
    """Accept or decline for the agency that was asked; nothing moves before a supervisor of the giving agency approves."""
    policies.check_reply(handover=handover, by=by)
    if to not in {HandoverStatus.ACCEPTED, HandoverStatus.DECLINED}:
        raise policies.NotPermitted(_("Accept or decline."))
    if to == HandoverStatus.DECLINED and not answer:
        raise policies.NotPermitted(_("Say why you decline, so that the case can go elsewhere."))
    move(handover, to=to, status_since=now, answer=answer, answered_by_id=by.user_id, answered_at=now)
    _record(ANSWERED, handover, by=by, now=now)


@transaction.atomic
def revoke(*, handover: Handover, by: Viewer, now: datetime) -> None:
    """Take a hand-over back before it is done."""
    policies.check_withdraw(handover=handover, by=by)
    move(handover, to=HandoverStatus.REVOKED, status_since=now)
    _record(REVOKED, handover, by=by, now=now)


@transaction.atomic
def approve(*, handover: Handover, by: Viewer, now: datetime) -> int:
    """Let the household go; return how many people went. All at once, in this transaction.

    The people's keys are wrapped anew for the receiving agency, so that nothing sealed is opened. The rows move by one function
    in the database, which checks the agreement and the country of origin once more. Numbers, history and sealed values stay.
    """
    handover = Handover.objects.select_for_update().get(pk=handover.pk)
    policies.check_approve(handover=handover, by=by)
    if handover.status != HandoverStatus.ACCEPTED:
        raise TransitionNotAllowed(_("This is no longer possible. Reload the page to see what changed."))
    people = list(Individual.objects.filter(household_id=handover.household_id).select_related("event"))
    recipient = Agency.objects.get(pk=handover.recipient_id)
    keys = _wrapped_anew(people, giver=by.agency, taker=recipient)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT resettlement_hand_over(%s, %s, %s::uuid[], %s::bytea[])",
                [str(handover.pk), now, [str(one) for one in keys], list(keys.values())],
            )
            moved = int(cursor.fetchone()[0])
    except IntegrityError as error:
        raise policies.NotPermitted(
            _(
                "These records cannot move as they are: ask the other agency whether it has registered this family itself."
            )
        ) from error
    move(handover, to=HandoverStatus.DONE, status_since=now, approved_by_id=by.user_id, approved_at=now)
    others = Handover.objects.owned_by(by).filter(household_id=handover.household_id)
    for other in others.open():
        revoke(handover=other, by=by, now=now)
    leaving = ledger.stock_of(
        (one for one in people if one.process_status in COUNTED), on=now.date(), agency=by.agency
    )
    ledger.write(leaving, agency=by.agency, flow=Flow.HANDED_OVER, sign=-1)
    _record(DONE, handover, by=by, now=now)
    # What follows are the receiving agency's own rows.
    wall.enter(agency_id=recipient.pk, user_id=None, reason="handover", request_id=by.request_id)
    access_rows.cover_individuals([one.pk for one in people], fresh=True)
    ledger.write(leaving, agency=recipient, flow=Flow.TAKEN_OVER)
    taken = list(Individual.objects.filter(pk__in=[one.pk for one in people]))
    duplicates.look(people=taken, found_by=FoundBy.HANDOVER, by=worker_for(recipient), now=now)
    # Theirs in the same moment: their page must not say that it is done while its story does not.
    events.record(
        DONE, subject_type="handover", subjects=[handover.pk], agency_id=recipient.pk, by=None, now=now,
        details={"status": handover.status}, tell=False,
    )  # fmt: skip
    wall.enter(agency_id=by.agency_id, user_id=by.user_id, reason="handover", request_id=by.request_id)
    return moved


def _wrapped_anew(people: Sequence[Individual], *, giver: Agency, taker: Agency) -> dict[object, bytes]:
    """Return {person: their key, wrapped by the receiving agency's}; who was erased has none."""
    before, after = sealing.agency_key(giver), sealing.agency_key(taker)
    found: dict[object, bytes] = {}
    for one in PersonKey.objects.filter(individual_id__in=[person.pk for person in people]):
        place = sealing.key_place(one.individual_id)
        found[one.individual_id] = crypto.seal(
            crypto.unseal(one.wrapped, key=before, place=place), key=after, place=place
        )
    return found


def _record(name: str, handover: Handover, *, by: Viewer, now: datetime) -> None:
    other = handover.recipient_id if by.agency_id == handover.agency_id else handover.agency_id
    events.note(name, "handover", handover.pk, by=by, now=now, tell=[other], status=handover.status)
