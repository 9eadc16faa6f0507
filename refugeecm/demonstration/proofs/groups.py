"""Do registration groups keep their invariants whatever clerks do, and does the ledger balance with the register after each act?

A state machine of Hypothesis (development only) acts through the actions of the house, on a scratch database, as the application;
each run is one transaction that is taken back. What the actions refuse is counted, and must have changed nothing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from agencies.access import Viewer, worker_for
from agencies.access.declaration import enter
from agencies.models import Agency
from refugeecm.core.models import User
from refugeecm.core.transitions import TransitionNotAllowed
from refugeecm.demonstration.scratch import Ground
from registration.actions import events as influx
from registration.actions import groups, people, status
from registration.enums import RECORD_REASONS, GroupReason, LegalStatus, ProcessStatus, Relationship
from registration.models import Household, Individual, InfluxEvent
from registration.policies import NotPermitted
from registration.rules.arrivals import ArrivalRow, read_row

Say = Callable[[str], None]
EVERY = 25  # runs after which the rows of the runs before are swept up
_COUNTED = "i.process_status IN ('A', 'H')"
_LEADS = f"{_COUNTED} AND i.relationship IN ('PA', 'HR1')"
# One statement: every violation in words. Membership is a span of days [since, until); the ledger goes without age band.
_BROKEN = f"""
    SELECT 'an open group without members, or not with one focal point: ' || h.number
    FROM registration_household h LEFT JOIN registration_individual i ON i.household_id = h.id
    WHERE h.closed_on IS NULL GROUP BY h.id
    HAVING count(*) FILTER (WHERE {_COUNTED}) = 0 OR count(*) FILTER (WHERE {_LEADS}) <> 1
  UNION ALL
    SELECT 'somebody active in a closed group: ' || i.number FROM registration_individual i
    JOIN registration_household h ON h.id = i.household_id AND h.closed_on IS NOT NULL WHERE {_COUNTED}
  UNION ALL
    SELECT 'memberships that overlap: ' || person FROM (
        SELECT i.number AS person, m.since, lag(m.until) OVER (PARTITION BY m.individual_id ORDER BY m.since, m.until) AS before
        FROM (
            SELECT individual_id, since, until FROM registration_pastmembership
            UNION ALL SELECT i.id, COALESCE(i.joined_on, i.registered_on), 'infinity' FROM registration_individual i WHERE {_COUNTED}
        ) AS m JOIN registration_individual i ON i.id = m.individual_id
    ) AS spans WHERE before > since
  UNION ALL
    SELECT 'the ledger does not balance: ' || concat_ws(' ', origin, asylum, status, place, sex, sum(n)) FROM (
        SELECT origin, asylum, status, place, sex, people AS n FROM registration_ledgerline
        UNION ALL SELECT COALESCE(NULLIF(i.origin_country, ''), i.nationality), e.country, i.legal_status, i.site, i.sex, -1
        FROM registration_individual i JOIN registration_influxevent e ON e.id = i.event_id WHERE {_COUNTED}
    ) AS stock GROUP BY origin, asylum, status, place, sex HAVING sum(n) <> 0
