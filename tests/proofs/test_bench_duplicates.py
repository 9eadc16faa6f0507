"""Are the figures of those who find duplicates what they are by hand? Scores of five pairs, and our engine on FEBRL's form of list."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from refugeecm.demonstration.bench import duplicates

TRUTH = {("i1", "r1"), ("i2", "r2"), ("i3", "r3"), ("i4", "r4")}


def test_figures_are_what_they_are_by_hand() -> None:
    """Two right, then one right and one wrong of equal score, then one right; of four that there are, all are found in the end."""
    scored = {("i1", "r1"): 9.0, ("i2", "r2"): 8.0, ("i3", "r3"): 2.0, ("i3", "r4"): 2.0, ("i4", "r4"): -3.0}
    found = duplicates.figures(scored, TRUTH, cut=0.0)
    # At 2: 3 of 4 shown are right, 3 of 4 found: F1 3/4. At -3: 4 of 5, 4 of 4: F1 8/9. Without a wrong one: two of four.
    assert found == {
        "best_f1": 0.8889, "best_cut": -3.0, "precision": 0.8, "recall": 1.0, "recall_at_p99": 0.5, "f1_at_cut": 0.75, "cut": 0.0,
    }  # fmt: skip
    assert duplicates.figures({}, TRUTH, cut=0.0)["best_f1"] == 0.0
    assert duplicates.figures(scored, TRUTH, cut=9.5)["f1_at_cut"] == 0.0


def test_recall_is_told_by_group_the_lowest_first() -> None:
    groups = {"i1": ("SYR", "Latin script"), "i2": ("SYR", "own script alone"), "i3": ("AFG", "Latin script")}
    truth = {(one, f"r{n}") for one in groups for n in range(duplicates.FEW_PAIRS)}
    shown = {pair for pair in truth if pair[0] != "i2"} | {("i9", "r1")}
    found = duplicates.recall_by(shown, truth, groups)
    assert found == {"own script alone": 0.0, "SYR": 0.5, "Latin script": 1.0, "AFG": 1.0}
    assert list(found)[:2] == ["own script alone", "SYR"]


def test_pairs_within_one_list_are_no_part_of_the_truth(tmp_path: Path) -> None:
    rows = [("left_id", "right_id", "scope"), ("I1", "R1", "IR"), ("R2", "R3", "RR"), ("I2", "R2", "")]
    with (tmp_path / "truth.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    assert duplicates._truth(tmp_path / "truth.csv") == {("I1", "R1"), ("I2", "R2")}


def test_an_old_list_is_read_as_of_its_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], db: Any
) -> None:
    """Somebody born in 1901 was 104 when the list was written: the day of birth counts, and finds them by the family's name."""
    for name, given in (("register", "Amal"), ("import", "Huda")):
        with (tmp_path / f"{name}.csv").open("w", newline="") as file:
            rows = [
                ("record_id", "given_name", "family_name", "date_of_birth"),
                (name, given, "Haddad", "1901-05-17"),
            ]
            csv.writer(file).writerows(rows)
    lists = [
        str(tmp_path / "register.csv"),
        str(tmp_path / "import.csv"),
        "--out",
        str(tmp_path / "out.csv"),
        "--cut",
        "-20",
    ]
    pairs = []
    for day in ([], ["--today", "2005-01-01"]):
        call_command("duplicates", *lists, "--untrained", *day)
        pairs.append(json.loads(capsys.readouterr().out)["pairs"])
    assert pairs == [0, 1]
