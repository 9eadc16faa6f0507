"""Which lists of this floor can be taken out as a file?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from agencies.access import Permission, Viewer
from agencies.channels.lists import Chunk, Listing, by_key, line, register
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


def _claims(viewer: Viewer, given: Mapping[str, Any], after: str) -> Chunk:
    """Return claims with their applicants, each as far as the viewer sees them."""
    found = by_key(filtered(viewer, given), after)
    applicants = reports.people(viewer, {one.individual_id for one in found.rows})
    lines = [
        [
            *line(one, viewer, [name for name, _label in CLAIM], agency=one.agency.name),
            *person_cells(applicants.get(one.individual_id), viewer),
        ]
        for one in found.rows
    ]
    return Chunk(lines, [found.rows, list(applicants.values())], found.after, found.total)


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
