"""Are one person, a relative and a stranger told apart, with and without what a register has taught, and by families?"""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration.matching.engine import KIN, POSSIBLE, SAME, Known, Match, Probe, matches
from registration.rules import learning
from registration.rules.comparing import FIELDS, LEVELS, Record, beside_names, compare, record_of
from registration.rules.evidence import packed, percent, said, unpacked
from registration.rules.families import assigned
from registration.rules.keys import Person, keys_of
from registration.rules.names import forms
from registration.rules.weights import Names, chances

SECRET = b"secret"
GIRL = Person(
    given_name="Fatima",
    father_name="Khaled",
    family_name="Al-Sayed",
    native_name="فاطمة خالد السيد",
    mother_name="Salma Haddad",
    sex="F",
    birth_date=date(2012, 8, 19),
    birth_precision="DAY",
    nationality="SYR",
    phones=("962791234567",),
    documents=("FB1234567",),
    document_types=("FAMILY_BOOKLET",),
    birth_place="Homs",
)


def record(person: Person) -> Record:
    return record_of(person, keys=keys_of(person, secret=SECRET).match, secret=SECRET)


class Listed:
    """A register of a few people in a list, the household of each beside them."""

    def __init__(self, *people: tuple[Person, object]) -> None:
        self.people = {at: Known(record(person), house) for at, (person, house) in enumerate(people)}

    def sharing(self, probes):
        for place, probe in enumerate(probes):
            for ref, known in self.people.items():
                if set(probe.keys) & set(known.record.keys):
                    yield place, ref

    def known(self, refs):
        return {ref: self.people[ref] for ref in refs}

    def members(self, households):
        return {ref: known for ref, known in self.people.items() if known.household in households}


def found(arrived: list[Person], *register: tuple[Person, object], people: int = 10_000) -> list[list[Match]]:
    """Whom those who arrive together may be, in a register that has learned nothing."""
    keys = [keys_of(one, secret=SECRET) for one in arrived]
    probes = [
        Probe(record(one), known.probe, "arrived", frozenset(known.sure + known.part))
        for one, known in zip(arrived, keys, strict=True)
    ]
    return matches(probes, Listed(*register), learning.shipped(people=people))


def score(one: Person, other: Person) -> float:
    """The score of two people by themselves, of a register of ten thousand."""
    weights = learning.shipped(people=10_000)
    levels, shared = compare(record(one), record(other))
    likely = np.array([chances(weights.names, record(one), levels, shared)], np.float32)
    stranger, relative = weights.evidence(np.array([levels], np.uint8), likely)
    return float(weights.odds(stranger.sum(axis=1), relative.sum(axis=1))[0])


@pytest.mark.parametrize(
    "again",
    [
        GIRL,
        GIRL._replace(given_name="Fatemeh", family_name="Alsayed", native_name=""),
        GIRL._replace(given_name="FATMA", father_name="KHALID", phones=("905301112233",)),
        GIRL._replace(given_name="Al-Sayed", family_name="Fatima", documents=(), document_types=()),
        GIRL._replace(given_name="Khaled", father_name="Fatima"),
        GIRL._replace(birth_date=date(2012, 1, 1), birth_precision="YEAR"),
        GIRL._replace(given_name="", father_name="", family_name=""),
    ],
)
def test_the_same_girl_is_taken_for_the_same(again: Person) -> None:
    ((match,),) = found([again], (GIRL, "house"))
    assert match.same
    assert match.score >= SAME
    field, level, stranger, relative = match.evidence[0]
    assert field in FIELDS
    assert all(said(field, level))
    assert stranger > relative - 20


@pytest.mark.parametrize(
    "relative",
    [
        GIRL._replace(given_name="Maryam", native_name="", birth_date=date(2010, 3, 2)),
        GIRL._replace(given_name="Hassan", native_name="", sex="M", birth_date=date(2014, 5, 6)),
        GIRL._replace(
            given_name="Layla", native_name="", birth_date=date(2009, 1, 1), birth_precision="YEAR"
        ),
    ],
)
def test_brothers_and_sisters_are_relatives(relative: Person) -> None:
    ((match,),) = found([relative], (GIRL, "house"))
    assert not match.same
    assert match.score >= KIN


@pytest.mark.parametrize("given", ["Maryam", "Hassan", "Fatin"])
def test_twins_are_never_taken_for_one_person(given: str) -> None:
    assert score(GIRL._replace(given_name=given, native_name=""), GIRL) < SAME


