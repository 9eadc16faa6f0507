"""Which lists of this floor can be taken out as a file?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from agencies.access import Permission, Viewer
from agencies.channels.lists import Chunk, Listing, by_key, register, written
from agencies.enums import Channel
from agencies.forms.agreements import AgreementFilter
from agencies.views.agreements import filtered, population


def _agreements(viewer: Viewer, given: Mapping[str, Any], after: str) -> Chunk:
    """Return agreements of the viewer's agency. They bear no person, so that the ledger has no line for them."""
    found = by_key(filtered(viewer, given), after)
    lines = [
        [
            one.reference,
            one.title,
            one.provider.name,
            one.recipient.name,
            str(one.get_purpose_display()),
            str(one.get_legal_basis_display()),
            population(one),
            ", ".join(str(Channel(door).label) for door in one.channels),
            written(one.starts_on),
            written(one.ends_on),
            str(one.get_status_display()),
        ]
        for one in found.rows
    ]
    return Chunk(lines, [], found.after, found.total)


register(
    Listing(
        name="agreements",
        label=_("Agreements"),
        permission=Permission.AGREEMENT_READ,
        columns=[
            ("reference", _("reference")),
            ("title", _("title")),
            ("provider", _("shares")),
            ("recipient", _("receives")),
            ("purpose", _("purpose")),
            ("legal_basis", _("legal basis")),
            ("population", _("Whose data")),
            ("channels", _("channels")),
            ("starts_on", _("from")),
            ("ends_on", _("until")),
            ("status", _("status")),
        ],
        read=_agreements,
        form=AgreementFilter,
    )
)
