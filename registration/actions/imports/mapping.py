"""What are the columns of a file? A person says so, and the agency's next file with the same header is read the same way."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from refugeecm.core import events
from refugeecm.core.bulk import insert
from refugeecm.core.transitions import move
from registration import policies
from registration.actions.imports import content
from registration.enums import BatchStatus, StepKind
from registration.models import ColumnMapping, ImportBatch, ImportChunk, ImportRow, ImportStep
from registration.rules.columns import NAME_FIELDS

MAPPED = events.declare("registration.import.mapped", "Somebody said what the columns of a file are.")
SAMPLES = 3  # of each column

_REMEMBERED = ("header", "columns", "country_scheme", "date_order")


def fingerprint(header: Sequence[str]) -> str:
    """Return by what a header is known again."""
    return hashlib.sha256(json.dumps(list(header)).encode()).hexdigest()


def remembered(batch: ImportBatch) -> dict[str, Any] | None:
    """Return what the batch's agency said when it last sent a file with this header, or None."""
    found = ColumnMapping.objects.filter(
        agency_id=batch.agency_id, fingerprint=fingerprint(batch.header)
    ).first()
    return dict(found.wishes) if found else None


def samples(batch: ImportBatch) -> list[list[str]]:
    """Return for each column of a file that waits for this answer some of what stands in it."""
    found: list[list[str]] = [[] for _name in batch.header]
    chunk = ImportChunk.objects.filter(batch=batch).order_by("seq").first()
    for _number, cells in content.raw_rows(chunk, content.key_of(batch)) if chunk else ():
        for kept, cell in zip(found, cells, strict=False):
            if cell and cell not in kept and len(kept) < SAMPLES:
                kept.append(cell[:40])
    return found


@transaction.atomic
def ask(*, batch: ImportBatch, wishes: Mapping[str, Any], by: Viewer, now: datetime) -> None:
    """Read the top of the file anew as a person wishes (sheet, encoding, delimiter, row of the header), and ask for its columns.

    From a checked file of which nothing is registered, too. Raises NotPermitted, TransitionNotAllowed.
    """
    _again(batch, {**wishes, "ask": True}, by)


@transaction.atomic
def choose(
    *, batch: ImportBatch, wishes: Mapping[str, Any], remember: bool, by: Viewer, now: datetime
) -> None:
    """Read the file with the columns that a person chose: `wishes` has `columns`, a field or None for each of the batch's header.

    Raises NotPermitted for columns of which none is a name, and for a field that is chosen twice.
    """
    chosen = [field for field in wishes["columns"] if field]
    if not set(NAME_FIELDS) & set(chosen):
        raise policies.NotPermitted(
            _("Choose a column with a name: given name, father’s name, family name or full name.")
        )
    if len(chosen) != len(set(chosen)):
        raise policies.NotPermitted(_("Two columns have the same meaning. Leave one of them out."))
    said = {**wishes, "header": batch.header, "header_row": batch.found_format.get("header_row", 1)}
    _again(batch, said, by)
    if remember:
        ColumnMapping.objects.update_or_create(
            agency_id=batch.agency_id,
            fingerprint=fingerprint(batch.header),
            defaults={
                "wishes": {name: said[name] for name in _REMEMBERED if name in said},
                "changed_by_id": by.user_id,
                "changed_at": now,
            },
        )
    events.note(MAPPED, "import", batch.pk, by=by, now=now, tell=None)


def _again(batch: ImportBatch, wishes: dict[str, Any], by: Viewer) -> None:
    """Begin anew with reading; nothing of what was read before is left."""
    policies.check_may(by, Permission.IMPORT_RUN)
    policies.check_reread(batch=batch)
    ImportStep.objects.filter(batch_id=batch.pk).delete()
    ImportRow.objects.filter(batch=batch).delete()
    ImportChunk.objects.filter(batch=batch).delete()
    move(batch, to=BatchStatus.READING, wishes=wishes, problem="", rows=0, households=0)
    insert(ImportStep, [content.step(batch, StepKind.READ)])
