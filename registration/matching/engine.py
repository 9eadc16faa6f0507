"""Who in a register may these people be? For a whole chunk at once: keys find, levels compare, weights score, families decide.

The register is anything that answers three questions (Register): the database behind its walls, two files, or a list of rows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import product
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from registration.rules.comparing import (
    FIELDS,
    LEVELS,
    MISSING,
    Beside,
    Record,
    beside_names,
    compare,
    contradict,
)
from registration.rules.families import MOST, within_families
from registration.rules.weights import Weights, chances

POSSIBLE = -1.0  # bits: from here on a person looks at the pair (docs/accuracy.md: where most is found for the least looking)
HINT = (
    -3.0
)  # bits: from here on somebody is shown while one person is typed in, of whom the family is not known yet
SAME = 5.0  # bits: from here on they are taken for one person until somebody looks
KIN = 3.0  # bits: from here on they are shown as likely relatives
HOPELESS = -6.0  # bits, were all names the same: then they are not compared
FAR = 15.0  # bits by which somebody else is likelier: then this one is hardly meant, too
TWICE = 5.0  # bits that it costs to be both: one in thirty of a register stands in it twice
BEGINS = -4.0  # bits: how likely one pair must be for two families to be compared person by person
FEW = 20  # people with somebody's keys are all compared; of more only those who may be the person

BESIDE = ("birth_date", "sex", "nationality", "mother_name", "phone", "document")

Ref = Hashable


class Probe(NamedTuple):
    """Somebody who arrives: what is known of them, the keys to look up, and what those who arrive together have in common.

    Of somebody in the register that is their household, in which nobody is looked for. sure: the keys that are no mere name.
    """

    record: Record
    keys: Sequence[int]
    household: Hashable = None
    sure: frozenset[int] = frozenset()


class Known(NamedTuple):
    """Somebody in the register."""

    record: Record
    household: Ref
    own: bool = True


class Register(Protocol):
    """What may be asked of a register."""

    def sharing(self, probes: Sequence[Probe]) -> Iterable[tuple[int, Ref]]:
        """Yield (place of the probe, somebody who has one of its keys), each once; whom `likely` leaves out may be missing."""

    def known(self, refs: Collection[Ref]) -> Mapping[Ref, Known]:
        """Return what is known of these people."""

    def members(self, households: Collection[Ref]) -> Mapping[Ref, Known]:
        """Return everybody in these households."""


class Match(NamedTuple):
    """A pair that is worth a look. score: bits, for one person where `same`, else for relatives; alone: without the family's part.

    levels, stranger, relative: what each of FIELDS says, and its bits for one person against a stranger and against a relative.
    """

    ref: Ref
    known: Known
    score: float
    same: bool
    alone: float
    levels: tuple[int, ...]
    stranger: tuple[float, ...]
    relative: tuple[float, ...]

    @property
    def evidence(self) -> list[list[object]]:
        """[field, level, bits against stranger, bits against relative] of each field that says anything, the weightiest first."""
        found = [
            [field, LEVELS[field][level], round(stranger, 1), round(relative, 1)]
            for field, level, stranger, relative in zip(
                FIELDS, self.levels, self.stranger, self.relative, strict=True
            )
            if level != MISSING and field != "order"
        ]
        if self.levels[0] > 1:
            found.append(
                [
                    "order",
                    LEVELS["order"][self.levels[0]],
                    round(self.stranger[0], 1),
                    round(self.relative[0], 1),
                ]
            )
        if self.score - self.alone > 1 and self.same:
            found.append(
                ["family", "registered", round(self.score - self.alone, 1), round(self.score - self.alone, 1)]
            )
        return sorted(found, key=lambda one: -abs(float(one[2])))  # type: ignore[arg-type]


class _Pairs:
    """Pairs that are compared: who, and how they agree."""

    def __init__(self, weights: Weights, probes: Sequence[Probe]) -> None:
        self.weights, self.probes = weights, probes
        self.place: list[int] = []
        self.refs: list[Ref] = []
        self.known: list[Known] = []
        self.at: dict[tuple[int, Ref], int] = {}
        self.best: dict[int, float] = {}
        self.worth: dict[Beside, float] = {}
        width = len(FIELDS)
        self.levels = np.zeros((0, width), np.uint8)
        self.stranger = self.relative = np.zeros((0, width), np.float64)

    def add(
        self, pairs: Iterable[tuple[int, Ref]], people: Mapping[Ref, Known], *, all_: bool = False
    ) -> None:
        """Compare further pairs; those of people who are not known, and those that were compared before, are left out.

        But for `all_`, so are those that the names could not make likely any more.
        """
        levels: list[tuple[int, ...]] = []
        found: list[list[float]] = []
        names = self.weights.names
        for place, ref in pairs:
            known = people.get(ref)
            if known is None or (place, ref) in self.at or known.household == self.probes[place].household:
                continue
            record = self.probes[place].record
            beside = beside_names(record, known.record)
            if not all_ and self._best(place) + self._worth(beside) < HOPELESS:
                continue
            agree, shared = compare(record, known.record, beside)
            self.at[place, ref] = len(self.refs)
            self.place.append(place)
            self.refs.append(ref)
            self.known.append(known)
            levels.append(agree)
            found.append(chances(names, record, agree, shared))
        if levels:
            fresh = np.array(levels, np.uint8)
            stranger, relative = self.weights.evidence(fresh, np.array(found, np.float32))
            self.levels = np.concatenate([self.levels, fresh])
            self.stranger = np.concatenate([self.stranger, stranger])
            self.relative = np.concatenate([self.relative, relative])

    def _best(self, place: int) -> float:
        """Return the bits that somebody's names and place of birth are worth, should all of them agree; with the odds beforehand."""
        if place not in self.best:
            self.best[place] = self.weights.at_best(self.probes[place].record)
        return self.best[place]

    def _worth(self, beside: Beside) -> float:
        found = self.worth.get(beside)
        if found is None:
            found = self.worth[beside] = self.weights.worth(dict(zip(BESIDE, beside, strict=True)))
        return found

    def alone(self) -> NDArray[np.float64]:
        """Return the score of each pair by itself."""
        return self.weights.odds(self.stranger.sum(axis=1), self.relative.sum(axis=1))

    def kin(self) -> NDArray[np.float64]:
        """Return the bits for relatives, against one person and stranger together, of each pair."""
        return self.weights.odds_of_relatives(self.stranger.sum(axis=1), self.relative.sum(axis=1))


