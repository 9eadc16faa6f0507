"""Which columns of which rows go when a person is erased, in the tables and in their histories, and how do the seals stay whole?

Every model says by the classes of its fields (C2 to C4) what goes; `erased_by` says which of its rows are the person's (otherwise
those with their `individual_id`), `when_erased` what goes beside, or that the whole row does, `also_erased` what goes of other rows.
From that the body of one function of the database is written (registration.models.erasing), which nobody can ask for anything else.

A line of history that was sealed keeps its leaf: `core.Blanked` notes the leaf of before beside the leaf of what is left, and only
that remainder passes for it (core.positions). Whatever else is done to the line breaks the seal as before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pghistory.models
from django.apps import apps
from django.db import connection, models

from refugeecm.core.classes import FieldClass

BLANKED = (FieldClass.C2, FieldClass.C3, FieldClass.C4)
DELETE = "delete"
LOCK = 7_263_548_102  # that of core.seals: nothing is sealed while lines are blanked
# How the text of a row is written: as in core_seal_leaves, or the leaves would differ.
AS_SEALED = (
    "SET timezone = 'UTC' SET datestyle = 'ISO, YMD' SET intervalstyle = 'iso_8601'"
    " SET bytea_output = 'hex' SET extra_float_digits = 1"
)


@dataclass(frozen=True)
class Entry:
    """What goes of one table: its rows (SQL over people, houses, whole), the SET clause, whether the rows go altogether."""

    table: str
    key: str
    kind: str  # type of the key
    history: str
    rows: str
    sets: str
    past: str  # the SET clause of the history, which may leave columns out
    delete: bool


def blank(field: Any) -> str:
    """Return, as SQL, what stands in a column when nothing is known."""
    if field.null:
        return "NULL"
    kind = field.db_type(connection)
    if kind.endswith("[]"):
        return f"'{{}}'::{kind}"
    if kind == "jsonb":
        return "'[]'::jsonb" if field.default is list else "'{}'::jsonb"
    given = {
        "bytea": "''::bytea",
        "boolean": "false",
        "date": "'1900-01-01'::date",
        "uuid": "gen_random_uuid()",
    }
    if kind in given:
        return given[kind]
    if kind.startswith(("varchar", "text")):
        return "''"
    return "'1900-01-01'::timestamptz" if kind.startswith("timestamp") else "0"


def classes_of(model: type[models.Model]) -> list[Any]:
    """Return the columns of a model whose classes go at an erasure."""
    declared = getattr(model, "field_classes", {})
    return [
        one
        for one in model._meta.concrete_fields
        if declared.get(one.name) in BLANKED and not one.primary_key
    ]


def rows_of(model: type[models.Model]) -> str | None:
    """Return which rows of a table are a person's, as SQL; None where none is."""
    declared: str | None = getattr(model, "erased_by", None)
    if declared is None and any(one.column == "individual_id" for one in model._meta.concrete_fields):
        return "individual_id = ANY (people)"
    return declared


def entries() -> Iterator[Entry]:
    """Yield what goes of every table that has something of a person."""
    history: dict[Any, Any] = {
        one.pgh_tracked_model: one for one in apps.get_models() if issubclass(one, pghistory.models.Event)
    }
    for model in apps.get_models():
        rows = rows_of(model)
        if rows is None or issubclass(model, pghistory.models.Event):
            continue
        beside = getattr(model, "when_erased", {})
        sets = {one.column: blank(one) for one in classes_of(model)}
        if beside != DELETE:
            sets |= beside
        kept = history.get(model)
        there = {one.column for one in kept._meta.concrete_fields} if kept else set()
        pk: Any = model._meta.pk
        for which, what in ((rows, sets), *getattr(model, "also_erased", ())):
            if what:
                yield Entry(
                    table=model._meta.db_table,
                    key=pk.column,
                    kind=str((pk.target_field if pk.is_relation else pk).db_type(connection)).split()[0],
                    history=kept._meta.db_table if kept else "",
                    rows=which,
                    sets=_clause(what),
                    past=_clause({column: value for column, value in what.items() if column in there}),
                    delete=beside == DELETE,
                )


