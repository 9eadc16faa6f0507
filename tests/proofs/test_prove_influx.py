"""Does a large list come through, errors and all? The long proof in small: `./manage.py prove influx` has 50,000 rows."""

import json
import subprocess
import sys

from refugeecm import services


def test_a_spreadsheet_comes_through_until_no_error_is_left() -> None:
    command = [
        sys.executable,
        str(services.ROOT / "manage.py"),
        "prove",
        "influx",
        "--rows",
        "600",
        "--kills",
        "1",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    figures = json.loads(done.stdout)
    assert figures["errors"] == 0 < figures["errors_before"], figures
    assert figures["people"] == figures["numbers"] == figures["rows"] - figures["registered"]
    assert figures["kills"]["worker"] == 1
