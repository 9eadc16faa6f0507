"""How is a case referred to a partner, talked about, and answered?"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from agencies.access import Viewer
from agencies.models import Agreement
from cases.models import Claim
from refugeecm.core import events
from refugeecm.core.ids import uuid7
from refugeecm.core.transitions import move
from resettlement import policies
from resettlement.enums import ReferralOutcome, ReferralStatus
from resettlement.models import Referral, ReferralMessage
from resettlement.rules import answer_by

PROPOSED = events.declare("resettlement.referral.proposed", "A case was referred to a partner.")
ANSWERED = events.declare(
    "resettlement.referral.answered", "A partner accepted, declined, began or finished a referral."
)
REVOKED = events.declare("resettlement.referral.revoked", "A referral was taken back.")
WRITTEN = events.declare("resettlement.referral.message", "A message was written on a referral.")


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
        due_at=answer_by(urgency, now),
        status_since=now,
        made_by_id=by.user_id,
        made_at=now,
    )
    referral.save(force_insert=True)
    _record(PROPOSED, referral, by=by, now=now)
    return referral


@transaction.atomic
def answer(*, referral: Referral, to: str, answer: str, outcome: str = "", by: Viewer, now: datetime) -> None:
    """Accept, decline, begin or finish a referral for the agency it was sent to; `outcome` says what came of it.

    Raises policies.NotPermitted, or TransitionNotAllowed for what is no longer possible.
    """
    policies.check_answer(referral=referral, by=by)
    if to == ReferralStatus.REVOKED:
        policies.check_revoke(referral=referral, by=by)
    if to == ReferralStatus.DECLINED and not answer:
        raise policies.NotPermitted(_("Say why you decline, so that the case can go elsewhere."))
    if (to == ReferralStatus.DONE) != bool(outcome) or outcome not in ReferralOutcome.values:
        raise policies.NotPermitted(_("Say what came of it when it is done, and only then."))
    move(referral, to=to, status_since=now, answer=answer or referral.answer, outcome=outcome)
    _record(ANSWERED, referral, by=by, now=now)


@transaction.atomic
def revoke(*, referral: Referral, by: Viewer, now: datetime) -> None:
    """Take a referral back."""
    policies.check_revoke(referral=referral, by=by)
    move(referral, to=ReferralStatus.REVOKED, status_since=now)
    _record(REVOKED, referral, by=by, now=now)


@transaction.atomic
def write(*, referral: Referral, text: str, by: Viewer, now: datetime) -> ReferralMessage:
    """Write to the other agency on an open referral. Raises policies.NotPermitted."""
    policies.check_write(referral=referral, by=by)
    message = ReferralMessage(
        id=uuid7(now),
        agency_id=by.agency_id,
        referral=referral,
        text=text,
        written_by_id=by.user_id,
        written_at=now,
    )
    message.save(force_insert=True)
    _record(WRITTEN, referral, by=by, now=now)
    return message


def _record(name: str, referral: Referral, *, by: Viewer, now: datetime) -> None:
    other = referral.recipient_id if by.agency_id == referral.agency_id else referral.agency_id
    events.note(name, "referral", referral.pk, by=by, now=now, tell=[other], status=referral.status)
