"""Does anybody see, change or learn of what no agreement opens to them, however often and however oddly they ask?

The proof is the house tests of this checkout with more rounds: each round asks about other records, in other ways
(tests/house/rounds). What they counted is added up here; nothing is counted that was not asked and compared.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from refugeecm import services

# Proof, the figure that counts, how many there must be (issue 3, "Done when" 2; trust.md P2, P3, P4, P7, P8), rounds for it, file.
PARTS: tuple[tuple[str, str, int, int, str], ...] = (
    ("matrix", "cases", 50_000, 2, "test_matrix.py"),
    ("ids", "compared", 5_000, 5, "test_ids.py"),
    ("two worlds", "requests", 2_000, 4, "test_two_worlds.py"),
    ("revocation", "revocations", 200, 5, "test_p8_revocation.py"),
    ("second wall", "cases", 5_000, 3, "test_second_wall.py"),
)
# Servers of another set would be taken for the tests' own.
_SERVERS = ("DATABASE_URL", "MIGRATE_DATABASE_URL", "REDIS_URL")


class NoTests(Exception):
    """This installation has no tests: the proof is run from a checkout."""

    def __init__(self) -> None:
        super().__init__("The proof runs the house tests: start it from a checkout of the repository.")


def prove(*, share: float, seed: int, say: Callable[[str], None], only: str = "") -> dict[str, Any]:
    """Run the parts, each with `share` of its rounds; return what was counted, and whether it is enough and nothing leaked.

    Raises NoTests where there is no tests directory.
    """
    house = services.ROOT / "tests/house"
    if not house.is_dir():
        raise NoTests
    figures: dict[str, Any] = {}
    for proof, figure, wanted, rounds, file in PARTS:
        if only not in proof:
            continue
        turns = max(1, round(rounds * share))
        say(f"{proof}: {turns} rounds")
        passed, counts = _run(house / file, turns, seed, say)
        found = counts[proof]
        figures[proof] = {
            **found,
            "rounds": turns,
            "wanted": wanted,
            "held": passed and not found["leaks"],
            "enough": found[figure] >= wanted,
        }
    return {
        "seed": seed,
        "proofs": figures,
        "proven": bool(figures) and all(one["held"] and one["enough"] for one in figures.values()),
    }


def _run(
    file: Path, rounds: int, seed: int, say: Callable[[str], None]
) -> tuple[bool, Mapping[str, Counter[str]]]:
    """Run one file of tests on servers of its own; return whether it passed, and what was counted by proof."""
    with tempfile.TemporaryDirectory() as directory:
        counted = Path(directory) / "counts"
        environment = {name: value for name, value in os.environ.items() if name not in _SERVERS} | {
            "PROOF_ROUNDS": str(rounds),
            "PROOF_SEED": str(seed),
            "PROOF_COUNTS": str(counted),
        }
        done = subprocess.run(
            [sys.executable, str(services.ROOT / "manage.py"), "test", str(file), "-q"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            say(done.stdout[-6000:] + done.stderr[-2000:])
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for line in counted.read_text().splitlines() if counted.exists() else ():
            told = json.loads(line)
            counts[told.pop("proof")].update(told)
        return not done.returncode, counts
