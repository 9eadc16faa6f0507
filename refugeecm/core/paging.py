"""Which rows does a page of a list show, without ever counting a million?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)
LIMIT = 1000
COUNTED = 250  # of a list that is found by a function: counting far costs more than the page itself


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows of one page for ui/pagination.html; `total` is None above `limit`."""

    rows: list[Row]
    number: int
    size: int
    has_next: bool
    total: int | None
    limit: int = LIMIT

    @property
    def has_previous(self) -> bool:
        """Say whether a page lies before this one."""
        return self.number > 1

    @property
    def previous(self) -> int:
        """Return the number of the page before."""
        return self.number - 1

    @property
    def next(self) -> int:
        """Return the number of the page after."""
        return self.number + 1

    @property
    def start(self) -> int:
        """Return the position of the first row, from 1; 0 on an empty page."""
        return (self.number - 1) * self.size + 1 if self.rows else 0

    @property
    def end(self) -> int:
        """Return the position of the last row."""
        return (self.number - 1) * self.size + len(self.rows)


def reach(number: str | int | None, *, size: int = 25) -> int:
    """Return how many keys page_among needs for page `number`: those up to its end, or COUNTED, and one more."""
    return max(_number(number, LIMIT // size) * size, COUNTED) + 1


def page_among(
    rows: "QuerySet[Row, Any]", ids: Sequence[UUID], *, number: str | int | None, size: int = 25
) -> "Page[Row]":
    """Return page `number` of a list whose keys are known, newest first: those that `reach` asks for; more are not counted.

    One statement for the rows of the page; those that `rows` does not hold are left out.
    """
    wanted = _number(number, LIMIT // size)
    start, limit = (wanted - 1) * size, reach(wanted, size=size) - 1
    shown = ids[start : start + size]
    found = list(rows.filter(pk__in=shown).order_by("-pk")) if shown else []
    more = len(ids) > start + size and wanted < LIMIT // size
    total = len(ids) if len(ids) <= limit else None
    return Page(rows=found, number=wanted, size=size, has_next=more, total=total, limit=limit)


def _number(number: str | int | None, last: int) -> int:
    text = str(number or "")
    return min(max(int(text), 1), last) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def page_of(rows: "QuerySet[Row, Any]", *, number: str | int | None, size: int = 25) -> "Page[Row]":
    """Return page `number` (from the query string; nonsense means 1) of an ordered queryset.

    Two statements: size + 1 rows, and a count that stops after LIMIT. Pages end at LIMIT rows.
    """
    last = LIMIT // size
    wanted = _number(number, last)
    start = (wanted - 1) * size
    found = list(rows[start : start + size + 1])
    more = len(found) > size
    total: int | None = start + len(found)
    if more or (start and not found):
        total = rows.order_by()[: LIMIT + 1].count()
        total = None if total > LIMIT else total
    return Page(rows=found[:size], number=wanted, size=size, has_next=more and wanted < last, total=total)
