"""Who stands on a list, newest first, without walking past a million others?

A list asks for own rows or shared ones, in one order: no index serves such an "or", and behind a policy the planner cannot know how
few are shared. So each half is asked for by itself, by a function that looks past the policies and draws the same border inside: own
rows by the index of a filter, shared ones from the access rows of agreements that are live; these only where there are any, since to
plan for them takes longer than to find a name. What it returns are ids; the rows are then read like all others, through visible_to and
the policies.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Model

from agencies.access import Viewer, live_for
from agencies.models.agreement import LIVE_SQL
from refugeecm.core.wall import Definer, definers
from registration.models.exceptions import OPEN_SQL

# {rows}: FROM the listed table, with the individual `i`; {id}: its key. Agreement and consent are joined live, here as well.
_BODY = """
    DECLARE
        me int := {agency};
        few text := concat({narrowed});
        -- Told in values: else the planner, who thinks that shared people are spread evenly, walks past a million newer ones.
        first uuid := (SELECT p.individual_id FROM registration_personaccess p WHERE p.agency_id = me ORDER BY 1 LIMIT 1);
        last uuid := (SELECT p.individual_id FROM registration_personaccess p WHERE p.agency_id = me ORDER BY 1 DESC LIMIT 1);
    BEGIN
        IF me IS NULL THEN RETURN; END IF;
        RETURN QUERY EXECUTE concat(
            'SELECT found.id FROM ((SELECT {id} AS id {rows} WHERE {owner} = ', me, few, $own${open}$own$,
            CASE WHEN whose = 'any' THEN ' LIMIT ' ELSE ' ORDER BY {id} DESC LIMIT ' END,
            CASE WHEN whose = 'shared' THEN 0 ELSE at_most END,
            ')', CASE WHEN whose IN ('agency', 'mine') OR first IS NULL THEN '' ELSE concat(
                ' UNION (SELECT {id} AS id {rows} JOIN registration_personaccess p ON p.individual_id = i.id',
                ' JOIN agencies_agreement a ON a.id = p.agreement_id',
                $shared$ WHERE {live} AND (p.consent_id IS NULL OR EXISTS
                    (SELECT 1 FROM registration_consent c WHERE c.id = p.consent_id AND c.withdrawn_at IS NULL))$shared$,
                ' AND p.agency_id = ', me, format(' AND a.id = ANY (%L::uuid[])', shown_by),
                format(' AND i.id BETWEEN %L AND %L', first, last), few, $open${open}$open$,
                ' ORDER BY {order} DESC LIMIT ', at_most * cardinality(shown_by), ')'
            ) END, ') AS found ORDER BY found.id DESC LIMIT ', at_most
        );
    END
"""
_READS = (
    "registration_individual", "registration_personaccess", "agencies_agreement", "registration_consent",
    "registration_sealedfile", "registration_householdreader", "registration_conflictofinterest", "core_user",
)  # fmt: skip


def listed(
    name: str,
    *,
    rows: str,
    key: str,
    order: str,
    filters: Mapping[str, tuple[str, str]],
    reads: tuple[str, ...],
    only: str = "",
) -> Definer:
    """Return the function of a list. `filters`: {argument: (type, condition in which %L is its value)}; `only` always holds."""
    owner = f"{key.partition('.')[0]}.agency_id"
    narrowed = ", ".join(
        f"CASE WHEN {argument} IS NOT NULL THEN format($f$ AND {condition}$f$, {argument}) END"
        for argument, (_type, condition) in filters.items()
    )
    words = {
        "id": key,
        "rows": rows,
        "owner": owner,
        "order": order,
        "live": LIVE_SQL,
        "narrowed": narrowed,
        "open": f" AND {OPEN_SQL}{only}",
    }
    body = _BODY
    for word, text in words.items():
        body = body.replace(f"{{{word}}}", text)
    given = "".join(f", {argument} {kind}" for argument, (kind, _condition) in filters.items())
    return Definer(
        name=name,
        arguments=f"shown_by uuid[], whose text, at_most int{given}",
        returns="TABLE (listed_id uuid)",
        body=body,
        reads=(*_READS, *reads),
        language="plpgsql",
    )


# Not merged into another record of the same agency (IndividualQuerySet.standing).
_STANDING = (
    " AND (i.merged_into_id IS NULL OR NOT EXISTS (SELECT 1 FROM registration_individual s"
    " WHERE s.id = i.merged_into_id AND s.agency_id = i.agency_id))"
)
ALMOST = 2000  # of those whose name has many of the same letters are put in order
PEOPLE = {
    "with_keys": ("bigint[]", "i.keys @> %L"),
    "wanted_event": ("bigint", "i.event_id = %L"),
    "wanted_sex": ("text", "i.sex = %L"),
    "wanted_nationality": ("text", "i.nationality = %L"),
    "born_from": ("date", "i.birth_date >= %L"),
    "born_to": ("date", "i.birth_date <= %L"),
}
# Some of those are put in order by how alike their folded names are to one. OFFSET 0: else the planner may read a million of them.
# They return names, of own people and of those whom agreements show with their names: the caller's `shown_by`, as for a list.
_NARROWED = "wanted_event bigint, wanted_sex text, wanted_nationality text, born_from date, born_to date"
_ALIKE = """
    SELECT found.id, latin, native, born FROM (SELECT DISTINCT one.listed_id AS id FROM {source} AS one) AS found
    CROSS JOIN LATERAL (
        SELECT i.folded, concat_ws(' ', NULLIF(i.given_name, ''), NULLIF(i.father_name, ''), NULLIF(i.family_name, '')) AS latin,
               i.native_name AS native, i.birth_date AS born
        FROM registration_individual i WHERE i.id = found.id OFFSET 0
    ) AS named
    ORDER BY similarity(named.folded, spelled) DESC, found.id DESC LIMIT at_most
