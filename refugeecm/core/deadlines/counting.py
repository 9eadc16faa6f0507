"""On which day does a period end? Counted as the act itself says that its periods are counted.

- Asylum and Migration Management Regulation (EU) 2024/1351 article 75, Asylum Procedures Regulation (EU) 2024/1348 article 73, Return
  Border Procedure Regulation (EU) 2024/1349 article 11: the day of the event is not counted; weeks and months end on the same day of
  the week or of the month, or on the month's last; a period that ends on a Saturday, Sunday or official holiday of the state concerned
  ends on the next working day.
- Regulation (EEC, Euratom) No 1182/71 article 3, for all other acts of the Union: the same; a period of two days or more has at least
  two working days (5); hours are counted from the next full hour, and do not move (1, 4); nor does what is counted backwards (4).
- Dublin III, Regulation (EU) No 604/2013 article 42: holidays are counted, and nothing moves.
- UNHCR's own aims are days of the calendar.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from refugeecm.core.deadlines.calendars import Calendar
from refugeecm.core.deadlines.rules import Amount, Rule, rule, whole

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Method:
    """How a regime counts; `source` is the article that says so."""

    source: str
    moves: bool = True  # to the next working day
    two_working_days: bool = False


_PACT, _1182 = Method("AMMR 75, APR 73"), Method("Reg. 1182/71 art. 3", two_working_days=True)
METHODS: dict[str, Method] = {
    **dict.fromkeys(("AMMR", "APR", "CFMR", "RBPR"), _PACT),
    **dict.fromkeys(("SR", "EURODAC", "QR", "RCD", "APD", "URFA", "GDPR"), _1182),
    "DUBLIN3": Method("604/2013 art. 42", moves=False),
    "UNHCR": Method("calendar days", moves=False),
    "PRACTICE": Method("working days of the country"),
}
_STAYS = {"window", "cessation", "before"}  # no act is due on the last day; or it is counted backwards


@dataclass(frozen=True)
class Counted:
    """An end of a period, and all that explains it. `until` is the moment, where hours are counted."""

    rule: Rule
    amount: Amount
    start: date
    raw_end: date
    legal_end: date
    calendar: Calendar
    skipped: tuple[tuple[date, str], ...] = ()  # days that are not counted or moved the end, and why
    until: datetime | None = None

    @property
    def version(self) -> str:
        """With which versions of the law and of the calendar this was counted."""
        return f"law of {self.rule.valid_from.isoformat()}, {self.calendar.version}"


def count(one: Rule, start: date, calendar: Calendar, *, amount: Amount | None = None) -> Counted:
    """Return where the period of a rule ends that begins with an event on (or, for hours, at) `start`; `amount` if it is another.

    For a rule that prolongs another, `start` is the event of that other one. Raises OverflowError past the year 9999.
    """
    amount, method = amount or whole(one)[1], METHODS[one.regime]
    if amount.unit == "hours":
        return _hours(one, amount, start, calendar)
    day = start.date() if isinstance(start, datetime) else start
    raw = _raw_end(day, amount, calendar, back=one.kind == "before")
    legal = raw
    if method.moves and one.kind not in _STAYS and amount.unit != "working_days":
        legal = calendar.next_open(raw)
        if method.two_working_days and (amount.unit != "days" or amount.number >= 2):
            legal = _with_two(day, legal, calendar)
    first = day if amount.unit == "working_days" else raw - _DAY
    return Counted(one, amount, day, raw, legal, calendar, skipped=_closed(first, legal, calendar))


def bounds(one: Rule, start: date, calendar: Calendar) -> dict[str, Counted]:
    """Return the further ends of a rule: of a range that the law leaves open, of the period that it prolongs, of an unknown hour."""
    found = {}
    if one.other is not None:
        found[one.bound] = count(one, start, calendar, amount=one.other)
    if one.relation in {"extends", "same_start"}:
        before = rule(one.of, on=one.valid_from)
        found[before.id] = count(before, start, calendar)
    if one.amount.unit == "hours" and not isinstance(start, datetime):
        found["event_at_end_of_day"] = count(one, datetime.combine(start, time(23)), calendar)
    return found


def _raw_end(day: date, amount: Amount, calendar: Calendar, *, back: bool) -> date:
    if amount.unit == "working_days":
        for _one in range(amount.number):
            day = calendar.next_open(day + _DAY)
        return day
    if amount.unit in {"days", "weeks"}:
        days = timedelta(days=amount.number * (7 if amount.unit == "weeks" else 1))
        return day - days if back else day + days
    year, month = divmod(
        day.year * 12 + day.month - 1 + amount.number * (12 if amount.unit == "years" else 1), 12
    )
    if year > date.max.year:
        raise OverflowError("date value out of range")
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _hours(one: Rule, amount: Amount, start: date, calendar: Calendar) -> Counted:
    """Count hours: the one in which the event occurs does not count. Of a day alone, the event is taken to be at its beginning."""
    begun = start if isinstance(start, datetime) else datetime.combine(start, time())
    hour = begun.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    length = timedelta(hours=amount.number)
    # Hours that pass, also over a night on which the clocks are changed.
    until = (hour.astimezone(UTC) + length).astimezone(hour.tzinfo) if hour.tzinfo else hour + length
    last = (until - timedelta(microseconds=1)).date()
    return Counted(one, amount, begun.date(), last, last, calendar, until=until)


def _with_two(start: date, end: date, calendar: Calendar) -> date:
    """Return the end, or the later day by which two working days lie in the period."""
    worked = sum(not calendar.closed(start + _DAY * one) for one in range(1, min((end - start).days, 30) + 1))
    for _missing in range(2 - worked):
        end = calendar.next_open(end + _DAY)
    return end


def _closed(after: date, until: date, calendar: Calendar) -> tuple[tuple[date, str], ...]:
    days = (after + _DAY * one for one in range(1, (until - after).days + 1))
    return tuple((day, why) for day in days if (why := calendar.closed(day)))
