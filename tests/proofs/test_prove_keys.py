"""Is nobody unreadable when whoever changes a key is killed? In small: `./manage.py prove keys` has 100,000 people and ten kills."""

import json
import subprocess
import sys

from refugeecm import services


def test_an_interrupted_change_of_keys_goes_on() -> None:
    command = [sys.executable, str(services.ROOT / "manage.py"), "prove", "keys"]
    done = subprocess.run(
        [*command, "--rows", "400", "--kills", "1"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert figures["killed"] == 1
    assert figures["unreadable"] == figures["left_with_the_old_key"] == 0
    assert figures["old_key_given_up"]
