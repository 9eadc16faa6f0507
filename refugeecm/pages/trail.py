"""What was done, changed and read, newest first? Events, row history and reads as one list, however long it is.

The database decides whose rows these are: events and history of the viewer's agency, reads by it, and reads by others of its people.
A page goes on where the one before ended (at, source, id); nothing is counted. What is rare is looked for in growing spans of time,
until the page is full or the patience is over; then the list says how far back it has looked.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pghistory.models
from django.apps import apps
from django.db import connection, models
from django.db.models import Q

from agencies.access import Viewer
from agencies.models import Agreement, Breach, LawRequest
from cases.models import Claim
from refugeecm.core.models import Event, ReadEvent
from registration.models import Attachment, Document, Household, Individual
from resettlement.models import Referral

PATIENCE = 1.5  # seconds after which a page shows what it has found
FIRST_SPAN = timedelta(hours=1)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
EVENTS, CHANGES, READS = "events", "changes", "reads"
_EVENT, _READ = "core_event", "core_readevent"


@dataclass(frozen=True)
class Place:
    """Where a page ended. Entries come by time, then by table and key, the last first."""

    at: datetime
    source: str = "~"  # after every name of a table: everything of this moment is still to come
    key: str = ""

    def __str__(self) -> str:
        return f"{self.at.isoformat()}_{self.source}_{self.key}"

    @classmethod
    def read(cls, text: str) -> Place | None:
        """Return the place that `str` wrote, or None for anything else."""
        moment, _sep, rest = text.partition("_")
        source, _sep, key = rest.rpartition("_")
        try:
            at = datetime.fromisoformat(moment)
            if source in histories():
                fits = key.isascii() and key.isdigit() and int(key) < 2**63
            else:
                fits = (source, key) == ("~", "") or (source in {_EVENT, _READ} and bool(uuid.UUID(key)))
        except ValueError:
            return None
        return cls(at, source, key) if at.tzinfo and fits else None


@dataclass(frozen=True)
class Asked:
    """What is looked for; None or empty means everything."""

    people: frozenset[uuid.UUID] | None = None  # ids of a person and of what belongs to them
    user_id: int | None = None
    agency_id: int | None = None
    kind: str = ""
    name: str = ""  # of an event
    since: datetime | None = None
    until: datetime | None = None


@dataclass
class Entry:
    """One line: what happened in which table, by whom, about which records."""

    source: str
    key: str
    at: datetime
    what: str  # name of an event; insert, update or delete; name of a view
    actor: int | None
    agency: int | None
    about: list[uuid.UUID] = field(default_factory=list)
    words: list[str] = field(default_factory=list)  # names of changed columns, or classes that were shown

    @property
    def kind(self) -> str:
        """Return events, changes or reads."""
        return {_EVENT: EVENTS, _READ: READS}.get(self.source, CHANGES)

    @property
    def place(self) -> Place:
        """Return where this entry stands."""
        return Place(self.at, self.source, self.key)


@dataclass
class Found:
    """Entries of a page; `back_to` is where to go on, None at the end; `paused` says that patience ended first."""

    entries: list[Entry]
    back_to: Place | None
    paused: bool = False


def histories() -> dict[str, type[models.Model]]:
    """Return {table of a history: the model whose history it is}."""
    events: list[Any] = [one for one in apps.get_models() if issubclass(one, pghistory.models.Event)]
    return {one._meta.db_table: one.pgh_tracked_model for one in events}


def belonging_to(number: str, viewer: Viewer) -> frozenset[uuid.UUID]:
    """Return the ids of the own person, or people of the household, with this number, and of what belongs to them.

    The records that were merged into theirs are theirs too: what was disclosed of those before stands under their ids.
    """
    wanted = "".join(number.split()).upper()
    people = Individual.objects.owned_by(viewer).filter(Q(number=wanted) | Q(household__number=wanted))[:100]
    ids = {one.pk for one in people}
    ids |= Individual.objects.owned_by(viewer).merged_into_any(ids)
    found = ids | {one.household_id for one in people}
    claims = Claim.objects.owned_by(viewer).filter(individual__in=ids).values_list("pk", flat=True)
    papers = Document.objects.owned_by(viewer).filter(individual__in=ids).values_list("pk", flat=True)
    referrals = Referral.objects.owned_by(viewer).filter(claim__in=claims).values_list("pk", flat=True)
    files = Attachment.objects.visible_to(viewer).filter(individual__in=ids).values_list("pk", flat=True)
    return frozenset({*found, *claims, *papers.union(files), *referrals})


def look(viewer: Viewer, asked: Asked, *, before: Place, limit: int, patience: float = PATIENCE) -> Found:
    """Return up to `limit` entries from `before` back. At most nine spans, each of at most four statements."""
    floor = asked.since - timedelta(microseconds=1) if asked.since else EARLIEST
    start = min(before, Place(asked.until), key=lambda one: one.at) if asked.until else before
    found: list[Entry] = []
    begun, span, place = time.monotonic(), FIRST_SPAN, start
    while place.at > floor and len(found) <= limit:
        low = max(floor, place.at - span)
        found += _between(viewer, asked, low, place, limit + 1 - len(found))
        place, span = Place(low), span * 8
        if time.monotonic() - begun > patience:
            break
    paused = len(found) <= limit and place.at > floor
    found = found[:limit] if (more := len(found) > limit) else found
    back_to = found[-1].place if more else place if paused else None
    entries = _with_changed_columns(found)
    return Found(entries, back_to, paused)


def _between(viewer: Viewer, asked: Asked, low: datetime, before: Place, limit: int) -> list[Entry]:
    """Return the newest entries from `low` on and before a place."""
    found: list[Entry] = []
    if asked.kind in {"", EVENTS} and asked.agency_id in {None, viewer.agency_id}:
        found += _events(viewer, asked, low, before, limit)
    if asked.kind in {"", READS} and not asked.name:
        found += _reads(viewer, asked, low, before, limit)
    if asked.kind in {"", CHANGES} and not asked.name:
        found += _changes(asked, low, before, limit)
    found.sort(
        key=lambda one: (one.source, one.key if len(one.key) == 36 else one.key.zfill(20)), reverse=True
    )
    found.sort(key=lambda one: one.at, reverse=True)
    return found[:limit]


def _before(before: Place, source: str) -> Q:
    """Return the condition that a row of this table comes after the place in the list."""
    if source == before.source:
        return Q(at__lt=before.at) | Q(at=before.at, id__lt=before.key)
    return Q(at__lt=before.at) if source > before.source else Q(at__lte=before.at)


def _events(viewer: Viewer, asked: Asked, low: datetime, before: Place, limit: int) -> list[Entry]:
    rows = Event.objects.filter(_before(before, _EVENT), agency_id=viewer.agency_id, at__gt=low)
    if asked.people is not None:
        rows = rows.filter(subject_id__in=asked.people)
    if asked.user_id:
        rows = rows.filter(actor_id=asked.user_id)
    if asked.name:
        rows = rows.filter(name=asked.name)
    return [
        Entry(_EVENT, str(one.pk), one.at, one.name, one.actor_id, one.agency_id, [one.subject_id])
        for one in rows.order_by("-at", "-id")[:limit]
    ]


def _reads(viewer: Viewer, asked: Asked, low: datetime, before: Place, limit: int) -> list[Entry]:
    """Two statements: what the own agency read, and what others read of its people."""
    rows = ReadEvent.objects.filter(_before(before, _READ), at__gt=low)
    if asked.people is not None:
        rows = rows.filter(subject_ids__overlap=list(asked.people))
    if asked.user_id:
        rows = rows.filter(actor_id=asked.user_id)
    found: list[ReadEvent] = []
    if asked.agency_id in {None, viewer.agency_id}:
        found += rows.filter(agency_id=viewer.agency_id).order_by("-at", "-id")[:limit]
    others = rows.exclude(agency_id=viewer.agency_id).filter(owner_agency_ids__contains=[viewer.agency_id])
    if asked.agency_id != viewer.agency_id:
        others = others.filter(agency_id=asked.agency_id) if asked.agency_id else others
        found += others.order_by("-at", "-id")[:limit]
    return [
        Entry(
            _READ, str(one.pk), one.at, one.view,
            one.actor_id if one.agency_id == viewer.agency_id else None,  # who it was there is the partner's affair
            one.agency_id, list(one.subject_ids), list(one.classes),
        )
        for one in found
    ]  # fmt: skip


def _changes(asked: Asked, low: datetime, before: Place, limit: int) -> list[Entry]:
    """One statement over the history of every table; the policies keep it to the viewer's agency."""
    parts, values = [], []
    for source, model in sorted(histories().items()):
        table = connection.ops.quote_name(source)
        names = {one.column for one in model._meta.concrete_fields}
        # What belongs to a person is about the person.
        about = [one for one in ("individual_id", "claim_id", "household_id", "id") if one in names]
        about = [one for one in about if one != "household_id" or "individual_id" in names]
        condition = "pgh_created_at > %s AND pgh_created_at <= %s"
        given: list[Any] = [low, before.at]
        if source == before.source:
            condition += " AND (pgh_created_at < %s OR pgh_id < %s)"
            given += [before.at, int(before.key or 0)]
        elif source > before.source:
            condition += " AND pgh_created_at < %s"
            given += [before.at]
        if asked.people is not None:
            condition += (
                " AND pgh_obj_id::text = ANY (%s)"
                if not _by_uuid(model)
                else " AND pgh_obj_id = ANY (%s::uuid[])"
            )
            given += [[str(one) for one in asked.people]]
        for value, name in ((asked.user_id, "user"), (asked.agency_id, "agency")):
            if value:
                condition += f" AND (pgh_context->>'{name}')::bigint = %s"
                given += [value]
        subject = connection.ops.quote_name(about[0]) if about[0] != "id" else "pgh_obj_id"
        parts.append(
            f"(SELECT '{source}' AS source, pgh_id, pgh_created_at AS at, pgh_label, (pgh_context->>'user')::bigint,"  # noqa: S608
            f" (pgh_context->>'agency')::int, {subject}::text FROM {table} WHERE {condition}"
            " ORDER BY pgh_created_at DESC, pgh_id DESC LIMIT %s)"
        )
        values += [*given, limit]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS found"  # noqa: S608
            ' ORDER BY at DESC, source COLLATE "C" DESC, pgh_id DESC LIMIT %s',
            [*values, limit],
        )
        return [
            Entry(
                source,
                str(key),
                at,
                label,
                actor,
                agency,
                [uuid.UUID(about)] if about and len(about) == 36 else [],
            )
            for source, key, at, label, actor, agency, about in cursor.fetchall()
        ]


