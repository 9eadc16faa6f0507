"""Who is told, and what starts, after a commit? Workers drain the outbox: at least once, effects exactly once.

A handler runs in its own transaction together with the mark that it has handled the message; it touches the database only.
"""

import logging
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models, transaction

from refugeecm.core.models import HandledMessage, OutboxMessage

log = logging.getLogger(__name__)
Handler = Callable[..., None]
_handlers: list[tuple[str, Handler]] = []
ATTEMPTS = 8


def handles(topic: str) -> Callable[[Handler], Handler]:
    """Register a function (message: OutboxMessage, now: datetime) for a topic, or for all topics of a prefix ending in a dot."""

    def register(function: Handler) -> Handler:
        _handlers.append((topic, function))
        return function

    return register


def handlers_of(topic: str) -> Iterator[tuple[str, Handler]]:
    """Yield (stable name, function) of everyone who wants this topic."""
    for wanted, function in _handlers:
        if topic == wanted or (wanted.endswith(".") and topic.startswith(wanted)):
            yield f"{function.__module__}.{function.__name__}", function


def drain(*, now: datetime, limit: int = 100) -> int:
    """Handle open messages that are due, oldest first; return how many were done.

    Several workers may drain at once (SKIP LOCKED). Messages with the same key keep their order: one waits while an older one
    is open. A failing message waits longer each time and after eight attempts is set aside, where an administrator sees it.
    """
    done = 0
    for _turn in range(limit):
        with transaction.atomic():
            message = _claim(now)
            if message is None:
                break
            try:
                with transaction.atomic():
                    for name, function in handlers_of(message.topic):
                        if _first_time(message.message_id, name):
                            function(message=message, now=now)
                message.done_at = now
                done += 1
            except Exception as error:
                log.exception("Outbox message %s (%s) failed", message.message_id, message.topic)
                message.attempts += 1
                message.last_error = f"{type(error).__name__}: {error}"[:500]
                message.available_at = now + timedelta(seconds=5 * 2**message.attempts)
                message.dead_at = now if message.attempts >= ATTEMPTS else None
            message.save()
    return done


def _claim(now: datetime) -> OutboxMessage | None:
    older = OutboxMessage.objects.filter(
        key=models.OuterRef("key"), id__lt=models.OuterRef("id"), done_at=None, dead_at=None
    ).exclude(key="")
    return (
        OutboxMessage.objects.filter(done_at=None, dead_at=None, available_at__lte=now)
        .filter(~models.Exists(older))
        .order_by("id")
        .select_for_update(skip_locked=True, of=("self",))
        .first()
    )


def _first_time(message_id: uuid.UUID, handler: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {HandledMessage._meta.db_table} (message_id, handler) VALUES (%s, %s) ON CONFLICT DO NOTHING",  # noqa: S608
            [message_id, handler],
        )
        return bool(cursor.rowcount == 1)


def subjects(payload: Mapping[str, Any]) -> list[uuid.UUID]:
    """Return the ids of the subjects that a message tells of."""
    return [uuid.UUID(one) for one in payload.get("subjects", ())]
