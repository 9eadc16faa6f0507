"""What do people of this register share by chance, as relatives, as one person? Learned without anybody's answers (duplicates.md 5.2).

Strangers: random pairs of one nationality for the names, pairs with the same names for everything else. Relatives: pairs of one
household with one family name. One person: expectation maximisation over the pairs that keys bring together, with fixed odds
beforehand. All of it starts from the weights that are shipped, so that a small register changes little.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, islice, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registration.rules.comparing import (
    CLOSE,
    FIELDS,
    LEVELS,
    MISSING,
    NAMED,
    PART,
    SAME,
    SOUNDS,
    Record,
    compare,
)
from registration.rules.names import forms
from registration.rules.weights import WIDTH, Chances, Levels, Names, Weights

SMALL = (
    5000  # people: a smaller register is treated as if it had so many, since a few people in it say little
)
ROUNDS = 15  # of expectation and maximisation: it changes little after ten
SEED = 1969  # of the choice of pairs: the same register learns the same weights
MOST = 25_000  # pairs of a kind
ALIKE = 20  # pairs of strangers with one name, at most
LABELS = 10  # pairs that count as one that somebody has decided
FLOOR = 1e-5  # no level is rarer than this
TRUST = {"same": 100.0, "stranger": 200.0, "relative": 50.0}  # how many pairs the shipped weights count for

Chance = NDArray[np.float64]  # fields x levels: probabilities; 1 where a level is missing

_NAME_SAME = {
    "same": 0.87,
    "sounds": 0.08,
    "close": 0.01,
    "part": 0.013,
    "initial": 0.003,
    "near": 0.01,
    "differs": 0.02,
}
_NAME_STRANGER = {
    "same": 0.008,
    "sounds": 0.004,
    "close": 0.0013,
    "part": 0.0015,
    "initial": 1e-4,
    "near": 0.004,
    "differs": 0.98,
}
_SHARED = {
    "same": 0.85,
    "sounds": 0.09,
    "close": 0.008,
    "part": 0.015,
    "initial": 0.001,
    "near": 0.01,
    "differs": 0.03,
}
_SAME: Mapping[str, Mapping[str, float]] = {
    "order": {"straight": 0.83, "family_first": 0.05, "father_first": 0.02, "father_as_family": 0.02, "any": 0.08},
    "given_name": _NAME_SAME,
    "father_name": _NAME_SAME,
    "family_name": _NAME_SAME,
    "birth_date": {
        "day": 0.54, "january": 0.12, "year": 0.11, "swapped": 0.012, "digit": 0.043, "same_year": 0.003,
        "next_year": 0.065, "next_estimate": 0.036,
        "years_estimate": 0.065, "years": 0.003, "differs": 0.003,
    },
    "sex": {"same": 0.993, "differs": 0.007},
    "nationality": {"same": 0.995, "differs": 0.005},
    "birth_place": {"same": 0.92, "close": 0.015, "differs": 0.065},
    "mother_name": {**_NAME_SAME, "differs": 0.006},
    "phone": {"same": 0.47, "differs": 0.53},
    "document": {"same": 0.64, "booklet": 0.2, "differs": 0.14, "close": 0.02},
}  # fmt: skip
_STRANGER: Mapping[str, Mapping[str, float]] = {
    "order": dict.fromkeys(LEVELS["order"][1:], 1.0),
    "given_name": _NAME_STRANGER,
    "father_name": _NAME_STRANGER,
    "family_name": _NAME_STRANGER,
    "birth_date": {
        "day": 4e-5, "january": 0.0005, "year": 0.006, "swapped": 4e-5, "digit": 0.0004, "same_year": 0.0075,
        "next_year": 1e-4, "next_estimate": 0.015,
        "years_estimate": 0.055, "years": 0.03, "differs": 0.885,
    },
    "sex": {"same": 0.7, "differs": 0.3},
    "nationality": {"same": 0.5, "differs": 0.5},
    "birth_place": {"same": 0.05, "close": 0.005, "differs": 0.945},
    "mother_name": {**_NAME_STRANGER, "same": 0.002, "sounds": 0.001, "part": 0.02},
    "phone": {"same": 2e-5, "differs": 1.0},
    "document": {"same": 1e-7, "booklet": 1e-5, "differs": 1.0, "close": 0.001},
}  # fmt: skip
_RELATIVE: Mapping[str, Mapping[str, float]] = {
    **_STRANGER,
    "father_name": _SHARED,
    "family_name": _SHARED,
    "birth_date": {
        "day": 0.006, "january": 0.0045, "year": 0.02, "swapped": 1e-5, "digit": 0.0045, "same_year": 0.035,
        "next_year": 0.0012, "next_estimate": 0.046,
        "years_estimate": 0.16, "years": 0.18, "differs": 0.54,
    },
    "sex": {"same": 0.5, "differs": 0.5},
    "nationality": {"same": 0.995, "differs": 0.005},
    "birth_place": {"same": 0.7, "close": 0.015, "differs": 0.285},
    "mother_name": {**_SHARED, "differs": 0.2},
    "phone": {"same": 0.24, "differs": 0.76},
    "document": {"same": 1e-7, "booklet": 0.15, "differs": 0.83, "close": 0.02},
}  # fmt: skip


def _table(given: Mapping[str, Mapping[str, float]]) -> Chance:
    """The probabilities as an array; those of a field add up to one, but for `order`, which strangers have in any way."""
    table = np.ones((len(FIELDS), WIDTH))
    for at, (name, levels) in enumerate(LEVELS.items()):
        found = np.array([given[name].get(level, FLOOR) for level in levels[1:]])
        table[at, 1 : len(levels)] = found if name == "order" else found / found.sum()
    return table


SHIPPED = {"same": _table(_SAME), "stranger": _table(_STRANGER), "relative": _table(_RELATIVE)}


def shipped(*, people: int) -> Weights:
    """The weights of a register that has learned nothing yet."""
    return weights_of(SHIPPED, names=Names(), people=people)


def weights_of(tables: Mapping[str, Chance], *, names: Names, people: int) -> Weights:
    """Weights from the probabilities of the three classes."""
    return Weights(
        np.log2(tables["same"]),
        np.log2(tables["stranger"]),
        np.log2(tables["relative"]),
        names,
        max(people, SMALL),
    )


def tables_of(weights: Weights) -> dict[str, dict[str, dict[str, float]]]:
    """The probabilities of weights by name, as they are kept."""
    kept = {"same": weights.same, "stranger": weights.stranger, "relative": weights.relative}
    return {
        kind: {
            name: {level: float(2 ** table[at, place]) for place, level in enumerate(levels) if place}
            for at, (name, levels) in enumerate(LEVELS.items())
        }
        for kind, table in kept.items()
    }


def weights_from(
    tables: Mapping[str, Mapping[str, Mapping[str, float]]], names: Names, *, people: int
) -> Weights:
    """Weights from what was kept; a field or level that was not known then is worth what is shipped."""
    found = {kind: table.copy() for kind, table in SHIPPED.items()}
    for kind, fields in tables.items():
        for at, (name, levels) in enumerate(LEVELS.items()):
            for place, level in enumerate(levels):
                if place and level in fields.get(name, ()):
                    least = min(FLOOR, found[kind][at, place])
                    found[kind][at, place] = max(fields[name][level], least)
    return weights_of(found, names=names, people=people)


def strangers(people: Sequence[tuple[object, Record]]) -> Levels:
    """How people agree who have the same given and family name and live in other households: (household, record) of a sample."""
    alike: dict[tuple[str, str], list[tuple[object, Record]]] = defaultdict(list)
    for house, record in people:
        given, family = forms(record.given), forms(record.family)
        if given and family:
            alike[given[0][1], family[-1][1]].append((house, record))
    choice = random.Random(SEED)  # noqa: S311 - a sample
    pairs = []
    for some in alike.values():
        choice.shuffle(some)
        pairs += [(a[1], b[1]) for a, b in pairwise(some[: ALIKE + 1]) if a[0] != b[0]]
    return _levels(pairs)


def anybody(people: Sequence[tuple[object, Record]]) -> Levels:
    """How two people of one nationality agree whom nothing else brings together."""
    nations: dict[str, list[tuple[object, Record]]] = defaultdict(list)
    for one in people:
        nations[one[1].nationality].append(one)
    choice = random.Random(SEED)  # noqa: S311 - a sample
    groups = [some for some in nations.values() if len(some) > 1]
    if not groups:
        return _levels([])
    drawn = choice.choices(groups, [len(some) for some in groups], k=min(MOST, 10 * len(people)))
    pairs = [(choice.choice(some), choice.choice(some)) for some in drawn]
    return _levels((a[1], b[1]) for a, b in pairs if a[0] != b[0])


def relatives(people: Sequence[tuple[object, Record]]) -> Levels:
    """How people of one household agree who have one family name, and one father's name where both are known."""
    houses: dict[object, list[Record]] = defaultdict(list)
    for house, record in people:
        houses[house].append(record)
    found = _levels(pair for some in houses.values() if len(some) <= ALIKE for pair in combinations(some, 2))
    father, family = FIELDS.index("father_name"), FIELDS.index("family_name")
    kin = np.isin(found[:, family], _SHARED_LEVELS) & np.isin(found[:, father], (MISSING, *_SHARED_LEVELS))
    return found[kin]


