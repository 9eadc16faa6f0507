"""How is an agreement proposed, answered, opened and ended?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from agencies import policies
from agencies.access import Viewer
from agencies.access.permissions import Permission
from agencies.access.terms import classes_in, spelled_out
from agencies.enums import AGREEMENT_MOVES, AgreementStatus, FieldLevel
from agencies.models import Agency, Agreement
from agencies.signals import agreement_opening
from refugeecm.core import events, wall
from refugeecm.core.ids import uuid7
from refugeecm.core.transitions import move

PROPOSED = events.declare("agencies.agreement.proposed", "An agency proposed an agreement to another.")
ACCEPTED = events.declare(
    "agencies.agreement.accepted", "The receiving agency accepted; its rows are being prepared."
)
DECLINED = events.declare("agencies.agreement.declined", "The receiving agency declined.")
ACTIVE = events.declare("agencies.agreement.active", "The agreement opens what it names.")
ENDED = events.declare(
    "agencies.agreement.ended", "One party ended the agreement; nothing is shown any more."
)
EXPIRED = events.declare("agencies.agreement.expired", "The last day of the agreement has passed.")


@transaction.atomic
def propose(
    *,
    by: Viewer,
    now: datetime,
    recipient: Agency,
    title: str,
    purpose: str,
    legal_basis: str,
    classes: Sequence[str] = (),
    matrix: Mapping[str, str] | None = None,
    channels: Sequence[str],
    starts_on: date,
    ends_on: date | None = None,
    event_slug: str = "",
    site: str = "",
    origin: str = "",
) -> Agreement:
    """Propose to show `recipient` what the matrix opens of the population of the viewer's agency; `classes` opens whole classes.

    Raises policies.NotPermitted for a recipient that may not have it.
    """
    _check(by, Permission.AGREEMENT_PROPOSE)
    policies.check_live(by.agency)
    policies.check_recipient(provider=by.agency, recipient=recipient, origin=origin)
    if not any((event_slug, site, origin)):
        raise policies.NotPermitted(
            _("Say whose data it is: an influx event, a registration site or a country of origin.")
        )
    agreed = dict.fromkeys(classes, str(FieldLevel.SEE)) | dict(matrix or {})
    grants = spelled_out(agreed)
    key = uuid7(now)
    agreement = Agreement(
        id=key,
        reference=f"A-{now.year % 100:02d}-{key.hex[-8:].upper()}",
        title=title,
        provider=by.agency,
        recipient=recipient,
        purpose=purpose,
        legal_basis=legal_basis,
        classes=classes_in(grants),
        matrix=agreed,
        grants=grants,
        channels=list(channels),
        starts_on=starts_on,
        ends_on=ends_on,
        event_slug=event_slug,
        site=site,
        origin=origin,
        status=AgreementStatus.PROPOSED,
        proposed_by_id=by.user_id,
        proposed_at=now,
    )
    agreement.save(force_insert=True)
    _record(PROPOSED, agreement, by=by, now=now)
    return agreement


@transaction.atomic
def accept(*, agreement: Agreement, by: Viewer, now: datetime) -> None:
    """Accept for the receiving agency; a worker then writes the rows of who is covered, and only then anything opens."""
    policies.check_live(by.agency)
    policies.check_answer(agreement=agreement, by=by)
    move(
        agreement,
        to=AgreementStatus.PREPARING,
        moves=AGREEMENT_MOVES,
        accepted_by_id=by.user_id,
        accepted_at=now,
    )
    _record(ACCEPTED, agreement, by=by, now=now)


@transaction.atomic
def decline(*, agreement: Agreement, by: Viewer, now: datetime) -> None:
    """Decline for the receiving agency."""
    policies.check_answer(agreement=agreement, by=by)
    move(agreement, to=AgreementStatus.DECLINED, moves=AGREEMENT_MOVES)
    _record(DECLINED, agreement, by=by, now=now)


@transaction.atomic
def end(*, agreement: Agreement, by: Viewer, now: datetime, reason: str) -> None:
    """End the agreement for either party. The partner sees nothing at its next request: rows are joined to it live."""
    _check(by, Permission.AGREEMENT_END)
    move(
        agreement,
        to=AgreementStatus.TERMINATED,
        moves=AGREEMENT_MOVES,
        ended_by_id=by.user_id,
        ended_at=now,
        end_reason=reason,
    )
    _record(ENDED, agreement, by=by, now=now)


@transaction.atomic
def open_prepared(*, agreement: Agreement, now: datetime) -> None:
    """Write the rows of who is covered, then open the agreement. Run by a worker in the provider's context; may run twice."""
    wall.enter(agency_id=agreement.provider_id, user_id=None, reason="agreement.open")
    agreement_opening.send(sender=Agreement, agreement=agreement)
    move(agreement, to=AgreementStatus.ACTIVE, moves=AGREEMENT_MOVES)
    events.record(
        ACTIVE,
        subject_type="agreement",
        subjects=[agreement.pk],
        agency_id=agreement.provider_id,
        by=None,
        now=now,
        details={"tell": [agreement.provider_id, agreement.recipient_id]},
    )


@transaction.atomic
def expire(*, agreement: Agreement, now: datetime) -> None:
    """Say in the status that the last day has passed; access ended with the day itself."""
    wall.enter(agency_id=agreement.provider_id, user_id=None, reason="agreement.expire")
    move(agreement, to=AgreementStatus.EXPIRED, moves=AGREEMENT_MOVES)
    events.record(
        EXPIRED,
        subject_type="agreement",
        subjects=[agreement.pk],
        agency_id=agreement.provider_id,
        by=None,
        now=now,
        details={"tell": [agreement.provider_id, agreement.recipient_id]},
    )


def _check(by: Viewer, permission: Permission) -> None:
    if not by.may(permission):
        raise policies.NotPermitted(_("Your role does not allow this. Ask an administrator of your agency."))


def _record(name: str, agreement: Agreement, *, by: Viewer, now: datetime) -> None:
    other = agreement.recipient_id if by.agency_id == agreement.provider_id else agreement.provider_id
    events.record(
        name,
        subject_type="agreement",
        subjects=[agreement.pk],
        agency_id=by.agency_id,
        by=by.user_id,
        now=now,
        details={"tell": [other]},
    )
