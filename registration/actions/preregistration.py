"""How is a group counted before its members can be registered one by one?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from refugeecm.core import events
from refugeecm.core.ids import uuid7
from registration import policies
from registration.actions.people import household_number
from registration.enums import Level
from registration.models import AdminArea, Household, InfluxEvent
from registration.policies import NotPermitted

COUNTED = events.declare("registration.household.counted", "A group was counted, to be registered later.")

MOST = 5_000  # people in one group; more are counted as several, each with somebody to ask for


@transaction.atomic
def count_group(
    *,
    event: InfluxEvent,
    site: str,
    focal_name: str,
    origin_country: str,
    arrived_on: date,
    area: AdminArea | None,
    counted: Mapping[str, Mapping[str, int]],
    by: Viewer,
    now: datetime,
) -> Household:
    """Note a group that was only counted ({sex: {age band: people}}), with whom to ask for; nobody is registered by it.

    UNHCR Registration Guidance 6.5: this never replaces registration, so that no stock changes and no ledger line is written. Its
    members are registered into it later (people.register with `joins`), which raises its level. Raises NotPermitted.
    """
    policies.check_may(by, Permission.PERSON_REGISTER)
    people = sum(sum(bands.values()) for bands in counted.values())
    if not 0 < people <= MOST:
        raise NotPermitted(_("Count at least one person, and at most 5,000 in one group."))
    if arrived_on > now.date():
        raise NotPermitted(_("This day lies in the future."), field="arrived_on")
    group = Household.objects.create(
        id=uuid7(now), agency_id=by.agency_id, number=household_number(by, year=now.year), event=event,
        site=site, registered_on=now.date(), arrived_on=arrived_on, level=Level.GROUP, origin_country=origin_country, area=area,
        focal_name=focal_name, counted={sex: {band: n for band, n in bands.items() if n} for sex, bands in counted.items()},
    )  # fmt: skip
    events.note(COUNTED, "household", group.pk, by=by, now=now, event=event.slug)
    return group
