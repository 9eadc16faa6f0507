"""What does a person do with a file: send it, accept it, cancel it?"""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from refugeecm.core import crypto, events
from refugeecm.core.bulk import insert
from refugeecm.core.ids import uuid7
from refugeecm.core.transitions import move
from registration import policies, reports
from registration.actions import sealing
from registration.actions.imports import content
from registration.enums import SENT_AGAIN, BatchStatus, StepKind, StepStatus
from registration.models import ImportBatch, ImportStep, InfluxEvent

RECEIVED = events.declare("registration.import.received", "A file of arrivals was uploaded.")
ACCEPTED = events.declare(
    "registration.import.accepted", "Somebody accepted a checked file; its people are being registered."
)
CANCELLED = events.declare(
    "registration.import.cancelled", "A file was cancelled before anybody from it was registered."
)


class AlreadyReceived(Exception):
    """The same bytes were sent before for the same event; `batch` is what became of them."""

    def __init__(self, batch: ImportBatch) -> None:
        self.batch = batch
        super().__init__(_("This very file was sent before; nothing was added. Here is what became of it."))


@transaction.atomic
def receive(
    *, data: bytes, file_name: str, event: InfluxEvent, by: Viewer, now: datetime, ask: bool = False
) -> ImportBatch:
    """Keep an uploaded file, sealed, and open its first step. `ask`: stop before checking, to have its columns chosen.

    Raises AlreadyReceived for the same file again, and policies.NotPermitted for one that is empty or too large.
    """
    policies.check_may(by, Permission.IMPORT_RUN)
    content.check_size(data)
    digest = hashlib.sha256(data).digest()
    with (
        connection.cursor() as cursor
    ):  # two uploads of one file at once: the second waits here and then finds the first
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [digest.hex(), by.agency_id])
    again = (
        ImportBatch.objects.owned_by(by)
        .filter(event=event, sha256=digest)
        .exclude(status__in=SENT_AGAIN)
        .first()
    )
    if again:
        raise AlreadyReceived(again)
    key, batch_id = crypto.new_key(), uuid7(now)
    batch = ImportBatch(
        id=batch_id,
        agency=by.agency,
        event=event,
        file_name=file_name[-200:],
        size=len(data),
        wishes={"ask": True} if ask else {},
        sha256=digest,
        key=crypto.seal(key, key=sealing.agency_key(by.agency), place=content.key_place(batch_id)),
        created_by_id=by.user_id,
        created_at=now,
    )
    batch.save(force_insert=True)
    content.keep_pieces(batch, data, key=key)
    insert(ImportStep, [content.step(batch, StepKind.READ)])
    events.note(RECEIVED, "import", batch.pk, by=by, now=now, tell=None)
    return batch


@transaction.atomic
def accept(*, batch: ImportBatch, by: Viewer, now: datetime, fills_empty: bool = False) -> None:
    """Let everything of a checked file be registered that has no error and is not registered yet.

    fills_empty: of people who are registered, note what the file says and the register does not know. Nothing is overwritten.
    """
    policies.check_may(by, Permission.IMPORT_RUN)
    policies.check_accept(batch=batch, counts=reports.progress(batch).counts)
    move(batch, to=BatchStatus.ACCEPTING, accepted_by_id=by.user_id, accepted_client=by.client_id, accepted_at=now,
         fills_empty=fills_empty)  # fmt: skip
    steps = ImportStep.objects.filter(batch_id=batch.pk)
    begun = steps.filter(kind=StepKind.ACCEPT).values("seq")  # of a file of which corrected rows came back
    checked = steps.filter(kind=StepKind.CHECK, status=StepStatus.DONE).exclude(seq__in=begun).order_by("seq")
    insert(ImportStep, [content.step(batch, StepKind.ACCEPT, seq=one.seq, rows=one.rows) for one in checked])
    if not checked:
        move(batch, to=BatchStatus.DONE, done_at=now)
    events.note(ACCEPTED, "import", batch.pk, by=by, now=now, tell=None)


@transaction.atomic
def cancel(*, batch: ImportBatch, by: Viewer, now: datetime) -> None:
    """Throw a file away before anybody from it is registered; its content becomes unreadable."""
    policies.check_may(by, Permission.IMPORT_RUN)
    policies.check_cancel(batch=batch)
    # First the steps, then the file: the order in which workers lock them.
    ImportStep.objects.waiting().filter(batch_id=batch.pk).update(status=StepStatus.DONE, done_at=now)
    move(batch, to=BatchStatus.CANCELLED, key=b"", done_at=now, paused_at=None)
    events.note(CANCELLED, "import", batch.pk, by=by, now=now, tell=None)
