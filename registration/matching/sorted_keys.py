"""Who of a list has which key? Sorted numbers in memory, about three hundred bytes a person: processes that are forked share them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from registration.matching.engine import Hit, Probe

_SEXES = ("", "F", "M")
_ID = 32  # bits


class Holder(NamedTuple):
    """Somebody of the list: id (below 2**31), keys, and what tells unlikely people apart."""

    id: int
    keys: Sequence[int]
    birth: date | None
    sex: str


class Part:
    """The keys of some people, as arrays: small enough to be handed from one process to another."""

    def __init__(self, people: Sequence[Holder]) -> None:
        self.ids = np.array([one.id for one in people], np.int32)
        self.births = np.array([one.birth.toordinal() if one.birth else 0 for one in people], np.int32)
        self.sexes = np.array([_SEXES.index(one.sex) if one.sex in _SEXES else 0 for one in people], np.uint8)
        self.counts = np.array([len(one.keys) for one in people], np.int32)
        self.keys = np.fromiter(chain.from_iterable(one.keys for one in people), np.int64)


class SortedKeys:
    """All keys of a list but those of more than `crowd` people: a common name, or the telephone of an office, tells nobody apart."""

    def __init__(self, parts: Iterable[Part], *, crowd: int) -> None:
        some = list(parts) or [Part([])]
        ids = np.concatenate([one.ids for one in some])
        self._births = np.zeros(int(ids.max(initial=0)) + 1, np.int32)
        self._births[ids] = np.concatenate([one.births for one in some])
        self._sexes = np.zeros(len(self._births), np.uint8)
        self._sexes[ids] = np.concatenate([one.sexes for one in some])
        holders = np.repeat(ids, np.concatenate([one.counts for one in some]))
        keys = np.concatenate([one.keys for one in some])
        order = np.argsort(keys)
        keys, holders = keys[order], holders[order]
        begins = (
            np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.arange(0)
        )
        times = np.diff(begins, append=len(keys))
        few = np.repeat(times <= crowd, times)
        self._keys: NDArray[np.int64] = keys[few]
        self._holders: NDArray[np.int32] = holders[few]

    def sharing(self, probes: Sequence[Probe]) -> list[Hit]:
        """Return everybody who shares a key with a probe, each once for a probe; refs are ids."""
        places = np.repeat(np.arange(len(probes)), [len(one.keys) for one in probes])
        keys = np.fromiter(chain.from_iterable(one.keys for one in probes), np.int64)
        sure = np.fromiter((key in one.sure for one in probes for key in one.keys), np.bool_)
        first = np.searchsorted(self._keys, keys)
        times = np.searchsorted(self._keys, keys, side="right") - first
        ends = np.cumsum(times)
        at = np.arange(ends[-1] if len(ends) else 0) + np.repeat(first - ends + times, times)
        pairs = np.repeat(places, times) << _ID | self._holders[at]
        each, which = np.unique(pairs, return_inverse=True)
        certain = np.zeros(len(each), np.bool_)
        certain[which[np.repeat(sure, times)]] = True
        ids = each & ((1 << _ID) - 1)
        columns = (each >> _ID, ids, self._births[ids], self._sexes[ids], certain)
        rows = zip(*(one.tolist() for one in columns), strict=True)
        return [
            Hit(place, one, date.fromordinal(born) if born else None, _SEXES[sex], is_sure)
            for place, one, born, sex, is_sure in rows
        ]
