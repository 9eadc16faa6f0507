"""Is every row of a list of arrivals understood, or is it said what to do about it?"""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration.rules import arrivals, columns
from registration.rules.arrivals import ArrivalRow, read_cells, read_row
from registration.rules.countries import iso3
from registration.rules.dates import read_date
from registration.rules.heads import check_household, head_of
from registration.rules.words import RELATIONSHIP_CODES, relationship

TODAY = date(2026, 11, 21)
FURTHER = [column.field for column in columns.FURTHER]
ROW = {column.field: column.example for column in columns.COLUMNS}


def read(**changes: str) -> tuple[ArrivalRow | None, list[str]]:
    row, errors = read_row(ROW | changes, today=TODAY)
    return row, [error.code for error in errors]


def accepted(**changes: str) -> ArrivalRow:
    row, errors = read_row(ROW | changes, today=TODAY)
    assert row is not None, errors
    return row


def test_the_template_row_is_read() -> None:
    row, codes = read()
    assert codes == []
    assert row == ArrivalRow(
        source_id="I00000001",
        registration_date=date(2026, 1, 10),
        registration_site="BORDER-2",
        household_ref="H00005154",
        household_size=4,
        relationship="PA",
        given_name="Sarah",
        father_name="Hafez",
        family_name="Aldahhak",
        native_name="سارة حافظ الضحاك",
        mother_name="Nedaa Kemal",
        sex="F",
        birth_date=date(1959, 4, 3),
        birth_precision="DAY",
        birth_estimated=True,
        birth_place="Idlib",
        nationality="SYR",
        marital_status="MA",
        phone="+90 5207212696",
        phone_digits="905207212696",
        document_type="PASSPORT",
        document_number="N36694894",
        arrival_date=date(2025, 12, 22),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1990-05-24", "1990-05-24 DAY"),
        ("1990-05-24 00:00:00", "1990-05-24 DAY"),
        ("1990-05-24T00:00:00", "1990-05-24 DAY"),
        ("10/01/1964 00:00:00.0000000", "1964-01-10 DAY"),
        ("24.05.1990", "1990-05-24 DAY"),
        ("24/5/1990", "1990-05-24 DAY"),
        ("٢٤/٠٥/١٩٩٠", "1990-05-24 DAY"),
        ("۱۹۹۰-۰۵-۲۴", "1990-05-24 DAY"),
        ("33017", "1990-05-24 DAY"),
        ("1990-05", "1990-05-01 MONTH"),
        ("05/1990", "1990-05-01 MONTH"),
        ("1990", "1990-01-01 YEAR"),
        ("05/24/1990", None),
        ("1369-03-03", None),
        ("1990-02-30", None),
        ("24 May", None),
        ("1990-05-24 13:00:00.123", "1990-05-24 DAY"),
        ("24/05/1990 1:30 PM", "1990-05-24 DAY"),
        ("33017.5", "1990-05-24 DAY"),
        ("24-May-1990", "1990-05-24 DAY"),
        ("24 de mayo de 1990", "1990-05-24 DAY"),
        ("1er mars 2015", "2015-03-01 DAY"),
        ("آذار 1990", "1990-03-01 MONTH"),
        ("24 Brumaire 1990", None),
        ("²²²²", None),
        ("", None),
    ],
)
def test_dates(text: str, expected: str | None) -> None:
    typed = read_date(text)
    assert (None if typed is None else f"{typed.day} {typed.precision}") == expected


