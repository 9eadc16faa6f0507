"""How are people registered? One function for the desk, the API and the import: households in, rows and history out."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from django.db import connection, models, transaction
from django.db.models import NOT_PROVIDED

from agencies.access import Permission, Viewer
from refugeecm.core import crypto, events
from refugeecm.core.bulk import insert
from refugeecm.core.ids import number, uuid7
from registration import policies
from registration.actions import access_rows, children, exceptions, ledger, sealing
from registration.enums import FOCAL, Flow, LegalStatus, Level, ProcessStatus, Relationship, SafeguardKind
from registration.models import Document, FurtherName, Household, Individual, InfluxEvent, PersonKey
from registration.rules.arrivals import ArrivalRow, person_of
from registration.rules.children import is_child
from registration.rules.counts import left
from registration.rules.heads import head_of
from registration.rules.keys import keys_of
from registration.rules.names import VERSION, folded

HOUSEHOLD_REGISTERED = events.declare(
    "registration.household.registered", "A household and its members were registered."
)
MEMBERS_ADDED = events.declare(
    "registration.household.members_added", "People were registered into an existing household."
)


@dataclass(slots=True)
class Arrival:
    """People who are registered together: rows as checked, and where they go.

    ordinals: a number per member that is stable over repetitions (the row of the file). joins: the household that exists
    already. keys: what registration.rules.keys.keys says of each member, where that was computed before. details: further columns of
    each Individual by name, for members of whom more is known than a row says; those of sealing.SEALED as plain text. group: the
    same of a new Household.
    """

    members: Sequence[ArrivalRow]
    ordinals: Sequence[int]
    joins: uuid.UUID | None = None
    source_ref: str = ""
    keys: Sequence[Sequence[int]] = ()
    details: Sequence[Mapping[str, Any]] = ()
    group: Mapping[str, Any] = field(default_factory=dict)
    individuals: list[uuid.UUID] = field(default_factory=list)


def individual_id(created_at: datetime, seed: bytes, ordinal: int) -> uuid.UUID:
    """Return the id of the person of one row of a batch: the same each time, so that a repeated chunk meets its own keys."""
    return uuid7(
        created_at,
        ordinal=ordinal,
        seed=blake2b(ordinal.to_bytes(4, "big"), digest_size=8, key=_key(seed)).digest(),
    )


@lru_cache(maxsize=64)
def _key(seed: bytes) -> bytes:
    return crypto.blind("individual", seed.hex())


@transaction.atomic
def register(
    *,
    arrivals: Sequence[Arrival],
    by: Viewer,
    now: datetime,
    event: InfluxEvent,
    seed: bytes | None = None,
    created_at: datetime | None = None,
    level: str = "",
    flow: str = Flow.REGISTRATION,
) -> int:
    """Register households and their members for the viewer's agency; return how many people.

    Writes in one go, in this transaction: households, people, keys, documents, further names, history (by triggers), ledger, access
    rows, events.
    The ids of the people are put into `arrival.individuals`, in the order of its members. `level` is the event's where none is
    given. A new group without a focal point gets one (rules.heads.head_of); a second one who joins a group is "to be defined".
    Who joins a group whose file is sealed, or closed to somebody, is so too; a closed group is open again. Of a group that was only
    counted the number of those who are still to be registered falls.
    Raises policies.NotPermitted.
    """
    policies.check_may(by, Permission.PERSON_REGISTER)
    rows = _Rows(by=by, now=now, event=event, seed=seed or crypto.new_key(), created_at=created_at or now)
    rows.level = level or event.level
    joined = [one.joins for one in arrivals if one.joins]
    rows.headed = _headed(joined)
    people = sum(len(one.members) for one in arrivals)
    serials = _serials("registration_household", len(arrivals)), _serials("registration_individual", people)
    for arrival in arrivals:
        rows.add(arrival, serials)
    insert(Household, filled(Household, rows.households))
    insert(Individual, filled(Individual, rows.individuals))
    insert(PersonKey, rows.keys)
    insert(Document, rows.documents)
    insert(FurtherName, rows.names)
    ledger.write(rows.stock, agency=by.agency, flow=flow)
    if joined:
        Household.objects.filter(pk__in=joined, closed_on__isnull=False).update(
            closed_on=None, closing_reason=""
        )
        _count_down(joined, rows)
        exceptions.extend(joined)
    access_rows.cover_individuals([row["id"] for row in rows.individuals], fresh=True)
    if rows.children:
        children.begin(children=dict.fromkeys(rows.children, SafeguardKind.UNACCOMPANIED), by=by, now=now)
    for name, subjects in (
        (HOUSEHOLD_REGISTERED, [row["id"] for row in rows.households]),
        (MEMBERS_ADDED, rows.joined),
    ):
        if subjects:
            events.note(name, "household", *subjects, by=by, now=now, event=event.slug)
    return people


def _count_down(joined: list[uuid.UUID], rows: _Rows) -> None:
    """Take who is registered now from the count of their group; of a group of whom nobody is left, the level is theirs."""
    for group in (
        Household.objects.select_for_update().filter(pk__in=joined, level=Level.GROUP).order_by("pk")
    ):
        now_known = [
            (one["sex"], ledger.age_band(one["birth_date"], one["registered_on"]))
            for one in rows.individuals
            if one["household_id"] == group.pk
        ]
        group.counted = left(group.counted, now_known)
        if not group.counted:
            group.level = rows.level
        group.save(update_fields=["counted", "level"])


def household_number(by: Viewer, *, year: int) -> str:
    """Return the number of one more household of the viewer's agency."""
    (serial,) = _serials("registration_household", 1)
    return number(f"{by.agency.code[:3]}-H", serial, year)