class Hit(NamedTuple):
    """Somebody who shares a key with the probe at this place; sure: one that is no mere name."""

    place: int
    ref: Ref
    birth: date | None
    sex: str
    sure: bool


def likely(hits: Sequence[Hit], probes: Sequence[Probe]) -> list[tuple[int, Ref]]:
    """Return (place, ref) of the hits. Where a probe has more than FEW of them, those that contradict it share more than names."""
    many = Counter(hit.place for hit in hits)
    return [
        (hit.place, hit.ref)
        for hit in hits
        if hit.sure or many[hit.place] <= FEW or not contradict(probes[hit.place].record, hit.birth, hit.sex)
    ]


def found_by_keys(
    probes: Sequence[Probe], register: Register
) -> tuple[list[tuple[int, Ref]], Mapping[Ref, Known]]:
    """Return (place, ref) of the pairs that are worth comparing, and what is known of these people."""
    shared = list(register.sharing(probes))
    people = register.known({ref for _place, ref in shared})
    return [(place, ref) for place, ref in shared if ref in people], people


def matches(
    probes: Sequence[Probe], register: Register, weights: Weights, *, cut: float = POSSIBLE
) -> list[list[Match]]:
    """Return for each of these people who they may be (from `cut` bits on) or are related to, the likeliest first.

    Those of one household should come in one call: what one member's match says of the others counts.
    """
    pairs = _Pairs(weights, probes)
    pairs.add(*found_by_keys(probes, register))
    alone = pairs.alone()
    houses = _houses(pairs, alone)
    if houses:
        members = register.members({other for _one, other in houses})
        pairs.add(_across(probes, members, houses), members, all_=True)
        alone = pairs.alone()
    score = alone.copy()
    for at, sizes in _by_house(pairs, houses):
        score[at] = within_families(
            [(pairs.place[one], pairs.refs[one]) for one in at],
            pairs.stranger[at].sum(axis=1),
            pairs.relative[at].sum(axis=1),
            sizes=sizes,
            people=weights.people,
        )
    return _found(pairs, _beside_others(pairs, score), alone, cut)


def _beside_others(pairs: _Pairs, score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the scores with less for those beside whom somebody else of the register is far likelier to be meant."""
    best, place = np.full(len(pairs.probes), -np.inf), np.array(pairs.place, np.intp)
    np.maximum.at(best, place, score)
    return np.where(best[place] > score + FAR, score - TWICE, score)


Houses = set[tuple[Hashable, Ref]]


def _houses(pairs: _Pairs, alone: NDArray[np.float64]) -> Houses:
    """Return the pairs of households of which one pair of people is likely enough to compare them all."""
    return {
        (pairs.probes[pairs.place[at]].household, pairs.known[at].household)
        for at in np.flatnonzero(alone >= BEGINS)
        if pairs.probes[pairs.place[at]].household is not None
    }


def _across(
    probes: Sequence[Probe], members: Mapping[Ref, Known], houses: Houses
) -> Iterator[tuple[int, Ref]]:
    """Yield every pair of people of two such households; institutions are left out."""
    arrived: dict[Hashable, list[int]] = defaultdict(list)
    for place, probe in enumerate(probes):
        arrived[probe.household].append(place)
    there: dict[Ref, list[Ref]] = defaultdict(list)
    for ref, known in members.items():
        there[known.household].append(ref)
    for one, other in houses:
        if max(len(arrived[one]), len(there[other])) <= MOST:
            yield from product(arrived[one], there[other])


def _by_house(pairs: _Pairs, houses: Houses) -> Iterator[tuple[list[int], tuple[int, int]]]:
    """Yield the pairs of each two households, and how many people of each were compared."""
    found: dict[tuple[Hashable, Ref], list[int]] = defaultdict(list)
    for at, (place, known) in enumerate(zip(pairs.place, pairs.known, strict=True)):
        house = (pairs.probes[place].household, known.household)
        if house in houses:
            found[house].append(at)
    for some in found.values():
        sizes = len({pairs.place[one] for one in some}), len({pairs.refs[one] for one in some})
        if len(some) > 1 and max(sizes) <= MOST:
            yield some, sizes


def _found(
    pairs: _Pairs, score: NDArray[np.float64], alone: NDArray[np.float64], cut: float
) -> list[list[Match]]:
    found: list[list[Match]] = [[] for _one in pairs.probes]
    kin = pairs.kin()
    for at in np.flatnonzero((score >= cut) | (kin >= KIN)):
        same = bool(score[at] >= cut)
        found[pairs.place[at]].append(
            Match(
                pairs.refs[at],
                pairs.known[at],
                float(score[at] if same else kin[at]),
                same,
                float(alone[at]),
                tuple(pairs.levels[at].tolist()),
                tuple(pairs.stranger[at].tolist()),
                tuple(pairs.relative[at].tolist()),
            )
        )
    for some in found:
        some.sort(key=lambda one: (not one.same, -one.score, str(one.ref)))
    return found
