"""How is an uploaded file cut into chunks? A child process with limits reads it; each chunk is sealed and committed as it comes."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.db import transaction

from agencies.access import Viewer, enter
from refugeecm.core import crypto
from refugeecm.core.bulk import insert
from registration.actions.imports import content
from registration.enums import BatchStatus, StepKind
from registration.importers.reading import Unreadable, read
from registration.models import ImportBatch, ImportChunk, ImportPiece, ImportStep

_FORMAT = ("sheet", "sheets", "encoding", "delimiter", "header_row", "dates")


@dataclass
class Reading:
    """What came out of a file: rows and households, or the problem to show."""

    rows: int = 0
    households: int = 0
    problem: str = ""


def read_file(*, batch: ImportBatch, viewer: Viewer) -> Reading:
    """Read a file into chunks, each with its step. The same bytes give the same chunks: what stands already is left alone."""
    with transaction.atomic():
        enter(viewer, reason="import.read")
        key = content.key_of(batch)
        pieces = ImportPiece.objects.filter(batch=batch).order_by("seq")
        data = b"".join(
            crypto.unseal(one.sealed, key=key, place=content.place("piece", batch.pk, one.seq))
            for one in pieces.iterator(16)
        )
    result = Reading()
    try:
        for line in read(data):
            if line.startswith(b'{"seq"'):
                _keep_chunk(batch, viewer, line, key)
            else:
                _keep_facts(batch, viewer, json.loads(line), result)
    except Unreadable as error:
        result.problem = json.dumps({"message": error.message, "detail": error.detail})[:500]
    return result


def _keep_chunk(batch: ImportBatch, viewer: Viewer, line: bytes, key: bytes) -> None:
    head = json.loads(line[: line.index(b'"rows"')].rstrip(b", ") + b"}")
    seq = head["seq"]
    row = {
        "agency_id": batch.agency_id,
        "batch_id": batch.pk,
        "seq": seq,
        "first_row": head["first"],
        "last_row": head["last"],
        "raw": crypto.seal(line, key=key, place=content.place("raw", batch.pk, seq)),
        "checked": b"",
        "probes": b"",
    }
    with transaction.atomic():
        enter(viewer, reason="import.read")
        if ImportBatch.objects.filter(pk=batch.pk, status=BatchStatus.READING).exists():
            insert(ImportChunk, [row], ignore_conflicts=True)
            insert(
                ImportStep,
                [content.step(batch, StepKind.CHECK, seq=seq, rows=head["count"])],
                ignore_conflicts=True,
            )


def _keep_facts(batch: ImportBatch, viewer: Viewer, facts: dict[str, object], result: Reading) -> None:
    if "columns" in facts:
        batch.header, batch.columns = facts["header"], facts["columns"]  # type: ignore[assignment]
        batch.found_format = {name: facts.get(name) for name in _FORMAT}
        with transaction.atomic():
            enter(viewer, reason="import.read")
            batch.save(update_fields=["header", "columns", "found_format"])
    elif "end" in facts:
        result.rows, result.households = int(facts["rows"]), int(facts["households"])  # type: ignore[call-overload]
