"""Do merged records come apart as they were? The long proof in small: `./manage.py prove merge` has 2,000 runs of 30 steps."""

import json
import subprocess
import sys

from refugeecm import services


def test_merged_records_come_apart_as_they_were() -> None:
    command = [sys.executable, str(services.ROOT / "manage.py"), "prove", "merge"]
    small = ["--runs", "40", "--steps", "15", "--seed", "5"]
    done = subprocess.run([*command, *small], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert figures["broken"] == ""
    assert figures["done"]["there and back"] >= 10
    assert figures["done"]["merge"] > figures["done"]["there and back"], "some live on merged"
    assert figures["done"]["asked again"] >= 5
