"""Do rows with errors come back into their file, corrected, without anybody being registered twice or changed?"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agencies.access import Viewer
from refugeecm.core.refusals import NotPermitted
from refugeecm.demonstration.arrivals_file import HEADER, rows_of, save
from registration import reports
from registration.actions import imports
from registration.enums import BatchStatus, Outcome
from registration.models import Household, ImportBatch, Individual
from tests.conftest import NOW, Cast, Person, acting_as
from tests.registration.test_deciding import supervisor
from tests.registration.test_imports import accept, current, outcomes, people, send, text_of, work

pytestmark = pytest.mark.django_db(transaction=True)
BORN, SEX, ROLE, REF = (
    HEADER.index(one) for one in ("date_of_birth", "sex", "relationship_to_head", "household_id")
)


def families(rows: int = 60, seed: int = 1) -> list[list[str]]:
    return list(rows_of(rows=rows, seed=seed, defects=0, repeats=0))


def errors_of(person: Person, batch: ImportBatch, kind: str = "csv") -> bytes:
    answer = person.browser().get(f"/imports/{batch.pk}/errors.{kind}")
    assert answer.status_code == 200
    return bytes(answer.content)


def table_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def file_of(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def send_back(viewer: Viewer, batch: ImportBatch, data: bytes) -> ImportBatch:
    with acting_as(viewer):
        batch.refresh_from_db()
        imports.correct(batch=batch, data=data, by=viewer, now=NOW)
    work()
    return current(viewer, batch)


def allow(cast: Cast, batch: ImportBatch) -> None:
    """A supervisor lets a file with many errors be accepted."""
    viewer = supervisor(cast).viewer
    with acting_as(viewer):
        batch.refresh_from_db()
        imports.allow(batch=batch, reason="The list is right.", by=viewer, now=NOW)


def counts(viewer: Viewer, batch: ImportBatch) -> tuple[int, int, int]:
    """Rows with errors, rows to register, rows of the file."""
    with acting_as(viewer):
        how = reports.progress(batch)
    return how.counts[Outcome.ERROR], how.to_register, batch.rows


def repaired(row: dict[str, str]) -> dict[str, str]:
    """What a script would do: every spoiled cell gets a value that is right, all others stay."""
    good = {"date_of_birth": "1990-05-17", "sex": "F", "nationality": "SDN"}
    wrong = row["_column"].split("; ")
    return {name: good.get(name, value) if name in wrong else value for name, value in row.items()}


def spoiled(rows: list[list[str]]) -> list[list[str]]:
    """The rows with an error in every seventh; their families are held back with them."""
    rows = [list(row) for row in rows]
    for number, row in enumerate(rows):
        if number % 7 == 0:
            row[(BORN, SEX, HEADER.index("nationality"))[number % 3]] = "?!"
    return rows


@pytest.mark.parametrize("accepted", [False, True])
def test_the_error_file_corrected_by_a_script_leaves_no_error_and_no_double(
    cast: Cast, accepted: bool
) -> None:
    viewer, rows = cast.caseworker.viewer, families(1300)
    batch = send(viewer, text_of(spoiled(rows)))
    work()
    allow(cast, batch)
    if accepted:
        accept(viewer, batch)
        work()
    errors, good, _all = counts(viewer, batch)
    before = people(viewer)
    assert errors > 186
    assert before == (1300 - errors if accepted else 0)
    with acting_as(viewer):
        untouched = dict(Individual.objects.values_list("pk", "number"))
    batch = send_back(
        viewer, batch, file_of([repaired(row) for row in table_of(errors_of(cast.caseworker, batch))])
    )
    assert batch.status == BatchStatus.REVIEW
    assert counts(viewer, batch) == (0, errors if accepted else 1300, 1300)
    accept(viewer, batch)
    work()
    assert (current(viewer, batch).status, people(viewer)) == (BatchStatus.DONE, 1300)
    with acting_as(viewer):
        assert dict(Individual.objects.filter(pk__in=untouched).values_list("pk", "number")) == untouched
        assert Individual.objects.values("source_ref").distinct().count() == 1300
        assert Household.objects.count() == len({row[REF] for row in rows}) == batch.households


def test_what_is_still_wrong_waits_and_can_be_sent_until_nothing_is(cast: Cast) -> None:
    viewer, rows = cast.caseworker.viewer, spoiled(families(60))
    batch = send(viewer, text_of(rows))
    work()
    allow(cast, batch)
    accept(viewer, batch)
    work()
    wrong = table_of(errors_of(cast.caseworker, batch))
    again = send_back(viewer, batch, file_of(wrong))
    assert again.status == BatchStatus.DONE, "nobody is good to register, so nobody has to decide"
    assert counts(viewer, again)[0] == len(wrong)
    house = wrong[0]["household_id"]
    one = [repaired(row) for row in wrong if row["household_id"] == house]
    some = send_back(viewer, again, file_of(one))
    assert counts(viewer, some)[:2] == (len(wrong) - len(one), len(one))
    before = people(viewer)
    accept(viewer, some)
    work()
    assert people(viewer) == before + len(one)
    with pytest.raises(NotPermitted):
        imports.cancel(batch=some, by=viewer, now=NOW)


def test_good_rows_and_strangers_in_the_corrected_file_are_left_out(cast: Cast) -> None:
    viewer, rows = cast.caseworker.viewer, families(60)
    rows[0][BORN] = "?!"
    batch = send(viewer, text_of(rows))
    work()
    accept(viewer, batch)
    work()
    wrong = [repaired(row) for row in table_of(errors_of(cast.caseworker, batch))]
    header = list(wrong[0])
    good = [
        dict(zip(header, [*row, str(number), "", "", ""], strict=False))
        for number, row in enumerate(rows, 2)
        if row[REF] != rows[0][REF]
    ]
    for one in good:
        one["given_name"] = "Overwritten"
    stranger = {**good[0], "record_id": "X", "_row": "", "household_id": "ELSEWHERE"}
    baby = {
        **wrong[0],
        "record_id": "BABY",
        "_row": "",
        "relationship_to_head": "child",
        "given_name": "Nour",
    }
    batch = send_back(viewer, batch, file_of([*good, stranger, *wrong, baby]))
    with acting_as(viewer):
        assert str(len(good) + 1) in reports.problem(batch)
    assert counts(viewer, batch) == (0, len(wrong) + 1, 61)
    accept(viewer, batch)
    work()
    with acting_as(viewer):
        assert not Individual.objects.filter(given_name="Overwritten").exists()
        assert (
            Individual.objects.get(source_ref="BABY").household
            == Individual.objects.get(source_ref=rows[0][0]).household
        )
    assert people(viewer) == 61


def test_a_member_who_is_taken_out_of_the_corrected_file_is_gone(cast: Cast) -> None:
    """Two heads: the clerk removes the row that should not be there."""
    viewer, rows = cast.caseworker.viewer, families(60)
    double = [*rows[0]]
    double[0], double[HEADER.index("given_name")], double[ROLE] = "DOUBLE", "Other", "head"
    batch = send(viewer, text_of([*rows[:1], double, *rows[1:]]))
    work()
    assert Outcome.ERROR in outcomes(viewer, batch)
    wrong = [row for row in table_of(errors_of(cast.caseworker, batch)) if row["record_id"] != "DOUBLE"]
    batch = send_back(viewer, batch, file_of(wrong))
    assert counts(viewer, batch) == (0, 60, 60)


def _without(name: str) -> Callable[[list[dict[str, str]]], bytes]:
    return lambda rows: file_of([{key: row[key] for key in row if key != name} for row in rows])


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_without("_row"), "_row is missing"),
        (_without("date_of_birth"), "date_of_birth"),
        (lambda rows: file_of([{**row, "_row": "999999"} for row in rows]), "None of these rows"),
        (lambda rows: b"%PDF-1.4 not a table", "not a CSV or XLSX file"),
    ],
)
@pytest.mark.parametrize("accepted", [False, True])
def test_what_cannot_be_read_changes_nothing(cast: Cast, spoil: Any, says: str, accepted: bool) -> None:
    viewer = cast.caseworker.viewer
    batch = send(viewer, text_of(spoiled(families(60))))
    work()
    allow(cast, batch)
    if accepted:
        accept(viewer, batch)
        work()
    before = counts(viewer, batch)
    status = current(viewer, batch).status
    batch = send_back(viewer, batch, spoil(table_of(errors_of(cast.caseworker, batch))))
    assert (batch.status, counts(viewer, batch)) == (status, before)
    answer = cast.caseworker.browser().get(f"/imports/{batch.pk}/")
    assert says in answer.content.decode()


def test_the_spreadsheet_marks_what_is_wrong_and_comes_back_too(cast: Cast, tmp_path: Path) -> None:
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    viewer, path = cast.caseworker.viewer, tmp_path / "arrivals.xlsx"
    save(path, spoiled(families(60)))
    batch = send(viewer, path.read_bytes())
    work()
    book = load_workbook(io.BytesIO(errors_of(cast.caseworker, batch, "xlsx")))
    sheet = book.active
    header = [cell.value for cell in sheet[1]]
    for row in sheet.iter_rows(min_row=2):
        said = {name: cell.value or "" for name, cell in zip(header, row, strict=True)}
        red = {name for name, cell in zip(header, row, strict=True) if cell.fill.fgColor.rgb == "FFFFC7CE"}
        assert red == set(said["_column"].split("; "))
        for cell, value in zip(row, repaired(said).values(), strict=True):
            cell.value = value
    book.save(path)
    batch = send_back(viewer, batch, path.read_bytes())
    assert counts(viewer, batch) == (0, 60, 60)


def test_a_clerk_sends_rows_back_on_the_page_of_the_file(cast: Cast) -> None:
    browser = cast.caseworker.browser()
    viewer = cast.caseworker.viewer
    batch = send(viewer, text_of(spoiled(families(60))))
    work()
    page = browser.get(f"/imports/{batch.pk}/").content.decode()
    assert "Send the corrected rows" in page
    file = io.BytesIO(file_of([repaired(row) for row in table_of(errors_of(cast.caseworker, batch))]))
    file.name = "errors.csv"
    browser.post(f"/imports/{batch.pk}/correct/", {"file": file})
    work()
    page = browser.get(f"/imports/{batch.pk}/").content.decode()
    assert "Register 60 people" in page
    assert "Send the corrected rows" not in page
