"""Are machine-readable zones what Doc 9303 says, to the last check digit, and is a wrong one found again?"""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration.rules import mrz
from registration.rules.mrz import Holder, check_digit, read_td1

# The specimens of Doc 9303, parts 4 to 6, of the traveller Anna Maria Eriksson of Utopia.
ANNA = Holder("Eriksson", "Anna Maria", "UTO", "740812", "F")
UNTIL = date(2012, 4, 15)
TD1 = ["I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"]
TD2 = ["I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6"]
TD3 = ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"]
# A Convention travel document of our own, whose holder is a refugee (XXB).
CTD = ["P<GRCALNAJJAR<<SAMIRA<<<<<<<<<<<<<<<<<<<<<<<", "TP00123451XXB8902144F3009303<<<<<<<<<<<<<<04"]


@pytest.mark.parametrize(
    ("field", "digit"),
    [("520727", "3"), ("AB2134<<<", "5"), ("HA672242<", "6"), ("L898902C3", "6"), ("1234567890", "7")],
)
def test_check_digits(field: str, digit: str) -> None:
    assert check_digit(field) == digit


def test_what_is_no_letter_of_the_zone_has_no_check_digit() -> None:
    for letter in ("a", "É", " ", "-"):
        with pytest.raises(ValueError, match="does not belong"):
            check_digit(f"12{letter}")


def test_the_specimens() -> None:
    assert mrz.td1(ANNA, code="I", issuer="UTO", number="D23145890", until=UNTIL) == TD1
    assert mrz.td2(ANNA, code="I", issuer="UTO", number="D23145890", until=UNTIL) == TD2
    assert mrz.td3(ANNA, code="P", issuer="UTO", number="L898902C3", until=UNTIL, optional="ZE184226B") == TD3
    samira = Holder("Alnajjar", "Samira", mrz.REFUGEE, "890214", "F")
    assert mrz.td3(samira, code="P", issuer="GRC", number="TP0012345", until=date(2030, 9, 30)) == CTD


def test_a_long_number_goes_on_in_the_optional_field() -> None:
    lines = mrz.td1(ANNA, code="I", issuer="UTO", number="D23145890734", until=UNTIL, optional=("AB12", "X"))
    digit = check_digit("D23145890734")
    assert lines[0] == f"I<UTOD23145890<734{digit}<AB12<<<<<<"
    read = read_td1(lines)
    assert (read.number, read.optional, read.wrong) == ("D23145890734", ("AB12", "X"), ())
    with pytest.raises(ValueError, match="too long"):
        mrz.td1(ANNA, code="I", issuer="UTO", number="D" * 30, until=UNTIL)
    with pytest.raises(ValueError, match="too long"):
        mrz.td2(ANNA, code="I", issuer="UTO", number="D231458907", until=UNTIL)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("O'Connor", "OCONNOR"),
        ("Al-Najjar", "AL<NAJJAR"),
        ("Smith Jones", "SMITH<JONES"),
        ("Müller Weiß", "MUELLER<WEISS"),
        ("Åse Ørsted", "AASE<OERSTED"),
        ("Þórður", "THORDUR"),
        ("Nuñez", "NUNEZ"),
        ("Çiğdem Işık", "CIGDEM<ISIK"),
        ("Щербакова", "SHCHERBAKOVA"),
        ("Юлія Зеленська", "IULIIA<ZELENSKA"),
        ("Ngô Thị Hương", "NGO<THI<HUONG"),
        ("J.-P.", "J<P"),
        ("123 –", ""),
    ],
)
def test_names_in_the_letters_of_the_zone(name: str, expected: str) -> None:
    assert mrz.transliterated(name) == expected


def test_names_of_other_scripts_become_latin_letters() -> None:
    for name in ("مريم إدريس", "ሀብቶም", "მარიამ", "မြင့်"):
        assert mrz.transliterated(name).replace("<", "").isalpha(), name


def test_names_that_are_too_long_are_cut_and_end_in_a_letter() -> None:
    # Doc 9303-4, appendix: the given names are cut where that is enough.
    assert mrz.names("Nilavadhanananda", "Chayapa Dejthamrong Krasuang", 39) == (
        "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K"
    )
    long = mrz.names("Bennelong Wooloomooloo Warrandyte Warnambool", "Dingo Potoroo", 30)
    assert len(long) == 30
    assert long == "BENNELONG<WOOLOOMO<<DINGO<POTO"
    assert mrz.names("Arkfreith", "", 12) == "ARKFREITH<<<"
    assert mrz.names("", "Suharto", 12) == "SUHARTO<<<<<"


@pytest.mark.parametrize(
    ("day", "precision", "expected"),
    [
        (date(1990, 5, 17), "DAY", "900517"),
        (date(1990, 5, 1), "MONTH", "9005<<"),
        (date(1990, 1, 1), "YEAR", "90<<<<"),
        (None, "", "<<<<<<"),
    ],
)
def test_what_is_not_known_of_a_birth_date_is_filled(day: date | None, precision: str, expected: str) -> None:
    assert mrz.birth(day, precision) == expected


def test_germany_has_one_letter_and_sex_may_be_unspecified() -> None:
    who = Holder("Muster", "", mrz.STATELESS, "<<<<<<", "X")
    lines = mrz.td1(who, code="ID", issuer="DEU", number="A1", until=date(2031, 1, 1))
    assert lines[0].startswith("IDD<<A1<<<<<<<")
    assert lines[1].startswith("<<<<<<0<3101012XXA")
    read = read_td1(lines)
    assert (read.issuer, read.nationality, read.sex, read.number, read.wrong) == ("D", "XXA", "", "A1", ())


def test_a_wrong_digit_is_named() -> None:
    def wrong(line: int, place: int, letter: str) -> tuple[str, ...]:
        lines = [list(one) for one in TD1]
        lines[line][place] = letter
        return read_td1(["".join(one) for one in lines]).wrong

    assert read_td1(TD1).wrong == ()
    assert wrong(0, 5, "E") == ("number", "composite")
    assert wrong(1, 0, "8") == ("birth", "composite")
    assert wrong(1, 13, "6") == ("expiry", "composite")
    assert wrong(1, 29, "7") == ("composite",)
    assert wrong(2, 0, "F") == (), "names have no check digit"
    card = read_td1(TD1)
    assert (card.primary, card.secondary, card.until) == ("ERIKSSON", "ANNA MARIA", "120415")
    for broken in (TD1[:2], [*TD1[:2], TD1[2][:-1]], [*TD1[:2], "é" + TD1[2][1:]]):
        with pytest.raises(ValueError, match="three lines of 30"):
            read_td1(broken)


@given(
    primary=st.text(max_size=60),
    secondary=st.text(max_size=60),
    number=st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=14),
    day=st.dates(date(1900, 1, 1), date(2030, 1, 1)),
)
def test_whatever_is_written_is_read_again(primary: str, secondary: str, number: str, day: date) -> None:
    who = Holder(primary, secondary, "SDN", mrz.birth(day, "DAY"), "F")
    lines = mrz.td1(who, code="I", issuer="TCD", number=number, until=date(2030, 1, 1))
    assert [len(one) for one in lines] == [30, 30, 30]
    read = read_td1(lines)
    assert (read.number, read.born, read.wrong) == (number, f"{day:%y%m%d}", ())
