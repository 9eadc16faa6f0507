"""What would a partner see of a family under these terms? Asked of the same function that shows real pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agencies.access.fields import FIELDS_HIDDEN, Sight
from agencies.access.terms import class_of, groups_of, kinds, level_of, spelled_out
from agencies.access.viewer import Viewer
from agencies.enums import FieldLevel
from agencies.models import Agency
from refugeecm.core.classes import FieldClass
from refugeecm.core.templatetags.ui import fmt_date
from refugeecm.core.words import headed

Text = str | Promise
# Columns that bind records together: no line of their own in a table of fields. They go with whatever C1 is shown of a record.
BINDING = frozenset({"id", "agency", "version", "individual", "household", "event", "number_index"})
_WORDS: dict[str, Text] = {
    "name": _("Name"),
    "birth": _("Date of birth"),
    "document": _("Kind and number"),
    "proposal": _("Decision as proposed"),
    "protection": _("Country and status there"),
    "opened_by": _("Opened by"),
    "opened_at": _("Opened at"),
}

# An invented mother and her child, for whoever draws up an agreement: {group of fields: what stands there}.
SAMPLE: tuple[tuple[str, Text, dict[str, Any]], ...] = (
    (
        "registration.household",
        _("The household"),
        {"number": "BORDER-H-000000", "arrived_on": date(2026, 2, 18), "size": "2"},
    ),
    (
        "registration.individual",
        _("The mother"),
        {
            "number": "BORDER-I-000001",
            "name": "Samira Idris Haroun",
            "mother_name": "Zahra Adam",
            "sex": _("Female"),
            "birth": date(1992, 4, 11),
            "birth_place": "El Geneina",
            "nationality": _("Sudan"),
            "marital_status": _("Married"),
            "relationship": _("Focal point of the household"),
            "phone": "+235 66 00 00 01",
            "site": "Adre",
            "legal_status": _("Asylum-seeker"),
            "process_status": _("Active"),
            "source_ref": "R-0001",
            "registered_on": date(2026, 2, 20),
        },
    ),
    (
        "registration.individual",
        _("Her son"),
        {
            "number": "BORDER-I-000002",
            "name": "Yahya Haroun",
            "mother_name": "Samira Idris",
            "sex": _("Male"),
            "birth": date(2017, 9, 2),
            "nationality": _("Sudan"),
            "relationship": _("Child"),
            "legal_status": _("Asylum-seeker"),
            "process_status": _("Active"),
            "registered_on": date(2026, 2, 20),
        },
    ),
    ("registration.document", _("Her passport"), {"document": "P00000001"}),
    (
        "cases.claim",
        _("Her claim"),
        {
            "number": "BORDER-C-000001",
            "status": _("In examination"),
            "status_since": date(2026, 3, 1),
            "outcome": "",
            "made_on": date(2026, 2, 25),
            "opened_at": date(2026, 2, 25),
            "proposal": _("Refugee status"),
        },
    ),
)


@dataclass(frozen=True)
class Record:
    """One record of the family: lines of (words, value, level)."""

    title: Text
    lines: list[tuple[Text, Any, str]]


def rows_of(model: type[models.Model]) -> list[str]:
    """Return the groups of fields of a kind of record that an agreement names one by one."""
    return [group for group in groups_of(model) if group not in BINDING]


def words_of(model: type[models.Model], group: str) -> Text:
    """Return what a group of fields is called."""
    if group in _WORDS:
        return _WORDS[group]
    return headed(model._meta.get_field(group))


def field_by_field(levels: Mapping[str, str]) -> dict[str, str]:
    """Return the matrix of levels chosen line by line ({"registration.individual.name": "see"}), with what binds the records.

    Whatever was chosen for no line is not shown; a field that the software gains later is not either.
    """
    matrix = {key: level for key, level in levels.items() if level != FieldLevel.NONE}
    for label, model in kinds().items():
        if any(f"{label}.{group}" in matrix for group in rows_of(model)):
            bound = [
                one for one in groups_of(model) if one in BINDING and class_of(model, one) == FieldClass.C1
            ]
            matrix |= {f"{label}.{one}": str(FieldLevel.SEE) for one in bound}
    return matrix


def preview(
    matrix: Mapping[str, str], family: Iterable[tuple[str, Text, Mapping[str, Any]]] = SAMPLE
) -> list[Record]:
    """Return what a partner would see of a family under a matrix; what is not shown at all says "not shared"."""
    grants = spelled_out(matrix)
    looker = Viewer(agency=Agency(pk=-1), permissions=frozenset())
    found = []
    for label, title, values in family:
        model = kinds()[label]
        row: Any = model()
        row.agency_id, row.shared_grants = 0, grants[label]
        sight = Sight(row, looker)
        lines = []
        for group in rows_of(model):
            if values.get(group):
                text: Any = sight.text(groups_of(model)[group][0], values[group])
                level = FieldLevel.NONE if text is FIELDS_HIDDEN else level_of(matrix, model, group)
                shown = fmt_date(text) if isinstance(text, date) else text
                lines.append((words_of(model, group), shown, str(level)))
        found.append(Record(title, lines))
    return found
