"""How does a worker do the next piece of work on any file, so that a crash at any moment loses and doubles nothing?

Two transactions: the first counts the attempt, the second locks the step, writes its effect and marks it done. When the worker
dies, its connection ends, the lock goes and the step is open again: no lease, no clock (trust.md 2.3, 3.4).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime

from django.db import connection, transaction

from agencies.access import Viewer, enter, worker_for
from agencies.models import Agency
from refugeecm.core import crypto, events
from refugeecm.core.bulk import insert
from refugeecm.core.transitions import move
from registration.actions.imports import (
    accepting,
    checking,
    comparing,
    content,
    correcting,
    reading,
    undoing,
)
from registration.enums import BatchStatus, Outcome, StepKind, StepStatus
from registration.models import ImportBatch, ImportChunk, ImportRow, ImportStep

log = logging.getLogger(__name__)
ATTEMPTS = 5
CHECKED = events.declare(
    "registration.import.checked", "A file was checked and waits for somebody to accept it."
)
DONE = events.declare(
    "registration.import.done", "Everything of a file that could be registered is registered."
)

Counts = dict[str, int]
_WORK: dict[str, Callable[..., Counts]] = {
    StepKind.CHECK: checking.check,
    StepKind.COMPARE: comparing.compare,
    StepKind.ACCEPT: accepting.accept,
    StepKind.UNDO: undoing.remove,
}


def run_one(*, now: datetime) -> bool:
    """Do one open step of any file; return False when there is none, or none that nobody else is doing."""
    step = _begin(now)
    if step is None:
        return False
    try:
        if step.kind == StepKind.READ:
            (_read_again if step.seq else _read)(step, now)
        else:
            _work(step, now)
    except Exception as error:
        log.exception("Import step %s failed, attempt %s", step.pk, step.attempts)
        ImportStep.objects.open().filter(pk=step.pk).update(last_error=f"{type(error).__name__}"[:300])
    finally:
        _unlock_for_session(step)
    return True


def _begin(now: datetime) -> ImportStep | None:
    """Choose a step and count the attempt; set one aside that has been tried too often."""
    busy: list[int] = []
    while True:
        with transaction.atomic():
            _without_waiting_for_the_disk()
            step = ImportStep.objects.exclude(pk__in=busy).claim()
            if step is None:
                return None
            # Somebody between counting the attempt and doing it holds no row lock, nor does who reads a file.
            if not _lock_for_session(step):
                busy.append(step.pk)
                continue
            if step.attempts < ATTEMPTS:
                step.attempts += 1
                step.begun_at = now
                step.save(update_fields=["attempts", "begun_at"])
                return step
            _set_aside(step, now)
            _unlock_for_session(step)


def _work(step: ImportStep, now: datetime) -> None:
    started = time.monotonic()
    with transaction.atomic():
        _without_waiting_for_the_disk()
        locked = ImportStep.objects.open().filter(pk=step.pk).select_for_update(skip_locked=True).first()
        if locked is None:
            return
        batch, viewer = _enter(locked)
        if batch.paused_at:  # after this step was chosen
            move(locked, to=StepStatus.HELD)
            return
        counts = _WORK[step.kind](batch=batch, step=locked, viewer=viewer, now=now)
        locked.counts, locked.seconds = counts, time.monotonic() - started
        locked.save(update_fields=["counts", "seconds"])
        move(locked, to=StepStatus.DONE, done_at=now)
        _advance(batch, viewer, now)


def _read(step: ImportStep, now: datetime) -> None:
    """Read the file in a child process, chunk by chunk; not in one transaction, hence the lock of the session."""
    started = time.monotonic()
    with transaction.atomic():
        batch, viewer = _enter(step)
    result = reading.read_file(batch=batch, viewer=viewer)
    with transaction.atomic():
        enter(viewer, reason="import.read")
        step.seconds = time.monotonic() - started
        step.counts = {"rows": result.rows, "households": result.households}
        step.save(update_fields=["counts", "seconds"])
        move(step, to=StepStatus.DONE, done_at=now)
        if result.asks:
            move(batch, to=BatchStatus.MAPPING, problem=result.problem)
        elif result.problem:
            ImportStep.objects.open().filter(batch_id=batch.pk).update(status=StepStatus.DONE, done_at=now)
            move(batch, to=BatchStatus.FAILED, problem=result.problem, done_at=now)
        else:
            move(batch, to=BatchStatus.CHECKING, rows=result.rows, households=result.households)
            _advance(batch, viewer, now)


def _read_again(step: ImportStep, now: datetime) -> None:
    """Read rows that were corrected and sent back, and put them in the places of those with errors."""
    started = time.monotonic()
    with transaction.atomic():
        batch, viewer = _enter(step)
    back = correcting.read_corrected(batch=batch, viewer=viewer, part=step.seq)
    with transaction.atomic():
        enter(viewer, reason="import.read")
        problem = back.problem or correcting.replace(batch=batch, rows=back.rows, viewer=viewer)
        step.counts, step.seconds = {"rows": len(back.rows)}, time.monotonic() - started
        step.save(update_fields=["counts", "seconds"])
        move(step, to=StepStatus.DONE, done_at=now)
        if ImportStep.objects.waiting().filter(batch_id=batch.pk).exists():
            move(
                batch, to=BatchStatus.CHECKING, rows=batch.rows, households=batch.households, problem=problem
            )
        else:
            move(batch, to=correcting.status_before(batch), problem=problem)


def _enter(step: ImportStep) -> tuple[ImportBatch, Viewer]:
    """Set the context of the step's agency; the worker acts for whoever sent or accepted the file."""
    agency = Agency.objects.get(pk=step.agency_id)
    enter(worker_for(agency), reason=f"import.{step.kind}")
    batch = ImportBatch.objects.select_related("agency", "event").get(pk=step.batch_id)
    viewer = worker_for(agency, user_id=batch.accepted_by_id or batch.created_by_id)
    enter(viewer, reason=f"import.{step.kind}")
    return batch, viewer


