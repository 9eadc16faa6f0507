"""How does a register from a generated folder come to be, and who asks it? What `bench search` and `bench desk` share."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from hashlib import blake2b
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from agencies.access import Viewer, enter
from agencies.access.viewer import member
from agencies.enums import Channel
from agencies.models import Agency, Membership
from refugeecm.demonstration import cast as casting
from refugeecm.demonstration import dealings
from refugeecm.demonstration.bench import population
from refugeecm.demonstration.scratch import Ground
from registration.actions import events, normalising, people
from registration.models import InfluxEvent
from registration.rules.family import guessed

CLIENTS = 4  # that ask at once
BUILDERS = 2  # processes that register people
VIEWERS = {"owner": "amina@border.example", "partner": f"paula@{population.PARTNER.lower()}.example"}
SLUG = "names"
_GIN = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'registration_individual' AND indexdef LIKE '%USING gin%'"


def viewer_of(who: str) -> Viewer:
    """Return one of VIEWERS, of the database that is in use."""
    return member(Membership.objects.select_related("agency").get(user__email=VIEWERS[who]))


def at_once(ask: Callable[[str, list[Any]], list[Any]], who: str, questions: Sequence[Any]) -> list[Any]:
    """Let so many processes ask, each its part, at the same time; as web workers do, which have asked before."""
    connection.close()
    with get_context("fork").Pool(CLIENTS) as pool:
        parts = [(who, list(questions[n::CLIENTS])) for n in range(CLIENTS)]
        return [one for part in pool.starmap(ask, parts) for one in part]


def taken(milliseconds: Iterable[float]) -> dict[str, float]:
    """Return the percentiles of what many took, in ms."""
    ordered = sorted(milliseconds)
    return {f"p{part}": round(ordered[math.ceil(len(ordered) * part / 100) - 1], 1) for part in (50, 95, 99)}


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file by their column."""
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def name_of(folder: Path) -> str:
    """Return the name of the kept database with the people of register.csv: another file, another database."""
    register = folder / "register.csv"
    if not register.is_file():
        raise ValueError(f"{register} is missing: make_population.py --out {folder} writes it.")
    with register.open("rb") as file:
        start = file.read(1 << 20) + str(register.stat().st_size).encode()
    return f"bench_folder_{blake2b(start, digest_size=6).hexdigest()}"


def stand(ground: Ground, folder: Path, *, now: datetime, say: Callable[[str], None]) -> str:
    """Return the name of a database with the people of register.csv, made now unless it is there already."""
    name = name_of(folder)
    if ground.kept(name, lambda building: _build(ground, building, folder / "register.csv", now, say)):
        ground.run(name, "VACUUM ANALYZE", "CHECKPOINT")
    return name


def renew(ground: Ground, name: str) -> None:
    """Do a worker's part in a register that older rules have made."""
    renewed = [
        1 for agency in Agency.objects.all() for _batch in iter(partial(normalising.renew, agency=agency), 0)
    ]
    if renewed:
        ground.run(name, "VACUUM ANALYZE")


def _build(ground: Ground, name: str, register: Path, now: datetime, say: Callable[[str], None]) -> None:
    with ground.using(name):
        cast = casting.gather([], now=now - population.YEAR)
        sites = {row["registration_site"] for _n, row in zip(range(5000), rows_of(register), strict=False)}
        dealings.agree(
            cast, "BORDER", population.PARTNER, "One site", ["C1", "C2"], channels=[Channel.PAGES], site=min(sites),
            now=now - population.YEAR, starts_on=(now - population.YEAR).date(), ends_on=(now + 5 * population.YEAR).date(),
        )  # fmt: skip
        with transaction.atomic():
            events.draft(slug=SLUG, name="Names", by=cast.act("BORDER", "amina"), now=now)
        indexes = ground.run(
            name, _GIN
        )  # made at the end, at once: person by person they take longer than all the rest
        ground.run(name, *(f"DROP INDEX {index}" for index, _made_by in indexes))
        connection.close()
        fork = get_context("fork")
        builders = [
            fork.Process(target=_register, args=(register, part, now, say)) for part in range(BUILDERS)
        ]
        for one in builders:
            one.start()
        for one in builders:
            one.join()
    if any(one.exitcode for one in builders):
        raise RuntimeError("The people could not be registered; the reason stands above.")
    ground.run(name, "SET maintenance_work_mem = '512MB'", *(made_by for _index, made_by in indexes))


def _register(register: Path, part: int, now: datetime, say: Callable[[str], None]) -> None:
    """Register every other batch, beside another process: the same people by the same ids, whichever is faster."""
    viewer = viewer_of("owner")
    for number, (first, batch) in enumerate(_batches(register)):
        if number % BUILDERS != part:
            continue
        arrivals = list(_arrivals(batch, first, now))
        with transaction.atomic():
            enter(viewer, reason="bench")
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit = off")
            event = InfluxEvent.objects.get(slug=SLUG)
            people.register(arrivals=arrivals, by=viewer, now=now, event=event, seed=f"{number}".encode())
        if number % 20 == 19:
            say(f"{first + population.BATCH:,} people")
    connection.close()


def _batches(register: Path) -> Iterator[tuple[int, list[list[dict[str, str]]]]]:
    """Yield households, some thousand people at a time, and the place of the first of these in the file."""
    batch: list[list[dict[str, str]]] = []
    first = at = 0
    for _household, members in groupby(rows_of(register), key=lambda row: row["household_id"]):
        batch.append(list(members))
        at += len(batch[-1])
        if at - first >= population.BATCH:
            yield first, batch
            batch, first = [], at
    if batch:
        yield first, batch


def _arrivals(
    households: Iterable[list[dict[str, str]]], first: int, now: datetime
) -> Iterator[people.Arrival]:
    for rows in households:
        read = [one for one in (guessed(row, today=now.date()) for row in rows) if one is not None]
        if read:
            ordinals = list(range(first, first + len(read)))
            yield people.Arrival(members=read, ordinals=ordinals, source_ref=rows[0]["household_id"])
        first += len(rows)
