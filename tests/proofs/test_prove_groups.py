"""Do registration groups keep their invariants? The long proof in small: `./manage.py prove groups` has 2,000 runs of 30 steps."""

import json
import subprocess
import sys

from refugeecm import services


def test_groups_hold_and_the_ledger_balances() -> None:
    command = [sys.executable, str(services.ROOT / "manage.py"), "prove", "groups"]
    small = ["--runs", "20", "--steps", "15", "--seed", "3"]
    done = subprocess.run([*command, *small], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert figures["runs"] >= 20
    assert figures["steps"] >= 200
    assert figures["broken"] == ""
    assert len(figures["done"]) >= 8, "most acts were done at least once"
