"""How is a case referred to a partner, and answered?"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from agencies.access import Viewer
from agencies.models import Agreement
from cases.models import Claim
from refugeecm.core import events
from refugeecm.core.ids import uuid7
from refugeecm.core.transitions import move
from resettlement import policies
from resettlement.enums import REFERRAL_MOVES, ReferralStatus
from resettlement.models import Referral

PROPOSED = events.declare("resettlement.referral.proposed", "A case was referred to a partner.")
ANSWERED = events.declare(
    "resettlement.referral.answered", "A partner accepted, declined or finished a referral."
)
REVOKED = events.declare("resettlement.referral.revoked", "A referral was taken back.")


@transaction.atomic
def refer(
    *, claim: Claim, agreement: Agreement, service: str, urgency: str, message: str, by: Viewer, now: datetime
) -> Referral:
    """Refer a case to the partner of an agreement that covers its person. Raises policies.NotPermitted."""
    policies.check_refer(claim=claim, agreement=agreement, by=by)
    referral = Referral(
        id=uuid7(now),
        agency_id=by.agency_id,
        claim=claim,
        individual_id=claim.individual_id,
        recipient_id=agreement.recipient_id,
        agreement=agreement,
        service=service,
        urgency=urgency,
        message=message,
        status_since=now,
        made_by_id=by.user_id,
        made_at=now,
    )
    referral.save(force_insert=True)
    _record(PROPOSED, referral, by=by, now=now, tell=agreement.recipient_id)
    return referral


@transaction.atomic
def answer(*, referral: Referral, to: str, answer: str, by: Viewer, now: datetime) -> None:
    """Accept, decline or finish a referral for the agency it was sent to."""
    policies.check_answer(referral=referral, by=by)
    if to == ReferralStatus.REVOKED:
        policies.check_revoke(referral=referral, by=by)
    move(referral, to=to, moves=REFERRAL_MOVES, status_since=now, answer=answer)
    _record(ANSWERED, referral, by=by, now=now, tell=referral.agency_id)


@transaction.atomic
def revoke(*, referral: Referral, by: Viewer, now: datetime) -> None:
    """Take a referral back."""
    policies.check_revoke(referral=referral, by=by)
    move(referral, to=ReferralStatus.REVOKED, moves=REFERRAL_MOVES, status_since=now)
    _record(REVOKED, referral, by=by, now=now, tell=referral.recipient_id)


def _record(name: str, referral: Referral, *, by: Viewer, now: datetime, tell: int) -> None:
    events.record(
        name,
        subject_type="referral",
        subjects=[referral.pk],
        agency_id=by.agency_id,
        by=by.user_id,
        now=now,
        details={"tell": [tell], "status": referral.status},
    )
