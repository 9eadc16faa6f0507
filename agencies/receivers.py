"""What follows after the commit of something that happened on this floor or above?"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from allauth.account.signals import password_reset
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.dispatch import receiver
from django.utils import timezone
from django.utils.translation import gettext_noop

from agencies.actions import agreements, deliveries, exports, halting, invitations, notifications
from agencies.enums import AgreementStatus
from agencies.models import Agency, AgencyKey, Agreement, Notification
from agencies.signals import agreement_closed
from refugeecm.core import backups, crypto, outbox, seals, wall
from refugeecm.core.ids import uuid7
from refugeecm.core.models import OutboxMessage, User


@outbox.handles(agreements.ACCEPTED)
@outbox.handles(halting.RESUMED)
def open_agreement(*, message: OutboxMessage, now: datetime) -> None:
    """Prepare and open an agreement that both sides have signed, or that was resumed."""
    for subject in outbox.subjects(message.payload):
        wall.enter(agency_id=message.agency_id, user_id=None, reason="agreement.open")
        agreement = (
            Agreement.objects.select_for_update().filter(pk=subject, status=AgreementStatus.PREPARING).first()
        )
        if agreement is not None:
            agreements.open_prepared(agreement=agreement, now=now)


@outbox.handles("agencies.")
@outbox.handles("resettlement.")
@outbox.handles("registration.attachment.found")
@outbox.handles("registration.glass.")
@outbox.handles("registration.child.")
@outbox.handles("registration.traced.")
@outbox.handles("registration.individual.asked_about")
@outbox.handles("registration.individual.answered")
@outbox.handles("registration.individual.corrected")
@outbox.handles("registration.indicators.")
@outbox.handles("registration.individual.erased")
@outbox.handles("registration.merge.")
def notify(*, message: OutboxMessage, now: datetime) -> None:
    """Put a line on the home page of every agency that the event names in `tell`, and write mails to who wants them at once."""
    _tell(message.payload.get("tell", ()), message=message, now=now)


@outbox.handles(seals.BROKEN)
def raise_alarm(*, message: OutboxMessage, now: datetime) -> None:
    """Tell every agency: what was written is about the people of each."""
    _tell(Agency.objects.order_by("pk").values_list("pk", flat=True), message=message, now=now)


def _tell(agency_ids: Iterable[int], *, message: OutboxMessage, now: datetime) -> None:
    for agency_id in agency_ids:
        wall.enter(agency_id=agency_id, user_id=None, reason="notify")
        for subject in outbox.subjects(message.payload):
            Notification.objects.create(
                id=uuid7(now),
                agency_id=agency_id,
                event=message.topic,
                subject_type=message.topic.split(".")[1],
                subject_id=subject,
                at=message.created_at,
            )
        notifications.mail_at_once(agency_id=agency_id, kind=message.topic.split(".")[1], now=now)


@receiver(backups.restored)
def keys_open(sender: type, **_: object) -> list[backups.Finding]:
    """Look whether the keys of all agencies, and the second factors of all members, open with the keys of this environment."""
    shut = []
    for key in AgencyKey.objects.select_related("agency"):
        try:
            key.plain()
        except crypto.Unreadable:
            shut.append(key.agency.code)
    factors = lost = 0
    for secret in Authenticator.objects.filter(type=Authenticator.Type.TOTP).values_list("data", flat=True):
        factors += 1
        try:
            get_adapter().decrypt(secret["secret"])
        except crypto.Unreadable:
            lost += 1
    count = AgencyKey.objects.count()
    hint = " Are KEY_ENCRYPTION_KEYS those of the time of the backup?" if shut else ""
    return [
        backups.Finding(f"{count - len(shut)} of {count} keys of agencies open.{hint}", good=not shut),
        backups.Finding(f"{factors - lost} of {factors} second factors open", good=not lost),
    ]


@receiver(password_reset)
def come_in(*, user: User, **_: Any) -> None:
    """Whoever has chosen a password by the link in an invitation has accepted it."""
    invitations.accept_by_password(user=user, now=timezone.now())


@outbox.handles("cases.claim.")
@outbox.handles("resettlement.referral.")
def tell_systems(*, message: OutboxMessage, now: datetime) -> None:
    """Queue what happened for the systems of every agency that may know of it."""
    deliveries.fan_out(message=message, now=now)


@receiver(agreement_closed)
def stop_what_runs(
    sender: type[Agreement], agreement: Agreement, now: datetime, **_: object
) -> dict[str, int]:
    """Cancel the recipient's waiting deliveries and end its exports, in the transaction that closes the agreement."""
    with wall.within(agency_id=agreement.recipient_id, reason="agreement.closed"):
        cancelled = deliveries.cancel_hidden(agency=agreement.recipient, now=now)
        ended = exports.stop_under(agreement, now=now)
    # The words are kept in the event and shown on the page of the cut, in the language of whoever reads it.
    return {gettext_noop("Messages to systems cancelled"): cancelled, gettext_noop("Exports stopped"): ended}


@outbox.handles("agencies.agreement.")
def cancel_deliveries(*, message: OutboxMessage, now: datetime) -> None:
    """Cancel what waits for a recipient whose agreement opens nothing any more; at sending each is checked again anyway."""
    for subject in outbox.subjects(message.payload):
        wall.enter(agency_id=message.agency_id, user_id=None, reason="webhook.cancel")
        agreement = Agreement.objects.filter(pk=subject).select_related("recipient").first()
        if agreement is not None and agreement.status != AgreementStatus.ACTIVE:
            deliveries.cancel_hidden(agency=agreement.recipient, now=now)
