"""How long does an import take, compared with what PostgreSQL needs to write the same final rows?

The limit is COPY as superuser, from files, of the final rows into the same tables with the same indexes and foreign keys, without
history triggers. Both sides begin after a checkpoint, on databases made from the same template, in one run. And how long does an
agency wait when others send a list of the same size at the same moment, and the same workers serve all of them?
"""

from __future__ import annotations

import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Max, Sum

from agencies.access import Viewer, enter, worker_for
from agencies.actions import agencies as founding
from agencies.enums import AgencyKind
from refugeecm.celery import collect_garbage_seldom
from refugeecm.core.models import User
from refugeecm.demonstration import arrivals_file
from refugeecm.demonstration.scratch import Ground
from registration.actions import events, imports
from registration.enums import BatchStatus
from registration.models import ImportBatch, ImportStep

# What an import leaves behind, parents first; history tables end in "event" by pghistory's naming.
REGISTER = (
    "core_user",
    "registration_influxevent",
    "registration_household",
    "registration_individual",
    "registration_personkey",
    "registration_document",
    "registration_ledgerline",
    "registration_personaccess",
    "registration_matchcandidate",
    "core_event",
    "core_outboxmessage",
    "registration_householdevent",
    "registration_individualevent",
    "registration_documentevent",
)
STAGING = (
    "registration_importbatch",
    "registration_importpiece",
    "registration_importchunk",
    "registration_importrow",
    "registration_importstep",
)
EVENT = "bench"
WORKERS = 2
PAUSE = 0.05  # seconds, while there is nothing to do

Clock = Callable[[], datetime]
Sent = tuple[Viewer, ImportBatch, float]  # who sent it, what, and when (monotonic)


class Wait(NamedTuple):
    """How long an agency waited for its file, and which share of the workers' time it had meanwhile."""

    seconds: float
    share: float


def measure(
    ground: Ground, *, people: Sequence[int], agencies: int, now: Clock, say: Callable[[str], None]
) -> dict[str, Any]:
    """Return figures for each size: COPY, the import with one worker and with two, and their ratios; with several agencies at once."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        say("warm-up")
        _import(ground, _file(place, 3000), workers=2, name="warm")
        sizes = []
        for size in people:
            figures = _size(ground, place, size, say)
            if agencies > 1:
                figures["agencies"] = _agencies(ground, place, size, agencies, now, say)
            sizes.append(figures)
        return {"sizes": sizes}


def _file(place: Path, people: int, number: int = 0) -> Path:
    path = place / f"arrivals-{people}-{number}.csv"
    arrivals_file.write(path, rows=people, seed=people + number, defects=0.005, repeats=0.01)
    return path


def _agencies(
    ground: Ground, place: Path, people: int, many: int, now: Clock, say: Callable[[str], None]
) -> dict[str, Any]:
    """Return the seconds of each agency from sending to done, alone and when all send at once; the same workers serve.

    Alone before and after, so that a machine that becomes slower in between does not decide. Of the workers' time while an agency
    waits, its own file should have its share; that figure does not know how busy the machine is with other things.
    """
    files = {f"BENCH{number}": _file(place, people, number) for number in range(many)}
    first, *_others, last = files
    say(f"{people:,} people: one agency alone, {many} at once, one alone again")
    alone = _served(ground, {first: files[first]}, now)
    together = _served(ground, files, now)
    alone |= _served(ground, {last: files[last]}, now)
    usual = sum(one.seconds for one in alone.values()) / len(alone)
    times = {code: one.seconds / usual for code, one in together.items()}
    return {
        "workers": WORKERS,
        "seconds_alone": {code: round(one.seconds, 2) for code, one in alone.items()},
        "seconds_together": {code: round(one.seconds, 2) for code, one in together.items()},
        "times_alone": {code: round(ratio, 2) for code, ratio in times.items()},
        "share_of_the_workers": {code: round(one.share, 3) for code, one in together.items()},
        "nobody_waits_more_than_their_share": max(times.values()) <= many,
    }


def _served(ground: Ground, files: Mapping[str, Path], now: Clock) -> dict[str, Wait]:
    """Let each agency (by code) send its file, accept it once it is checked, and return how it was served until all is registered."""
    database = ground.database("agencies")
    with ground.using(database):
        user = User.objects.create_user("bench@refugeecm.invalid", name="Bench")
        viewers = {}
        for code in files:
            agency = founding.found(
                code=code, name=code, kind=AgencyKind.GOVERNMENT, country="TCD", now=now()
            )
            viewers[code] = worker_for(agency, user_id=user.pk)
        _settle(ground, database)
        with _workers(now):
            sent = {code: _send(viewers[code], path, now) for code, path in files.items()}
            ended: dict[str, float] = {}
            while len(ended) < len(sent):
                for code in sent.keys() - ended.keys():
                    if _stands(*sent[code][:2], now) == BatchStatus.DONE:
                        ended[code] = time.monotonic() - sent[code][2]
                time.sleep(PAUSE)
        return {code: Wait(took, _share(sent[code][1])) for code, took in ended.items()}


def _share(batch: ImportBatch) -> float:
    """Return which part of the workers' seconds until a file was done they spent on it."""
    last = ImportStep.objects.filter(batch_id=batch.pk).aggregate(last=Max("done_at"))["last"]
    spent = ImportStep.objects.filter(done_at__lte=last)
    own, all_of_it = (
        one.aggregate(sum=Sum("seconds"))["sum"] for one in (spent.filter(batch_id=batch.pk), spent)
    )
    return float(own / all_of_it)