@pytest.mark.parametrize(
    ("changes", "born", "precision", "estimated"),
    [
        ({"date_of_birth": "1990-01-01", "dob_estimated": "Y"}, date(1990, 1, 1), "YEAR", True),
        ({"date_of_birth": "1990-01-01", "dob_estimated": "no"}, date(1990, 1, 1), "DAY", False),
        ({"date_of_birth": "1990-05-24", "dob_estimated": "TRUE"}, date(1990, 5, 24), "DAY", True),
        ({"date_of_birth": "34", "dob_estimated": ""}, date(1992, 1, 1), "YEAR", True),
        ({"date_of_birth": "", "age": "٣٤", "dob_estimated": ""}, date(1992, 1, 1), "YEAR", True),
        ({"date_of_birth": "", "dob_estimated": ""}, None, "", False),
    ],
)
def test_births(changes: dict[str, str], born: date | None, precision: str, estimated: bool) -> None:
    row = accepted(**changes)
    assert (row.birth_date, row.birth_precision, row.birth_estimated) == (born, precision, estimated)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"given_name": "", "father_name": " ", "family_name": "-", "full_name_native": "\u200f"}, "no_name"),
        ({"given_name": "#VALUE!"}, "spreadsheet_error"),
        ({"phone": "#REF!"}, "spreadsheet_error"),
        ({"sex": "Q"}, "sex"),
        ({"date_of_birth": "soon"}, "date"),
        ({"date_of_birth": "2027-01-01"}, "birth_in_future"),
        ({"date_of_birth": "1901-01-01"}, "too_old"),
        ({"date_of_birth": "130"}, "age"),
        ({"date_of_birth": "2026-02-01"}, "registered_before_birth"),
        ({"arrival_date": "2026-02-01"}, "arrived_after_registration"),
        ({"arrival_date": "2027-02-01"}, "date_in_future"),
        ({"nationality": "AUL"}, "country"),
        ({"nationality": "Syria"}, "country"),
        ({"birth_place": "x" * 201}, "too_long"),
    ],
)
def test_errors(changes: dict[str, str], code: str) -> None:
    row, codes = read(**changes)
    assert row is None
    assert code in codes


@pytest.mark.parametrize(
    ("changes", "code", "field", "value"),
    [
        ({"relationship_to_head": "neighbour's dog"}, "relationship", "relationship", "U"),
        ({"relationship_to_head": "husband"}, "relationship_sex", "relationship", "HUS"),
        ({"marital_status": "it is complicated"}, "marital_status", "marital_status", "U"),
        ({"document_type": "library card"}, "document_type", "document_type", "OTHER"),
        ({"household_size": "many"}, "number", "household_size", None),
        ({"phone": "none"}, "phone", "phone_digits", ""),
        ({"phone": "9.05207E+11"}, "phone", "phone_digits", ""),
        ({"dob_estimated": "perhaps"}, "yes_no", "birth_estimated", False),
    ],
)
def test_warnings_let_the_row_through(changes: dict[str, str], code: str, field: str, value: object) -> None:
    row, codes = read(**changes)
    assert codes == [code]
    assert getattr(row, field) == value


@pytest.mark.parametrize(
    ("word", "sex", "code"),
    [
        ("head", "F", "PA"),
        ("Chef de ménage", "M", "PA"),
        ("رب الأسرة", "M", "PA"),
        ("spouse", "M", "HUS"),
        ("spouse", "F", "WIF"),
        ("child", "M", "SON"),
        ("Hija", "F", "DAU"),
        ("ابنة", "F", "DAU"),
        ("sibling", "F", "SBF"),
        ("sbm", "M", "SBM"),
        ("child", "U", "U"),
        ("dragon", "F", None),
    ],
)
def test_relationships(word: str, sex: str, code: str | None) -> None:
    assert relationship(word, sex) == code
    assert code is None or code in RELATIONSHIP_CODES


@pytest.mark.parametrize(
    ("typed", "sex"),
    [
        ("F", "F"),
        ("female", "F"),
        ("Féminin", "F"),
        ("أنثى", "F"),
        ("Hombre", "M"),
        ("ذكر", "M"),
        ("m", "M"),
        ("", "U"),
    ],
)
def test_sexes(typed: str, sex: str) -> None:
    assert accepted(sex=typed).sex == sex


def test_a_country_is_read_only_in_the_declared_scheme() -> None:
    assert iso3("AUS") == "AUS"
    assert iso3("AUS", "UNHCR") == "AUT"
    assert iso3("AT", "ISO2") == "AUT"
    assert iso3("GFR") is None
    assert iso3("GFR", "UNHCR") == "DEU"
    assert iso3("STA", "UNHCR") == iso3("xxa") == "XXA"
    row, _ = read_row(ROW | {"nationality": "ARE"}, today=TODAY, country_scheme="UNHCR")
    assert row is not None
    assert row.nationality == "EGY"


def test_texts_are_cleaned_and_names_kept() -> None:
    row = accepted(
        given_name="\u202eJose\u0301 \x00 O’Neill\u202c ", family_name="小林", full_name_native="علی‌رضا 2"
    )
    assert row.given_name == "José O’Neill"
    assert row.family_name == "小林"
    assert row.native_name == "علی‌رضا 2"


