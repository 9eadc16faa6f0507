"""Which rows does PostgreSQL itself let an agency see and change? The second wall, behind agencies.access.

Every model that bears people's data declares a `wall`. After each migration `apply` writes grants, policies and triggers anew
from those declarations, so that the database always says what the code says (docs/decisions/0002). The application connects as
the role `app`, which owns nothing. Traps and cures: reference "The ground, proven" (database.md), restated beside each line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pghistory.models
import pgtrigger
from django.apps import apps
from django.db import connection, models

if TYPE_CHECKING:
    from uuid import UUID

# Wrapped in SELECT so that it is computed once per statement, not once per row; after RESET the setting is '', hence NULLIF.
AGENCY = "(SELECT NULLIF(current_setting('app.agency', true), '')::int)"
USER = "(SELECT NULLIF(current_setting('app.user', true), '')::bigint)"


@dataclass(frozen=True)
class Wall:
    """Conditions in SQL over the columns of one table; `{agency}` stands for the agency of the transaction.

    own: rows the agency may read and write. shared: rows it may also read. insert: what may be inserted, when it is not `own`.
    append_only: rows are never changed or removed by the application, but for the column `resealed`, when a key is changed.
    """

    own: str = "agency_id = {agency}"
    shared: str = ""
    insert: str = ""
    update: str = ""
    append_only: bool = False
    resealed: str = ""


@dataclass(frozen=True)
class Definer:
    """A function that looks past the policies, filters by the same context inside, and belongs to the role `search`.

    Only so can an index on names or keys be used: the operators are not leakproof, and a policy would come first.
    """

    name: str
    arguments: str
    returns: str
    body: str | Callable[[], str]  # where it is made of all models, it is made when they are all there
    reads: tuple[str, ...]
    language: str = "sql"
    volatile: bool = False
    settings: str = ""  # further SET clauses, where what is read must not depend on the session
    writes: tuple[str, ...] | Callable[[], tuple[str, ...]] = ()


definers: list[Definer] = []


def enter(*, agency_id: int | None, user_id: int | None, reason: str, request_id: UUID | str = "") -> None:
    """Set the database context of this transaction: whose rows are visible, and who history says did it.

    Must be called inside a transaction: the settings end with it (a session-level setting would leak to the next request).
    """
    if not connection.in_atomic_block:
        raise RuntimeError(
            "The database context is set inside a transaction; outside it would be lost at once."
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('app.agency', %s, true), set_config('app.user', %s, true), set_config('pghistory.context_metadata',"
            " json_build_object('agency', %s::int, 'user', %s::bigint, 'reason', %s::text, 'request', %s::text)::text, true)",
            [str(agency_id or ""), str(user_id or ""), agency_id, user_id, reason, str(request_id)],
        )


@contextmanager
def within(*, agency_id: int, reason: str) -> Iterator[None]:
    """Act in the context of another agency inside a transaction, then go on in the context of before."""
    names = ("app.agency", "app.user", "pghistory.context_metadata")
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(["current_setting(%s, true)"] * len(names)), names)
        before = cursor.fetchone()
    enter(agency_id=agency_id, user_id=None, reason=reason)
    yield
    with connection.cursor() as cursor:
        for name, value in zip(names, before, strict=True):
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value or ""])


def walled_models() -> dict[type[models.Model], Wall]:
    """Return every model that has a wall, history models included.

    A version is read by the agency that owned the row then, and by the one that owns it now: who takes a case over reads how it
    came to be, who gave it keeps what it had.
    """
    found: dict[type[models.Model], Wall] = {}
    for model in apps.get_models():
        wall = getattr(model, "wall", None)
        if issubclass(model, pghistory.models.Event):
            tracked = model.pgh_tracked_model
            parent = getattr(tracked, "wall", None)
            if parent is not None:
                found[model] = Wall(own=parent.own, shared=_owned_now(tracked), append_only=True)
        elif isinstance(wall, Wall):
            found[model] = wall
    return found


def _owned_now(tracked: Any) -> str:
    if not any(field.column == "agency_id" for field in tracked._meta.concrete_fields):
        return ""
    return (
        f"EXISTS (SELECT 1 FROM {tracked._meta.db_table} AS standing"  # noqa: S608 - names of our own tables
        f" WHERE standing.{tracked._meta.pk.column} = pgh_obj_id AND standing.agency_id = {{agency}})"
    )


def apply() -> None:
    """Write grants, policies, functions and trigger owners for all models. Run by the owner after each migration; idempotent."""
    walls = walled_models()
    with connection.cursor() as cursor:
        cursor.execute("GRANT USAGE ON SCHEMA public TO app, search")
        cursor.execute("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO app")
        for model in apps.get_models(include_auto_created=True):
            if not model._meta.managed or model._meta.proxy:
                continue
            table = connection.ops.quote_name(model._meta.db_table)
            wall = walls.get(model)
            history = issubclass(model, pghistory.models.Event)
            cursor.execute(f"REVOKE ALL ON {table} FROM app, PUBLIC")
            if history:
                cursor.execute(
                    f"GRANT SELECT ON {table} TO app"
                )  # trap 5: the application cannot imitate history
            elif (wall and wall.append_only) or getattr(model, "append_only", False):
                cursor.execute(f"GRANT SELECT, INSERT ON {table} TO app")
                if wall and wall.resealed:
                    cursor.execute(f"GRANT UPDATE ({wall.resealed}) ON {table} TO app")
            else:
                cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO app")
            if wall:
                _policies(cursor, table, wall, history=history)
        cursor.execute("GRANT SELECT ON django_migrations TO app")
        drop_definers(cursor)
        for definer in definers:
            _define(cursor, definer)
        _guard_history(cursor)


def _policies(cursor: object, table: str, wall: Wall, *, history: bool) -> None:
    """Reading and writing have separate policies (trap 2): what is shared can be read, only what is own can be changed."""
    execute = cursor.execute  # type: ignore[attr-defined]
    own = wall.own.format(agency=AGENCY)
    read = f"({own}) OR ({wall.shared.format(agency=AGENCY)})" if wall.shared else own
    insert = wall.insert.format(agency=AGENCY) if wall.insert else own
    update = wall.update.format(agency=AGENCY) if wall.update else own
    execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for policy, sql in {
        "app_read": f"FOR SELECT TO app USING ({read})",
        "app_insert": f"FOR INSERT TO app WITH CHECK ({insert})",
        "app_update": f"FOR UPDATE TO app USING ({update}) WITH CHECK ({update})",
        "app_delete": f"FOR DELETE TO app USING ({own})",
        # Trap 8: FORCE blinds the owner too. Migrations of data and the triggers that write history are the owner's work.
        "owner_all": "FOR ALL TO owner USING (true) WITH CHECK (true)",
    }.items():
        execute(f"DROP POLICY IF EXISTS {policy} ON {table}")
        if not (history and policy in {"app_insert", "app_update", "app_delete"}):
            execute(f"CREATE POLICY {policy} ON {table} {sql}")


def drop_definers(cursor: Any) -> None:
    """Drop every function that looks past the policies, also those of an older version: nobody keeps their borders true any more."""
    cursor.execute(
        "SELECT oid::regprocedure FROM pg_proc WHERE prosecdef AND prorettype <> 'trigger'::regtype"
        " AND pronamespace = 'public'::regnamespace"
    )
    for (function,) in cursor.fetchall():
        cursor.execute(f"DROP FUNCTION {function}")


def _define(cursor: object, definer: Definer) -> None:
    """Create the function and hand it to `search` (trap 3: only the role that bypasses may own it, with a fixed path)."""
    execute = cursor.execute  # type: ignore[attr-defined]
    signature = f"{definer.name}({definer.arguments})"
    for table in definer.reads:
        execute(f'GRANT SELECT ON "{table}" TO search')
    body = definer.body() if callable(definer.body) else definer.body
    for table in definer.writes() if callable(definer.writes) else definer.writes:
        execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{table}" TO search')
    types = ", ".join(
        argument.strip().split(" ", 1)[1] for argument in definer.arguments.split(",") if argument.strip()
    )
    execute(
        f"CREATE FUNCTION {signature} RETURNS {definer.returns} LANGUAGE {definer.language} "
        f"{'VOLATILE' if definer.volatile else 'STABLE'} SECURITY DEFINER SET search_path = public, pg_temp "
        f"SET enable_seqscan = off SET jit = off {definer.settings} "
        f"AS $body$ {body.format(agency=AGENCY, user=USER)} $body$"
    )
    execute("GRANT CREATE ON SCHEMA public TO search")
    execute(f"ALTER FUNCTION {definer.name}({types}) OWNER TO search")
    execute("REVOKE CREATE ON SCHEMA public FROM search")
    execute("SET LOCAL ROLE search")
    execute(f"REVOKE ALL ON FUNCTION {definer.name}({types}) FROM PUBLIC")
    execute(f"GRANT EXECUTE ON FUNCTION {definer.name}({types}) TO app, owner")
    execute("RESET ROLE")


def _guard_history(cursor: object) -> None:
    """History can be neither switched off nor written by the application."""
    execute = cursor.execute  # type: ignore[attr-defined]
    # Trap 4: pgtrigger lets a session ignore its triggers; this one answers that none is ever ignored.
    execute(
        "CREATE OR REPLACE FUNCTION _pgtrigger_should_ignore(trigger_name NAME) RETURNS BOOLEAN AS "
        "$$ BEGIN RETURN FALSE; END; $$ LANGUAGE plpgsql"
    )
    # Trap 5: the trigger functions run as the owner, who alone may insert into history; `pgtrigger install` resets this.
    for model, trigger in pgtrigger.registered():
        function = trigger.get_pgid(model)
        execute(f'ALTER FUNCTION "{function}"() SECURITY DEFINER SET search_path = public, pg_temp')
