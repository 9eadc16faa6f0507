"""How is a registered file undone, and what stands in the way? Only of whom nothing was changed, added or shown since.

First everybody is looked at; nothing may stand in the way of anybody. Then workers remove chunk after chunk, and look again: a
family with whom something was done meanwhile stays whole, and is counted.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import pghistory.models
from django.db import connection, models, transaction
from django.db.models import Max
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.access import Viewer
from refugeecm.core import events
from refugeecm.core.bulk import insert
from refugeecm.core.transitions import move
from registration import policies
from registration.actions import ledger, people
from registration.actions.imports import content
from registration.enums import BatchStatus, Flow, StepKind, StepStatus
from registration.models import (
    Deadline,
    Document,
    FurtherName,
    Household,
    ImportBatch,
    ImportChunk,
    ImportStep,
    Individual,
    MatchCandidate,
    MatchQuestion,
    PersonKey,
    Safeguard,
    SpecificNeed,
)

UNDOING = events.declare(
    "registration.import.undoing", "A supervisor had a registered file undone; its people are being removed."
)
UNDONE = events.declare("registration.import.undone", "The people of a file were removed again.")
REMOVED = events.declare(
    "registration.household.removed", "A household that a file brought was removed again with its members."
)
FACTS = (
    Document,
    FurtherName,
    Safeguard,
    SpecificNeed,
)  # rows about a person that registering writes beside them
OWN = (
    Individual,
    Household,
    PersonKey,
    MatchCandidate,
    MatchQuestion,
    Deadline,  # the clock alone may have changed it since
    *FACTS,
)  # what registering itself writes
SHOWN = 5  # people named for each thing that stands in the way

Ids = list[uuid.UUID]


@dataclass(frozen=True)
class Obstacle:
    """Something that was done with people of a file since: what, with how many, and who the first of them are."""

    label: str | Promise
    people: int
    first: Sequence[Individual]


@transaction.atomic
def undo(*, batch: ImportBatch, by: Viewer, now: datetime) -> None:
    """Have everybody removed whom a file brought, chunk by chunk.

    Raises policies.NotPermitted for whoever accepted the file, and while something stands in the way.
    """
    policies.check_undo(batch=batch, by=by)
    if obstacles(batch=batch, viewer=by):
        raise policies.NotPermitted(
            _("Something was done with people of this file since. It is listed below; it has to stay.")
        )
    move(batch, to=BatchStatus.UNDOING, done_at=now)
    done = ImportStep.objects.filter(batch_id=batch.pk, kind=StepKind.ACCEPT, status=StepStatus.DONE)
    steps = [
        content.step(batch, StepKind.UNDO, seq=one.seq, rows=one.counts.get("created", 0))
        for one in done.order_by("seq")
        if one.counts.get("created")
    ]
    insert(ImportStep, steps)
    events.note(UNDOING, "import", batch.pk, by=by, now=now, tell=None)
    if not steps:
        move(batch, to=BatchStatus.UNDONE)


def obstacles(*, batch: ImportBatch, viewer: Viewer) -> list[Obstacle]:
    """Return what stands in the way of undoing a file."""
    last = ImportChunk.objects.filter(batch=batch).aggregate(last=Max("last_row"))["last"] or 0
    ids, houses = _ids(batch, range(last + 1)), _ids(batch, range(last + 1), "household")
    found = []
    for label, blocked in _since(ids, houses, viewer):
        first = Individual.objects.visible_to(viewer).filter(pk__in=sorted(blocked)[:SHOWN])
        found.append(Obstacle(label, len(blocked), list(first.order_by("pk"))))
    steps = ImportStep.objects.filter(batch_id=batch.pk, kind=StepKind.ACCEPT)
    created = sum(one.get("created", 0) for one in steps.values_list("counts", flat=True))
    if gone := created - len(_standing(ids)):
        found.append(Obstacle(gettext_lazy("Handed over to another agency, or removed"), gone, []))
    return found


def _ids(batch: ImportBatch, numbers: Iterable[int], what: str = "") -> list[str]:
    """Return the ids that rows of a file give: of people, or of their households."""
    seed = what.encode() + batch.pk.bytes
    return [str(people.individual_id(batch.created_at, seed, one)) for one in numbers]


def _standing(ids: list[str]) -> Ids:
    return _column("SELECT id FROM registration_individual WHERE id = ANY (%s::uuid[])", [ids])


def _column(statement: str, given: Sequence[Any]) -> Ids:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return [row[0] for row in cursor.fetchall()]


def _since(
    ids: list[str], houses: list[str], viewer: Viewer
) -> Iterator[tuple[str | Promise, set[uuid.UUID]]]:
    """Yield (what was done since, with whom): of people, their households, and what is known of them."""
    members = "SELECT id FROM registration_individual WHERE id = ANY (%s::uuid[]) AND household_id = ANY (%s::uuid[])"
    changed = {
        *_column(_CHANGED.format("individual"), [ids]),
        *(one for model in FACTS for one in _column(_ADDED.format(model._meta.db_table), [ids])),
        *_column(members, [ids, _column(_CHANGED.format("household"), [houses])]),
    }
    if changed:
        yield gettext_lazy("Changed, or something added"), changed
    joined = _column(
        "SELECT household_id FROM registration_individual WHERE household_id = ANY (%s::uuid[])"
        " AND id NOT IN (SELECT unnest(%s::uuid[]))",
        [houses, ids],
    )
    if joined:
        yield gettext_lazy("Somebody else joined the household"), set(_column(members, [ids, joined]))
    for model, keys, to in ((Individual, ids, "individual"), (Household, houses, "household")):
        for field in _pointing(model):
            table, column = field.model._meta.db_table, field.column
            hit = _column(
                f'SELECT DISTINCT "{column}" FROM "{table}" WHERE "{column}" = ANY (%s::uuid[])',  # noqa: S608 - our own names
                [keys],
            )
            if hit:
                whom = set(hit) if to == "individual" else set(_column(members, [ids, hit]))
                yield field.model._meta.verbose_name, whom
    shown = _column(
        "SELECT DISTINCT seen.id FROM core_readevent AS r CROSS JOIN LATERAL unnest(r.subject_ids) AS seen(id)"
        " WHERE r.id IN (SELECT core_reads_of(%s::uuid[])) AND r.agency_id <> %s AND seen.id = ANY (%s::uuid[])",
        [ids + houses, viewer.agency_id, ids + houses],
    )
    if shown:
        named = set(_column("SELECT id FROM registration_individual WHERE id = ANY (%s::uuid[])", [shown]))
        yield gettext_lazy("Shown to a partner"), named | set(_column(members, [ids, shown]))


_CHANGED = "SELECT pgh_obj_id FROM registration_{0}event WHERE pgh_label <> 'insert' AND pgh_obj_id = ANY (%s::uuid[])"

# Whatever was not written in the very transaction that registered the person: added since, or changed.
_ADDED = (
    "SELECT f.individual_id FROM {0} AS f"
    " JOIN registration_individualevent AS p ON p.pgh_obj_id = f.individual_id AND p.pgh_label = 'insert'"
    " JOIN {0}event AS e ON e.pgh_obj_id = f.id WHERE f.individual_id = ANY (%s::uuid[]) AND e.xact <> p.xact"
)


def _pointing(model: type[models.Model]) -> Iterator[Any]:
    """Yield the columns of other tables that point to people or households, on this floor and above; history aside."""
    for relation in model._meta.get_fields(include_hidden=True):
        field = getattr(relation, "field", None)
        if not relation.auto_created or field is None or not field.concrete or field.many_to_many:
            continue
        if field.model not in OWN and not issubclass(field.model, pghistory.models.Event):
            yield field


def remove(*, batch: ImportBatch, step: ImportStep, viewer: Viewer, now: datetime) -> dict[str, int]:
    """Remove the people of one chunk: rows, keys, cover, ledger. A household of which anybody has to stay, stays whole."""
    chunk = ImportChunk.objects.only("first_row", "last_row").get(batch=batch, seq=step.seq)
    numbers = range(chunk.first_row, chunk.last_row + 1)
    ids, houses = _ids(batch, numbers), _ids(batch, numbers, "household")
    found = Individual.objects.owned_by(viewer).filter(pk__in=_standing(ids)).select_for_update(of=("self",))
    standing = list(found.select_related("event").order_by("pk"))
    kept = {one for _label, blocked in _since(ids, houses, viewer) for one in blocked}
    staying = {one.household_id for one in standing if one.pk in kept}
    gone = [one for one in standing if one.household_id not in staying]
    for day, members in groupby(
        sorted(gone, key=lambda one: one.registered_on), lambda one: one.registered_on
    ):
        stock = ledger.stock_of(members, on=day, agency=viewer.agency)
        ledger.write(stock, agency=viewer.agency, flow=Flow.CORRECTION, sign=-1)
    keys = [str(one.pk) for one in gone]
    with connection.cursor() as cursor:
        for table, column in _REMOVED:
            cursor.execute(f"DELETE FROM {table} WHERE {column} = ANY (%s::uuid[])", [keys])  # noqa: S608 - our own names
    own = {one.household_id for one in gone} & set(map(uuid.UUID, houses))
    empty = _column(
        "DELETE FROM registration_household AS h WHERE id = ANY (%s::uuid[]) AND NOT EXISTS"
        " (SELECT FROM registration_individual AS i WHERE i.household_id = h.id) RETURNING id",
        [[str(one) for one in own]],
    )
    if empty:
        events.note(REMOVED, "household", *empty, by=viewer, now=now)
    return {"removed": len(gone), "kept": len(standing) - len(gone)}


_REMOVED = (
    ("registration_personaccess", "individual_id"),
    ("registration_matchcandidate", "individual_id"),
    ("registration_matchcandidate", "other_id"),
    ("registration_matchquestion", "individual_id"),
    *((model._meta.db_table, "individual_id") for model in (*FACTS, Deadline)),
    ("registration_personkey", "individual_id"),
    ("registration_individual", "id"),
)
