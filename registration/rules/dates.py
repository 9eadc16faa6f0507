"""Which date, and how precise, did somebody type?"""

# ruff: noqa: SIM905 - word lists read better as one text

import re
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from registration.rules.words import plain

DAY, MONTH, YEAR = "DAY", "MONTH", "YEAR"
_EXCEL_EPOCH = date(1899, 12, 30)
_EXCEL_SERIALS = range(3_000, 80_000)  # 1908 to 2119; a number of four digits from 1900 to 2100 is a year
_TIME = re.compile(
    r"(?<=\d)[T ]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp]\.?[Mm]\.?)?(?: ?Z| ?[+-]\d\d:?\d\d)?$"
)
_FRACTION = re.compile(r"^(\d{5})\.\d+$")  # of a day, in Excel's numbers
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?$")
_NUMBERS = re.compile(r"(?:(\d{1,2})[-/. ])?(\d{1,2})[-/. ](\d{4})$")
_NAMED = re.compile(
    r"(?:(\d{1,2})(?:st|nd|rd|th|er)?[-/. ,]+)?(?:de )?([^\W\d_]{3,})\.?[-/. ,]+(?:de )?(\d{4})$"
)
# January to December in English, French, Spanish and the two calendars of names in Arabic; English and Spanish by their first
# three letters.
_MONTHS = {
    name: number
    for number, names in enumerate(
        "jan janvier ene يناير|feb fevrier فبراير شباط|mar mars مارس اذار|apr avril abr ابريل نيسان|may mai مايو ايار|"
        "jun juin يونيو حزيران|jul juillet يوليو تموز|aug aout ago اغسطس اب|sep septembre سبتمبر ايلول|oct octobre اكتوبر|"
        "nov novembre نوفمبر|dec decembre dic ديسمبر".split("|"),
        1,
    )
    for name in names.split()
}


class TypedDate(NamedTuple):
    """A date and its precision; a month stands on its first day, a year on 1 January."""

    day: date
    precision: str


@lru_cache(maxsize=1 << 15)
def read_date(text: str, month_first: bool = False) -> TypedDate | None:
    """The date that a text means, None when it means none: ISO 8601 (also year, or year and month),
    day.month.year with any of `. / -`, a month by its name, an Excel serial number, each also with a time of the
    day and in Arabic or Persian digits. The day comes before the month, as everywhere outside the United States,
    unless `month_first` (see `order_of`). Only the Gregorian calendar from 1900 to 2100."""
    text = digits_folded(text.strip())
    text = _FRACTION.sub(r"\1", _TIME.sub("", text))
    try:
        if text.isdecimal():
            return _from_number(int(text)) if len(text) in (4, 5) else None
        if found := _ISO.match(text):
            year, month, day = found.groups()
        elif found := _NUMBERS.match(text):
            day, month, year = found.groups()
            if month_first and day:
                day, month = month, day
        elif found := _NAMED.match(text):
            day, name, year = found.groups()
            month = str(_month(name))
        else:
            return None
        if not 1900 <= int(year) <= 2100:
            return None
        return TypedDate(date(int(year), int(month), int(day or 1)), DAY if day else MONTH)
    except ValueError:
        return None


def _month(name: str) -> int:
    word = plain(name)
    return _MONTHS.get(word) or _MONTHS.get(word[:3] if word.isascii() else "", 0)


DAY_FIRST, MONTH_FIRST, UNCLEAR = "day", "month", "unclear"


def order_of(texts: Iterable[str]) -> str:
    """In which order the dates of a column are written, as one of them shows that cannot be read the other way: DAY_FIRST,
    MONTH_FIRST; UNCLEAR when none does, or they contradict each other; empty when none is in numbers with the year last."""
    orders: set[str] = set()
    for text in texts:
        if found := _NUMBERS.match(_TIME.sub("", digits_folded(text.strip()))):
            first, second = int(found[1] or 0), int(found[2])
            if first and first != second and max(first, second) <= 31:
                told = (first > 12) != (second > 12)
                orders.add((MONTH_FIRST if second > 12 else DAY_FIRST) if told else UNCLEAR)
    told_ones = orders - {UNCLEAR}
    return told_ones.pop() if len(told_ones) == 1 else UNCLEAR if orders else ""


def _from_number(number: int) -> TypedDate | None:
    if 1900 <= number <= 2100:
        return TypedDate(date(number, 1, 1), YEAR)
    return TypedDate(_EXCEL_EPOCH + timedelta(number), DAY) if number in _EXCEL_SERIALS else None


def digits_folded(text: str) -> str:
    """The text with the digits of every script (Arabic, Persian, Devanagari and others) as 0 to 9."""
    if text.isascii():
        return text
    return "".join(str(int(c)) if c.isdecimal() else c for c in text)
