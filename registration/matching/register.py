"""Whom of the register, behind its walls, may the viewer compare with, and by which fields?"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q, Value

from agencies.access import Viewer, shown_fields
from refugeecm.core import crypto
from registration.matching.engine import POSSIBLE, Hit, Known, Match, Probe, likely, matches
from registration.matching.trained import weights_for
from registration.models import Document, FurtherName, Individual
from registration.models.exceptions import Asked, open_to
from registration.rules.comparing import record_of, record_of_columns
from registration.rules.keys import Person, PersonKeys, as_text, keys_of, renamed
from registration.rules.weights import Weights

BLOCK = 50  # rows of one file behind one key: more are no family, they are a common name
NAMES = ("given_name", "father_name", "family_name", "native_name")
_COLUMNS = (
    "pk", "household_id", *NAMES, "mother_name", "birth_place", "sex", "birth_date", "nationality", "keys", "has_phone",
)  # fmt: skip


_SHARING = "SELECT place, individual_id, born, stated, sure FROM registration_sharing(%s, %s)"


class Candidate(NamedTuple):
    """Somebody in the register who may be the person, or a relative. score: bits; evidence: engine.Match.evidence."""

    individual_id: uuid.UUID
    household_id: uuid.UUID
    own: bool
    score: float
    evidence: list[list[Any]]
    same: bool = True

    @property
    def reasons(self) -> list[str]:
        """What speaks for the pair, the weightiest first, as "field:level" (registration.rules.evidence)."""
        return [f"{field}:{level}" for field, level, stranger, _relative in self.evidence if stranger > 0]


class VisibleRegister:
    """The people whom a viewer may compare with: an engine.Register. Three statements a call at most; in the viewer's transaction.

    merged: those among whom it has told of whose record leads to another.
    """

    def __init__(self, viewer: Viewer, crowded: Collection[int] = ()) -> None:
        self._viewer, self._crowded = viewer, crowded
        self.merged: set[uuid.UUID] = set()

    def sharing(self, probes: Sequence[Probe]) -> Iterable[tuple[int, Any]]:
        """Yield (place, id) of visible people who share a key that is no crowd's; of own people the likely ones."""
        keys = [as_text(key for key in one.keys if key not in self._crowded) for one in probes]
        with connection.cursor() as cursor:
            cursor.execute(_SHARING, [keys, [as_text(one.sure) for one in probes]])
            return likely([Hit(*row) for row in cursor.fetchall()], probes)

    def known(self, refs: Collection[Any]) -> Mapping[Any, Known]:
        """Return what the viewer may compare of these people; those whose names are not shown are left out."""
        return self._people("pk", list(refs)) if refs else {}

    def members(self, households: Collection[Any]) -> Mapping[Any, Known]:
        """Return everybody of these households whom the viewer may compare."""
        return self._people("household_id", list(households)) if households else {}

    def _people(self, by: str, wanted: list[Any]) -> dict[Any, Known]:
        viewer = self._viewer
        asked = Individual.objects.filter(Asked("{who} = ANY ({wanted}::uuid[])", by, wanted=wanted))
        asked = asked.annotate(has_phone=~Q(phone=b""))
        # Own people by a condition of their own: to plan one that asks for agreements as well takes longer than to read the rows.
        own = asked.owned_by(viewer).filter(open_to(viewer, by="individual_id", reached="pk"))
        rows = list(own.values_list(*_COLUMNS, "merged_into"))
        found = {row[0]: _own(row) for row in rows}
        self.merged.update(row[0] for row in rows if row[-1])
        if found:
            self._add_papers_and_names(found)
        if by != "pk" or len(found) < len(set(wanted)):
            found |= self._shared(asked.visible_to(viewer).exclude(agency_id=viewer.agency_id))
        return found

    def _add_papers_and_names(self, found: dict[Any, Known]) -> None:
        """Add the kinds of papers, and the further names, of own people."""
        about = {"agency_id": self._viewer.agency_id}
        theirs = Asked("{who} = ANY ({wanted}::uuid[])", "individual_id", wanted=list(found))
        papers = Document.objects.filter(theirs, **about).values_list("individual_id", "kind", Value(""))
        names = FurtherName.objects.filter(theirs, **about).values_list("individual_id", "kind", "name")
        for person, kind, name in papers.union(names, all=True):
            record = found[person].record
            if name:
                record = record._replace(also=(*record.also, renamed(record[:4], kind, name)))
            else:
                record = record._replace(papers={*(record.papers or ()), kind})
            found[person] = found[person]._replace(record=record)

    def _shared(self, people: Any) -> Iterator[tuple[Any, Known]]:
        """Yield those of other agencies, with the fields that agreements show."""
        viewer = self._viewer
        rows = people.with_shown_classes(viewer).with_shown_classes(
            viewer, of=Document, name="document_grants"
        )
        for one in rows.only("agency", "merged_into", *_COLUMNS[:-1]):
            shown = shown_fields(one, viewer)
            if "given_name" not in shown:
                continue
            record = record_of_columns(*(getattr(one, name) for name in _COLUMNS[2:]))
            hidden: dict[str, Any] = {part: nothing for field, part, nothing in _HIDDEN if field not in shown}
            papers: frozenset[str] | None = frozenset() if "number" in one.document_grants else None
            if one.merged_into_id:
                self.merged.add(one.pk)
            yield one.pk, Known(record._replace(papers=papers, **hidden), one.household_id, own=False)


