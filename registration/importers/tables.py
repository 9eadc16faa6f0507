"""Where is the table in this file, and what are its rows?

A table can be read twice from its start: once to learn the households, once to hand the rows on.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, Protocol

from registration.importers.refusals import Refusal
from registration.rules.columns import NAME_FIELDS, map_header
from registration.rules.dates import UNCLEAR, order_of

MAX_ROWS = 1_000_000
MAX_COLUMNS = 200
MAX_CELL = 2_000
MAX_NAME = 200  # characters of a column's name that are kept
DATE_FIELDS = ("registration_date", "date_of_birth", "arrival_date")
HEADER_WITHIN = 10  # rows

Row = tuple[int, list[str]]

# What makes a spreadsheet program run a cell: a sign after any blanks or invisible marks (trust.md P27). An
# apostrophe in front disarms it; more apostrophes are counted too, so that one more can always be put on and
# taken off again.
GUARDED = re.compile("'+[\ufeff\\x00-\\x20\\x7f\\s]*[=+\\-@|%]")


class Wishes(NamedTuple):
    """What the sender of a file said about it; whatever is empty is found out.

    columns: the field of each column, or None, for a file with just this `header`. look: show the top of the table,
    whatever its columns are.
    """

    sheet: str = ""
    encoding: str = ""
    delimiter: str = ""
    header_row: int = 0
    header: Sequence[str] = ()
    columns: Sequence[str | None] = ()
    look: bool = False

    @classmethod
    def among(cls, said: Mapping[str, Any]) -> dict[str, Any]:
        """Return what of all that was said is a wish about the reading."""
        return {name: said[name] for name in cls._fields if name in said}


NO_WISHES = Wishes()


class Header(NamedTuple):
    """The row with the column names: its number (from 1), its cells, the field of each (None: unknown), and the last row that
    belongs to it: HXL tags, hints or a second row of names may follow."""

    row: int
    cells: list[str]
    columns: list[str | None]
    last: int


class Table(Protocol):
    """A file's table: its header, where it was found, and its rows (any number of times)."""

    header: Header
    sheet: str | None
    sheets: Sequence[str]
    encoding: str | None
    delimiter: str | None

    def raw_rows(self) -> Iterator[tuple[int, Sequence[str]]]:
        """All rows of the file with their numbers from 1, cells as text."""
        ...


def find_header(first_rows: Sequence[tuple[int, Sequence[str]]], least: int = 2) -> Header | None:
    """The row among the first ten that names most known columns, at least two of them, and what belongs to it. Where
    HXL tags know more than any row of names, the names are in the row above them."""
    rows = [(number, _names(cells)) for number, cells in first_rows[:HEADER_WITHIN]]
    best, known = -1, least - 1
    for place, (_number, names) in enumerate(rows):
        count = _known(map_header(names))
        if count > known:
            best, known = place, count
    if best < 0:
        return None
    return _header(rows[_above(rows, best) :])


def _above(rows: Sequence[tuple[int, list[str]]], place: int) -> int:
    """The row of names that belongs to this one: itself, unless it holds tags and names stand above it."""
    named = [at for at in range(place) if any(rows[at][1])] if _is_tags(rows[place][1]) else []
    return named[-1] if named else place


def _header(rows: Sequence[tuple[int, list[str]]]) -> Header:
    """The header that begins with the first of these rows."""
    (number, names), *others = rows
    below: list[str] = []
    last = number
    for follows, cells in others:
        if _belongs(cells):
            below, last = below or cells, follows
        elif any(cells):
            break
    names = names + [""] * (len(below) - len(names))
    return Header(number, names, map_header(names, below), last)


def _names(cells: Sequence[str]) -> list[str]:
    names = [cell.replace("\x00", "").strip()[:MAX_NAME] for cell in cells[: MAX_COLUMNS + 1]]
    while names and not names[-1]:
        names.pop()
    return names


def _known(columns: Sequence[str | None]) -> int:
    return sum(column is not None for column in columns)


def _is_tags(names: Sequence[str]) -> bool:
    return any(names) and all(name.startswith("#") for name in names if name)


def _belongs(names: Sequence[str]) -> bool:
    """Whether a row below the names is HXL tags, hints in brackets as in our template, or the names in other words."""
    given = [name for name in names if name]
    if not given:
        return False
    hints = all(name[0] == "(" and name[-1] == ")" for name in given)
    return _is_tags(given) or hints or (len(given) > 1 and 2 * _known(map_header(given)) > len(given))


