"""Which lists of this floor can be taken out as a file?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.access import Permission, Viewer
from agencies.channels.lists import Chunk, Listing, Text, by_key, line, register
from cases import reports
from cases.forms import ClaimFilter
from cases.views import filtered
from registration.listings import PERSON, person_cells

CLAIM = [
    ("number", _("claim number")),
    ("status", _("status")),
    ("status_since", _("since")),
    ("outcome", _("outcome")),
    ("made_on", _("made on")),
    ("agency", _("agency")),
]


def with_people(
    rows: models.QuerySet[Any], viewer: Viewer, columns: Sequence[tuple[str, Text]], after: str
) -> Chunk:
    """Return the next of these rows, each with its person (`individual_id`), both as far as the viewer sees them."""
    found = by_key(rows, after)
    persons = reports.people(viewer, {one.individual_id for one in found.rows})
    names = [name for name, _label in columns]
    lines = [
        [*line(one, viewer, names), *person_cells(persons.get(one.individual_id), viewer)]
        for one in found.rows
    ]
    return Chunk(lines, [found.rows, list(persons.values())], found.after, found.total)


def _claims(viewer: Viewer, given: Mapping[str, Any], after: str) -> Chunk:
    """Return claims with their applicants."""
    return with_people(filtered(viewer, given), viewer, CLAIM, after)


register(
    Listing(
        name="claims",
        label=_("Cases"),
        permission=Permission.CLAIM_READ,
        columns=[*CLAIM, *PERSON],
        read=_claims,
        form=ClaimFilter,
    )
)
