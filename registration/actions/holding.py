"""How does a supervisor see to it that somebody is not erased, and when does that end?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from agencies.models import Agency
from refugeecm.core import events
from refugeecm.core.ids import uuid7
from refugeecm.core.refusals import NotPermitted
from registration.enums.retention import ErasureStatus
from registration.models import Erasure, Individual, InfluxEvent, LegalHold
from registration.policies import check_may

HELD = events.declare(
    "registration.hold.placed", "A supervisor held records: nobody of them is erased for now."
)
LIFTED = events.declare("registration.hold.lifted", "A legal hold was lifted.")


def held(agency: Agency) -> QuerySet[Any, Any]:
    """Return the people of an agency whom a hold keeps."""
    standing = LegalHold.objects.filter(agency=agency, lifted_at=None)
    return Individual.objects.filter(
        Q(pk__in=standing.exclude(individual=None).values("individual"))
        | Q(event__in=standing.exclude(event=None).values("event")),
        agency=agency,
    ).values("pk")


def standing(people: Iterable[Individual]) -> LegalHold | None:
    """Return a hold that keeps one of these people."""
    listed = list(people)
    return LegalHold.objects.filter(
        Q(individual__in=[one.pk for one in listed])
        | Q(event__in=[one.event_id for one in listed if one.event_id]),
        agency_id__in={one.agency_id for one in listed},
        lifted_at=None,
    ).first()


@transaction.atomic
def place(
    *,
    individual: Individual | None = None,
    event: InfluxEvent | None = None,
    reason: str,
    by: Viewer,
    now: datetime,
) -> LegalHold:
    """Hold a person of the viewer's agency, or all of its people of an event. Suggestions about them go; proposals wait."""
    check_may(by, Permission.LEGAL_HOLD)
    if individual is not None and individual.agency_id != by.agency_id:
        raise NotPermitted(_("Another agency is responsible for this person."))
    made = LegalHold(
        id=uuid7(now), agency=by.agency, individual=individual, event=event, reason=reason, set_by_id=by.user_id, set_at=now
    )  # fmt: skip
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError as error:
        raise NotPermitted(_("A legal hold stands already.")) from error
    suggested = Erasure.objects.filter(agency=by.agency, status=ErasureStatus.SUGGESTED)
    suggested.filter(individual__in=held(by.agency)).delete()
    events.note(HELD, "hold", made.pk, by=by, now=now, tell=None)
    return made


@transaction.atomic
def lift(*, hold: LegalHold, by: Viewer, now: datetime) -> None:
    """Lift a hold; what waited for it goes on."""
    check_may(by, Permission.LEGAL_HOLD)
    if not LegalHold.objects.filter(pk=hold.pk, agency=by.agency, lifted_at=None).update(
        lifted_at=now, lifted_by_id=by.user_id
    ):
        raise NotPermitted(_("This legal hold was lifted already."))
    events.note(LIFTED, "hold", hold.pk, by=by, now=now, tell=None)
