"""Is a generated list of arrivals the same each time, as long as asked, and faulty in the share asked for?"""

import io
from datetime import date
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from refugeecm.demonstration import arrivals_file
from registration.importers.reading import read
from registration.rules.arrivals import read_row

TODAY = date(2026, 3, 2)


def rows(**given: float) -> list[list[str]]:
    return list(arrivals_file.rows_of(**{"rows": 2000, "seed": 4, **given}))  # type: ignore[arg-type]


def test_the_same_arguments_give_the_same_file(tmp_path: Path) -> None:
    one, other = tmp_path / "a.csv", tmp_path / "b.csv"
    for path in (one, other):
        arrivals_file.write(path, rows=500, seed=11)
    assert one.read_bytes() == other.read_bytes()


def test_both_forms_are_read_by_the_importer(tmp_path: Path) -> None:
    for name in ("a.csv", "a.xlsx"):
        path = tmp_path / name
        arrivals_file.write(path, rows=300, seed=2, defects=0)
        last = list(read(path.read_bytes()))[-1]
        assert b'"end":true,"rows":300' in last


def test_the_command_writes_a_list(tmp_path: Path) -> None:
    call_command("sample", str(tmp_path / "arrivals.csv"), "--rows", "50", stdout=io.StringIO())
    assert len((tmp_path / "arrivals.csv").read_text().splitlines()) >= 51
    with pytest.raises(CommandError):
        call_command("sample", str(tmp_path / "nowhere" / "arrivals.csv"), stdout=io.StringIO())


def test_without_defects_every_row_is_right() -> None:
    for row in rows(defects=0):
        read_, errors = read_row(dict(zip(arrivals_file.HEADER, row, strict=True)), today=TODAY)
        assert read_ is not None, errors


def test_defects_and_repeats_are_what_was_asked_for() -> None:
    spoiled = rows(defects=0.2)
    wrong = sum(
        read_row(dict(zip(arrivals_file.HEADER, row, strict=True)), today=TODAY)[0] is None for row in spoiled
    )
    assert 20 < wrong < 400
    assert len(rows(defects=0)) == 2000
    papers = [row[18] for row in rows(defects=0, repeats=0.3) if row[18]]
    assert len(set(papers)) < 0.95 * len(papers), "people who come again bring the same papers"
    assert {row[15] for row in spoiled} >= {"SDN", "SYR", "AFG", "UKR"}
