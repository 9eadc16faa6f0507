"""Do the local servers keep to themselves: sockets only, closed to others, gone when nobody uses them?"""

import contextlib
import importlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from refugeecm import services, up
from refugeecm.services import ROOT, Place, ServersFailed

# A command that uses the servers: says what it was given, and ends with its standard input.
COMMAND = """
import json, os, sys
from refugeecm import services
lease = services.join("test")
print(json.dumps({**os.environ, "started_here": services.started_here()}), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A place of its own for the set "test", empty, removed afterwards."""
    home = Path(tempfile.mkdtemp(prefix="rcm-"))
    home.chmod(0o711)  # as root, the servers run as nobody and must get through
    monkeypatch.setenv("XDG_STATE_HOME", str(home))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    place = Place.of("test")
    yield place
    for rest in (home, place.sockets.parent):
        shutil.rmtree(rest, ignore_errors=True)


@contextlib.contextmanager
def command() -> "Iterator[tuple[subprocess.Popen[str], dict[str, str]]]":
    """A process that has joined the servers, and what its environment became."""
    env = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND],
        cwd=ROOT,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process, json.loads(process.stdout.readline() or "{}")
    finally:
        process.communicate("")


def tree(*roots: int) -> set[int]:
    """The processes and all that descend from them, without those that have ended."""
    parents: dict[int, int] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = file.read_text().rsplit(")", 1)[1].split()[:2]
            if state != "Z":
                parents[int(file.parent.name)] = int(parent)
    found = {root for root in roots if root in parents}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def wait_until_gone(pids: set[int], seconds: float = 15) -> set[int]:
    deadline = time.monotonic() + seconds
    while (left := tree(*pids) & pids) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def listening(pids: set[int]) -> list[str]:
    """Lines of the kernel's tables for TCP sockets on which these processes listen."""
    own = set()
    for pid in pids:
        for handle in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                own.add(str(handle.readlink()))
    lines = [
        line.split() for name in ("tcp", "tcp6") for line in Path("/proc/net", name).read_text().splitlines()
    ]
    return [" ".join(line) for line in lines[1:] if line[3] == "0A" and f"socket:[{line[9]}]" in own]


def test_they_listen_on_private_sockets_only_and_leave_nothing_behind(fresh: Place) -> None:
    with command() as (process, env):
        pids = tree(process.pid)
        assert len(pids) > 5
        assert env["started_here"]
        assert listening(pids) == []
        assert stat.S_IMODE(fresh.sockets.stat().st_mode) == 0o700
        for name in (".s.PGSQL.5432", "valkey.sock"):
            assert stat.S_IMODE((fresh.sockets / name).stat().st_mode) == 0o700
        assert stat.S_IMODE((fresh.state / "secrets.json").stat().st_mode) == 0o600

        with contextlib.closing(
            psycopg2.connect(host=str(fresh.sockets), user="owner", dbname="refugeecm")
        ) as owner:
            cursor = owner.cursor()
            cursor.execute("CREATE EXTENSION pg_trgm")
            cursor.execute("SELECT similarity('محمد', 'محمود')")
            assert cursor.fetchone()[0] > 0.3  # 0 where the locale knows no letters but ASCII
            cursor.execute("SET ROLE search")
        with contextlib.closing(psycopg2.connect(env["DATABASE_URL"])) as app:
            cursor = app.cursor()
            cursor.execute(
                "SELECT rolsuper OR rolbypassrls OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
            )
            assert cursor.fetchone() == (False,)
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute("CREATE TABLE mine (id int)")
    assert wait_until_gone(pids) == set()


def test_a_killed_command_leaves_no_orphan_and_no_obstacle(fresh: Place) -> None:
    with command() as (process, env):
        pids = tree(process.pid)
        process.kill()
        assert wait_until_gone(pids) == set()
    with command() as (process, again):
        assert again["SECRET_KEY"] == env["SECRET_KEY"]
        with command() as (_second, joined):  # a second command uses the same servers
            assert joined["DATABASE_URL"] == again["DATABASE_URL"]
        keeper = next(
            pid
            for pid in tree(process.pid)
            if b"refugeecm.keeper" in Path(f"/proc/{pid}/cmdline").read_bytes()
        )
        servers = tree(keeper)
        os.kill(keeper, signal.SIGKILL)
        assert wait_until_gone(servers) == set()
    with command() as (process, _env):
        assert len(tree(process.pid)) > 5
        pids = tree(process.pid)
    assert wait_until_gone(pids) == set()


