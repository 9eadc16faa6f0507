"""Which empty list do we offer to be filled in? As a workbook with choices, or as CSV; our own importer reads it back.

Row 1 has the names of the columns in the reader's language, row 2 HXL hashtags, by which they are known in any language, row 3
hints in brackets.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import get_language_bidi, gettext
from django.utils.translation import gettext_lazy as _

from agencies.channels.sheets import Out, write_csv, write_xlsx
from agencies.forms.fields import country_choices
from registration.enums import DocumentKind, Education, MaritalStatus, Relationship, Sex
from registration.rules.columns import COLUMNS, FURTHER, tag_of
from registration.rules.countries import codes
from registration.rules.words import CODED

_EVERY = (*COLUMNS, *FURTHER)
_YES_NO = [("Y", _("Yes")), ("N", _("No"))]


def _choices() -> dict[str, Iterable[tuple[str, object]]]:
    known = set(codes())
    countries = [one for one in country_choices() if one[0] in known]
    return {
        "relationship_to_head": Relationship.choices,
        "sex": Sex.choices,
        "dob_estimated": _YES_NO,
        "nationality": countries,
        "marital_status": MaritalStatus.choices,
        "document_type": DocumentKind.choices,
        "other_nationality": countries,
        "country_of_origin": countries,
        "education": Education.choices,
        "focal_point": _YES_NO,
        "consent": _YES_NO,
    }


def _lines() -> list[list[str]]:
    hints = [
        gettext("such as %(example)s") % {"example": one.example} + (one.note and f". {gettext(one.note)}")
        for one in _EVERY
    ]
    return [
        [gettext(column.label) for column in _EVERY],
        [tag_of(column.field) for column in _EVERY],
        [f"({hint})" for hint in hints],
    ]


def write_template(out: Out, kind: str) -> None:
    """Write the template in the current language; `kind` is xlsx or csv."""
    if kind == "csv":
        write_csv(out, _lines())
        return
    places = {column.field: place for place, column in enumerate(_EVERY)}
    choices = {
        places[field]: [f"{code}{CODED}{label}" for code, label in words]
        for field, words in _choices().items()
    }
    write_xlsx(out, _lines(), right_to_left=get_language_bidi(), head=3, choices=choices)