_SHARED_LEVELS = (SAME, SOUNDS, CLOSE, PART)


def _levels(pairs: Iterable[tuple[Record, Record]]) -> Levels:
    return np.array([compare(a, b)[0] for a, b in islice(pairs, MOST)], np.uint8).reshape(-1, len(FIELDS))


def arrays(levels: Sequence[Sequence[int]], chances: Sequence[Sequence[float]]) -> tuple[Levels, Chances]:
    """Levels and chances of compared pairs as arrays."""
    return (
        np.array(levels, np.uint8).reshape(-1, len(FIELDS)),
        np.array(chances, np.float32).reshape(-1, len(NAMED)),
    )


def levels_of(evidence: Iterable[Sequence[Any]]) -> list[int]:
    """The level of each field, from what was kept of a pair (engine.Match.evidence)."""
    said = {field: level for field, level, *_bits in evidence}
    said.setdefault("order", "straight")
    return [
        levels.index(said[name]) if said.get(name) in levels else MISSING for name, levels in LEVELS.items()
    ]


def _counted(levels: Levels, weight: NDArray[np.float64] | None = None) -> Chance:
    return np.array(
        [np.bincount(levels[:, at], weights=weight, minlength=WIDTH) for at in range(len(FIELDS))], float
    )


def _probable(counts: Chance, kind: str) -> Chance:
    """The probabilities of the levels, from counts and what is shipped."""
    table = np.ones_like(counts)
    for at, levels in enumerate(LEVELS.values()):
        width = len(levels)
        found = counts[at, 1:width] + TRUST[kind] * SHIPPED[kind][at, 1:width]
        table[at, 1:width] = np.maximum(found / found.sum(), FLOOR)
    return table