def test_a_parent_is_not_their_child() -> None:
    father = GIRL._replace(
        given_name="Khaled", father_name="Omar", sex="M", birth_date=date(1980, 1, 1), mother_name=""
    )
    assert score(father, GIRL) < POSSIBLE
    assert not any(match.same for match in found([father], (GIRL, "house"))[0])


def test_a_boy_who_bears_his_grandfathers_name_is_not_his_father() -> None:
    father = Person("Ahmad", "Khalil", "Haddad", sex="M", birth_date=date(1981, 5, 4), nationality="SYR")
    son = Person("Khalil", "Ahmad", "Haddad", sex="M", birth_date=date(2009, 7, 2), nationality="SYR")
    assert score(son, father) < POSSIBLE


def test_strangers_with_a_common_name_are_not_even_possible() -> None:
    one = Person("Mohamed", "Ahmed", "Ali", sex="M", birth_date=date(1990, 1, 1), mother_name="Amina Saleh")
    other = Person("Mohammed", "Ahmad", "Aly", sex="M", birth_date=date(1994, 6, 7), mother_name="Hawa Osman")
    assert score(one, other) < POSSIBLE


def test_a_frequent_name_weighs_less_than_a_rare_one() -> None:
    names = Names()
    for _one in range(500):
        names.count(record(Person("Mohamed", "Ahmed", "Ali", nationality="SDN")))
    names.count(record(Person("Wubshet", "Selomon", "Asimamaw", nationality="SDN")))
    common, rare = (record(Person(one, nationality="SDN")) for one in ("Mohamed", "Wubshet"))
    levels = [1] * len(FIELDS)
    (often, *_more) = chances(names, common, levels, (forms(common.given), (), ()))
    (seldom, *_more) = chances(names, rare, levels, (forms(rare.given), (), ()))
    assert seldom < often < 0


def test_a_family_that_came_again_makes_its_doubtful_member_likely() -> None:
    """The trial of duplicates.md 5.3: what the others say counts, and nobody is two people."""
    mother = Person("Salma", "Omar", "Haddad", sex="F", birth_date=date(1985, 2, 3), nationality="SYR")
    brother = GIRL._replace(given_name="Hassan", sex="M", native_name="", birth_date=date(2009, 4, 5))
    doubtful = Person("Fatma", "", "Sayid", sex="F", birth_date=date(2014, 1, 1), nationality="SYR")
    alone = found([doubtful], (GIRL, "house"), people=1_000_000)
    together = found(
        [doubtful, mother, brother], (GIRL, "house"), (mother, "house"), (brother, "house"), people=1_000_000
    )
    assert not any(match.same for match in alone[0])
    assert together[0][0].same
    assert together[0][0].ref == 0
    assert ["family", "registered"] in [one[:2] for one in together[0][0].evidence]
    assert [[match.ref for match in some if match.same] for some in together] == [[0], [1], [2]]


def test_nobody_of_a_household_is_two_people_of_another() -> None:
    assert assigned({("a", 1): 5.0, ("a", 2): 4.0, ("b", 1): 4.5, ("b", 2): 3.0}) == [("a", 1), ("b", 2)]


def test_a_passport_speaks_for_itself() -> None:
    one = Person(
        "Olena",
        "",
        "Shevchenko",
        birth_date=date(1990, 5, 24),
        documents=("AB123456",),
        document_types=("PASSPORT",),
    )
    other = Person(
        "Елена",
        "",
        "Шевченко",
        birth_date=date(1990, 5, 24),
        documents=("ab 123456",),
        document_types=("PASSPORT",),
    )
    ((match,),) = found([one], (other, "house"))
    assert match.score >= SAME
    assert ["document", "same"] in [one[:2] for one in match.evidence]


def test_what_may_not_be_seen_is_not_compared() -> None:
    hidden = record(GIRL)._replace(
        papers=None, has_phone=False, birth=None, sex="", nationality="", mother="", place=""
    )
    assert set(beside_names(record(GIRL), hidden)) == {0}


def test_every_level_of_every_field_has_weights_and_words() -> None:
    for kind, table in learning.SHIPPED.items():
        for at, (field, levels) in enumerate(LEVELS.items()):
            some = table[at, 1 : len(levels)]
            assert (some > 0).all(), (kind, field)
            if field != "order":
                assert abs(some.sum() - 1) < 1e-6, (kind, field)
    for field, levels in LEVELS.items():
        for level in levels[1:]:
            if (field, level) != ("order", "straight"):
                assert said(field, level)[1] != level, (field, level)


