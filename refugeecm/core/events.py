"""What happened? One row per subject, and one outbox message, in the transaction that did it."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from django.db import connection

from refugeecm.core.bulk import insert
from refugeecm.core.ids import uuid7
from refugeecm.core.models import Event, OutboxMessage


class Actor(Protocol):
    """Whoever does something: a person, or a worker, of an agency."""

    @property
    def agency_id(self) -> int:
        """The agency."""

    @property
    def user_id(self) -> int | None:
        """The person; None for workers and systems."""


CATALOGUE: dict[str, str] = {}


def declare(name: str, says: str) -> str:
    """Add a business event to the catalogue (docs/events.md is made from it) and return its name."""
    CATALOGUE[name] = says
    return name


def record(
    name: str,
    *,
    subject_type: str,
    subjects: Iterable[uuid.UUID],
    agency_id: int | None,
    by: int | None,
    now: datetime,
    details: Mapping[str, Any] | None = None,
    tell: bool = True,
) -> None:
    """Record `name` for every subject, and queue one message that tells of all of them (ids only).

    Raises RuntimeError outside a transaction and KeyError for an event that is not in the catalogue.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("An event is recorded in the transaction that causes it.")
    CATALOGUE[name]
    ids = list(subjects)
    insert(
        Event,
        [
            {
                "id": uuid7(now, ordinal=place),
                "name": name,
                "agency_id": agency_id,
                "actor_id": by,
                "at": now,
                "subject_type": subject_type,
                "subject_id": subject,
                "details": dict(details or {}),
            }
            for place, subject in enumerate(ids)
        ],
    )
    if tell:
        queue(
            name,
            key=f"{subject_type}:{ids[0] if len(ids) == 1 else ''}",
            agency_id=agency_id,
            now=now,
            payload={"subjects": [str(one) for one in ids], "by": by, **(details or {})},
        )


def note(
    name: str,
    subject_type: str,
    *subjects: uuid.UUID,
    by: Actor,
    now: datetime,
    tell: Iterable[int] | None = (),
    **details: Any,
) -> None:
    """Record what somebody did for their agency. `tell` names other agencies that are told; None: nobody is, no worker either."""
    if tell:
        details["tell"] = list(tell)
    record(
        name, subject_type=subject_type, subjects=subjects, agency_id=by.agency_id, by=by.user_id, now=now,
        details=details, tell=tell is not None,
    )  # fmt: skip


def queue(
    topic: str, *, payload: Mapping[str, Any], now: datetime, agency_id: int | None = None, key: str = ""
) -> None:
    """Write one outbox message; a worker handles it after the commit, at least once."""
    OutboxMessage.objects.create(
        topic=topic, key=key, payload=dict(payload), agency_id=agency_id, created_at=now, available_at=now
    )
