"""How does the other party's timeline come to say the same as the one's who acted, and whose systems may be told of a referral?"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime

from django.dispatch import receiver
from django.utils.translation import gettext_lazy as _

from agencies import channels
from agencies.access import Viewer, shown_fields
from refugeecm.core import events, outbox, wall
from refugeecm.core.models import OutboxMessage
from refugeecm.core.transitions import move
from registration.models import Household, Individual
from registration.models.merging import SCOPES
from registration.signals import file_sealed, individuals_merged
from resettlement.actions import handovers, referrals
from resettlement.enums import HANDOVER_MOVES, REFERRAL_MOVES, HandoverStatus, ReferralStatus
from resettlement.models import Handover, Referral


@outbox.handles("resettlement.")
def tell_both(*, message: OutboxMessage, now: datetime) -> None:
    """Record the event for every agency that it names in `tell`, at the moment it happened; who acted there stays theirs."""
    if message.topic == handovers.DONE:
        return  # recorded for both with the move itself
    details = {
        name: value for name, value in message.payload.items() if name not in {"subjects", "by", "tell"}
    }
    for agency_id in message.payload.get("tell", ()):
        wall.enter(agency_id=agency_id, user_id=None, reason="tell")
        events.record(
            message.topic,
            subject_type=message.topic.split(".")[1],
            subjects=outbox.subjects(message.payload),
            agency_id=agency_id,
            by=None,
            now=message.created_at,
            details=details,
            tell=False,
        )


def referrals_known(
    topic: str, viewer: Viewer, ids: Collection[uuid.UUID]
) -> Mapping[uuid.UUID, channels.Known]:
    """Return the referrals among `ids` of which the viewer may be told: sender and addressee. The moment of its status orders it."""
    shown = Referral.objects.visible_to(viewer).with_shown_classes(viewer).filter(pk__in=ids)
    return {
        one.pk: channels.Known(case=one.claim_id, change_seq=int(one.status_since.timestamp() * 1000))
        for one in shown
        if {"id", "status"} <= shown_fields(one, viewer)
    }


channels.offer(
    {
        referrals.PROPOSED: _("A case was referred"),
        referrals.ANSWERED: _("A referral was answered"),
        referrals.REVOKED: _("A referral was taken back"),
        referrals.WRITTEN: _("A message was written on a referral"),
    },
    sees=referrals_known,
)


SCOPES["resettlement_referral"] = "individual_id = ANY (people)"


@receiver(individuals_merged)
def bring_referrals(
    sender: type[Individual], survivor: Individual, merged: Individual, by: Viewer, **_: object
) -> None:
    """Let the referrals of the record that is closed be about the one that goes on, as their claims are."""
    Referral.objects.owned_by(by).filter(individual_id=merged.pk).update(individual_id=survivor.pk)


@receiver(file_sealed)
def take_back(sender: type[Household], household: Household, by: Viewer, now: datetime, **_: object) -> None:
    """Take back what is open with partners about a family whose file is sealed."""
    members = Individual.objects.owned_by(by).filter(household=household).values("pk")
    for referral in Referral.objects.owned_by(by).filter(individual_id__in=members):
        if ReferralStatus.REVOKED in REFERRAL_MOVES[referral.status]:
            referrals.revoke(referral=referral, by=by, now=now)
    for handover in Handover.objects.owned_by(by).filter(household_id=household.pk):
        if HandoverStatus.REVOKED in HANDOVER_MOVES[handover.status]:
            move(handover, to=HandoverStatus.REVOKED, status_since=now)
