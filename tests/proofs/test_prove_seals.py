"""Is every change to what was sealed found? The long proof in small: `./manage.py prove seals` tampers a thousand times."""

import json
import subprocess
import sys

from refugeecm import services


def test_every_change_is_found_and_its_batch_named() -> None:
    command = [sys.executable, str(services.ROOT / "manage.py"), "prove", "seals"]
    small = ["--tampers", "60", "--batches", "6", "--rows", "5000", "--seed", "7"]
    done = subprocess.run([*command, *small], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert figures["found"] == figures["right_batch_named"] == figures["tampers"] == 60
    assert len(figures["by_kind"]) == 10
    assert figures["row_named"] == 36, "wherever a row was touched it is named"
    assert figures["false_alarms"] == 0
