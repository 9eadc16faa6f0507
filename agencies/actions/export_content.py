"""What is in an export, sealed with a key of its own: the rows as they were read, what was seen of them, and the file?"""

from __future__ import annotations

import io
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.apps import apps
from django.db import models

from agencies.access import Viewer, masked_fields, shown_fields
from agencies.channels.lists import Chunk
from agencies.models import Agency, AgencyKey, ExportJob, ExportPiece
from refugeecm.core import crypto

PIECE = 2**20


@dataclass(frozen=True)
class Seen:
    """Rows of one model and owner in an export, and the fields that were seen of each, in full and masked."""

    model: str
    owner_id: int
    full: list[str]
    masked: list[str]
    ids: list[str]


def new_key(pk: uuid.UUID, agency: Agency) -> bytes:
    """Return a key for an export, wrapped by the agency's."""
    return crypto.seal(crypto.new_key(), key=_agency_key(agency), place=_key_place(pk))


def keep_chunk(job: ExportJob, seq: int, chunk: Chunk, viewer: Viewer) -> None:
    """Keep the lines of a chunk, and which fields of which rows the viewer saw for them."""
    key = _key(job)
    seen = [one for rows in chunk.shown for one in _seen(rows, viewer)]
    _keep(job, "rows", seq, orjson.dumps(chunk.lines), key)
    _keep(job, "seen", seq, orjson.dumps(seen), key)


def lines(job: ExportJob) -> Iterator[list[str]]:
    """Return the lines that were read."""
    for piece in _unsealed(job, "rows"):
        yield from orjson.loads(piece)


def owners(job: ExportJob) -> set[int]:
    """Return the ids of the agencies whose rows were read."""
    return {one.owner_id for one in _all_seen(job)}


def still_shown(job: ExportJob, viewer: Viewer) -> bool:
    """Answer whether the viewer may see every row today, and of each all that they saw when it was read.

    Not so when a consent was withdrawn, a file sealed, an emergency access over, a conflict of interest declared, a case handed over.
    """
    return all(_shown(one, viewer) == len(one.ids) for one in _all_seen(job))


def file(job: ExportJob) -> bytes:
    """Return the finished file."""
    return b"".join(_unsealed(job, "file"))


class Pieces(io.RawIOBase):
    """Keeps what is written in sealed pieces of a mebibyte; no more than one is in memory."""

    def __init__(self, job: ExportJob) -> None:
        self.job, self.key = job, _key(job)
        self.waiting, self.seq, self.size = bytearray(), 0, 0

    def writable(self) -> bool:
        """Say that it is."""
        return True

    def write(self, some: object) -> int:
        """Take some bytes; return how many."""
        given = bytes(some)  # type: ignore[call-overload]
        self.waiting += given
        while len(self.waiting) >= PIECE:
            self._keep(PIECE)
        return len(given)

    def finish(self) -> None:
        """Keep the rest."""
        self._keep(len(self.waiting))

    def _keep(self, length: int) -> None:
        _keep(self.job, "file", self.seq, bytes(self.waiting[:length]), self.key)
        del self.waiting[:length]
        self.seq, self.size = self.seq + 1, self.size + length


def _seen(rows: Sequence[models.Model], viewer: Viewer) -> list[Seen]:
    alike: dict[Any, list[str]] = defaultdict(list)
    for row in rows:
        owner: int = row.agency_id  # type: ignore[attr-defined]
        alike[row._meta.label, owner, shown_fields(row, viewer), masked_fields(row, viewer)].append(
            str(row.pk)
        )
    return [
        Seen(model, owner, sorted(full), sorted(masked), ids)
        for (model, owner, full, masked), ids in alike.items()
    ]


def _all_seen(job: ExportJob) -> Iterator[Seen]:
    for piece in _unsealed(job, "seen"):
        yield from (Seen(**one) for one in orjson.loads(piece))


def _shown(seen: Seen, viewer: Viewer) -> int:
    """Return how many of the rows the viewer sees today, with at least the fields of then."""
    model: Any = apps.get_model(seen.model)
    rows = model.objects.visible_to(viewer).filter(pk__in=seen.ids).only("agency")
    if seen.owner_id == viewer.agency_id:
        return int(rows.filter(agency_id=viewer.agency_id).count())
    if hasattr(rows, "with_shown_classes"):
        rows = rows.with_shown_classes(viewer)
    full, masked = set(seen.full), set(seen.masked)
    now = ((shown_fields(one, viewer), masked_fields(one, viewer)) for one in rows)
    return sum(full <= seen_now and masked <= seen_now | hinted for seen_now, hinted in now)


def _keep(job: ExportJob, part: str, seq: int, plain: bytes, key: bytes) -> None:
    sealed = crypto.seal(plain, key=key, place=_place(job, part, seq))
    ExportPiece.objects.create(agency_id=job.agency_id, job=job, part=part, seq=seq, sealed=sealed)


def _unsealed(job: ExportJob, part: str) -> Iterator[bytes]:
    key = _key(job)
    pieces = ExportPiece.objects.filter(job=job, part=part).order_by("seq")
    for one in pieces.iterator(chunk_size=8):
        yield crypto.unseal(one.sealed, key=key, place=_place(job, part, one.seq))


def _key(job: ExportJob) -> bytes:
    """Return the plain key of an export. Raises crypto.Unreadable once it was destroyed."""
    return crypto.unseal(job.key, key=_agency_key(job.agency), place=_key_place(job.pk))


def _agency_key(agency: Agency) -> crypto.Ring:
    return AgencyKey.objects.get(agency=agency).plain()


def _key_place(pk: uuid.UUID) -> str:
    return f"agencies_exportjob.key|{pk}"


def _place(job: ExportJob, part: str, seq: int) -> str:
    return f"agencies_exportpiece.sealed|{job.pk}|{part}|{seq}"
