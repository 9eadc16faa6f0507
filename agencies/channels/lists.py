"""Which lists can be taken out as a file, with which filters and columns? Every floor adds its own when it starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django import forms
from django.db import models
from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst

from agencies.access import FIELDS_HIDDEN, Permission, Viewer, present

SIZE = 1000  # rows of a chunk
LIMIT = 100_000  # rows of a file (trust.md T2: whoever takes more has a reason that is looked at)
Text = str | Promise


@dataclass(frozen=True)
class Chunk:
    """Some rows: the cells of each line, the rows themselves for the ledger (by model), where the next chunk begins."""

    lines: list[list[str]]
    shown: list[Sequence[models.Model]]
    after: str = ""  # empty when this was the last
    total: int = 0  # of all chunks, told with the first; stops counting above LIMIT


@dataclass(frozen=True)
class Listing:
    """A list: who may read it, how it is filtered, which columns it has, and how its next rows are read.

    `read(viewer, filters as the form cleaned them, after)` returns the chunk behind `after`, the first for an empty one. It asks
    `visible_to(viewer)` and `present` anew each time: an agreement may have ended since the last chunk.
    """

    name: str
    label: Text
    permission: Permission
    columns: Sequence[tuple[str, Text]]
    read: Callable[[Viewer, Mapping[str, Any], str], Chunk]
    shared: bool = True  # rows of other agencies are among them
    form: type[forms.Form] | None = None
    place: Callable[[Mapping[str, Sequence[str]]], str] | None = (
        None  # the list's path, when its name is not that of an address
    )

    @property
    def header(self) -> list[str]:
        """The heads of the columns in the current language."""
        return [capfirst(str(label)) for _name, label in self.columns]

    def filters(self, query: QueryDict) -> tuple[dict[str, Any], list[tuple[str, str]]] | None:
        """Return what the form makes of a list's address, and the filters in words; None for one that means nothing."""
        if self.form is None:
            return {}, []
        form = self.form(query)
        if not form.is_valid():
            return None
        return form.cleaned_data, [
            (str(one.label), _words(one.field, form.cleaned_data[one.name]))
            for one in form
            if form.cleaned_data[one.name] and not one.is_hidden
        ]

    def address(self, kept: Mapping[str, Sequence[str]]) -> str:
        """Return where the list stands, with its filters."""
        if self.place is not None:
            return self.place(kept)
        query = query_of(kept).urlencode()
        return reverse(self.name) + (f"?{query}" if query else "")

    def kept(self, query: QueryDict) -> dict[str, list[str]]:
        """Return the filters of a list's address, without what the form does not know and what is empty."""
        known = self.form.base_fields if self.form else {}
        return {name: query.getlist(name) for name in known if any(query.getlist(name))}


def _words(one: forms.Field, value: Any) -> str:
    choices = dict(one.choices) if isinstance(one, forms.ChoiceField) else {}  # type: ignore[arg-type]
    return str(choices.get(value, value))


LISTS: dict[str, Listing] = {}


def register(listing: Listing) -> None:
    """Make a list known; called when the app of its floor is ready."""
    LISTS[listing.name] = listing


def query_of(kept: Mapping[str, Sequence[str]]) -> QueryDict:
    """Return the query of a list's address from `Listing.kept`."""
    query = QueryDict(mutable=True)
    for name, values in kept.items():
        query.setlist(name, list(values))
    return query


@dataclass(frozen=True)
class Rows:
    """The rows of one chunk of a queryset."""

    rows: list[Any]
    after: str
    total: int = field(default=0)


def by_key(rows: models.QuerySet[Any], after: str) -> Rows:
    """Return the next rows of a queryset in the order of their keys: one statement a chunk, and a count with the first."""
    total = 0
    if after:
        rows = rows.filter(pk__gt=after)
    else:
        total = rows.order_by().values("pk")[: LIMIT + 1].count()
    found = list(rows.order_by("pk")[: SIZE + 1])
    more = len(found) > SIZE
    return Rows(found[:SIZE], str(found[SIZE - 1].pk) if more else "", total)


def line(row: models.Model, viewer: Viewer, names: Sequence[str], **words: Any) -> list[str]:
    """Return the cells of a row: what `present` shows the viewer, and "not shared" for the rest.

    An agency or another row that is named is written as its name; `words` says a field in another way. Both only where the field is
    shown in full.
    """
    seen = present(row, viewer)
    cells = []
    for name in names:
        if name not in seen:
            cells.append(str(FIELDS_HIDDEN))
            continue
        one: Any = row._meta.get_field(name)
        value = seen[name]
        if value == getattr(row, one.attname) and (name in words or one.is_relation):
            value = words[name] if name in words else getattr(row, name)
        elif one.choices:
            value = dict(one.flatchoices).get(value, value)
        cells.append(written(value))
    return cells


def written(value: Any) -> str:
    """Return a value as the text of a cell: days by ISO 8601, nothing for what is not known."""
    if value is None:
        return ""
    return (
        value.isoformat(timespec="minutes")
        if hasattr(value, "hour")
        else (value.isoformat() if isinstance(value, date) else str(value))
    )
