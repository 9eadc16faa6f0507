"""Which fields of a visible row may a viewer see? One function, used by pages, API, exports and search alike."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.access.viewer import Viewer
from refugeecm.core.classes import FieldClass

FIELDS_HIDDEN = _("not shared")
ALL = frozenset(FieldClass) - {FieldClass.INTERNAL}


def shown_classes(row: models.Model, viewer: Viewer) -> frozenset[str]:
    """Return the classes that the viewer sees of this row: all of their own, of a shared one what live agreements name.

    A shared row must have been loaded with `.with_shown_classes(viewer)`; without it nothing but public codes is shown.
    """
    if row.agency_id == viewer.agency_id:  # type: ignore[attr-defined]
        return ALL
    return frozenset({FieldClass.C0, *(getattr(row, "shared_classes", None) or ())}) - {FieldClass.INTERNAL}


def shown_fields(row: models.Model, viewer: Viewer) -> frozenset[str]:
    """Return the names of the fields that the viewer sees of this row. A field without a class is never shown."""
    seen = shown_classes(row, viewer)
    declared: dict[str, FieldClass] = row.field_classes  # type: ignore[attr-defined]
    return frozenset(name for name, one in declared.items() if one in seen)


def present(row: models.Model, viewer: Viewer) -> dict[str, Any]:
    """Return {field name: value} of what the viewer may see of this row; what they may not see is not in it."""
    names = shown_fields(row, viewer)
    found: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        if field.name in names:
            found[field.name] = getattr(row, field.attname)
    return found
