"""How does a verification exercise begin, how is it entered who came, and how does it end without wronging anybody?

Whom it asks to come is frozen when it begins. Whoever did not come gets a notice first; only when its days are over and a second
person has confirmed it do workers make the records inactive, chunk by chunk; nothing is ever closed (law-and-practice.md 1.9).
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import orjson
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from refugeecm.core import events
from refugeecm.core.bulk import insert
from refugeecm.core.ids import first_at, uuid7
from refugeecm.core.transitions import move
from registration import policies
from registration.actions import movements, status
from registration.enums import (
    CAME,
    COUNTED,
    ENTERED,
    SAID,
    ExerciseStatus,
    MovementKind,
    ProcessReason,
    ProcessStatus,
    TokenStatus,
    VerificationResult,
)
from registration.models import Individual, InfluxEvent, QueueToken, VerificationExercise, VerificationTarget
from registration.policies import NotPermitted
from registration.rules.appointments import Appointment, NoRoom, spread

PLANNED = events.declare("registration.exercise.planned", "A verification exercise was planned.")
MOVED = events.declare(
    "registration.exercise.moved", "A verification exercise began, ended, was confirmed or was cancelled."
)
VERIFIED = events.declare(
    "registration.individual.verified", "It was entered what a verification exercise found of a person."
)
# One statement, whatever their number; sealed files are verified by their readers, apart.
_FREEZE = """
    INSERT INTO registration_verificationtarget
        (id, agency_id, exercise_id, individual_id, household_id, site, result, mailed)
    SELECT gen_random_uuid(), i.agency_id, %(exercise)s, i.id, i.household_id, i.site, '', false
    FROM registration_individual i
    WHERE i.agency_id = %(agency)s AND i.merged_into_id IS NULL AND i.process_status = ANY (%(counted)s)
      AND (%(event)s::bigint IS NULL OR i.event_id = %(event)s::bigint)
      AND (%(site)s = '' OR i.site = %(site)s) AND (%(legal)s = '' OR i.legal_status = %(legal)s)
      AND NOT EXISTS (SELECT 1 FROM registration_sealedfile s WHERE s.individual_id = i.id AND s.lifted_at IS NULL)
"""
_FAMILIES = """
    SELECT household_id, mode() WITHIN GROUP (ORDER BY site), count(*) FROM registration_verificationtarget
    WHERE exercise_id = %s GROUP BY household_id ORDER BY household_id
"""
_APPOINT = """
    UPDATE registration_verificationtarget t SET appointment_on = x.day, site = x.site
    FROM json_to_recordset(%s::json) AS x(house uuid, day date, site text)
    WHERE t.exercise_id = %s AND t.household_id = x.house
