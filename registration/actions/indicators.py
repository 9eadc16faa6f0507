"""What follows from signs of trafficking or smuggling? A referral for protection, and news of it for the few; nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from refugeecm.core import events
from refugeecm.core.ids import uuid7
from registration import policies
from registration.actions import needs, sealing
from registration.enums import NeedPriority
from registration.models import IndicatorAssessment, Individual
from registration.policies import NotPermitted
from registration.rules.indicators import CODES, REFERRED_AS, refers

# About the assessment, never about the person: their page would tell of it.
ASSESSED = events.declare(
    "registration.indicators.assessed", "Signs of trafficking or smuggling were written down or removed."
)
REFERRED = events.declare(
    "registration.indicators.referred", "Signs of trafficking or smuggling led to a referral for protection."
)


@transaction.atomic
def assess(*, individual: Individual, codes: Sequence[str], by: Viewer, now: datetime) -> None:
    """Write down which signs somebody saw of a person of the viewer's agency.

    Enough of them (rules.indicators.refers) make a restricted need, not confirmed, and news for those who open such needs. Whoever
    wrote it down learns neither.
    """
    policies.check_may(by, Permission.NEED_RECORD)
    own = Individual.objects.visible_to(by).filter(agency_id=by.agency_id, merged_into=None, pk=individual.pk)
    if not own.exists():
        raise NotPermitted(_("Only the agency that is responsible for this person records needs."))
    chosen = sorted(set(codes))
    if not chosen or not set(chosen) <= CODES.keys():
        raise NotPermitted(_("Choose what you saw, from the list."), field="indicators")
    made = IndicatorAssessment(
        id=uuid7(now), agency_id=by.agency_id, individual=individual, indicators=chosen, referred=refers(chosen),
        assessed_by_id=by.user_id, assessed_at=now,
    )  # fmt: skip
    made.save(force_insert=True)
    events.note(ASSESSED, "indicators", made.pk, by=by, now=now, tell=None)
    if made.referred:
        flag = needs.Flag(individual.pk, REFERRED_AS, priority=NeedPriority.URGENT, restricted=True)
        needs.flag(flags=[flag], by=by, now=now)
        events.note(REFERRED, "indicators", made.pk, by=by, now=now, tell=[by.agency_id])


@transaction.atomic
def remove(*, assessment: IndicatorAssessment, reason: str, by: Viewer, now: datetime) -> None:
    """Take an assessment back, with the reason, sealed. The need that it led to is reviewed as every other."""
    policies.check_may(by, Permission.NEED_RESTRICTED)
    if assessment.agency_id != by.agency_id or assessment.removed_at:
        raise NotPermitted(_("This was removed already. Reload the page."))
    person, place = assessment.individual_id, sealing.fact_place(assessment, "removal")
    sealed = sealing.Opener([person]).seal(person, reason.encode(), place=place)
    if sealed is None:
        raise NotPermitted(sealing.erased(), field="reason")
    standing = IndicatorAssessment.objects.filter(pk=assessment.pk, removed_at=None)
    standing.update(removed_by_id=by.user_id, removed_at=now, removal=sealed)
    events.note(ASSESSED, "indicators", assessment.pk, by=by, now=now, tell=None)