_HIDDEN = (
    ("mother_name", "mother", ""), ("birth_place", "place", ""), ("sex", "sex", ""), ("birth_date", "birth", None),
    ("nationality", "nationality", ""), ("phone", "has_phone", False),
)  # fmt: skip


def _own(row: tuple[Any, ...]) -> Known:
    return Known(record_of_columns(*row[2 : len(_COLUMNS)]), row[1])


def probe_of(person: Person, keys: PersonKeys, *, household: Hashable = None) -> Probe:
    """Return somebody who arrives, as the engine asks for them."""
    record = record_of(person, keys=keys.match, secret=crypto.derived("keys"))
    return Probe(record, keys.probe, household, frozenset(keys.sure + keys.part))


def candidates(
    people: Sequence[Person],
    *,
    viewer: Viewer,
    keys: Sequence[PersonKeys] | None = None,
    households: Sequence[Hashable] | None = None,
    but: Collection[uuid.UUID] = (),
    cut: float = POSSIBLE,
) -> list[list[Candidate]]:
    """Return for each person who they may be, or are related to, the likeliest first; only visible people, by fields that are shown.

    `keys`: of each person, where they were computed before. `households`: what those who arrive together have in common; families
    should come in one call. `but`: records that are not meant. `cut`: bits from which on they may be the person. A record that was
    merged stands for the one that goes on. The same few statements whatever the number of people. Must run in a transaction with the
    viewer's database context.
    """
    secret = crypto.derived("keys")
    keys = keys or [keys_of(person, secret=secret) for person in people]
    probes = [
        probe_of(person, found, household=households[at] if households else None)
        for at, (person, found) in enumerate(zip(people, keys, strict=True))
    ]
    weights, crowded = weights_for(viewer)
    register = VisibleRegister(viewer, crowded)
    found = matches(probes, register, weights, cut=cut)
    some = [[_candidate(one) for one in of_one] for of_one in found]
    return _standing(some, viewer, register.merged, frozenset(but))


def _candidate(match: Match) -> Candidate:
    ref: Any = match.ref
    household: Any = match.known.household
    return Candidate(ref, household, match.known.own, match.score, match.evidence, match.same)


def _standing(
    found: list[list[Candidate]], viewer: Viewer, known: Collection[uuid.UUID], but: Collection[uuid.UUID]
) -> list[list[Candidate]]:
    """Let merged records (among those known to be) stand for those that go on, where the viewer may see these; each once."""
    closed = {one.individual_id for some in found for one in some}.intersection(known)
    merged = Individual.objects.leading_to(closed) if closed else {}
    goes_on = Individual.objects.visible_to(viewer).filter(pk__in=merged.values())
    homes = dict(goes_on.values_list("pk", "household_id")) if merged else {}
    standing = []
    for some in found:
        best: dict[uuid.UUID, Candidate] = {}
        for one in some:
            ref = merged.get(one.individual_id)
            if ref is None or ref not in homes:
                ref = one.individual_id
            if ref not in but and ref not in best:
                best[ref] = one._replace(individual_id=ref, household_id=homes.get(ref, one.household_id))
        standing.append(list(best.values()))
    return standing


class RowKeys(NamedTuple):
    """A row of a file, what those of its household have in common, and the keys that find it."""

    row: int
    household: int
    keys: Sequence[int]


def pairs_within(rows: Iterable[RowKeys]) -> set[tuple[int, int]]:
    """Return the pairs of rows (lower, higher) of one file that share a key and are not of one household."""
    first: dict[int, tuple[int, int]] = {}
    blocks: dict[int, list[tuple[int, int]]] = {}  # only of keys that come again
    for row, household, keys in rows:
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


class _File:
    """The rows of a file that share keys: an engine.Register."""

    def __init__(
        self, people: Mapping[int, Known], pairs: Iterable[tuple[int, int]], places: Mapping[int, int]
    ) -> None:
        self._people = people
        self._hits = [
            (places[later], earlier) for earlier, later in pairs if earlier in people and later in places
        ]
        self._houses: dict[Any, list[int]] = defaultdict(list)
        for number, known in people.items():
            self._houses[known.household].append(number)

    def sharing(self, probes: Sequence[Probe]) -> Iterable[tuple[int, Any]]:
        """Return (place of the later row, earlier row)."""
        return self._hits

    def known(self, refs: Collection[Any]) -> Mapping[Any, Known]:
        """Return these rows."""
        return {one: self._people[one] for one in refs}

    def members(self, households: Collection[Any]) -> Mapping[Any, Known]:
        """Return the rows of these households."""
        return {one: self._people[one] for house in households for one in self._houses[house]}


def within(
    people: Mapping[int, Known], pairs: Collection[tuple[int, int]], weights: Weights, *, rows: int
) -> Iterator[tuple[int, int, float, list[list[Any]]]]:
    """Yield (later row, earlier row, score, evidence) of the pairs of one file's rows that may be one person.

    people: the rows, by number. pairs: (earlier, later) that share a key. rows: of the whole file.
    """
    later = sorted({other for _one, other in pairs} & people.keys())
    probes = [Probe(people[one].record, (), people[one].household) for one in later]
    places = {number: at for at, number in enumerate(later)}
    file = _File(people, pairs, places)
    within_file = replace(weights, people=max(weights.people, rows))
    for number, some in zip(later, matches(probes, file, within_file), strict=True):
        for match in some:
            earlier: Any = match.ref
            if match.same and earlier < number:
                yield number, earlier, match.score, match.evidence
