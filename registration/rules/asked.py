"""What does somebody look for who types this into the search box: a name, somebody of some age, a telephone?"""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from registration.rules.dates import digits_folded, read_date

AROUND = 2  # years that a year of birth, and an age all the more, may be wrong by
OLDEST = 120
_PHONE = re.compile(r"[+\d][\d\s()./-]*")


class Asked(NamedTuple):
    """A text taken apart. `year` is the year of birth, written or counted from an age; `phone` what may be a telephone."""

    name: str
    year: int | None
    phone: str


def asked(text: str, *, today: date) -> Asked:
    """Return what a text asks for. A number beside a name is an age or a year of birth ("amina hassan 1994", "amina 32", digits of
    any script, a whole date); a number alone is a number. What has digits in it is no part of a name."""
    folded = digits_folded(text)
    parts = folded.split()
    words = [one for one in parts if not any(map(str.isdigit, one))]
    if not any(map(str.isalpha, "".join(words))):
        phone = folded.strip() if _PHONE.fullmatch(folded.strip()) else ""
        return Asked("", None, phone)
    years = (_year(one.strip("(),.;"), today) for one in parts)
    return Asked(" ".join(words), next(filter(None, years), None), "")


def _year(word: str, today: date) -> int | None:
    if word.isdecimal() and len(word) < 4:
        return today.year - int(word) if int(word) <= OLDEST else None
    if not word[:1].isdecimal() or (word.isdecimal() and len(word) != 4):
        return None
    found = read_date(word)
    return found.day.year if found and found.day.year <= today.year else None


def around(year: int) -> tuple[date, date]:
    """Return the first and last day of birth of people who may be meant by a year."""
    return date(year - AROUND, 1, 1), date(year + AROUND, 12, 31)
