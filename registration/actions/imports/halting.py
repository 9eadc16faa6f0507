"""How is a file paused, resumed, stopped half-way, or let through in spite of what was found out?"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from agencies.access import Permission, Viewer
from refugeecm.core import events
from refugeecm.core.transitions import move
from registration import policies
from registration.enums import BatchStatus, StepStatus
from registration.models import ImportBatch, ImportStep

PAUSED = events.declare("registration.import.paused", "Somebody paused the work on a file.")
RESUMED = events.declare("registration.import.resumed", "Somebody let the work on a paused file go on.")
ALLOWED = events.declare(
    "registration.import.allowed",
    "A supervisor let a file with many errors or possible duplicates be accepted.",
)
STOPPED = events.declare(
    "registration.import.stopped",
    "Somebody stopped a file while its people were being registered; who was registered stays.",
)


@transaction.atomic
def pause(*, batch: ImportBatch, by: Viewer, now: datetime) -> None:
    """Let workers finish the chunks that they are at, and begin no other of this file."""
    policies.check_may(by, Permission.IMPORT_RUN)
    locked = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    policies.check_pause(batch=locked)
    batch.paused_at = locked.paused_at = now
    locked.save(update_fields=["paused_at"])
    _turn(batch, StepStatus.OPEN, StepStatus.HELD)
    events.note(PAUSED, "import", batch.pk, by=by, now=now, tell=None)


@transaction.atomic
def resume(*, batch: ImportBatch, by: Viewer, now: datetime) -> None:
    """Let workers go on where they paused."""
    policies.check_may(by, Permission.IMPORT_RUN)
    locked = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    policies.check_resume(batch=locked)
    batch.paused_at = locked.paused_at = None
    locked.save(update_fields=["paused_at"])
    _turn(batch, StepStatus.HELD, StepStatus.OPEN)
    events.note(RESUMED, "import", batch.pk, by=by, now=now, tell=None)


def _turn(batch: ImportBatch, was: str, to: str) -> None:
    """Move the steps that nobody is at. Those at work are not waited for: their workers look at the file when they are done."""
    steps = ImportStep.objects.filter(batch_id=batch.pk, status=was).select_for_update(skip_locked=True)
    ImportStep.objects.filter(pk__in=list(steps.values_list("pk", flat=True))).update(status=to)


@transaction.atomic
def allow(*, batch: ImportBatch, reason: str, by: Viewer, now: datetime) -> None:
    """Let a file be accepted in spite of many errors or possible duplicates; not by whoever sent it."""
    policies.check_allow(batch=batch, by=by)
    batch.allowed_by_id, batch.allowed_because = by.user_id, reason
    batch.save(update_fields=["allowed_by", "allowed_because"])
    events.note(ALLOWED, "import", batch.pk, by=by, now=now, tell=None)


@transaction.atomic
def stop(*, batch: ImportBatch, by: Viewer, now: datetime) -> None:
    """Register nobody else of a file; chunks that workers are at are waited for, and what is registered stays."""
    policies.check_may(by, Permission.IMPORT_RUN)
    # First the steps, then the file: the order in which workers lock them.
    ImportStep.objects.waiting().filter(batch_id=batch.pk).update(status=StepStatus.DONE, rows=0, done_at=now)
    move(batch, to=BatchStatus.STOPPED, done_at=now, paused_at=None)
    events.note(STOPPED, "import", batch.pk, by=by, now=now, tell=None)
