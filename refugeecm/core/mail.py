"""How does a mail leave the system? As a row first; a worker sends it, outside any transaction, at least once.

What a mail says is chosen by its callers: a link and no names (trust.md, checklist). Address and text are sealed while they wait.
"""

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction

from refugeecm.core import crypto
from refugeecm.core.bulk import insert
from refugeecm.core.ids import uuid7
from refugeecm.core.models import MailOut

log = logging.getLogger(__name__)
ATTEMPTS = 8
PAUSE = timedelta(minutes=1)  # doubled each time: after eight attempts about two hours have passed


def queue(*, to: str, subject: str, text: str, now: datetime, key: str = "") -> None:
    """Write a mail; workers send it. `to` may be empty: nobody gets it, but it cost the same to write.

    While a mail of the same `key` waits, another is not written.
    """
    pk = uuid7(now)
    plain = json.dumps([to, subject, text]).encode()
    insert(
        MailOut,
        [
            {
                "id": pk,
                "key": key or None,
                "sealed": crypto.wrap_with_master(plain, place=place_of(pk)),
                "created_at": now,
                "available_at": now,
                "attempts": 0,
                "last_error": "",
            }
        ],
        ignore_conflicts=True,
    )


def link(path: str) -> str:
    """Return the full address of a path of ours, as it is written into a mail."""
    return settings.SITE_URL.rstrip("/") + path


def send_due(*, clock: Callable[[], datetime], limit: int = 100) -> int:
    """Send what waits, oldest first; return how many were sent.

    Claiming counts the attempt and puts the next one off, in a transaction of its own; then the mail is sent; then it is marked.
    A worker that dies between the two last steps sends it twice, with the same Message-ID.
    """
    sent = 0
    for _turn in range(limit):
        claimed = _claim(clock())
        if claimed is None:
            break
        try:
            _send(claimed)
        except (SMTPException, OSError, crypto.Unreadable, ValueError) as error:
            log.warning("Mail %s was not sent: %s", claimed.pk, type(error).__name__)
            dead = {"dead_at": clock(), "sealed": b"", "key": None} if claimed.attempts >= ATTEMPTS else {}
            MailOut.objects.filter(pk=claimed.pk).update(last_error=type(error).__name__[:80], **dead)
        else:
            MailOut.objects.filter(pk=claimed.pk).update(sent_at=clock(), sealed=b"", key=None, last_error="")
            sent += 1
    return sent


@transaction.atomic
def _claim(now: datetime) -> MailOut | None:
    waiting = MailOut.objects.filter(sent_at=None, dead_at=None, available_at__lte=now)
    found = waiting.order_by("available_at", "id").select_for_update(skip_locked=True).first()
    if found is not None:
        found.available_at = now + PAUSE * 2**found.attempts
        found.attempts += 1
        found.save(update_fields=["available_at", "attempts"])
    return found


def _send(claimed: MailOut) -> None:
    to, subject, text = json.loads(
        crypto.unwrap_with_master(claimed.sealed, place=place_of(claimed.pk)).decode()
    )
    if to:
        host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(">")
        EmailMessage(subject, text, None, [to], headers={"Message-ID": f"<{claimed.pk}@{host}>"}).send()


def place_of(pk: object) -> str:
    """Return what a sealed mail is bound to."""
    return f"core_mailout.sealed|{pk}"