def learn(
    names: Names,
    *,
    people: int,
    candidates: tuple[Levels, Chances],
    alike: Levels,
    any_two: Levels,
    kin: Levels,
    decided: Levels | None = None,
) -> Weights:
    """Learn the weights. candidates: the pairs that keys bring together, people of a sample against the register. alike, any_two, kin:
    see strangers, anybody, relatives. decided: pairs of which people said that they are one person; they count ten times."""
    levels, chances = candidates
    tables = {kind: table.copy() for kind, table in SHIPPED.items()}
    households = _counted(kin)
    born = FIELDS.index("birth_date")
    for _round in range(ROUNDS):
        now = weights_of(tables, names=names, people=people)
        chance = _likely(now, levels, chances)
        counts = _counted(levels, chance)
        if decided is not None:
            counts += LABELS * _counted(decided)
        tables["same"] = _probable(counts, "same")
        rare = np.full(
            (len(alike), len(NAMED)), -9.0, np.float32
        )  # as if their common names were of middling frequency
        tables["stranger"] = _probable(_counted(alike, 1 - _likely(now, alike, rare)), "stranger")
        for name in NAMED:
            tables["stranger"][FIELDS.index(name)] = _probable(_counted(any_two), "stranger")[
                FIELDS.index(name)
            ]
        tables["stranger"][0] = 1.0
        tables["relative"] = _relatives(tables, households)
        tables["relative"][born] = _probable(households, "relative")[born]
    return weights_of(tables, names=names, people=people)


def _likely(weights: Weights, levels: Levels, chances: Chances) -> NDArray[np.float64]:
    if not len(levels):
        return np.zeros(0)
    stranger, relative = weights.evidence(levels, chances)
    return 1 / (1 + np.exp2(-np.clip(weights.odds(stranger.sum(axis=1), relative.sum(axis=1)), -60, 60)))


def _relatives(tables: Mapping[str, Chance], households: Chance) -> Chance:
    """What relatives share they share as one person's records do, with all the spellings of two clerks; the rest as strangers do.

    In one household one clerk wrote all names alike, so that only whether a name is shared is taken from there.
    """
    found = tables["stranger"].copy()
    trust = TRUST["relative"]
    for name in ("father_name", "family_name", "birth_place", "mother_name", "phone"):
        at = FIELDS.index(name)
        good = [
            place for place, level in enumerate(LEVELS[name]) if level in ("same", "sounds", "close", "part")
        ]
        before = SHIPPED["relative"][at]
        shared = households[at, good].sum() + trust * before[good].sum()
        share = shared / (households[at, 1:].sum() + trust * before[1 : len(LEVELS[name])].sum())
        found[at, 1:] = share * tables["same"][at, 1:] + (1 - share) * tables["stranger"][at, 1:]
    for name in ("sex", "nationality"):
        at = FIELDS.index(name)
        found[at] = _probable(households, "relative")[at]
    at = FIELDS.index("document")
    alone = _probable(households, "relative")[at]
    booklet = alone[2] * (1 - tables["same"][at, 3])  # the same paper, if they bring it again
    found[at, 1:4] = (FLOOR, max(booklet, FLOOR), 1 - booklet)
    return found
