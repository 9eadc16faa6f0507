"""Is every habit of real lists understood: encodings that mix, two rows of names, tags, dates of two orders, other columns?"""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from registration.importers.reading import Unreadable, read
from registration.importers.tables import date_orders
from registration.importers.xlsx_file import XlsxTable
from registration.rules.arrivals import ArrivalRow, read_cells, read_row
from registration.rules.columns import map_header
from registration.rules.dates import order_of
from registration.rules.languages import language_of
from tests.registration.test_importers import csv_bytes, in_process, lines, xlsx_bytes

TODAY = date(2026, 1, 15)
HXL = Path(__file__).parent / "hxl"


def row(**given: str) -> ArrivalRow:
    found, errors = read_row({"given_name": "Ali", **given}, today=TODAY)
    assert found is not None, errors
    return found


def codes(**given: str) -> list[str]:
    return [error.code for error in read_row({"given_name": "Ali", **given}, today=TODAY)[1]]


def test_a_file_of_two_encodings_is_read_row_by_row() -> None:
    content = b"".join(
        f"{ref},{name},M\n".encode(encoding)
        for ref, name, encoding in [
            ("record_id", "given_name", "ascii"),
            ("1", "José", "cp1252"),
            ("2", "José", "utf-8"),
            ("3", "Zoë Müller", "cp1252"),
            ("4", "محمد", "utf-8"),
        ]
    )
    table, found = in_process(content)
    assert table.encoding == "utf-8, cp1252"
    assert [cells[1] for _, cells in found] == ["José", "José", "Zoë Müller", "محمد"]


def test_arabic_rows_of_an_old_program_between_utf8_ones() -> None:
    rows = [("محمد عبدالرحمن", "cp1256"), ("فاطمة", "utf-8"), ("يوسف احمد", "cp1256")] * 4
    content = b"given_name,sex\n" + b"".join(f"{name},U\n".encode(encoding) for name, encoding in rows)
    table, found = in_process(content)
    assert table.encoding == "utf-8, cp1256"
    assert [cells[0] for _, cells in found] == [name for name, _ in rows]


def test_tags_stand_anywhere_below_the_names_and_help_where_names_are_unknown() -> None:
    table = [
        ["Arrivals of May", "", ""],
        ["Ism", "Jins", "Favourite colour"],
        [],
        ["#name+given", "#sex", ""],
        ["Ali", "M", "blue"],
    ]
    found, rows = in_process(csv_bytes(table))
    assert found.header.cells == ["Ism", "Jins", "Favourite colour"]
    assert found.header.columns == ["given_name", "sex", None]
    assert rows == [(5, ["Ali", "M", "blue"])]


def test_the_second_of_two_rows_of_names_is_no_person() -> None:
    table = [
        ["individual_id", "full_name_i_c", "gender_i_c", "hobby_i_f"],
        ["Individual ID", "Full name *", "Gender *", "What do you do?"],
        ["", "", "", ""],
        ["1", "Ali Saleh", "male", "chess"],
    ]
    found, rows = in_process(csv_bytes(table))
    assert found.header.columns == ["record_id", "full_name_native", "sex", None]
    assert rows == [(4, ["1", "Ali Saleh", "male", "chess"])]


def test_names_of_groups_above_the_names_are_passed_over() -> None:
    table = [
        ["Household", "", "Person", ""],
        ["HH ID", "HH size", "First name", "Sex"],
        ["1", "1", "Ali", "M"],
    ]
    found, rows = in_process(csv_bytes(table))
    assert found.header.row == 2
    assert len(rows) == 1


def test_hints_in_brackets_are_no_person_and_a_person_in_brackets_is() -> None:
    table = [["Given name", "Sex"], ["(in any script)", "(F, M, U)"], ["(Ali)", "M"]]
    assert in_process(csv_bytes(table))[1] == [(3, ["(Ali)", "M"])]


def test_a_thousand_phantom_rows_and_a_hundred_and_ninety_five_columns() -> None:
    header = ["given_name", "sex", *(f"question {n}" for n in range(193))]
    table = [header, ["Ali", "M"], *[[""] * 195] * 1000, ["Omar", "M"]]
    found, rows = in_process(csv_bytes(table))
    assert len(found.header.columns) == 195
    assert [number for number, _ in rows] == [2, 1003]


