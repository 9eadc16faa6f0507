"""What is done with a claim: opened, examined, suspended, withdrawn, decided by two people."""

from __future__ import annotations

from datetime import date, datetime

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from agencies.access import Viewer
from cases import policies
from cases.enums import ClaimStatus, Outcome
from cases.models import Claim, ClaimReference
from refugeecm.core import events
from refugeecm.core.ids import number, uuid7
from refugeecm.core.transitions import move
from registration.models import Individual

OPENED = events.declare("cases.claim.opened", "A claim for asylum was opened.")
MOVED = events.declare("cases.claim.status_changed", "The status of a claim changed.")
PROPOSED = events.declare(
    "cases.claim.decision_proposed", "A decision was proposed and waits for a second person."
)
DECIDED = events.declare("cases.claim.decided", "A claim was decided.")
REFERENCED = events.declare("cases.claim.reference_set", "A partner noted its own number for a claim.")


@transaction.atomic
def open_claim(*, individual: Individual, made_on: date, by: Viewer, now: datetime) -> Claim:
    """Open a claim for a person. Raises policies.NotPermitted, also when another desk was faster."""
    policies.check_open(individual=individual, by=by)
    if made_on > now.date():
        raise policies.NotPermitted(_("The day on which the claim was made cannot lie in the future."))
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('cases_claim_serial')")
        serial = cursor.fetchone()[0]
    claim = Claim(
        id=uuid7(now),
        agency_id=individual.agency_id,
        number=number(f"{by.agency.code[:3]}-C", serial, now.year),
        individual=individual,
        status=ClaimStatus.REGISTERED,
        status_since=now,
        made_on=made_on,
        opened_by_id=by.user_id,
        opened_at=now,
    )
    try:
        with transaction.atomic():
            claim.save(force_insert=True)
    except IntegrityError as error:
        raise policies.NotPermitted(
            _("This person has an open claim already. Open it from the family file.")
        ) from error
    _record(OPENED, claim, by=by, now=now)
    return claim


@transaction.atomic
def change_status(*, claim: Claim, to: str, by: Viewer, now: datetime) -> None:
    """Start or resume the examination, suspend it, or note that the claim was withdrawn."""
    policies.check_move(claim=claim, by=by)
    if to in {ClaimStatus.DECIDED, ClaimStatus.REGISTERED}:
        raise policies.NotPermitted(_("A decision is proposed by one person and approved by another."))
    move(claim, to=to, status_since=now, version=claim.version + 1)
    _record(MOVED, claim, by=by, now=now)


@transaction.atomic
def propose_decision(*, claim: Claim, outcome: str, by: Viewer, now: datetime) -> None:
    """Propose how to decide a claim under examination."""
    policies.check_move(claim=claim, by=by)
    if claim.status != ClaimStatus.EXAMINATION or outcome not in Outcome.values or not outcome:
        raise policies.NotPermitted(
            _("A decision can be proposed for a claim under examination. Choose an outcome.")
        )
    proposed = {"proposed_outcome": outcome, "proposed_by_id": by.user_id, "proposed_at": now}
    under_examination = Claim._base_manager.filter(pk=claim.pk, status=ClaimStatus.EXAMINATION)
    if not under_examination.update(**proposed):  # it has moved on since it was loaded
        raise policies.NotPermitted(
            _("A decision can be proposed for a claim under examination. Reload the page.")
        )
    for name, value in proposed.items():
        setattr(claim, name, value)
    _record(PROPOSED, claim, by=by, now=now)


@transaction.atomic
def approve_decision(*, claim: Claim, by: Viewer, now: datetime) -> None:
    """Decide the claim as proposed; the second person's act."""
    policies.check_approve(claim=claim, by=by)
    move(
        claim,
        to=ClaimStatus.DECIDED,
        status_since=now,
        version=claim.version + 1,
        outcome=claim.proposed_outcome,
    )
    _record(DECIDED, claim, by=by, now=now)


@transaction.atomic
def set_reference(*, claim: Claim, value: str, by: Viewer, now: datetime) -> None:
    """Note the number under which the viewer's agency knows a visible claim. Raises policies.NotPermitted for one in use."""
    ClaimReference.objects.filter(agency_id=by.agency_id, claim=claim).delete()
    try:
        with transaction.atomic():
            ClaimReference(id=uuid7(now), agency_id=by.agency_id, claim=claim, value=value).save(
                force_insert=True
            )
    except IntegrityError as error:
        raise policies.NotPermitted(_("Your agency uses this number for another claim already.")) from error
    events.note(REFERENCED, "claim", claim.pk, by=by, now=now, tell=None)


def _record(name: str, claim: Claim, *, by: Viewer, now: datetime) -> None:
    events.note(name, "claim", claim.pk, by=by, now=now, status=claim.status)
