"""On which day does each family come, when a site can take so many people a day?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple, TypeVar

Key = TypeVar("Key")


class NoRoom(Exception):
    """A site cannot take all its people: `room` is for how many there is place, `people` how many are to come."""

    def __init__(self, site: str, room: int, people: int) -> None:
        super().__init__(site)
        self.site, self.room, self.people = site, room, people


class Appointment(NamedTuple):
    """The day and place of a family."""

    site: str
    day: date


def spread(
    families: Iterable[tuple[Key, str, int]], *, days: Sequence[date], capacity: int
) -> dict[Key, Appointment]:
    """Give each family (key, site, people) the first day on which all of them fit at their site; a family is never divided.

    A family that is larger than the capacity has a day for itself. Raises NoRoom.
    """
    free: dict[str, list[int]] = {}
    wanted: dict[str, int] = {}
    found: dict[Key, Appointment] = {}
    full: list[str] = []
    for key, site, size in families:
        wanted[site] = wanted.get(site, 0) + size
        left = free.setdefault(site, [capacity] * len(days))
        place = next((n for n, room in enumerate(left) if room >= min(size, capacity)), None)
        if place is None:
            full.append(site)
        else:
            left[place] = max(left[place] - size, 0)
            found[key] = Appointment(site, days[place])
    if full:
        raise NoRoom(full[0], capacity * len(days), wanted[full[0]])
    return found
