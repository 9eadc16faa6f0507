"""Is every change to what was sealed found, and the right batch named? (trust.md P20)

Each tamper is done as the owner of the tables, looked for as the application, and taken back.
"""

from __future__ import annotations

import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from agencies.access import worker_for
from agencies.access.declaration import enter
from agencies.actions import reads
from agencies.models import Agency
from refugeecm.core import positions, seals
from refugeecm.core.bulk import insert
from refugeecm.core.ids import uuid7
from refugeecm.core.models import Event, ReadEvent, Seal
from refugeecm.demonstration.scratch import Ground
from registration.actions import events as influx
from registration.actions import people
from registration.models import Household, Individual
from registration.rules.arrivals import read_row

Say = Callable[[str], None]
NAMES = ("Mariam", "Yusuf", "Halima", "Idris", "Aziza", "Bakhit")
TABLES = (
    "core_event",
    "core_readevent",
    "registration_householdevent",
    "registration_individualevent",
    "registration_documentevent",
)
MOMENTS = {"core_event": "at", "core_readevent": "at"}  # of history it is pgh_created_at


def prove(
    ground: Ground, *, batches: int, rows: int, tampers: int, seed: int, now: datetime, say: Say
) -> dict[str, Any]:
    """Write and seal `batches` batches, tamper so many times, then measure on `rows` rows. Returns figures; `proven` says all."""
    chance = random.Random(seed)  # noqa: S311 - the same tampers every time
    database = ground.database("seals")
    with ground.using(database):
        write(batches, chance, now)
        heads = {one.number: seals.head_hash(one) for one in Seal.objects.all()}
        clean = seals.verify(heads=heads)
    say(f"{clean.last} seals over {clean.rows} rows")
    with as_superuser(ground, database):
        run = tamper(tampers, heads, chance)
    with ground.using(database):
        after = seals.verify(heads=heads)
        figures = speed(rows, now + timedelta(days=1))
    found = not run.missed and run.named == tampers
    return {
        "seals": clean.last,
        "rows": clean.rows,
        "false_alarms": len(clean.problems) + len(after.problems),
        "tampers": tampers,
        "by_kind": dict(sorted(run.kinds.items())),
        "found": tampers - len(run.missed),
        "right_batch_named": run.named,
        "row_named": run.rows,
        "missed": run.missed[:10],
        **figures,
        "proven": found and not clean.problems and not after.problems,
    }


def write(batches: int, chance: random.Random, now: datetime) -> None:
    """Register people, change and read them, and seal after every round, as the application."""
    viewer = worker_for(Agency.objects.get(code="BORDER"))
    with transaction.atomic():
        enter(viewer, reason="prove")
        event = influx.draft(slug="seals", name="Seals", by=viewer, now=now)
    for turn in range(batches):
        moment = now + timedelta(minutes=10 * turn)
        for _family in range(chance.randint(1, 3)):
            with transaction.atomic():
                enter(viewer, reason="prove")
                people.register(arrivals=[_family_of(chance, moment)], by=viewer, now=moment, event=event)
        with transaction.atomic():
            enter(viewer, reason="prove")
            known = list(Individual.objects.order_by("?")[:5])
            Individual.objects.filter(pk=known[0].pk).update(mother_name=chance.choice(NAMES))
            Household.objects.filter(pk=known[0].household_id).update(site=f"CAMP-{turn}")
            reads.record(viewer=viewer, rows=known, view="individual", now=moment)
        seals.seal(now=moment)


def _family_of(chance: random.Random, now: datetime) -> people.Arrival:
    members = []
    for place in range(chance.randint(1, 4)):
        words = {
            "registration_date": f"{now:%Y-%m-%d}", "registration_site": "CAMP-A", "sex": "F", "nationality": "SDN",
            "relationship_to_head": "child" if place else "head", "given_name": chance.choice(NAMES),
            "father_name": chance.choice(NAMES), "date_of_birth": f"{2000 - 20 * (not place)}-05-{place + 1:02d}",
            "document_type": "passport", "document_number": f"P{chance.randrange(10**8):08d}",
        }  # fmt: skip
        row, errors = read_row(words, today=now.date())
        if row is None:
            raise RuntimeError(str(errors))
        members.append(row)
    return people.Arrival(members=members, ordinals=list(range(1, len(members) + 1)))


@contextmanager
def as_superuser(ground: Ground, name: str) -> Iterator[None]:
    """Let Django's connection be one that may become the owner and the application in turn."""
    with ground.using(name):
        connection.settings_dict.update(USER="postgres")
        yield


# ---- tampering


