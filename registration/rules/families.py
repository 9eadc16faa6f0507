"""Is a whole family registered already? What its other members say of each pair (duplicates.md 5.3).

Two households that share one likely pair are compared person by person. Nobody is two people of the other household, and that some
members came again makes it likelier that the others did: by as much as the pairs beside this one are sure.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from registration.rules.weights import PRIOR_RELATIVE, PRIOR_SAME

MOST = 20  # members: more are an institution, whose people have nothing else in common
AGAIN = 0.7  # of the members of a family that comes again
_SURE = 60.0  # bits: more is as sure as it gets

Bits = NDArray[np.float64]
Pair = tuple[Hashable, Hashable]


def assigned(scores: Mapping[Pair, float]) -> list[Pair]:
    """Return pairs of two households in which nobody appears twice, the likeliest first taken."""
    taken: set[tuple[str, Hashable]] = set()
    found = []
    for (one, other), _score in sorted(scores.items(), key=lambda item: -item[1]):
        both = {("one", one), ("other", other)}
        if taken.isdisjoint(both):
            taken |= both
            found.append((one, other))
    return found


def within_families(
    pairs: Sequence[Pair], stranger: Bits, relative: Bits, *, sizes: tuple[int, int], people: int
) -> Bits:
    """Return the scores of all pairs of two households, with what the others say.

    pairs: (member of one, member of the other); stranger, relative: the bits of each for one person, against both; sizes: how many
    members each of the two has; people: in the register.
    """
    alone = _odds(
        stranger,
        relative,
        np.full(len(pairs), PRIOR_SAME / people),
        np.full(len(pairs), PRIOR_RELATIVE / people),
    )
    if min(sizes) < 2:
        return _one_to_one(pairs, alone, assigned(dict(zip(pairs, alone, strict=True))))
    doubt = 1 / (1 + np.exp2(np.clip(alone, -_SURE, _SURE)))
    scores = alone
    taken: list[Pair] = []
    for _round in range(2):
        taken = assigned(dict(zip(pairs, scores, strict=True)))
        doubts = {pair: float(doubt[at]) for at, pair in enumerate(pairs) if pair in taken}
        same, kin = np.empty(len(pairs)), np.empty(len(pairs))
        for at, (one, other) in enumerate(pairs):
            beside = [left for (a, b), left in doubts.items() if a != one and b != other]
            again = 1 - float(np.prod(beside))  # 0 where there is nobody beside
            free = max(sizes[1] - sum(1 - left for left in beside), 1.0)
            same[at] = (1 - again) * PRIOR_SAME / people + again * AGAIN / free
            kin[at] = (1 - again) * PRIOR_RELATIVE / people + again * (1 - AGAIN / free)
        scores = _odds(stranger, relative, same, kin)
    return _one_to_one(pairs, scores, taken)


def _one_to_one(pairs: Sequence[Pair], scores: Bits, taken: Sequence[Pair]) -> Bits:
    """Leave to whoever is somebody else already no more than that is unlikely."""
    chosen = set(taken)
    best: dict[tuple[str, Hashable], float] = {}
    for (one, other), score in zip(pairs, scores, strict=True):
        if (one, other) in chosen:
            best["one", one] = best["other", other] = float(score)
    found = scores.copy()
    for at, (one, other) in enumerate(pairs):
        if (one, other) not in chosen:
            rival = max(best.get(("one", one), -_SURE), best.get(("other", other), -_SURE), 0.0)
            found[at] -= rival
    return found


def _odds(stranger: Bits, relative: Bits, same: Bits, kin: Bits) -> Bits:
    """Bits for one person against stranger and relative together; same, kin: their odds beforehand against a stranger."""
    return np.log2(same) + stranger - np.logaddexp2(0.0, np.log2(kin) + stranger - relative)
