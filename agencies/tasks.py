"""Which hints do workers get on this floor? None of these names any work: they look into the tables."""

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from functools import partial

from celery import shared_task
from django.db import connection, transaction
from django.utils import timezone

from agencies.access import Permission
from agencies.actions import (
    agreements,
    deliveries,
    exports,
    halting,
    members,
    notifications,
    purging,
    reviews,
)
from agencies.enums import Problem
from agencies.models import Agency, Agreement, ExportTurn
from refugeecm.core import http, mail, outbox, seals, wall

AT_ONCE = 32  # receivers with which one sender talks at the same time: who is slow takes one of the places

SECONDS = 60  # then a task lets its worker do something else; the next hint comes within seconds


@shared_task
def drain_outbox(**_: object) -> int:
    """Handle what waits in the outbox, and wake a sender of webhooks."""
    handled = outbox.drain(now=timezone.now())
    if handled:
        send_webhooks.apply_async(expires=3)
    return handled


@shared_task
def send_webhooks(**_: object) -> int:
    """Send what is due, to many receivers at once, to each one thing at a time; return how many tries were made.

    Threads talk to the network; the database is this thread's alone.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            return _send(pool)
        except BaseException:
            connection.close()  # and with it every lock on a receiver that this session holds
            raise


def _send(pool: ThreadPoolExecutor) -> int:
    end, tries = time.monotonic() + SECONDS, 0
    flying: dict[Future[http.Answer | Problem], deliveries.Sending] = {}
    while True:
        while len(flying) < AT_ONCE and time.monotonic() < end:
            busy = [one.endpoint_id for one in flying.values()]
            sending = deliveries.claim(now=timezone.now(), busy=busy)
            if sending is None:
                break
            flying[pool.submit(deliveries.attempt, sending, now=timezone.now())] = sending
        if not flying:
            return tries
        for one in wait(flying, timeout=0.5, return_when=FIRST_COMPLETED).done:
            deliveries.settle(sending=flying.pop(one), outcome=one.result(), now=timezone.now())
            tries += 1


@shared_task
def send_mail(**_: object) -> int:
    """Send the mails that wait."""
    return mail.send_due(clock=timezone.now)


@shared_task
def work_exports(**_: object) -> int:
    """Write open exports, chunk by chunk, for a minute at most; then the worker asks again, to get to its other work."""
    end, done = time.monotonic() + SECONDS, 0
    while time.monotonic() < end and exports.run_one(now=timezone.now()):
        done += 1
    return done


@shared_task
def sweep_exports(**_: object) -> int:
    """Wake a worker for each export that is open: after it was asked for, a crash, or a restart of anything."""
    waiting = ExportTurn.objects.count()
    for _worker in range(min(waiting, 2)):
        work_exports.apply_async(expires=3)
    return waiting


@shared_task
def mail_daily(**_: object) -> int:
    """Write the daily mails about news."""
    return sum(
        notifications.mail_daily(agency=one, now=timezone.now()) for one in Agency.objects.order_by("pk")
    )


@shared_task
def end_exports(**_: object) -> int:
    """Destroy the files whose time is over, or which nobody has the right to any more."""
    return sum(exports.end_due(agency=one, now=timezone.now()) for one in Agency.objects.order_by("pk"))


@shared_task
def end_expired(**_: object) -> int:
    """Write into the status of agreements that their last day has passed, or a newer version has begun; tell of ends that come."""
    ended = 0
    for agency in Agency.objects.order_by("pk"):
        with transaction.atomic():
            wall.enter(agency_id=agency.pk, user_id=None, reason="agreement.expire")
            for agreement in Agreement.objects.run_out().filter(provider=agency):
                agreements.expire(agreement=agreement, now=timezone.now())
                ended += 1
            given = Agreement.objects.live().filter(provider=agency)
            for agreement in given.superseding():
                agreements.supersede(agreement=agreement, now=timezone.now())
            near = timezone.now().date() + timedelta(days=max(halting.TOLD_BEFORE))
            for agreement in given.filter(ends_on__lte=near):
                halting.warn(agreement=agreement, now=timezone.now())
    return ended


@shared_task
def seal_what_was_written(**_: object) -> bool:
    """Seal what was written since the last time."""
    return seals.seal(now=timezone.now()) is not None


@shared_task
def check_seals(*, days: int = 0, **_: object) -> bool:
    """Check what was sealed in so many days, or everything; answer whether it is as it was."""
    now = timezone.now()
    found = seals.check(now=now, first=seals.first_since(now - timedelta(days=days)) if days else 1)
    return found is None or not found.problems


seal_what_was_written.access = check_seals.access = Permission.AUDIT_READ


@shared_task
def purge(**_: object) -> int:
    """Remove the rows of work that is done and over, chunk by chunk, for some minutes; what is left waits for the next night."""
    end, removed = time.monotonic() + 5 * SECONDS, 0
    chunks: list[Callable[..., int]] = [purging.of_everybody]
    chunks += [partial(purging.of_agency, agency=one) for one in Agency.objects.order_by("pk")]
    for chunk in chunks:
        while time.monotonic() < end and (gone := chunk(now=timezone.now())):
            removed += gone
    return removed


@shared_task
def look_after_members(**_: object) -> int:
    """Remind and suspend who is away too long, and move the reviews of access on; return how many agencies were looked at."""
    found = list(Agency.objects.order_by("pk"))
    for agency in found:
        with transaction.atomic():
            wall.enter(agency_id=agency.pk, user_id=None, reason="members.look_after")
            members.look_after(agency=agency, now=timezone.now())
            reviews.look_after(agency=agency, now=timezone.now())
    return len(found)


look_after_members.access = purge.access = Permission.MEMBER_MANAGE
drain_outbox.access = end_expired.access = Permission.AGREEMENT_END
send_mail.access = mail_daily.access = Permission.HOME
send_webhooks.access = Permission.WEBHOOK_MANAGE
work_exports.access = sweep_exports.access = end_exports.access = Permission.EXPORT