@dataclass
class Run:
    """What was done and what was found."""

    kinds: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    named: int = 0
    rows: int = 0


def tamper(times: int, heads: dict[int, str], chance: random.Random) -> Run:
    """Tamper so many times, each time as the owner, look for it as the application, and take it back."""
    run, kinds = Run(), list(KINDS)
    for turn in range(times):
        kind = kinds[turn % len(kinds)]
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL ROLE owner")
                done, seal, row = KINDS[kind](cursor, chance)
                cursor.execute("SET LOCAL ROLE app")
            verdict = seals.verify(heads=heads)
            transaction.set_rollback(True)
        run.kinds[kind] += 1
        if not verdict.problems:
            run.missed.append(f"{kind}: {done}")
            continue
        first = verdict.problems[0]
        run.named += first.seal == seal
        run.rows += bool(row) and row in {one.row for one in verdict.problems}
    return run


Done = tuple[str, int, str]  # what was done, the number of the seal that must be named, the row


def _pick(cursor: Any, chance: random.Random, table: str = "") -> tuple[str, str, str, int, int]:
    """Return (table, name of its key, key, position, seal) of a sealed row."""
    table = table or chance.choice(TABLES)
    key = "id" if table in MOMENTS else "pgh_id"
    cursor.execute(
        f"SELECT r.{key}::text, r.xact, s.number FROM {table} r"  # noqa: S608
        " JOIN core_seal s ON r.xact >= s.low AND r.xact < s.upto ORDER BY md5(r::text || %s) LIMIT 1",
        [str(chance.random())],
    )
    found, position, number = cursor.fetchone()
    return table, key, found, position, number


def _change(cursor: Any, chance: random.Random, setting: str, *, table: str = "") -> Done:
    table, key, row, _position, seal = _pick(cursor, chance, table)
    setting = setting.format(moment=MOMENTS.get(table, "pgh_created_at"))
    cursor.execute(f"UPDATE {table} SET {setting} WHERE {key}::text = %s", [row])  # noqa: S608
    return f"{table}: {setting}", seal, row


def _edit(cursor: Any, chance: random.Random) -> Done:
    edits = [
        ("core_event", "details = details || jsonb_build_object('x', 1)"),
        ("core_event", "name = name || '.'"),
        ("core_event", "subject_id = gen_random_uuid()"),
        ("core_readevent", "classes = classes || 'C9'::varchar"),
        ("core_readevent", "subject_ids = subject_ids[2:]"),
        ("registration_householdevent", "site = site || ' '"),
        ("registration_individualevent", "given_name = given_name || 'x'"),
        ("registration_individualevent", "birth_date = coalesce(birth_date, '2000-01-01') + 1"),
        ("registration_documentevent", "number = number || '\\x00'::bytea"),
    ]
    table, setting = chance.choice(edits)
    return _change(cursor, chance, setting, table=table)


def _swap_actor(cursor: Any, chance: random.Random) -> Done:
    table = chance.choice(TABLES)
    setting = (
        "actor_id = coalesce(actor_id, 0) + 1"
        if table in MOMENTS
        else "pgh_context = jsonb_set(pgh_context, array['user'], '9')"
    )
    return _change(cursor, chance, setting, table=table)


def _delete(cursor: Any, chance: random.Random) -> Done:
    table, key, row, _position, seal = _pick(cursor, chance)
    cursor.execute(f"DELETE FROM {table} WHERE {key}::text = %s", [row])  # noqa: S608
    return f"{table}: row removed", seal, row


def _insert(cursor: Any, chance: random.Random) -> Done:
    """Copy a row under a new key, into the same transaction as it seems."""
    table, key, row, _position, seal = _pick(cursor, chance)
    fresh = str(uuid.uuid4()) if table in MOMENTS else "987654321"
    cursor.execute(
        f"INSERT INTO {table} SELECT (jsonb_populate_record(r, jsonb_build_object('{key}', %s::text))).* FROM {table} r"  # noqa: S608
        f" WHERE r.{key}::text = %s",
        [fresh, row],
    )
    return f"{table}: row added", seal, fresh


def _move(cursor: Any, chance: random.Random) -> Done:
    """Say that a row was written in another transaction: it is missing in one batch and too much in another."""
    table, key, row, position, seal = _pick(cursor, chance)
    _table, _key, _row, there, _seal = _pick(cursor, chance)
    there = there if there != position else position - 1
    cursor.execute("SELECT number FROM core_seal WHERE %s >= low AND %s < upto", [there, there])
    elsewhere = cursor.fetchone()[0]
    cursor.execute(f"UPDATE {table} SET xact = %s WHERE {key}::text = %s", [there, row])  # noqa: S608
    return f"{table}: row moved", min(seal, elsewhere), row


