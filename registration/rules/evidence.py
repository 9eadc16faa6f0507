"""What does the agreement of a field say in words? For the screen; a message id each, which the screen translates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from registration.rules.columns import LABELS, gettext_noop

SURE = (
    40.0  # bits of what leaves no doubt: one number in one source, a registration number that somebody shows
)
FIELD = {
    **LABELS,
    "document": gettext_noop("Document number"),
    "order": gettext_noop("Parts of the name"),
    "family": gettext_noop("Family"),
    "source": gettext_noop("Number in the source"),
    "birth_date": LABELS["date_of_birth"],
}
_DIFFERENT = gettext_noop("different")
_SAME = gettext_noop("the same")
_NAME = {
    "same": _SAME,
    "sounds": gettext_noop("sounds the same"),
    "close": gettext_noop("spelled nearly the same"),
    "part": gettext_noop("the same, one has more words"),
    "initial": gettext_noop("an initial that fits"),
    "near": gettext_noop("differs by a letter"),
    "differs": _DIFFERENT,
}
_LEVEL: dict[str, dict[str, str]] = {
    "birth_date": {
        "day": gettext_noop("the same day"),
        "january": gettext_noop("the same year, 1 January in both"),
        "year": gettext_noop("the same year, one is an estimate"),
        "swapped": gettext_noop("day and month swapped"),
        "digit": gettext_noop("one digit differs"),
        "same_year": gettext_noop("the same year, another day"),
        "next_year": gettext_noop("the same day a year apart"),
        "next_estimate": gettext_noop("a year apart, one is an estimate"),
        "years_estimate": gettext_noop("a few years apart, one is an estimate"),
        "years": gettext_noop("up to two years apart"),
        "differs": _DIFFERENT,
    },
    "birth_place": {"same": _SAME, "close": gettext_noop("nearly the same"), "differs": _DIFFERENT},
    "document": {
        "same": _SAME,
        "booklet": gettext_noop("the same family booklet"),
        "differs": gettext_noop("another number of the same kind of document"),
        "close": gettext_noop("half of the number is the same: it may be mistyped"),
    },
    "order": {
        "family_first": gettext_noop("given and family name changed places"),
        "father_first": gettext_noop("given and father's name changed places"),
        "father_as_family": gettext_noop("the father's name stands as the family name"),
        "any": gettext_noop("in another order or script"),
    },
    "family": {"registered": gettext_noop("others of the family are registered, too")},
}


def said(field: str, level: str) -> tuple[str, str]:
    """The name of a field and what its level says, as message ids. What is not known is said as it is."""
    return FIELD.get(field, field), _LEVEL.get(field, _NAME).get(level, level)


def percent(score: float) -> int:
    """A score in bits as chances in a hundred that both are one person; nobody is sure (99) but of one number in one source."""
    return 100 if score >= SURE else min(round(100 / (1 + 2.0 ** -max(score, -60.0))), 99)


def packed(evidence: Sequence[Sequence[object]]) -> list[str]:
    """Evidence as texts: "field:level:bits against stranger:bits against relative"."""
    return [":".join(map(str, one)) for one in evidence]


def unpacked(texts: Sequence[str]) -> list[list[Any]]:
    """Evidence from texts."""
    found: list[list[Any]] = []
    for text in texts:
        field, level, *bits = text.split(":")
        found.append([field, level, *(float(one) for one in bits or ("0", "0"))])
    return found


SOURCE = packed([["source", "same", SURE, SURE]])
