"""Which lists of this floor can be taken out as a file, and which columns does a person have in any of them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from agencies.access import FIELDS_HIDDEN, Permission, Viewer
from agencies.channels.lists import Chunk, Listing, Text, line, register, written
from registration import reports
from registration.enums import Outcome, Precision
from registration.models import ImportBatch, Individual
from registration.views.rows import chunks_with, rows_of_chunk

# As on the list of people: who somebody is, nothing of class C3 or C4.
PERSON: list[tuple[str, Text]] = [
    ("number", _("individual number")),
    ("given_name", _("given name")),
    ("father_name", _("father's name")),
    ("family_name", _("family name")),
    ("native_name", _("name as on the document")),
    ("sex", _("sex")),
    ("birth_date", _("date of birth")),
    ("birth_estimated", _("date of birth is an estimate")),
    ("nationality", _("nationality")),
]
_SHAPES = {Precision.YEAR: 4, Precision.MONTH: 7}  # letters of a day by ISO 8601


def person_cells(
    person: Individual | None, viewer: Viewer, columns: Sequence[tuple[str, Text]] = PERSON, **words: Any
) -> list[str]:
    """Return the cells of a person; of somebody whom the viewer may not see at all, only that it is so.

    A date of birth is as exact as it is known: 1990, 1990-05 or 1990-05-17.
    """
    names = [name for name, _label in columns]
    if person is None:
        return [str(FIELDS_HIDDEN)] * len(names)
    born = written(person.birth_date)[: _SHAPES.get(Precision(person.birth_precision or Precision.DAY), 10)]
    estimated = str(_("yes")) if person.birth_estimated else ""
    return line(person, viewer, names, **{"birth_date": born, "birth_estimated": estimated, **words})


class RowsFilter(forms.Form):
    """Which rows of which file of arrivals."""

    batch = forms.UUIDField(widget=forms.HiddenInput)
    outcome = forms.ChoiceField(label=_("Rows"), choices=Outcome.choices)


def _rows(viewer: Viewer, given: Mapping[str, Any], after: str) -> Chunk:
    """Return the rows of one chunk of a file, as the clerk sees them."""
    batch = ImportBatch.objects.visible_to(viewer).select_related("agency").filter(pk=given["batch"]).first()
    if batch is None or not batch.key:
        return Chunk([], [])
    outcome = given["outcome"]
    seqs = [seq for seq in chunks_with(batch, outcome) if not after or seq > int(after)]
    if not seqs:
        return Chunk([], [])
    rows = rows_of_chunk(batch, outcome, seqs[0], viewer=viewer)
    lines = [
        [
            str(one.number),
            one.name,
            one.native,
            one.reference,
            one.household,
            str(one.sex),
            written(one.facts.birth_date) if one.facts else "",
            (one.facts.nationality or "") if one.facts else "",
            "; ".join(f"{found.column}: {found.message}" for found in one.findings),
            str(one.other_name),
            "; ".join([*one.reasons, *one.against]),
        ]
        for one in rows
    ]
    others = list({one.other.pk: one.other for one in rows if one.other}.values())
    total = 0 if after else reports.progress(batch).counts[outcome]
    return Chunk(lines, [[batch], others], str(seqs[0]) if len(seqs) > 1 else "", total)


register(
    Listing(
        name="import-rows",
        label=_("Rows of a file of arrivals"),
        permission=Permission.IMPORT_READ,
        columns=[
            ("number", _("Row")),
            ("name", _("Name in the file")),
            ("native", _("name as on the document")),
            ("reference", _("Your reference")),
            ("household", _("Household")),
            ("sex", _("sex")),
            ("birth_date", _("date of birth")),
            ("nationality", _("nationality")),
            ("findings", _("What to correct")),
            ("other", _("Registered as")),
            ("reasons", _("Why")),
        ],
        read=_rows,
        form=RowsFilter,
        place=lambda kept: (
            reverse("import-rows", args=[kept["batch"][0], kept["outcome"][0]])
            if kept
            else reverse("imports")
        ),
    )
)
