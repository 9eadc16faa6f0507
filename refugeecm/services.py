"""Where do PostgreSQL and Valkey of this checkout live, and how does a command come to use them?

There are two sets, "dev" and "test". A set is run by its keeper (refugeecm.keeper), a process of its own that
ends when nobody uses the set any more. Who uses it holds a shared lock on a file, so a command that is killed
needs no farewell.

    state      $XDG_STATE_HOME/refugeecm/<checkout>/<set>: data, secrets, logs, locks
    sockets    $XDG_RUNTIME_DIR or /tmp, refugeecm-<uid>-<state>/<set>: no port, no password, mode 0700

PostgreSQL refuses to run as root. For root both servers run as nobody, and the state is in
/var/lib/refugeecm.
"""

import base64
import fcntl
import hashlib
import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn
from urllib.parse import parse_qs, quote, urlsplit

from refugeecm import processes

ROOT = Path(__file__).resolve().parent.parent
SETS = ("dev", "test")
DATABASE = "refugeecm"
_SOCKET_PATH_BYTES = 107  # sockaddr_un holds 108 with the closing zero


class ServersFailed(Exception):
    """The local servers cannot be used; the text says why and what to do."""


def say(line: str) -> None:
    """Tell the person at the terminal, if the terminal is still there."""
    with suppress(OSError):
        print(line, flush=True)


# ---- places


def servers_user() -> tuple[int, int] | None:
    """(uid, gid) that the servers run as, or None for our own."""
    if os.getuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def reachable(path: Path, *, user: tuple[int, int] | None) -> bool:
    """Whether `user` can walk down to path, or to as much of it as exists."""
    if user is None:
        return True
    for step in [path, *path.parents]:
        with suppress(FileNotFoundError):
            found = step.stat()
            if found.st_uid == user[0]:
                may = found.st_mode & stat.S_IXUSR
            elif found.st_gid == user[1]:
                may = found.st_mode & stat.S_IXGRP
            else:
                may = found.st_mode & stat.S_IXOTH
            if not may:
                return False
    return True


def _can_hold(path: Path, *, user: tuple[int, int] | None) -> bool:
    """Whether our state could be there: the nearest directory is ours to write, the servers' to reach."""
    ancestor = next(step for step in [path, *path.parents] if step.exists())
    return ancestor.is_dir() and os.access(ancestor, os.W_OK | os.X_OK) and reachable(path, user=user)


def _choices(root: Path) -> list[Path]:
    """Where the state of a checkout may be, best first; the last is for root and accounts without home."""
    uid = os.getuid()
    given = os.environ.get("XDG_STATE_HOME", "")
    home = Path(given) if given.startswith("/") else None
    if home is None and uid != 0:
        with suppress(KeyError):
            home = Path(os.environ.get("HOME") or pwd.getpwuid(uid).pw_dir, ".local/state")
    last = Path("/var/lib/refugeecm" if uid == 0 else f"/var/tmp/refugeecm-{uid}")  # noqa: S108 - owner is checked
    first = [] if home is None else [home / "refugeecm" / _short(str(root))]
    return [*first, last / _short(f"{root} {given}")]


