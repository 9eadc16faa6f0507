"""Which numbers of people or groups stand in a text that somebody typed, scanned or pasted, and are they written right?"""

from __future__ import annotations

import re

from refugeecm.core.ids import check_character

_BETWEEN = re.compile(r"[\s,;،]+")
_SHAPE = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+)*-(?P<check>[0-9A-Z])")


def numbers_in(text: str) -> list[str]:
    """Return the numbers of a text, in capitals, in the order given, each once."""
    return list(dict.fromkeys(one for one in _BETWEEN.split(text.upper()) if one))


def is_slip(number: str) -> bool:
    """Answer whether the check character (ISO 7064 MOD 37,36) says that a number was mistyped; also for what is no number at all."""
    found = _SHAPE.fullmatch(number)
    return found is None or check_character(number[: found.start("check")]) != found["check"]
