"""How are keys changed while everybody works, and how is a change that was interrupted carried on?

Two things are changed, each by itself. The key-encryption key of the environment wraps agencies' keys, second factors and waiting
mails: all of these are wrapped anew by the newest. An agency's key wraps the keys of its people, files and exports: the agency gets
a new one, both open what they sealed, and everything is wrapped anew chunk by chunk. Each stored value bears the number of its key,
so that whatever is left is found again after a crash; what is done is never done twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import connection, models, transaction
from psycopg2 import Binary  # type: ignore[import-untyped]

from agencies.models import Agency, AgencyKey
from agencies.models.agency import NUMBERS
from refugeecm.core import crypto, events, mail, sign_in, wall
from refugeecm.core.ids import of_number
from refugeecm.core.models import MailOut

CHUNK = 2000  # keys of 62 bytes in one transaction: some tenths of a second
FILES = 20  # whole files
PATIENCE = 600.0  # seconds for the oldest transaction, which may still seal with the key of before

BEGUN = events.declare(
    "agencies.key.begun", "An agency got a new key; what the old one sealed is wrapped anew."
)
CHANGED = events.declare("agencies.key.changed", "Nothing is sealed with an agency's old key any more.")


class StillOpen(Exception):
    """A transaction that began before the new key is still open, and may seal with the old one: both stay for now."""


def sealed_columns() -> Iterator[tuple[type[models.Model], str, str]]:
    """Yield (model, column, place with `{pk}`) of everything that is sealed with an agency's key: `sealed_by_agency`."""
    for model in apps.get_models():
        for column, place in getattr(model, "sealed_by_agency", {}).items():
            yield model, column, place


def rewrap_all() -> dict[str, int]:
    """Wrap anew, by the newest key-encryption key, what older ones wrapped; return how many of each. Resumable.

    Raises crypto.Unreadable for what none of the keys of the environment opens; that row and the ones after it stay as they are.
    """
    done = {"agencies": 0, "second_factors": 0, "mails": 0}
    newest = crypto.newest_master()
    for pk in AgencyKey.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            key = AgencyKey.objects.select_for_update().get(pk=pk)
            old = [one for one in (key.wrapped, key.previous) if one and bytes(one)[1] != newest]
            key.wrapped, key.previous = (
                _anew(one, key.place) if one else b"" for one in (key.wrapped, key.previous)
            )
            key.save(update_fields=["wrapped", "previous"])
            done["agencies"] += bool(old)
    for pk in Authenticator.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            factor = Authenticator.objects.select_for_update().get(pk=pk)
            kept = {name: factor.data[name] for name in ("secret", "seed") if name in factor.data}
            wanting = {n: one for n, one in kept.items() if bytes.fromhex(one)[1] != newest}
            for name, one in wanting.items():
                factor.data[name] = _anew(bytes.fromhex(one), sign_in.PLACE).hex()
            if wanting:
                factor.save(update_fields=["data"])
                done["second_factors"] += 1
    for waiting in MailOut.objects.filter(sent_at=None, dead_at=None).order_by("pk"):
        with transaction.atomic():
            held = (
                MailOut.objects.select_for_update().filter(pk=waiting.pk, sent_at=None, dead_at=None).first()
            )
            if held and bytes(held.sealed)[1] != newest:
                held.sealed = _anew(held.sealed, mail.place_of(held.pk))
                held.save(update_fields=["sealed"])
                done["mails"] += 1
    return done


def _anew(wrapped: crypto.Stored, place: str) -> bytes:
    return crypto.wrap_with_master(crypto.unwrap_with_master(wrapped, place=place), place=place)


def rotate(*, agency: Agency, now: datetime) -> dict[str, Any]:
    """Give an agency a new key, or carry on with the change that was begun; return {table.column: rows wrapped anew}.

    Raises StillOpen when other transactions do not end; the next call goes on from there.
    """
    begin(agency=agency, now=now)
    done = wrap_anew(agency=agency)
    _wait_for_older()
    for name, rows in wrap_anew(agency=agency).items():  # what others sealed with the old key meanwhile
        done[name] += rows
    finish(agency=agency, now=now)
    return done


