"""How is it recorded that people arrived, left, came back, moved, or were seen at a site? Facts, which nothing refuses."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from agencies.models import Agency
from refugeecm.core import events
from refugeecm.core.bulk import insert
from refugeecm.core.ids import uuid7
from registration import policies
from registration.actions import access_rows, groups, ledger, status
from registration.enums import COUNTED, SITED, Flow, MovementKind, ProcessReason, ProcessStatus
from registration.models import Household, Individual, Movement, Presence
from registration.policies import NotPermitted

# For "long absence" by the year; where somebody was on a day before that, nobody has to know.
PRESENCE_KEPT = timedelta(days=365)
MOVED = events.declare("registration.individual.movement", "Somebody arrived, left, came back or moved.")


@transaction.atomic
def record(
    *,
    people: Sequence[Individual],
    kind: str,
    on: date,
    by: Viewer,
    now: datetime,
    site: str = "",
    country: str = "",
) -> list[Individual]:
    """Record what people of the viewer's agency did on a day; return those whose record stays closed although they came back.

    Who left for good on their own is inactive from then on (law-and-practice.md 1.7, departure suspected; closing is a supervisor's);
    who came back is active again under the same number, unless the record is closed and the viewer may not open it: then only the
    fact stands. `site` is where they are from then on. Raises NotPermitted for a day to come or people who are not the agency's.
    """
    rows = _own(people, by)
    if on > timezone.localdate(now):
        raise NotPermitted(_("This day is in the future. Give the day on which it happened."), field="on")
    if kind == MovementKind.TRANSFER and not site:
        raise NotPermitted(_("Say to which site they moved."), field="site")
    _note(rows, kind=kind, on=on, site=site, country=country, by=by, now=now)
    if site and kind in SITED:
        _settle(rows, site, on=on, by=by)
    if kind == MovementKind.SPONTANEOUS:
        _gone(rows, on=on, by=by, now=now)
    return _back(rows, on=on, by=by, now=now) if kind == MovementKind.RETURNED else []


def _own(people: Sequence[Individual], by: Viewer) -> list[Individual]:
    policies.check_may(by, Permission.PERSON_REGISTER)
    ids = {one.pk for one in people}
    own = Individual.objects.visible_to(by).filter(agency_id=by.agency_id, merged_into=None, pk__in=ids)
    found = list(own.select_related("household", "event").order_by("pk"))
    if len(found) < len(ids) or not ids:
        raise NotPermitted(_("Choose people of your agency, by the record that goes on."), field="members")
    groups.lock(*{one.household_id: one.household for one in found}.values(), by=by)
    return found


def _note(
    rows: Sequence[Individual], *, kind: str, on: date, site: str, country: str, by: Viewer, now: datetime
) -> None:
    known = Movement.objects.filter(individual__in=rows, kind=kind, on=on, site=site)
    stands = set(known.values_list("individual_id", flat=True))
    fresh = [one for one in rows if one.pk not in stands]
    if not fresh:
        raise NotPermitted(_("This is recorded already."))
    insert(
        Movement,
        [
            {
                "id": uuid7(now, ordinal=place), "agency_id": by.agency_id, "individual_id": one.pk, "kind": kind, "on": on,
                "site": site, "from_site": one.site if site and kind in SITED else "", "country": country,
                "noted_by_id": by.user_id, "noted_at": now,
            }
            for place, one in enumerate(fresh)
        ],
    )  # fmt: skip
    ids = [one.pk for one in fresh]
    events.note(MOVED, "individual", *ids, by=by, now=now, tell=None, kind=kind, on=on.isoformat())


def _settle(rows: Sequence[Individual], site: str, *, on: date, by: Viewer) -> None:
    """Write at which site people are now: stock, and who is covered by which agreement, depend on it."""
    moved = [one for one in rows if one.site != site]
    before = [copy.copy(one) for one in moved]
    for one in moved:
        one.site = site
    ids = [one.pk for one in moved]
    Individual.objects.filter(pk__in=ids).update(site=site)
    ledger.corrected(before, moved, on=on, agency=by.agency, flow=Flow.RELOCATION)
    elsewhere = Individual.objects.active().exclude(site=site).values("household")
    whole = Household.objects.filter(pk__in={one.household_id for one in rows}).exclude(pk__in=elsewhere)
    whole.update(site=site)
    access_rows.cover_individuals(ids)


def _gone(rows: Sequence[Individual], *, on: date, by: Viewer, now: datetime) -> None:
    inactive, left = ProcessStatus.INACTIVE, ProcessReason.DEPARTED
    for one in sorted(rows, key=lambda one: one.is_focal_point):  # who leads goes last: nobody has to follow
        stands = (one.process_status, one.process_reason) == (inactive, left)
        if one.process_status != ProcessStatus.CLOSED and not stands:
            status.change_record(individual=one, to=inactive, reason=left, on=on, by=by, now=now)


def _back(rows: Sequence[Individual], *, on: date, by: Viewer, now: datetime) -> list[Individual]:
    closed = []
    for one in sorted(rows, key=lambda one: not one.is_focal_point):  # who led leads again
        if one.process_status == ProcessStatus.CLOSED and not by.may(Permission.RECORD_CLOSE):
            closed.append(one)
        elif one.process_status not in COUNTED:
            status.change_record(
                individual=one, to=ProcessStatus.ACTIVE, reason=ProcessReason.REOPENED, on=on, by=by, now=now
            )
    return closed


# ---- presence


@transaction.atomic
def see(
    *, people: Collection[Individual], site: str, by: Viewer, now: datetime, leaving: bool = False
) -> None:
    """Write that people of the agency are at a site today, or leave it. Four statements, however many they are.

    Whoever is seen after having left is there again. The record is not changed: that somebody who was inactive is there
    says their line, and coming back is recorded as such.
    """
    rows = _own(list(people), by)
    ids: list[uuid.UUID] = [one.pk for one in rows]
    day = timezone.localdate(now)
    insert(
        Presence,
        [
            {
                "id": uuid7(now, ordinal=place), "agency_id": by.agency_id, "individual_id": pk, "site": site, "day": day,
                "first_seen": now, "last_seen": now, "noted_by_id": by.user_id,
            }
            for place, pk in enumerate(ids)
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    Presence.objects.filter(individual__in=ids, site=site, day=day).update(
        last_seen=now, left_at=now if leaving else None, noted_by_id=by.user_id
    )


def purge(*, agency: Agency, now: datetime, at_most: int) -> int:
    """Remove the days of people at sites that are long over; return how many rows. In the agency's context."""
    old = Presence.objects.filter(agency=agency, day__lt=timezone.localdate(now) - PRESENCE_KEPT)
    ids = list(old.order_by("day").values_list("pk", flat=True)[:at_most])
    return Presence.objects.filter(pk__in=ids).delete()[0]
