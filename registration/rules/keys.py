"""Which stored numbers find the same person again?

A key is a signed 64-bit hash (a PostgreSQL bigint): two records of one person share at least one, strangers
seldom do.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from itertools import combinations
from typing import NamedTuple

from registration.rules.names import skeletons

_DOCUMENT_NOISE = re.compile(r"[\W_]+")


class Person(NamedTuple):
    """What matching knows of one person: plain values, every one of them optional."""

    given_name: str = ""
    father_name: str = ""
    family_name: str = ""
    native_name: str = ""
    mother_name: str = ""
    sex: str = ""
    birth_date: date | None = None
    birth_precision: str = ""
    nationality: str = ""
    phones: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    document_types: tuple[str, ...] = ()
    birth_place: str = ""
    further: tuple[
        tuple[str, str], ...
    ] = ()  # kind and name: a name of before, a grandfather's, or a whole one


_YEAR = 0x9E3779B97F4A7C15  # odd and without pattern: keys of neighbouring years lie far apart
_DAY = 0xD1B54A32D192ED03
_WORD = (1 << 64) - 1


def _signed(number: int) -> int:
    """The lowest 64 bits as PostgreSQL's bigint."""
    number &= _WORD
    return number - (1 << 64) if number >> 63 else number


@lru_cache(maxsize=1 << 17)
def _name_key(*tokens: str) -> int:
    """One token: a search key. Several: a key of their combination."""
    return int.from_bytes(blake2b(" ".join(tokens).encode(), digest_size=8).digest(), "big", signed=True)


@lru_cache(maxsize=64)
def _sealing(space: str, secret: bytes) -> Callable[[str], int]:
    started = blake2b(space.encode() + b":", digest_size=8, key=secret)

    def sealed(text: str) -> int:
        digest = started.copy()
        digest.update(text.encode())
        return int.from_bytes(digest.digest(), "big", signed=True)

    return sealed


def as_text(keys: Iterable[int]) -> str:
    """Return keys as an array of the database in text: the driver would take its time over each number of a long list."""
    return "{" + ",".join(map(str, keys)) + "}"


def document_form(number: str) -> str:
    """A document number as compared: upper case, without spaces and punctuation."""
    return (number if number.isalnum() else _DOCUMENT_NOISE.sub("", number)).upper()


def phone_form(digits: str) -> str:
    """A phone number as compared: its last nine digits, so that +962 7…, 00962 7… and 07… agree. Empty below
    six."""
    return digits[-9:] if len(digits) >= 6 else ""


def document_key(number: str, *, secret: bytes) -> int:
    """The key of a document's number; 0 where it is too short to tell people apart."""
    form = document_form(number)
    return _sealing("document", secret)(form) if len(form) > 3 else 0


def phone_key(digits: str, *, secret: bytes) -> int:
    """The key of a phone number; 0 where it is too short."""
    form = phone_form(digits)
    return _sealing("phone", secret)(form) if form else 0


def latin_tokens(person: Person) -> list[str]:
    """The skeletons of given, father's and family name, in this order."""
    return [*skeletons(person.given_name), *skeletons(person.father_name), *skeletons(person.family_name)]


def search_keys(text: str) -> list[int]:
    """One key for each part of a name, in any script and spelling: for people who look for a name."""
    return [_name_key(token) for token in dict.fromkeys(skeletons(text))]


@lru_cache(maxsize=1 << 16)
def _pair_keys(tokens: tuple[str, ...], given: bool) -> tuple[int, ...]:
    """Keys of pairs of name parts; `given`: only of those with the first."""
    pairs = combinations(sorted(tokens[:4] if len(tokens) > 1 else (*tokens, "")), 2)
    return tuple({_name_key(*pair) for pair in pairs if not given or tokens[0] in pair})


def _name_keys(
    latin: list[str], native: list[str], years: Sequence[int], *, given: bool = False
) -> list[int]:
    """Keys of pairs of name parts with a birth year."""
    pairs = {key for tokens in (latin, native) if tokens for key in _pair_keys(tuple(tokens), given)}
    return [_signed(pair ^ year * _YEAR) for year in years for pair in pairs]


def _further_keys(person: Person, latin: list[str], native: list[str]) -> list[int]:
    """Keys without the year of birth: the whole name, and each name on a whole date of birth."""
    keys = [_name_key("", *sorted(tokens)) for tokens in (latin, native) if len(tokens) > 1]
    born = person.birth_date
    if born and (born.month, born.day) != (1, 1):
        keys += [_signed(_name_key(one) ^ born.toordinal() * _DAY) for one in (latin or native)[:4]]
    return keys


def _day(person: Person) -> str:
    """The day of birth; empty where the year alone is known, which is written as its first of January."""
    born = person.birth_date
    return born.isoformat() if born and (born.month, born.day) != (1, 1) else ""


