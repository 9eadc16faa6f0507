"""Does a backup bring everything back on other servers? The long proof in small: `./manage.py prove restore` has 2,000 people."""

import json
import subprocess
import sys

from refugeecm import services


def test_what_was_lost_comes_back_and_damaged_files_are_refused() -> None:
    command = [sys.executable, str(services.ROOT / "manage.py"), "prove", "restore"]
    done = subprocess.run(
        [*command, "--people", "120", "--flips", "40"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert figures["people"] >= 120
    assert min(figures["telephones"], figures["documents"], figures["staged_rows"]) > 0
    assert figures["same_after_restore"]
    assert figures["signs_in_and_reads"]
    assert figures["seals_go_on"]
    assert figures["refused"] == figures["damaged"] == 41
    assert all(line.startswith("ok ") for line in figures["found"])
    assert figures["damaged_file_made_no_database"]