def test_weights_are_kept_and_read_again() -> None:
    weights = learning.shipped(people=1234)
    again = learning.weights_from(learning.tables_of(weights), Names.kept(Names().keep()), people=1234)
    for name in ("same", "stranger", "relative"):
        assert np.allclose(getattr(weights, name), getattr(again, name), atol=1e-6)


def test_what_people_decided_is_learned_from() -> None:
    """Of people who come again here half have another telephone, say those who looked."""
    levels = learning.levels_of(
        [
            ["phone", "differs", -1.0, -1.0],
            ["given_name", "sounds", 5.0, 4.0],
            ["birth_date", "day", 14.0, 6.0],
        ]
    )
    assert [LEVELS[name][level] for name, level in zip(FIELDS, levels, strict=True) if level] == [
        "straight", "sounds", "day", "differs",
    ]  # fmt: skip
    nobody = learning.arrays([], [])
    before, after = (
        learning.learn(
            Names(),
            people=9000,
            candidates=nobody,
            alike=nobody[0],
            any_two=nobody[0],
            kin=nobody[0],
            decided=decided,
        )
        for decided in (None, np.array([levels] * 50, np.uint8))
    )
    at = FIELDS.index("phone"), LEVELS["phone"].index("differs")
    assert after.same[at] > before.same[at]


def test_evidence_is_packed_and_unpacked() -> None:
    evidence = [["birth_date", "years_estimate", -12.3, 0.5], ["phone", "same", 14.0, -0.1]]
    assert unpacked(packed(evidence)) == evidence
    assert all(len(one) <= 60 for one in packed(evidence))
    assert [percent(one) for one in (-60.0, 0.0, 7.0, 39.0, 40.0)] == [0, 50, 99, 99, 100]


people = st.builds(
    Person,
    given_name=st.text(max_size=12),
    father_name=st.text(max_size=12),
    family_name=st.text(max_size=12),
    native_name=st.text(max_size=12),
    mother_name=st.text(max_size=12),
    sex=st.sampled_from(["F", "M", "U", ""]),
    birth_date=st.none() | st.dates(date(1900, 1, 1), date(2026, 1, 1)),
    nationality=st.sampled_from(["", "SYR", "SDN"]),
    phones=st.lists(st.text(max_size=12), max_size=1).map(tuple),
    documents=st.lists(st.text(max_size=8), max_size=1).map(tuple),
    document_types=st.just(("OTHER",)),
    birth_place=st.text(max_size=8),
)


@given(people, people)
def test_any_two_people_can_be_compared_and_nobody_is_unlike_themselves(a: Person, b: Person) -> None:
    assert np.isfinite(score(a, b))
    levels, _shared = compare(record(a), record(a))
    assert all(
        level <= 1 or FIELDS[at] == "birth_date" or FIELDS[at] == "order" for at, level in enumerate(levels)
    )


def test_a_register_teaches_what_its_people_share() -> None:
    """Mothers' names agree in families and where people came again, and hardly ever otherwise."""
    names, sample, levels, likely = Names(), [], [], []
    for house in range(600):
        letters = "".join("bdfgklmnrs"[int(digit)] + "aeiou"[int(digit) % 5] for digit in f"{house:03}")
        for member in range(3):
            one = record(
                Person(f"{'aiu'[member]}n{letters}", f"Ab{letters}", f"Beni{letters[:4]}", sex="FMF"[member], nationality="SYR",
                       mother_name=f"Om{letters}", birth_date=date(1980 + member * 9, 1 + house % 12, 1 + house % 28))
            )  # fmt: skip
            names.count(one)
            sample.append((house, one))
    for _house, one in sample[:400]:
        agree, shared = compare(one, one)
        levels.append(agree)
        likely.append(chances(names, one, agree, shared))
    weights = learning.learn(
        names,
        people=len(sample),
        candidates=learning.arrays(levels, likely),
        alike=learning.strangers(sample),
        any_two=learning.anybody(sample),
        kin=learning.relatives(sample),
    )
    mother, given_name = FIELDS.index("mother_name"), FIELDS.index("given_name")
    assert weights.same[mother, 1] > weights.stranger[mother, 1] + 5
    assert weights.relative[mother, 1] > weights.stranger[mother, 1] + 5
    assert weights.same[given_name, 1] > weights.relative[given_name, 1] + 5
