"""How is an influx event proposed, approved by two, declared, scaled down and closed, and where do its people come in?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from refugeecm.core import events
from refugeecm.core.ids import of_number
from refugeecm.core.transitions import move
from registration import policies
from registration.enums import InfluxStatus
from registration.models import EntryPoint, InfluxEvent
from registration.policies import NotPermitted

PROPOSED = events.declare("registration.event.proposed", "Somebody proposed to declare an influx event.")
APPROVED = events.declare(
    "registration.event.approved", "Somebody approved an influx event; a second person has to."
)
MOVED = events.declare(
    "registration.event.moved", "An influx event was declared, scaled down, closed or sent back."
)
ENTRY_POINT = events.declare("registration.event.entry_point", "An entry point of an influx event was set.")


@transaction.atomic
def propose(
    *,
    event: InfluxEvent,
    basis: str,
    origins: Sequence[str],
    expected: int,
    level: str,
    registered_within: int | None,
    by: Viewer,
    now: datetime,
) -> None:
    """Propose to declare a draft: on what basis, for whom (ISO alpha-3), how many are expected, and how they are registered.

    `registered_within` are days after arrival. Raises NotPermitted and TransitionNotAllowed.
    """
    _check(event, by, Permission.EVENT_PROPOSE)
    if not basis or not origins or expected < 1:
        raise NotPermitted(_("Say the basis, the countries of origin and how many people are expected."))
    move(
        event, to=InfluxStatus.ALERT, basis=basis, origins=list(origins), expected=expected, level=level,
        registered_within=registered_within, proposed_by_id=by.user_id, proposed_at=now,
    )  # fmt: skip
    _tell(PROPOSED, event, by=by, now=now)


@transaction.atomic
def approve(*, event: InfluxEvent, by: Viewer, now: datetime) -> None:
    """Approve a proposal; the second person who does declares it. Neither of them is the one who proposed."""
    policies.check_declare(event=event, by=by)
    if event.status == InfluxStatus.ALERT and event.approved_by_id is None:
        waiting = InfluxEvent.objects.filter(pk=event.pk, status=InfluxStatus.ALERT, approved_by=None)
        if not waiting.update(approved_by_id=by.user_id):
            raise NotPermitted(_("Somebody was faster. Reload the page."))
        event.approved_by_id = by.user_id
        _tell(APPROVED, event, by=by, now=now)
        return
    move(event, to=InfluxStatus.DECLARED, approved_again_by_id=by.user_id, declared_at=now)
    _tell(MOVED, event, by=by, now=now)


@transaction.atomic
def change(*, event: InfluxEvent, to: str, by: Viewer, now: datetime) -> None:
    """Send a proposal back (`draft`: approvals are void), scale a declared event down or up again, or close it."""
    _check(event, by, Permission.EVENT_DECLARE)
    if event.status == InfluxStatus.ALERT and to == InfluxStatus.DECLARED:
        raise NotPermitted(_("Two people who did not propose it approve a declaration."))
    columns: dict[str, Any] = {}
    if to == InfluxStatus.DRAFT:
        columns = dict.fromkeys(("proposed_by_id", "proposed_at", "approved_by_id"))
    elif to == InfluxStatus.CLOSED:
        columns = {"ended_at": now}
    move(event, to=to, **columns)
    _tell(MOVED, event, by=by, now=now)


@transaction.atomic
def set_entry_point(
    *, event: InfluxEvent, point: EntryPoint | None, by: Viewer, now: datetime, **columns: Any
) -> EntryPoint:
    """Add an entry point (`point` is None), or change its columns: name, site, capacity, area, is_open."""
    _check(event, by, Permission.EVENT_PROPOSE)
    made = point or EntryPoint(event=event)
    for name, value in columns.items():
        setattr(made, name, value)
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError as error:
        raise NotPermitted(_("This event has an entry point for that site already."), field="site") from error
    _tell(ENTRY_POINT, event, by=by, now=now)
    return made


def _check(event: InfluxEvent, by: Viewer, permission: Permission) -> None:
    policies.check_may(by, permission)
    if event.agency_id != by.agency_id:
        raise NotPermitted(_("Only the agency that keeps this event changes it."))


def _tell(name: str, event: InfluxEvent, *, by: Viewer, now: datetime) -> None:
    events.record(
        name, subject_type="event", subjects=[of_number(event.pk)], agency_id=by.agency_id, by=by.user_id, now=now,
        details={"event": event.slug, "status": event.status}, tell=False,
    )  # fmt: skip
