"""What is the agreement of two records worth? Three classes: the same person, a relative, a stranger (duplicates.md 5.2).

Fellegi and Sunter's model with a third class. The score is the binary logarithm of the odds that two records are one person, against
relative and stranger together; 0 is even odds. What strangers share by chance is learned from people of the register, what relatives
share from households, what one person's records share by expectation maximisation over the pairs that keys bring together, with odds
beforehand that are fixed: without them the method finds a class of its own liking in a large register.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registration.rules.comparing import FIELDS, LEVELS, NAMED, PART, SAME, SOUNDS, STRAIGHT, Forms, Record
from registration.rules.names import forms

Levels = NDArray[np.uint8]  # pairs x fields
Chances = NDArray[
    np.float32
]  # pairs x names: log2 of how frequent the shared name is; 0 where that does not count

Bits = NDArray[np.float64]
WIDTH = max(map(len, LEVELS.values()))
CAP = 8.0  # bits that one field may say against
PRIOR_SAME = 0.2  # of those who arrive so many are registered already
PRIOR_RELATIVE = (
    0.25  # for each who arrives: brothers and sisters in the register who could be taken for them
)
ENOUGH = 200  # people: of fewer the frequency of names says nothing
UNKNOWN = -7.0  # then a name is as frequent as one of a hundred and twenty-eight: some are, many are not
RARE = 1000  # a name that was not met is as rare as if it were one in so many more
_PLACES = [FIELDS.index(name) for name in NAMED]


@dataclass
class Names:
    """How frequent names are, by nationality; "" is all of them. Folds and, under "~", skeletons."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    people: Counter[str] = field(default_factory=Counter)

    @classmethod
    def kept(cls, said: Mapping[str, Any]) -> Names:
        """Return what `keep` returned."""
        return cls(
            {nation: Counter(names) for nation, names in said["counts"].items()}, Counter(said["people"])
        )

    def keep(self) -> dict[str, Any]:
        """Return the counts as plain values, to be stored."""
        return {"counts": self.counts, "people": self.people}

    def count(self, record: Record) -> None:
        """Count the names of one person."""
        for nationality in {record.nationality, ""}:
            counts = self.counts.setdefault(nationality, Counter())
            self.people[nationality] += 1
            for role, words in zip(
                "gfl", map(forms, (record.given, record.father, record.family)), strict=True
            ):
                for word in words if len(words) < 2 else (*words, _joined(words)):
                    counts[role + word[0]] += 1
                    counts[role + "~" + word[1]] += 1

    def add(self, other: Names) -> None:
        """Add what was counted elsewhere."""
        self.people.update(other.people)
        for nationality, counts in other.counts.items():
            self.counts.setdefault(nationality, Counter()).update(counts)

    def forget_rare(self, fewer_than: int = 3) -> None:
        """Forget names that few people have: they count as rare, and stand in no table of frequencies."""
        self.counts = {
            nationality: Counter({name: times for name, times in counts.items() if times >= fewer_than})
            for nationality, counts in self.counts.items()
        }

    def chance(self, role: int, words: Forms, level: int, nationality: str, *, anywhere: bool) -> float:
        """The binary logarithm of how often a stranger of this nationality has the name; 0 where the level does not say.

        anywhere: the name may stand in any column.
        """
        if not words or level not in (SAME, SOUNDS, PART):
            return 0.0
        people = self.people[nationality]
        if people < ENOUGH:
            nationality, people = "", self.people[""]
        if people < ENOUGH:
            return UNKNOWN
        counts: Mapping[str, int] = self.counts.get(nationality) or {}
        fold, bones = words[0] if len(words) == 1 else _joined(words)
        times = 0
        for prefix in "gfl" if anywhere else "gfl"[role]:
            known = counts.get(prefix + fold, 0) if level == SAME else 0
            times = max(times, known or counts.get(prefix + "~" + bones, 0))
        return log2((times + 1) / (people + RARE))


def _joined(words: Forms) -> tuple[str, str]:
    return " ".join(fold for fold, _ in words), " ".join(bones for _, bones in words)


def chances(
    names: Names, record: Record, levels: Sequence[int], shared: tuple[Forms, Forms, Forms]
) -> list[float]:
    """How frequent each of the three shared names is among the record's people, as binary logarithms."""
    return [
        names.chance(role, words, levels[at], record.nationality, anywhere=levels[0] != STRAIGHT)
        for role, (at, words) in enumerate(zip(_PLACES, shared, strict=True))
    ]


@dataclass
class Weights:
    """What each level of each field is worth: binary logarithms of its probability in the three classes (fields x levels)."""

    same: NDArray[np.float64]
    stranger: NDArray[np.float64]
    relative: NDArray[np.float64]
    names: Names = field(default_factory=Names)
    people: int = 1000  # in the register

    def evidence(self, levels: Levels, chances: Chances) -> tuple[Bits, Bits]:
        """Bits of each pair and field for one person, against a stranger and against a relative."""
        at = np.arange(len(FIELDS)), levels
        stranger = self.stranger[at]
        for role, place in enumerate(_PLACES):
            known = chances[:, role] != 0
            stranger[known, place] = chances[known, role]
        same = self.same[at]
        return np.maximum(same - stranger, -CAP), np.maximum(same - self.relative[at], -CAP)

    def worth(self, levels: Mapping[str, int]) -> float:
        """Return the bits against a stranger of these levels of some fields."""
        places = [(FIELDS.index(name), level) for name, level in levels.items()]
        return sum(max(float(self.same[at] - self.stranger[at]), -CAP) for at in places)

    def at_best(self, record: Record) -> float:
        """Return the bits that a record's names and place of birth are worth at most, with the odds beforehand."""
        everywhere = not record.family or not record.given
        named = (
            [forms(record.given), forms(record.father), forms(record.family)]
            if record.given or record.family
            else [(one,) for one in forms(record.native)]
        )
        names = [
            -self.names.chance(min(role, 2), words, SAME, record.nationality, anywhere=everywhere)
            for role, words in enumerate(named)
        ]
        place = FIELDS.index("birth_place")
        return float(
            sum(names) + self.same[place, 1] - self.stranger[place, 1] + np.log2(PRIOR_SAME / self.people)
        )

    def odds(self, stranger: Bits, relative: Bits) -> Bits:
        """Return the score: bits for one person against relative and stranger together, from the sums of both."""
        same = np.log2(PRIOR_SAME / self.people) + stranger
        kin = np.log2(PRIOR_RELATIVE / self.people) + stranger - relative
        score: Bits = same - np.logaddexp2(0.0, kin)
        return score

    def odds_of_relatives(self, stranger: Bits, relative: Bits) -> Bits:
        """Return the bits for relatives, against one person and stranger together."""
        same = np.log2(PRIOR_SAME / self.people) + stranger
        kin = np.log2(PRIOR_RELATIVE / self.people) + stranger - relative
        score: Bits = kin - np.logaddexp2(0.0, same)
        return score
