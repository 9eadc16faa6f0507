"""How is a breach, or a request by law enforcement, written down and brought to its end? Nothing here happens by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from agencies import policies
from agencies.access import Viewer
from agencies.enums import BreachStatus, LawRequestStatus
from agencies.models import Breach, LawRequest
from refugeecm.core import events
from refugeecm.core.ids import uuid7
from refugeecm.core.transitions import move

NOTED = events.declare("agencies.breach.noted", "A breach of personal data was written down.")
KEPT = events.declare(
    "agencies.breach.kept", "What was done about a breach, or who was told, was written down."
)
MOVED = events.declare("agencies.breach.moved", "A breach was contained, opened again or closed.")
RECEIVED = events.declare("agencies.law_request.received", "A request by law enforcement was written down.")
REFERRED = events.declare(
    "agencies.law_request.referred", "A request by law enforcement went to the focal point."
)
DECIDED = events.declare(
    "agencies.law_request.decided", "A request by law enforcement was answered, refused or withdrawn."
)


def _write_down(row: Breach | LawRequest, letter: str, name: str, *, by: Viewer, now: datetime) -> None:
    """Write a new entry of the viewer's agency, with its reference."""
    policies.check_keep(by=by, agency_id=by.agency_id)
    row.id, row.agency, row.recorded_by_id, row.created_at = (
        uuid7(now),
        by.agency,
        policies.check_person(by),
        now,
    )
    row.reference = f"{letter}-{now.year % 100:02d}-{row.id.hex[-8:].upper()}"
    row.save(force_insert=True)
    _record(name, row, by=by, now=now)


@transaction.atomic
def note_breach(
    *, by: Viewer, now: datetime, noticed_at: datetime, what: str, whose: str, people: int | None = None
) -> Breach:
    """Write a breach down; the clock of 72 hours runs from `noticed_at`."""
    breach = Breach(noticed_at=noticed_at, what=what, whose=whose, people=people)
    _write_down(breach, "B", NOTED, by=by, now=now)
    return breach


@transaction.atomic
def keep_breach(
    *,
    breach: Breach,
    by: Viewer,
    now: datetime,
    measures: str,
    authority_told_at: datetime | None,
    not_told_because: str,
    people_told_at: datetime | None,
) -> None:
    """Write down what was done and who was told. Of a closed breach nothing changes any more."""
    policies.check_keep(by=by, agency_id=breach.agency_id)
    stands = Breach.objects.visible_to(by).filter(pk=breach.pk).exclude(status=BreachStatus.CLOSED)
    changed = stands.update(
        measures=measures,
        authority_told_at=authority_told_at,
        not_told_because=not_told_because,
        people_told_at=people_told_at,
    )
    policies.check_open(changed=changed)
    _record(KEPT, breach, by=by, now=now)


@transaction.atomic
def move_breach(*, breach: Breach, to: str, by: Viewer, now: datetime) -> None:
    """Contain, open again or close. Raises NotPermitted for a close that leaves open what must be said, TransitionNotAllowed."""
    policies.check_keep(by=by, agency_id=breach.agency_id)
    closing: dict[str, Any] = {}
    if to == BreachStatus.CLOSED:
        policies.check_close(breach=breach)
        closing = {"closed_by_id": by.user_id, "closed_at": now}
    move(breach, to=to, **closing)
    _record(MOVED, breach, by=by, now=now)


@transaction.atomic
def receive_request(
    *,
    by: Viewer,
    now: datetime,
    received_at: datetime,
    asked_by: str,
    legal_basis: str,
    asked_for: str,
    answer_by: datetime,
) -> LawRequest:
    """Write down what law enforcement or a court asks for."""
    request = LawRequest(
        received_at=received_at,
        asked_by=asked_by,
        legal_basis=legal_basis,
        asked_for=asked_for,
        answer_by=answer_by,
    )
    _write_down(request, "L", RECEIVED, by=by, now=now)
    return request


@transaction.atomic
def refer_request(*, request: LawRequest, to_whom: str, by: Viewer, now: datetime) -> None:
    """Give it to the protection or legal focal point; before that it cannot be answered (law-and-practice.md N11)."""
    policies.check_keep(by=by, agency_id=request.agency_id)
    move(
        request, to=LawRequestStatus.REFERRED, referred_to=to_whom, referred_by_id=by.user_id, referred_at=now
    )
    _record(REFERRED, request, by=by, now=now)


@transaction.atomic
def decide_request(*, request: LawRequest, to: str, answer: str, by: Viewer, now: datetime) -> None:
    """Answer or refuse, by a second person; or note that it was withdrawn. `answer` says what was given, or why not."""
    if to == LawRequestStatus.WITHDRAWN:
        policies.check_keep(by=by, agency_id=request.agency_id)
    else:
        policies.check_decide(request=request, by=by)
    move(request, to=to, answer=answer, decided_by_id=by.user_id, decided_at=now)
    _record(DECIDED, request, by=by, now=now)


def _record(name: str, row: Breach | LawRequest, *, by: Viewer, now: datetime) -> None:
    kind = "breach" if isinstance(row, Breach) else "law_request"
    events.note(name, kind, row.pk, by=by, now=now, status=row.status)