def _with_changed_columns(entries: list[Entry]) -> list[Entry]:
    """Add to each update the names of the columns that changed, by the version before; never what stood in them. One statement."""
    updates: dict[str, list[Entry]] = {}
    for one in entries:
        if one.kind == CHANGES and one.what == "update":
            updates.setdefault(one.source, []).append(one)
    if not updates:
        return entries
    parts, values = [], []
    for source, ones in updates.items():
        table = connection.ops.quote_name(source)
        parts.append(
            f"SELECT '{source}', e.pgh_id, ARRAY(SELECT n.key FROM jsonb_each(to_jsonb(e)) n"  # noqa: S608
            " JOIN jsonb_each(to_jsonb(p)) o USING (key)"
            f" WHERE n.value <> o.value AND n.key <> 'xact' AND left(n.key, 4) <> 'pgh_' ORDER BY 1) FROM {table} e"
            f" JOIN LATERAL (SELECT * FROM {table} f WHERE f.pgh_obj_id = e.pgh_obj_id AND f.pgh_id < e.pgh_id"
            " ORDER BY f.pgh_id DESC LIMIT 1) p ON true WHERE e.pgh_id = ANY (%s)"
        )
        values.append([int(one.key) for one in ones])
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        changed = {(source, str(key)): columns for source, key, columns in cursor.fetchall()}
    for ones in updates.values():
        for one in ones:
            one.words = changed.get((one.source, one.key), [])
    return entries


def numbers(entries: Sequence[Entry], viewer: Viewer) -> dict[uuid.UUID, tuple[str, str]]:
    """Return {id: (number, kind of record)} of the own records that these entries are about. One statement for each kind."""
    wanted = {one for entry in entries for one in entry.about}
    agreements = Agreement.objects.visible_to(viewer).filter(pk__in=wanted).values_list("pk", "reference")
    found = {pk: (number, "agreement") for pk, number in agreements}
    for kind, entries_of in (("breach", Breach), ("law-request", LawRequest)):
        rows = entries_of.objects.visible_to(viewer).filter(pk__in=wanted)
        found |= {pk: (number, kind) for pk, number in rows.values_list("pk", "reference")}
    for model in (Individual, Household, Claim):
        rows = model.objects.visible_to(viewer).filter(pk__in=wanted, agency_id=viewer.agency_id)
        found |= {
            pk: (number, str(model._meta.model_name)) for pk, number in rows.values_list("pk", "number")
        }
    return found


def _by_uuid(model: type[models.Model]) -> bool:
    return isinstance(model._meta.pk, models.UUIDField)
