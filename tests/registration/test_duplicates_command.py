"""Does `./manage.py duplicates` leave nothing behind in the database, however it ends?"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from refugeecm import services
from refugeecm.core.backups.dumping import connected, owner
from refugeecm.demonstration import arrivals_file
from registration.management.commands.duplicates import _RUNS


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the command for two lists, the second of which is in the first."""
    place: Path = tmp_path_factory.mktemp("lists")
    arrivals_file.write(place / "register.csv", rows=3000, seed=3, defects=0, repeats=0)
    first = (place / "register.csv").read_text().splitlines()[:61]
    (place / "arrivals.csv").write_text(
        "\n".join(first).replace(",3-H", ",4-H")
    )  # other groups, the same people
    files = [str(place / f"{name}.csv") for name in ("register", "arrivals")]
    options = ["--out", str(place / "pairs.csv"), "--workers", "2"]
    return [sys.executable, str(services.ROOT / "manage.py"), "duplicates", *files, *options]


def schemas() -> set[str]:
    with connected(owner()["NAME"]) as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'scratch%'")
        return {name for (name,) in cursor.fetchall()}


def killed(command: list[str], how: signal.Signals) -> tuple[int, str]:
    """Run the command, end it once its schema stands; return its exit code and the name of the schema."""
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    name = f"scratch_{run.pid}"
    deadline = time.monotonic() + 60
    while name not in schemas() and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    run.send_signal(how)
    said, _ = run.communicate(timeout=60)
    assert b"Traceback" not in said, said.decode()
    return run.returncode, name


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_who_is_told_to_end_cleans_up_first(command: list[str], how: signal.Signals) -> None:
    code, name = killed(command, how)
    assert code == 128 + how
    assert name not in schemas()


def test_what_a_killed_run_left_goes_with_the_next_and_what_a_living_one_uses_stays(
    command: list[str],
) -> None:
    code, left = killed(command, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert left in schemas()
    with connected(owner()["NAME"]) as living:
        living.execute("CREATE SCHEMA scratch_1")
        living.execute("SELECT pg_advisory_lock(%s, hashtext('scratch_1'))", [_RUNS])
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)["pairs"] >= 50
        assert schemas() == {"scratch_1"}
    subprocess.run(command, capture_output=True, check=True)
    assert not schemas()
