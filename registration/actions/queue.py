"""How do people who have to wait get a number, and who is called next?"""

from __future__ import annotations

from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from refugeecm.core import events
from refugeecm.core.ids import uuid7
from refugeecm.core.transitions import move
from registration import policies
from registration.enums import TokenStatus
from registration.models import Household, InfluxEvent, QueueToken

GIVEN = events.declare("registration.token.given", "A group that has to wait got a number for a day.")
MOVED = events.declare(
    "registration.token.moved", "A number was called, or those who have it did not come, or came after all."
)
MOST = 200  # people who come with one number


@transaction.atomic
def give(
    *,
    place: str,
    day: date,
    people: int,
    by: Viewer,
    now: datetime,
    today: date,
    priority: bool = False,
    event: InfluxEvent | None = None,
    household: Household | None = None,
) -> QueueToken:
    """Give the next number of a place and day; `household` where it is registered already and shall come again.

    Raises policies.NotPermitted.
    """
    policies.check_may(by, Permission.PERSON_REGISTER)
    if day < today:
        raise policies.NotPermitted(_("This day is over. Choose today or a later one."), field="day")
    if not 1 <= people <= MOST:
        raise policies.NotPermitted(_("Give the number of people, from 1 to 200."), field="people")
    numbers = QueueToken.objects.filter(agency_id=by.agency_id, place=place, day=day)
    with connection.cursor() as cursor:  # one after the other: two desks never give the same number
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [f"{place} {day}", by.agency_id]
        )
    token = QueueToken.objects.create(
        id=uuid7(now),
        agency=by.agency,
        event=event,
        place=place,
        day=day,
        number=(numbers.aggregate(last=Max("number"))["last"] or 0) + 1,
        people=people,
        priority=priority,
        household=household,
        given_at=now,
    )
    events.note(GIVEN, "token", token.pk, by=by, now=now, tell=None, number=token.number, day=day.isoformat())
    return token


@transaction.atomic
def call_next(*, place: str, day: date, by: Viewer, now: datetime) -> QueueToken | None:
    """Call the next number that waits, those with priority first; None when nobody waits. Two desks never call the same one."""
    policies.check_may(by, Permission.PERSON_REGISTER)
    waiting = QueueToken.objects.visible_to(by).filter(place=place, day=day, status=TokenStatus.WAITING)
    token = waiting.order_by("-priority", "number").select_for_update(skip_locked=True).first()
    if token is not None:
        set_status(token=token, to=TokenStatus.CALLED, by=by, now=now)
    return token


@transaction.atomic
def set_status(*, token: QueueToken, to: str, by: Viewer, now: datetime) -> None:
    """Note that a number is called (again), or that nobody came. Raises NotPermitted or TransitionNotAllowed."""
    policies.check_may(by, Permission.PERSON_REGISTER)
    move(token, to=to, **({"called_at": now, "called_by_id": by.user_id} if to == TokenStatus.CALLED else {}))
    events.note(MOVED, "token", token.pk, by=by, now=now, tell=None, to=to)
