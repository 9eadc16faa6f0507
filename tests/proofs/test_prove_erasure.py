"""Is nothing left of people who were erased? In small: `./manage.py prove erasure` marks twenty through every entrance."""

import json
import subprocess
import sys

from refugeecm import services


def test_nothing_is_left_of_people_who_were_erased() -> None:
    command = [sys.executable, str(services.ROOT / "manage.py"), "prove", "erasure", "--people", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert len(figures["stood_in"]) >= 10
    assert figures["traces"] == {}
    assert figures["keys_left"] == figures["sealed_values_left"] == 0
    assert figures["figures_unchanged"]
    assert figures["seals_hold"]
    assert figures["pages_that_broke"] == []
