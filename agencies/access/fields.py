"""Which fields of a visible row may a viewer see? One function, used by pages, API, exports and search alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache, lru_cache
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agencies.access.terms import EDIT, MASKED
from agencies.access.viewer import Viewer
from refugeecm.core.classes import FieldClass

FIELDS_HIDDEN = _("not shared")


@lru_cache(maxsize=1024)
def _open(model: type[models.Model], grants: tuple[str, ...] | None) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names of the fields seen and of those seen masked; `grants` is None for one's own rows."""
    declared: dict[str, FieldClass] = model.field_classes  # type: ignore[attr-defined]
    if grants is None:
        return frozenset(one for one, cls in declared.items() if cls != FieldClass.INTERNAL), frozenset()
    public = {one for one, cls in declared.items() if cls == FieldClass.C0}
    seen = public | {one for one in grants if one in declared and declared[one] != FieldClass.INTERNAL}
    masked = {one[1:] for one in grants if one[:1] == MASKED and one[1:] in declared} - seen
    return frozenset(seen), frozenset(masked)


def _grants(row: models.Model, viewer: Viewer) -> tuple[str, ...] | None:
    if row.agency_id == viewer.agency_id:  # type: ignore[attr-defined]
        return None
    return tuple(sorted(getattr(row, "shared_grants", None) or ()))


def shown_fields(row: models.Model, viewer: Viewer) -> frozenset[str]:
    """Return the names of the fields that the viewer sees in full. A field without a class is never shown.

    A shared row must have been loaded with `.with_shown_classes(viewer)`; without it nothing but public codes is shown.
    """
    return _open(type(row), _grants(row, viewer))[0]


def masked_fields(row: models.Model, viewer: Viewer) -> frozenset[str]:
    """Return the names of the fields of which the viewer sees that they are filled, and a hint of with what."""
    return _open(type(row), _grants(row, viewer))[1]


def editable_fields(row: models.Model, viewer: Viewer) -> frozenset[str]:
    """Return the names of the fields that a viewer of another agency may change; of one's own rows actions decide."""
    return frozenset(one[1:] for one in _grants(row, viewer) or () if one[:1] == EDIT)


def shown_classes(row: models.Model, viewer: Viewer) -> frozenset[str]:
    """Return the classes of what the viewer sees of this row, masked or in full; the ledger of disclosures names them."""
    declared: dict[str, FieldClass] = row.field_classes  # type: ignore[attr-defined]
    seen, masked = _open(type(row), _grants(row, viewer))
    return frozenset({FieldClass.C0, *(declared[one] for one in seen | masked)})


@cache
def _labels(model: type[models.Model], name: str) -> dict[Any, str | Promise]:
    return dict(model._meta.get_field(name).flatchoices or ())  # type: ignore[union-attr]


def label(row: models.Model, name: str) -> Any:
    """Return a field as the screen says it: the name of a choice, else the value.

    As get_…_display, which makes all choices anew for each cell: a fifth of the time of a page of people.
    """
    value = getattr(row, name)
    return _labels(type(row), name).get(value, value)


def mask(value: Any) -> str:
    """Return a hint of a value: the year of a day, else the first letter of each word (the last two digits of a number).

    Whoever knows the person recognises it; whoever does not learns little.
    """
    if not value:
        return ""
    if isinstance(value, date):
        return str(value.year)
    text = str(value)
    if any(one.isdigit() for one in text):
        return "•••" + text[-2:] if len(text) > 5 else "•••"
    return " ".join(f"{word[0]}•••" for word in text.split())


class Sight:
    """One row as the viewer may see it; a row that they may not see at all shows nothing."""

    def __init__(self, row: models.Model | None, viewer: Viewer) -> None:
        self.row = row
        self.fields = shown_fields(row, viewer) if row is not None else frozenset()
        self.masked = masked_fields(row, viewer) if row is not None else frozenset()

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def sees(self, *names: str) -> bool:
        """Answer whether any of these fields is shown, in full or masked."""
        return not self.fields.isdisjoint(names) or not self.masked.isdisjoint(names)

    def __call__(self, name: str, read: Callable[[Any], Any] | None = None) -> Any:
        """Return the field as the screen says it, read from the row by `read` if given; "not shared" if it is not shown."""
        if self.row is None or not self.sees(name):
            return FIELDS_HIDDEN
        if read is None:
            value = label(self.row, name)
        else:
            value = read(self.row)
        return value if name in self.fields else mask(value)

    def text(self, name: str, value: str | Promise | None) -> str | Promise:
        """Return a text already made from a field, or its hint, or "not shared"."""
        if name in self.fields:
            return value or ""
        return mask(value) if name in self.masked else FIELDS_HIDDEN


def present(row: models.Model, viewer: Viewer) -> dict[str, Any]:
    """Return {field name: value} of what the viewer may see of this row; what they may not see is not in it."""
    seen, masked = shown_fields(row, viewer), masked_fields(row, viewer)
    found: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        if field.name in seen:
            found[field.name] = getattr(row, field.attname)
        elif field.name in masked and not isinstance(field, models.BinaryField):
            found[field.name] = mask(getattr(row, field.attname))
    return found
