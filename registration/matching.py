"""Who in the register may this person be? The one entrance for the desk, the API and the import; a later issue renews its inside.

People are looked up by hashed keys (registration.rules.keys) in one statement for all of them, and compared field by field
(registration.rules.matching), with reasons.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

from django.db import connection

from agencies.access import Viewer, shown_fields
from refugeecm.core import crypto
from registration.models import Document, Individual
from registration.rules.keys import Person, match_keys, probe_keys
from registration.rules.matching import POSSIBLE, SAME, score

__all__ = ["POSSIBLE", "SAME", "Candidate", "Probe", "candidates", "pairs_within"]

BLOCK = 50  # more people than this behind one key are not a family, they are a common name


class Candidate(NamedTuple):
    """Somebody in the register who may be the person."""

    individual_id: uuid.UUID
    household_id: uuid.UUID
    own: bool
    score: float
    reasons: list[str]


class Probe(NamedTuple):
    """A person of a batch, with the keys that find them."""

    row: int
    household: int
    keys: Sequence[int]


def candidates(
    people: Sequence[Person], *, viewer: Viewer, probes: Sequence[Sequence[int]] | None = None
) -> list[list[Candidate]]:
    """Return for each person who they may be, best first; only visible people, only by fields that the viewer may see.

    `probes` are the people's probe keys, where they were computed before. Two statements whatever the number of people.
    Must run in a transaction with the viewer's database context.
    """
    secret = crypto.derived("keys")
    rows: list[int] = []
    wanted_keys: list[int] = []
    for place, found in enumerate(probes or [probe_keys(person, secret=secret) for person in people]):
        rows.extend([place] * len(found))
        wanted_keys.extend(found)
    hits: dict[int, list[uuid.UUID]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT probe_row, individual_id FROM registration_candidates(%s::int[], %s::bigint[])",
            # As text: the driver would take its time over each number of a long list.
            [f"{{{','.join(map(str, rows))}}}", f"{{{','.join(map(str, wanted_keys))}}}"],
        )
        for place, individual in cursor.fetchall():
            hits[place].append(individual)
    wanted = {one for found in hits.values() for one in found}
    if not wanted:
        return [[] for _person in people]
    register = {
        one.pk: one
        for one in Individual.objects.visible_to(viewer)
        .with_shown_classes(viewer)
        .with_shown_classes(viewer, of=Document, name="document_grants")
        .filter(pk__in=wanted)
        if "given_name" in shown_fields(one, viewer)
    }
    return [
        _ranked(person, [register[one] for one in hits[place] if one in register], viewer, secret)
        for place, person in enumerate(people)
    ]


def _ranked(person: Person, found: list[Individual], viewer: Viewer, secret: bytes) -> list[Candidate]:
    """Return the candidates for one person, best first."""
    if not found:
        return []
    numbers = _Numbers.of(person, secret)
    candidates = []
    for one in found:
        points, reasons = score(
            person, person_in_register(one, numbers.known_to(viewer, one), shown_fields(one, viewer))
        )
        candidates.append(
            Candidate(one.pk, one.household_id, one.agency_id == viewer.agency_id, points, reasons)
        )
    return sorted(candidates, key=lambda candidate: -candidate.score)


class _Numbers(NamedTuple):
    """A person's phones and documents, each with its hashed keys, computed once for all candidates."""

    phones: list[tuple[str, list[int]]]
    documents: list[tuple[str, str, list[int]]]

    @classmethod
    def of(cls, person: Person, secret: bytes) -> _Numbers:
        kinds = [*person.document_types, *[""] * len(person.documents)]
        return cls(
            [(one, match_keys(Person(phones=(one,)), secret=secret)) for one in person.phones],
            [
                (one, kind, match_keys(Person(documents=(one,)), secret=secret))
                for one, kind in zip(person.documents, kinds, strict=False)
            ],
        )

    def known_to(self, viewer: Viewer, one: Individual) -> _Numbers:
        """Return those that may be compared with a register's record: equality tells, too, what is not shared."""
        if one.agency_id == viewer.agency_id:
            return self
        papers = "number" in one.document_grants  # type: ignore[attr-defined]
        return _Numbers(
            self.phones if "phone" in shown_fields(one, viewer) else [], self.documents if papers else []
        )


def person_in_register(individual: Individual, against: _Numbers, shown: frozenset[str]) -> Person:
    """Return a registered person as plain values. Phone and documents are sealed there: equality shows in the hashed keys."""
    stored = frozenset(individual.keys)
    papers = [(number, kind) for number, kind, keys in against.documents if keys and stored.issuperset(keys)]
    return Person(
        given_name=individual.given_name,
        father_name=individual.father_name,
        family_name=individual.family_name,
        native_name=individual.native_name,
        mother_name=individual.mother_name if "mother_name" in shown else "",
        sex=individual.sex if "sex" in shown else "",
        birth_date=individual.birth_date if "birth_date" in shown else None,
        birth_precision=individual.birth_precision if "birth_date" in shown else "",
        nationality=individual.nationality if "nationality" in shown else "",
        phones=tuple(one for one, keys in against.phones if keys and stored.issuperset(keys)),
        documents=tuple(number for number, _kind in papers),
        document_types=tuple(kind for _number, kind in papers),
    )


def pairs_within(probes: Iterable[Probe]) -> set[tuple[int, int]]:
    """Return the pairs of rows (lower, higher) of one file that share a key and are not of one household."""
    first: dict[int, tuple[int, int]] = {}
    blocks: dict[int, list[tuple[int, int]]] = {}  # only of keys that come again
    for row, household, keys in probes:
        one = (row, household)
        for key in keys:
            if key in blocks:
                blocks[key].append(one)
            elif (was := first.setdefault(key, one)) is not one:
                blocks[key] = [was, one]
    return {
        (min(a, b), max(a, b))
        for block in blocks.values()
        if len(block) <= BLOCK
        for (a, house_a), (b, house_b) in combinations(block, 2)
        if house_a != house_b and a != b
    }
