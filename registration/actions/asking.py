"""How do two agencies find out whether they know the same person, when neither sees the other's record?

A background job notes where it may be so. One of them asks and shows what it chooses of its person; the other says yes, or no, or that
it cannot say. Of the last the asker hears only when the time for an answer is over, so that silence and the words say the same.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from agencies.models import Agency, Agreement
from refugeecm.core import crypto, events, wall
from refugeecm.core.bulk import insert
from refugeecm.core.ids import uuid7
from refugeecm.core.models import ReadEvent
from refugeecm.core.transitions import move
from registration import matching, policies
from registration.enums import QuestionState
from registration.models import Individual, MatchQuestion
from registration.policies import NotPermitted
from registration.rules.keys import Person, as_text
from registration.rules.likely import shares_of

ASKED = events.declare(
    "registration.individual.asked", "An agency asked another whether it knows one of its people."
)
RECEIVED = events.declare(
    "registration.individual.asked_about", "Another agency asks whether it is the same person as one of ours."
)
ANSWERED = events.declare(
    "registration.individual.answered", "It was answered whether two agencies know the same person."
)
FIELDS = ("name", "birth_date", "sex", "nationality")  # of which the asker chooses
ANSWERS = (QuestionState.SAME, QuestionState.DIFFERENT, QuestionState.UNSAID)
WAITS = timedelta(days=30)


def note_possible(pairs: Iterable[tuple[uuid.UUID, uuid.UUID]], now: datetime) -> int:
    """Note for both agencies of each pair of records that the other may know the person, where they have agreed to be told.

    Return how many pairs are new. Where a file is sealed or closed, where a consent is missing, or where the other agency belongs to
    the government of the person's country of origin, nothing is noted for either. One statement; any database context will do.
    """
    del now  # a hint has no day: it would tell when the other side registered the person
    given = list(pairs)
    some, others = [one for one, _other in given], [other for _one, other in given]
    with connection.cursor() as cursor:
        cursor.execute("SELECT registration_note_possible(%s::uuid[], %s::uuid[])", [some, others])
        return int(cursor.fetchone()[0])


def note_likely(people: Mapping[uuid.UUID, Person], *, by: Viewer) -> None:
    """Note where agencies that agreed to be told may know these people of one's own agency, by the keys of their records alone.

    Neither whether anybody was found nor how many is said. Four statements at most, one without such an agreement; in the viewer's
    database context. May take a lock that others wait for: nothing slow should follow in the transaction.
    """
    if not Agreement.objects.visible_to(by).live().filter(matches=True).exists():
        return
    secret, (_weights, crowded) = crypto.derived("keys"), matching.weights_for(by)
    found = {pk: shares_of(one, secret=secret, crowded=crowded) for pk, one in people.items()}
    asked = {pk: one for pk, one in found.items() if one}
    if asked:
        kinds = zip(*(one[1:] for one in asked.values()), strict=True)
        columns: list[Any] = [
            list(asked),
            [one.given for one in asked.values()],
            *([as_text(one) for one in some] for some in kinds),
        ]
        with connection.cursor() as cursor:
            cursor.execute(_LIKELY, columns)


_LIKELY = "SELECT registration_note_likely(%s::uuid[], %s::bigint[], %s, %s, %s, %s)"


def questions(individual: Individual) -> list[dict[str, Any]]:
    """Return what may be shown of the questions about one's own person, as `told` does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT registration_questions(%s)::text", [individual.pk])
        return told(cursor.fetchone()[0])


def told(rows: str) -> list[dict[str, Any]]:
    """Return the questions about a person, one for each agency, the furthest of them: {partner, name, state, shown, asked_at}.

    `rows`: as MatchQuestion's function gives them. How many records the other agency has in mind must not show.
    """
    best: dict[int, dict[str, Any]] = {}
    for row in orjson.loads(rows):
        known = best.get(row["partner"])
        if known is None or _FURTHEST.index(row["state"]) < _FURTHEST.index(known["state"]):
            best[row["partner"]] = row
    return sorted(best.values(), key=lambda one: str(one["name"]))


_FURTHEST = [
    QuestionState.TO_ANSWER, QuestionState.SAME, QuestionState.ASKED, QuestionState.UNSAID, QuestionState.DIFFERENT,
    QuestionState.POSSIBLE,
]  # fmt: skip


