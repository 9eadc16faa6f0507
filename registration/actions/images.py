"""What did an act change, row by row, and how is it taken back where nothing has changed since?

A merge goes through the actions that everybody uses: groups, records, papers. So it is not told what they write: the rows that it may
touch (registration.models.merging.SCOPES) are read before and after, and what differs is kept.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import orjson
from django.apps import apps
from django.db import connection, models

from refugeecm.core.bulk import insert
from registration.actions.normalising import NORMALISED
from registration.models import Merge, MergeMove
from registration.models.merging import SCOPES

# What counts the changes of a row never goes back: somebody may hold the number of before, or of after.
COUNTS_UP = "version"
ASIDE = {COUNTS_UP, *NORMALISED}  # the latter are made anew from the others


class Image(NamedTuple):
    """A row as it stands: its columns, and a digest of them all."""

    columns: dict[str, Any]
    digest: str


Images = dict[tuple[str, str], Image]  # by (table, id)


def taken(people: Sequence[uuid.UUID], houses: Sequence[uuid.UUID]) -> Images:
    """Return the rows that a merge of these people, of these groups, may touch. One statement."""
    rows = " UNION ALL ".join(
        f"SELECT '{table}', t.id::text, to_jsonb(t), md5(t::text) FROM {table} t, given WHERE {which}"  # noqa: S608 - our own words
        for table, which in SCOPES.items()
    )
    given = "WITH given AS (SELECT %s::uuid[] AS people, %s::uuid[] AS houses) "
    return _read(given + rows, [[str(one) for one in people], [str(one) for one in houses]])


def standing(moves: Iterable[MergeMove]) -> Images:
    """Return the rows of these moves as they are now; who is gone is not among them. One statement."""
    ids: dict[str, list[str]] = defaultdict(list)
    for one in moves:
        ids[one.table].append(one.row_id)
    if not ids:
        return {}
    rows = " UNION ALL ".join(
        f"SELECT '{table}', t.id::text, to_jsonb(t), md5(t::text) FROM {table} t WHERE t.id = ANY (%s::{_key(table)}[])"  # noqa: S608 - our own words
        for table in ids
    )
    return _read(rows, list(ids.values()))


def _read(statement: str, given: list[Any]) -> Images:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return {
            (table, row): Image(columns if isinstance(columns, dict) else orjson.loads(columns), digest)
            for table, row, columns, digest in cursor.fetchall()
        }


def keep(merge: Merge, before: Images, after: Images, *, agency_id: int) -> None:
    """Write down what differs, for taking it back."""
    rows: list[dict[str, Any]] = []
    for (table, row), image in after.items():
        was = before.get((table, row))
        changed = [
            name
            for name, value in image.columns.items()
            if was is None or (value != was.columns[name] and name not in ASIDE)
        ]
        if changed:
            rows.append(
                {
                    "merge_id": merge.pk,
                    "agency_id": agency_id,
                    "table": table,
                    "row_id": row,
                    "before": None if was is None else {name: was.columns[name] for name in changed},
                    "after": {name: image.columns[name] for name in changed},
                    "digest": image.digest,
                }
            )
    insert(MergeMove, rows)


def restore(move: MergeMove, columns: Iterable[str]) -> None:
    """Give columns of a row the values of before; a row that the merge made is removed."""
    table, key, names = move.table, f"%s::{_key(move.table)}", list(columns)
    with connection.cursor() as cursor:
        if move.before is None:
            cursor.execute(f"DELETE FROM {table} WHERE id = {key}", [move.row_id])  # noqa: S608 - our own tables
        elif names:
            sets = [f"{one} = r.{one}" for one in map(connection.ops.quote_name, names)]
            if any(field.name == COUNTS_UP for field in _models()[table]._meta.concrete_fields):
                sets.append(f"{COUNTS_UP} = t.{COUNTS_UP} + 1")
            cursor.execute(
                f"UPDATE {table} t SET {', '.join(sets)} FROM jsonb_populate_record(NULL::{table}, %s::jsonb) r"  # noqa: S608
                f" WHERE t.id = {key}",
                [orjson.dumps(move.before).decode(), move.row_id],
            )


@cache
def _models() -> dict[str, type[models.Model]]:
    return {one._meta.db_table: one for one in apps.get_models()}


def _key(table: str) -> str:
    """Return the type of the keys of a table."""
    return str(_models()[table]._meta.pk.rel_db_type(connection))


def unchanged(move: MergeMove, now: Image | None) -> set[str]:
    """Return which of the columns that a merge changed stand as it left them; none of a row that is gone."""
    return {name for name, value in move.after.items() if now is not None and now.columns.get(name) == value}