def _serials(sequence: str, count: int) -> list[int]:
    """Return the next serial numbers; gaps are harmless, they only number files for people."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s) FROM generate_series(1, %s)", [f"{sequence}_serial", count])
        return [row[0] for row in cursor.fetchall()][::-1]


def filled(model: type[models.Model], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with the same names in each: what only some of them give is the column's default in the others."""
    names = dict.fromkeys(name for row in rows for name in row)
    if all(len(row) == len(names) for row in rows):
        return rows
    otherwise = {name: _default(model._meta.get_field(name)) for name in names}
    return [otherwise | row for row in rows]


def _default(field: Any) -> Any:
    given = field.db_default
    return None if given is NOT_PROVIDED else given


def _headed(households: list[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of the groups that have a focal point."""
    if not households:
        return set()
    return set(
        Individual.objects.filter(household__in=households).focal_points().values_list("household", flat=True)
    )


class _Rows:
    """The rows of one call, as plain values ready for bulk insertion."""

    def __init__(
        self, *, by: Viewer, now: datetime, event: InfluxEvent, seed: bytes, created_at: datetime
    ) -> None:
        self.by, self.now, self.event, self.seed, self.created_at = by, now, event, seed, created_at
        self.prefix = by.agency.code[:3]
        self.wrapping = sealing.agency_key(by.agency)
        self.secret = crypto.derived("keys")
        self.status = LegalStatus.ASYLUM_SEEKER
        self.level: str = Level.EMERGENCY
        self.headed: set[uuid.UUID] = set()
        self.households: list[dict[str, Any]] = []
        self.individuals: list[dict[str, Any]] = []
        self.keys: list[dict[str, Any]] = []
        self.documents: list[dict[str, Any]] = []
        self.names: list[dict[str, Any]] = []
        self.joined: list[uuid.UUID] = []
        self.children: list[uuid.UUID] = []  # who came without any adult
        self.stock: Counter[tuple[Any, ...]] = Counter()

    def add(self, arrival: Arrival, serials: tuple[list[int], list[int]]) -> None:
        """Add one household and its members."""
        first = arrival.members[0]
        if arrival.joins is None:
            household = individual_id(self.created_at, b"household" + self.seed, arrival.ordinals[0])
            self.households.append(
                {
                    "id": household,
                    "agency_id": self.by.agency_id,
                    "number": number(f"{self.prefix}-H", serials[0].pop(), self.now.year),
                    "event_id": self.event.pk,
                    "site": first.registration_site,
                    "registered_on": first.registration_date or self.now.date(),
                    "arrived_on": first.arrival_date,
                    "source_ref": arrival.source_ref,
                    **({} if self.level == Level.EMERGENCY else {"level": self.level}),
                    **arrival.group,
                }
            )
        else:
            household = arrival.joins
            self.joined.append(household)
        start = len(self.individuals)
        found = arrival.keys or [
            keys_of(person_of(member), secret=self.secret, probing=False).stored for member in arrival.members
        ]
        details = arrival.details or [{}] * len(arrival.members)
        for member, ordinal, stored, more in zip(
            arrival.members, arrival.ordinals, found, details, strict=True
        ):
            arrival.individuals.append(
                self._person(member, ordinal, household, serials[1].pop(), stored, more)
            )
        self._lead(household, self.individuals[start:], arrival)
        if arrival.joins is None and all(
            is_child(one.birth_date, one.birth_precision, self.now.date()) for one in arrival.members
        ):
            self.children += arrival.individuals

    def _lead(self, household: uuid.UUID, rows: list[dict[str, Any]], arrival: Arrival) -> None:
        """Let the group have one focal point, no more and no less."""
        heads = [one for one in rows if one["relationship"] in FOCAL]
        spare = heads if household in self.headed else heads[1:]
        for one in spare:
            one["relationship"] = Relationship.UNKNOWN
        if not heads and household not in self.headed:
            rows[head_of(arrival.members)]["relationship"] = Relationship.PA
        self.headed.add(household)

    def _person(
        self,
        row: ArrivalRow,
        ordinal: int,
        household: uuid.UUID,
        serial: int,
        stored: Sequence[int],
        more: Mapping[str, Any],
    ) -> uuid.UUID:
        key, person = crypto.new_key(), individual_id(self.created_at, self.seed, ordinal)
        registered_on = row.registration_date or self.now.date()
        self.keys.append(
            {
                "individual_id": person,
                "agency_id": self.by.agency_id,
                "wrapped": crypto.seal(key, key=self.wrapping, place=sealing.key_place(person)),
            }
        )
        self.individuals.append(
            {
                "id": person,
                "agency_id": self.by.agency_id,
                "number": number(self.prefix, serial, self.now.year),
                "household_id": household,
                "relationship": row.relationship,
                "given_name": row.given_name,
                "father_name": row.father_name,
                "family_name": row.family_name,
                "native_name": row.native_name,
                "mother_name": row.mother_name,
                "sex": row.sex,
                "birth_date": row.birth_date,
                "birth_precision": row.birth_precision,
                "birth_estimated": row.birth_estimated,
                "birth_place": row.birth_place,
                "nationality": row.nationality,
                "marital_status": row.marital_status,
                "phone": crypto.seal(row.phone.encode(), key=key, place=sealing.value_place("phone", person))
                if row.phone
                else b"",
                "legal_status": self.status,
                "process_status": ProcessStatus.ACTIVE,
                "event_id": self.event.pk,
                "site": row.registration_site,
                "source_ref": row.source_id,
                "registered_on": registered_on,
                "keys": stored,
                "folded": folded(
                    " ".join(filter(None, (row.given_name, row.father_name, row.family_name))),
                    row.native_name,
                ),
                "normalised_by": VERSION,
                **({} if self.level == Level.EMERGENCY else {"level": self.level}),
                **self._more(more, key, person),
            }
        )
        if row.document_number:
            document = individual_id(self.created_at, b"document" + self.seed, ordinal)
            self.documents.append(
                {
                    "id": document,
                    "agency_id": self.by.agency_id,
                    "individual_id": person,
                    "kind": row.document_type,
                    "number": crypto.seal(
                        row.document_number.encode(), key=key, place=sealing.number_place(document)
                    ),
                    "number_index": sealing.document_index(row.document_number),
                }
            )
        if row.more:
            self._name(person, row.further_names, ordinal)
        origin = more.get("origin_country") or row.nationality
        self.stock[
            registered_on, origin, self.event.country, more.get("legal_status") or self.status, row.registration_site, row.sex,
            ledger.age_band(row.birth_date, registered_on),
        ] += 1  # fmt: skip
        return person

    def _name(self, person: uuid.UUID, names: Mapping[str, Sequence[str]], ordinal: int) -> None:
        """Add the further names of a person, by kind."""
        for kind, given in names.items():
            for place, name in enumerate(given):
                seed = f"{kind}{place}".encode() + self.seed
                self.names.append(
                    {
                        "id": individual_id(self.created_at, seed, ordinal),
                        "agency_id": self.by.agency_id,
                        "individual_id": person,
                        "kind": kind,
                        "name": name,
                    }
                )

    @staticmethod
    def _more(given: Mapping[str, Any], key: bytes, person: uuid.UUID) -> dict[str, Any]:
        return {
            name: crypto.seal(value.encode(), key=key, place=sealing.value_place(name, person))
            if name in sealing.SEALED
            else value
            for name, value in given.items()
            if value
        }
