"""How well does our engine find people who are registered twice, beside Splink and recordlinkage, on the same lists in one run?

Lists: FEBRL 4, and folders of the generator (register.csv, import.csv, truth_pairs.csv). Everybody's pairs are scored by `figures`.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import blake2b
from itertools import groupby
from pathlib import Path
from typing import Any

from refugeecm import services
from registration.matching import POSSIBLE

# The best of others in the trial (reference duplicates.md 3), in the versions that were measured there.
PEERS = ("splink==5.0.0", "recordlinkage==0.16")
METHODS = {"splink": 0.0, "ecm": 0.5}  # the default cut: even odds, in bits of Splink and as a probability
LOW = -20  # bits: pairs are asked for from here on, so that the best cut is among them
FEBRL, FEBRL_DAY = (
    "febrl4",
    "2005-01-01",
)  # its people were born from 1900 on: nobody was over 120 when it was made
FEW_PAIRS = 50  # of fewer a share says little
TARGET = {"febrl4": 0.9995}  # best F1, untrained
_SCRIPT = Path(__file__).with_name("peers.py")
_MANAGE = services.ROOT / "manage.py"
Pair = tuple[str, str]


def measure(*, folders: Sequence[Path], python: Path | None, say: Callable[[str], None]) -> dict[str, Any]:
    """Return for each list and method the figures of `figures`, seconds and peak memory. python: one that has PEERS; else made."""
    peers = python or _environment(say)
    lists: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        _run([str(peers), str(_SCRIPT), FEBRL, str(work / FEBRL), "-"])
        for folder in (work / FEBRL, *folders):
            febrl = folder == work / FEBRL
            name, truth = folder.name if febrl else str(folder), _truth(folder / "truth_pairs.csv")
            lists[name] = {}
            for method, command, cut in _methods(peers, folder, work / "pairs.csv", febrl=febrl):
                cost = json.loads(_run(command).splitlines()[-1])
                scored = _scored(work / "pairs.csv")
                found: dict[str, Any] = figures(scored, truth, cut=cut)
                if method == "ours" and not febrl:
                    shown = {pair for pair, score in scored.items() if score >= cut}
                    found["recall_by"] = recall_by(shown, truth, _groups(folder / "import.csv"))
                lists[name][method] = found | {key: cost[key] for key in ("seconds", "peak_mb")}
                say(f"{name}, {method}: {lists[name][method]}")
    missing = "historical_50k is not measured: it is in no package, and its loader needs the network"
    return {"targets": TARGET, "peers": PEERS, "not_measured": missing, "lists": lists}


def figures(scored: Mapping[Pair, float], truth: Collection[Pair], *, cut: float) -> dict[str, float]:
    """Return the best F1 with its cut, precision and recall; the recall while 99 of 100 pairs are right; F1 at the cut. Of equal
    scores all pairs are shown, or none."""
    best = {"best_f1": 0.0, "best_cut": 0.0, "precision": 0.0, "recall": 0.0}
    shown = right = 0
    surely = at_cut = 0.0
    ordered = sorted(scored, key=lambda pair: -scored[pair])
    for score, pairs in groupby(ordered, key=lambda pair: scored[pair]):
        some = list(pairs)
        shown, right = shown + len(some), right + sum(pair in truth for pair in some)
        precision, recall, f1 = right / shown, right / len(truth), 2 * right / (shown + len(truth))
        surely = recall if precision >= 0.99 else surely
        at_cut = f1 if score >= cut else at_cut
        if f1 > best["best_f1"]:
            best = {"best_f1": f1, "best_cut": score, "precision": precision, "recall": recall}
    found = best | {"recall_at_p99": surely, "f1_at_cut": at_cut, "cut": cut}
    return {name: round(value, 4) for name, value in found.items()}


def recall_by(
    shown: Collection[Pair], truth: Collection[Pair], groups: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """Return {group: how much of its pairs is shown}, the lowest first, of groups with FEW_PAIRS or more. groups: of each arrival."""
    there, found = (
        Counter(group for one, _other in some for group in groups[one])
        for some in (truth, {*shown} & {*truth})
    )
    return dict(
        sorted(
            ((group, round(found[group] / n, 4)) for group, n in there.items() if n >= FEW_PAIRS),
            key=lambda one: one[1],
        )
    )


def _groups(arrivals: Path) -> dict[str, tuple[str, str]]:
    """Return of each arrival the nationality, and in which script the name is written."""
    groups = {}
    with arrivals.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            latin, own = (
                row["given_name"] or row["father_name"] or row["family_name"],
                row["full_name_native"],
            )
            script = (
                "Latin and own script" if latin and own else "Latin script" if latin else "own script alone"
            )
            groups[row["record_id"]] = (row["nationality"] or "no nationality", script)
    return groups


def _methods(peers: Path, folder: Path, out: Path, *, febrl: bool) -> list[tuple[str, list[str], float]]:
    """Return name, command and default cut of each method: ours first."""
    ours = [
        sys.executable,
        str(_MANAGE),
        "duplicates",
        str(folder / "register.csv"),
        str(folder / "import.csv"),
    ]
    ours += ["--out", str(out), "--cut", str(LOW), *(["--today", FEBRL_DAY] if febrl else [])]
    others = {"splink_docs": 0.0, **METHODS} if febrl else METHODS
    return [
        ("ours", ours, POSSIBLE),
        ("ours, untrained", [*ours, "--untrained"], POSSIBLE),
        *(
            (name, [str(peers), str(_SCRIPT), name, str(folder), str(out)], cut)
            for name, cut in others.items()
        ),
    ]


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")
    return done.stdout


def _environment(say: Callable[[str], None]) -> Path:
    """Return the Python of an environment with PEERS, made in the user's cache the first time."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "refugeecm"
    home = cache / f"peers-{blake2b(' '.join((*PEERS, sys.version)).encode(), digest_size=6).hexdigest()}"
    python, whole = home / "bin" / "python", home / "whole"
    if not whole.exists():
        say(f"Installing {' '.join(PEERS)} into {home}; once.")
        venv.create(home, with_pip=True, clear=True, symlinks=True)
        _run([str(python), "-m", "pip", "install", "-qq", *PEERS])
        whole.touch()
    return python


def _truth(path: Path) -> set[Pair]:
    """Return the pairs of an arrival and somebody of the register: scope IR where the list says a scope."""
    with path.open(newline="", encoding="utf-8") as file:
        return {
            (row["left_id"], row["right_id"])
            for row in csv.DictReader(file)
            if (row.get("scope") or "IR") == "IR"
        }


def _scored(path: Path) -> dict[Pair, float]:
    with path.open(newline="", encoding="utf-8") as file:
        return {(row["left_id"], row["right_id"]): float(row["score"]) for row in csv.DictReader(file)}
