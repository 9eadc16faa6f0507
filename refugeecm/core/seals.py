"""Has anybody, a database administrator included, changed what was written about what happened? Seals answer.

Every ten minutes what was written since (events, reads, row history) becomes one batch: a Merkle root as in RFC 6962 (leaves and nodes
have different prefixes), chained to the batch before, signed with Ed25519 (trust.md 3.2, P20). Partners hold the signed heads: whoever
owns this database can write it anew, but not what others have been given.

Every row knows its position, the number of the transaction that wrote it. A batch ends below the oldest transaction that is still
running: nothing can come later below that, so a late commit is never missed (decision 15).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.db import connection, transaction

from refugeecm.core import blanking, crypto, events
from refugeecm.core.ids import of_number, uuid7
from refugeecm.core.models import Event, Seal, SealCheck, SealedRows
from refugeecm.core.positions import END, Shape, newest_of, written_down

MADE = events.declare("core.seal.made", "What was written since the last seal was sealed.")
BROKEN = events.declare("core.seal.broken", "A check of the seals found something that was changed.")
BLANKED = events.declare(
    "core.history.blanked",
    "Lines of the history were blanked by an erasure; their seals hold by what is noted beside.",
)
LOCK = blanking.LOCK
BEGINNING = -(2**62)
KEY, LEAF = 16, 32  # bytes of a row's key and of its leaf in SealedRows.packed
AT_ONCE = 200_000  # rows that a check holds in memory
NAMED = 50  # problems of one check that are kept


class NotPrepared(Exception):
    """The database was restored or changed, and `migrate` has not brought the seals up to it since."""


# ---- trees and signatures


def merkle(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes as in RFC 6962, section 2.1: node = SHA-256(0x01, left, right); an odd one moves up."""
    level = list(leaves)
    if not level:
        return hashlib.sha256(b"").digest()
    sha256 = hashlib.sha256
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        level = [
            sha256(b"\x01" + level[n] + level[n + 1]).digest() for n in range(0, len(level) - 1, 2)
        ] + odd
    return level[0]


def head(seal: Seal) -> bytes:
    """Return what is signed: lines of text, so that a partner can write the same and verify it with any tool."""
    lines = [
        "refugeecm seal 1",
        str(seal.number),
        seal.made_at.astimezone(UTC).isoformat(timespec="microseconds"),
        f"{seal.low} {seal.upto} {seal.rows}",
        " ".join(str(one) for one in seal.shapes),
        bytes(seal.root).hex(),
        bytes(seal.previous).hex(),
    ]
    return "\n".join(lines).encode()


def head_hash(seal: Seal) -> str:
    """Return the SHA-256 of a head as hexadecimal text: what the next seal and partners refer to."""
    return hashlib.sha256(head(seal)).hexdigest()


def _private() -> dict[int, Ed25519PrivateKey]:
    """Return the signing keys by number, the one that signs first; number 0 is derived from the blind-index key."""
    secrets = {int(number): key for number, key in settings.SEAL_KEYS.items()}
    secrets.setdefault(0, crypto.derived("seals"))
    return {number: Ed25519PrivateKey.from_private_bytes(key) for number, key in secrets.items()}


def public_keys() -> dict[int, bytes]:
    """Return the 32 bytes of each public key, by number."""
    return {number: key.public_key().public_bytes_raw() for number, key in _private().items()}


def _signed(seal: Seal, keys: Mapping[int, bytes]) -> bool:
    if seal.key not in keys:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(keys[seal.key]).verify(bytes(seal.signature), head(seal))
    except InvalidSignature:
        return False
    return True


# ---- sealing


# The oldest transaction that may still write here; those of other databases of the server cannot, however long they stay open.
_OLDEST_OPEN = """SELECT coalesce((SELECT x FROM pg_snapshot_xip(pg_current_snapshot()) AS x
    WHERE mod(x::text::numeric, 4294967296)::bigint NOT IN (SELECT l.transactionid::text::bigint
        FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' AND l.granted AND a.datname <> current_database())
    ORDER BY x LIMIT 1), pg_snapshot_xmax(pg_current_snapshot()))"""


