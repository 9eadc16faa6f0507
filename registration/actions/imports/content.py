"""How is the content of a file written down between its steps? Sealed with the batch's key, each piece bound to its place."""

from __future__ import annotations

import uuid
from array import array
from collections.abc import Container, Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import orjson
from django.db.models import Max
from django.utils.translation import gettext as _

from agencies.models import Agency
from refugeecm.core import crypto
from refugeecm.core.refusals import NotPermitted
from registration.actions import sealing
from registration.enums import SENT_AGAIN, BatchStatus, Outcome, StepStatus
from registration.matching import RowKeys
from registration.models import ImportBatch, ImportChunk, ImportPiece, ImportRow
from registration.rules.arrivals import ArrivalRow, person_of
from registration.rules.keys import keys_of
from registration.rules.names import VERSION

PIECE = 2**20
PIECES = 1000  # of one upload at most
LIMIT = 300 * PIECE
_OVER = (BatchStatus.DONE, *SENT_AGAIN)
KEPT = timedelta(days=90)  # after a file was registered, stopped or cancelled

_DATES = [name for name, kind in ArrivalRow.__annotations__.items() if "date" in str(kind)]
_DATE_PLACES = [ArrivalRow._fields.index(name) for name in _DATES]


class CheckedRow(NamedTuple):
    """A row without errors, and the keys that will be stored with its person."""

    number: int
    row: ArrivalRow
    keys: list[int]


def key_place(batch_id: uuid.UUID) -> str:
    """Return the place that a batch's wrapped key is bound to."""
    return f"registration_importbatch.key|{batch_id}"


def place(what: str, batch_id: uuid.UUID, seq: int) -> str:
    """Return the place that a piece or chunk is bound to."""
    return f"registration_import.{what}|{batch_id}|{seq}"


def key_of(batch: ImportBatch) -> bytes:
    """Return the plain key of a batch. Raises crypto.Unreadable once it was destroyed."""
    return crypto.unseal(batch.key, key=sealing.agency_key(batch.agency), place=key_place(batch.pk))