"""


def _alike(name: str, arguments: str, source: str) -> Definer:
    return Definer(
        name=name,
        arguments=f"shown_by uuid[], {arguments}, spelled text, at_most int, {_NARROWED}",
        returns="TABLE (listed_id uuid, latin_name text, native_name text, birth_date date)",
        body=_ALIKE.replace("{source}", source),
        reads=("registration_individual",),
    )


def _people(name: str, filters: Mapping[str, tuple[str, str]]) -> Definer:
    rows = "FROM registration_individual i"
    return listed(
        name, rows=rows, key="i.id", order="p.individual_id", filters=filters, reads=(), only=_STANDING
    )


_THEIR = "wanted_event, wanted_sex, wanted_nationality, born_from, born_to"
definers += [
    _people("registration_listed", PEOPLE),
    # Who has six in ten of the letters of this name, three by three: found by the index on the folded name.
    _people(
        "registration_spelled",
        {"spelled": ("text", "i.folded %%> %L")} | dict(list(PEOPLE.items())[1:]),
    ),
    _alike(
        "registration_named",
        "asked text[], which text, within int",
        "(SELECT l.listed_id FROM unnest(asked) AS a (keys),"
        f" registration_listed(shown_by, which, within, a.keys::bigint[], {_THEIR}) AS l)",
    ),
    _alike(
        "registration_almost", "within int", f"registration_spelled(shown_by, '', within, spelled, {_THEIR})"
    ),
]


def ids(
    function: str,
    viewer: Viewer,
    *,
    model: type[Model],
    showing: Sequence[str],
    at_most: int,
    whose: str = "",
    **filters: Any,
) -> list[uuid.UUID] | None:
    """Return the ids of the newest rows that fit, newest first; None where this cannot tell.

    Of shared rows only those of agreements that show every field of `showing`: a filter tells what it asks for. Where one agreement
    shows one of them and another agreement another, the caller has to ask row by row. `filters` come in the order of the function's
    arguments. Must run in a transaction with the viewer's database context.
    """
    shown_by = _showing(viewer, model, showing)
    if any(one != shown_by[0] for one in shown_by):
        return None
    marks = ", ".join(["%s::uuid[]", "%s", "%s", *(["%s"] * len(filters))])
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT listed_id FROM {function}({marks})",
            [sorted(shown_by[0]), whose, at_most, *(one or None for one in filters.values())],
        )
        return [row[0] for row in cursor.fetchall()]


def _showing(viewer: Viewer, model: type[Model], fields: Sequence[str]) -> list[set[uuid.UUID]]:
    """Return for each field the agreements that show it; all of them where no field is asked for."""
    label = model._meta.label_lower
    grants = {pk: set(opened.get(label, ())) for pk, opened in live_for(viewer).values_list("pk", "grants")}
    return [{pk for pk, shown in grants.items() if field in shown} for field in fields] or [set(grants)]


def shown_by(viewer: Viewer, model: type[Model], fields: Sequence[str]) -> list[uuid.UUID]:
    """Return the agreements each of which shows all of these fields."""
    return sorted(set.intersection(*_showing(viewer, model, fields)))


class Named(NamedTuple):
    """Somebody whom a function has found by their name."""

    individual_id: uuid.UUID
    latin: str
    native: str
    born: date | None


def people_with(
    keys: Sequence[Sequence[int]],
    within: int,
    shown: Sequence[uuid.UUID],
    spelled: str,
    at_most: int,
    narrowed: Sequence[Any],
    *,
    newest: bool = True,
) -> list[Named]:
    """Return people who have all keys of one of these sets, the newest `within` of each; those first whose folded name is most alike.

    Not `newest`, any so many: nobody else is read, where to find the newest all who have the keys must be.

    Set by set, the planner knows how common each is: it walks the newest people or asks the index. Of shared people only those of
    the agreements `shown`. `narrowed`: what the other filters of PEOPLE ask for, in their order. Must run in a transaction with the
    viewer's database context.
    """
    asked = [f"{{{','.join(map(str, one))}}}" for one in keys]
    which = "" if newest else "any"
    return _alike_first("registration_named", [shown, asked, which, within, spelled, at_most], narrowed)


def people_almost(
    shown: Sequence[uuid.UUID], spelled: str, at_most: int, narrowed: Sequence[Any]
) -> list[Named]:
    """Return people whose folded name has many of the letters of this one, most alike first; otherwise as people_with."""
    return _alike_first("registration_almost", [shown, ALMOST, spelled, at_most], narrowed)


def _alike_first(function: str, given: Sequence[Any], narrowed: Sequence[Any]) -> list[Named]:
    marks = ", ".join(["%s"] * (len(given) + len(narrowed) - 1))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT * FROM {function}(%s::uuid[], {marks})", [*given, *(one or None for one in narrowed)]
        )
        return [Named(*row) for row in cursor.fetchall()]
