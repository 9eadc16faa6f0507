"""Does the bench of the desk tell who is found from who is not, and who may not be shown? In small, by the command itself."""

import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from refugeecm import services
from refugeecm.demonstration.bench.folder import name_of
from refugeecm.demonstration.scratch import ground

COLUMNS = (
    "record_id", "registration_site", "household_id", "given_name", "father_name", "family_name", "mother_name", "sex",
    "date_of_birth", "nationality", "phone",
)  # fmt: skip
HAMZA = ("Hamza", "Idris", "Al-Zubaidi", "Maryam Naqib", "M", "1987-05-14", "SYR", "+963 933112233")
OLENA = ("Olena", "Petrivna", "Zabolotna", "Iryna Kovbasa", "F", "1991-11-23", "UKR", "+380 671234567")
GOITOM = ("Goitom", "Tesfay", "Haile", "Letebrhan Abraha", "M", "2001-08-07", "ERI", "")


def write(path: Path, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def generated(folder: Path) -> None:
    """Hamza, whom the partner may see, and Olena, whom they may not, come a second time; Goitom is new."""
    others = [
        (f"R{n}", "B", f"H{n}", name, "", "Osman", "", "M", f"19{60 + n}-03-0{n % 9 + 1}", "SDN", "")
        for n, name in enumerate(("Adam", "Bakri", "Hashim", "Siddig", "Tarig", "Yasir"), 3)
    ]
    write(folder / "register.csv", COLUMNS, [("R1", "A", "H1", *HAMZA), ("R2", "B", "H2", *OLENA), *others])
    again = ("Hamzah", "Idrees", "El Zubaydi", *HAMZA[3:])
    arrivals = [("I1", "B", "J1", *again), ("I2", "B", "J2", *OLENA), ("I3", "B", "J3", *GOITOM)]
    write(folder / "import.csv", COLUMNS, arrivals)
    truth = [("I1", "R1", "IR", "ar", ""), ("I2", "R2", "IR", "uk", ""), ("I1", "I3", "II", "ar", "")]
    write(folder / "truth_pairs.csv", ("left_id", "right_id", "scope", "group", "tags"), truth)


def test_who_is_typed_in_again_is_found_by_whoever_may_see_them(tmp_path: Path) -> None:
    generated(tmp_path)
    command = [sys.executable, str(services.ROOT / "manage.py"), "bench", "desk", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with ground(now=datetime.now(UTC)) as place:
        place.drop(name_of(tmp_path), but="")
    figures = json.loads(done.stdout)
    owner, partner = figures["owner"], figures["partner"]
    assert (owner["registered"], owner["new"], owner["hidden"]) == (2, 1, 0)
    assert (partner["registered"], partner["new"], partner["hidden"]) == (1, 1, 1)
    assert owner["first"] == partner["first"] == 1, "Hamza in another spelling"
    assert owner["false_alarms_at_the_cut"] == partner["false_alarms_at_the_cut"] == 0
    assert partner["shown_although_hidden"] == 0
    assert owner["p50"] <= owner["p95"] <= owner["p99"]


def test_without_a_folder_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"make_population\.py"):
        call_command("bench", "desk")
    with pytest.raises(CommandError, match=r"truth_pairs\.csv or import\.csv is missing"):
        call_command("bench", "desk", "--folder", str(tmp_path))
