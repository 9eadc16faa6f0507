"""Who is meant by this name, in any script and spelling, by this telephone, or by the number on a card or slip?

Each part of a name is a number (registration.rules.keys); PostgreSQL finds who has all of them, or all but one, and puts those
before whose whole name is spelled most alike; the best few are compared properly here. Where nobody is alike enough, those are asked
for whose name has many of the same letters: a slip of the pen may have hit the consonants that the numbers are made of.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from django.utils.translation import gettext as _

from agencies.access import Viewer
from refugeecm.core import crypto
from registration.enums import COUNTED, ProcessStatus
from registration.models import FurtherName, Household, Individual, listing
from registration.rules.arrivals import phone_digits
from registration.rules.keys import Person, keys_of, search_keys
from registration.rules.names import fold, similarity
from registration.rules.numbers import is_slip

UNLIKE = 0.6  # two names that share the sound of a part and nothing else
SURELY = (
    0.97  # whoever is spelled so much alike is meant, and nobody is asked for who lacks a part of the name
)
LIKELY = 0.85  # below it even the best is perhaps not who was meant
FEW = (
    25  # with fewer who have all parts of the name, none of them SURELY, those who lack one are asked for too
)
MOST_PARTS = 6  # of a name are looked for
RANKED = 80  # so many are compared properly, of those whom the database put first
# So many of the newest with these parts are put in order by the database: of a name that tens of thousands bear, no order would help.
# Of those who lack a part, any so many: a part that is rare brings all who have it.
WITHIN, WITHIN_ONE, WITHIN_PART = 2000, 400, 200


def named(
    text: str,
    *,
    viewer: Viewer,
    at_most: int = 50,
    showing: Sequence[str] = (),
    event: int | None = None,
    sex: str | None = None,
    nationality: str | None = None,
    born_from: date | None = None,
    born_to: date | None = None,
) -> list[uuid.UUID]:
    """Return the ids of people whose name sounds like the text, in any script, best first; to be read through visible_to.

    Only by fields that the viewer may see: a person whose identity is not shared is not found by their name. `showing` names the
    fields that the other filters tell of. At most seven statements.
    """
    wanted = search_keys(text)[:MOST_PARTS]
    if not wanted:
        return []
    shown_by = listing.shown_by(viewer, Individual, ("given_name", *showing))
    narrowed = (event, sex, nationality, born_from, born_to)
    year = (born_from.year + born_to.year) // 2 if born_from and born_to else None
    ranking = _Ranking(text, year, viewer)

    def ask(asked: Sequence[Sequence[int]], within: int, *, newest: bool = False) -> list[listing.Named]:
        return listing.people_with(asked, within, shown_by, fold(text), RANKED, narrowed, newest=newest)

    whole = ask([wanted], WITHIN if len(wanted) > 1 else WITHIN_ONE, newest=True)
    ranking.add(whole)
    if len(wanted) > 2 and len(whole) < FEW and ranking.best < SURELY:
        ranking.add(ask(list(combinations(wanted, len(wanted) - 1)), WITHIN_PART))
    ranking.look_further([one.individual_id for one in whole])
    if len(wanted) == 2 and ranking.best < LIKELY:
        ranking.add(ask([[one] for one in wanted], WITHIN_PART))
    if ranking.best < LIKELY:
        ranking.add(listing.people_almost(shown_by, fold(text), RANKED, narrowed))
        ranking.look_further(list(ranking.likeness))
    return ranking.first(at_most)


def with_phone(text: str, *, viewer: Viewer, at_most: int = 50) -> list[uuid.UUID]:
    """Return whose telephone this is, however its beginning is written; of others' people where the number is shown."""
    keys = keys_of(Person(phones=(phone_digits(text),)), secret=crypto.derived("keys"), probing=False).match
    if not keys:
        return []
    shown_by = listing.shown_by(viewer, Individual, ["phone"])
    found = listing.people_with([keys], at_most, shown_by, "", at_most, (None,) * 5)
    return [one.individual_id for one in found]


