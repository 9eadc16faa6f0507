"""Does `./manage.py import` do the whole job from a file to registered people, and say clearly why it cannot?"""

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from refugeecm.demonstration import arrivals_file
from registration.enums import InfluxStatus
from registration.models import Individual, InfluxEvent
from tests.conftest import Cast, acting_as

ROWS = 600


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "arrivals.csv"
    arrivals_file.write(path, rows=ROWS, seed=21, defects=0.1, repeats=0.05)
    return path


def run(file: Path, *options: str, agency: str = "BORDER", event: str = "east-2026") -> dict[str, int]:
    """The report of one run."""
    out = io.StringIO()
    call_command(
        "import", str(file), "--agency", agency, "--event", event, *options, stdout=out, stderr=io.StringIO()
    )
    return json.loads(out.getvalue())


@pytest.mark.usefixtures("transactional_db")
def test_from_file_to_registered_people(cast: Cast, file: Path, tmp_path: Path) -> None:
    report = run(file, "--accept", "--report", str(tmp_path / "report.json"))
    assert report == json.loads((tmp_path / "report.json").read_text())
    assert {
        "rows",
        "households",
        "created",
        "already_registered",
        "possible_duplicates",
        "errors",
        "seconds",
        "peak_mb",
    } <= set(report)
    assert report["rows"] >= ROWS
    assert report["errors"] > 0
    assert report["created"] + report["already_registered"] + report["errors"] == report["rows"]
    with acting_as(cast.caseworker.viewer):
        assert Individual.objects.filter(agency=cast.border).count() == report["created"]
        assert InfluxEvent.objects.get(slug="east-2026").status == InfluxStatus.DRAFT


@pytest.mark.usefixtures("transactional_db")
def test_the_same_file_twice_adds_nothing(cast: Cast, file: Path) -> None:
    first, second = run(file, "--accept"), run(file, "--accept")
    assert second["created"] == 0
    assert second["already_registered"] == first["created"] + first["already_registered"]
    with acting_as(cast.caseworker.viewer):
        assert Individual.objects.filter(agency=cast.border).count() == first["created"]


@pytest.mark.usefixtures("transactional_db")
def test_without_accept_nobody_is_registered_until_the_second_run(cast: Cast, file: Path) -> None:
    looked = run(file)
    assert (looked["created"], looked["status"]) == (0, "review")
    assert run(file, "--accept", "--workers", "2")["created"] > 0


@pytest.mark.usefixtures("transactional_db")
def test_what_cannot_be_done_is_said(cast: Cast, file: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"no agency NOBODY\. Known: BORDER, HELP, OTHER"):
        run(file, agency="NOBODY")
    with pytest.raises(CommandError, match=r"cannot be read: No such file"):
        run(tmp_path / "nothing.csv")
    picture = tmp_path / "scan.csv"
    picture.write_bytes(b"%PDF-1.7 not a table")
    with pytest.raises(CommandError, match="not a CSV or XLSX"):
        run(picture)
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(CommandError, match="empty"):
        run(tmp_path / "empty.csv")
