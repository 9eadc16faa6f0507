"""Where is the table in this file, and what are its rows?

A table can be read twice from its start: once to learn the households, once to hand the rows on.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from registration.importers.refusals import Refusal
from registration.rules.columns import NAME_FIELDS, map_header

MAX_ROWS = 1_000_000
MAX_COLUMNS = 200
MAX_CELL = 2_000
HEADER_WITHIN = 10  # rows

Row = tuple[int, list[str]]

# What makes a spreadsheet program run a cell: a sign after any blanks or invisible marks (trust.md P27). An
# apostrophe in front disarms it; more apostrophes are counted too, so that one more can always be put on and
# taken off again.
GUARDED = re.compile("'+[\ufeff\\x00-\\x20\\x7f\\s]*[=+\\-@|%]")


class Header(NamedTuple):
    """The row with the column names: its number (from 1), its cells, and the field of each (None: unknown)."""

    row: int
    cells: list[str]
    columns: list[str | None]


class Table(Protocol):
    """A file's table: its header, where it was found, and its rows (any number of times)."""

    header: Header
    sheet: str | None
    encoding: str | None
    delimiter: str | None

    def raw_rows(self) -> Iterator[tuple[int, Sequence[str]]]:
        """All rows of the file with their numbers from 1, cells as text."""
        ...


def find_header(first_rows: Sequence[tuple[int, Sequence[str]]]) -> Header | None:
    """The row among the first ten that names most known columns, at least two of them."""
    best: Header | None = None
    known = 1
    for number, cells in first_rows[:HEADER_WITHIN]:
        names = [cell.strip() for cell in cells[: MAX_COLUMNS + 1]]
        while names and not names[-1]:
            names.pop()
        columns = map_header(names)
        count = sum(column is not None for column in columns)
        if count > known:
            best, known = Header(number, names, columns), count
    return best


def checked_header(first_rows: Sequence[tuple[int, Sequence[str]]]) -> Header:
    """The header, or Refusal: `no_header`, `no_names`, `too_many_columns`, `empty`."""
    if not any(any(cells) for _, cells in first_rows):
        raise Refusal("empty")
    header = find_header(first_rows)
    if header is None:
        if any(len(cells) > MAX_COLUMNS for _, cells in first_rows):
            raise Refusal("too_many_columns", MAX_COLUMNS)
        found = next(cells for _, cells in first_rows if any(cells))
        raise Refusal("no_header", _listed(found))
    if len(header.cells) > MAX_COLUMNS:
        raise Refusal("too_many_columns", MAX_COLUMNS)
    if not set(NAME_FIELDS) & set(header.columns):
        raise Refusal("no_names", _listed(header.cells))
    return header


def _listed(cells: Sequence[str]) -> str:
    return ", ".join(cell.strip()[:40] for cell in cells if cell.strip())[:400] or "-"


def rows_of(table: Table) -> Iterator[Row]:
    """The rows below the header, without blank rows and HXL tags: stripped cells, as many as the header has
    (more only where a row really holds more). Raises Refusal `too_many_rows`, `too_many_columns`,
    `cell_too_long`."""
    width = len(table.header.cells)
    count = 0
    for number, raw in table.raw_rows():
        if number <= table.header.row:
            continue
        cells = [cell.strip() for cell in raw]
        joined = "".join(cells)
        if not joined:
            continue
        if "'" in joined:
            cells = [unguarded(cell) if cell[:1] == "'" else cell for cell in cells]
        if number == table.header.row + 1 and all(cell.startswith("#") for cell in cells if cell):
            continue
        if len(cells) != width:
            _fit(cells, width)
        if len(joined) > MAX_CELL and max(map(len, cells)) > MAX_CELL:
            raise Refusal("cell_too_long", number)
        count += 1
        if count > MAX_ROWS:
            raise Refusal("too_many_rows", f"{MAX_ROWS:,}")
        yield number, cells


def _fit(cells: list[str], width: int) -> None:
    """Make a row as wide as the header, unless cells beyond it hold something."""
    cells += [""] * (width - len(cells))
    while len(cells) > width and not cells[-1]:
        cells.pop()
    if len(cells) > MAX_COLUMNS:
        raise Refusal("too_many_columns", MAX_COLUMNS)


def unguarded(cell: str) -> str:
    """The cell without the apostrophe that an error file (or a careful clerk) put before a sign."""
    return cell[1:] if GUARDED.match(cell) else cell
