"""How do corrected rows come back into their file? They take the places of the rows with errors; good rows are never touched.

A family was held back whole, so it is replaced whole: its rows leave the chunks they were in, and those that come back make new
chunks. They keep their numbers (`_row`), from which the ids of people are computed: nobody can be registered twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_noop

from agencies.access import Permission, Viewer, enter
from refugeecm.core import events
from refugeecm.core.bulk import insert
from refugeecm.core.transitions import move
from registration import policies, reports
from registration.actions.imports import content
from registration.enums import BatchStatus, Outcome, StepKind
from registration.importers.chunks import CHUNK
from registration.importers.errors_file import NOTES, ROW
from registration.importers.reading import Unreadable, read
from registration.importers.tables import unguarded
from registration.models import ImportBatch, ImportChunk, ImportRow, ImportStep
from registration.rules.dates import digits_folded

CORRECTED = events.declare(
    "registration.import.corrected", "Corrected rows were sent back to the file in which they had errors."
)
NOT_OURS = gettext_noop(
    "The column _row is missing. Download the rows with errors, correct them in that file, and send it back as it is."
)
COLUMN_GONE = gettext_noop(
    "The column “%(detail)s” of the original file is missing. Put it back, and send the file again."
)
NOTHING_WAITS = gettext_noop(
    "None of these rows waits to be corrected. Download the rows with errors anew: somebody may have sent them already."
)
LEFT_OUT = gettext_noop(
    "Rows that were not among those with errors, and were left out: %(detail)s. New families belong into a file of their own."
)
_NUMBER = re.compile(r"(\d{1,7})(\.0+)?")

Row = tuple[int, list[str]]


@dataclass
class Corrected:
    """Rows that came back: number in the original file (0: none), cells in the order of its columns. Or the problem to show."""

    rows: list[Row] = field(default_factory=list)
    problem: str = ""


@transaction.atomic
def correct(*, batch: ImportBatch, data: bytes, by: Viewer, now: datetime) -> None:
    """Keep the corrected rows of a file, sealed, and open the step that reads them.

    Raises policies.NotPermitted when nothing waits to be corrected, TransitionNotAllowed when somebody else was faster.
    """
    policies.check_may(by, Permission.IMPORT_RUN)
    policies.check_correct(batch=batch)
    content.check_size(data)
    move(batch, to=BatchStatus.READING, problem="")
    part = content.parts(batch)
    content.keep_pieces(batch, data, key=content.key_of(batch), part=part)
    insert(ImportStep, [content.step(batch, StepKind.READ, seq=part)])
    events.note(CORRECTED, "import", batch.pk, by=by, now=now, tell=None)


def read_corrected(*, batch: ImportBatch, viewer: Viewer, part: int) -> Corrected:
    """Read the rows that came back, in the child process that reads all files. No transaction is open meanwhile."""
    with transaction.atomic():
        enter(viewer, reason="import.read")
        data = content.pieces(batch, part)
    found, header = Corrected(), list[str]()
    places: list[int | None] = []
    try:
        for line in read(data, wishes=_wishes(batch)):
            said = orjson.loads(line)
            if "columns" in said:
                header = [unguarded(cell.strip()) for cell in said["header"]]
                places = _places(batch, header)
            elif "rows" in said and "seq" in said:
                found.rows += _mapped(said["rows"], header, places)
    except Unreadable as error:
        found.problem = told(error.message, error.detail)
    return found


def _wishes(batch: ImportBatch) -> dict[str, Any]:
    """Return what the columns of the corrected file are, where a person said so of the original one."""
    if "columns" not in batch.wishes:
        return {}
    kept = [
        (name, column) for name, column in zip(batch.header, batch.columns, strict=True) if name not in NOTES
    ]
    header = [*(name for name, _column in kept), *NOTES]
    return {
        "header_row": 1,
        "header": header,
        "columns": [*(column for _name, column in kept), *[None] * len(NOTES)],
    }


def told(message: str, detail: str = "") -> str:
    """Return a message id and its detail as `problem` of a file keeps them."""
    return json.dumps({"message": message, "detail": detail})[:500]


def _places(batch: ImportBatch, header: list[str]) -> list[int | None]:
    """Return where each column of the original file stands in this one. Columns that nobody reads may be missing."""
    if ROW not in header:
        raise Unreadable("not_ours", NOT_OURS)
    free: dict[str, list[int]] = {}
    for at, name in enumerate(header):
        free.setdefault(name, []).append(at)
    places: list[int | None] = []
    for name, column in zip(batch.header, batch.columns, strict=False):
        standing = free.get(name.strip(), [])
        if column and not standing:
            raise Unreadable("column_gone", COLUMN_GONE, name.strip()[:100])
        places.append(standing.pop(0) if standing else None)
    return places


def _mapped(rows: list[Row], header: list[str], places: list[int | None]) -> Iterator[Row]:
    at = header.index(ROW)
    for _number, cells in rows:
        known = _NUMBER.fullmatch(digits_folded(cells[at].strip()))
        given = [cells[place] if place is not None else "" for place in places]
        yield int(known[1]) if known else 0, given + cells[len(header) :]


def replace(*, batch: ImportBatch, rows: list[Row], viewer: Viewer) -> str:
    """Put the rows in the places of those with errors, with steps to check them. Returns the problem to show, or nothing.

    Families of which no row came back wait as before. A row without a number is a new member of a family that came back.
    """
    key = content.key_of(batch)
    failed = dict(_failed(batch))
    back = {failed[number] for number, _cells in rows if number in failed}
    if not back:
        return told(NOTHING_WAITS)
    at = batch.columns.index("household_id") if "household_id" in batch.columns else None
    numbers = count(
        1 + (ImportChunk.objects.filter(batch=batch).aggregate(last=Max("last_row"))["last"] or 0)
    )
    houses: dict[str, list[Row]] = {}
    left_out, used = 0, set[int]()
    refs = back | {_house(number, cells, at) for number, cells in rows if number in failed}
    for number, cells in rows:
        again = number in used or not number
        if number not in failed and not (again and at is not None and cells[at].strip() in refs):
            left_out += 1
            continue
        kept = next(numbers) if again else number
        used.add(number)
        houses.setdefault(_house(kept, cells, at), []).append((kept, cells))
    gone = {number for number, house in failed.items() if house in back}
    _take_out(batch, gone, key)
    _put_in(batch, list(houses.values()), key)
    came = sum(map(len, houses.values()))
    batch.rows += came - len(gone)
    batch.households += len(houses) - len(back)
    return told(LEFT_OUT, str(left_out)) if left_out else ""


def _house(number: int, cells: list[str], at: int | None) -> str:
    ref = cells[at].strip() if at is not None and at < len(cells) else ""
    return ref or f"row {number}"


def _failed(batch: ImportBatch) -> Iterator[tuple[int, str]]:
    """Yield (number, household as it was written) of the rows with errors; of chunks that cannot be opened none can come back."""
    at = batch.columns.index("household_id") if "household_id" in batch.columns else None
    for _chunk, rows, found in content.with_errors(batch):
        yield from ((number, _house(number, cells, at)) for number, cells in rows if number in found)


def _take_out(batch: ImportBatch, gone: set[int], key: bytes) -> None:
    """Remove rows from the chunks they were in, with what was found out about them."""
    for chunk, rows, found in content.with_errors(batch):
        if gone.isdisjoint(found):
            continue
        kept = [(number, cells) for number, cells in rows if number not in gone]
        chunk.raw = content.seal_raw(kept, batch=batch, seq=chunk.seq, key=key)
        chunk.save(update_fields=["raw"])
        ImportStep.objects.filter(batch_id=batch.pk, kind=StepKind.CHECK, seq=chunk.seq).update(
            rows=len(kept)
        )
    ImportRow.objects.filter(batch=batch, outcome=Outcome.ERROR, number__in=gone).delete()


def _put_in(batch: ImportBatch, houses: list[list[Row]], key: bytes) -> None:
    """Add chunks of whole households, each with the step that checks it."""
    seq = 1 + (ImportChunk.objects.filter(batch=batch).aggregate(last=Max("seq"))["last"] or 0)
    chunks: list[list[Row]] = [[]]
    for members in houses:
        if chunks[-1] and len(chunks[-1]) + len(members) > CHUNK:
            chunks.append([])
        chunks[-1] += members
    for place, rows in enumerate(chunks, seq):
        numbers = [number for number, _cells in rows]
        ImportChunk.objects.create(
            agency_id=batch.agency_id,
            batch=batch,
            seq=place,
            first_row=min(numbers),
            last_row=max(numbers),
            raw=content.seal_raw(rows, batch=batch, seq=place, key=key),
        )
        insert(ImportStep, [content.step(batch, StepKind.CHECK, seq=place, rows=len(rows))])


def status_before(batch: ImportBatch) -> str:
    """Return where a file stood before somebody sent corrected rows that could not be read."""
    return BatchStatus.DONE if batch.accepted_at and not reports.fresh(batch) else BatchStatus.REVIEW
