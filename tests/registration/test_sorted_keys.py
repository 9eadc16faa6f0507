"""Do sorted numbers say of a list's keys what a plain comparison would?"""

from __future__ import annotations

import random
from datetime import date

from registration.matching.engine import FEW, Hit, Probe, likely
from registration.matching.sorted_keys import Holder, Part, SortedKeys
from registration.rules.comparing import Record

KEYS = [-(1 << 63), -5, 0, 7, 11, 13, (1 << 63) - 1]


def test_everybody_who_shares_a_key_that_is_no_crowds_is_told_once() -> None:
    chance = random.Random(3)  # noqa: S311 - people, no secret
    people = [
        Holder(
            number, chance.sample(KEYS, chance.randint(0, 3)), date(1990, 1, number % 28 + 1) if number % 3 else None,
            chance.choice("FMU"),
        )
        for number in range(1, 60)
    ]  # fmt: skip
    crowd = 12
    keys = SortedKeys([Part(people[:20]), Part([]), Part(people[20:])], crowd=crowd)
    asked = [chance.sample(KEYS, chance.randint(0, 4)) for _one in range(30)]
    probes = [Probe(Record(), some, sure=frozenset(some[:1])) for some in asked]
    told = {key for key in KEYS if sum(key in one.keys for one in people) <= crowd}
    assert told < set(KEYS), "one of them is a crowd's"
    expected = [
        Hit(
            place,
            one.id,
            one.birth,
            one.sex if one.sex in "FM" else "",
            bool(told & probe.sure & set(one.keys)),
        )
        for place, probe in enumerate(probes)
        for one in people
        if told & set(probe.keys) & set(one.keys)
    ]
    assert keys.sharing(probes) == expected


def test_an_empty_list_shares_nothing() -> None:
    assert SortedKeys([], crowd=5).sharing([Probe(Record(), [1, 2])]) == []
    assert SortedKeys([Part([Holder(1, [1], None, "")])], crowd=5).sharing([]) == []


def test_of_many_with_a_name_those_are_left_out_whose_birth_or_sex_contradicts() -> None:
    somebody = Probe(Record(birth=date(1990, 5, 24), sex="F"), [1])
    day, year, wrong = date(1990, 5, 24), date(1990, 1, 1), date(1974, 2, 3)
    of_interest = [
        Hit(0, "same day, other sex", day, "M", sure=False), Hit(0, "year", year, "F", sure=False),
        Hit(0, "telephone", wrong, "M", sure=True), Hit(0, "unknown", None, "", sure=False),
    ]  # fmt: skip
    others = [
        Hit(0, "year, other sex", year, "M", sure=False),
        *(Hit(0, n, wrong, "F", sure=False) for n in range(FEW)),
    ]
    assert likely([*of_interest, *others], [somebody]) == [(0, one.ref) for one in of_interest]
    few = [*of_interest, *others][:FEW]
    assert likely(few, [somebody]) == [(0, one.ref) for one in few]
