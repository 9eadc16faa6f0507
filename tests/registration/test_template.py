"""Can the empty list that we offer be filled in, in any language, and read back?"""

from __future__ import annotations

import io
from datetime import date

import openpyxl
import pytest
from django.utils import translation

from registration.importers.template import write_template
from registration.rules.arrivals import read_cells
from registration.rules.columns import COLUMNS, FURTHER, tag_of
from registration.rules.words import code_in
from tests.registration.test_importers import lines

FIELDS = [column.field for column in (*COLUMNS, *FURTHER)]
EXAMPLES = [column.example for column in (*COLUMNS, *FURTHER)]


def written(kind: str, language: str) -> bytes:
    out = io.BytesIO()
    with translation.override(language):
        write_template(out, kind)
    return out.getvalue()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_filled_in_workbook_is_read_back(language: str) -> None:
    book = openpyxl.load_workbook(io.BytesIO(written("xlsx", language)))
    assert [sheet.sheet_state for sheet in book] == ["visible", "hidden"]
    sheet, lists = book.worksheets
    assert bool(sheet.sheet_view.rightToLeft) == (language == "ar")
    offered = {}
    for rule in sheet.data_validations.dataValidation:
        column = FIELDS[next(iter(rule.sqref.ranges)).min_col - 1]
        assert str(rule.sqref).endswith("50001")
        offered[column] = [cell.value for (cell,) in lists[rule.formula1.partition("!")[2].replace("$", "")]]
    assert offered["sex"][0].startswith("F – ")
    assert {code_in(word) for word in offered["nationality"]} >= {"SYR", "SDN", "UKR"}
    for place, field in enumerate(FIELDS, 1):
        words = offered.get(field)
        sheet.cell(4, place, words[1] if words and field != "consent" else EXAMPLES[place - 1])
    out = io.BytesIO()
    book.save(out)
    head, chunk, end = lines(out.getvalue())
    assert head["columns"] == FIELDS
    assert end["rows"] == 1
    number, cells = chunk["rows"][0]
    assert number == 4
    row, errors = read_cells(head["columns"], cells, today=date(2026, 6, 1))
    assert {error.code for error in errors} <= {"relationship_sex"}
    assert row
    assert (row.sex, row.marital_status, row.document_type, row.relationship) == (
        "M",
        "EG",
        "NATIONAL_ID",
        "HR1",
    )
    assert row.more
    assert row.more["education"] == "KG"


def test_every_choice_of_every_list_is_understood() -> None:
    book = openpyxl.load_workbook(io.BytesIO(written("xlsx", "en")))
    lists = book["Lists"]
    for rule in book.worksheets[0].data_validations.dataValidation:
        field = FIELDS[next(iter(rule.sqref.ranges)).min_col - 1]
        for (cell,) in lists[rule.formula1.partition("!")[2].replace("$", "")]:
            _row, errors = read_cells(["given_name", field], ["Ali", cell.value], today=date(2026, 6, 1))
            assert not {error.code for error in errors} & {field, "country", "yes_no", "relationship"}, (
                cell.value
            )


@pytest.mark.parametrize("language", ["en", "ar"])
def test_an_empty_template_has_nobody_and_the_csv_one_is_read_too(language: str) -> None:
    text = written("csv", language).decode("utf-8-sig")
    assert text.splitlines()[1].split(",")[0] == tag_of("record_id")
    values = ",".join(f'"{example}"' for example in EXAMPLES)
    head, chunk, _end = lines((text + values + "\r\n").encode())
    assert head["columns"] == FIELDS
    assert chunk["rows"][0] == [4, EXAMPLES]
