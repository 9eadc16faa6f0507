"""Which rows are sealed, what is the position of each, and which of their columns count? The owner writes it after each migration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pghistory.models
from django.apps import apps
from django.db import connection, models

from refugeecm.core import wall
from refugeecm.core.models import Blanked, Event, ReadEvent

END = 2**62  # above all positions

wall.definers.append(
    wall.Definer(
        name="core_seal_leaves",
        arguments="of_shape int, bounds bigint[]",
        # Keys and hashes only, of columns that `prepare` wrote down: whoever calls it reads nothing of anybody.
        returns="TABLE (place int, packed bytea)",
        language="plpgsql",
        settings="SET timezone = 'UTC' SET datestyle = 'ISO, YMD' SET intervalstyle = 'iso_8601'"
        " SET bytea_output = 'hex' SET extra_float_digits = 1",
        reads=("core_sealshape", "core_blanked", "core_event"),
        body="""
            DECLARE shape core_sealshape;
            BEGIN
                SELECT * INTO shape FROM core_sealshape s WHERE s.id = of_shape;
                IF shape.id IS NULL OR to_regclass(shape.of_table) IS NULL THEN RETURN; END IF;
                RETURN QUERY EXECUTE format(
                    $q$ SELECT l.place, string_agg(l.key || coalesce(b.before, l.leaf), ''::bytea ORDER BY l.xact, l.key)
                        FROM (SELECT w.place, w.xact, w.key, sha256('\\x00'::bytea
                                     || convert_to($2 || w.xact || E'\\n' || w.content, 'UTF8')) AS leaf
                              FROM (SELECT width_bucket(t.xact, $1) AS place, t.xact, %s AS key, ROW(%s)::text AS content
                                    FROM %I t WHERE t.xact >= $1[1] AND t.xact < $1[cardinality($1)]) AS w) AS l
                        LEFT JOIN (SELECT DISTINCT ON (n.key, n.after) n.key, n.after, n.before FROM core_blanked n
                                   WHERE n.shape = $3 AND EXISTS (SELECT 1 FROM core_event e
                                       WHERE e.subject_id = n.subject AND e.name = 'core.history.blanked')
                                   ORDER BY n.key, n.after, n.id) AS b ON b.key = l.key AND b.after = l.leaf
                        GROUP BY l.place $q$,
                    shape.key, shape.columns, shape.of_table)
                USING bounds, shape.of_table || '(' || shape.columns || E')\\n', shape.id;
            EXCEPTION WHEN undefined_column THEN RETURN QUERY SELECT -1, ''::bytea;
            END
        """,
    )
)


def sealed_models() -> list[type[models.Model]]:
    """Return the models whose rows are sealed: events, reads, and the history of every tracked model."""
    history = [one for one in apps.get_models() if issubclass(one, pghistory.models.Event)]
    return sorted([Blanked, Event, ReadEvent, *history], key=lambda one: one._meta.db_table)


def prepare() -> None:
    """Give each sealed table its position, and write down its columns as they are now. Run by the owner; idempotent.

    Columns of older shapes stay written down: what was sealed before a migration is checked by the columns of its time. After a
    restore into another server, whose transactions are numbered from the start, positions go on above those that are there.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS core_sealshape (id serial PRIMARY KEY, of_table text NOT NULL, key text NOT NULL,"
            " columns text NOT NULL)"
        )
        cursor.execute("SELECT coalesce(max(upto), 0) FROM core_seal")
        _count_on(cursor, cursor.fetchone()[0])
        for model in sealed_models():
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(
                f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS xact bigint NOT NULL DEFAULT core_xact(pg_current_xact_id())"
            )
            # A block range index costs an insert next to nothing, and rows lie in the order of their transactions.
            _index(cursor, model, "xact", "USING brin (xact)")
            if issubclass(model, pghistory.models.Event):
                # History is read by time (refugeecm.pages.trail), and by record on each person's page.
                _index(cursor, model, "at", "USING brin (pgh_created_at)")
                _index(cursor, model, "obj", "(pgh_obj_id, pgh_id)")
            cursor.execute(f"GRANT SELECT ON {table} TO search")
            _write_down(cursor, model)
        cursor.execute("REVOKE ALL ON core_sealshape FROM app, PUBLIC")
        cursor.execute("GRANT SELECT ON core_sealshape TO app, search")


def _index(cursor: Any, model: type[models.Model], name: str, by: str) -> None:
    table = model._meta.db_table
    quoted = connection.ops.quote_name(f"{table}_{name}"[-63:])
    cursor.execute(f"CREATE INDEX IF NOT EXISTS {quoted} ON {connection.ops.quote_name(table)} {by}")


def _count_on(cursor: Any, upto: int) -> None:
    """Make core_xact, which numbers transactions so that they never go back: what a new server lacks is added."""
    cursor.execute("SELECT to_regproc('core_xact') IS NOT NULL")
    ahead = 0
    if cursor.fetchone()[0]:
        tables = " UNION ALL ".join(
            f"SELECT max(xact) FROM {connection.ops.quote_name(one._meta.db_table)} WHERE xact >= {upto} AND xact < {END}"  # noqa: S608
            for one in sealed_models()
            if _has_position(cursor, one)
        )
        cursor.execute(
            f"SELECT core_xact('0'), greatest({upto}, (SELECT max(m) FROM ({tables or 'SELECT 0'}) AS t(m)))"  # noqa: S608
            " - core_xact(pg_snapshot_xmax(pg_current_snapshot()))"
        )
        added, missing = cursor.fetchone()
        if missing <= 0:
            return
        ahead = added + missing + 1
    cursor.execute(
        "CREATE OR REPLACE FUNCTION core_xact(number xid8) RETURNS bigint LANGUAGE sql IMMUTABLE AS"
        f" $body$ SELECT number::text::bigint + {ahead} $body$"
    )


def _has_position(cursor: Any, model: type[models.Model]) -> bool:
    cursor.execute(
        "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname = 'xact')",
        [model._meta.db_table],
    )
    return bool(cursor.fetchone()[0])


def _write_down(cursor: Any, model: type[models.Model]) -> None:
    pk: Any = model._meta.pk
    fields: list[Any] = list(model._meta.concrete_fields)
    quoted = [connection.ops.quote_name(one.column) for one in fields]
    key = (
        f"uuid_send(t.{pk.column})"
        if isinstance(pk, models.UUIDField)
        else f"int8send(0) || int8send(t.{pk.column})"
    )
    columns = ", ".join(f"t.{one}" for one in sorted(quoted))
    table = model._meta.db_table
    cursor.execute(
        "INSERT INTO core_sealshape (of_table, key, columns) SELECT %s, %s, %s WHERE %s IS DISTINCT FROM"
        " (SELECT columns FROM core_sealshape WHERE of_table = %s ORDER BY id DESC LIMIT 1)",
        [table, key, columns, columns, table],
    )


@dataclass(frozen=True)
class Shape:
    """Which columns of a table are sealed."""

    id: int
    table: str


def written_down() -> dict[int, Shape]:
    """Return what was written down of all tables, by number."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, of_table FROM core_sealshape")
        return {number: Shape(number, table) for number, table in cursor.fetchall()}


def newest_of(known: Mapping[int, Shape]) -> list[Shape]:
    """Return the newest of each table."""
    newest = {shape.table: shape for _number, shape in sorted(known.items())}
    return [newest[table] for table in sorted(newest)]
