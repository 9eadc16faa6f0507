"""Does a file of strangers become rows, the same ones every time, and can no file hurt us?"""

import csv
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agencies.channels.sheets import write_csv
from refugeecm.demonstration.hostile import CORPUS, READ
from registration.importers.chunks import CHUNK, chunks_of
from registration.importers.csv_file import CsvTable
from registration.importers.errors_file import error_lines, guarded
from registration.importers.reading import Unreadable, read
from registration.importers.refusals import MESSAGES, Refusal
from registration.importers.tables import unguarded

HEADER = ["record_id", "household_id", "given_name", "family_name", "date_of_birth"]


def rows(*households: str) -> list[list[str]]:
    return [[f"R{n}", ref, f"Name{n}", "Saleh", "1990-05-24"] for n, ref in enumerate(households)]


def csv_bytes(table: list[list[str]], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(table)
    return text.getvalue().encode(encoding)


def xlsx_bytes(*sheets: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    for place, table in enumerate(sheets):
        sheet = book.create_sheet(f"Sheet{place}")
        for row in table:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in read(content)]


def cells(content: bytes) -> list[list[str]]:
    return [row[1] for line in lines(content)[1:-1] for row in line["rows"]]


def in_process(content: bytes) -> tuple[CsvTable, list[tuple[int, list[str]]]]:
    table = CsvTable(io.BytesIO(content))
    return table, [row for chunk in chunks_of(table) for row in chunk.rows]


def refusal(content: bytes) -> str:
    with pytest.raises(Unreadable) as refused:
        lines(content)
    assert refused.value.message == MESSAGES[refused.value.code]
    assert refused.value.message % {"detail": refused.value.detail}
    return refused.value.code


def test_a_csv_file_comes_out_as_header_chunks_and_end() -> None:
    content = csv_bytes([HEADER, *rows("A", "A", "B")])
    header, chunk, end = lines(content)
    assert header == {
        "columns": HEADER,
        "header": HEADER,
        "header_row": 1,
        "sheet": None,
        "sheets": [],
        "dates": {},
        "encoding": "utf-8",
        "delimiter": ",",
    }
    assert (chunk["seq"], chunk["first"], chunk["last"]) == (0, 2, 4)
    assert chunk["rows"][0] == [2, ["R0", "A", "Name0", "Saleh", "1990-05-24"]]
    assert end == {"end": True, "rows": 3, "households": 2, "chunks": 1}


def test_the_child_reads_a_pipe_and_knows_neither_django_nor_models() -> None:
    content = csv_bytes([HEADER, *rows("A", "B")])
    code = (
        "import sys; sys.argv = ['child']; from registration.importers import child; child.main(); "
        "sys.exit(bool({'django', 'registration.models', 'psycopg2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], input=content, stdout=subprocess.PIPE, check=True)
    assert done.stdout.splitlines() == list(read(content))


@pytest.mark.parametrize(
    ("encoding", "told", "name"),
    [
        ("utf-8", "utf-8", "محمد"),
        ("utf-8-sig", "utf-8-sig", "Ɓaaba"),
        ("utf-16", "utf-16", "Олена"),
        ("utf-16-le", "utf-16-le", "Olena"),
        ("cp1252", "cp1252", "José Müller"),
        ("cp1256", "cp1256", "محمد عبدالرحمن"),
        ("cp1251", "cp1251", "Олександр ЩЕРБАК"),
    ],
)
def test_encodings(encoding: str, told: str, name: str) -> None:
    table, found = in_process(csv_bytes([HEADER, *[["1", "A", name, "x", "1990"]] * 3], encoding))
    assert table.encoding == told
    assert found[0][1][2] == name


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(delimiter: str) -> None:
    table, found = in_process(
        csv_bytes([HEADER, ["1", "A", "Ali, Omar; x", "a|b\tc", "1990"]], delimiter=delimiter)
    )
    assert table.delimiter == delimiter
    assert found[0][1] == ["1", "A", "Ali, Omar; x", "a|b\tc", "1990"]


def test_titles_tags_blank_rows_and_unknown_columns() -> None:
    table = [
        ["List of arrivals", "", ""],
        [],
        ["First name", "Favourite colour", "DOB"],
        ["#name+given", "", "#date+birth"],
        ["", "", ""],
        [" Ali ", "blue", "1990", "", ""],
        ["", " ", ""],
        ["Omar"],
    ]
    found, all_rows = in_process(csv_bytes(table))
    assert found.header.row == 3
    assert found.header.columns == ["given_name", None, "date_of_birth"]
    assert all_rows == [(6, ["Ali", "blue", "1990"]), (8, ["Omar", "", ""])]


def test_cells_beyond_the_header_stay_visible() -> None:
    _, found = in_process(csv_bytes([HEADER, ["1", "A", "Ali", "x", "1990", "", "stray"]]))
    assert found[0][1] == ["1", "A", "Ali", "x", "1990", "", "stray"]


def test_a_workbook_reads_like_its_sheet() -> None:
    from datetime import date, datetime

    table: list[list[Any]] = [
        ["Staff only"],
        [
            "Given name",
            "Sex",
            "Date of birth",
            "Registration date",
            "Household size",
            "DOB estimated",
            "Phone",
        ],
        ["Ali", "M", date(1990, 5, 24), datetime(2026, 1, 2, 10, 30), 34.0, True, 905207212696],
        [None] * 7,
        ["سارة", "F", datetime(1991, 1, 1), None, 1.5, False, "+90 1"],
    ]
    small = [["given_name", "sex"], ["x", "F"]]
    unrelated = [["a", "b"]] * 9
    header, chunk, end = lines(xlsx_bytes(small, table, unrelated))
    assert (header["sheet"], header["header_row"], header["encoding"]) == ("Sheet1", 2, None)
    assert header["columns"][:3] == ["given_name", "sex", "date_of_birth"]
    assert chunk["rows"] == [
        [3, ["Ali", "M", "1990-05-24", "2026-01-02 10:30:00", "34", "TRUE", "905207212696"]],
        [5, ["سارة", "F", "1991-01-01", "", "1.5", "FALSE", "+90 1"]],
    ]
    assert end["rows"] == 2


def test_row_numbers_are_those_of_the_sheet_when_its_top_is_empty() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["B4"], sheet["C4"], sheet["B6"], sheet["C6"] = "given_name", "sex", "Ali", "M"
    file = io.BytesIO()
    book.save(file)
    header, chunk, _ = lines(file.getvalue())
    assert header["header_row"] == 4
    assert chunk["rows"][0][0] == 6


def households_of(content: bytes) -> Iterator[list[list[Any]]]:
    for line in lines(content)[1:-1]:
        yield line["rows"]


def test_chunks_are_cut_between_households() -> None:
    refs = [f"H{n // 3}" for n in range(2500)]
    chunks = list(households_of(csv_bytes([HEADER, *rows(*refs)])))
    assert [len(chunk) for chunk in chunks] == [999, 999, 502]
    assert [row[0] for chunk in chunks for row in chunk] == list(range(2, 2502))


@given(
    refs=st.lists(st.sampled_from(["", "A", "B", "C", "D", "E"]) | st.integers(0, 400).map(str), max_size=60),
    repeat=st.integers(1, 40),
)
@settings(max_examples=60)
def test_scattered_households_are_read_together_and_nothing_is_lost(refs: list[str], repeat: int) -> None:
    table = rows(*(ref for ref in refs for _ in range(repeat)))
    content = csv_bytes([HEADER, *table])
    chunks = [chunk.rows for chunk in chunks_of(CsvTable(io.BytesIO(content)))]
    assert sorted(number for chunk in chunks for number, _ in chunk) == list(range(2, len(table) + 2))
    homes: dict[str, set[int]] = {}
    for place, chunk in enumerate(chunks):
        seen: list[str] = []
        for _, row in chunk:
            if row[1] and row[1] not in seen[-1:]:
                assert row[1] not in seen, "a household's rows stand together"
            seen.append(row[1])
            homes.setdefault(row[1], set()).add(place)
        assert len(chunk) <= CHUNK or len(set(seen)) == 1
    assert all(len(places) == 1 for ref, places in homes.items() if ref)


def test_the_same_bytes_give_the_same_chunks() -> None:
    refs = [str(n * 7919 % 3000 // 4) for n in range(3000)]
    content = csv_bytes([HEADER, *rows(*refs)])
    assert list(read(content)) == list(read(content))


@pytest.mark.parametrize("name", CORPUS)
def test_hostile_files_are_refused_quickly_or_do_no_harm(name: str) -> None:
    make, code = CORPUS[name]
    content = make()
    started = time.monotonic()
    if code == READ:
        assert lines(content)[-1]["rows"]
    else:
        assert refusal(content) == code
    assert time.monotonic() - started < 10


def test_too_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registration.importers.tables.MAX_ROWS", 10)
    with pytest.raises(Refusal) as refused:
        in_process(csv_bytes([HEADER, *rows(*["A"] * 11)]))
    assert refused.value.code == "too_many_rows"


def test_a_silent_child_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unreadable) as refused:
        list(read(csv_bytes([HEADER, *rows("A")]), timeout=0.0))
    assert refused.value.code == "too_large"


def test_closing_the_reading_ends_the_child() -> None:
    before = children()
    reading = read(csv_bytes([HEADER, *rows(*map(str, range(30_000)))]))
    next(reading)
    assert len(children() - before) == 1
    reading.close()
    assert children() <= before


def children() -> set[str]:
    """Return the living processes that this one has started, as Linux lists them."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended while we looked
            state, parent, *_rest = stat.read_text().rpartition(")")[2].split()
            if parent == str(os.getpid()) and state != "Z":
                found.add(stat.parent.name)
    return found


PROBLEM = ("given_name", "no_name", "Give at least one name.")


def write_error_rows(
    header: list[str], rows: Iterable[tuple[int, list[str], list[tuple[str, str, str]]]]
) -> str:
    """The rows as a CSV file of errors, whose wrong cell is always the first."""
    out = io.BytesIO()
    write_csv(out, error_lines(header, [(*row, [0]) for row in rows]), guard=str)
    return out.getvalue().decode()


cell_texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20).map(str.strip)


@given(st.lists(st.lists(cell_texts, min_size=5, max_size=5), min_size=1, max_size=4))
def test_an_error_file_read_again_gives_the_rows_as_they_were(table: list[list[str]]) -> None:
    table = [row for row in table if any(row) and not all(cell.startswith("#") for cell in row if cell)]
    text = write_error_rows(HEADER, [(n, row, [PROBLEM]) for n, row in enumerate(table)])
    found, all_rows = in_process(text.encode())
    assert found.header.columns == [*HEADER, None, None, None, None]
    assert [row[:5] for _, row in sorted(all_rows)] == table


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_cell_of_an_error_file_is_live(cell: str) -> None:
    shown = guarded(cell)
    assert not shown.lstrip("\ufeff\x7f" + "".join(map(chr, range(33)))).startswith(tuple("=+-@|%"))
    assert shown == cell or unguarded(shown) == cell


def test_error_files_say_what_is_wrong_and_can_be_sent_again() -> None:
    problems = [PROBLEM, ("sex", "sex", "-1 is not a sex.")]
    text = write_error_rows(HEADER, [(7, ["=1+1", "A", "", "+96", "x"], problems), (8, ["2", "A"], [])])
    assert text.startswith("\ufeffrecord_id,")
    _, first, second = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert first == [
        "'=1+1",
        "A",
        "",
        "'+96",
        "x",
        "7",
        "given_name; sex",
        "no_name; sex",
        f"{PROBLEM[2]}; -1 is not a sex.",
    ]
    assert second == ["2", "A", "", "", "", "8", "", "", ""]
    found, again = in_process(text.encode())
    assert again[0][1][:5] == ["=1+1", "A", "", "+96", "x"]
    twice = write_error_rows(found.header.cells, [(number, row, [PROBLEM]) for number, row in again])
    assert next(csv.reader(io.StringIO(twice.removeprefix("\ufeff")))) == [
        *HEADER,
        "_row",
        "_column",
        "_code",
        "_message",
    ]
