"""Does an import survive killed workers and restarted servers? The long proof in small: `./manage.py prove import` has 20 kills."""

import json
import subprocess
import sys

from refugeecm import services


def test_nobody_is_lost_or_doubled() -> None:
    command = [
        sys.executable,
        str(services.ROOT / "manage.py"),
        "prove",
        "import",
        "--rows",
        "3000",
        "--kills",
        "3",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert figures["rows"] == figures["created"] + figures["registered"] + figures["errors"] >= 3000
    assert figures["lost"] == figures["doubled"] == 0
    assert figures["kills"]["worker"] == 3
    assert figures["kills"]["valkey"] == figures["kills"]["postgres"] == 2
