"""Which pairs of records wait for a decision, whole families first, and how do two records look beside each other?"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise

from agencies.access import FIELDS_HIDDEN, Sight, Viewer
from refugeecm.core.paging import Page
from registration.enums import MatchKind, MatchState
from registration.models import Individual, MatchCandidate
from registration.reports import in_words
from registration.views.rows import FIELDS, Register, Side

Text = str | Promise
STRONGEST = 2000  # pairs of which families are made; weaker ones come when these are decided
SIZE = 20
STRONG = 7  # bits from which two records are very likely one person (reference duplicates.md 5.4)
FULL = 12  # bits that fill a bar, to either side


@dataclass
class Families:
    """Two families that may be one, or have relatives in each other, with their pairs, the strongest first."""

    houses: tuple[uuid.UUID, uuid.UUID]
    gain: float
    pairs: list[PairLine] = field(default_factory=list)
    size: int = 0  # of the smaller one: of so many, `alike` are registered in the other
    alike: int = 0

    @property
    def first(self) -> PairLine:
        """The pair to look at first."""
        return next((one for one in self.pairs if one.pair.state == MatchState.OPEN), self.pairs[0])


@dataclass
class PairLine:
    """Two people of a pair as the viewer may see them."""

    pair: MatchCandidate
    people: tuple[Individual, Individual]
    name: Text
    number: Text
    other_name: Text
    other_number: Text
    other_agency: str

    @property
    def bits(self) -> str:
        """The score as the screen says it, its sign before it in both directions of writing."""
        return f"\u2066{signed(self.pair.score)}\u2069"

    @property
    def kind(self) -> str:
        """The colour of the score."""
        return "good" if self.pair.score >= STRONG else "warn"


@dataclass(frozen=True)
class Weight:
    """One piece of evidence, and what it says against a stranger and against a relative."""

    words: str
    stranger: float
    relative: float

    @property
    def bars(self) -> list[tuple[int, int, str]]:
        """Return (where the bar begins, how long it is, the figure) of both; FULL is 100, what speaks against lies below 0."""
        lengths = [round(min(max(one / FULL, -1), 1) * 100) for one in (self.stranger, self.relative)]
        figures = [signed(one) for one in (self.stranger, self.relative)]
        return [(min(one, 0), abs(one), text) for one, text in zip(lengths, figures, strict=True)]


def signed(bits: float) -> str:
    """Return bits with their sign, as figures."""
    return f"{bits:+.1f}".replace("-", "−")


def waiting(viewer: Viewer, tab: str) -> Any:
    """Return the pairs of a list: "open" and "unsure" may be one person, "relatives" are likely that, "same" are to be merged."""
    found = MatchCandidate.objects.visible_to(viewer).standing()
    if tab == "relatives":
        return found.undecided().filter(kind=MatchKind.RELATIVE)
    states = {"unsure": MatchState.UNSURE, "same": MatchState.SAME}
    found = found.filter(state=states.get(tab, MatchState.OPEN))
    return found if tab == "same" else found.filter(kind=MatchKind.SAME, score__gte=0)


def queue(viewer: Viewer, tab: str, number: str | None) -> Page[Any]:
    """Return one page of families by gain: the bits of all their pairs together. Five statements."""
    strongest = waiting(viewer, tab).order_by("-score", "pk")
    rows = strongest.values_list("pk", "score", "individual__household_id", "other__household_id")[:STRONGEST]
    gains: Counter[tuple[uuid.UUID, uuid.UUID]] = Counter()
    for _pk, score, one, other in rows:
        gains[_two(one, other)] += max(score, 0.01)
    order = sorted(gains, key=lambda two: (-gains[two], two))
    at = int(number) if number and number.isascii() and number.isdigit() and 0 < len(number) < 4 else 1
    start = (max(at, 1) - 1) * SIZE
    shown = order[start : start + SIZE]
    families = _families(viewer, {two: gains[two] for two in shown}, waiting(viewer, tab))
    return Page(
        rows=families, number=max(at, 1), size=SIZE, has_next=len(order) > start + SIZE,
        total=len(order) if sum(1 for _one in rows) < STRONGEST else None, limit=STRONGEST,
    )  # fmt: skip


def _two(one: uuid.UUID, other: uuid.UUID) -> tuple[uuid.UUID, uuid.UUID]:
    return (one, other) if one < other else (other, one)


def between(viewer: Viewer, pair: MatchCandidate) -> list[MatchCandidate]:
    """Return all pairs that the viewer may see between the families of a pair, the strongest first."""
    houses = [pair.individual.household_id, pair.other.household_id]
    found = MatchCandidate.objects.visible_to(viewer).standing()
    rows = found.filter(individual__household__in=houses, other__household__in=houses)
    return list(rows.select_related("individual", "other").order_by("-score", "pk")[:200])


def alike(pairs: Iterable[MatchCandidate]) -> list[MatchCandidate]:
    """Return the pairs that may be one person, each person in one of them at most, the strongest first."""
    taken: set[uuid.UUID] = set()
    found = []
    for one in sorted(pairs, key=lambda one: -one.score):
        sure = one.state == MatchState.SAME or (one.state == MatchState.OPEN and one.score >= 0)
        if one.kind == MatchKind.SAME and sure and not taken & {one.individual_id, one.other_id}:
            taken |= {one.individual_id, one.other_id}
            found.append(one)
    return found


def _families(viewer: Viewer, gains: dict[tuple[uuid.UUID, uuid.UUID], float], listed: Any) -> list[Families]:
    houses = {one for two in gains for one in two}
    rows = listed.filter(individual__household__in=houses, other__household__in=houses)
    of: dict[tuple[uuid.UUID, uuid.UUID], list[MatchCandidate]] = defaultdict(list)
    for one in rows.select_related("individual", "other").order_by("-score", "pk")[:STRONGEST]:
        of[_two(one.individual.household_id, one.other.household_id)].append(one)
    lines = lines_of([one for two in gains for one in of[two]], viewer)
    seen = Individual.objects.visible_to(viewer).active().filter(household__in=houses)
    sizes = Counter(seen.values_list("household", flat=True))
    return [
        Families(
            houses=two,
            gain=gain,
            pairs=[lines[one.pk] for one in of[two] if one.pk in lines],
            size=min(sizes[one] or 1 for one in two),
            alike=len(alike(of[two])),
        )
        for two, gain in gains.items()
        if any(one.pk in lines for one in of[two])
    ]


def lines_of(pairs: Sequence[MatchCandidate], viewer: Viewer) -> dict[uuid.UUID, PairLine]:
    """Return the pairs with what the viewer may see of both people; those who are gone are left out. One statement."""
    ids = {one for pair in pairs for one in (pair.individual_id, pair.other_id)}
    visible = Individual.objects.visible_to(viewer).with_shown_classes(viewer).select_related("agency")
    people = {one.pk: one for one in visible.filter(pk__in=ids)}
    found = {}
    for pair in pairs:
        one, other = people.get(pair.individual_id), people.get(pair.other_id)
        if one is not None and other is not None:
            mine, theirs = Sight(one, viewer), Sight(other, viewer)
            found[pair.pk] = PairLine(
                pair=pair,
                people=(one, other),
                name=mine.text("given_name", one.full_name),
                number=mine.text("number", one.number),
                other_name=theirs.text("given_name", other.full_name),
                other_number=theirs.text("number", other.number),
                other_agency=other.agency.name if other.agency_id != viewer.agency_id else "",
            )
    return found


def sides(one: Individual, other: Individual, viewer: Viewer) -> list[Side]:
    """Return both records side by side, field by field, as far as the viewer may see them."""
    register = Register([one, other], viewer)
    left, right = register.values(one), register.values(other)
    return [
        Side(
            label,
            FIELDS_HIDDEN if left[name] is None else left[name] or "",
            FIELDS_HIDDEN if right[name] is None else right[name] or "",
            hidden=left[name] is None or right[name] is None,
        )
        for name, label in FIELDS
        if left[name] or right[name] or left[name] is None or right[name] is None
    ]


def weights(pair: MatchCandidate) -> list[Weight]:
    """Return the evidence of a pair in words, the weightiest first."""
    found = [
        Weight(in_words(name, level), float(stranger), float(relative))
        for name, level, stranger, relative in pair.evidence
    ]
    return sorted(found, key=lambda one: -abs(one.stranger))
