"""How long does an import take, compared with what PostgreSQL needs to write the same final rows?

The limit is COPY as superuser, from files, of the final rows into the same tables with the same indexes and foreign keys, without
history triggers. Both sides begin after a checkpoint, on databases made from the same template, in one run.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from refugeecm.demonstration import arrivals_file
from refugeecm.demonstration.scratch import Ground

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


def measure(ground: Ground, *, people: Sequence[int], say: Callable[[str], None]) -> dict[str, Any]:
    """Return figures for each size: COPY, the import with one worker and with two, and their ratios."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        say("warm-up")
        _import(ground, _file(place, 3000), workers=2, name="warm")
        return {"sizes": [_size(ground, place, size, say) for size in people]}


def _file(place: Path, people: int) -> Path:
    path = place / f"arrivals-{people}.csv"
    arrivals_file.write(path, rows=people, seed=people, defects=0.005, repeats=0.01)
    return path


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
