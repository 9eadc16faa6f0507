"""How often, and how fast, does somebody who types a name find who is meant, among a million people and four desks at once?

Questions and right answers come from a folder that the generator has made (register.csv, queries.csv, truth_queries.csv): names as
other clerks write them, in other scripts, swapped, with a slip, without the father's. Without a folder, from the register of the bench
for lists: names of its people in another clerk's vowels. Two people ask: the owner of the register, and a partner who sees one site.
"""

from __future__ import annotations

import csv
import math
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from hashlib import blake2b
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection, transaction

from agencies.access import enter
from agencies.access.viewer import member
from agencies.enums import Channel
from agencies.models import Agency, Membership
from refugeecm.demonstration import cast as casting
from refugeecm.demonstration import dealings
from refugeecm.demonstration.bench import population
from refugeecm.demonstration.scratch import Ground
from registration import search
from registration.actions import events, normalising, people
from registration.models import Individual
from registration.rules.arrivals import ArrivalRow, read_row
from registration.rules.asked import around

CLIENTS = 4
TOP = 10
VIEWERS = {"owner": "amina@border.example", "partner": f"paula@{population.PARTNER.lower()}.example"}
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
            _stand(ground, folder, now, say) if folder else population.stand(ground, size, now=now, say=say)
        )
        queries = _of_folder(folder) if folder else _of_register(ground, name)
        with ground.using(name):
            _renew(ground, name)
            figures[str(folder or size)] = {
                who: _of_viewer(ground, name, who, queries, say) for who in VIEWERS
            }
    return {"targets": TARGETS, "clients": CLIENTS, "registers": figures}


def _renew(ground: Ground, name: str) -> None:
    """Do a worker's part in a register that older rules have made."""
    renewed = [
        1 for agency in Agency.objects.all() for _batch in iter(partial(normalising.renew, agency=agency), 0)
    ]
    if renewed:
        ground.run(name, "VACUUM ANALYZE")


def _of_viewer(
    ground: Ground, name: str, who: str, queries: list[Query], say: Callable[[str], None]
) -> dict[str, Any]:
    membership = Membership.objects.select_related("agency").get(user__email=VIEWERS[who])
    by_id = all(len(one) == 36 for query in queries[:5] for one in query.meant)
    seen = {row[0] for row in ground.run(name, _SEEN.format(me=membership.agency_id, own=str(by_id).lower()))}
    mine = [one._replace(meant=one.meant & seen) for one in queries if one.meant & seen]
    found: dict[str, Any] = {}
    for years in (False, True):
        answers = _at_once(who, mine, years=years, by_id=by_id)
        said = {
            "all": _figures(answers),
            "native": _figures([one for one in answers if one.kind == "native"]),
        }
        others = sorted({one.kind for one in answers} - {"native"})
        said |= {kind: _figures([one for one in answers if one.kind == kind]) for kind in others}
        found["with year" if years else "without year"] = said
        say(f"{who}, {'with' if years else 'without'} year: {said['all']}, native {said['native']}")
    return found


def _at_once(who: str, queries: list[Query], *, years: bool, by_id: bool) -> list[Answer]:
    """Let so many processes ask, each its part, at the same time; as web workers do, which have asked before."""
    connection.close()
    asking = get_context("fork")
    with asking.Pool(CLIENTS) as pool:
        parts = [(who, queries[n::CLIENTS], years, by_id) for n in range(CLIENTS)]
        return [one for part in pool.starmap(_ask, parts) for one in part]


def _ask(who: str, queries: list[Query], years: bool, by_id: bool) -> list[Answer]:
    viewer = member(Membership.objects.select_related("agency").get(user__email=VIEWERS[who]))
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
    taken = sorted(one.milliseconds for one in answers)
    return {
        "queries": len(answers),
        "recall@10": round(statistics.mean(one.found for one in answers), 4),
        "mrr": round(statistics.mean(1 / one.first if one.first else 0.0 for one in answers), 4),
        "p50": round(statistics.median(taken), 1),
        "p95": round(taken[math.ceil(len(taken) * 0.95) - 1], 1),
    }


def _of_folder(folder: Path) -> list[Query]:
    meant: dict[str, set[str]] = defaultdict(set)
    for row in _rows(folder / "truth_queries.csv"):
        meant[row["query_id"]].add(row["record_id"])
    return [
        Query(row["kind"], row["query"], int(row["yob"]), frozenset(meant[row["query_id"]]))
        for row in _rows(folder / "queries.csv")
    ]


def _of_register(ground: Ground, name: str) -> list[Query]:
    rows = ground.run(name, _SOME)
    random.Random(7).shuffle(rows)  # noqa: S311 - an order, no secret
    return [Query(kind, text.translate(_OTHERWISE), year, frozenset(refs)) for kind, text, year, refs in rows]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _stand(ground: Ground, folder: Path, now: datetime, say: Callable[[str], None]) -> str:
    """Return the name of a database with the people of register.csv, made now unless it is there already."""
    register = folder / "register.csv"
    with register.open("rb") as file:
        digest = blake2b(
            file.read(1 << 20) + str(register.stat().st_size).encode(), digest_size=6
        ).hexdigest()
    name = f"bench_names_{digest}"
    if ground.kept(name, lambda building: _build(ground, building, register, now, say)):
        ground.run(name, "VACUUM ANALYZE", "CHECKPOINT")
    return name


def _build(ground: Ground, name: str, register: Path, now: datetime, say: Callable[[str], None]) -> None:
    with ground.using(name):
        cast = casting.gather([], now=now - population.YEAR)
        sites = {row["registration_site"] for _n, row in zip(range(5000), _rows(register), strict=False)}
        dealings.agree(
            cast, "BORDER", population.PARTNER, "One site", ["C1", "C2"], channels=[Channel.PAGES], site=min(sites),
            now=now - population.YEAR, starts_on=(now - population.YEAR).date(), ends_on=(now + 5 * population.YEAR).date(),
        )  # fmt: skip
        with transaction.atomic():
            event = events.draft(slug="names", name="Names", by=cast.act("BORDER", "amina"), now=now)
        for number, batch in enumerate(_batches(register, now)):
            with transaction.atomic():
                viewer = cast.act("BORDER", "amina")
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL synchronous_commit = off")
                people.register(arrivals=batch, by=viewer, now=now, event=event)
            if number % 20 == 19:
                say(f"{(number + 1) * population.BATCH:,} people")


def _batches(register: Path, now: datetime) -> Iterator[list[people.Arrival]]:
    batch: list[people.Arrival] = []
    rows = 0
    for household, members in groupby(_rows(register), key=lambda row: row["household_id"]):
        read = [one for one in (_read(row, now) for row in members) if one is not None]
        if not read:
            continue
        batch.append(
            people.Arrival(members=read, ordinals=list(range(rows, rows + len(read))), source_ref=household)
        )
        rows += len(read)
        if rows >= population.BATCH:
            yield batch
            batch, rows = [], 0
    yield batch


def _read(row: dict[str, str], now: datetime) -> ArrivalRow | None:
    return read_row(row, today=now.date())[0]