def _together(person: Person, tokens: Sequence[str]) -> list[int]:
    """Keys that need no given name: two of the day of birth, the mother's name and the place of birth; the mother's name with the
    family's. A space within them seldom counts."""
    day = _day(person)
    mother, place = ("".join(skeletons(one)) for one in (person.mother_name, person.birth_place))
    family = tokens[-1] if tokens else ""
    pairs = (("dp", day, place), ("dm", day, mother), ("mp", mother, place), ("mf", mother, family))
    return [_name_key(kind, one, other) for kind, one, other in pairs if one and other]


def slip_keys(person: Person, *, secret: bytes) -> list[int]:
    """The halves of each document's number with the day of birth, and with the mother's name: one half stays where one character is
    mistyped."""
    beside = [one for one in (_day(person), "".join(skeletons(person.mother_name))) if one]
    seal = _sealing("half", secret)
    forms = [form for form in map(document_form, person.documents) if len(form) > 5]
    middles = [(one, len(one) // 2) for one in forms]
    halves = [(at, half) for one, n in middles for at, half in enumerate((one[:n], one[n:]))]
    return [seal(f"{one} {at} {half}") for one in beside for at, half in halves]


def _mother_keys(person: Person, tokens: list[str]) -> list[int]:
    """The given name with the mother's, in any year."""
    if not person.mother_name:
        return []
    mother = sorted(skeletons(person.mother_name))
    return [_name_key("m", one, *mother) for one in tokens[:1]]


def _sealed_keys(person: Person, secret: bytes) -> list[int]:
    numbers = [document_key(one, secret=secret) for one in person.documents]
    return [one for one in (*numbers, *(phone_key(one, secret=secret) for one in person.phones)) if one]


def _years_beside(born: date | None, words: int) -> list[int]:
    """The years in which somebody may have been written who says this day: one off, or more where it is an age; less far where a
    name of three words finds them in any year."""
    if born is None:
        return []
    reach = 4 if (born.month, born.day) == (1, 1) and words < 3 else 1
    return [born.year + off for off in range(-reach, reach + 1) if off]


class PersonKeys(NamedTuple):
    """All keys of one person. stored: what is kept with the person, for search (at most six) and matching, sorted, each once.
    match: the part of it that finds duplicates. probe: what to look up, with the birth years before and after too. sure: those of it
    that are no mere name: the given name with the mother's, telephones, documents. part: those that need no given name, or half a
    document's number."""

    stored: list[int]
    match: list[int]
    probe: list[int]
    sure: list[int]
    part: list[int]


def keys_of(person: Person, *, secret: bytes, probing: bool = True) -> PersonKeys:
    """All keys of a person, in one go: name pairs with the birth year, the whole name, documents and phones (hashed with
    `secret`, 1 to 64 bytes, since numbers can be guessed). Ages are often off by one, hence the years beside. Under the further names,
    too."""
    found = _keys_of(person, secret, probing)
    for kind, name in person.further:
        other = _keys_of(under(person, kind, name), secret, probing)
        found = PersonKeys(*(sorted({*one, *also}) for one, also in zip(found, other, strict=True)))
    return found


def _keys_of(person: Person, secret: bytes, probing: bool) -> PersonKeys:
    latin, native = latin_tokens(person), skeletons(person.native_name)
    year = person.birth_date.year if person.birth_date else None
    match = _name_keys(latin, native, [year] if year else [])
    sure = _mother_keys(person, latin or native) + _sealed_keys(person, secret)
    part = _together(person, latin or native) + slip_keys(person, secret=secret)
    match += _further_keys(person, latin, native) + sure + part
    near: list[int] = []
    if probing:
        # Somebody written a year off who has two other names in common, but not the given one, is a brother or sister.
        years = _years_beside(person.birth_date, len(latin or native))
        near = _name_keys(latin, native, years, given=True)
    tokens = list(dict.fromkeys(latin + native))[:6]
    return PersonKeys(sorted({*map(_name_key, tokens), *match}), match, sorted({*match, *near}), sure, part)


def under(person: Person, kind: str, name: str) -> Person:
    """The person under a further name: a family name of before, a grandfather's after the father's, or a whole name."""
    alone = person._replace(phones=(), documents=(), document_types=(), further=())
    given, father, family, native = renamed(
        (person.given_name, person.father_name, person.family_name, person.native_name), kind, name
    )
    return alone._replace(given_name=given, father_name=father, family_name=family, native_name=native)


def renamed(names: tuple[str, str, str, str], kind: str, name: str) -> tuple[str, str, str, str]:
    """Given, father's, family and native name with a further name in its place."""
    given, father, family, native = names
    if kind in ("maiden", "second_family"):
        return given, father, name, native
    if kind == "grandfather":
        return given, f"{father} {name}", family, native
    return "", "", "", name
