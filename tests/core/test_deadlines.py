"""Do periods end where the acts say? Worked examples, and a restatement of the counting that walks day by day."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from functools import cache
from io import StringIO
from typing import Any

import holidays
import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from refugeecm.core.deadlines.calendars import Calendar
from refugeecm.core.deadlines.counting import METHODS, count
from refugeecm.core.deadlines.rules import Amount, catalogue, whole

DAY = timedelta(days=1)
COUNTRIES = ("DE", "FR", "IT", "GR", "EG", "TD")
PERIODS = st.tuples(st.integers(1, 40), st.sampled_from(["days", "working_days", "weeks", "months", "years"]))
EXAMPLES = [  # law-and-practice.md 3.6: rule, country that acts, event, last day
    ("AM-TC-1", "DE", "2026-07-31", "2026-09-30"),
    ("AM-TC-1", "DE", "2026-12-31", "2027-03-01"),
    ("AM-TC-2", "DE", "2027-01-31", "2027-03-01"),
    ("AM-RP-1", "IT", "2026-11-24", "2026-12-24"),
    ("AM-RP-1", "IT", "2026-11-25", "2026-12-28"),
    ("AM-RP-2", "IT", "2026-12-18", "2027-01-04"),
    ("AM-TB-1", "DE", "2026-08-12", "2026-08-26"),
    ("AM-DEC-1", "DE", "2026-12-11", "2026-12-28"),
    ("AM-TR-1", "DE", "2026-08-31", "2027-03-01"),
    ("AM-TR-1", "DE", "2026-11-15", "2027-05-18"),
    ("D3-TR-1", "DE", "2026-11-15", "2027-05-15"),
    ("AM-TR-3", "DE", "2028-02-29", "2031-02-28"),
    ("AM-TC-4", "DE", "2026-12-24", "2027-01-07"),
    ("AM-TR-5", "DE", "2026-12-07", "2027-01-11"),
    ("APR-REG-1", "FR", "2026-12-21", "2026-12-28"),
    ("APR-LOD-1", "FR", "2026-12-16", "2027-01-06"),
    ("APR-MER-1", "FR", "2026-08-31", "2027-03-01"),
    ("APR-ACC-1", "FR", "2026-11-30", "2027-03-01"),
    ("APR-BOR-1", "GR", "2026-10-07", "2026-12-30"),
    ("APR-UAM-1", "FR", "2026-12-14", "2027-01-06"),
    ("D3-TC-1", "DE", "2025-11-30", "2026-02-28"),
    ("D3-RP-1", "DE", "2025-12-31", "2026-02-28"),
    ("D3-TR-1", "DE", "2026-03-31", "2026-09-30"),
    ("D3-TR-3", "DE", "2026-03-31", "2027-09-30"),
    # Windows in which a fact counts end where they end: AMMR 33(1), a Sunday.
    ("AM-CRI-33", "DE", "2025-06-30", "2027-02-28"),
    # Backwards, and never nearer to the event (1182/71 art. 3(4)): the Saturday before a Monday.
    ("AM-REL-3", "DE", "2026-08-03", "2026-08-01"),
    # Three days from the Thursday before Easter: Monday is a holiday, and Tuesday alone is not two working days (3(5)).
    ("SCR-3", "DE", "2027-03-25", "2027-03-31"),
    # A weekend of Friday and Saturday: the fifteenth working day of Egypt, whose Revolution Day is 23 July.
    ("CP-UAM-1", "EG", "2026-07-12", "2026-08-03"),
    ("GDPR-2", "IE", "2026-11-30", "2027-03-01"),
]


# What the acts say, written without the engine, slowly: every day is looked at.


def off(day: date, country: str) -> bool:
    """Whether the state is closed on a day."""
    listed = year_of(country, day.year)
    return day in listed or day.weekday() in listed.weekend


@cache
def year_of(country: str, year: int) -> holidays.HolidayBase:
    """The holidays of a year."""
    return holidays.country_holidays(country, years=year)


def last_of(day: date, number: int, unit: str) -> date:
    """The day on which so many months or years end: the same date, or the last of the month."""
    months = number * (12 if unit == "years" else 1)
    year, month = day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1
    for wanted in range(day.day, 0, -1):
        try:
            return date(year, month, wanted)
        except ValueError:
            continue
    raise AssertionError("every month has a first day")


def end_by_hand(day: date, number: int, unit: str, country: str, *, moves: bool, two: bool) -> date:
    """The last day of a period whose event was on `day`: it moves off closed days, and holds two working days."""
    if unit == "working_days":
        worked, end = 0, day
        while worked < number:
            end += DAY
            worked += not off(end, country)
        return end
    if unit in {"months", "years"}:
        end = last_of(day, number, unit)
    else:
        end = day
        for _one in range(number * (7 if unit == "weeks" else 1)):
            end += DAY
    while moves and off(end, country):
        end += DAY
    while two and (unit, number) != ("days", 1):
        worked = sum(not off(day + DAY * one, country) for one in range(1, (end - day).days + 1))
        if worked >= 2:
            break
        end += DAY
    return end


@pytest.mark.parametrize(
    ("regime", "moves", "two"), [("APR", True, False), ("SR", True, True), ("DUBLIN3", False, False)]
)
@hypothesis(max_examples=60)
@given(data=st.data())
def test_every_period_ends_where_counting_by_hand_ends(
    regime: str, moves: bool, two: bool, data: st.DataObject
) -> None:
    one = next(rule[0] for rule in catalogue().values() if rule[0].regime == regime and rule[0].kind == "max")
    day = data.draw(st.dates(date(2024, 1, 1), date(2029, 12, 31)))
    (number, unit), country = data.draw(PERIODS), data.draw(st.sampled_from(COUNTRIES))
    number = min(number, 6) if unit == "years" else number

    ended = count(one, day, Calendar(country), amount=Amount(number, unit))

    assert ended.legal_end == end_by_hand(day, number, unit, country, moves=moves, two=two)
    assert day < ended.raw_end <= ended.legal_end
    if ended.legal_end > ended.raw_end:
        assert dict(ended.skipped), "what moved the end is said"


def asked(rule: str, day: str, country: str, **more: str) -> dict[str, Any]:
    """What the command answers."""
    out = StringIO()
    call_command("deadline", rule, day, calendar=country, stdout=out, **more)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def test_worked_examples_are_exact() -> None:
    for rule, country, event, last in EXAMPLES:
        assert asked(rule, event, country)["legal_end"] == last, (rule, event)


def test_a_range_and_a_rule_that_prolongs_another_show_each_bound() -> None:
    appeal = asked("APR-APP-1", "2026-12-14", "FR")
    assert (appeal["legal_end"], appeal["bounds"]["national_least"]["legal_end"]) == (
        "2026-12-24",
        "2026-12-21",
    )
    longer = asked("APR-UAM-2", "2026-12-14", "FR")
    assert (longer["legal_end"], longer["bounds"]["APR-UAM-1"]["legal_end"]) == ("2027-01-20", "2027-01-06")
    assert longer["skipped"]["2026-12-25"] == "Christmas Day"
    # Registered on 3 August, the hit on the next day: a month from the hit, never past two from the registration (3.6, scenario).
    both = asked("AM-TC-2", "2026-08-04", "DE", of="2026-08-03")
    assert (both["legal_end"], both["bounds"]["AM-TC-1"]["legal_end"]) == ("2026-09-04", "2026-10-05")
    assert asked("AM-TC-2", "2026-10-01", "DE", of="2026-08-03")["legal_end"] == "2026-10-05"


def test_hours_begin_with_the_next_one_and_do_not_move() -> None:
    exact = asked("EUR-1", "2026-12-23T09:30+01:00", "DE")
    assert (exact["until"], exact["legal_end"]) == ("2026-12-26T10:00:00+01:00", "2026-12-26")
    assert exact["bounds"]["technical_failure"]["until"] == "2026-12-28T10:00:00+01:00"
    of_a_day = asked("EUR-1", "2026-12-23", "DE")
    assert (of_a_day["until"], of_a_day["bounds"]["event_at_end_of_day"]["until"]) == (
        "2026-12-26T01:00:00", "2026-12-27T00:00:00",
    )  # fmt: skip
    assert datetime.fromisoformat(str(of_a_day["until"])) - datetime(2026, 12, 23) == timedelta(hours=73)


def test_every_rule_can_be_counted_and_its_relatives_exist() -> None:
    rules = catalogue()
    assert len(rules) >= 111
    for versions in rules.values():
        for one in versions:
            assert one.regime in METHODS
            assert not one.of or one.of in rules, one
            assert whole(one)[1].number >= one.amount.number
            assert all((one.article, one.starts, one.consequence))
            assert asked(one.id, "2026-09-15", "FR")["raw_end"]


def test_what_cannot_be_counted_is_told() -> None:
    for words, says in (
        (("APR-UAM-9", "2026-12-14", "FR"), "no deadline rule"),
        (("APR-UAM-1", "14.12.2026", "FR"), "is no day"),
        (("APR-UAM-1", "2026-12-14", "XX"), "No holidays"),
        (("AM-CRI-30", "9998-01-01", "FR"), "out of range"),
    ):
        with pytest.raises(CommandError, match=says):
            asked(*words)
