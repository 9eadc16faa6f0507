"""How do two records of people agree, field by field? Each field gets one level of a short list; weights.py says what that is worth.

The levels follow the practice of probabilistic record linkage (Fellegi and Sunter 1969; Winkler 1990) and what changes when a
person is registered a second time: parts of the name in each other's column, a second name dropped, another script, an age instead
of a date of birth (law-and-practice.md 1.12).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from rapidfuzz.distance import OSA, JaroWinkler

from registration.rules.keys import Person, document_key, phone_key, renamed, slip_keys
from registration.rules.names import Form, alike, forms

MISSING = 0  # the first level of each field: one of the two does not say
_NAME = ("missing", "same", "sounds", "close", "part", "initial", "near", "differs")
SAME, SOUNDS, CLOSE, PART, INITIAL, NEAR, DIFFERS = range(1, 8)
BIRTH = (
    "missing", "day", "january", "year", "swapped", "digit", "same_year", "next_year", "next_estimate", "years_estimate",
    "years", "differs",
)  # fmt: skip
ORDER = ("missing", "straight", "family_first", "father_first", "father_as_family", "any")
STRAIGHT = 1
LEVELS: Mapping[str, tuple[str, ...]] = {
    "order": ORDER,
    "given_name": _NAME,
    "father_name": _NAME,
    "family_name": _NAME,
    "birth_date": BIRTH,
    "sex": ("missing", "same", "differs"),
    "nationality": ("missing", "same", "differs"),
    "birth_place": ("missing", "same", "close", "differs"),
    "mother_name": _NAME,
    "phone": ("missing", "same", "differs"),
    "document": ("missing", "same", "booklet", "differs", "close"),
}
FIELDS = tuple(LEVELS)
NAMED = (
    "given_name",
    "father_name",
    "family_name",
)  # the fields that are weighed by how frequent the name is
BOOKLET = "FAMILY_BOOKLET"  # one number for a whole family

Forms = tuple[Form, ...]


Names = tuple[str, str, str, str]  # given, father's, family and native name


class Record(NamedTuple):
    """A person as compared. keys: what finds them.

    has_phone, papers: whether there is a number, and of which kinds (None: that may not be asked). phones, documents: the hashed keys
    of the numbers, the latter with their kind, where they are known in clear. slips: those of halves of document numbers. also: their
    names with a further name in its place.
    """

    given: str = ""
    father: str = ""
    family: str = ""
    native: str = ""
    mother: str = ""
    place: str = ""
    sex: str = ""
    birth: date | None = None
    nationality: str = ""
    keys: Collection[int] = ()
    has_phone: bool = False
    papers: Collection[str] | None = ()
    phones: tuple[int, ...] = ()
    documents: tuple[tuple[int, str], ...] = ()
    slips: tuple[int, ...] = ()
    also: tuple[Names, ...] = ()


def record_of(person: Person, *, keys: Collection[int], secret: bytes) -> Record:
    """A person whose numbers are known in clear, as compared. keys: all that are stored with them."""
    kinds = (*person.document_types, *[""] * len(person.documents))
    numbers = zip(person.documents, kinds, strict=False)
    documents = tuple((key, kind) for number, kind in numbers if (key := document_key(number, secret=secret)))
    phones = tuple(filter(None, (phone_key(one, secret=secret) for one in person.phones)))
    return Record(
        person.given_name,
        person.father_name,
        person.family_name,
        person.native_name,
        person.mother_name,
        person.birth_place,
        person.sex if person.sex in ("F", "M") else "",
        person.birth_date,
        person.nationality,
        keys,
        bool(phones),
        frozenset(kind for _key, kind in documents),
        phones,
        documents,
        tuple(slip_keys(person, secret=secret)),
        tuple(renamed(person[:4], kind, name) for kind, name in person.further),
    )


def record_of_columns(
    given: str, father: str, family: str, native: str, mother: str, place: str, sex: str, birth: date | None, nationality: str,
    keys: Sequence[int], has_phone: bool, papers: Collection[str] | None = (),
) -> Record:  # fmt: skip
    """A person of the register, whose numbers are known by their keys alone."""
    known = sex if sex in ("F", "M") else ""
    return Record(
        given, father, family, native, mother, place, known, birth, nationality, keys, has_phone, papers
    )


class Named(NamedTuple):
    """How two names agree: order, given, father's, family name; and the forms that agree in each, for their frequency."""

    order: int
    given: int
    father: int
    family: int
    shared: tuple[Forms, Forms, Forms]


