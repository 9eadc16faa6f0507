"""What has to be known of a person at which level of registration? The minimum data sets of law-and-practice.md 1.2, as data."""

from collections.abc import Mapping
from typing import NamedTuple

LEVELS = ("PRE_GROUP", "IND_EMERGENCY", "IND_BASIC", "IND_COMPREHENSIVE")
REQUIRED, ASKED, OPTIONAL, NOT_ASKED = "R", "A", "O", "-"

# One letter per level, in the order of LEVELS. R: nobody is registered to that level without it; each of these can be answered, if
# only by "not said". A: asked of everybody, but a person may have none (no telephone, no paper, no fingers), so that it holds nothing
# up. O: may be given. -: not asked. Confirmed by eRRF's mandatory elements and Reg. (EU) 2024/1348 article 27(1); the rest is UNHCR's
# common practice. Whatever an import brings earlier than it is asked (marital status, languages) is kept.
_MATRIX = """
    name            - R R R
    sex             - R R R
    birth_date      - R R R
    relationship    - R R R
    nationality     - R R R
    origin_country  R R R R
    marital_status  - O R R
    education       - - R R
    religion        - - R R
    ethnicity       - - R R
    languages       - O R R
    phone           O O A A
    email           O O O A
    birth_country   - O O R
    birth_place     - O O R
    father_name     - O O A
    mother_name     - O O A
    occupation      - - O R
    photo           - O A A
    biometrics      - O A A
    documents       - O A A
    relatives       - - O A
"""
MATRIX = {
    name: dict(zip(LEVELS, letters, strict=True))
    for name, *letters in (line.split() for line in _MATRIX.strip().splitlines())
}


class Missing(NamedTuple):
    """Something that is not known yet, and whether registration to the level waits for it."""

    field: str
    required: bool


def asks(level: str, field: str) -> bool:
    """Answer whether a field is asked at a level; one that stands in no row is at every level of persons."""
    return MATRIX.get(field, {}).get(level, OPTIONAL) != NOT_ASKED


def missing(person: Mapping[str, object], level: str) -> list[Missing]:
    """Return what of a level is not known of a person ({field: what is known, or something empty}), in the order of the matrix."""
    return [
        Missing(field, letters[level] == REQUIRED)
        for field, letters in MATRIX.items()
        if letters[level] in {REQUIRED, ASKED} and not person.get(field)
    ]


def above(level: str) -> tuple[str, ...]:
    """Return the levels to which a person of this level can be raised; no level is ever lowered (Registration Guidance 8.2)."""
    return LEVELS[LEVELS.index(level) + 1 :]
