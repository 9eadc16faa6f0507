"""How is what a person asks for about their own data written down, extended, answered and withdrawn, and what follows?"""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from refugeecm.core import events
from refugeecm.core.deadlines.calendars import Calendar
from refugeecm.core.deadlines.counting import count
from refugeecm.core.deadlines.rules import rule
from refugeecm.core.ids import uuid7
from refugeecm.core.transitions import move
from registration import policies
from registration.actions import access_rows, sealing
from registration.enums.rights import KEEPS_APART, RightsStatus
from registration.models import Individual, RightsRequest
from registration.policies import NotPermitted

RECEIVED = events.declare(
    "registration.rights.received", "A person asked for something about their own data."
)
EXTENDED = events.declare(
    "registration.rights.extended", "More time was taken to answer what a person asked about their own data."
)
ANSWERED = events.declare(
    "registration.rights.answered", "What a person asked about their own data was answered."
)
WITHDRAWN = events.declare(
    "registration.rights.withdrawn", "A person withdrew what they had asked about their own data."
)
GIVEN = events.declare("registration.statement.given", "A person was given the statement of their data.")

ANSWER, LONGER = "RIGHTS-1", "RIGHTS-2"  # registration/deadlines.csv


def due_on(received_on: date, country: str, *, longer: bool = False) -> date:
    """Return the last day of the answer: a month after receipt, or three where it was extended (GDPR article 12(3)).

    Counted by Regulation (EEC, Euratom) 1182/71, article 3: the day of receipt does not count; the period ends on the same date, or on
    the last day of a month that has none, and moves on from a day on which nobody works.
    """
    counted = count(rule(LONGER if longer else ANSWER, on=received_on), received_on, Calendar(country))
    return counted.legal_end


@transaction.atomic
def receive(
    *,
    individual: Individual,
    kind: str,
    channel: str,
    asked_by: str,
    what: str,
    received_on: date,
    by: Viewer,
    now: datetime,
) -> RightsRequest:
    """Write down what a person of the viewer's agency asks for; the clock runs from the day on which it came, by whichever door."""
    _check(individual, by, Permission.RIGHTS_KEEP)
    if received_on > now.date():
        raise NotPermitted(
            _("The day on which it was received cannot lie in the future."), field="received_on"
        )
    made = RightsRequest(
        id=uuid7(now), agency_id=by.agency_id, individual=individual, kind=kind, channel=channel, asked_by=asked_by,
        received_on=received_on, due_on=due_on(received_on, by.agency.country), recorded_by_id=by.user_id, recorded_at=now,
    )  # fmt: skip
    made.what = _sealed(made, "what", what)
    made.save(force_insert=True)
    _record(RECEIVED, made, by=by, now=now)
    return made


@transaction.atomic
def extend(*, request: RightsRequest, reason: str, by: Viewer, now: datetime) -> None:
    """Take two months more, once, with a reason that the person is told; not when the first month is over (GDPR article 12(3))."""
    _check(request.individual, by, Permission.RIGHTS_KEEP)
    if now.date() > request.due_on:
        raise NotPermitted(_("The month is over. The person has to be told within it; answer at once."))
    move(
        request, to=RightsStatus.EXTENDED, due_on=due_on(request.received_on, by.agency.country, longer=True),
        extension=_sealed(request, "extension", reason), extended_at=now, extended_by_id=by.user_id,
    )  # fmt: skip
    _record(EXTENDED, request, by=by, now=now)


@transaction.atomic
def answer(*, request: RightsRequest, to: str, text: str, by: Viewer, now: datetime) -> None:
    """Grant or refuse, with what the person is told.

    An objection or a restriction that is granted ends all sharing of the person in the same moment: no agreement covers them any more.
    A correction is then made in the person's form, and an erasure proposed and approved by two people: neither happens here.
    """
    _check(request.individual, by, Permission.RIGHTS_ANSWER)
    if to not in {RightsStatus.GRANTED, RightsStatus.REFUSED}:
        raise NotPermitted(_("Choose whether it is granted or refused."))
    move(
        request, to=to, answer=_sealed(request, "answer", text), answered_at=now, answered_by_id=by.user_id,
    )  # fmt: skip
    _cover(request)
    _record(ANSWERED, request, by=by, now=now)


@transaction.atomic
def withdraw(*, request: RightsRequest, by: Viewer, now: datetime) -> None:
    """Note that the person withdraws a request, or an objection that was granted: then agreements cover them again."""
    _check(request.individual, by, Permission.RIGHTS_KEEP)
    policies.check_withdraw_request(request=request)
    move(request, to=RightsStatus.WITHDRAWN)
    _cover(request)
    _record(WITHDRAWN, request, by=by, now=now)


@transaction.atomic
def note_statement(
    *, individual: Individual, identity: str, language: str, by: Viewer, now: datetime
) -> None:
    """Record that the person was given the statement of their data, in which language, and how it was checked who they are."""
    _check(individual, by, Permission.RIGHTS_KEEP)
    events.note(
        GIVEN, "individual", individual.pk, by=by, now=now, tell=None, identity=identity, language=language
    )


def _check(individual: Individual, by: Viewer, permission: Permission) -> None:
    policies.check_may(by, permission)
    if individual.agency_id != by.agency_id:
        raise NotPermitted(_("Another agency is responsible for this person."))


def _sealed(request: RightsRequest, field: str, text: str) -> bytes:
    opener, place = sealing.Opener([request.individual_id]), sealing.fact_place(request, field)
    sealed = opener.seal(request.individual_id, text.encode(), place=place)
    if sealed is None:
        raise NotPermitted(sealing.erased())
    return sealed


def _cover(request: RightsRequest) -> None:
    if request.kind in KEEPS_APART:
        access_rows.cover_individuals([request.individual_id])


def _record(name: str, request: RightsRequest, *, by: Viewer, now: datetime) -> None:
    told = {"kind": request.kind, "status": request.status}
    events.note(name, "individual", request.individual_id, by=by, now=now, tell=None, **told)
