"""Which lists of the roof can be taken out as a file?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies.access import Permission, Viewer
from agencies.channels.lists import Chunk, Listing, by_key, register
from refugeecm.pages.people import PeopleForm, sought
from registration.listings import PERSON, person_cells

COLUMNS = [
    *PERSON,
    ("household", _("household number")),
    ("relationship", _("relationship to the focal point")),
    ("legal_status", _("legal status")),
    ("process_status", _("record")),
    ("registered_on", _("registered on")),
    ("event", _("Event")),
    ("site", _("registration site")),
    ("agency", _("agency")),
]


def _people(viewer: Viewer, given: Mapping[str, Any], after: str) -> Chunk:
    """Return people, each with what the viewer may see of them."""
    found = by_key(
        sought(given, viewer, today=timezone.localdate()).select_related("household", "agency", "event"),
        after,
    )
    lines = [person_cells(one, viewer, COLUMNS) for one in found.rows]
    return Chunk(lines, [found.rows], found.after, found.total)


register(
    Listing(
        name="people",
        label=_("People"),
        permission=Permission.PERSON_READ,
        columns=COLUMNS,
        read=_people,
        form=PeopleForm,
    )
)