@dataclass(frozen=True)
class Place:
    """One set of servers of this checkout: what it keeps, and where one connects."""

    name: str  # "dev" or "test"
    state: Path
    sockets: Path

    @classmethod
    def of(cls, name: str, *, root: Path = ROOT) -> "Place":
        """Compute the place from checkout, user and environment; nothing is created.

        Raises ServersFailed if no directory can hold the state.
        """
        user, uid = servers_user(), os.getuid()
        above = next((choice for choice in _choices(root) if _can_hold(choice, user=user)), None)
        if above is None:
            raise ServersFailed(
                f"No place for the data: set XDG_STATE_HOME to one that user {uid} may write."
            )
        own = f"refugeecm-{uid}-{_short(str(above))}"
        runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or "/nonexistent")
        if not (runtime.is_dir() and runtime.stat().st_uid == uid and _can_hold(runtime, user=user)):
            runtime = Path("/tmp")  # noqa: S108 - the directory in it is checked for its owner
        if len(os.fsencode(runtime / own / name / ".s.PGSQL.5432.lock")) > _SOCKET_PATH_BYTES:
            runtime = Path("/tmp")  # noqa: S108
        return cls(name=name, state=above / name, sockets=runtime / own / name)

    def make(self) -> None:
        """Create the directories, closed to everybody else; ServersFailed where another user was first."""
        user = servers_user()
        for directory in reversed(self.state.parents[2:]):
            if not directory.exists():
                directory.mkdir(mode=0o700, exist_ok=True)
                directory.chmod(0o711 if user else 0o700)  # whatever the umask, the servers must get through
        for directory in (self.state.parent.parent, self.state.parent, self.state, self.sockets.parent):
            private(directory, group=user[1] if user else None)
        private(self.sockets, owner=user)

    @property
    def database_url(self) -> str:
        """URL of the application's role."""
        return self.url("app")

    def url(self, role: str) -> str:
        """URL of a role in the set's database, for django-environ and libpq alike."""
        return f"postgres://{role}@/{DATABASE}?host={quote(str(self.sockets), safe='')}"

    @property
    def redis_url(self) -> str:
        """URL of Valkey for redis-py; settings rewrite it for Celery."""
        return f"unix://{self.sockets}/valkey.sock"


def private(directory: Path, *, owner: tuple[int, int] | None = None, group: int | None = None) -> None:
    """Make a directory that nobody else can enter, or check that the one that exists is ours and no link.

    `owner` (uid, gid) gets it, for root only; `group` may pass through it, but not list it.
    """
    with suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    found = directory.lstat()
    allowed = {os.getuid()} | ({owner[0]} if owner else set())
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in allowed:
        raise ServersFailed(f"{directory} belongs to another user. Remove it, or ask who made it.")
    if owner is not None:
        os.chown(directory, *owner)
    elif group is not None:
        os.chown(directory, -1, group)
    directory.chmod(0o710 if group is not None else 0o700)


# ---- locks


