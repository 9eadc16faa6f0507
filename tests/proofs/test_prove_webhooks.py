"""Is every event told, in order, when workers die? The long proof in small: `./manage.py prove webhooks` tells of two thousand."""

import json
import subprocess
import sys

from refugeecm import services


def test_nothing_is_lost_and_order_is_kept() -> None:
    command = [sys.executable, str(services.ROOT / "manage.py"), "prove", "webhooks"]
    small = ["--events", "60", "--kills", "2"]
    done = subprocess.run([*command, *small], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    assert (
        figures["lost"] == figures["out_of_order"] == figures["wrong_signatures"] == figures["unknown"] == 0
    )
    assert sum(figures["kills"].values()) == 2
    assert figures["resent_share"] <= 0.02
    assert figures["waited_for_the_dead"] > 0
    assert figures["forbidden"]["refused"] == figures["forbidden"]["forms"] >= 17
