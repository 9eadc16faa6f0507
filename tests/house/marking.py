"""What stands where in the world of the house tests, and to whom is it open? Words that stand nowhere else, and notes of them."""

from __future__ import annotations

import itertools
from datetime import date
from hashlib import sha256

from django.utils import formats

from tests.house.world import RELATIONS, Marker, World

_serial = itertools.count(1)


def word(hint: str) -> str:
    """Return a name that stands nowhere else: letters only, so that it passes as a name.

    Most of it is its own, so that a search that forgives slips takes no two of them for one.
    """
    number, letters = next(_serial), ""
    own = int.from_bytes(sha256(str(number).encode()).digest()[:6])
    for one in (number, own):
        while one:
            one, rest = divmod(one, 21)
            letters += "bcdfghjklmnpqrstvwxyz"[rest] + "aeiou"[rest % 5]
    return f"Zq{letters}{hint[:3]}qz".title()


# What stands in a group of fields, for relations that see it masked.
_OF_GROUP = {
    "name": {
        "individual.given_name",
        "individual.father_name",
        "individual.family_name",
        "individual.full_name_native",
    },
    "birth_place": {"individual.birth_place"},
}
MASKED = {
    code: {name for group in one.withheld for name in _OF_GROUP[group]} for code, one in RELATIONS.items()
}


def days(one: date) -> tuple[str, ...]:
    """Return a date as it may stand on a page or in JSON."""
    shapes = ("Y-m-d", "j F Y", "j M Y", "F j, Y", "N j, Y", "d/m/Y", "d.m.Y", "M. j, Y", "M j, Y")
    return tuple({formats.date_format(one, shape) for shape in shapes})


class Marking:
    """A world that is being made, and the notes of what stands in it."""

    def __init__(self) -> None:
        self.world = World()
        self.families = itertools.count(1)  # the people of the imported file have numbers far behind
        self.readers: frozenset[int] | None = None  # of the file that is being made, when it will be sealed
        # Words are unique within a world; dates of birth stay in the past.
        globals()["_serial"] = itertools.count(1)

    def mark(
        self, code: str, cls: str, name: str, *texts: str, to: tuple[str, ...] = (), staff: bool = False
    ) -> None:
        """Note a marker that is open to the agencies of `to`, by the channels of their agreements."""
        world = self.world
        open_to = {
            (world.agencies[one].pk, channel)
            for one in to
            for channel in RELATIONS[one].channels
            if (cls in RELATIONS[one].classes and name not in MASKED[one])
            or staff
            or name.startswith("referral.")
        }
        made = Marker(texts, world.agencies[code].pk, cls, name, frozenset(open_to), self.readers, staff)
        world.markers.append(made)
