"""Does an import lose or double anybody when workers are killed, and Redis and PostgreSQL restarted, in the middle of it?

Real workers and a real beat, on servers of their own (the set "proof"), so that these may be killed. A kill is due when the work has
come to a point drawn at random, half of the kills while rows are checked and half while people are registered.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg2  # type: ignore[import-untyped]
from django.db import OperationalError, connection, transaction

from agencies.access import enter, worker_for
from agencies.models import Agency
from refugeecm import processes, services
from refugeecm.core.models import User
from refugeecm.demonstration import arrivals_file
from refugeecm.demonstration.scratch import Ground
from registration.actions import events, imports
from registration.models import ImportBatch

SET = "proof"
NODES = 2
PATIENCE = 300.0  # seconds without any progress after which the proof gives up
_STEPS = "SELECT count(*) FILTER (WHERE status <> 'open'), count(*) FROM registration_importstep WHERE kind = '{kind}'"
_STATUS = "SELECT status FROM registration_importbatch"
Say = Callable[[str], None]


class Stuck(Exception):
    """The import makes no progress any more."""


@contextmanager
def servers(name: str = SET) -> Iterator[tuple[services.Place, str]]:
    """Run a set of servers that may be killed; yields their place and the URL of their Valkey. The environment stays as it was."""
    was = dict(os.environ)
    lease = services.join(name)
    redis_url = os.environ["REDIS_URL"]
    os.environ.clear()
    os.environ.update(was)
    try:
        yield services.Place.of(name), redis_url
    finally:
        lease.close()


@dataclass
class Workers:
    """Celery nodes of one pool process each, and a beat, as they run in production; what dies is started again."""

    ground: Ground
    database: str
    directory: Path
    nodes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    beat: subprocess.Popen[bytes] | None = None
    leaders: list[int] = field(default_factory=list)  # every process group there was

    def _start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "-A", "refugeecm", *arguments]
        started = processes.spawn(
            command,
            log=self.directory / f"{name}.log",
            cwd=services.ROOT,
            env=self.ground.environment(self.database),
        )
        self.leaders.append(started.pid)
        return started

    def _node(self) -> subprocess.Popen[bytes]:
        number = len(self.leaders)
        return self._start(
            "worker",
            "worker",
            "-c",
            "1",
            "-n",
            f"proof{number}@refugeecm",
            "--without-mingle",
            "--without-gossip",
        )

    def tend(self) -> None:
        """Start what is missing."""
        self.nodes = [node for node in self.nodes if node.poll() is None]
        while len(self.nodes) < NODES:
            self.nodes.append(self._node())
        if self.beat is None or self.beat.poll() is not None:
            self.beat = self._start("beat", "beat", "-s", str(self.directory / "beat"))

    def kill(self, chance: random.Random, *, pool: bool) -> str:
        """Kill one pool process, or a node, without warning. Returns which: a node that starts has no pool yet."""
        node = chance.choice(self.nodes)
        children = _children(node.pid)
        if children and pool:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(children), signal.SIGKILL)
            return "pool"
        with suppress(ProcessLookupError):
            os.kill(node.pid, signal.SIGKILL)
        node.wait()
        return "node"

    def stop(self) -> None:
        """End all of it, orphans of killed nodes included."""
        for leader in self.leaders:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(leader, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def kill_valkey(place: services.Place) -> None:
    """Kill Valkey; it keeps nothing. The keeper starts it again."""
    with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        client.connect(str(place.sockets / "valkey.sock"))
        client.sendall(b"INFO server\r\n")
        said = client.recv(8192).decode(errors="replace")
        pid = int(said.partition("process_id:")[2].split()[0])
        os.kill(pid, signal.SIGKILL)


def stop_postgres(place: services.Place) -> None:
    """Shut PostgreSQL down at once, as `pg_ctl stop -m immediate` does. The keeper starts it again, which recovers from its log."""
    with suppress(OSError, ValueError):
        pid = int((place.state / "postgres/postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGQUIT)


@dataclass
class Chaos:
    """What still has to be killed in a phase of the work, each at a point of its progress from 0 to 1."""

    due: list[tuple[float, str]]
    done: dict[str, int]

    @classmethod
    def of(cls, chance: random.Random, kills: int, done: dict[str, int]) -> Chaos:
        """Draw the points for so many kills, and one restart of each server."""
        points = [(0.9 * chance.random(), "worker") for _kill in range(kills)]
        return cls(
            sorted(
                [*points, (0.3 + 0.2 * chance.random(), "valkey"), (0.5 + 0.3 * chance.random(), "postgres")]
            ),
            done,
        )


def prove(*, rows: int, kills: int, seed: int, now: Callable[[], datetime], say: Say) -> dict[str, Any]:
    """Import a file of so many rows under so many kills; return figures, with `lost` and `doubled` among them, and `proven`."""
    chance = random.Random(seed)  # noqa: S311 - reproducible moments
    started = time.monotonic()
    with servers() as (place, redis_url), tempfile.TemporaryDirectory() as directory:
        ground = Ground(sockets=str(place.sockets), redis_url=redis_url, now=now())
        database = ground.database("import")
        workers = Workers(ground, database, Path(directory))
        try:
            with ground.using(database):
                batch = _receive(Path(directory), rows, seed, now())
                done = {"worker": 0, "node": 0, "pool": 0, "valkey": 0, "postgres": 0}
                say(f"{rows:,} rows; checking")
                checking = Chaos.of(chance, kills // 2, done)
                pauses = [phase(ground, database, place, workers, "review", checking, chance, say)]
                accept(batch, now())
                say("registering")
                accepting = Chaos.of(chance, kills - kills // 2, done)
                pauses.append(phase(ground, database, place, workers, "done", accepting, chance, say))
            figures = _account(ground, database)
        finally:
            workers.stop()
            ground.close()
    return {
        "kills": done,
        "longest_pause": max(pauses),
        "seconds": round(time.monotonic() - started, 1),
        **figures,
    }


def _receive(directory: Path, rows: int, seed: int, now: datetime) -> ImportBatch:
    path = directory / "arrivals.csv"
    arrivals_file.write(path, rows=rows, seed=seed, defects=0.01, repeats=0.01)
    user = User.objects.create_user("proof@refugeecm.invalid", name="Proof")
    with transaction.atomic():
        viewer = worker_for(Agency.objects.get(code="BORDER"), user_id=user.pk)
        enter(viewer, reason="proof")
        event = events.draft(slug="proof", name="Proof", by=viewer, now=now)
        return imports.receive(data=path.read_bytes(), file_name=path.name, event=event, by=viewer, now=now)


def accept(batch: ImportBatch, now: datetime) -> None:
    """Accept a checked file, as soon as the database is there again."""
    for patience in range(100, -1, -1):
        connection.close()  # PostgreSQL was killed since, and may not be back yet
        try:
            connection.ensure_connection()
            break
        except OperationalError:
            if not patience:
                raise
            time.sleep(0.2)
    with transaction.atomic():
        viewer = worker_for(batch.agency, user_id=batch.created_by_id)
        enter(viewer, reason="proof")
        batch.refresh_from_db()
        imports.accept(batch=batch, by=viewer, now=now)


def phase(
    ground: Ground, database: str, place: services.Place, workers: Workers, goal: str, chaos: Chaos,
    chance: random.Random, say: Say, meanwhile: Callable[[], None] = lambda: None,
) -> float:  # fmt: skip
    """Let the workers work, and kill what is due, until the file has come to its goal. Returns the longest pause in seconds."""
    kind = "2check" if goal == "review" else "4accept"
    last, moved, longest = -1, time.monotonic(), 0.0
    while True:
        workers.tend()
        meanwhile()
        with suppress(psycopg2.Error):
            finished, total = ground.run(database, _STEPS.format(kind=kind))[0]
            status = ground.run(database, _STATUS)[0][0]
            if finished != last:
                longest, last, moved = (
                    max(longest, time.monotonic() - moved if last >= 0 else 0.0),
                    finished,
                    time.monotonic(),
                )
            while chaos.due and total and chaos.due[0][0] * total <= finished + 0.5:
                _strike(chaos.due.pop(0)[1], place, workers, chaos.done, chance, say)
            if status == goal and not chaos.due:
                return round(longest, 1)
        if time.monotonic() - moved > PATIENCE:
            raise Stuck(
                f"No progress for {PATIENCE:.0f} s; logs end with:\n{processes.tail(workers.directory / 'worker.log')}"
            )
        time.sleep(0.05)


def _strike(
    what: str, place: services.Place, workers: Workers, done: dict[str, int], chance: random.Random, say: Say
) -> None:
    time.sleep(chance.random() * 0.3)
    if what == "worker":
        done[workers.kill(chance, pool=done["pool"] <= done["node"])] += 1
    elif what == "valkey":
        kill_valkey(place)
    else:
        stop_postgres(place)
    done[what] += 1
    say(f"killed: {what}")


_FIGURES = {
    "rows": "SELECT rows FROM registration_importbatch",
    "created": "SELECT count(*) FROM registration_individual",
    "registered": "SELECT count(*) FROM registration_importrow WHERE outcome = 'registered'",
    "errors": "SELECT count(*) FROM registration_importrow WHERE outcome = 'error'",
    "source_refs": "SELECT count(DISTINCT source_ref) FROM registration_individual",
    "keys": "SELECT count(*) FROM registration_personkey",
    "people_in_history": "SELECT count(DISTINCT pgh_obj_id) FROM registration_individualevent WHERE pgh_label = 'insert'",
    "lines_of_history": "SELECT count(*) FROM registration_individualevent",
    "ledger": "SELECT coalesce(sum(people), 0)::int FROM registration_ledgerline",
    "households": "SELECT count(*) FROM registration_household",
    "households_in_history": "SELECT count(*) FROM registration_householdevent",
    "household_events": "SELECT count(*) FROM core_event WHERE name = 'registration.household.registered'",
    "documents": "SELECT count(*) FROM registration_document",
    "documents_in_history": "SELECT count(*) FROM registration_documentevent",
    "empty_households": "SELECT count(*) FROM registration_household h WHERE NOT EXISTS "
    "(SELECT FROM registration_individual i WHERE i.household_id = h.id)",
    "most_attempts": "SELECT max(attempts) FROM registration_importstep",
    "set_aside": "SELECT count(*) FROM registration_importstep WHERE status = 'quarantined'",
    "open_steps": "SELECT count(*) FROM registration_importstep WHERE status = 'open'",
}
_EQUAL = (
    ("created", "source_refs"), ("created", "keys"), ("created", "people_in_history"), ("created", "lines_of_history"),
    ("created", "ledger"), ("households", "households_in_history"), ("households", "household_events"),
    ("documents", "documents_in_history"),
)  # fmt: skip


def _account(ground: Ground, database: str) -> dict[str, Any]:
    """Account for every row of the file, counted past all policies."""
    found = {name: ground.run(database, statement)[0][0] for name, statement in _FIGURES.items()}
    accounted = found["created"] + found["registered"] + found["errors"]
    unequal = [
        f"{one} {found[one]}, {other} {found[other]}" for one, other in _EQUAL if found[one] != found[other]
    ]
    calm = (
        found["set_aside"] == found["open_steps"] == found["empty_households"] == 0
        and found["most_attempts"] <= 5
    )
    lost, doubled = max(0, found["rows"] - accounted), max(0, accounted - found["rows"])
    return {
        **found,
        "lost": lost,
        "doubled": doubled,
        "unequal": unequal,
        "proven": calm and not unequal and lost == doubled == 0,
    }