def _advance(batch: ImportBatch, viewer: Viewer, now: datetime) -> None:
    """Move the file on when this was its last open step. The lock on the file makes the last two wait for each other."""
    batch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    if ImportStep.objects.waiting().filter(batch_id=batch.pk).exists():
        return
    if batch.status == BatchStatus.CHECKING:
        move(batch, to=BatchStatus.COMPARING)
        part = ImportStep.objects.filter(batch_id=batch.pk, kind=StepKind.COMPARE).count()
        insert(ImportStep, [content.step(batch, StepKind.COMPARE, seq=part)])
    elif batch.status == BatchStatus.COMPARING:
        _wait_for_the_disk()
        move(batch, to=correcting.status_before(batch))
        events.note(CHECKED, "import", batch.pk, by=viewer, now=now, tell=None)
    elif batch.status == BatchStatus.ACCEPTING:
        _wait_for_the_disk()
        move(batch, to=BatchStatus.DONE, done_at=now, paused_at=None)
        events.note(DONE, "import", batch.pk, by=viewer, now=now, tell=None)
    elif batch.status == BatchStatus.UNDOING:
        _wait_for_the_disk()
        move(batch, to=BatchStatus.UNDONE, done_at=now, paused_at=None)
        events.note(undoing.UNDONE, "import", batch.pk, by=viewer, now=now, tell=None)


def _set_aside(step: ImportStep, now: datetime) -> None:
    """Give up a step that failed every time; its rows are shown as errors, the rest of the file goes on."""
    batch, viewer = _enter(step)
    move(step, to=StepStatus.QUARANTINED, done_at=now)
    if step.kind == StepKind.READ:
        to = correcting.status_before(batch) if step.seq else BatchStatus.FAILED
        move(batch, to=to, problem="unreadable", done_at=now)
        return
    if step.kind in {StepKind.CHECK, StepKind.ACCEPT}:
        chunk = ImportChunk.objects.get(batch=batch, seq=step.seq)
        ImportRow.objects.filter(batch=batch, chunk_seq=step.seq).delete()
        problem = [["", "set_aside", checking.SET_ASIDE, False]]
        insert(
            ImportRow,
            [
                checking.finding(batch, step.seq, number, Outcome.ERROR, problems=problem)
                for number in _numbers(batch, chunk, step)
            ],
            ignore_conflicts=True,
        )
    _advance(batch, viewer, now)


def _numbers(batch: ImportBatch, chunk: ImportChunk, step: ImportStep) -> list[int]:
    """Return the row numbers of a chunk; when even that cannot be read any more, as many from its first on."""
    try:
        return [number for number, _cells in content.raw_rows(chunk, content.key_of(batch))]
    except (crypto.Unreadable, ValueError):
        return list(range(chunk.first_row, chunk.first_row + step.rows))


def _without_waiting_for_the_disk() -> None:
    """Let this transaction be lost when PostgreSQL crashes in the next moment: then the step is open again, and its effect gone
    with it. Whoever commits later, in the usual way, has all that came before on the disk as well."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")


def _wait_for_the_disk() -> None:
    """Make this transaction last, and with it all before it: a person has seen the file come to rest, and acts on that."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = on")


def _lock_for_session(step: ImportStep) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [7263, step.pk % 2**31])
        return bool(cursor.fetchone()[0])


def _unlock_for_session(step: ImportStep) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [7263, step.pk % 2**31])
