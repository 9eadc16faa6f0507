"""Does a verification exercise freeze its list, give families their days, take what desks enter, and wrong nobody at its end?"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from agencies.actions import agencies as founding
from agencies.enums import Role
from refugeecm.core.models import MailOut, User
from refugeecm.core.transitions import TransitionNotAllowed
from registration.actions import corrections, exceptions, exercises, lapsing, movements, people
from registration.enums import Flow
from registration.models import (
    Household,
    Individual,
    LedgerLine,
    QueueToken,
    VerificationExercise,
    VerificationTarget,
)
from registration.policies import NotPermitted
from registration.rules.appointments import NoRoom, spread
from tests.conftest import FAMILY, NOW, Cast, Person, acting_as, arrival, register

TODAY, DAY = NOW.date(), timedelta(days=1)


def supervising(cast: Cast, name: str) -> Person:
    user = User.objects.create_user(f"{name}@border.example", name=name.title())
    return Person(user, founding.enrol(agency=cast.border, user=user, role=Role.SUPERVISOR))


@pytest.fixture
def supervisor(cast: Cast) -> Person:
    return supervising(cast, "sami")


@pytest.fixture
def second(cast: Cast) -> Person:
    return supervising(cast, "salma")


def planned(by: Person, **given: Any) -> VerificationExercise:
    terms = {"name": "Spring", "starts_on": TODAY, "ends_on": TODAY + 4 * DAY, "capacity": 100, **given}
    with acting_as(by.viewer):
        return exercises.plan(by=by.viewer, now=NOW, **terms)


def act(verb: Any, by: Person, exercise: VerificationExercise, now: Any = NOW, **given: Any) -> Any:
    with acting_as(by.viewer):
        fresh = VerificationExercise.objects.get(pk=exercise.pk)
        return verb(exercise=fresh, by=by.viewer, now=now, **given)


def results(by: Person, exercise: VerificationExercise) -> dict[str, int]:
    with acting_as(by.viewer):
        return VerificationTarget.objects.filter(exercise=exercise).counted()


def test_families_stay_together_and_days_do_not_overflow():
    days = [TODAY + n * DAY for n in range(3)]
    found = spread(
        [("a", "X", 4), ("b", "X", 4), ("c", "X", 2), ("d", "Y", 9), ("e", "X", 5)], days=days, capacity=6
    )
    assert {key: one.day for key, one in found.items()} == {
        "a": days[0], "b": days[1], "c": days[0], "d": days[0], "e": days[2],
    }  # fmt: skip
    with pytest.raises(NoRoom) as full:
        spread([("a", "X", 4), ("b", "X", 4), ("c", "X", 4), ("d", "X", 4)], days=days, capacity=5)
    assert (full.value.site, full.value.room, full.value.people) == ("X", 15, 16)


@settings(max_examples=30)
@given(st.lists(st.integers(1, 9), max_size=40), st.integers(1, 12))
def test_no_day_takes_more_than_it_can_unless_one_family_is_larger(sizes, capacity):
    days = [TODAY + n * DAY for n in range(60)]
    found = spread([(n, "X", size) for n, size in enumerate(sizes)], days=days, capacity=capacity)
    assert len(found) == len(sizes)
    for day in days:
        there = [sizes[key] for key, one in found.items() if one.day == day]
        assert sum(there) <= capacity or len(there) == 1


def test_an_exercise_from_plan_to_end(cast, family, event, supervisor, second):
    """The story of 1.9: frozen list, days, results of every kind, notice, somebody who comes late, confirmation, and nobody closed."""
    mother, son, daughter = family
    late = register(cast.caseworker, event, FAMILY)
    gone = register(cast.caseworker, event, FAMILY[:2])
    with pytest.raises(NotPermitted, match="does not allow"):
        planned(cast.caseworker)
    made = planned(supervisor, event=event, site="CAMP-A")
    assert act(exercises.start, supervisor, made) == 8
    with acting_as(supervisor.viewer):
        days = VerificationTarget.objects.filter(exercise=made).values_list("household_id", "appointment_on")
        assert len(set(days)) == 3, "a family has one day"
        numbers = QueueToken.objects.filter(day=TODAY).values_list("number", "people", "place")
        assert sorted(one[0] for one in numbers) == [1, 2, 3]
        assert sorted(one[1:] for one in numbers) == [(2, "CAMP-A"), (3, "CAMP-A"), (3, "CAMP-A")]
    born = register(cast.caseworker, event, [{"given_name": "Nour"}])  # after the list was frozen
    with acting_as(cast.caseworker.viewer):
        Individual.objects.filter(pk=son.pk).update(process_status="I", process_reason="lost_contact")
    said = {
        mother.pk: "present_biometric_match", son.pk: "represented", daughter.pk: "deceased", gone[0].pk: "departed",
        gone[1].pk: "duplicate", born[0].pk: "present_no_biometric",
    }  # fmt: skip
    done = act(exercises.enter, cast.caseworker, made, results=said)
    assert (done.noted, done.not_asked, done.closed) == (6, [], [])
    with acting_as(cast.caseworker.viewer):
        stands = {
            one.pk: (one.process_status, one.process_reason) for one in Individual.objects.filter(pk__in=said)
        }
    assert stands == {
        mother.pk: ("A", ""), son.pk: ("A", "reopened"), daughter.pk: ("C", "deceased"), gone[0].pk: ("I", "departed"),
        gone[1].pk: ("A", ""), born[0].pk: ("A", ""),
    }  # fmt: skip
    assert results(supervisor, made) == {
        "": 3, "present_biometric_match": 1, "represented": 1, "deceased": 1, "departed": 1, "duplicate": 1, "new": 1,
    }  # fmt: skip
    with pytest.raises(NotPermitted, match="still have appointments"):
        act(exercises.end, supervisor, made)
    over = NOW + 5 * DAY
    assert act(exercises.end, supervisor, made, now=over) == 3
    assert results(supervisor, made)["no_show"] == 3
    # nobody is made inactive before the notice is over, nor on the word of whoever ended it
    with pytest.raises(NotPermitted, match="not over yet"):
        act(exercises.confirm, second, made, now=over + 30 * DAY)
    with pytest.raises(NotPermitted, match="You ended this"):
        act(exercises.confirm, supervisor, made, now=over + 31 * DAY)
    act(
        exercises.enter,
        cast.caseworker,
        made,
        now=over + 20 * DAY,
        results={late[0].pk: "present_no_biometric"},
    )
    act(exercises.confirm, second, made, now=over + 31 * DAY)
    with acting_as(cast.caseworker.viewer), pytest.raises(TransitionNotAllowed):
        exercises.cancel(
            exercise=VerificationExercise.objects.get(pk=made.pk), by=supervisor.viewer, now=over + 31 * DAY
        )
    while lapsing.run_one(agency=cast.border, now=over + 31 * DAY):
        pass
    with acting_as(supervisor.viewer):
        made.refresh_from_db()
        assert made.status == "done"
        rows = Individual.objects.in_bulk([one.pk for one in late])
        assert [rows[one.pk].process_status for one in late] == ["A", "I", "I"]
        assert rows[late[1].pk].process_reason == "no_show"
        assert Household.objects.get(pk=late[0].household_id).closed_on is None
        assert LedgerLine.objects.filter(flow=Flow.CLOSURE).aggregate(n=Sum("people"))["n"] == -2
    with pytest.raises(NotPermitted, match="takes no results"):
        act(exercises.enter, cast.caseworker, made, results={late[1].pk: "represented"})


def test_whoever_is_not_asked_is_left_alone(cast, family, event, supervisor):
    """Other sites, sealed files, other agencies; a wrong result and an exercise of nobody are refused."""
    elsewhere = register(cast.caseworker, event, [{"given_name": "Amal", "registration_site": "CAMP-B"}])
    register(cast.caseworker, event, FAMILY[:2])
    sealed = register(cast.caseworker, event, FAMILY[:1])
    with acting_as(supervisor.viewer):
        house = Household.objects.get(pk=sealed[0].household_id)
        exceptions.seal(household=house, reason="Threatened", readers=[], by=supervisor.viewer, now=NOW)
    made = planned(supervisor, site="CAMP-A")
    later = NOW + timedelta(hours=1)
    assert act(exercises.start, supervisor, made, now=later) == 5
    done = act(exercises.enter, cast.caseworker, made, results={elsewhere[0].pk: "represented"}, now=later)
    assert (done.noted, [one.pk for one in done.not_asked]) == (0, [elsewhere[0].pk])
    with pytest.raises(NotPermitted, match="no result"):
        act(exercises.enter, cast.caseworker, made, results={family[0].pk: "no_show"})
    with pytest.raises(NotPermitted, match="Nobody of your agency"):
        act(exercises.start, supervisor, planned(supervisor, site="CAMP-Z"))
    with pytest.raises(NotPermitted, match="room for 1 people, and 5"), transaction.atomic():
        act(exercises.start, supervisor, planned(supervisor, site="CAMP-A", capacity=1, ends_on=TODAY))
    with pytest.raises(NotPermitted, match="before the first"):
        planned(supervisor, ends_on=TODAY - DAY)
    with acting_as(cast.stranger.viewer):
        assert not VerificationTarget.objects.exists()
        assert not VerificationExercise.objects.exists()
    with acting_as(supervisor.viewer), pytest.raises(IntegrityError), transaction.atomic():
        one = VerificationExercise.objects.filter(pk=made.pk)
        one.update(ended_by=supervisor.user, ended_at=NOW, confirmed_by=supervisor.user, confirmed_at=NOW)


def test_whoever_has_an_address_is_told_by_mail_and_a_late_comer_among_the_inactive_is_back(
    cast, family, supervisor, second
):
    with acting_as(cast.caseworker.viewer):
        corrections.correct(
            individual=family[0], columns={"email": "mariam@home.example"}, further={}, level=family[0].level, reason="",
            version=corrections.version_of(family[0]), by=cast.caseworker.viewer, now=NOW,
        )  # fmt: skip
    made = planned(supervisor)
    act(exercises.start, supervisor, made)
    over = NOW + 5 * DAY
    act(exercises.end, supervisor, made, now=over)
    assert lapsing.run_one(agency=cast.border, now=over)
    assert not lapsing.run_one(agency=cast.border, now=over), "everybody is told once"
    assert MailOut.objects.count() == 1
    with acting_as(supervisor.viewer):
        told = VerificationTarget.objects.filter(exercise=made).values_list("individual", "mailed")
        assert dict(told) == {family[0].pk: True, family[1].pk: False, family[2].pk: False}
    act(exercises.confirm, second, made, now=over + 31 * DAY)
    assert lapsing.run_one(agency=cast.border, now=over + 31 * DAY)
    with acting_as(supervisor.viewer):
        assert Household.objects.get(pk=family[0].household_id).closed_on == (over + 31 * DAY).date()
        back = movements.record(
            people=family, kind="returned", on=(over + 40 * DAY).date(), by=cast.caseworker.viewer, now=over + 40 * DAY
        )  # fmt: skip
        assert back == []
        assert set(Individual.objects.values_list("process_status", flat=True)) == {"A"}


def test_five_thousand_people(cast, event, supervisor, second, django_assert_max_num_queries, capsys):
    """Set-based from the frozen list to the last record: seconds for 5,000 people, and as many statements as for fifty."""
    viewer = cast.caseworker.viewer
    sites = ("CAMP-A", "CAMP-B")
    rows = [
        [arrival(registration_site=sites[n % 2])]
        + [
            arrival(given_name=name, relationship_to_head="child", registration_site=sites[n % 2])
            for name in ("Amal", "Nour", "Hiba", "Rana")
        ]
        for n in range(1000)
    ]
    groups = [
        people.Arrival(members=group, ordinals=list(range(n * 5, n * 5 + 5))) for n, group in enumerate(rows)
    ]
    with acting_as(viewer):
        people.register(arrivals=groups, by=viewer, now=NOW, event=event)
    made = planned(supervisor, event=event, capacity=600)
    began = time.perf_counter()
    with django_assert_max_num_queries(25):
        assert act(exercises.start, supervisor, made) == 5000
    frozen = time.perf_counter() - began
    with acting_as(viewer):
        ids = list(Individual.objects.order_by("pk").values_list("pk", flat=True))
        asked = VerificationTarget.objects.filter(exercise=made)
        assert {one["people"] for one in asked.by_day()} == {600, 100}
        assert asked.values("household_id", "appointment_on").distinct().count() == 1000
    began = time.perf_counter()
    for start in range(0, 4000, 500):
        with django_assert_max_num_queries(25):
            came = dict.fromkeys(ids[start : start + 500], "present_no_biometric")
            assert act(exercises.enter, cast.caseworker, made, results=came).noted == 500
    entered = time.perf_counter() - began
    over = NOW + 5 * DAY
    assert act(exercises.end, supervisor, made, now=over) == 1000
    began = time.perf_counter()
    while lapsing.run_one(agency=cast.border, now=over):
        pass
    act(exercises.confirm, second, made, now=over + 31 * DAY)
    with django_assert_max_num_queries(40):
        assert lapsing.run_one(agency=cast.border, now=over + 31 * DAY)
    while lapsing.run_one(agency=cast.border, now=over + 31 * DAY):
        pass
    lapsed = time.perf_counter() - began
    with acting_as(viewer):
        made.refresh_from_db()
        counted = Individual.objects.filter(process_status="I", process_reason="no_show").count()
        assert (made.status, counted) == ("done", 1000)
        assert LedgerLine.objects.aggregate(n=Sum("people"))["n"] == 4000
        assert Household.objects.exclude(closed_on=None).count() == 200
    with capsys.disabled():
        print(  # noqa: T201 - the figures of the run
            f"\n5,000 people: frozen {frozen:.2f} s, 4,000 entered {entered:.2f} s, 1,000 inactive {lapsed:.2f} s"
        )
    assert frozen + entered + lapsed < 60


def test_the_pages(cast, family, event, supervisor, second):
    """Plan, begin, enter a family by number, a list with an error, the lists, end, and what others may not do."""
    client, clerk = supervisor.browser(), cast.caseworker.browser()
    terms = {
        "name": "Spring at the river", "site": "CAMP-A", "starts_on": str(timezone.localdate()), "capacity": "50",
        "ends_on": str(timezone.localdate() + DAY), "notice_days": "30", "legal_status": "", "event": "",
    }  # fmt: skip
    assert (
        "lies before"
        in client.post(reverse("exercise-new"), terms | {"ends_on": "2020-01-01"}).content.decode()
    )
    page = client.post(reverse("exercise-new"), terms, follow=True).content.decode()
    assert "Planned. Nobody is asked" in page
    with acting_as(supervisor.viewer):
        made = VerificationExercise.objects.get()
    here = {
        name: reverse(name, args=[made.pk])
        for name in ("exercise", "exercise-move", "exercise-desk", "exercise-list")
    }
    assert clerk.post(here["exercise-move"], {"to": "running"}).status_code == 403
    assert "takes no results now" in clerk.get(here["exercise-desk"], follow=True).content.decode()
    page = client.post(here["exercise-move"], {"to": "running"}, follow=True).content.decode()
    assert "every family has a day" in page
    with acting_as(supervisor.viewer):
        house = Household.objects.get(pk=family[0].household_id).number
    desk = clerk.get(here["exercise-desk"], {"q": f" {family[1].number.lower()} "}).content.decode()
    assert desk.index(family[1].number) < desk.index(family[0].number), "whom the number names comes first"
    assert desk.count("selected") >= 3, "that they came is proposed"
    sent = {str(one.pk): "present_no_biometric" for one in family[:2]} | {str(family[2].pk): "open"}
    page = clerk.post(f"{here['exercise-desk']}?q={house}", sent, follow=True).content.decode()
    assert "2 people are noted." in page
    page = clerk.post(
        here["exercise-desk"], {"result": "represented", "numbers": f"{family[2].number} NONSENSE"}
    )
    assert "1 person is noted." in page.content.decode()
    assert "NONSENSE" in page.content.decode()
    assert "slip in typing" in clerk.get(here["exercise-desk"], {"q": "NONSENSE"}).content.decode()
    page = clerk.get(here["exercise"]).content.decode()
    assert "3 of 3" in page
    assert family[2].number in clerk.get(here["exercise-list"], {"result": "represented"}).content.decode()
    assert "Nobody is here" in clerk.get(here["exercise-list"], {"result": "open"}).content.decode()
    page = client.post(here["exercise-move"], {"to": "notice"}, follow=True).content.decode()
    assert "Notice given" in page
    assert "Confirm: make them" not in second.browser().get(here["exercise"]).content.decode()
    page = client.post(here["exercise-move"], {"to": "cancelled"}, follow=True).content.decode()
    assert "Nobody is made inactive." in page
    assert "Spring at the river" in clerk.get(reverse("exercises")).content.decode()
    assert cast.stranger.browser().get(here["exercise"]).status_code == 404
