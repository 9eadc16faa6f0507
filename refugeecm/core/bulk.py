"""How are many rows written at once? One parameter of JSON, one INSERT … SELECT (database.md: the fastest form under policies)."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
from django.db import connection, models


def _plain(value: Any) -> Any:
    """Return what orjson cannot write by itself as PostgreSQL reads it."""
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    raise TypeError(f"{type(value).__name__} cannot be written in bulk")


@lru_cache
def _statement(model: type[models.Model], names: tuple[str, ...], ignore_conflicts: bool) -> str:
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    types = ", ".join(f"{quote(name)} {_type(field)}" for name, field in zip(names, fields, strict=True))
    rows = ", ".join(f"x.{quote(name)}" for name in names)
    end = " ON CONFLICT DO NOTHING" if ignore_conflicts else ""
    table = quote(model._meta.db_table)
    return (
        f"INSERT INTO {table} ({columns}) SELECT {rows} FROM json_to_recordset(%s::json) AS x({types}){end}"  # noqa: S608
    )


def _type(field: Any) -> str:
    return str((field.target_field if field.is_relation else field).db_type(connection)).split(" CHECK")[0]


def insert(
    model: type[models.Model], rows: Iterable[Mapping[str, Any]], *, ignore_conflicts: bool = False
) -> int:
    """Insert rows given as {attribute name (foreign keys as name_id): value}, all with the same keys; return how many.

    `ignore_conflicts` leaves rows out that already stand; it is meant for tables whose keys say nothing about people.
    """
    listed: Sequence[Mapping[str, Any]] = list(rows)
    if not listed:
        return 0
    names = tuple(listed[0])
    with connection.cursor() as cursor:
        cursor.execute(
            _statement(model, names, ignore_conflicts),
            [orjson.dumps(listed, default=_plain).decode()],
        )
        return int(cursor.rowcount)
