"""How is a group counted before its members can be registered one by one?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from refugeecm.core import events
from refugeecm.core.ids import uuid7
from registration import policies
from registration.actions.people import household_number
from registration.enums import GroupReason, Level
from registration.models import AdminArea, Household, Individual, InfluxEvent
from registration.policies import NotPermitted
from registration.rules.counts import total

COUNTED = events.declare("registration.household.counted", "A group was counted, to be registered later.")
ENDED = events.declare(
    "registration.household.count_ended", "Nobody else of a counted group is there to be registered."
)

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
    members are registered into it later (people.register with `joins`): the count falls, and at nothing the level of the group rises.
    Raises NotPermitted.
    """
    policies.check_may(by, Permission.PERSON_REGISTER)
    if not 0 < total(counted) <= MOST:
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


@transaction.atomic
def end_count(*, group: Household, by: Viewer, now: datetime) -> None:
    """Note that whoever is left of a count does not come: it was too high, or they went on. Raises NotPermitted.

    The group is then one like others, at the level of its members; one of whom nobody was registered is closed.
    """
    policies.check_may(by, Permission.PERSON_REGISTER)
    waiting = Household.objects.select_for_update().owned_by(by).to_register().filter(pk=group.pk).first()
    if waiting is None:
        raise NotPermitted(_("Nobody of this group is waited for any more. Reload the page."))
    people = total(waiting.counted)
    member = Individual.objects.filter(household=waiting).order_by("pk").first()
    if member:
        waiting.level, waiting.counted = member.level, {}
    else:
        waiting.closed_on, waiting.closing_reason = timezone.localdate(now), GroupReason.GROUP_CLOSED
    waiting.save(update_fields=["level", "counted", "closed_on", "closing_reason"])
    events.note(ENDED, "household", group.pk, by=by, now=now, left=people)