def seal(*, now: datetime) -> Seal | None:
    """Seal what was written since the last seal; return the seal, or None if there is nothing or another worker is at it.

    Raises NotPrepared after a restore without `migrate`, for then positions would be taken twice.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_try_advisory_xact_lock(%s), core_xact(({_OLDEST_OPEN}))", [LOCK])
        alone, upto = cursor.fetchone()
        last = Seal.objects.order_by("-number").first()
        low = last.upto if last else BEGINNING
        if alone and upto < low:
            raise NotPrepared("Run ./manage.py migrate: this database was restored from another server.")
        current = newest_of(written_down())
        leaves = {one.id: _leaves(one.id, [low, upto]) for one in current} if alone else {}
        if any(-1 in one for one in leaves.values()):
            raise NotPrepared("Run ./manage.py migrate, whole: a table has lost a column that is sealed.")
        found = {shape: one.get(1, b"") for shape, one in leaves.items()}
        rows = sum(map(len, found.values())) // (KEY + LEAF)
        if not rows or (rows == 1 and _only_the_last_seal(found)):
            return None
        key, number = next(iter(_private())), last.number + 1 if last else 1
        made = Seal(
            id=uuid7(now, ordinal=number),
            number=number,
            made_at=now,
            low=low,
            upto=upto,
            rows=rows,
            shapes=[one.id for one in current],
            root=merkle(_split(found[one.id] for one in current)),
            previous=hashlib.sha256(head(last)).digest() if last else bytes(LEAF),
            key=key,
        )
        made.signature = _private()[key].sign(head(made))
        made.save(force_insert=True)
        SealedRows.objects.bulk_create(
            [SealedRows(seal=made, shape=shape, packed=packed) for shape, packed in found.items() if packed]
        )
        events.record(
            MADE, subject_type="seal", subjects=[made.pk], agency_id=None, by=None, now=now, details=told(made)
        )  # fmt: skip
        return made


def told(seal: Seal) -> dict[str, Any]:
    """Return what partners are given of a seal: enough to verify the signature, and to hold us to it later."""
    return {
        "number": seal.number,
        "head": head(seal).decode(),
        "hash": head_hash(seal),
        "key": seal.key,
        "signature": bytes(seal.signature).hex(),
    }


def _only_the_last_seal(found: Mapping[int, bytes]) -> bool:
    """Answer whether the one new row is the event of the seal before: a quiet night needs no seals of seals."""
    key = next(packed for packed in found.values() if packed)[:KEY]
    return Event.objects.filter(pk=UUID(bytes=key), name=MADE).exists()


def _leaves(shape: int, bounds: Sequence[int]) -> dict[int, bytes]:
    """Return {place in bounds, from 1: packed keys and leaves} of the rows between the bounds as they are now.

    Place -1 says that a column is gone.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '10min'")  # a batch is as large as what happened
        cursor.execute("SELECT place, packed FROM core_seal_leaves(%s, %s::bigint[])", [shape, list(bounds)])
        return {place: bytes(packed) for place, packed in cursor.fetchall()}


def _split(packed: Iterable[bytes]) -> list[bytes]:
    step = KEY + LEAF
    return [one[n + KEY : n + step] for one in packed for n in range(0, len(one), step)]


# ---- checking


@dataclass(frozen=True)
class Problem:
    """What does not fit: the seal's number, what happened, and where it can be told the table and the key of the row."""

    seal: int
    what: str  # seal removed, seal changed, row changed, row removed, row added, list changed
    table: str = ""
    row: str = ""


@dataclass
class Verdict:
    """What a check found; `problems` are in the order of seals."""

    first: int
    last: int
    rows: int = 0
    problems: list[Problem] = field(default_factory=list)


def verify(*, first: int = 1, last: int | None = None, heads: Mapping[int, str] | None = None) -> Verdict:
    """Check the seals `first` to `last` (all), and every row they cover. Needs no context: only hashes are read.

    `heads` are {number: head_hash} that partners hold. Only by them is it found that the newest seals were removed with all
    that they cover, or that the whole chain was signed anew.
    """
    newest = Seal.objects.order_by("-number").values_list("number", flat=True).first() or 0
    expected = max([newest if last is None else last, *(heads or {}), *_announced(last)])
    verdict = Verdict(first, expected)
    shapes, keys = written_down(), public_keys()
    before = Seal.objects.filter(number=first - 1).first()
    number, span = first, list[Seal]()
    for one in Seal.objects.filter(number__range=(first, expected)).order_by("number").iterator(500):
        verdict.problems += [Problem(gone, "seal removed") for gone in range(number, one.number)][:NAMED]
        chained = before is None or before.number != one.number - 1 or _follows(one, before)
        given = (heads or {}).get(one.number, head_hash(one))
        sound = _signed(one, keys) and chained and given == head_hash(one)
        sound = sound and (one.number > 1 or one.low == BEGINNING)
        if not sound:
            verdict.problems.append(Problem(one.number, "seal changed"))
        if span and (not sound or _full(span, one)):
            _check_rows(span, shapes, verdict)
            span = []
        span += [one] if sound else []
        number, before = one.number + 1, one
    if span:
        _check_rows(span, shapes, verdict)
    verdict.problems += [Problem(gone, "seal removed") for gone in range(number, expected + 1)][:NAMED]
    if last is None:
        verdict.problems += _ahead(shapes, expected)
    verdict.problems.sort(key=lambda one: one.seal)
    return verdict


def _announced(last: int | None) -> list[int]:
    """Return the number of the newest seal that an event tells of."""
    told_of = Event.objects.filter(agency_id=None, name=MADE).order_by("-at", "-id").first()
    return [int(told_of.details["number"])] if told_of and last is None else []