class _Ranking:
    """People who were found, and how alike their names are to the one that was asked for."""

    def __init__(self, text: str, year: int | None, viewer: Viewer) -> None:
        self.text, self.year, self.viewer = text, year, viewer
        self.likeness: dict[uuid.UUID, float] = {}
        self.off: dict[uuid.UUID, int] = {}  # years from the year that was asked for

    @property
    def best(self) -> float:
        return max(self.likeness.values(), default=0.0)

    def add(self, people: Iterable[listing.Named]) -> None:
        """Compare more people."""
        for one in people:
            if one.individual_id not in self.likeness:
                self.off[one.individual_id] = abs(one.born.year - self.year) if self.year and one.born else 0
                self._compare(one.individual_id, one.latin, one.native)

    def look_further(self, ids: Sequence[uuid.UUID]) -> None:
        """Compare the further names of those of these people who were found, but hardly by the names seen so far."""
        if unlike := [one for one in ids if self.likeness[one] < LIKELY]:
            for pk, name, given in _further(unlike, self.viewer):
                self._compare(pk, f"{given} {name}".strip(), name)

    def _compare(self, person: uuid.UUID, *names: str) -> None:
        alike = max(similarity(self.text, one) for one in dict.fromkeys(names))
        self.likeness[person] = max(self.likeness.get(person, 0.0), alike)

    def first(self, at_most: int) -> list[uuid.UUID]:
        """Return the best; of equally alike names the nearer year of birth comes first."""
        alike = [pk for pk, likeness in self.likeness.items() if likeness >= UNLIKE]
        return sorted(alike, key=lambda pk: (0.01 * self.off[pk] - self.likeness[pk], str(pk)))[:at_most]


def _further(ids: Sequence[uuid.UUID], viewer: Viewer) -> Iterable[tuple[uuid.UUID, str, str]]:
    """Return (person, further name, given name) of those whose further names the viewer may see."""
    found = FurtherName.objects.visible_to(viewer).with_shown_classes(viewer).showing(viewer, "name")
    return list(found.filter(individual__in=ids).values_list("individual", "name", "individual__given_name"))


@dataclass(frozen=True)
class Unknown:
    """A number that names nobody, and what is wrong with it, for the row that it stands in."""

    number: str
    why: str


def people_numbered(
    numbers: Sequence[str], *, viewer: Viewer
) -> tuple[dict[str, list[Individual]], list[Unknown]]:
    """Return {number: people} of the viewer's own agency, and the numbers that name nobody. Seven statements at most.

    The number of a record that was merged names the one that goes on. People come with their household and event.
    """
    own = Individual.objects.visible_to(viewer).filter(agency_id=viewer.agency_id)
    loaded = own.select_related("household", "event")
    one_by_one = {one.number: one for one in loaded.filter(number__in=numbers)}
    if merged := [one.pk for one in one_by_one.values() if one.merged_into_id]:
        goes_on = own.leading_to(merged)
        rows: dict[uuid.UUID, Individual] = loaded.in_bulk(list(goes_on.values()))
        one_by_one = {
            number: rows.get(goes_on.get(one.pk, one.pk), one) for number, one in one_by_one.items()
        }
    found = {number: [one] for number, one in one_by_one.items()}
    houses: dict[uuid.UUID, str] = dict(
        Household.objects.owned_by(viewer)
        .filter(number__in=set(numbers) - found.keys())
        .values_list("pk", "number")
    )
    members: dict[str, list[Individual]] = defaultdict(list)
    for one in loaded.filter(household__in=houses, merged_into=None).order_by("pk") if houses else ():
        members[houses[one.household_id]].append(one)
    found |= {number: active for number, all_ in members.items() if (active := _there(all_))}
    return found, [Unknown(one, _why(one)) for one in numbers if one not in found]


def _there(members: list[Individual]) -> list[Individual]:
    """Return those whose record counts; of a group of which none does, all who are not dead or gone for good."""
    counted = [one for one in members if one.process_status in COUNTED]
    return counted or [one for one in members if one.process_status != ProcessStatus.CLOSED]


def _why(number: str) -> str:
    if is_slip(number):
        return _("This is no number of a card or slip. Check it for a slip in typing.")
    return _("Your agency knows nobody under this number.")