def _send(viewer: Viewer, path: Path, now: Clock) -> Sent:
    began = time.monotonic()
    with transaction.atomic():
        enter(viewer, reason="bench")
        event = events.draft(slug=EVENT, name=EVENT, by=viewer, now=now())
        batch = imports.receive(
            data=path.read_bytes(), file_name=path.name, event=event, by=viewer, now=now()
        )
    return viewer, batch, began


def _stands(viewer: Viewer, batch: ImportBatch, now: Clock) -> str:
    """Return the status of a file, which its sender accepts as soon as it waits for that."""
    with transaction.atomic():
        enter(viewer, reason="bench")
        batch.refresh_from_db()
        if batch.status == BatchStatus.REVIEW:
            imports.accept(batch=batch, by=viewer, now=now())
    if batch.status == BatchStatus.FAILED:
        raise RuntimeError(f"{batch.file_name}: {batch.problem}")
    return batch.status


@contextmanager
def _workers(now: Clock) -> Iterator[None]:
    """Let processes do whatever step comes, of any agency, until the block ends."""
    connection.close()  # a connection is not shared with a forked process
    context = multiprocessing.get_context("fork")
    over = context.Event()
    helpers = [context.Process(target=_serve, args=(over, now), daemon=True) for _one in range(WORKERS)]
    for one in helpers:
        one.start()
    try:
        yield
    finally:
        over.set()
        for one in helpers:
            one.join()


def _serve(over: Any, now: Clock) -> None:
    collect_garbage_seldom()
    while not over.is_set():
        if not imports.run_one(now=now()):
            over.wait(PAUSE)


def _size(ground: Ground, place: Path, people: int, say: Callable[[str], None]) -> dict[str, Any]:
    path = _file(place, people)
    say(f"{people:,} people: one worker")
    one = _import(ground, path, workers=1, name="one")
    say(f"{people:,} people: COPY")
    files = place / "copy"
    sizes = _dump(ground, "one", files)
    first = _copy(ground, files)
    say(f"{people:,} people: two workers")
    two = _import(ground, path, workers=2, name="two")
    say(f"{people:,} people: COPY again")
    second = _copy(ground, files)
    limit = (first["register"] + second["register"]) / 2
    staging = (first["staging"] + second["staging"]) / 2
    for figures in (one, two):
        figures["rows_per_second"] = round(figures["rows"] / figures["seconds"])
        figures["times_copy"] = round(figures["seconds"] / limit, 2)
        figures["times_copy_with_import_tables"] = round(figures["seconds"] / (limit + staging), 2)
    return {
        "people": people,
        "file_mb": round(path.stat().st_size / 2**20, 1),
        "copy": {
            "seconds": round(limit, 2),
            "runs": [round(first["register"], 2), round(second["register"], 2)],
            "import_tables_seconds": round(staging, 2),
            "rows_per_second": round(one["rows"] / limit),
            "rows": sizes,
            "slowest": {
                name: round(took, 2)
                for name, took in sorted(first["tables"].items(), key=lambda item: -item[1])[:5]
            },
        },
        "one_worker": one,
        "two_workers": two,
    }


def _import(ground: Ground, path: Path, *, workers: int, name: str) -> dict[str, Any]:
    """Import a file into a new database, in a process of its own; return its report."""
    database = ground.database(name)
    _settle(ground, database)
    said = ground.manage(
        database,
        "import",
        str(path),
        "--agency",
        "BORDER",
        "--event",
        EVENT,
        "--accept",
        "--workers",
        str(workers),
    )
    report: dict[str, Any] = json.loads(said)
    if report["created"] + report["already_registered"] + report["errors"] != report["rows"]:
        raise RuntimeError(f"Rows are missing: {report}")
    return report


def _settle(ground: Ground, database: str) -> None:
    """Leave no work of what came before to what is measured next."""
    ground.run(database, "CHECKPOINT")
    time.sleep(0.5)


def _dump(ground: Ground, kind: str, files: Path) -> dict[str, int]:
    """Write the final rows of an import's database to files; return how many there are of each table."""
    files.mkdir(exist_ok=True)
    database = next(name for name in ground.names if name.endswith(f"_{kind}"))
    sizes = {}
    made = ground.admin(database)
    try:
        with made.cursor() as cursor:
            for table in (*REGISTER, *STAGING):
                with (files / table).open("wb") as output:
                    cursor.copy_expert(f"COPY {table} TO STDOUT (FORMAT binary)", output)
                sizes[table] = cursor.rowcount
    finally:
        made.close()
    return {table: rows for table, rows in sizes.items() if rows}


def _copy(ground: Ground, files: Path) -> dict[str, Any]:
    """Return the seconds that COPY takes for the tables of the register, and for those of the import."""
    database = ground.database("copy")
    for table in (*REGISTER, *STAGING):
        ground.run(database, f"ALTER TABLE {table} DISABLE TRIGGER USER")  # history; foreign keys stay
        (files / table).read_bytes()  # so that the disk is not part of it
    _settle(ground, database)
    tables: dict[str, float] = {}
    walls = {}
    for kind, group in (("register", REGISTER), ("staging", STAGING)):
        made = ground.admin(database)
        made.autocommit = False
        started = time.monotonic()
        try:
            with made.cursor() as cursor:
                for table in group:
                    began = time.monotonic()
                    with (files / table).open("rb") as rows:
                        cursor.copy_expert(f"COPY {table} FROM STDIN (FORMAT binary)", rows)
                    tables[table] = time.monotonic() - began
            began = time.monotonic()
            made.commit()  # deferred foreign keys are checked here
            tables[f"commit of {kind}"] = time.monotonic() - began
        finally:
            made.close()
        walls[kind] = time.monotonic() - started
    return {**walls, "tables": tables}
