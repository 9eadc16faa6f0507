"""Which stored keys of a person must a record that nobody here may read share, so that it is very likely the same person?

Nothing but keys, sex, nationality and year of birth is compared, in the database (registration.models.asking.LIKELY); what the rule is
worth is measured in docs/decisions/0022-hints-are-found-by-keys.md.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from registration.rules.keys import Person, keys_of, search_keys

# Papers, telephones and mothers of one person that are asked about: whoever lists a hundred numbers is guessing.
SURE = 8


class Shares(NamedTuple):
    """Keys of one person, by what they are made of.

    given: of the first word of the given name. names: of each word. named: of two words with the year of birth, and of the whole name.
    days: of a word with the whole day of birth. sure: of a paper, a telephone, and of the given with the mother's name.
    """

    given: int
    names: list[int]
    named: list[int]
    days: list[int]
    sure: list[int]


def shares_of(person: Person, *, secret: bytes, crowded: Collection[int] = ()) -> Shares | None:
    """Return the keys by which a person may be known elsewhere, or None where there is no name or nothing but names without a day.

    `secret`: as in keys_of. `crowded`: keys of too many people, which tell nobody apart.
    """
    given = (search_keys(person.given_name) or search_keys(person.native_name))[:1]
    found = keys_of(person, secret=secret, probing=False)
    # On the first of January, where many are written, no word has a key with the day.
    year = person._replace(birth_date=person.birth_date and person.birth_date.replace(month=1, day=1))
    without = {*keys_of(year, secret=secret, probing=False).match}
    told = {*found.match} - {*found.part} - {*crowded}
    sure = told & {*found.sure}
    days, named = told - sure - without, (told - sure) & without
    if not given or not (days or sure):
        return None
    whole = (person.given_name, person.father_name, person.family_name, person.native_name)
    names = {key for text in whole for key in search_keys(text)}
    return Shares(given[0], sorted(names), sorted(named), sorted(days), sorted(sure)[:SURE])