class Beside(NamedTuple):
    """The levels of the fields besides the names, which take longest to compare."""

    birth: int
    sex: int
    nationality: int
    mother: int
    phone: int
    paper: int


def beside_names(a: Record, b: Record) -> Beside:
    """What agrees besides the names, of a record whose numbers are known (a) and one of the register (b)."""
    return Beside(
        born(a.birth, b.birth),
        _equal(a.sex, b.sex),
        _equal(a.nationality, b.nationality),
        name_level(a.mother, b.mother),
        _phones(a, b),
        _papers(a, b),
    )


def compare(
    a: Record, b: Record, beside: Beside | None = None
) -> tuple[tuple[int, ...], tuple[Forms, Forms, Forms]]:
    """The level of each of FIELDS for a record whose numbers are known (a) and one of the register (b), and the shared names."""
    named = _named(*a[:4], *b[:4])
    if a.also or b.also:  # not one against the other: very many are called mother of Ali besides
        ways = [*product([a[:4]], b.also), *product(a.also, [b[:4]])]
        named = max([named, *(_named(*one, *other) for one, other in ways)], key=_worth)
    born, sex, nationality, mother, phone, paper = beside or beside_names(a, b)
    place = _places(a.place, b.place)
    return (
        named.order, named.given, named.father, named.family, born, sex, nationality, place, mother, phone, paper
    ), named.shared  # fmt: skip


def _equal(a: str, b: str) -> int:
    return MISSING if not a or not b else 1 if a == b else 2


@lru_cache(maxsize=1 << 16)
def name_level(a: str, b: str) -> int:
    """How two names of one column agree."""
    return part_level(forms(a), forms(b))[0] if a and b else MISSING


@lru_cache(maxsize=1 << 14)
def _places(a: str, b: str) -> int:
    if not a or not b:
        return MISSING
    level = name_level(a, b)
    return 1 if level in (SAME, SOUNDS) else 2 if level in (PART, CLOSE) else 3 if level else MISSING


def _phones(a: Record, b: Record) -> int:
    if not a.phones or not b.has_phone:
        return MISSING
    return 1 if any(one in b.keys for one in a.phones) else 2


def _papers(a: Record, b: Record) -> int:
    level = MISSING
    if b.papers is None:
        return level
    for key, kind in a.documents:
        if key in b.keys:
            if kind != BOOKLET:
                return 1
            level = 2
        elif level == MISSING and kind in b.papers:
            level = 3
    return 4 if level == 3 and any(one in b.keys for one in a.slips) else level


def _january(day: date) -> bool:
    """The first of January is what clerks write who know the year alone."""
    return day.month == 1 and day.day == 1


def born(a: date | None, b: date | None) -> int:
    """The level of two dates of birth."""
    if a is None or b is None:
        return MISSING
    return BIRTH.index(_birth(a, b)) if a != b else 2 if _january(a) else 1


_AGREE = frozenset(map(BIRTH.index, ("missing", "day", "january")))
_CONTRADICT = frozenset(map(BIRTH.index, ("same_year", "years", "differs")))


def contradict(a: Record, birth: date | None, sex: str) -> bool:
    """Whether two dates of birth speak against one person, or two sexes where the dates do not agree: a name that many have is then no
    reason to compare."""
    level = born(a.birth, birth)
    return level in _CONTRADICT or (level not in _AGREE and {a.sex, sex} == _BOTH)