def _clause(sets: dict[str, str]) -> str:
    return ", ".join(f'"{column}" = {value}' for column, value in sets.items())


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _listed() -> str:
    rows = (
        [*map(_text, (e.table, e.key, e.kind, e.history, e.rows, e.sets, e.past)), str(e.delete)]
        # First what is found by way of other rows, as long as those are there.
        for e in sorted(entries(), key=lambda e: "SELECT" not in e.rows)
    )
    return ",\n".join(f"({', '.join(row)})" for row in rows)


# In plpgsql: blanks everything of people, houses and whole, and notes for the seals under the number of the act which lines it were.
# Variables: one record, shape record, ids text[], done int, told jsonb, lines text, act uuid.
_LOOP = r"""
    FOR one IN SELECT * FROM (VALUES %LISTED%) AS v(of_table, key, kind, past, rows, sets, past_sets, gone) LOOP
        one.rows := replace(replace(replace(one.rows, '(people)', '($1)'), '(houses)', '($2)'), '(whole)', '($3)');
        EXECUTE format('SELECT array_agg(DISTINCT k) FROM (SELECT %I::text AS k FROM %I WHERE %s', one.key, one.of_table, one.rows)
            || CASE WHEN one.past = '' THEN ''
               ELSE format(' UNION ALL SELECT pgh_obj_id::text FROM %I WHERE %s', one.past, one.rows) END
            || ') AS f' INTO ids USING people, houses, whole;
        CONTINUE WHEN ids IS NULL;
        EXECUTE CASE WHEN one.gone THEN format('DELETE FROM %I', one.of_table)
                ELSE format('UPDATE %I SET %s', one.of_table, one.sets) END
            || format(' WHERE %I = ANY ($1::%s[])', one.key, one.kind) USING ids;
        GET DIAGNOSTICS done = ROW_COUNT;
        told := told || jsonb_build_object(one.of_table, done);
        CONTINUE WHEN one.past = '' OR one.past_sets = '';
        FOR pass IN 1..2 LOOP
            IF pass = 2 THEN
                EXECUTE format('UPDATE %I SET %s WHERE pgh_obj_id = ANY ($1::%s[])', one.past, one.past_sets, one.kind) USING ids;
            END IF;
            FOR shape IN SELECT * FROM core_sealshape s WHERE s.of_table = one.past LOOP
                lines := format($q$
                    SELECT l.key, sha256('\x00'::bytea || convert_to($4 || l.xact || E'\n' || l.content, 'UTF8')) AS leaf
                    FROM (SELECT t.xact, %s AS key, ROW(%s)::text AS content FROM %I AS t WHERE t.pgh_obj_id = ANY ($1::%s[])
                          AND EXISTS (SELECT 1 FROM core_seal e
                                      WHERE t.xact >= e.low AND t.xact < e.upto AND %s = ANY (e.shapes))) AS l $q$,
                    shape.key, shape.columns, one.past, one.kind, shape.id);
                EXECUTE format(CASE pass WHEN 1 THEN $q$
                    INSERT INTO core_blanked (subject, shape, key, before, after)
                    SELECT $2, $3, w.key, coalesce((SELECT b.before FROM core_blanked b WHERE b.shape = $3 AND b.key = w.key
                                                    AND b.after = w.leaf LIMIT 1), w.leaf), '' FROM (%s) AS w $q$ ELSE $q$
                    UPDATE core_blanked AS n SET after = w.leaf FROM (%s) AS w
                    WHERE n.subject = $2 AND n.shape = $3 AND n.key = w.key AND n.after = '' $q$ END, lines)
                    USING ids, act, shape.id, one.past || '(' || shape.columns || E')\n';
            END LOOP;
        END LOOP;
    END LOOP;
    DELETE FROM core_blanked AS n WHERE n.subject = act AND n.before = n.after;
"""


def loop() -> str:
    """Return the statements that blank, as part of a function of the database."""
    return _LOOP.replace("%LISTED%", _listed()).replace("{", "{{").replace("}", "}}")


def tables() -> tuple[str, ...]:
    """Return every table that these statements write."""
    named = [one for entry in entries() for one in (entry.table, entry.history) if one]
    return (*dict.fromkeys(named), "core_blanked")
