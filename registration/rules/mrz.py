"""What stands in the machine-readable zone of a card or booklet, and which check digit is wrong? (ICAO Doc 9303, parts 3 to 6.)"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from anyascii import anyascii

FILLER = "<"
# Holders who have no nationality to show (Doc 9303-3, section 5, part D).
STATELESS, REFUGEE, OTHER_REFUGEE, UNSPECIFIED = "XXA", "XXB", "XXC", "XXX"
# States whose code in the zone is not the one of ISO 3166-1 alpha-3 (the same section, part A).
_ISSUERS = {"DEU": "D"}
_WEIGHTS = (7, 3, 1)
# Letters for which Doc 9303-3, section 6, says something else than what they look like: Latin (A) and Cyrillic (B).
_LATIN = {
    "Ä": "AE", "Å": "AA", "Æ": "AE", "Ð": "D", "Đ": "D", "Ħ": "H", "Ĳ": "IJ", "Ŋ": "N", "Ñ": "N", "Ö": "OE", "Ø": "OE", "Œ": "OE",
    "ẞ": "SS", "ß": "SS", "Þ": "TH", "Ü": "UE", "ĸ": "Q", "ı": "I", "İ": "I",
}  # fmt: skip
_CYRILLIC = {
    **dict(zip("АБВГДЕЗИІКЛМНОПРСТУФЫЭ", "ABVGDEZIIKLMNOPRSTUFYE", strict=True)), "Ё": "E", "Ж": "ZH", "Й": "I", "Ї": "I", "Х": "KH",
    "Ц": "TS", "Ч": "CH", "Ш": "SH", "Щ": "SHCH", "Ъ": "IE", "Ь": "", "Ю": "IU", "Я": "IA", "Є": "IE", "Ґ": "G", "Ў": "U",
    "Ђ": "D", "Ј": "J", "Љ": "LJ", "Њ": "NJ", "Ћ": "C", "Џ": "DZ", "Ѕ": "DZ",
}  # fmt: skip
_LETTERS = str.maketrans(_LATIN | _CYRILLIC)
_DROPPED = re.compile(r"['’ʼ‘`´ʾʿ.]")  # an apostrophe leaves no gap: O'Connor is OCONNOR
_ROWS = {"TD1": (3, 30), "TD2": (2, 36), "TD3": (2, 44)}


def check_digit(text: str) -> str:
    """Return the check digit of a field: weights 7, 3, 1 from the left, modulo 10 (Doc 9303-3, 4.9). Raises ValueError."""
    return str(sum(_value(one) * _WEIGHTS[place % 3] for place, one in enumerate(text)) % 10)


def _value(letter: str) -> int:
    if letter == FILLER:
        return 0
    if not letter.isascii() or not letter.isalnum() or letter != letter.upper():
        raise ValueError(f"{letter!r} does not belong into a machine-readable zone.")
    return int(letter, 36)


def transliterated(text: str) -> str:
    """Return a name in A to Z, its parts separated by one filler; empty where nothing of it is a letter.

    By the tables of Doc 9303-3, section 6, for Latin and Cyrillic letters; other scripts, which in our records stand beside a name in
    Latin letters, as they are commonly romanised.
    """
    capital = unicodedata.normalize("NFC", _DROPPED.sub("", text)).upper().translate(_LETTERS)
    plain = anyascii("".join(one for one in capital if not unicodedata.combining(one))).upper()
    return FILLER.join(re.findall("[A-Z]+", _DROPPED.sub("", plain)))


def names(primary: str, secondary: str, room: int) -> str:
    """Return the name field of `room` characters: PRIMARY<<SECONDARY, filled up.

    A longer name is cut, so that something of either part stays and the last character is a letter, which says that it was cut (Doc
    9303-4, 4.2.2). Somebody of one name has no second part.
    """
    first, second = transliterated(primary) or transliterated(secondary), transliterated(secondary)
    if not transliterated(primary) or not second:
        return first[:room].ljust(room, FILLER)
    if len(first) + 2 + len(second) > room:
        kept = min(len(second), max(room - 2 - len(first), room // 3))
        first = first[: room - 2 - kept].rstrip(FILLER)
        second = second[: room - 2 - len(first)].rstrip(FILLER)
    return f"{first}{FILLER * 2}{second}".ljust(room, FILLER)


def birth(day: date | None, precision: str) -> str:
    """Return a date of birth as YYMMDD, with fillers for what is not known. `precision`: DAY, MONTH, YEAR, or nothing."""
    if day is None:
        return FILLER * 6
    return f"{day:%y%m%d}"[: {"YEAR": 2, "MONTH": 4}.get(precision, 6)].ljust(6, FILLER)


@dataclass(frozen=True)
class Holder:
    """What the zone says of somebody; `nationality` a code of three letters or one of those above, `sex` F, M or nothing."""

    primary: str
    secondary: str
    nationality: str
    born: str  # as of birth()
    sex: str = ""


def td1(
    holder: Holder, *, code: str, issuer: str, number: str, until: date, optional: tuple[str, str] = ("", "")
) -> list[str]:
    """Return the three lines of a card (Doc 9303-5). `optional`: what else stands in the first and second line.

    Of a number of more than nine characters the rest stands in the optional field with its check digit, a filler in the place of that
    digit. Raises ValueError where the numbers leave no room.
    """
    head, rest = _number(number)
    first = f"{_two(code)}{_three(issuer)}{head}{rest}{optional[0]}".ljust(30, FILLER)
    second = f"{_middle(holder, until)}{_three(holder.nationality)}{optional[1]}".ljust(29, FILLER)
    if len(first) > 30 or len(second) > 29:
        raise ValueError("The number and the optional fields are too long for a card.")
    composite = check_digit(first[5:30] + second[:7] + second[8:15] + second[18:29])
    return [first, second + composite, names(holder.primary, holder.secondary, 30)]


def td2(holder: Holder, *, code: str, issuer: str, number: str, until: date, optional: str = "") -> list[str]:
    """Return the two lines of 36 of a larger card or of a sheet (Doc 9303-6)."""
    return _booklet(holder, code, issuer, number, until, optional.ljust(7, FILLER), 36)


def td3(holder: Holder, *, code: str, issuer: str, number: str, until: date, optional: str = "") -> list[str]:
    """Return the two lines of 44 of a passport booklet, such as a Convention travel document (Doc 9303-4)."""
    filled = optional.ljust(14, FILLER)
    return _booklet(holder, code, issuer, number, until, filled + check_digit(filled), 44)


def _booklet(
    holder: Holder, code: str, issuer: str, number: str, until: date, optional: str, width: int
) -> list[str]:
    head, rest = _number(number)
    middle = _middle(holder, until)
    body = head + rest + _three(holder.nationality) + middle + optional
    if rest[0] == FILLER or len(body) != width - 1:
        raise ValueError("The number or the optional field is too long for this document.")
    composite = check_digit(body[:10] + middle[:7] + middle[8:] + optional)
    return [
        _two(code) + _three(issuer) + names(holder.primary, holder.secondary, width - 5),
        body + composite,
    ]


def _middle(holder: Holder, until: date) -> str:
    ends, sex = f"{until:%y%m%d}", holder.sex if holder.sex in {"F", "M"} else FILLER
    return f"{holder.born}{check_digit(holder.born)}{sex}{ends}{check_digit(ends)}"


def _number(number: str) -> tuple[str, str]:
    """Return the nine characters of the field for the number, and what follows: its check digit, or a filler and the rest."""
    digit = check_digit(number.ljust(9, FILLER))
    return (
        (number.ljust(9, FILLER), digit)
        if len(number) <= 9
        else (number[:9], f"{FILLER}{number[9:]}{digit}{FILLER}")
    )


def _two(code: str) -> str:
    return code.ljust(2, FILLER)


def _three(code: str) -> str:
    return _ISSUERS.get(code, code).ljust(3, FILLER)


@dataclass(frozen=True)
class Card:
    """What a zone says: the fields of TD1, and the names of those whose check digit is wrong."""

    code: str
    issuer: str
    number: str
    nationality: str
    born: str
    sex: str
    until: str
    primary: str
    secondary: str
    optional: tuple[str, str]
    wrong: tuple[str, ...]


def read_td1(lines: Sequence[str]) -> Card:
    """Read the three lines of a card, and say which check digits (number, birth, expiry, composite) are wrong.

    Raises ValueError for what is no zone of a card at all.
    """
    count, width = _ROWS["TD1"]
    rows = [one.strip().upper() for one in lines]
    if len(rows) != count or any(len(one) != width or re.search("[^A-Z0-9<]", one) for one in rows):
        raise ValueError("A card has three lines of 30 letters, digits and fillers.")
    first, second, third = rows
    number, digit, optional = first[5:14], first[14], first[15:]
    if digit == FILLER and optional.strip(FILLER):  # a long number goes on in the optional field
        rest, _end, optional = optional.partition(FILLER)
        number, digit = number + rest[:-1], rest[-1:]
    composite = check_digit(first[5:30] + second[:7] + second[8:15] + second[18:29])
    checks = {
        "number": (number, digit),
        "birth": (second[:6], second[6]),
        "expiry": (second[8:14], second[14]),
    }
    wrong = [name for name, (field, said) in checks.items() if check_digit(field) != said]
    primary, _gap, secondary = third.rstrip(FILLER).partition(FILLER * 2)
    return Card(
        code=first[:2].rstrip(FILLER),
        issuer=first[2:5].rstrip(FILLER),
        number=number.rstrip(FILLER),
        nationality=second[15:18].rstrip(FILLER),
        born=second[:6],
        sex=second[7].strip(FILLER),
        until=second[8:14],
        primary=primary.replace(FILLER, " "),
        secondary=secondary.replace(FILLER, " "),
        optional=(optional.strip(FILLER), second[18:29].strip(FILLER)),
        wrong=(*wrong, *(["composite"] if composite != second[29] else [])),
    )
