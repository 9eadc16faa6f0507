"""Which rows are read together? About a thousand at a time, and a household never in two chunks."""

from collections.abc import Iterator
from typing import NamedTuple

from registration.importers.refusals import Refusal
from registration.importers.tables import Row, Table, rows_of, unguarded

CHUNK = 1_000  # rows
MAX_HOUSEHOLD = 2_000  # rows


class Chunk(NamedTuple):
    """Complete households: each one's rows stand together, in the order of the file."""

    rows: list[Row]
    households: int


def chunks_of(table: Table) -> Iterator[Chunk]:
    """The table's rows in chunks, the same ones for the same bytes. The first pass finds households whose
    rows are scattered; in the second these wait until they are complete, the others flow. Rows without a
    reference are households of their own."""
    at = table.header.columns.index("household_id") if "household_id" in table.header.columns else None
    last_row = {} if at is None else _scattered(table, at)
    waiting: dict[str, list[Row]] = {}
    pending: list[Row] = []
    households = 0
    for household in _runs(table, at):
        ref = household[0][1][at] if at is not None else ""
        if ref in last_row:
            held = waiting.setdefault(ref, [])
            held += household
            if household[-1][0] < last_row[ref]:
                if len(held) > MAX_HOUSEHOLD:
                    raise Refusal("household_too_large", ref)
                continue
            household = waiting.pop(ref)
        if len(household) > MAX_HOUSEHOLD:
            raise Refusal("household_too_large", ref)
        if pending and len(pending) + len(household) > CHUNK:
            yield Chunk(pending, households)
            pending, households = [], 0
        pending += household
        households += 1
    if pending:
        yield Chunk(pending, households)


def _runs(table: Table, at: int | None) -> Iterator[list[Row]]:
    """Rows that stand together and share a household reference."""
    run: list[Row] = []
    current = ""
    for row in rows_of(table):
        ref = row[1][at] if at is not None else ""
        if run and (not ref or ref != current or len(run) > MAX_HOUSEHOLD):
            yield run
            run = []
        run.append(row)
        current = ref
    if run:
        yield run


def _scattered(table: Table, at: int) -> dict[str, int]:
    """For each household that appears in more than one place: the number of its last row. Households seen are
    kept as hashes, which is small; two with one hash are only held longer than needed."""
    seen: set[int] = set()
    last_row: dict[str, int] = {}
    current = ""
    for number, cells in table.raw_rows():
        ref = unguarded(cells[at].strip()) if at < len(cells) and number > table.header.last else ""
        if ref == current:
            if ref in last_row:
                last_row[ref] = number
            continue
        current = ref
        if ref and hash(ref) in seen:
            last_row[ref] = number
        else:
            seen.add(hash(ref))
    return last_row