def test_phones() -> None:
    assert accepted(phone="00962 79 123-4567 / 0791111111").phone_digits == "962791234567"
    assert accepted(phone="٠٧٩١٢٣٤٥٦٧").phone_digits == "0791234567"
    assert accepted(phone="").phone_digits == ""


def test_a_document_without_a_kind_is_another_document() -> None:
    assert accepted(document_type="", document_number="X١").document_type == "OTHER"
    assert accepted(document_type="", document_number="X١").document_number == "X1"
    assert accepted(document_type="Livret de famille").document_type == "FAMILY_BOOKLET"


def test_cells_beyond_the_header_are_an_error() -> None:
    row, errors = read_cells(["given_name", None], ["Ali", "x", "y"], today=TODAY)
    assert row is None
    assert [error.code for error in errors] == ["too_many_cells"]
    assert read_cells(["given_name", None], ["Ali", "x"], today=TODAY)[0] is not None


def test_households() -> None:
    head, child = accepted(household_size="2"), accepted(relationship_to_head="child", household_size="2")
    assert check_household([head, child]) == [[], []]
    assert [[e.code for e in errors] for errors in check_household([head, child, head])] == [
        ["household_size"],
        [],
        ["two_heads"],
    ]
    codes = [[(e.code, e.warning) for e in errors] for errors in check_household([child, child])]
    assert codes == [[("no_head", True)], []]
    assert check_household([child._replace(household_size=1)]) == [[]]
    assert check_household([]) == []


def test_the_contact_person() -> None:
    child = accepted(relationship_to_head="child", date_of_birth="2015-01-01")
    adult = accepted(relationship_to_head="sibling")
    head = accepted()
    assert head_of([child, adult, head]) == 2
    assert head_of([child, adult]) == 1
    assert head_of([child, child]) == 0


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("given_name", "given_name"),
        ("First Name", "given_name"),
        ("Prénom(s)", "given_name"),
        ("Apellidos", "family_name"),
        ("الاسم الأول", "given_name"),
        ("الجنسيّة", "nationality"),
        ("N° de ménage", "household_id"),
        ("HH ID", "household_id"),
        ("Date de naissance (jj/mm/aaaa)", "date_of_birth"),
        ("Fecha de nacimiento", "date_of_birth"),
        ("DOB", "date_of_birth"),
        ("#date+birth", "date_of_birth"),
        ("#date +birth +en", "date_of_birth"),
        ("#meta+id", "record_id"),
        ("\ufeffrecord_id", "record_id"),
        ("_row", None),
        ("favourite colour", None),
    ],
)
def test_headers(header: str, field: str | None) -> None:
    assert columns.field_of(header) == field


def test_every_header_means_one_column_and_every_column_is_known() -> None:
    assert columns.map_header([column.field for column in columns.COLUMNS]) == list(arrivals.FIELDS)
    assert columns.map_header([column.label for column in columns.COLUMNS]) == list(arrivals.FIELDS)
    assert columns.map_header(["Sex", "Gender"]) == ["sex", None]
    assert set(columns.LABELS) == {*arrivals.FIELDS, *FURTHER, "age", ""}
    assert columns.map_header(FURTHER) == FURTHER
    assert columns.map_header([column.label for column in columns.FURTHER]) == FURTHER


@given(st.dictionaries(st.sampled_from([*arrivals.FIELDS, *FURTHER, "age"]), st.text(max_size=30)))
def test_no_text_breaks_a_row(values: dict[str, str]) -> None:
    row, errors = read_row(values, today=TODAY)
    assert (row is None) == any(not error.warning for error in errors)
    for error in errors:
        assert error.column in columns.LABELS
        assert error.message % {"value": error.value}
    if row is not None:
        check_household([row])
        arrivals.person_of(row)


@given(st.dates(date(1910, 1, 1), TODAY))
def test_dates_survive_every_way_of_writing(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    for text in (day.isoformat(), f"{day:%d.%m.%Y}", f"{day:%d/%m/%Y}", f"{day} 00:00:00", str(serial)):
        typed = read_date(text)
        assert typed is not None
        assert typed == (day, "DAY")
