"""How do legal status and record of a person change? Each code with its day, reason and ledger line; what has happened is never
refused (law-and-practice.md 1.6 and 1.7, design.md rule 9)."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from refugeecm.core import events
from refugeecm.core.transitions import move
from registration import policies
from registration.actions import groups, issued, ledger
from registration.enums import (
    COUNTED,
    FACTS,
    FOCAL,
    LEAVING,
    RECORD_REASONS,
    Flow,
    GroupReason,
    ProcessReason,
    ProcessStatus,
    Relationship,
)
from registration.models import Household, Individual, PastMembership
from registration.policies import NotPermitted

LEGAL = events.declare(
    "registration.individual.legal_status", "Legal status, its basis or category of a person changed."
)
RECORD = events.declare(
    "registration.individual.record", "The record of a person was put on hold, closed or opened again."
)


@transaction.atomic
def change_legal(
    *,
    individual: Individual,
    legal_status: str,
    basis: str,
    category: str,
    on: date,
    by: Viewer,
    now: datetime,
) -> None:
    """Give a person a legal status, on a basis and by a category; each of the three that changes gets this day."""
    groups.lock(individual.household, by=by)
    policies.check_may(by, Permission.RECORD_CLOSE)
    person = _fresh(individual)
    before = copy.copy(person)
    changed = []
    for name, value in (
        ("legal_status", legal_status),
        ("status_basis", basis),
        ("status_category", category),
    ):
        if getattr(person, name) != value:
            groups.check_day(
                [], on=on, earliest=getattr(person, f"{name}_on") or person.registered_on, now=now
            )
            setattr(person, name, value)
            setattr(person, f"{name}_on", on)
            changed += [name, f"{name}_on"]
    if not changed:
        raise NotPermitted(_("Nothing of this is new."))
    person.save(update_fields=changed)
    ledger.corrected([before], [person], on=on, agency=by.agency, flow=Flow.STATUS)
    events.note(LEGAL, "individual", person.pk, by=by, now=now, status=legal_status, on=on.isoformat())


@transaction.atomic
def change_record(
    *,
    individual: Individual,
    to: str,
    reason: str,
    on: date,
    by: Viewer,
    now: datetime,
    successor: Individual | None = None,
    child_headed: bool = False,
) -> None:
    """Put a record on hold, make it inactive, close it or open it again, or give the same status another reason.

    Who leaves leaves their place in the group; a focal point is succeeded, and with the last one the group closes. Closing and
    opening again are for supervisors; that somebody died or went away is recorded by everybody who registers, and never refused
    for want of a successor: the eldest leads then, as after a record that stood twice, until somebody says otherwise.
    Raises NotPermitted, TransitionNotAllowed.
    """
    groups.lock(individual.household, by=by)
    person, fact = _fresh(individual), reason in FACTS
    check_record(person, to=to, reason=reason, on=on, by=by, now=now)
    was_counted = person.process_status in COUNTED
    changes = {"process_reason": reason, "process_reason_on": on}
    if to == person.process_status:
        Individual.objects.filter(pk=person.pk).update(**changes)
    else:
        before, leads = copy.copy(person), person.is_focal_point
        changes["process_status_on"] = on
        if to in COUNTED and not was_counted:
            changes |= {"relationship": place_again(person), "joined_on": on}
        move(person, to=to, **changes)
        household = person.household
        if was_counted and to not in COUNTED:
            groups.end([before], reason=GroupReason.RECORD_CLOSED, on=on, by=by)
            ledger.write(
                ledger.stock_of([before], on=on, agency=by.agency),
                agency=by.agency, flow=LEAVING.get(reason, Flow.CLOSURE), sign=-1,
            )  # fmt: skip
            if leads and (fact or reason == ProcessReason.DUPLICATE):
                successor, child_headed = successor or _eldest(household), True
            groups.succeed(
                household, successor, reason=GroupReason.RECORD_CLOSED, on=on, by=by, now=now, child_headed=child_headed
            )  # fmt: skip
        elif not was_counted and to in COUNTED:
            stock = ledger.stock_of([person], on=on, agency=by.agency)
            ledger.write(stock, agency=by.agency, flow=Flow.REOPENING)
        if to == ProcessStatus.CLOSED:
            issued.end_of([person.pk], by=by, now=now)
    events.note(RECORD, "individual", person.pk, by=by, now=now, status=to, reason=reason, on=on.isoformat())


@transaction.atomic
def close_group(*, household: Household, to: str, reason: str, on: date, by: Viewer, now: datetime) -> None:
    """Close the records of all active members for one reason, or make them inactive; the group closes with the last of them."""
    groups.lock(household, by=by)
    members = groups.active(household)
    if not members:
        raise NotPermitted(_("This group is closed already."))
    for one in sorted(members, key=lambda one: one.is_focal_point):
        change_record(individual=one, to=to, reason=reason, on=on, by=by, now=now)


@transaction.atomic
def make_inactive(*, people: QuerySet[Individual], reason: str, on: date, by: Viewer, now: datetime) -> int:
    """Make the records of many people inactive for one reason; return how many. Set-based: about ten statements for the batch, and
    a few for each group that loses its focal point and not its last member.

    The focal point is succeeded by the eldest; a group that nobody is left in is closed.
    """
    rows = list(people.filter(process_status__in=COUNTED).select_related("event", "household").order_by("pk"))
    if not rows:
        return 0
    houses = {one.household_id: one.household for one in rows}
    groups.lock(*houses.values(), by=by)
    ids = [one.pk for one in people.filter(pk__in=[one.pk for one in rows], process_status__in=COUNTED)]
    rows = [one for one in rows if one.pk in set(ids)]
    Individual.objects.filter(pk__in=ids).update(
        process_status=ProcessStatus.INACTIVE,
        process_status_on=on,
        process_reason=reason,
        process_reason_on=on,
    )
    groups.end(rows, reason=GroupReason.RECORD_CLOSED, on=on, by=by)
    stock = ledger.stock_of(rows, on=on, agency=by.agency)
    ledger.write(stock, agency=by.agency, flow=LEAVING.get(reason, Flow.CLOSURE), sign=-1)
    events.note(
        RECORD,
        "individual",
        *ids,
        by=by,
        now=now,
        status=str(ProcessStatus.INACTIVE),
        reason=reason,
        on=on.isoformat(),
    )
    _go_on_without(houses, on=on, by=by, now=now)
    return len(ids)


def _go_on_without(houses: Mapping[uuid.UUID, Household], *, on: date, by: Viewer, now: datetime) -> None:
    left = Individual.objects.active().filter(household__in=houses).values_list("household", "relationship")
    standing: dict[uuid.UUID, bool] = {}
    for house, relationship in left:
        standing[house] = standing.get(house, False) or relationship in FOCAL
    if over := [one for one in houses if one not in standing]:
        why = GroupReason.RECORD_CLOSED
        Household.objects.filter(pk__in=over).update(closed_on=on, closing_reason=why)
        events.note(groups.CLOSED, "household", *over, by=by, now=now, reason=str(why), on=on.isoformat())
    for house in (one for one, led in standing.items() if not led):
        groups.succeed(
            houses[house], _eldest(houses[house]), reason=GroupReason.RECORD_CLOSED, on=on, by=by, now=now, child_headed=True
        )  # fmt: skip


def check_record(
    individual: Individual, *, to: str, reason: str, on: date, by: Viewer, now: datetime
) -> None:
    """Refuse a reason that does not fit the status, a day that cannot be, and what only a supervisor does."""
    if individual.merged_into_id:
        raise NotPermitted(_("This record was merged into another. Take them apart first."))
    if reason not in RECORD_REASONS.get(to, ()):
        raise NotPermitted(_("This reason does not fit. Choose one of the list."), field="reason")
    if reason == individual.process_reason and to == individual.process_status:
        raise NotPermitted(_("Nothing of this is new."))
    if ProcessStatus.CLOSED in (to, individual.process_status) and reason not in FACTS:
        policies.check_may(by, Permission.RECORD_CLOSE)
    since = individual.process_status_on or individual.registered_on
    if to in COUNTED and individual.process_status not in COUNTED:
        # A death may have been said of a day before a place that they were given since: that place they had until it was written.
        places = PastMembership.objects.owned_by(by).filter(individual=individual)
        since = max(since, places.aggregate(last=Max("until"))["last"] or since)
    if on > timezone.localdate(now):
        raise NotPermitted(_("This day is in the future. Give the day on which it happened."), field="on")
    # The day of a death or departure is what it is, however late anybody heard of it, and whatever was written in between.
    earliest = individual.birth_date if reason in FACTS else since
    if earliest and on < earliest:
        raise NotPermitted(_("The day is before %(day)s. Give a later one.") % {"day": earliest}, field="on")


def place_again(person: Individual) -> str:
    """Open the group of somebody whose record counts again, if it was closed; return what they are in it now."""
    Household.objects.filter(pk=person.household_id).update(closed_on=None, closing_reason="")
    if not any(one.is_focal_point for one in groups.active(person.household)):
        return Relationship.PA
    return Relationship.UNKNOWN if person.is_focal_point else person.relationship


def _eldest(household: Household) -> Individual | None:
    members = groups.active(household)
    return min(members, key=lambda one: (one.birth_date is None, one.birth_date or date.max), default=None)


def _fresh(individual: Individual) -> Individual:
    """Return the person as they stand now that the group is held."""
    return Individual.objects.select_related("event", "household").get(pk=individual.pk)