"""
_LOCK_PLACES = "SELECT pg_advisory_xact_lock(hashtextextended(one, %s)) FROM unnest(%s::text[]) one"


@transaction.atomic
def plan(
    *,
    name: str,
    starts_on: date,
    ends_on: date,
    capacity: int,
    by: Viewer,
    now: datetime,
    event: InfluxEvent | None = None,
    site: str = "",
    legal_status: str = "",
    notice_days: int = 30,
) -> VerificationExercise:
    """Plan an exercise over the viewer's agency's people; it asks nobody before it begins."""
    policies.check_may(by, Permission.VERIFY_PLAN)
    if ends_on < starts_on:
        raise NotPermitted(_("The last day lies before the first one."), field="ends_on")
    made = VerificationExercise(
        id=uuid7(now), agency=by.agency, name=name, event=event, site=site, legal_status=legal_status, starts_on=starts_on,
        ends_on=ends_on, capacity=capacity, notice_days=notice_days, planned_by_id=by.user_id, planned_at=now,
    )  # fmt: skip
    made.save(force_insert=True)
    events.note(PLANNED, "exercise", made.pk, by=by, now=now, tell=None)
    return made


@transaction.atomic
def start(*, exercise: VerificationExercise, by: Viewer, now: datetime) -> int:
    """Freeze whom it is about, and give every family a day and a number there; return how many people. Eight statements.

    Raises NotPermitted where nobody is meant, or the days are too few for them.
    """
    _check(exercise, by)
    today = timezone.localdate(now)
    first = max(exercise.starts_on, today)
    days = [first + timedelta(days=n) for n in range((exercise.ends_on - first).days + 1)]
    if not days:
        raise NotPermitted(_("Its last day is over. Plan another one."))
    move(exercise, to=ExerciseStatus.RUNNING, started_by_id=by.user_id, started_at=now)
    with connection.cursor() as cursor:
        scope: dict[str, Any] = {"exercise": exercise.pk, "agency": by.agency_id, "counted": [str(one) for one in COUNTED],
                 "event": exercise.event_id, "site": exercise.site, "legal": exercise.legal_status}  # fmt: skip
        cursor.execute(_FREEZE, scope)
        people = int(cursor.rowcount)
        if not people:
            raise NotPermitted(_("Nobody of your agency is meant by this. Check event, site and status."))
        cursor.execute(_FAMILIES, [exercise.pk])
        families = [(house, place, int(size)) for house, place, size in cursor.fetchall()]
    try:
        days_of = spread(families, days=days, capacity=exercise.capacity)
    except NoRoom as full:
        said = _(
            "At “%(site)s” there is room for %(room)s people, and %(people)s are to come. Plan more days, or more a day."
        )
        raise NotPermitted(said % {"site": full.site, "room": full.room, "people": full.people}) from full
    rows = [{"house": house, "day": one.day, "site": one.site} for house, one in days_of.items()]
    with connection.cursor() as cursor:
        cursor.execute(_APPOINT, [orjson.dumps(rows).decode(), exercise.pk])
    _give_numbers(exercise, {house: size for house, _site, size in families}, days_of, by=by, now=now)
    events.note(
        MOVED, "exercise", exercise.pk, by=by, now=now, tell=None, to=ExerciseStatus.RUNNING, people=people
    )
    return people


def _give_numbers(
    exercise: VerificationExercise,
    sizes: Mapping[uuid.UUID, int],
    days_of: Mapping[uuid.UUID, Appointment],
    *,
    by: Viewer,
    now: datetime,
) -> None:
    """Give each family a number for its day, behind those given already; it stands on their slip, and the desk calls it."""
    places = sorted({f"{one.site} {one.day}" for one in days_of.values()})
    with connection.cursor() as cursor:  # as queue.give: two never give the same number
        cursor.execute(_LOCK_PLACES, [by.agency_id, places])
    given = QueueToken.objects.visible_to(by).filter(day__in={one.day for one in days_of.values()})
    last: dict[tuple[str, date], int] = defaultdict(int)
    for place, day, number in given.values_list("place", "day").annotate(last=Max("number")):
        last[place, day] = number
    rows = []
    for ordinal, (house, one) in enumerate(days_of.items()):
        last[one.site, one.day] += 1
        rows.append(
            {
                "id": uuid7(now, ordinal=ordinal), "agency_id": by.agency_id, "event_id": exercise.event_id, "place": one.site,
                "day": one.day, "number": last[one.site, one.day], "people": min(sizes[house], 32_000), "priority": False,
                "status": TokenStatus.WAITING, "household_id": house, "given_at": now,
            }
        )  # fmt: skip
    insert(QueueToken, rows)


@dataclass
class Entered:
    """What became of a list of results: how many were noted, who is not on the list, and whose record stays closed."""

    noted: int = 0
    not_asked: list[Individual] = field(default_factory=list)
    closed: list[Individual] = field(default_factory=list)


@transaction.atomic
def enter(
    *, exercise: VerificationExercise, results: Mapping[uuid.UUID, str], by: Viewer, now: datetime
) -> Entered:
    """Note what was found of people of the agency, whoever they are a family with; what was said before is said anew.

    Who was registered after the list was frozen is new; whoever else is not on it is left alone. Whoever comes is taken off the
    no-shows, also after the end, and an inactive record is active again. Deaths and departures are recorded as such. Statements:
    ten, one for each kind of result, and those of each record that changes.
    """
    policies.check_may(by, Permission.PERSON_REGISTER)
    if exercise.agency_id != by.agency_id or exercise.status not in ENTERED:
        raise NotPermitted(_("This exercise takes no results now. Reload the page."))
    if strange := set(results.values()) - set(SAID):
        raise NotPermitted(_("“%(value)s” is no result. Choose one of the list.") % {"value": min(strange)})
    # First the targets, then the people: a worker that makes somebody inactive in this moment is done before we look at the record.
    targets = VerificationTarget.objects.filter(exercise=exercise, individual__in=list(results))
    asked = {one.individual_id: one for one in targets.select_for_update().order_by("pk")}
    own = Individual.objects.visible_to(by).filter(agency_id=by.agency_id, merged_into=None)
    people = list(own.filter(pk__in=list(results)).select_related("household", "event").order_by("pk"))
    since = first_at(exercise.started_at or now)
    done = Entered()
    by_result: dict[str, list[Individual]] = defaultdict(list)
    fresh: dict[uuid.UUID, str] = {}
    for one in people:
        said = results[one.pk]
        if one.pk not in asked and one.pk < since:
            done.not_asked.append(one)
            continue
        if one.pk not in asked or asked[one.pk].result == VerificationResult.NEW:
            said = VerificationResult.NEW if said in CAME else said
        if one.pk not in asked:
            fresh[one.pk] = said
        by_result[said].append(one)
    _write(exercise, by_result, fresh, by=by, now=now)
    for said, found in by_result.items():
        _act(said, found, done, by=by, now=now)
        ids = [one.pk for one in found]
        events.note(
            VERIFIED, "individual", *ids, by=by, now=now, tell=None, exercise=str(exercise.pk), result=said
        )
        done.noted += len(found)
    return done


def _write(
    exercise: VerificationExercise,
    by_result: Mapping[str, Sequence[Individual]],
    fresh: Mapping[uuid.UUID, str],
    *,
    by: Viewer,
    now: datetime,
) -> None:
    people = {one.pk: one for found in by_result.values() for one in found}
    insert(
        VerificationTarget,
        [
            {
                "id": uuid7(now, ordinal=place), "agency_id": by.agency_id, "exercise_id": exercise.pk, "individual_id": pk,
                "household_id": people[pk].household_id, "site": people[pk].site, "result": said, "noted_by_id": by.user_id,
                "noted_at": now, "mailed": False,
            }
            for place, (pk, said) in enumerate(fresh.items())
        ],
    )  # fmt: skip
    for said, found in by_result.items():
        known = [one.pk for one in found if one.pk not in fresh]
        stands = VerificationTarget.objects.filter(exercise=exercise, individual__in=known)
        stands.update(result=said, noted_by_id=by.user_id, noted_at=now)


def _act(said: str, people: Sequence[Individual], done: Entered, *, by: Viewer, now: datetime) -> None:
    """Let the record say what was found."""
    today = timezone.localdate(now)
    if said == VerificationResult.DECEASED:
        for one in people:
            if one.process_reason != ProcessReason.DECEASED:
                status.change_record(
                    individual=one, to=ProcessStatus.CLOSED, reason=ProcessReason.DECEASED, on=today, by=by, now=now
                )  # fmt: skip
    elif said == VerificationResult.DEPARTED:
        here = [one for one in people if one.process_status in COUNTED]
        if here:
            movements.record(people=here, kind=MovementKind.SPONTANEOUS, on=today, by=by, now=now)
    elif said != VerificationResult.DUPLICATE:  # which of two records stays is decided among the duplicates
        for one in people:
            if one.process_status == ProcessStatus.INACTIVE:
                status.change_record(
                    individual=one, to=ProcessStatus.ACTIVE, reason=ProcessReason.REOPENED, on=today, by=by, now=now
                )  # fmt: skip
        done.closed += [one for one in people if one.process_status == ProcessStatus.CLOSED]


@transaction.atomic
def end(*, exercise: VerificationExercise, by: Viewer, now: datetime) -> int:
    """Count whoever was not seen as not having come, and begin the notice; return how many."""
    _check(exercise, by)
    today = timezone.localdate(now)
    targets = VerificationTarget.objects.filter(exercise=exercise)
    if today <= exercise.ends_on and targets.filter(result="").exists():
        raise NotPermitted(_("People still have appointments: it can be ended after its last day."))
    until = today + timedelta(days=exercise.notice_days)
    move(exercise, to=ExerciseStatus.NOTICE, ended_by_id=by.user_id, ended_at=now, notice_until=until)
    missing = targets.filter(result="").update(
        result=VerificationResult.NO_SHOW, noted_by_id=by.user_id, noted_at=now
    )
    to = ExerciseStatus.NOTICE
    events.note(MOVED, "exercise", exercise.pk, by=by, now=now, tell=None, to=to, missing=missing)
    return missing


@transaction.atomic
def confirm(*, exercise: VerificationExercise, by: Viewer, now: datetime) -> None:
    """Let workers make inactive whoever did not come. After the days of notice, and by somebody who did not end it."""
    _check(exercise, by)
    policies.check_close_exercise(exercise=exercise, by=by, today=timezone.localdate(now))
    move(exercise, to=ExerciseStatus.CLOSING, confirmed_by_id=by.user_id, confirmed_at=now)
    to = ExerciseStatus.CLOSING
    events.note(MOVED, "exercise", exercise.pk, by=by, now=now, tell=None, to=to)


@transaction.atomic
def cancel(*, exercise: VerificationExercise, by: Viewer, now: datetime) -> None:
    """Give an exercise up: nobody is made inactive by it. What was entered stays."""
    _check(exercise, by)
    move(exercise, to=ExerciseStatus.CANCELLED)
    to = ExerciseStatus.CANCELLED
    events.note(MOVED, "exercise", exercise.pk, by=by, now=now, tell=None, to=to)


def _check(exercise: VerificationExercise, by: Viewer) -> None:
    policies.check_may(by, Permission.VERIFY_PLAN)
    if exercise.agency_id != by.agency_id:
        raise NotPermitted(_("Only the agency that planned this exercise changes it."))
