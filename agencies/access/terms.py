"""Which fields does an agreement open, and how far? Its matrix, spelled out field by field on the day it is drawn up.

The matrix has three kinds of keys, the narrower one wins: a class ("C2"), a class of one kind of record ("cases.claim/C1"), and a
group of fields of one kind of record ("registration.individual.name"). Its values are levels (agencies.enums.FieldLevel).
What is spelled out is stored (`Agreement.grants`): a field that the software gains later is in no agreement of before.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.db import models

from agencies.enums import FieldLevel
from refugeecm.core.classes import FieldClass

MASKED, EDIT = "~", "+"  # before a field's name in what is spelled out; a name alone is seen
_NEVER = {FieldClass.C0, FieldClass.INTERNAL}  # seen by everybody who sees the row, or by nobody


@lru_cache(maxsize=1)
def kinds() -> dict[str, type[models.Model]]:
    """Return {"cases.claim": Claim, …}: the kinds of records that agreements share, which say so by `shared_as`."""
    return {one._meta.label_lower: one for one in apps.get_models() if hasattr(one, "shared_as")}


@lru_cache(maxsize=32)
def groups_of(model: type[models.Model]) -> dict[str, tuple[str, ...]]:
    """Return {group: names of its fields}: those that a model declares (`field_groups`), and each other field alone.

    Parts that are shown as one text (a name, a date with its precision) are shared together or not at all.
    """
    declared: dict[str, str] = getattr(model, "field_groups", {})
    grouped = {name: tuple(fields.split()) for name, fields in declared.items()}
    inside = {field for fields in grouped.values() for field in fields}
    classes: dict[str, FieldClass] = model.field_classes  # type: ignore[attr-defined]
    alone = {name: (name,) for name, one in classes.items() if name not in inside and one not in _NEVER}
    return grouped | alone


def class_of(model: type[models.Model], group: str) -> FieldClass:
    """Return the class of a group's fields; they all have the same (a test of the house holds them to it)."""
    classes: dict[str, FieldClass] = model.field_classes  # type: ignore[attr-defined]
    return classes[groups_of(model)[group][0]]


def level_of(matrix: Mapping[str, str], model: type[models.Model], group: str) -> FieldLevel:
    """Return how far a matrix opens a group of fields of a kind of record."""
    label, one = model._meta.label_lower, class_of(model, group)
    for key in (f"{label}.{group}", f"{label}/{one}", str(one)):
        if key in matrix:
            found = FieldLevel(matrix[key])
            editable = group in getattr(model, "partners_edit", ())
            return FieldLevel.SEE if found == FieldLevel.EDIT and not editable else found
    return FieldLevel.NONE


def spelled_out(matrix: Mapping[str, str]) -> dict[str, list[str]]:
    """Return {kind of record: names of fields}, a masked one as "~name", one that may be edited as "name" and "+name".

    Raises ValueError for a key that names no class, kind or group of fields.
    """
    known = {str(one) for one in FieldClass if one not in _NEVER}
    known |= {f"{label}/{one}" for label in kinds() for one in known}
    known |= {f"{label}.{group}" for label, model in kinds().items() for group in groups_of(model)}
    if strange := sorted(set(matrix) - known):
        raise ValueError(f"No class, kind or group of fields: {', '.join(strange)}")
    found: dict[str, list[str]] = {}
    for label, model in kinds().items():
        names: list[str] = []
        for group, fields in groups_of(model).items():
            level = level_of(matrix, model, group)
            if level in {FieldLevel.SEE, FieldLevel.EDIT}:
                names += fields
            if level in {FieldLevel.MASKED, FieldLevel.EDIT}:
                names += [(MASKED if level == FieldLevel.MASKED else EDIT) + name for name in fields]
        found[label] = sorted(names)
    return found


def classes_in(grants: Mapping[str, Any]) -> list[str]:
    """Return the classes of which an agreement opens anything, in order."""
    found = {
        kinds()[label].field_classes[name.lstrip(MASKED + EDIT)]  # type: ignore[attr-defined]
        for label, names in grants.items()
        for name in names
    }
    return sorted(str(one) for one in found)