def checked_header(first_rows: Sequence[tuple[int, Sequence[str]]], wishes: Wishes = NO_WISHES) -> Header:
    """The header, or Refusal: `no_header`, `no_names`, `too_many_columns`, `empty`."""
    if not any(any(cells) for _, cells in first_rows):
        raise Refusal("empty")
    header = _wished(first_rows, wishes) or find_header(first_rows)
    if header is None and wishes.look:
        header = _likely(first_rows)
    if header is None:
        if any(len(cells) > MAX_COLUMNS for _, cells in first_rows):
            raise Refusal("too_many_columns", MAX_COLUMNS)
        found = next(cells for _, cells in first_rows if any(cells))
        raise Refusal("no_header", _listed(found))
    if len(header.cells) > MAX_COLUMNS:
        raise Refusal("too_many_columns", MAX_COLUMNS)
    if not wishes.look and not set(NAME_FIELDS) & set(header.columns):
        raise Refusal("no_names", _listed(header.cells))
    return header


def _wished(first_rows: Sequence[tuple[int, Sequence[str]]], wishes: Wishes) -> Header | None:
    """The header that the sender named, with the fields chosen for it."""
    rows = [(number, _names(cells)) for number, cells in first_rows if number >= wishes.header_row]
    if not wishes.header_row or not rows or not any(rows[0][1]):
        return None
    header = _header(rows)
    if list(wishes.header) == header.cells and len(wishes.columns) == len(header.cells):
        return header._replace(columns=list(wishes.columns))
    return header


def _likely(first_rows: Sequence[tuple[int, Sequence[str]]]) -> Header | None:
    """The row that looks most like a header although it names nothing known: above tags, or the first with nearly as many
    cells as any."""
    rows = [(number, _names(cells)) for number, cells in first_rows]
    filled = [sum(map(bool, names)) for _number, names in rows]
    tags = [place for place, (_number, names) in enumerate(rows) if _is_tags(names) and filled[place] > 1]
    enough = [place for place, count in enumerate(filled) if count > 1 and count >= 0.8 * max(filled)]
    if not enough or not any(filled[enough[0] + 1 :]):
        return None
    return _header(rows[_above(rows, tags[0]) if tags else enough[0] :])


def date_orders(table: Table) -> dict[str, str]:
    """For each column with dates in numbers, the year last: DAY_FIRST, MONTH_FIRST or UNCLEAR, decided over the whole column.
    What the other columns agree on is taken for one that does not tell. A list whose first thousand rows have no such date is
    not searched for one."""
    columns = table.header.columns
    places = {field: columns.index(field) for field in DATE_FIELDS if field in columns}
    if not any(_year_last(islice(table.raw_rows(), 1_000), table.header.last, places).values()):
        return {}
    texts = _year_last(table.raw_rows(), table.header.last, places)
    orders = {field: order for field, found in texts.items() if (order := order_of(found))}
    told = set(orders.values()) - {UNCLEAR}
    common = told.pop() if len(told) == 1 else UNCLEAR
    return {field: common if order == UNCLEAR else order for field, order in orders.items()}


def _year_last(
    rows: Iterable[tuple[int, Sequence[str]]], last: int, places: Mapping[str, int]
) -> dict[str, set[str]]:
    """The different texts of each of these columns that do not begin with a year."""
    texts: dict[str, set[str]] = {field: set() for field in places}
    for number, cells in rows:
        if number > last:
            for field, place in places.items():
                if place < len(cells) and not (cell := cells[place])[:4].isdecimal() and cell:
                    texts[field].add(cell)
    return texts


def _listed(cells: Sequence[str]) -> str:
    return ", ".join(cell.strip()[:40] for cell in cells if cell.strip())[:400] or "-"


def rows_of(table: Table) -> Iterator[Row]:
    """The rows below the header, without blank rows: stripped cells, as many as the header has
    (more only where a row really holds more). Raises Refusal `too_many_rows`, `too_many_columns`,
    `cell_too_long`."""
    width = len(table.header.cells)
    count = 0
    for number, raw in table.raw_rows():
        if number <= table.header.last:
            continue
        cells = [cell.strip() for cell in raw]
        joined = "".join(cells)
        if not joined:
            continue
        if "'" in joined:
            cells = [unguarded(cell) if cell[:1] == "'" else cell for cell in cells]
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
