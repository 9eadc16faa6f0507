"""Journey 3 in small: a list with the faults that lists have is read, accepted, corrected and accepted again, until none is left."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from refugeecm.demonstration.arrivals_file import HEADER, rows_of
from registration.models import Individual
from tests.conftest import Cast, acting_as
from tests.flows.conftest import System, page_of
from tests.flows.test_main_job import no_serious_findings

ROWS = 1500


def faulty(path: Path) -> int:
    """Write a list as an office would send it: a title above the header, semicolons, Windows' letters; return the rows with faults."""
    rows = list(rows_of(rows=ROWS, seed=3, defects=0, repeats=0))
    native = HEADER.index("full_name_native")
    faults = {"sex": "?!", "date_of_birth": "31/02/1990", "nationality": "QQQ"}
    for number, row in enumerate(rows):
        row[native] = ""
        if number % 97 == 0:
            column = list(faults)[number % 3]
            row[HEADER.index(column)] = faults[column]
    with path.open("w", newline="", encoding="cp1252", errors="replace") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["Liste des arrivées"])
        writer.writerow([])
        writer.writerows([HEADER, *rows])
    return len(range(0, ROWS, 97))


def corrected(source: Path, path: Path) -> int:
    """Correct the downloaded rows as a clerk would; return how many cells."""
    good = {"sex": "F", "date_of_birth": "1990-05-17", "nationality": "SDN"}
    with source.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    cells = 0
    for line in lines:
        for name in set(line["_column"].split("; ")) & set(good):
            line[name] = good[name]
            cells += 1
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return cells


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_list_is_corrected_until_no_error_is_left(
    cast: Cast, system: System, browser: Any, tmp_path: Path, language: str
) -> None:
    faults = faulty(tmp_path / "arrivals.csv")
    page = page_of(browser, system, cast.caseworker, language=language)
    page.set_default_timeout(60_000)
    page.goto("/imports/new/")
    page.locator("#id_file").set_input_files(tmp_path / "arrivals.csv")
    page.locator("#id_name").fill("East")
    page.locator("#id_slug").fill("east-2026")
    page.locator("main form button[type=submit]").first.click()
    accept = page.locator("form[action$='/accept/'] button")
    accept.wait_for()
    no_serious_findings(page)
    accept.click()
    page.locator("a[href*='/people/?event=']").wait_for()
    no_serious_findings(page)
    with page.expect_download() as download:
        page.locator("a[href$='errors.csv']").click()
    assert corrected(Path(download.value.path()), tmp_path / "corrected.csv") == faults
    page.locator("#id_file").set_input_files(tmp_path / "corrected.csv")
    page.locator("form[action$='/correct/'] button").click()
    accept.wait_for()
    assert page.locator("form[action$='/correct/']").count() == 0
    accept.click()
    page.locator("a[href*='/people/?event=']").wait_for()
    no_serious_findings(page)
    with acting_as(cast.caseworker.viewer):
        assert Individual.objects.count() == ROWS
        assert Individual.objects.values("source_ref").distinct().count() == ROWS