@pytest.mark.parametrize("root", ["/a", "/" + "long/" * 600, "/ein Pfad/mit ümlaut"])
def test_socket_paths_fit_whatever_the_checkout_and_the_runtime_directory(
    root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for runtime in ("", str(tmp_path), "/" + "r" * 90, "/nonexistent"):
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        place = Place.of("test", root=Path(root))
        assert len(os.fsencode(place.sockets / ".s.PGSQL.5432.lock")) <= 107
        assert place.sockets.parent.name.startswith(f"refugeecm-{os.getuid()}-")


def test_checkouts_and_sets_do_not_meet() -> None:
    places = [Place.of(name, root=Path(root)) for root in ("/one", "/two") for name in services.SETS]
    assert len({place.state for place in places}) == len({place.sockets for place in places}) == 4


def test_a_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    if os.getuid() == 0:
        theirs.mkdir()
        os.chown(theirs, 12345, 12345)
    else:
        theirs = Path("/usr")
    with pytest.raises(ServersFailed, match="belongs to another user"):
        services.private(theirs)
    ours, link = tmp_path / "ours", tmp_path / "link"
    services.private(ours)
    assert stat.S_IMODE(ours.stat().st_mode) == 0o700
    link.symlink_to(ours)
    with pytest.raises(ServersFailed):
        services.private(link)


def test_urls_are_read_alike_by_the_settings_and_by_libpq() -> None:
    environ = importlib.import_module("environ")
    place = Place("dev", Path("/state"), Path("/run/refugeecm-1-a/dev"))
    config = environ.Env.db_url_config(place.url("owner"))
    assert (config["NAME"], config["USER"], config["HOST"]) == ("refugeecm", "owner", "")
    assert config["OPTIONS"] == {"host": "/run/refugeecm-1-a/dev"}
    assert psycopg2.extensions.parse_dsn(place.url("owner")) == {
        "user": "owner",
        "dbname": "refugeecm",
        "host": "/run/refugeecm-1-a/dev",
    }
    assert place.redis_url == "unix:///run/refugeecm-1-a/dev/valkey.sock"


def test_only_our_own_running_servers_were_started_here(
    fresh: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL_FILE", raising=False)
    for url in (
        "",
        "postgres://app:secret@db.example:5432/refugeecm",
        "postgres://app@/refugeecm?host=%2Ftmp",
    ):
        monkeypatch.setenv("DATABASE_URL", url)
        assert not services.started_here()
    monkeypatch.setenv("DATABASE_URL", fresh.database_url)
    assert not services.started_here()  # the right place, but nothing there
    fresh.make()
    (fresh.state / "serving.lock").write_text(str(fresh.sockets))
    assert not services.started_here()  # the right file, but no keeper holds it
    keeper = services.take(fresh.state / "serving.lock")
    assert keeper is not None
    assert services.started_here()
    (fresh.state / "serving.lock").write_text("/somewhere/else")
    assert not services.started_here()
    keeper.close()


def test_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    services.make_secrets(file)
    before = file.read_text()
    services.make_secrets(file)
    assert file.read_text() == before
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(json.loads(before)) == {"SECRET_KEY", "KEY_ENCRYPTION_KEYS", "BLIND_INDEX_KEY"}


def test_texts_are_compiled_when_they_change(tmp_path: Path) -> None:
    source = tmp_path / "locale/ar/LC_MESSAGES/django.po"
    source.parent.mkdir(parents=True)
    source.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Today"\nmsgstr "اليوم"\n'
    )
    assert services.compile_texts(tmp_path) == [source.with_suffix(".mo")]
    assert services.compile_texts(tmp_path) == []
    os.utime(source, (time.time() + 10, time.time() + 10))
    assert services.compile_texts(tmp_path) == [source.with_suffix(".mo")]


def test_a_used_port_is_passed_over() -> None:
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert up.free_port(taken) > taken


def test_locks_name_no_host() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text


def test_an_environment_is_trusted_only_for_its_own_lock_python_and_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manage = importlib.import_module("manage")
    for name in ("bin", "lib"):
        (tmp_path / name).mkdir()
    (tmp_path / "bin/python").touch()
    monkeypatch.setattr(manage, "VENV", tmp_path)
    monkeypatch.setattr(manage, "STAMP", tmp_path / ".lock")
    assert not manage.satisfied(manage.LOCAL)  # an interrupted install has no stamp
    manage.STAMP.write_text(manage.stamp_of(manage.LOCAL))
    assert manage.satisfied(manage.LOCAL)
    assert not manage.satisfied(manage.DEV)
    manage.STAMP.write_text(manage.stamp_of(manage.DEV))
    assert manage.satisfied(manage.LOCAL)  # dev.lock contains local.lock
    assert manage.satisfied(manage.DEV)
    monkeypatch.setattr(manage, "VENV", tmp_path / "moved")
    assert not manage.satisfied(manage.DEV)


def test_an_old_python_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    manage = importlib.import_module("manage")
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    with pytest.raises(SystemExit, match="needs Python 3"):
        manage.bootstrap([])
