"""What is removed once its work is done, and how long after? Every night, in chunks.

What says who did, saw or was shown what stays: events, reads, row history, seals and their checks, agreements, signatures,
registers. These are the rows by which that work was carried out.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from allauth.idp.oidc.models import Token
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from agencies import signals
from agencies.enums import DeliveryStatus, ExportStatus
from agencies.models import Agency, ExportJob, Invitation, Membership, Notification, WebhookDelivery
from refugeecm.core import idempotency, sessions, wall
from refugeecm.core.models import HandledMessage, IdempotencyKey, MailOut, OutboxMessage, User

CHUNK = 5000  # rows of a kind in one transaction: some tenths of a second
DONE = timedelta(
    days=30
)  # for the question "did it reach them?", which comes with the monthly report at the latest
FAILED = timedelta(
    days=90
)  # somebody may still send it again; as long as a quarter's review takes to find it
INVITED = timedelta(days=90)  # after the last hour of an invitation, for the same review
NEVER_CAME = timedelta(
    days=30
)  # after their last invitation: time to ask for another one; then nothing needs the name and address of who never worked here
READ = timedelta(days=90)  # news that somebody put aside; to look at them again for the quarter's review
UNREAD = timedelta(days=365)  # nobody wants them any more
EXPORTED = timedelta(
    days=365
)  # who took what out and why is asked by the year; the file itself ended after a day
WORTHLESS = timedelta(
    days=1
)  # what has run out and proves nothing: sessions, access tokens, keys of repeated requests


@transaction.atomic
def of_agency(*, agency: Agency, now: datetime) -> int:
    """Remove a chunk of an agency's deliveries, exports and news that are over, and what floors above name; return how many rows."""
    wall.enter(agency_id=agency.pk, user_id=None, reason="purge")
    deliveries = WebhookDelivery.objects.filter(agency=agency)
    arrived = Q(status__in=[DeliveryStatus.DELIVERED, DeliveryStatus.CANCELLED], finished_at__lt=now - DONE)
    lost = Q(status=DeliveryStatus.DEAD, finished_at__lt=now - FAILED)
    over = [ExportStatus.FAILED, ExportStatus.CANCELLED, ExportStatus.EXPIRED]
    exports = ExportJob.objects.filter(agency=agency, status__in=over, created_at__lt=now - EXPORTED)
    # What a partner did with an agreement is told on its page by the news alone (reports.story), so these stay.
    news = Notification.objects.filter(agency=agency).exclude(subject_type="agreement")
    old = Q(read_at__lt=now - READ) | Q(read_at=None, at__lt=now - UNREAD)
    above = signals.purging.send(sender=Agency, agency=agency, now=now, at_most=CHUNK)
    gone = sum(int(removed or 0) for _receiver, removed in above)
    return gone + _remove(deliveries.filter(arrived | lost)) + _remove(exports) + _remove(news.filter(old))


@transaction.atomic
def of_everybody(*, now: datetime) -> int:
    """Remove a chunk of what belongs to no agency: mails, messages, invitations, and what has run out; return how many rows."""
    return (
        _messages(now)
        + _remove(MailOut.objects.filter(Q(sent_at__lt=now - DONE) | Q(dead_at__lt=now - FAILED)))
        + _never_came(now)
        + _remove(Invitation.objects.filter(expires_at__lt=now - INVITED))
        + _remove(Session.objects.filter(expire_date__lt=now - WORTHLESS))
        + _remove(sessions.over(before=now - WORTHLESS))
        + _remove(Token.objects.filter(expires_at__lt=now - WORTHLESS))
        + _remove(IdempotencyKey.objects.filter(at__lt=now - max(WORTHLESS, idempotency.KEPT)))
    )


def _never_came(now: datetime) -> int:
    """Remove accounts that invitations made and nobody ever used, with these invitations.

    Nothing else refers to them: whatever a person does, or is named for, takes a membership, and memberships stay.
    """
    known = Membership.objects.filter(user=OuterRef("pk"))
    invited = Invitation.objects.filter(user=OuterRef("pk"))
    waiting = invited.filter(expires_at__gte=now - NEVER_CAME)
    nobody = User.objects.filter(Exists(invited), ~Exists(waiting), ~Exists(known), last_login=None)
    some = list(
        nobody.select_for_update(skip_locked=True).order_by("pk").values_list("pk", flat=True)[:CHUNK]
    )
    return _remove(Invitation.objects.filter(user__in=some)) + _remove(User.objects.filter(pk__in=some))


def _messages(now: datetime) -> int:
    """Remove messages with the marks of who handled them: without its message a mark protects from nothing."""
    done = OutboxMessage.objects.filter(Q(done_at__lt=now - DONE) | Q(dead_at__lt=now - FAILED))
    ids = list(done.order_by("pk").values_list("message_id", flat=True)[:CHUNK])
    HandledMessage.objects.filter(message_id__in=ids).delete()
    return OutboxMessage.objects.filter(message_id__in=ids).delete()[0]


def _remove(found: QuerySet[Any]) -> int:
    some = list(found.order_by("pk").values_list("pk", flat=True)[:CHUNK])
    return int(found.model._default_manager.filter(pk__in=some).delete()[0]) if some else 0
