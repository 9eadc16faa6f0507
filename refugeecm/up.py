"""What does `./manage.py up` do? It runs the whole system on one machine until Ctrl-C, and says where to
look.

Servers (refugeecm.keeper), migrations, at the first start a demonstration world, then web, worker and beat.
Only the web listens on a port, on 127.0.0.1. A child that dies is started again; if this process is killed,
all others end.
"""

import argparse
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from refugeecm import processes, services
from refugeecm.services import ROOT, Place, ServersFailed, held, say, take

_PORTS_TO_TRY = 20
_LONGEST_PAUSE = 30.0  # seconds between two starts of a child that keeps dying


@dataclass
class Child:
    """A process that is started again when it dies, after a pause that doubles while it keeps dying."""

    name: str
    arguments: list[str]
    log: Path
    death: signal.Signals = signal.SIGTERM  # what it gets if this process is killed
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    pause: float = 1.0

    def start(self) -> None:
        """Start it now."""
        command = [sys.executable, "-m", *self.arguments]
        self.process = processes.spawn(command, log=self.log, cwd=ROOT, death=self.death)
        self.started = time.monotonic()

    def tend(self) -> None:
        """Start it again if it is dead and has been for its pause; say so when it dies."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.started:
                self.start()
            return
        code = self.process.poll()
        if code is None:
            return
        self.pause = 1.0 if now - self.started > 60 else min(self.pause * 2, _LONGEST_PAUSE)
        say(f"{self.name} ended with {code}; starting it again in {self.pause:.0f} s. Log: {self.log}")
        self.process, self.started = None, now + self.pause


def up(arguments: list[str]) -> int:
    """Run everything until a signal; returns the exit code. `arguments` are those after `up`."""
    options = _options(arguments)
    place = Place.of("dev")
    place.make()
    mine = take(place.state / "up.lock")
    if mine is None:
        address = (place.state / "up.lock").read_text().strip()
        say(f"Already running: {address}" if address else "Already starting; a moment.")
        return 0
    mine.truncate(0)
    os.umask(0o077)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    children: list[Child] = []
    lease = None
    try:
        lease = services.join("dev")
        port = free_port(options.port)
        address = f"http://localhost:{port}/"
        os.environ["REFUGEECM_ADDRESS"] = address
        _migrate(place)
        children += _children(place, port)
        for child in children:
            child.start()
        _make_world(people=options.people)  # while the others are starting
        _wait_for_web(children[0], port)
        mine.write(address.encode())
        mine.flush()
        _welcome(place, address)
        while True:
            time.sleep(0.25)
            for child in children:
                child.tend()
            if not held(place.state / "serving.lock"):  # the keeper was killed
                lease.close()
                lease = services.join("dev")
    except KeyboardInterrupt:
        say("Stopping.")
    except ServersFailed as error:
        say(str(error))
        return 1
    finally:
        _stop(place, children, lease)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./manage.py up", description="Run the whole system on this machine."
    )
    parser.add_argument("--port", type=int, default=8000, help="port of the web server on 127.0.0.1 (8000)")
    parser.add_argument("--people", type=int, default=3000, help="size of the demonstration world (3000)")
    return parser.parse_args(arguments)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def free_port(wanted: int) -> int:
    """The wanted port of 127.0.0.1, or the next free one, saying so; ServersFailed if there is none."""
    for port in range(wanted, min(wanted + _PORTS_TO_TRY, 65536)):
        if _is_free(socket.AF_INET, "127.0.0.1", port) and _is_free(socket.AF_INET6, "::1", port):
            if port != wanted:
                say(f"Port {wanted} is used by another program; taking {port}.")
            return port
    raise ServersFailed(f"No port from {wanted} on is free; choose one with --port.")


def _is_free(family: socket.AddressFamily, host: str, port: int) -> bool:
    """Whether nobody else answers there; a browser may try localhost by either family."""
    try:
        probe = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        return True
    with probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return family == socket.AF_INET6 and not _answers(host, port)
    return True


def _answers(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


def _migrate(place: Place) -> None:
    """Bring the tables up to date; raises ServersFailed with the end of the log."""
    say("Preparing the database.")
    log = place.state / "logs/migrate.log"
    if _command(["migrate", "--noinput"], log=log) != 0:
        raise ServersFailed(f"The database could not be migrated. {log} ends with:\n{processes.tail(log)}")


def _make_world(*, people: int) -> None:
    """Make the demonstration world where there is nobody yet."""
    if _command(["seed", "--if-empty", "--people", str(people)], log=None) != 0:
        say("The demonstration world could not be made; the system runs without it.")


def _command(arguments: list[str], *, log: Path | None) -> int:
    """Run a Django command to its end; returns its exit code."""
    return processes.spawn([sys.executable, ROOT / "manage.py", *arguments], log=log, cwd=ROOT).wait()


def _children(place: Place, port: int) -> list[Child]:
    logs = place.state / "logs"
    web = ["gunicorn", "refugeecm.wsgi:application", "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
    web += ["--worker-class", "gthread", "--workers", "2", "--threads", "4", "--graceful-timeout", "3"]
    # Celery's default node name would write the machine's name into every log.
    worker = ["celery", "-A", "refugeecm", "worker", "-c", "2", "-Q", "celery", "-n", "worker@refugeecm"]
    worker += ["--prefetch-multiplier", "1", "--without-mingle"]
    beat = ["celery", "-A", "refugeecm", "beat", "-s", str(place.state / "beat")]
    return [
        Child("web", web, logs / "web.log"),
        # A warm shutdown would wait for its tasks. Work is rows in the database: the next worker finds it.
        Child("worker", worker, logs / "worker.log", death=signal.SIGKILL),
        Child("beat", beat, logs / "beat.log"),
    ]


def _wait_for_web(web: Child, port: int) -> None:
    """Return when the web server answers; raises ServersFailed if it ends or is silent for a minute."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/", headers={"Host": "localhost"})
            if connection.getresponse().status < 500:
                return
        if web.process is None or web.process.poll() is not None:
            break
        time.sleep(0.1)
    raise ServersFailed(f"The web server does not answer. {web.log} ends with:\n{processes.tail(web.log)}")


def _welcome(place: Place, address: str) -> None:
    say(f"\nrefugeecm runs at {address}")
    _command(["demo_accounts"], log=None)
    say(f"Data and logs: {place.state}")
    say("Ctrl-C stops it.")


def _stop(place: Place, children: list[Child], lease: IO[bytes] | None) -> None:
    """Stop web, worker and beat, then the servers if nobody else uses them."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    running = [child.process for child in children if child.process is not None]
    processes.stop(running, how=signal.SIGTERM, seconds=4)
    if lease is not None:
        lease.close()
        deadline = time.monotonic() + 5
        while held(place.state / "keeper.lock"):
            if time.monotonic() > deadline:
                say("Another command still uses the database; it stops with that.")
                break
            time.sleep(0.05)
