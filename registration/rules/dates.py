"""Which date, and how precise, did somebody type?"""

import re
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

DAY, MONTH, YEAR = "DAY", "MONTH", "YEAR"
_EXCEL_EPOCH = date(1899, 12, 30)
_EXCEL_SERIALS = range(3_000, 80_000)  # 1908 to 2119; a number of four digits from 1900 to 2100 is a year
_MIDNIGHT = re.compile(r"[T ]00:00(?::00(?:\.0+)?)?Z?$")
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?$")
_EUROPEAN = re.compile(r"(?:(\d{1,2})[-/. ])?(\d{1,2})[-/. ](\d{4})$")


class TypedDate(NamedTuple):
    """A date and its precision; a month stands on its first day, a year on 1 January."""

    day: date
    precision: str


@lru_cache(maxsize=1 << 15)
def read_date(text: str) -> TypedDate | None:
    """The date that a text means, None when it means none: ISO 8601 (also year, or year and month),
    day.month.year with any of `. / -`, an Excel serial number, each also with the time of midnight and in
    Arabic or Persian digits. The day comes before the month, as everywhere outside the United States. Only
    the Gregorian calendar from 1900 to 2100."""
    text = digits_folded(text.strip())
    text = _MIDNIGHT.sub("", text)
    try:
        if text.isdecimal():
            return _from_number(int(text)) if len(text) in (4, 5) else None
        if found := _ISO.match(text):
            year, month, day = found.groups()
        elif found := _EUROPEAN.match(text):
            day, month, year = found.groups()
        else:
            return None
        if not 1900 <= int(year) <= 2100:
            return None
        return TypedDate(date(int(year), int(month), int(day or 1)), DAY if day else MONTH)
    except ValueError:
        return None


def _from_number(number: int) -> TypedDate | None:
    if 1900 <= number <= 2100:
        return TypedDate(date(number, 1, 1), YEAR)
    return TypedDate(_EXCEL_EPOCH + timedelta(number), DAY) if number in _EXCEL_SERIALS else None


def digits_folded(text: str) -> str:
    """The text with the digits of every script (Arabic, Persian, Devanagari and others) as 0 to 9."""
    if text.isascii():
        return text
    return "".join(str(int(c)) if c.isdecimal() else c for c in text)
