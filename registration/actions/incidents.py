"""How is a rescue at sea written down, and who of those registered came ashore by it?"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from refugeecm.core import events
from refugeecm.core.bulk import insert
from refugeecm.core.ids import uuid7
from registration import policies
from registration.models import Individual, SeaIncident, Survivor
from registration.policies import NotPermitted

RECORDED = events.declare("registration.incident.recorded", "A rescue at sea was written down or changed.")
LINKED = events.declare(
    "registration.incident.linked", "Registered people were named as those of a rescue at sea."
)


@transaction.atomic
def record(
    *, facts: Mapping[str, Any], by: Viewer, now: datetime, incident: SeaIncident | None = None
) -> SeaIncident:
    """Write down a rescue, or what is known better of it since; `facts` by the names of the columns.

    Raises NotPermitted for moments to come, a landing before the rescue, half a position, or a reference that is there already.
    """
    policies.check_may(by, Permission.PERSON_REGISTER)
    if incident is not None and incident.agency_id != by.agency_id:
        raise NotPermitted(_("Only the agency that wrote this down changes it."))
    made = incident or SeaIncident(
        id=uuid7(now), agency=by.agency, recorded_by_id=by.user_id, recorded_at=now
    )
    for name, value in facts.items():
        setattr(made, name, value)
    _check(made, now)
    try:
        with transaction.atomic():
            made.save(force_insert=incident is None)
    except IntegrityError as error:
        raise NotPermitted(_("This reference is there already. Open that one."), field="reference") from error
    events.note(RECORDED, "incident", made.pk, by=by, now=now, tell=None)
    return made


def _check(made: SeaIncident, now: datetime) -> None:
    for name in ("happened_at", "disembarked_at", "safety_requested_at", "safety_assigned_at"):
        moment = getattr(made, name)
        if moment and moment > now:
            raise NotPermitted(_("This lies in the future."), field=name)
        if moment and moment < made.happened_at:
            raise NotPermitted(_("This lies before the rescue."), field=name)
    if (made.latitude is None) != (made.longitude is None):
        raise NotPermitted(_("Give both, latitude and longitude, or none."), field="latitude")


@transaction.atomic
def link(*, incident: SeaIncident, people: Collection[Individual], by: Viewer, now: datetime) -> int:
    """Say that these people of the agency came ashore by this rescue; return how many are new there. Three statements."""
    policies.check_may(by, Permission.PERSON_REGISTER)
    own = Individual.objects.visible_to(by).filter(
        agency_id=by.agency_id, merged_into=None, pk__in=[one.pk for one in people]
    )
    ids = list(own.order_by("pk").values_list("pk", flat=True))
    if incident.agency_id != by.agency_id or len(ids) < len(people):
        raise NotPermitted(_("Choose people of your agency, by the record that goes on."), field="numbers")
    rows = [
        {
            "id": uuid7(now, ordinal=place),
            "agency_id": by.agency_id,
            "incident_id": incident.pk,
            "individual_id": pk,
        }
        for place, pk in enumerate(ids)
    ]
    fresh = insert(Survivor, rows, ignore_conflicts=True)
    events.note(LINKED, "incident", incident.pk, by=by, now=now, tell=None, people=fresh)
    return fresh