@transaction.atomic
def begin(*, agency: Agency, now: datetime) -> None:
    """Let a new key seal from now on, beside the one of before; nothing, where that has happened already."""
    _enter(agency)
    key = AgencyKey.objects.select_for_update().get(agency=agency)
    if key.previous:
        return
    key.previous, key.number = key.wrapped, (key.number + 1) % NUMBERS
    key.wrapped = crypto.wrap_with_master(crypto.new_key(), place=key.place)
    key.save()
    _record(BEGUN, agency, now=now)


def wrap_anew(*, agency: Agency) -> dict[str, int]:
    """Seal with the new key what the old one sealed, chunk by chunk, each a transaction; return {table.column: rows}."""
    done: dict[str, int] = {}
    for model, column, place in sealed_columns():
        name, after = f"{model._meta.db_table}.{column}", None
        done[name] = 0
        while chunk := _chunk(agency, model, column, place, after):
            after = chunk[-1]
            done[name] += len(chunk)
    return done


@transaction.atomic
def _chunk(agency: Agency, model: type[models.Model], column: str, place: str, after: Any) -> list[Any]:
    """Seal the next rows anew, in the order of their keys; return these keys."""
    _enter(agency)
    ring = AgencyKey.objects.get(agency=agency).plain()
    pk: Any = model._meta.pk
    table, kind = model._meta.db_table, (pk.target_field if pk.is_relation else pk).db_type(connection)
    kind = str(kind).split(" GENERATED", maxsplit=1)[0]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {pk.column}, {column} FROM {table} WHERE {_LEFT.format(column)}"  # noqa: S608 - names of our own tables
            f"{f' AND {pk.column} > %s' if after is not None else ''} ORDER BY 1 LIMIT %s FOR UPDATE",
            [
                agency.pk,
                ring.newest()[0],
                *([after] if after is not None else []),
                FILES if column == "sealed" else CHUNK,
            ],
        )
        rows = cursor.fetchall()
        sealed = [
            Binary(crypto.seal(crypto.unseal(one, key=ring, place=at), key=ring, place=at))
            for at, one in ((place.format(pk=key), one) for key, one in rows)
        ]
        cursor.execute(
            f"UPDATE {table} SET {column} = x.sealed FROM unnest(%s::{kind}[], %s::bytea[]) AS x(key, sealed)"  # noqa: S608
            f" WHERE {pk.column} = x.key",
            [[str(key) for key, _one in rows], sealed],
        )
    return [key for key, _one in rows]


# What another key than this has sealed. CASE, because the order of conditions is PostgreSQL's, and an empty value has no second byte.
_LEFT = "agency_id = %s AND CASE WHEN length({0}) > 2 THEN get_byte({0}, 1) <> %s ELSE false END"


def left(*, agency: Agency) -> int:
    """Return how many values the newest key of the agency does not open, in the agency's context."""
    number, found = AgencyKey.objects.get(agency=agency).number, 0
    with connection.cursor() as cursor:
        for model, column, _place in sealed_columns():
            cursor.execute(
                f"SELECT count(*) FROM {model._meta.db_table} WHERE {_LEFT.format(column)}",  # noqa: S608
                [agency.pk, number],
            )
            found += cursor.fetchone()[0]
    return found


@transaction.atomic
def finish(*, agency: Agency, now: datetime) -> None:
    """Give the old key up, once nothing is sealed with it."""
    _enter(agency)
    key = AgencyKey.objects.select_for_update().get(agency=agency)
    if key.previous and not left(agency=agency):
        key.previous, key.rotated_at = b"", now
        key.save()
        _record(CHANGED, agency, now=now)


def _wait_for_older() -> None:
    """Wait until every transaction that is older than this moment has ended: it may have read the key of before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment, end = cursor.fetchone()[0], time.monotonic() + PATIENCE
        while True:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user"
                " AND pid <> pg_backend_pid() AND xact_start <= %s",
                [moment],
            )
            if not cursor.fetchone()[0]:
                return
            if time.monotonic() > end:
                raise StillOpen(
                    "A transaction is open for ten minutes. Run the command again once it has ended."
                )
            time.sleep(0.2)


def _enter(agency: Agency) -> None:
    wall.enter(agency_id=agency.pk, user_id=None, reason="keys")


def _record(name: str, agency: Agency, *, now: datetime) -> None:
    events.record(
        name, subject_type="agency", subjects=[of_number(agency.pk)], agency_id=agency.pk, by=None, now=now, tell=False
    )  # fmt: skip