"""  # noqa: S608 - words of our own

some = st.integers(0, 10**6)
late = st.sampled_from([0, 0, 0, 1, 4])  # days between what happened and the day of the clerk


def prove(
    ground: Ground,
    *,
    runs: int,
    steps: int,
    number: int,
    now: datetime,
    say: Say,
    machine: type[Clerks] | None = None,
) -> dict[str, Any]:
    """Let the machine (Clerks, or one that does more) run so many times, so many steps each; return what was done.

    `proven` says that no invariant broke.
    """
    database = ground.database("groups")
    with ground.using(database):
        clerk = User.objects.filter(email="prove@groups.example").first()
        clerk = clerk or User.objects.create_user("prove@groups.example", name="Clerk")
        viewer = worker_for(Agency.objects.get(code="BORDER"), user_id=clerk.pk)
        with transaction.atomic():
            enter(viewer, reason="prove")
            event = influx.draft(slug="groups", name="Groups", by=viewer, now=now)

    run = Run(viewer, event, now, sweep=lambda: ground.run(database, "VACUUM"), say=say)

    class Ours(machine or Clerks):  # type: ignore[misc]
        of = run

    began, broken = time.perf_counter(), ""
    how = settings(
        max_examples=runs, stateful_step_count=steps, deadline=None, database=None, suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink), verbosity=Verbosity.quiet, print_blob=False,
    )  # fmt: skip
    with ground.using(database):
        try:
            run_state_machine_as_test(seed(number)(Ours), settings=how, _min_steps=steps)
        except Exception as error:  # noqa: BLE001 - whatever it was, it is what the proof is there to find
            broken = "\n".join([str(error), *getattr(error, "__notes__", []), *run.seen])
    return {
        "runs": run.runs,
        "steps": run.steps,
        "done": dict(sorted(run.done.items())),
        "refused": dict(sorted(run.refused.items())),
        "seconds": round(time.perf_counter() - began),
        "broken": broken,
        "proven": not broken and run.runs >= runs and run.steps >= runs * steps,
    }


@dataclass
class Run:
    """Where the clerks act, and what they have done so far."""

    by: Viewer
    event: InfluxEvent
    now: datetime
    sweep: Callable[[], object]
    say: Say
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    steps: int = 0
    seen: list[str] = field(default_factory=list)  # what went wrong, also where it does not go wrong again


class Clerks(RuleBasedStateMachine):
    """What the clerks of one agency do with the families of one event, in any order."""

    of: ClassVar[Run]

    def __init__(self) -> None:
        super().__init__()
        self.now = self.of.now
        self._block = transaction.atomic()
        self._block.__enter__()
        enter(self.of.by, reason="prove")

    def teardown(self) -> None:
        """Take the run back, after the database has checked what it would check at COMMIT."""
        try:
            if not connection.needs_rollback:
                connection.check_constraints()
        finally:
            transaction.set_rollback(True)
            self._block.__exit__(None, None, None)
        self.of.runs += 1
        if self.of.runs % EVERY == 0:
            self.of.sweep()
            self.of.say(f"{self.of.runs} runs, {self.of.steps} steps")

    @initialize(size=st.integers(1, 5))
    def begin(self, size: int) -> None:
        """There is a family, for some days."""
        self.register(size)
        self.wait(5)

    @rule(size=st.integers(1, 5))
    def register(self, size: int) -> None:
        """A family comes: a grown-up, a spouse, children."""
        codes = ("PA", "HUS", "SON", "DAU", "GCM")
        members = [
            _row(code, self._today(), age) for code, age in zip(codes, (34, 40, 19, 8, 1), strict=True)
        ]
        arrival = people.Arrival(members=members[:size], ordinals=list(range(size)))
        self._try("register", people.register, arrivals=[arrival], event=self.of.event)

    @rule(who=some, birth=st.booleans(), ago=late)
    def add(self, who: int, birth: bool, ago: int) -> None:
        """Somebody comes late into a group, or is born into it."""
        mother, on = self._active(who), self._today() - timedelta(days=ago)
        if mother:
            child = _row("SON" if birth else "SBF", on, 0 if birth else 30)
            self._try("birth" if birth else "late", groups.add, household=mother.household, members=[child], on=on,
                      reason=GroupReason.BIRTH if birth else GroupReason.LATE, mother=mother)  # fmt: skip

    @rule(
        who=some,
        to=some,
        many=st.integers(1, 5),
        then=some,
        code=st.sampled_from(Relationship.values),
        ago=late,
    )
    def move(self, who: int, to: int, many: int, then: int, code: str, ago: int) -> None:
        """Some of a group move to another."""
        members, rest = self._some_of(who, many)
        target = self._active(to)
        if members and target and target.household_id != members[0].household_id:
            self._try("move", groups.move, members=members, household=target.household, reason=GroupReason.MOVED,
                      relationships={members[0].pk: code}, **self._led(rest, then), **self._on(ago))  # fmt: skip

    @rule(who=some, many=st.integers(1, 4), first=some, then=some, ago=late)
    def split(self, who: int, many: int, first: int, then: int, ago: int) -> None:
        """A group is divided."""
        members, rest = self._some_of(who, many)
        if members:
            self._try("split", groups.split, members=members, focal_point=members[first % len(members)],
                      reason=GroupReason.SPLIT, **self._led(rest, then), **self._on(ago))  # fmt: skip

    @rule(who=some, code=st.sampled_from(Relationship.values), heads=st.booleans(), ago=late)
    def arrange(self, who: int, code: str, heads: bool, ago: int) -> None:
        """A group gets another focal point, and a relationship is said anew."""
        person = self._active(who)
        if person:
            others = [one for one in _members(person.household) if one.pk != person.pk]
            self._try("focal point", groups.arrange, household=person.household, focal_point=person, child_headed=heads,
                      relationships={one.pk: code for one in others[:1]}, reason=GroupReason.FOCAL_POINT,
                      **self._on(ago))  # fmt: skip

    @rule(who=some, ago=late)
    def death(self, who: int, ago: int) -> None:
        """Somebody dies, who may have left before; it is never refused."""
        person = self._anybody(who)
        if person and person.process_reason != "deceased":
            on = max(self._today() - timedelta(days=ago), person.birth_date or date.min)
            before = self.of.refused["death"]
            self._try("death", status.change_record, individual=person, to="C", reason="deceased", on=on)
            if self.of.refused["death"] != before:
                raise AssertionError("a death was refused")

    @rule(who=some, to=st.sampled_from(ProcessStatus.values), why=some, then=some, ago=late)
    def record(self, who: int, to: str, why: int, then: int, ago: int) -> None:
        """A record is put on hold, made inactive, closed, opened again."""
        person, reasons = self._anybody(who), RECORD_REASONS[to]
        if person:
            rest = [one for one in _members(person.household) if one.pk != person.pk]
            self._try(f"record {to}", status.change_record, individual=person, to=to, reason=reasons[why % len(reasons)],
                      **self._led(rest, then), **self._on(ago))  # fmt: skip

    @rule(who=some, to=st.sampled_from(["I", "C"]), ago=late)
    def close(self, who: int, to: str, ago: int) -> None:
        """A whole group is closed."""
        person = self._active(who)
        if person:
            self._try("close", status.close_group, household=person.household, to=to, reason=RECORD_REASONS[to][0],
                      **self._on(ago))  # fmt: skip

    @rule(who=some, to=st.sampled_from(LegalStatus.values), ago=late)
    def legal(self, who: int, to: str, ago: int) -> None:
        """A legal status changes, of whoever it is."""
        person = self._anybody(who)
        if person:
            self._try("legal status", status.change_legal, individual=person, legal_status=to, basis="", category="",
                      **self._on(ago))  # fmt: skip

    @rule(days=st.integers(1, 40))
    def wait(self, days: int) -> None:
        """Time goes by."""
        self.now += timedelta(days=days)

    @invariant()
    def holds(self) -> None:
        """Nothing is broken after any step."""
        self.of.steps += 1
        with connection.cursor() as cursor:
            cursor.execute(_BROKEN)
            broken = [row[0] for row in cursor.fetchall()]
        if broken:
            self.of.seen += broken
            raise AssertionError("; ".join(broken))

    def _try(self, name: str, action: Callable[..., object], **given: Any) -> None:
        try:
            action(by=self.of.by, now=self.now, **given)
            self.of.done[name] += 1
        except (NotPermitted, TransitionNotAllowed):
            self.of.refused[name] += 1
        except Exception as error:
            self.of.seen.append(f"{name}: {error!r}")
            raise

    def _today(self) -> date:
        return self.now.date()

    def _on(self, ago: int) -> dict[str, date]:
        return {"on": self._today() - timedelta(days=ago)}

    def _led(self, rest: list[Individual], then: int) -> dict[str, Any]:
        """Return who leads those who stay: one of them, a child if it must be; every fifth time nobody was named."""
        return {
            "successor": rest[then % len(rest)] if rest and then % 5 else None,
            "child_headed": bool(then % 3),
        }

    def _anybody(self, who: int) -> Individual | None:
        found = Individual.objects.select_related("household", "event").order_by("number")
        count = found.count()
        return found[who % count] if count else None

    def _active(self, who: int) -> Individual | None:
        found = Individual.objects.active().select_related("household__event", "event").order_by("number")
        count = found.count()
        return found[who % count] if count else None

    def _some_of(self, who: int, many: int) -> tuple[list[Individual], list[Individual]]:
        """Return some active members of one group, beginning with somebody, and the rest of it."""
        person = self._active(who)
        members = _members(person.household) if person else []
        turned = [one for one in members if person and one.number >= person.number]
        turned += [one for one in members if one not in turned]
        return turned[:many], turned[many:]


def _members(household: Household) -> list[Individual]:
    """Return who is in a group, in an order that is the same when a run is played again: ids hold chance."""
    return sorted(groups.active(household), key=lambda one: one.number)


def _row(code: str, on: date, age: int) -> ArrivalRow:
    female = code in {"PA", "DAU", "SBF"}
    row, errors = read_row(
        {
            "registration_date": on.isoformat(), "registration_site": f"CAMP-{age % 2}", "sex": "F" if female else "M",
            "given_name": f"Person {age}", "nationality": "SDN", "date_of_birth": on.replace(year=on.year - age, day=1).isoformat(),
        },
        today=on,
    )  # fmt: skip
    if row is None:
        raise RuntimeError(str(errors))
    return row._replace(relationship=code)