def test_a_column_whose_name_begins_like_an_archive_is_text() -> None:
    assert in_process(b"PK,given_name,sex\n1,Ali,M\n")[1] == [(2, ["1", "Ali", "M"])]
    assert lines(b"PK,given_name,sex\n1,Ali,M\n")[0]["columns"] == [None, "given_name", "sex"]


def test_the_sheet_with_names_is_read_before_a_longer_one_of_families() -> None:
    families = [["Household ID", "Size", "Country of origin"], *[[f"H{n}", 2, "SYR"] for n in range(9)]]
    people = [["Household ID", "Full name", "Sex"], ["H1", "Ali", "M"]]
    content = xlsx_bytes(families, people)
    assert XlsxTable(io.BytesIO(content)).sheet == "Sheet1"
    assert lines(content)[0]["sheets"] == ["Sheet0", "Sheet1"]


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["05/24/1990", "01/02/1990"], "month"),
        (["24/05/1990 00:00:00", "01/02/1990"], "day"),
        (["01/02/1990", "05/05/1990"], "unclear"),
        (["24/05/1990", "05/24/1990"], "unclear"),
        (["1990-05-24", "1990", "34", "soon", "05/05/1990", "05/1990"], ""),
    ],
)
def test_the_order_of_day_and_month_is_that_of_the_whole_column(texts: list[str], order: str) -> None:
    assert order_of(texts) == order


def test_one_column_tells_the_order_for_another() -> None:
    header = ["given_name", "date_of_birth", "arrival_date", "registration_date"]
    american = ["Ali", "05/24/1990", "01/02/2026", "2026-01-03"]
    table, _rows = in_process(csv_bytes([header, american]))
    assert date_orders(table) == {"date_of_birth": "month", "arrival_date": "month"}
    found, _ = read_cells(header, american, today=TODAY, month_first=["date_of_birth", "arrival_date"])
    assert found
    assert (found.birth_date, found.arrival_date) == (date(1990, 5, 24), date(2026, 1, 2))


def test_further_columns_become_columns_of_the_person() -> None:
    found = row(
        nationality="SYR, IRQ",
        other_nationality="LBN",
        country_of_origin="IRQ",
        languages="Arabic; en، الكردية",
        education="University",
        occupation="teacher",
        email="ali@example.org",
        origin_pcode="sy07",
    )
    assert found.nationality == "SYR"
    assert found.more == {
        "origin_country": "IRQ",
        "other_nationalities": ["IRQ", "LBN"],
        "languages": ["ara", "eng", "kur"],
        "education": "UG",
        "occupation": "teacher",
        "email": "ali@example.org",
        "origin_pcode": "SY07",
    }


def test_a_list_without_further_columns_pays_nothing() -> None:
    assert row(nationality="SYR").more is None
    assert row(nationality="SYR", languages="", education="-", country_of_origin="SYR").more is None


def test_the_country_of_origin_is_the_nationality_where_a_list_has_no_other() -> None:
    found = row(country_of_origin="SDN")
    assert (found.nationality, found.more) == ("SDN", None)


def test_a_grandfather_is_no_family_name_where_there_is_one() -> None:
    assert row(grandfather_name="Omar").family_name == "Omar"
    assert row(grandfather_name="Omar", family_name="Saleh").family_name == "Saleh"
    assert map_header(["Given name", "Grandfather name", "Family name"])[2] == "family_name"


def test_names_that_the_record_has_no_column_for_are_kept_by_kind() -> None:
    said = {"second_family_name": "Haddad", "maiden_name": "Haroun", "other_names": "Um Ali; Salmah, Um Ali"}
    assert (row(grandfather_name="Omar", **said).more or {})["further_names"] == {
        "grandfather": ["Omar"],
        "second_family": ["Haddad"],
        "maiden": ["Haroun"],
        "alias": ["Um Ali", "Salmah"],
    }


