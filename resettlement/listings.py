"""Which lists of this floor can be taken out as a file?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from agencies.access import Permission, Viewer
from agencies.channels.lists import Chunk, Listing, by_key, line, query_of, register
from cases.listings import with_people
from registration.listings import PERSON
from resettlement.forms import InboxFilter
from resettlement.reports import filtered

REFERRAL = [
    ("service", _("service")),
    ("urgency", _("urgency")),
    ("status", _("status")),
    ("status_since", _("since")),
    ("made_at", _("made")),
    ("agency", _("from")),
    ("recipient", _("to")),
]
HANDOVER = [("number", _("household number")), ("kind", _("kind")), *REFERRAL[1:]]


def _referrals(viewer: Viewer, given: Mapping[str, Any], after: str) -> Chunk:
    """Return referrals with their people."""
    return with_people(_narrowed(viewer, given)[0], viewer, REFERRAL, after)


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


def _handovers(viewer: Viewer, given: Mapping[str, Any], after: str) -> Chunk:
    """Return hand-overs of households; who is in one is told by the list of people."""
    found = by_key(_narrowed(viewer, given)[1], after)
    names = [name for name, _label in HANDOVER]
    return Chunk([line(one, viewer, names) for one in found.rows], [found.rows], found.after, found.total)


def _narrowed(viewer: Viewer, given: Mapping[str, Any]) -> list[Any]:
    """Return referrals and hand-overs as the inbox would, with what is shown of them."""
    sent = given.get("side") == "sent"
    chosen = {name: given.get(name, "") for name in ("kind", "status", "urgency")}
    return [
        rows.with_shown_classes(viewer).select_related("agency", "recipient")
        for rows in filtered(viewer, sent=sent, **chosen)
    ]


register(
    Listing(
        name="handovers",
        label=_("Hand-overs"),
        permission=Permission.REFERRAL_READ,
        columns=HANDOVER,
        read=_handovers,
        form=InboxFilter,
        place=lambda kept: f"{reverse('referrals')}?{query_of(kept).urlencode()}",
    )
)