def _rows(individual: Individual, partner: int, state: str, by: Viewer) -> list[MatchQuestion]:
    """Return, locked, one's own rows in a state that may be shown now; raises NotPermitted where there is none."""
    policies.check_may(by, Permission.MATCH_ASK)
    with connection.cursor() as cursor:  # two agencies that ask each other at the same moment take turns
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", sorted((individual.agency_id, partner)))
    shown = [one for one in questions(individual) if one["partner"] == partner and one["state"] == state]
    rows = MatchQuestion.objects.visible_to(by).filter(individual=individual, partner=partner, state=state)
    found = list(rows.select_for_update().order_by("pk")) if shown else []
    if not found:
        raise NotPermitted(_("This was ended a moment ago. Reload the page to see what changed."))
    return found


@transaction.atomic
def ask(
    *, individual: Individual, partner: Agency, fields: Collection[str], by: Viewer, now: datetime
) -> None:
    """Ask another agency whether it knows this person of one's own, and show it these FIELDS of them.

    What is shown stands in the ledger of disclosures from now on. Raises NotPermitted.
    """
    rows = _rows(individual, partner.pk, QuestionState.POSSIBLE, by)
    if not fields:
        raise NotPermitted(_("Choose at least one thing by which the person can be recognised."))
    shown = said(individual, fields)
    for row in rows:
        move(row, to=QuestionState.ASKED, asked_at=now, asker_id=by.user_id)
    events.note(ASKED, "individual", individual.pk, by=by, now=now, tell=None, fields=sorted(fields))
    read = {
        "id": uuid7(now), "agency_id": partner.pk, "actor_id": None, "client_id": "", "at": now, "view": "question",
        "subject_type": "registration.individual", "subject_ids": [str(individual.pk)],
        "owner_agency_ids": [individual.agency_id], "classes": ["C2"],
    }  # fmt: skip
    with wall.within(agency_id=partner.pk, reason="question.asked"):
        insert(ReadEvent, [read])
        theirs = MatchQuestion.objects.filter(pair__in=[one.pair for one in rows], agency=partner)
        for row in theirs.filter(state=QuestionState.POSSIBLE).select_for_update().order_by("pk"):
            move(row, to=QuestionState.TO_ANSWER, asked_at=now, shown=shown)
            _tell(RECEIVED, row, now)


def said(person: Individual, fields: Collection[str] = FIELDS) -> dict[str, str]:
    """Return what these fields say of a person: codes and ISO dates; what is empty is left out."""
    values = {
        "name": person.full_name,
        "birth_date": person.birth_date.isoformat() if person.birth_date else "",
        "sex": person.sex,
        "nationality": person.nationality,
    }
    return {one: values[one] for one in FIELDS if one in fields and values[one]}


def _tell(name: str, row: MatchQuestion, now: datetime) -> None:
    """Record in the other agency's own log, in its context, and tell its people."""
    events.record(
        name, subject_type="individual", subjects=[row.individual_id], agency_id=row.agency_id, by=None, now=now,
        details={"tell": [row.agency_id]},
    )  # fmt: skip


@transaction.atomic
def answer(*, individual: Individual, partner: Agency, says: str, by: Viewer, now: datetime) -> None:
    """Answer another agency's question about one's own person with one of ANSWERS; what was shown goes with it.

    Raises NotPermitted.
    """
    rows = _rows(individual, partner.pk, QuestionState.TO_ANSWER, by)
    for row in rows:
        move(row, to=says, answered_at=now, answerer_id=by.user_id, shown={})
    events.note(ANSWERED, "individual", individual.pk, by=by, now=now, tell=None, says=says)
    if says == QuestionState.UNSAID:
        return  # as if nobody had answered: they hear of it when the time is over
    with wall.within(agency_id=partner.pk, reason="question.answered"):
        asked = MatchQuestion.objects.filter(pair__in=[one.pair for one in rows], agency=partner)
        for row in asked.filter(state=QuestionState.ASKED).select_for_update().order_by("pk"):
            move(row, to=says, answered_at=now)
            _tell(ANSWERED, row, now)


@transaction.atomic
def end_unanswered(*, agency: Agency, now: datetime) -> int:
    """Let the questions of and to an agency whose time is over end with "cannot say"; return how many."""
    wall.enter(agency_id=agency.pk, user_id=None, reason="question.unanswered")
    over = MatchQuestion.objects.filter(
        agency=agency, state__in=[QuestionState.ASKED, QuestionState.TO_ANSWER], asked_at__lte=now - WAITS
    )
    rows = list(over.select_for_update(skip_locked=True).order_by("pk")[:500])
    for row in rows:
        move(row, to=QuestionState.UNSAID, answered_at=now, shown={})
    return len(rows)
