"""How do deadlines of people begin, how are they met, counted anew or stopped, and who notices that one has passed?"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from agencies.models import Agency
from refugeecm.core.bulk import insert
from refugeecm.core.deadlines.calendars import Calendar
from refugeecm.core.deadlines.counting import count
from refugeecm.core.deadlines.models import DeadlineStatus, columns
from refugeecm.core.deadlines.rules import rule
from refugeecm.core.ids import uuid7
from refugeecm.core.transitions import move
from registration.models import Deadline


class Due(NamedTuple):
    """A deadline to begin: of whom, of what, by which rule, and since which event; `was` is the row that it replaces."""

    individual_id: uuid.UUID
    subject_id: uuid.UUID
    rule: str
    event_on: date
    was: Deadline | None = None


def begin(due: Iterable[Due], *, agency: Agency, now: datetime) -> None:
    """Count these deadlines by the calendar of the agency's country, the one that has to act, and write them: one statement."""
    calendar = Calendar(agency.country)

    @cache  # of a thousand children of one day each rule is counted once
    def counted(name: str, day: date) -> dict[str, Any]:
        return columns(count(rule(name, on=day), day, calendar))

    insert(
        Deadline,
        [
            {
                "id": uuid7(now, ordinal=place), "agency_id": agency.pk, "individual_id": one.individual_id,
                "subject_id": one.subject_id, "replaces_id": one.was.pk if one.was else None, "stopped_for": "",
                "status": DeadlineStatus.MET if one.was and one.was.met_on else DeadlineStatus.OPEN,
                "met_on": one.was.met_on if one.was else None, **counted(one.rule, one.event_on),
            }
            for place, one in enumerate(due)
        ],
    )  # fmt: skip


def stop(rows: Iterable[Deadline], *, reason: str, now: datetime) -> None:
    """Let deadlines run no longer; the rows stay, with the reason."""
    for row in rows:
        move(row, to=DeadlineStatus.CANCELLED, stopped_on=now.date(), stopped_for=reason)


def meet(rows: Iterable[Deadline], *, on: date) -> None:
    """Note on which day deadlines were met, in time or late."""
    for row in rows:
        move(row, to=DeadlineStatus.MET, met_on=on)


def pass_over(*, agency: Agency, today: date, at_most: int = 500) -> list[Deadline]:
    """Mark open deadlines whose last day has passed as missed; return them. Two who do this at once take different rows.

    In the agency's context. However long nobody looked, all are found, a part at a time.
    """
    over = Deadline.objects.filter(agency=agency, status=DeadlineStatus.OPEN, legal_end__lt=today)
    rows = list(over.select_for_update(skip_locked=True).order_by("legal_end", "pk")[:at_most])
    for row in rows:
        move(row, to=DeadlineStatus.MISSED)
    return rows
