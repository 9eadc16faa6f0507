"""Which lists of this floor can be taken out as a file?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from agencies.access import Permission, Viewer
from agencies.channels.lists import Chunk, Listing, by_key, line, register
from cases.reports import people
from registration.listings import PERSON, person_cells
from resettlement.forms import InboxFilter
from resettlement.models import Referral
from resettlement.reports import REFERRAL as OF_CASE

REFERRAL = [
    ("service", _("service")),
    ("urgency", _("urgency")),
    ("status", _("status")),
    ("status_since", _("since")),
    ("made_at", _("made")),
    ("agency", _("from")),
    ("recipient", _("to")),
]


def _referrals(viewer: Viewer, given: Mapping[str, Any], after: str) -> Chunk:
    """Return referrals with their people, each as far as the viewer sees them. Hand-overs are not among them."""
    rows = (
        Referral.objects.visible_to(viewer).with_shown_classes(viewer).select_related("agency", "recipient")
    )
    rows = rows.filter(**{name: given[name] for name in ("status", "urgency") if given.get(name)})
    if given.get("kind") not in {None, "", OF_CASE}:
        rows = rows.none()
    side = "agency_id" if given.get("side") == "sent" else "recipient_id"
    found = by_key(rows.filter(**{side: viewer.agency_id}), after)
    persons = people(viewer, {one.individual_id for one in found.rows})
    names = [name for name, _label in REFERRAL]
    lines = [
        [
            *line(one, viewer, names, agency=one.agency.name, recipient=one.recipient.name),
            *person_cells(persons.get(one.individual_id), viewer),
        ]
        for one in found.rows
    ]
    return Chunk(lines, [found.rows, list(persons.values())], found.after, found.total)


register(
    Listing(
        name="referrals",
        label=_("Referrals"),
        permission=Permission.REFERRAL_READ,
        columns=[*REFERRAL, *PERSON],
        read=_referrals,
        form=InboxFilter,
    )
)