def destroy_old(*, agency: Agency, now: datetime, at_most: int) -> int:
    """Destroy keys and content of files that were done 90 days ago (law-and-practice.md 6.4, our default); return how many."""
    over = ImportBatch.objects.filter(agency=agency, done_at__lt=now - KEPT, status__in=_OVER).exclude(
        key=b""
    )
    ids = list(over.order_by("pk").values_list("pk", flat=True)[: max(1, at_most // 1000)])
    ImportPiece.objects.filter(batch__in=ids).delete()
    ImportChunk.objects.filter(batch__in=ids).update(raw=b"", checked=b"", probes=b"")
    return ImportBatch.objects.filter(pk__in=ids).update(key=b"")


def step(batch: ImportBatch, kind: str, *, seq: int = 0, rows: int = 0) -> dict[str, Any]:
    """Return a new step of a batch, ready for bulk insertion."""
    return {
        "batch_id": batch.pk,
        "agency_id": batch.agency_id,
        "kind": kind,
        "seq": seq,
        "rows": rows,
        "status": StepStatus.HELD if batch.paused_at else StepStatus.OPEN,
        "attempts": 0,
        "counts": {},
        "seconds": 0,
        "last_error": "",
    }


def check_size(data: bytes) -> None:
    """Refuse a file that is empty or too large."""
    if not data:
        raise NotPermitted(_("The file is empty. Choose the spreadsheet that you saved, and send it again."))
    if len(data) > LIMIT:
        raise NotPermitted(
            _("The file is larger than 300 MB. Split it, and send the parts one after the other.")
        )


def keep_pieces(batch: ImportBatch, data: bytes, *, key: bytes, part: int = 0) -> None:
    """Keep what was uploaded, sealed. Part 0 is the file; corrected rows that came back later are parts 1, 2 and so on."""
    for seq, start in enumerate(range(0, len(data), PIECE), part * PIECES):
        sealed = crypto.seal(data[start : start + PIECE], key=key, place=place("piece", batch.pk, seq))
        ImportPiece.objects.create(agency_id=batch.agency_id, batch=batch, seq=seq, sealed=sealed)


def parts(batch: ImportBatch) -> int:
    """Return how many times something was uploaded: the file, and corrected rows."""
    last = ImportPiece.objects.filter(batch=batch).aggregate(last=Max("seq"))["last"]
    return 0 if last is None else 1 + int(last) // PIECES


def pieces(batch: ImportBatch, part: int = 0) -> bytes:
    """Return what was uploaded."""
    key, first = key_of(batch), part * PIECES
    kept = ImportPiece.objects.filter(batch=batch, seq__gte=first, seq__lt=first + PIECES).order_by("seq")
    return b"".join(
        crypto.unseal(one.sealed, key=key, place=place("piece", batch.pk, one.seq))
        for one in kept.iterator(16)
    )


def seal_raw(rows: list[tuple[int, list[str]]], *, batch: ImportBatch, seq: int, key: bytes) -> bytes:
    """Return rows as read, sealed as those of a chunk."""
    return crypto.seal(orjson.dumps({"rows": rows}), key=key, place=place("raw", batch.pk, seq))


def with_errors(
    batch: ImportBatch,
) -> Iterator[tuple[ImportChunk, list[tuple[int, list[str]]], dict[int, ImportRow]]]:
    """Yield the chunks that have rows with errors and can be opened: chunk, rows as read, findings of those with errors."""
    key, failed = key_of(batch), ImportRow.objects.filter(batch=batch, outcome=Outcome.ERROR)
    for seq in failed.order_by("chunk_seq").values_list("chunk_seq", flat=True).distinct():
        chunk = ImportChunk.objects.defer("checked", "probes").get(batch=batch, seq=seq)
        with suppress(crypto.Unreadable):
            rows = raw_rows(chunk, key)
            yield chunk, rows, {one.number: one for one in failed.filter(chunk_seq=seq)}


def raw_rows(chunk: ImportChunk, key: bytes) -> list[tuple[int, list[str]]]:
    """Return [(row number, cells as read), …] of a chunk."""
    line = orjson.loads(crypto.unseal(chunk.raw, key=key, place=place("raw", chunk.batch_id, chunk.seq)))
    return [(number, cells) for number, cells in line["rows"]]


def seal_checked(rows: list[CheckedRow], *, key: bytes, chunk: ImportChunk) -> bytes:
    """Return the sealed form of checked rows, each with the version of the rules that made its keys."""
    plain = orjson.dumps([(*one, VERSION) for one in rows], default=tuple)
    return crypto.seal(plain, key=key, place=place("checked", chunk.batch_id, chunk.seq))


def checked(chunk: ImportChunk, key: bytes, *, only: Container[int] | None = None) -> list[CheckedRow]:
    """Return the rows of a chunk as checked, with their keys; rows with errors are not among them. `only`: these numbers.

    Keys that an older version of the rules made, when the file was checked before an upgrade, are made anew.
    """
    if not chunk.checked:
        return []
    rows: list[CheckedRow] = []
    plain = crypto.unseal(chunk.checked, key=key, place=place("checked", chunk.batch_id, chunk.seq))
    secret = crypto.derived("keys")
    for number, values, made, *version in orjson.loads(plain):
        if only is not None and number not in only:
            continue
        for index in _DATE_PLACES:
            if values[index]:
                values[index] = date.fromisoformat(values[index])
        row = ArrivalRow(*values)
        if version != [VERSION]:
            made = keys_of(person_of(row), secret=secret, probing=False).stored
        rows.append(CheckedRow(number, row, made))
    return rows


def checked_rows(chunk: ImportChunk, key: bytes) -> list[tuple[int, ArrivalRow]]:
    """Return [(row number, row as checked), …] of a chunk; rows with errors are not among them."""
    return [(one.number, one.row) for one in checked(chunk, key)]


def pack_probes(probes: list[RowKeys]) -> bytes:
    """Return probes as 64-bit integers: row, household, count, keys, and so on."""
    flat = array("q")
    for one in probes:
        flat.extend((one.row, one.household, len(one.keys)))
        flat.extend(one.keys)
    return flat.tobytes()


def unpack_probes(packed: crypto.Stored) -> Iterator[RowKeys]:
    """Yield the probes of `pack_probes`."""
    flat = array("q")
    flat.frombytes(bytes(packed))
    at = 0
    while at < len(flat):
        row, household, count = flat[at : at + 3]
        yield RowKeys(row, household, flat[at + 3 : at + 3 + count])
        at += 3 + count
