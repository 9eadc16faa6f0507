"""How often, and how fast, does somebody who types a name find who is meant, among a million people and four desks at once?

Questions and right answers come from a folder that the generator has made (register.csv, queries.csv, truth_queries.csv): names as
other clerks write them, in other scripts, swapped, with a slip, without the father's. Without a folder, from the register of the bench
for lists: names of its people in another clerk's vowels. Two people ask: the owner of the register, and a partner who sees one site.
"""

from __future__ import annotations

import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection, transaction

from agencies.access import enter
from refugeecm.demonstration.bench import population
from refugeecm.demonstration.bench.folder import (
    CLIENTS,
    VIEWERS,
    at_once,
    renew,
    rows_of,
    stand,
    taken,
    viewer_of,
)
from refugeecm.demonstration.scratch import Ground
from registration import search
from registration.models import Individual
from registration.rules.asked import around

TOP = 10
# duplicates.md 6, at a million people.
TARGETS = {"recall": 0.83, "recall_with_year": 0.91, "recall_native": 0.75, "p95_ms": 50.0}
_OTHERWISE = str.maketrans("aeiou", "eaeuo")
_SOME = """
    SELECT min(kind), name, year, array_agg(ref) FROM (
        SELECT 'other vowels' AS kind, concat_ws(' ', given_name, father_name, family_name) AS name,
               date_part('year', birth_date)::int AS year, id::text AS ref, agency_id
        FROM registration_individual WHERE birth_date IS NOT NULL AND given_name <> ''
    ) AS named WHERE name IN (
        SELECT concat_ws(' ', given_name, father_name, family_name) FROM registration_individual TABLESAMPLE SYSTEM (2) LIMIT 2000
    ) GROUP BY name, year HAVING count(*) <= 5 ORDER BY md5(name) LIMIT 400
"""
_SEEN = """
    SELECT CASE WHEN source_ref = '' OR {own} THEN id::text ELSE source_ref END FROM registration_individual i
    WHERE agency_id = {me} OR EXISTS (SELECT 1 FROM registration_personaccess p WHERE p.individual_id = i.id AND p.agency_id = {me})
"""


class Query(NamedTuple):
    """What somebody types, and the records that are meant: numbers of the source, or ids."""

    kind: str
    text: str
    year: int
    meant: frozenset[str]


class Answer(NamedTuple):
    """What came of one question: of those meant, how many among the first ten; the place of the first of them; milliseconds."""

    kind: str
    found: float
    first: int
    milliseconds: float


def measure(
    ground: Ground,
    *,
    sizes: Sequence[int],
    folder: Path | None,
    now: datetime,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Return for each size (or for the folder) and viewer: recall in the first ten, MRR, p50 and p95, without and with the year."""
    figures: dict[str, Any] = {}
    for size in [0] if folder else sizes:
        name = (
            stand(ground, folder, now=now, say=say)
            if folder
            else population.stand(ground, size, now=now, say=say)
        )
        queries = _of_folder(folder) if folder else _of_register(ground, name)
        with ground.using(name):
            renew(ground, name)
            figures[str(folder or size)] = {
                who: _of_viewer(ground, name, who, queries, say) for who in VIEWERS
            }
    return {"targets": TARGETS, "clients": CLIENTS, "registers": figures}


def _of_viewer(
    ground: Ground, name: str, who: str, queries: list[Query], say: Callable[[str], None]
) -> dict[str, Any]:
    agency = viewer_of(who).agency_id
    by_id = all(len(one) == 36 for query in queries[:5] for one in query.meant)
    seen = {row[0] for row in ground.run(name, _SEEN.format(me=agency, own=str(by_id).lower()))}
    mine = [one._replace(meant=one.meant & seen) for one in queries if one.meant & seen]
    found: dict[str, Any] = {}
    for years in (False, True):
        answers = at_once(partial(_ask, years, by_id), who, mine)
        said = {
            "all": _figures(answers),
            "native": _figures([one for one in answers if one.kind == "native"]),
        }
        others = sorted({one.kind for one in answers} - {"native"})
        said |= {kind: _figures([one for one in answers if one.kind == kind]) for kind in others}
        found["with year" if years else "without year"] = said
        say(f"{who}, {'with' if years else 'without'} year: {said['all']}, native {said['native']}")
    return found


def _ask(years: bool, by_id: bool, who: str, queries: list[Query]) -> list[Answer]:
    viewer = viewer_of(who)
    answers = []
    for n, query in enumerate([*queries[:5], *queries]):
        began = time.perf_counter()
        born = around(query.year) if years else (None, None)
        with transaction.atomic():
            enter(viewer, reason="bench")
            ids = search.named(query.text, viewer=viewer, born_from=born[0], born_to=born[1])
            visible = Individual.objects.visible_to(viewer).with_shown_classes(viewer)
            found = visible.select_related("household", "agency").in_bulk(ids[:25])
        took = (time.perf_counter() - began) * 1000
        if n < 5:
            continue  # the first plans, and the first reads of catalogues, are no measure
        refs = [str(one) if by_id else found[one].source_ref for one in ids[:TOP] if one in found]
        places = [place for place, ref in enumerate(refs, 1) if ref in query.meant]
        answers.append(
            Answer(query.kind, len(places) / min(len(query.meant), TOP), min(places, default=0), took)
        )
    connection.close()
    return answers


def _figures(answers: Sequence[Answer]) -> dict[str, Any]:
    if not answers:
        return {"queries": 0}
    return {
        "queries": len(answers),
        "recall@10": round(statistics.mean(one.found for one in answers), 4),
        "mrr": round(statistics.mean(1 / one.first if one.first else 0.0 for one in answers), 4),
        **taken(one.milliseconds for one in answers),
    }


def _of_folder(folder: Path) -> list[Query]:
    meant: dict[str, set[str]] = defaultdict(set)
    for row in rows_of(folder / "truth_queries.csv"):
        meant[row["query_id"]].add(row["record_id"])
    return [
        Query(row["kind"], row["query"], int(row["yob"]), frozenset(meant[row["query_id"]]))
        for row in rows_of(folder / "queries.csv")
    ]


def _of_register(ground: Ground, name: str) -> list[Query]:
    rows = ground.run(name, _SOME)
    random.Random(7).shuffle(rows)  # noqa: S311 - an order, no secret
    return [Query(kind, text.translate(_OTHERWISE), year, frozenset(refs)) for kind, text, year, refs in rows]
