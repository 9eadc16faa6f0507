"""Who may be told of what happens to a claim?"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping

from django.utils.translation import gettext_lazy as _

from agencies import channels
from agencies.access import Viewer, shown_fields
from cases.actions import claims
from cases.models import Claim

# An event gives away that there is a claim, and something about a field: whoever does not see the field is not told of the event.
_GIVES_AWAY = {
    claims.OPENED: "status",
    claims.MOVED: "status",
    claims.DECIDED: "outcome",
    claims.PROPOSED: "proposed_outcome",
}


def claims_known(
    topic: str, viewer: Viewer, ids: Collection[uuid.UUID]
) -> Mapping[uuid.UUID, channels.Known]:
    """Return the claims among `ids` of which the viewer may be told this; the claim is the case, its version counts its changes."""
    shown = Claim.objects.visible_to(viewer).with_shown_classes(viewer).filter(pk__in=ids)
    return {
        one.pk: channels.Known(case=one.pk, change_seq=one.version)
        for one in shown
        if {"id", _GIVES_AWAY[topic]} <= shown_fields(one, viewer)
    }


channels.offer(
    {
        claims.OPENED: _("A claim was opened"),
        claims.MOVED: _("The status of a claim changed"),
        claims.DECIDED: _("A claim was decided"),
        claims.PROPOSED: _("A decision was proposed"),
    },
    sees=claims_known,
)