@pytest.mark.parametrize(
    ("text", "needs", "warned"),
    [
        ("DS-PM; sp-pt", ["DS-PM", "SP-PT"], False),
        ("DS SC-UM ER_NF", ["DS", "SC-UC", "ER-NF"], False),
        ("Woman at risk, not specified", ["WR-WR"], False),
        ("Discapacidad / Embarazada", ["DS", "PG"], False),
        ("حامل، إعاقة", ["PG", "DS"], False),
        ("SV-VF – Sexual violence during flight", ["SV-VF"], False),
        ("single parent|hopeful", ["SP-PT"], True),
        ("aucun", [], False),
        ("-", [], False),
    ],
)
def test_needs_by_code_and_name(text: str, needs: list[str], warned: bool) -> None:
    assert (row(needs=text).more or {}).get("needs", []) == needs
    assert codes(needs=text) == ["needs"] * warned


def test_focal_points_consent_and_points_of_arrival() -> None:
    assert row(focal_point="=TRUE()").relationship == "PA"
    assert row(focal_point="no").relationship == ""
    assert row(focal_point="Y", relationship_to_head="wife", sex="F").relationship == "WIF"
    assert codes(focal_point="Y", relationship_to_head="wife", sex="F") == ["focal_relation"]
    assert codes(consent="N") == ["no_consent"]
    assert codes(consent="oui") == []
    assert row(consent="oui").more == {"said_to_agree": True}
    assert row(arrival_point="Gate 2").registration_site == "Gate 2"
    assert row(arrival_point="Gate 2", registration_site="Camp").registration_site == "Camp"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"languages": "Klingonish"}, "language"),
        ({"education": "some"}, "education"),
        ({"email": "ali at home"}, "email"),
        ({"other_nationality": "Syria"}, "country"),
        ({"consent": "perhaps"}, "yes_no"),
    ],
)
def test_what_further_columns_say_wrongly(given: dict[str, str], code: str) -> None:
    assert codes(**given) == [code]


def test_languages_by_code_and_name() -> None:
    words = ["ar", "ARA", "français", "fre", "Dari", "الإنجليزية", "Tigrinya", "zag", "xyz", ""]
    assert [language_of(word) for word in words] == [
        "ara", "ara", "fra", "fra", "prs", "eng", "tir", "zag", None, None,
    ]  # fmt: skip


