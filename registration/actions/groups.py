"""How do people come into a registration group, move to another, divide it, lead it, and how does it end?

Each change is one act of a clerk with the day on which it took effect and a reason (law-and-practice.md 1.3). Invariants: an
active person is in one group; a group with active members has one focal point among them; a closed group has no active member.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from refugeecm.core import events
from refugeecm.core.bulk import insert
from refugeecm.core.ids import uuid7
from registration import policies
from registration.actions import access_rows, exceptions, people
from registration.enums import FOCAL, Flow, GroupReason, LegalStatus, Level, Relationship, StatusCategory
from registration.models import Household, Individual, PastMembership
from registration.policies import NotPermitted
from registration.rules.arrivals import ArrivalRow
from registration.rules.relations import seen_from

JOINED = events.declare("registration.group.joined", "Somebody joined a registration group.")
MOVED = events.declare("registration.group.moved", "People moved to another registration group.")
DIVIDED = events.declare("registration.group.divided", "A registration group was divided.")
ARRANGED = events.declare(
    "registration.group.arranged",
    "The places in a registration group were changed: focal point, relationships.",
)
CLOSED = events.declare("registration.group.closed", "A registration group was closed: nobody is in it.")
ADULT = 18  # years


@transaction.atomic
def add(
    *,
    household: Household,
    members: Sequence[ArrivalRow],
    reason: str,
    on: date,
    by: Viewer,
    now: datetime,
    mother: Individual | None = None,
) -> list[uuid.UUID]:
    """Register people into a group that stands: a birth, or whoever was not there on the first day. Returns their ids.

    A newborn has status and origin of the mother, who is a member (Reg. (EU) 2024/1347 article 23: family members derive theirs).
    """
    lock(household, by=by)
    check_day([], on=on, earliest=household.registered_on, now=now)
    if household.event is None:
        raise NotPermitted(_("This group belongs to no event. Register its people at the desk."))
    details: dict[str, object] = {"joined_on": on}
    if reason == GroupReason.BIRTH:
        if mother is None or mother.household_id != household.pk:
            raise NotPermitted(_("Say who the mother is: she is a member of this group."), field="mother")
        details |= {
            "origin_country": mother.origin_country,
            "languages": mother.languages,
            "legal_status": mother.legal_status,
            "status_basis": mother.status_basis,
            "birth_country": by.agency.country,
        }
        if mother.legal_status == LegalStatus.REFUGEE:
            details["status_category"] = StatusCategory.DERIVATIVE
    group = people.Arrival(
        members=members,
        ordinals=list(range(1, len(members) + 1)),
        joins=household.pk,
        details=[details] * len(members),
    )
    flow = Flow.BIRTH if reason == GroupReason.BIRTH else Flow.REGISTRATION
    # Of a group of whom others are still only counted, the event says how far somebody is registered.
    level = "" if household.level == Level.GROUP else household.level
    people.register(arrivals=[group], by=by, now=now, event=household.event, level=level, flow=flow)
    _note(JOINED, [], group.individuals, by=by, now=now, reason=reason, on=on)
    return group.individuals


@transaction.atomic
def move(
    *,
    members: Sequence[Individual],
    household: Household,
    relationships: Mapping[uuid.UUID, str],
    reason: str,
    on: date,
    by: Viewer,
    now: datetime,
    successor: Individual | None = None,
    child_headed: bool = False,
) -> None:
    """Let members of one group go into another group of the agency, as `relationships` says; who is not named is to be defined.

    `successor` leads those who stay, if the focal point goes; with the last active member the group that they leave closes.
    """
    source, members = _held(members, household, by=by)
    if household.pk == source.pk:
        raise NotPermitted(_("They are in this group already. Choose another one."), field="household")
    if not any(one.is_focal_point for one in active(household)):
        raise NotPermitted(
            _("Nobody is in that group any more. Divide the group instead."), field="household"
        )
    taken = {
        one.pk: Relationship.UNKNOWN
        if relationships.get(one.pk, "") in ("", *FOCAL)
        else relationships[one.pk]
        for one in members
    }
    _go(members, source, household.pk, taken, reason=reason, on=on, by=by, now=now, successor=successor,
        child_headed=child_headed)  # fmt: skip
    _note(MOVED, [source.pk], [one.pk for one in members], by=by, now=now, reason=reason, on=on)


@transaction.atomic
def split(
    *,
    members: Sequence[Individual],
    focal_point: Individual,
    reason: str,
    on: date,
    by: Viewer,
    now: datetime,
    relationships: Mapping[uuid.UUID, str] | None = None,
    successor: Individual | None = None,
    child_headed: bool = False,
) -> Household:
    """Divide a group: these members make a new one, led by one of them; some must stay. Returns the new group.

    Relationships are those to the new focal point, proposed by rule (rules.relations) where none is given.
    """
    source, members = _held(members, by=by)
    focal_point = next((one for one in members if one.pk == focal_point.pk), focal_point)
    if focal_point not in members:
        raise NotPermitted(_("The new group is led by one of those who go."), field="focal_point")
    if len(members) == len(active(source)):
        raise NotPermitted(_("Somebody has to stay, or nothing is divided."), field="members")
    check_leads(focal_point, on=on, child_headed=child_headed)
    check_day(members, on=on, now=now)
    made = Household(
        id=uuid7(now), agency_id=source.agency_id, number=people.household_number(by, year=now.year), event_id=source.event_id,
        site=source.site, registered_on=on, arrived_on=source.arrived_on, level=source.level,
        origin_country=source.origin_country, area_id=source.area_id,
    )  # fmt: skip
    made.save(force_insert=True)
    places = proposed(members, focal_point) | dict(relationships or {}) | {focal_point.pk: Relationship.PA}
    _go(members, source, made.pk, places, reason=reason, on=on, by=by, now=now, successor=successor,
        child_headed=child_headed, new=True)  # fmt: skip
    _note(DIVIDED, [source.pk], [one.pk for one in members], by=by, now=now, reason=reason, on=on)
    return made


@transaction.atomic
def arrange(
    *,
    household: Household,
    focal_point: Individual,
    relationships: Mapping[uuid.UUID, str],
    reason: str,
    on: date,
    by: Viewer,
    now: datetime,
    child_headed: bool = False,
) -> None:
    """Give a group another focal point, the others their relationships to that one; or correct relationships under the same one.

    Raises NotPermitted for somebody who is no active member, or a child unless the caseworker says that children are alone.
    """
    lock(household, by=by)
    members = active(household)
    focal_point = next((one for one in members if one.pk == focal_point.pk), focal_point)
    if focal_point not in members:
        raise NotPermitted(_("Choose an active member of this group."), field="focal_point")
    if not focal_point.is_focal_point:
        # That children live alone is a specific need (SC-CH, CR-CH), which the page of specific needs suggests by itself.
        check_leads(focal_point, on=on, child_headed=child_headed)
    _lead(members, focal_point, relationships, reason=reason, on=on, by=by, now=now)
    _note(ARRANGED, [household.pk], [focal_point.pk], by=by, now=now, reason=reason, on=on)


def active(household: Household) -> list[Individual]:
    """Return who is in the group now, as registered; with events, for the ledger."""
    found = Individual.objects.filter(household=household, agency_id=household.agency_id).active()
    return list(found.select_related("event", "household").order_by("pk"))


def proposed(members: Iterable[Individual], focal_point: Individual) -> dict[uuid.UUID, str]:
    """Return what these members of one group would be to another focal point of theirs, by rule."""
    return {
        one.pk: Relationship.PA
        if one.pk == focal_point.pk
        else one.relationship
        if focal_point.is_focal_point
        else seen_from(focal_point.relationship, who=one.relationship, sex=one.sex)
        for one in members
    }


def check_day(
    members: Iterable[Individual], *, on: date, now: datetime, earliest: date | None = None
) -> None:
    """Refuse a day that is to come, or before somebody was in the group."""
    first = max([since(one) for one in members] + ([earliest] if earliest else []))
    if on > timezone.localdate(now):
        raise NotPermitted(_("This day is in the future. Give the day on which it happened."), field="on")
    if on < first:
        raise NotPermitted(
            _("On this day they were not in the group: give %(day)s or later.") % {"day": first}, field="on"
        )


def since(person: Individual) -> date:
    """Return the day from which somebody has their place in their group."""
    return person.joined_on or person.registered_on


def check_leads(person: Individual, *, on: date, child_headed: bool) -> None:
    """Refuse a focal point younger than 18, unless the caseworker says that children are without an adult (law 1.3)."""
    age = person.age_on(on)
    if age is not None and age < ADULT and not child_headed:
        raise NotPermitted(
            _("%(name)s is younger than 18. Choose an adult, or say that this is a child-headed household.")
            % {"name": person.full_name},
            field="child_headed",
        )


def put(
    places: Mapping[Individual, tuple[uuid.UUID, str]], *, reason: str, on: date, by: Viewer, now: datetime
) -> None:
    """Write in which group and as what people are from a day on, and where they were until then. Unchanged ones stay untouched."""
    changed = [one for one, place in places.items() if (one.household_id, one.relationship) != place]
    check_day(changed or places, on=on, now=now)
    end(changed, reason=reason, on=on, by=by)
    # Who led a group first, so that there are never two focal points in one, not for a moment.
    for led in (True, False):
        batch = [one for one in changed if one.is_focal_point is led]
        for one in batch:
            one.household_id, one.relationship = places[one]
            one.joined_on = on
        Individual.objects.bulk_update(batch, ["household", "relationship", "joined_on"])
        changed = [one for one in changed if one not in batch]


def end(members: Iterable[Individual], *, reason: str, on: date, by: Viewer) -> None:
    """Write that these people had their places until a day."""
    insert(
        PastMembership,
        [
            {
                "id": uuid.uuid4(),
                "agency_id": one.agency_id,
                "individual_id": one.pk,
                "household_id": one.household_id,
                "relationship": one.relationship,
                "since": since(one),
                "until": max(
                    on, since(one)
                ),  # a death may be older than the place that somebody was given since
                "reason": reason,
                "noted_by_id": by.user_id,
            }
            for one in members
        ],
    )


def succeed(
    household: Household,
    successor: Individual | None,
    *,
    reason: str,
    on: date,
    by: Viewer,
    now: datetime,
    child_headed: bool = False,
) -> None:
    """Let a group that somebody left have a focal point again; or be closed, if nobody is in it any more."""
    left = active(household)
    if not left:
        household.closed_on, household.closing_reason = on, reason
        household.save(update_fields=["closed_on", "closing_reason"])
        _note(CLOSED, [household.pk], [], by=by, now=now, reason=reason, on=on)
    elif not any(one.is_focal_point for one in left):
        chosen = next((one for one in left if successor and one.pk == successor.pk), None)
        if chosen is None:
            raise NotPermitted(_("Choose who leads the group from now on."), field="successor")
        check_leads(chosen, on=on, child_headed=child_headed)
        day = max([on, *(since(one) for one in left)])
        _lead(left, chosen, {}, reason=GroupReason.FOCAL_POINT, on=day, by=by, now=now)


def _lead(
    members: Sequence[Individual],
    focal_point: Individual,
    given: Mapping[uuid.UUID, str],
    *,
    reason: str,
    on: date,
    by: Viewer,
    now: datetime,
) -> None:
    """Put a focal point into their place, and the others into those given or proposed; nobody else leads."""
    places: dict[Individual, tuple[uuid.UUID, str]] = {}
    for one, code in zip(members, proposed(members, focal_point).values(), strict=True):
        wanted = code if one.pk == focal_point.pk else given.get(one.pk, code)
        if wanted in FOCAL and one.pk != focal_point.pk:
            wanted = Relationship.UNKNOWN
        places[one] = (
            one.household_id,
            one.relationship if one.is_focal_point and wanted in FOCAL else wanted,
        )
    put(places, reason=reason, on=on, by=by, now=now)


def _go(
    members: Sequence[Individual],
    source: Household,
    target: uuid.UUID,
    places: Mapping[uuid.UUID, str],
    *,
    reason: str,
    on: date,
    by: Viewer,
    now: datetime,
    successor: Individual | None,
    child_headed: bool,
    new: bool = False,
) -> None:
    """Bring people from one group into another, with whatever closes their files; the group they leave goes on or closes."""
    ids = [one.pk for one in members]
    put({one: (target, places[one.pk]) for one in members}, reason=reason, on=on, by=by, now=now)
    exceptions.follow(ids, source=source.pk, target=target, new=new)
    access_rows.cover_individuals(ids)
    succeed(source, successor, reason=reason, on=on, by=by, now=now, child_headed=child_headed)


def _held(
    members: Sequence[Individual], *further: Household, by: Viewer
) -> tuple[Household, list[Individual]]:
    """Hold the one group of these people, and return it with them as they stand now."""
    if len({one.household_id for one in members}) != 1:
        raise NotPermitted(_("Choose people of one group."), field="members")
    source = members[0].household
    lock(source, *further, by=by)
    wanted = {one.pk for one in members}
    found = [one for one in active(source) if one.pk in wanted]
    if len(found) != len(wanted):
        raise NotPermitted(_("Somebody of them is not in the group any more. Reload the page."))
    return source, found


def lock(*households: Household, by: Viewer) -> None:
    """Hold groups for this transaction, in one order for all, and see that they are the agency's own."""
    policies.check_may(by, Permission.PERSON_REGISTER)
    ids = {one.pk for one in households}
    held = Household.objects.select_for_update().owned_by(by).filter(pk__in=ids).order_by("pk")
    if len(held) != len(ids):
        raise NotPermitted(_("Only the agency that is responsible for this family can do this."))


def _note(
    name: str,
    households: Sequence[uuid.UUID],
    individuals: Sequence[uuid.UUID],
    *,
    by: Viewer,
    now: datetime,
    reason: str,
    on: date,
) -> None:
    for kind, subjects in (("household", households), ("individual", individuals)):
        if subjects:
            events.note(name, kind, *subjects, by=by, now=now, reason=str(reason), on=on.isoformat())