def held(lock: Path) -> bool:
    """Whether some process holds this lock exclusively. The system frees it however that process ends."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def take(lock: Path) -> IO[bytes] | None:
    """Hold a lock exclusively until the returned file is closed; None if another process has it."""
    file = lock.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def wait_for(lock: Path) -> IO[bytes]:
    """Hold a lock exclusively until the returned file is closed, as soon as no other process has it."""
    file = lock.open("ab")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


# ---- joining


def join(name: str) -> IO[bytes]:
    """Use the servers of a set, starting them if need be; URLs and secrets go into os.environ.

    The servers run at least until the returned file is closed or this process ends. Raises ServersFailed.
    """
    place = Place.of(name)
    place.make()
    lease = (place.state / "users.lock").open("ab")
    fcntl.flock(lease, fcntl.LOCK_SH)  # waits while a keeper without users is stopping
    try:
        place = _served(place)
    except BaseException:
        lease.close()
        raise
    os.environ.update(json.loads((place.state / "secrets.json").read_text()))
    os.environ.update(
        DATABASE_URL=place.database_url,
        MIGRATE_DATABASE_URL=place.url("owner"),
        REDIS_URL=place.redis_url,
        ALLOWED_HOSTS="localhost,127.0.0.1",
        INSECURE_COOKIES="1",  # http, on this machine only
    )
    return lease


def _served(place: Place, *, seconds: float = 90) -> Place:
    """Wait until a keeper serves the set, starting one if need be; returns the place it really uses."""
    log = place.state / "logs/keeper.log"
    keeper: subprocess.Popen[bytes] | None = None
    deadline = time.monotonic() + seconds
    while not held(place.state / "serving.lock"):
        if keeper is not None and keeper.poll():
            raise ServersFailed(f"The local servers did not start. {log} ends with:\n{processes.tail(log)}")
        if (keeper is None or keeper.poll() == 0) and not held(place.state / "keeper.lock"):
            with processes.open_log(log) as output:
                # Not through processes.spawn: the keeper outlives the command that happened to start it.
                keeper = subprocess.Popen(
                    [sys.executable, "-m", "refugeecm.keeper", place.name],
                    cwd=ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
        if time.monotonic() > deadline:
            raise ServersFailed(f"The local servers did not answer within {seconds:.0f} seconds; see {log}.")
        time.sleep(0.05)
    return Place(place.name, place.state, _recorded_sockets(place))


def _recorded_sockets(place: Place) -> Path:
    """The socket directory that the running keeper chose: its environment may differ from ours."""
    return Path((place.state / "serving.lock").read_text().strip())


def started_here() -> bool:
    """Whether this process talks to servers that manage.py itself started for this checkout and this user.

    No setting can make this true: the host in DATABASE_URL must be the socket directory computed for checkout
    and user, below a directory of ours, and a living keeper must hold its lock.
    """
    if os.environ.get("DATABASE_URL_FILE"):
        return False
    host = parse_qs(urlsplit(os.environ.get("DATABASE_URL", "")).query).get("host", [""])[0]
    if not host:
        return False
    for name in SETS:
        with suppress(OSError, ServersFailed):
            place = Place.of(name)
            theirs = Path(host)
            if (
                theirs == _recorded_sockets(place)
                and theirs.parts[-2:] == place.sockets.parts[-2:]
                and theirs.parent.lstat().st_uid == place.state.lstat().st_uid == os.getuid()
                and held(place.state / "serving.lock")
            ):
                return True
    return False


# ---- what a set needs besides servers


def make_secrets(file: Path) -> None:
    """Write the set's own random secrets once, readable by its owner only; an existing file is left alone."""
    if file.exists():
        return
    secrets = {
        "SECRET_KEY": base64.b64encode(os.urandom(48)).decode(),
        "KEY_ENCRYPTION_KEYS": "1:" + base64.b64encode(os.urandom(32)).decode(),
        "BLIND_INDEX_KEY": base64.b64encode(os.urandom(32)).decode(),
    }
    draft = file.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        json.dump(secrets, output, indent=1)
    draft.rename(file)


def compile_texts(root: Path = ROOT) -> list[Path]:
    """Compile each message catalogue that has changed; returns those written. Read-only ones are left."""
    written = []
    for source in sorted(root.glob("locale/*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        current = target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns
        if current or not os.access(source.parent, os.W_OK):
            continue
        from babel.messages import mofile, pofile  # costs too much for every start

        draft = target.with_suffix(f".{os.getpid()}")
        with source.open("rb") as texts, draft.open("wb") as output:
            mofile.write_mo(output, pofile.read_po(texts))
        draft.rename(target)
        written.append(target)
    return written


def run_tests(arguments: list[str], *, start: bool) -> NoReturn:
    """Become pytest, on the servers of the set "test" if `start`.

    Without a path or a number of processes in the arguments, the suite runs on two, in the order of tests/conftest.py.
    """
    held_on: list[IO[bytes]] = []
    if start:
        lease = join("test")
        lock = Place.of("test").state / "pytest.lock"
        turn = take(lock)
        if turn is None:
            say("Another ./manage.py test of this checkout is running; waiting for it to end.")
            turn = wait_for(lock)
        held_on = [lease, turn]
    chosen = any(word.startswith(("-n", "--numprocesses", "--dist", "-h", "--help")) for word in arguments)
    named = any(not word.startswith("-") and Path(word.split("::")[0]).exists() for word in arguments)
    spread = [] if chosen or named else ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    os.chdir(ROOT)
    become([sys.executable, "-m", "pytest", *spread, *arguments], held_on=held_on)


def become(command: list[str], *, held_on: Sequence[IO[bytes]]) -> NoReturn:
    """Replace this process by another program, which keeps the locks until it ends."""
    for file in held_on:
        os.set_inheritable(file.fileno(), True)
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"
    program = shutil.which(command[0], path=path)
    if program is None:
        sys.exit(f"There is no program {command[0]}.")
    os.execv(program, [program, *command[1:]])  # noqa: S606