# Headers of lists in use, None where we have no such field. HOPE: its import template and Kobo forms; OpenSPP: its registrants;
# UNHCR: exports of registration groups; HXL: the tags of lists of beneficiaries.
HOPE = {
    "household_id": "household_id", "full_name_i_c": "full_name_native", "given_name_i_c": "given_name",
    "middle_name_i_c": "father_name", "family_name_i_c": "family_name", "gender_i_c": "sex", "birth_date_i_c": "date_of_birth",
    "estimated_birth_date_i_c": "dob_estimated", "relationship_i_c": "relationship_to_head",
    "marital_status_i_c": "marital_status", "phone_no_i_c": "phone", "email_i_c": "email",
    "national_id_no_i_c": "document_number", "first_registration_date_i_c": "registration_date", "size_h_c": "household_size",
    "preferred_language_i_c": "languages", "individual_id": "record_id", "age": "age", "consent_h_c": "consent",
    "photo_i_c": None, "primary_collector_id": None,
}  # fmt: skip
KOBO = {
    "_index": "record_id", "_parent_index": "household_id", "individual_questions/birth_date_i_c": "date_of_birth",
    "individual_questions/more_information/marital_status_i_c": "marital_status", "individual_questions/age": "age",
    "individual_questions/full_name_i_c": "full_name_native", "person/given_name": "given_name", "person/sex": "sex",
    "3. Place of birth": "birth_place", "Phone number / رقم الهاتف": "phone", "_submission_time": None,
}  # fmt: skip
OPENSPP = {
    "family_name": "family_name", "given_name": "given_name", "addl_name": "father_name", "birthdate": "date_of_birth",
    "birth_place": "birth_place", "gender": "sex", "registration_date": "registration_date", "email": "email", "phone": "phone",
    "group_membership": "household_id", "civil_status": "marital_status", "occupation": "occupation", "id_type": "document_type",
    "id_no": "document_number", "is_head": "focal_point",
}  # fmt: skip
UNHCR = {
    "Individual ID": "record_id", "Registration Group ID": "household_id", "Group Size": "household_size",
    "Given Name": "given_name", "Middle Name": "father_name", "Family Name": "family_name", "Full Name": "full_name_native",
    "Sex": "sex", "Date of Birth": "date_of_birth", "Country of Origin": "country_of_origin", "Nationality": "nationality",
    "Relationship to Focal Point": "relationship_to_head", "Marriage Status": "marital_status",
    "Individual Registration Date": "registration_date", "Arrival Date": "arrival_date", "Point of Entry": "arrival_point",
    "Education Level": "education", "Occupation Code": "occupation", "Phone No.": "phone", "Mother Tongue": "languages",
    "Process Status": None,
}  # fmt: skip
TAGS = {
    "#meta+id": "record_id", "#beneficiary+name": "full_name_native", "#sex": "sex", "#date+birth": "date_of_birth",
    "#country+origin": "country_of_origin", "#adm1+code+origin": "origin_pcode", "#contact+phone": "phone",
    "#contact+email": "email", "#person+language": "languages", "#loc+entry": "arrival_point", "#date+arrival": "arrival_date",
    "#group+id": "household_id", "#status": None,
}  # fmt: skip
FRENCH = {
    "N° de dossier": "household_id", "Noms et prénoms": "full_name_native", "Prénom": "given_name", "Sexe": "sex",
    "Né(e) le": "date_of_birth", "Lieu de naissance": "birth_place", "Nationalité": "nationality",
    "Pays d'origine": "country_of_origin", "Niveau d'instruction": "education", "Profession": "occupation",
    "Langue maternelle": "languages", "Lien de parenté": "relationship_to_head", "Date d'arrivée": "arrival_date",
    "Point d'entrée": "arrival_point", "N° de tél": "phone",
}  # fmt: skip
SPANISH = {
    "Código de hogar": "household_id", "Nombres": "given_name", "Apellidos": "family_name", "Género": "sex",
    "Fecha de nacimiento": "date_of_birth", "País de nacionalidad": "nationality", "Parentesco": "relationship_to_head",
    "Estado civil": "marital_status", "Fecha de ingreso": "arrival_date", "Paso fronterizo": "arrival_point",
    "Nivel educativo": "education", "Correo electrónico": "email",
}  # fmt: skip
ARABIC = {
    "رقم الأسرة": "household_id", "الاسم الأول": "given_name", "اسم الأب": "father_name", "اسم الجد": "grandfather_name",
    "الكنية": "family_name", "الجنس": "sex", "تاريخ الولادة": "date_of_birth", "صلة القرابة": "relationship_to_head",
    "المستوى التعليمي": "education", "المهنة": "occupation", "اللغة الأم": "languages", "المعبر": "arrival_point",
    "بلد المنشأ": "country_of_origin",
}  # fmt: skip


@pytest.mark.parametrize("headers", [HOPE, KOBO, OPENSPP, UNHCR, TAGS, FRENCH, SPANISH, ARABIC])
def test_headers_of_lists_in_use_are_recognised(headers: dict[str, str | None]) -> None:
    assert dict(zip(headers, map_header(list(headers)), strict=True)) == headers


def test_nine_of_ten_headers_in_use_have_a_field() -> None:
    every = [
        field
        for headers in (HOPE, KOBO, OPENSPP, UNHCR, TAGS, FRENCH, SPANISH, ARABIC)
        for field in headers.values()
    ]
    assert sum(field is not None for field in every) / len(every) >= 0.9


@pytest.mark.parametrize("path", sorted(HXL.glob("*-*.*")), ids=lambda path: path.name)
def test_lists_of_activities_are_refused_with_a_sentence_that_names_what_was_found(path: Path) -> None:
    with pytest.raises(Unreadable) as refused:
        lines(path.read_bytes())
    expected = "old_or_locked" if path.suffix == ".xls" else "no_header"
    assert refused.value.code == expected
    assert refused.value.message % {"detail": refused.value.detail}


def test_anything_that_looks_like_a_table_can_be_looked_at() -> None:
    def look(name: str) -> dict[str, Any]:
        return json.loads(next(read((HXL / name).read_bytes(), wishes={"look": True})))

    for name in ("input-valid.csv", "input-valid-latin1.csv", "input-valid.xlsx"):
        found = look(name)
        assert "Organización" in found["header"]
        assert found["encoding"] in ("utf-8", "cp1252", None)
