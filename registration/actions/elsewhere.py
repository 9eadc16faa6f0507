"""How is it recorded, and taken back, that another country protected somebody before?"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from agencies.access import Viewer
from refugeecm.core import events
from refugeecm.core.ids import uuid7
from registration.actions import sealing
from registration.actions.corrections import own_person
from registration.models import Individual, PriorProtection
from registration.policies import NotPermitted

RECORDED = events.declare(
    "registration.individual.elsewhere",
    "It was recorded, or taken back, that a country protected a person before.",
)


@transaction.atomic
def record(
    *,
    individual: Individual,
    country: str,
    held: str,
    number: str,
    evidence: str,
    reason: str,
    by: Viewer,
    now: datetime,
) -> PriorProtection:
    """Record where a person of the viewer's agency was protected before. Nothing follows from it by itself."""
    person = own_person(individual, by)
    made = PriorProtection(
        id=uuid7(now), agency_id=by.agency_id, individual=person, country=country, held=held, evidence=evidence, reason=reason,
        recorded_by_id=by.user_id, recorded_at=now,
    )  # fmt: skip
    place = sealing.fact_place(made, "number")
    sealed = sealing.Opener([person.pk]).seal(person.pk, number.strip().encode(), place=place)
    if sealed is None:
        raise NotPermitted(sealing.erased(), field="number")
    made.number = sealed
    made.save(force_insert=True)
    events.note(RECORDED, "individual", person.pk, by=by, now=now, tell=None)
    return made


@transaction.atomic
def remove(*, protection: PriorProtection, by: Viewer, now: datetime) -> None:
    """Take back what was recorded by mistake; the history keeps that it stood there."""
    person = own_person(protection.individual, by)
    protection.delete()
    events.note(RECORDED, "individual", person.pk, by=by, now=now, tell=None)
