"""Which lists of this floor can be taken out as a file?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from agencies.access import Permission, Viewer
from agencies.channels.lists import Chunk, Listing, by_key, register, written
from agencies.enums import Channel
from agencies.forms.agreements import AgreementFilter
from agencies.models import Membership
from agencies.views.agreements import filtered, population
from agencies.views.members import badge


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
        shared=False,
        form=AgreementFilter,
    )
)


def _members(viewer: Viewer, given: Mapping[str, Any], after: str) -> Chunk:
    """Return who works for the viewer's agency; as on the page, no line in the ledger."""
    found = by_key(Membership.objects.filter(agency_id=viewer.agency_id).select_related("user"), after)
    lines = [
        [
            one.user.name,
            one.user.email,
            str(one.get_role_display()),
            written(one.created_at),
            written(one.expires_on),
            written(one.last_seen_at),
            badge(one)[1],
        ]
        for one in found.rows
    ]
    return Chunk(lines, [], found.after, found.total)


register(
    Listing(
        name="members",
        label=_("Members"),
        permission=Permission.MEMBER_READ,
        columns=[
            ("name", _("Name")),
            ("email", _("E-mail")),
            ("role", _("Role")),
            ("created_at", _("Since")),
            ("expires_on", _("until")),
            ("last_seen_at", _("last seen")),
            ("status", _("status")),
        ],
        read=_members,
        shared=False,
    )
)
