"""What is wrong with rows as one household, and who is its contact person?"""

from collections.abc import Sequence
from datetime import timedelta

from registration.rules.arrivals import ArrivalRow
from registration.rules.findings import MESSAGES, RowError


def check_household(rows: Sequence[ArrivalRow]) -> list[list[RowError]]:
    """What is wrong with these rows as one household: a list for each row, in the same order. A second head
    is an error; no head, or a stated size that differs, a warning."""
    found: list[list[RowError]] = [[] for _ in rows]
    heads = [place for place, row in enumerate(rows) if row.relationship in ("PA", "HR1")]
    for place in heads[1:]:
        found[place].append(
            RowError("relationship_to_head", "two_heads", MESSAGES["two_heads"], rows[place].relationship)
        )
    if not heads and len(rows) > 1:
        found[0].append(RowError("relationship_to_head", "no_head", MESSAGES["no_head"], "", warning=True))
    for notes, row in zip(found, rows, strict=True):
        if row.household_size is not None and row.household_size != len(rows):
            text = str(row.household_size)
            notes.append(
                RowError("household_size", "household_size", MESSAGES["household_size"], text, warning=True)
            )
            break
    return found


def head_of(rows: Sequence[ArrivalRow]) -> int:
    """The place of the household's contact person: its head, else the first who is surely adult, else the
    first row."""
    for place, row in enumerate(rows):
        if row.relationship in ("PA", "HR1"):
            return place
    for place, row in enumerate(rows):
        seen = row.registration_date or row.arrival_date
        if row.birth_date and seen and row.birth_date <= seen - timedelta(days=18 * 365.25):
            return place
    return 0