def _any_seal(cursor: Any, chance: random.Random) -> int:
    cursor.execute("SELECT max(number) FROM core_seal")
    return chance.randint(1, int(cursor.fetchone()[0]))


def _remove_seal(cursor: Any, chance: random.Random) -> Done:
    number = _any_seal(cursor, chance)
    cursor.execute(
        "DELETE FROM core_sealedrows WHERE seal_id = (SELECT id FROM core_seal WHERE number = %s)", [number]
    )
    cursor.execute("DELETE FROM core_seal WHERE number = %s", [number])
    return "DELETE FROM core_seal", number, ""


def _remove_newest(cursor: Any, _chance: random.Random) -> Done:
    """Remove the newest seal and all that it covers, and the event that tells of it: only the heads outside know."""
    cursor.execute("SELECT number, low, id FROM core_seal ORDER BY number DESC LIMIT 1")
    number, low, made = cursor.fetchone()
    for table in (one._meta.db_table for one in positions.sealed_models()):
        cursor.execute(f"DELETE FROM {table} WHERE xact >= %s", [low])  # noqa: S608
    cursor.execute("DELETE FROM core_sealedrows WHERE seal_id = %s", [made])
    cursor.execute("DELETE FROM core_seal WHERE id = %s", [made])
    return "DELETE the newest seal and its rows", number, ""


def _change_seal(cursor: Any, chance: random.Random) -> Done:
    number = _any_seal(cursor, chance)
    settings = ("root = sha256(root)", "made_at = made_at - interval '1 day'", "upto = upto + 1", "signature = sha256(signature)",
                "previous = sha256(previous)", "rows = rows + 1", "key = key + 1")  # fmt: skip
    setting = chance.choice(settings)
    cursor.execute(f"UPDATE core_seal SET {setting} WHERE number = %s", [number])  # noqa: S608
    return setting, number, ""


def _change_list(cursor: Any, chance: random.Random) -> Done:
    number = _any_seal(cursor, chance)
    setting = chance.choice(
        ("packed = set_byte(packed, 20, get_byte(packed, 20) # 1)", "packed = substr(packed, 49)")
    )
    cursor.execute(
        f"UPDATE core_sealedrows SET {setting} WHERE id ="  # noqa: S608
        " (SELECT min(r.id) FROM core_sealedrows r JOIN core_seal s ON s.id = r.seal_id WHERE s.number = %s)",
        [number],
    )
    return setting, number, ""


KINDS: dict[str, Callable[[Any, random.Random], Done]] = {
    "edit": _edit,
    "delete": _delete,
    "insert": _insert,
    "actor": _swap_actor,
    "back-date": lambda cursor, chance: _change(cursor, chance, "{moment} = {moment} - interval '1 day'"),
    "move": _move,
    "remove a seal": _remove_seal,
    "remove the newest with its rows": _remove_newest,
    "change a seal": _change_seal,
    "change a list": _change_list,
}


# ---- speed


def speed(rows: int, now: datetime) -> dict[str, Any]:
    """Write so many events and reads, seal and check them; returns rows a second of both."""
    agency = Agency.objects.get(code="BORDER")
    for first in range(0, rows, 10_000):
        with transaction.atomic():
            enter(worker_for(agency), reason="prove")
            some = range(first, min(first + 10_000, rows))
            common = {"agency_id": agency.pk, "actor_id": 1, "at": now}
            insert(
                Event,
                [{"id": uuid7(now, ordinal=n), **common, "name": "prove", "subject_type": "individual", "subject_id": uuid7(now),
                  "details": {"n": n}} for n in some if n % 2],
            )  # fmt: skip
            insert(
                ReadEvent,
                [{"id": uuid7(now, ordinal=n), **common, "client_id": "", "view": "individual", "subject_type": "individual",
                  "subject_ids": [str(uuid7(now))], "owner_agency_ids": [agency.pk], "classes": ["C1", "C2"]}
                 for n in some if not n % 2],
            )  # fmt: skip
    start = time.perf_counter()
    made = seals.seal(now=now)
    sealed = time.perf_counter() - start
    if made is None:
        raise RuntimeError("There was nothing to seal: another transaction is open on this server.")
    start = time.perf_counter()
    verdict = seals.verify(first=made.number)
    verified = time.perf_counter() - start
    return {
        "sealed_rows": made.rows,
        "sealed_per_second": round(made.rows / sealed),
        "verified_per_second": round(verdict.rows / verified),
    }