def _follows(one: Seal, before: Seal) -> bool:
    return bytes(one.previous) == hashlib.sha256(head(before)).digest() and one.low == before.upto


def _full(span: Sequence[Seal], one: Seal) -> bool:
    end = span[-1]
    return (
        end.upto != one.low
        or end.shapes != one.shapes
        or sum(s.rows for s in span) + one.rows > AT_ONCE
        or len(span) > 499
    )


def _check_rows(span: Sequence[Seal], shapes: Mapping[int, Shape], verdict: Verdict) -> None:
    """Read all rows of consecutive seals at once and compare each batch with its root."""
    bounds = [span[0].low, *(one.upto for one in span)]
    sealed = span[0].shapes
    known = {shapes[one].table for one in sealed if one in shapes}
    later = [
        one.id for one in newest_of(shapes) if one.table not in known
    ]  # tables of which nothing was sealed then
    found = {shape: _leaves(shape, bounds) for shape in (*sealed, *later)}
    lists: dict[tuple[Any, int], bytes] = {
        (one.seal_id, one.shape): bytes(one.packed) for one in SealedRows.objects.filter(seal__in=span)
    }
    for place, one in enumerate(span, start=1):
        now = {shape: found[shape].get(place, b"") for shape in (*sealed, *later)}
        listed = {shape: lists.get((one.pk, shape), b"") for shape in sealed}
        verdict.rows += sum(map(len, now.values())) // (KEY + LEAF)
        if now == {**listed, **dict.fromkeys(later, b"")}:
            if merkle(_split(now[shape] for shape in sealed)) != bytes(one.root):
                verdict.problems.append(Problem(one.number, "row changed"))  # and the list with it
        elif merkle(_split(listed[shape] for shape in sealed)) == bytes(one.root):
            verdict.problems += list(_differences(one.number, listed, now, shapes))[:NAMED]
        else:  # the rows may still be those that were sealed
            intact = merkle(_split(now[shape] for shape in sealed)) == bytes(one.root)
            verdict.problems.append(Problem(one.number, "list changed" if intact else "row changed"))


def _differences(
    number: int, listed: Mapping[int, bytes], now: Mapping[int, bytes], shapes: Mapping[int, Shape]
) -> Iterator[Problem]:
    for shape, packed in now.items():
        was, became = _by_key(listed.get(shape, b"")), _by_key(packed)
        table = shapes[shape].table if shape in shapes else ""
        for key in sorted(was.keys() | became.keys()):
            if was.get(key) != became.get(key):
                what = (
                    "row added" if key not in was else "row removed" if key not in became else "row changed"
                )
                yield Problem(number, what, table, key)


def _by_key(packed: bytes) -> dict[str, bytes]:
    """Return {key: leaves}; a key as it is written (a whole number, or a UUID)."""
    found: dict[str, bytes] = {}
    for n in range(0, len(packed), KEY + LEAF):
        key = packed[n : n + KEY]
        name = str(int.from_bytes(key, "big")) if not any(key[:8]) else str(UUID(bytes=key))
        found[name] = found.get(name, b"") + packed[n + KEY : n + KEY + LEAF]
    return found


def _ahead(shapes: Mapping[int, Shape], last: int) -> Iterator[Problem]:
    """Yield rows that claim a transaction which has not begun yet: they would never be sealed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT core_xact(pg_snapshot_xmax(pg_current_snapshot()))")
        ahead = cursor.fetchone()[0]
    for shape in newest_of(shapes):
        for packed in _leaves(shape.id, [ahead, END]).values():
            yield from (
                Problem(last + 1, "row added", shape.table, key) for key in list(_by_key(packed))[:NAMED]
            )


def first_since(moment: datetime) -> int:
    """Return the number of the first seal made since; 1 if there is none."""
    made = Seal.objects.filter(made_at__gte=moment).order_by("number").only("number").first()
    return made.number if made else 1


def check(*, now: datetime, first: int = 1) -> SealCheck | None:
    """Check the seals from `first` on and keep the result for the page; a finding is an event. None if there are none."""
    verdict = verify(first=first)
    if not verdict.last:
        return None
    with transaction.atomic():
        made = SealCheck.objects.create(
            at=now, first=first, last=verdict.last, rows=verdict.rows,
            problems=[asdict(one) for one in verdict.problems[:NAMED]],
        )  # fmt: skip
        # Checks run every hour: each batch is told of once. 0 stands for rows that no batch will ever cover.
        broken = {one.seal if one.seal <= verdict.last else 0 for one in verdict.problems}
        before = Event.objects.filter(agency_id=None, name=BROKEN).values_list("details__seals", flat=True)
        if fresh := sorted(broken.difference(*(one or () for one in before))):
            events.record(
                BROKEN, subject_type="seal", subjects=[of_number(fresh[0])], agency_id=None, by=None, now=now,
                details={"seals": fresh, "problems": len(verdict.problems)},
            )  # fmt: skip
    return made