_BOTH = {"F", "M"}


@lru_cache(maxsize=1 << 16)
def _birth(a: date, b: date) -> str:
    estimates, years = _january(a) or _january(b), abs(a.year - b.year)
    month, day = a.month == b.month, a.day == b.day
    if not years:
        if estimates:
            return "year"
        if a.month == b.day and a.day == b.month:
            return "swapped"
        return "digit" if month or day else "same_year"
    if estimates:
        return "next_estimate" if years == 1 else "years_estimate" if years < 6 else "differs"
    if years == 1 and month and abs(a.day - b.day) < 3:  # calendars converted by hand are a day or two off
        return "next_year"
    if month and day and (years % 10 == 0 or (years < 10 and a.year // 10 == b.year // 10)):
        return "digit"
    return "years" if years < 3 else "differs"


@lru_cache(maxsize=1 << 16)
def part_level(a: Forms, b: Forms) -> tuple[int, Forms]:
    """How two names of one column agree, whatever the order of their words, and the words that do."""
    if not a or not b:
        return MISSING, ()
    if a == b:
        return SAME, b
    if len(a) == 1 == len(b):
        return _word_level(a[0], b[0]), b
    if len(a) > len(b):
        level, _ = part_level(b, a)
        return level, b if level in (SAME, SOUNDS, CLOSE) else _common(a, b)
    joined = _word_level(_joined(a), _joined(b))
    if joined in (SAME, SOUNDS):
        return joined, b
    pairs = _assigned(a, b)
    levels = [level for level, _one, _other in pairs]
    good = [other for level, _one, other in pairs if level in (SAME, SOUNDS)]
    worst = max(levels)
    if len(a) == len(b):
        return (worst, b) if worst <= CLOSE else (PART, tuple(good)) if good else (joined, b)
    if worst <= CLOSE:
        return PART, tuple(other for _level, _one, other in pairs)
    return (NEAR, tuple(good)) if good else (min(joined, DIFFERS), b)


def _common(a: Forms, b: Forms) -> Forms:
    return tuple(other for level, _one, other in _assigned(b, a) if level in (SAME, SOUNDS))


def _joined(parts: Forms) -> Form:
    return "".join(fold for fold, _bones in parts), "".join(bones for _fold, bones in parts)


@lru_cache(maxsize=1 << 17)
def _word_level(a: Form, b: Form) -> int:
    if a[0] == b[0]:
        return SAME
    if min(len(a[0]), len(b[0])) == 1:
        return INITIAL if a[0][0] == b[0][0] else DIFFERS
    if a[1] != b[1] and JaroWinkler.similarity(a[0], b[0]) < 0.72:
        return DIFFERS  # most pairs: `alike` could not reach 0.78 any more
    likeness = alike(a, b)
    if a[1] == b[1]:
        return SOUNDS if likeness >= 0.88 else CLOSE if likeness >= 0.82 else NEAR
    if likeness >= 0.82:
        return CLOSE
    slip = min(len(a[0]), len(b[0])) > 3 and OSA.distance(a[0], b[0], score_cutoff=1) < 2
    return NEAR if slip or likeness >= 0.78 else DIFFERS


def _assigned(few: Forms, many: Forms) -> list[tuple[int, Form, Form]]:
    """Each word of the shorter name with the best free word of the longer."""
    free, found = list(many), []
    for one in few:
        level, at = min((_word_level(one, other), at) for at, other in enumerate(free))
        found.append((level, one, free.pop(at)))
    return found


_GOOD = frozenset((SAME, SOUNDS, CLOSE, PART))
_SURE = frozenset((SAME, SOUNDS))
_FINE = frozenset((MISSING, SAME, SOUNDS))
# What an arrangement of the parts is worth beside the others: only to choose one, the weights are learned.
_WORTH = (0, 10, 9, 5, 5, 1, -3, -8)
_PENALTY = (0, 0, 6, 6, 4, 8)
_NONE: Forms = ()


def _named(
    a_given: str, a_father: str, a_family: str, a_native: str, b_given: str, b_father: str, b_family: str, b_native: str
) -> Named:  # fmt: skip
    """The arrangement of two names in which most agrees."""
    ag, af, al, an = forms(a_given), forms(a_father), forms(a_family), forms(a_native)
    bg, bf, bl, bn = forms(b_given), forms(b_father), forms(b_family), forms(b_native)
    if not (ag or af or al) or not (bg or bf or bl):
        if an and bn:
            return _bags(an, bn)
        roles = (bg, bf, bl) if an else (ag, af, al)
        return (
            _bag(roles, an or bn)
            if (an or bn) and any(roles)
            else Named(MISSING, 0, 0, 0, (_NONE, _NONE, _NONE))
        )
    best = _arranged(1, (ag, bg), (af, bf), (al, bl))
    if best.given in _SURE and best.family in _FINE and best.father in _FINE:
        return best
    others = [_crossed(2, (ag, bl), (al, bg), (af, bf)), _crossed(3, (ag, bf), (af, bg), (al, bl))]
    if not af and bf and al:
        others.append(_arranged(4, (ag, bg), (al, bf), (_NONE, bl)))
    if not bf and af and bl:
        others.append(_arranged(4, (ag, bg), (af, bl), (al, _NONE)))
    if an and bn:
        others.append(_bags(an, bn))
    return max([best, *filter(None, others)], key=_worth)


def _crossed(
    order: int, one: tuple[Forms, Forms], other: tuple[Forms, Forms], rest: tuple[Forms, Forms]
) -> Named | None:
    """Two parts in each other's column: only where both agree, since a father's given name is his children's father's name."""
    if not all((*one, *other)):
        return None
    (given, shared), (crossed, crossed_shared) = part_level(*one), part_level(*other)
    if given not in _GOOD or crossed not in _GOOD:
        return None
    level, rest_shared = part_level(*rest)
    if order == 2:
        return Named(order, given, level, crossed, (shared, rest_shared, crossed_shared))
    return Named(order, given, crossed, level, (shared, crossed_shared, rest_shared))


def _arranged(order: int, *pairs: tuple[Forms, Forms]) -> Named:
    levels, shared = zip(*(part_level(a, b) for a, b in pairs), strict=True)
    given, father, family = levels
    return Named(order, given, father, family, (shared[0], shared[1], shared[2]))


def _worth(named: Named) -> int:
    return _WORTH[named.given] + _WORTH[named.father] + _WORTH[named.family] - _PENALTY[named.order]


def _bag(roles: tuple[Forms, Forms, Forms], bag: Forms) -> Named:
    """A name whose parts have their columns against one of which the words alone are known."""
    free = list(bag)
    levels, shared = [MISSING] * 3, [_NONE] * 3
    ranked = sorted(
        (_word_level(word, other), role, word, at)
        for role, words in enumerate(roles)
        for word in words
        for at, other in enumerate(bag)
    )
    used: set[int] = set()
    done: set[tuple[int, Form]] = set()
    for level, role, word, at in ranked:
        if at in used or (role, word) in done or level > CLOSE:
            continue
        used.add(at)
        done.add((role, word))
        levels[role] = max(levels[role], level)
        shared[role] += (word,)
    left = len(free) - len(used)
    for role in (0, 2, 1):
        if roles[role] and levels[role] == MISSING and (left > 0 or role == 0):
            levels[role] = DIFFERS
            left -= 1
    return Named(5, levels[0], levels[1], levels[2], (shared[0], shared[1], shared[2]))


def _bags(a: Forms, b: Forms) -> Named:
    """Two names of which the words alone are known: the first is taken for the given name, the last for the family's."""
    roles = (b[:1], b[1:-1], b[-1:] if len(b) > 1 else _NONE)
    return _bag(roles, a)
