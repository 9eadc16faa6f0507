"""How is an uploaded file cut into chunks? A child process with limits reads it; each chunk is sealed and committed as it comes."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.db import transaction

from agencies.access import Viewer, enter
from refugeecm.core import crypto
from refugeecm.core.bulk import insert
from registration.actions.imports import content, mapping
from registration.enums import BatchStatus, StepKind
from registration.importers.reading import Unreadable, read
from registration.importers.refusals import MAPPABLE
from registration.importers.tables import Wishes
from registration.models import ImportBatch, ImportChunk, ImportStep

_FORMAT = ("sheet", "sheets", "encoding", "delimiter", "header_row", "dates")


@dataclass
class Reading:
    """What came out of a file: rows and households, or the problem to show."""

    rows: int = 0
    households: int = 0
    problem: str = ""
    asks: bool = False  # what the columns are; `problem` says why, unless the sender wanted to be asked


class _Remembered(Exception):
    """The agency has said before what the columns of this header are."""


def read_file(*, batch: ImportBatch, viewer: Viewer) -> Reading:
    """Read a file into chunks, each with its step. The same bytes give the same chunks: what stands already is left alone."""
    with transaction.atomic():
        enter(viewer, reason="import.read")
        key = content.key_of(batch)
        data = content.pieces(batch)
    result = Reading(asks=bool(batch.wishes.get("ask")))
    try:
        _through(batch, viewer, data, key, result)
    except Unreadable as error:
        result.problem = json.dumps({"message": error.message, "detail": error.detail})[:500]
        if error.code in MAPPABLE and not result.asks:
            result.asks = True
            try:
                _through(batch, viewer, data, key, result)
            except Unreadable:
                result.asks = False  # it does not even look like a table
    return result


def _through(batch: ImportBatch, viewer: Viewer, data: bytes, key: bytes, result: Reading) -> None:
    """Keep the lines of the child; where the agency said before what such columns are, begin anew with that."""
    try:
        for line in read(data, wishes=Wishes.among(batch.wishes) | {"look": result.asks}):
            if line.startswith(b'{"seq"'):
                _keep_chunk(batch, viewer, line, key, open_step=not result.asks)
            else:
                _keep_facts(batch, viewer, json.loads(line), result)
    except _Remembered:
        result.asks, result.problem = False, ""
        _through(batch, viewer, data, key, result)


def _keep_chunk(batch: ImportBatch, viewer: Viewer, line: bytes, key: bytes, *, open_step: bool) -> None:
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
            check = [content.step(batch, StepKind.CHECK, seq=seq, rows=head["count"])]
            insert(ImportStep, check if open_step else [], ignore_conflicts=True)


def _keep_facts(batch: ImportBatch, viewer: Viewer, facts: dict[str, object], result: Reading) -> None:
    if "columns" in facts:
        batch.header, batch.columns = facts["header"], facts["columns"]  # type: ignore[assignment]
        batch.found_format = {name: facts.get(name) for name in _FORMAT}
        with transaction.atomic():
            enter(viewer, reason="import.read")
            batch.save(update_fields=["header", "columns", "found_format"])
            known = None if "columns" in batch.wishes else mapping.remembered(batch)
            if known and not batch.wishes.get("ask"):
                batch.wishes = known | {"header_row": facts["header_row"]}
                batch.save(update_fields=["wishes"])
            else:
                known = None
        if known:
            raise _Remembered
    elif "end" in facts:
        result.rows, result.households = int(facts["rows"]), int(facts["households"])  # type: ignore[call-overload]
