"""Which people of one file are in another? `./manage.py duplicates REGISTER.csv IMPORT.csv --out PAIRS.csv`: the engine, on files."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import resource
import signal
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from refugeecm import processes
from refugeecm.core.backups.dumping import connected, owner
from registration.importers.refusals import Refusal
from registration.matching import POSSIBLE
from registration.matching.files import Files

_RUNS = 726_354  # the advisory locks of runs, each with the hash of the name of its schema
_TOLD = (signal.SIGTERM, signal.SIGINT)


def _end(number: int, _frame: FrameType | None, *, schema: str, run: int) -> None:
    """End the workers, drop the schema and end, here and now: an exception is lost or hangs while a pool of processes starts."""
    if os.getpid() != run:
        os._exit(1)
    for worker in multiprocessing.active_children():
        worker.kill()
    with connected(owner()["NAME"]) as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    os._exit(128 + number)


def _as_a_worker() -> None:
    """Let a worker die at once when it is told to, or when the run is killed; Ctrl-C is the run's affair."""
    told = signal.getsignal(signal.SIGTERM)
    if isinstance(told, partial) and told.func is _end:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        processes.follow(told.keywords["run"], signal.SIGKILL)()


os.register_at_fork(after_in_child=_as_a_worker)


@contextmanager
def _run(schema: str) -> Iterator[None]:
    """Throw everything away on SIGTERM and Ctrl-C, and what runs that were killed have left.

    The number in a schema's name is a process perhaps of another machine. A run that lives holds the lock of its schema's name;
    the system frees it however the run and its workers end.
    """
    with connected(owner()["NAME"]) as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^scratch_[0-9]+$'")
        for name in {schema, *(name for (name,) in cursor.fetchall())}:
            cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [_RUNS, name])
            if cursor.fetchone()[0]:
                cursor.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
                if name != schema:
                    cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [_RUNS, name])
            elif name == schema:
                raise CommandError("A run with the same number lives on another machine. Start again.")
        end = partial(_end, schema=schema, run=os.getpid())
        before = {one: signal.signal(one, end) for one in _TOLD}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)


class Command(BaseCommand):
    """Write the pairs as left_id,right_id,score,reasons, the likeliest first; a report in JSON on standard output."""

    help = "Match the people of two lists (CSV, with the columns of the arrivals file) in a scratch schema of the database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options; their form is kept, people measure with them."""
        parser.add_argument("register", type=Path)
        parser.add_argument("arrivals", type=Path)
        parser.add_argument("--out", type=Path, required=True, help="where the pairs are written")
        parser.add_argument(
            "--cut",
            type=float,
            default=POSSIBLE,
            help="bits from which on a pair is written (default: as shipped)",
        )
        parser.add_argument(
            "--untrained", action="store_true", help="with the shipped weights, and names alone counted"
        )
        parser.add_argument(
            "--today",
            type=date.fromisoformat,
            help="the day on which the lists were written (default: today): nobody is older than 120 then",
        )
        parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")

    def handle(self, **options: Any) -> None:
        """Load, learn, match, write."""
        started = time.monotonic()
        today = options["today"] or timezone.localdate()
        files = Files(options["register"], options["arrivals"], today=today, processes=options["workers"])
        for path in (files.register, files.arrivals):
            if not path.exists():
                raise CommandError(f"{path} does not exist.")
        try:
            with _run(files.schema), files.scratch():
                files.load(bare=options["untrained"])
                loaded = time.monotonic()
                pairs = sorted(
                    files.pairs(cut=options["cut"]),
                    key=lambda pair: (-pair.match.score, pair.left, pair.right),
                )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        with options["out"].open("w", encoding="utf-8", newline="") as out:
            write = csv.writer(out, lineterminator="\n")
            write.writerow(("left_id", "right_id", "score", "reasons"))
            for left, right, match in pairs:
                reasons = " ".join(f"{field}:{level}" for field, level, *_bits in match.evidence)
                write.writerow((left, right, f"{match.score:.2f}", reasons))
        peak = sum(
            resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        report = {
            "people": files.people,
            "rows": files.rows,
            "pairs": len(pairs),
            "seconds": round(time.monotonic() - started, 1),
            "seconds_loading": round(loaded - started, 1),
            "peak_mb": round(peak / 1024),
        }
        self.stdout.write(json.dumps(report))
