"""Who may be told of what happens to a claim, and what becomes of claims when two records are one person?"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping

from django.db.models import F
from django.dispatch import receiver
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agencies import channels
from agencies.access import Viewer, shown_fields
from cases.actions import claims
from cases.models import Claim
from refugeecm.core.refusals import NotPermitted
from registration.models import Individual
from registration.models.merging import SCOPES
from registration.signals import individuals_merged

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


SCOPES["cases_claim"] = "individual_id = ANY (people)"


@receiver(individuals_merged)
def bring_claims(sender: type[Individual], survivor: Individual, merged: Individual, **_: object) -> None:
    """Give the claims of the record that is closed to the one that goes on; a person has one open claim at most."""
    if Claim.objects.filter(individual__in=[survivor, merged]).open().count() > 1:
        raise NotPermitted(
            gettext(
                "Both records have an open claim, and a person has one. Withdraw or close one of them first."
            )
        )
    Claim.objects.filter(individual=merged).update(individual=survivor, version=F("version") + 1)
