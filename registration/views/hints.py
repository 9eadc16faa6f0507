"""Whom in the register does somebody resemble who is being typed in, as far as the viewer may see it?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext

from agencies.access import Sight, Viewer, label
from agencies.actions import reads
from refugeecm.core.templatetags.ui import country, fmt_date
from registration import matching
from registration.enums import FOCAL, Precision
from registration.matching import SAME, Candidate
from registration.models import Individual
from registration.reports import reasons
from registration.rules.arrivals import ArrivalRow, person_of
from registration.rules.evidence import SURE, percent
from registration.rules.family import DECIDED, guessed

SHOWN, RELATIVES = 5, 3  # of one member, the likeliest first


@dataclass(frozen=True)
class Hint:
    """Somebody who a member of the family may be, or else is likely a relative of: what the viewer may see of them, and why."""

    person: Individual
    of: str
    score: float
    reasons: list[str]
    name: str | Promise
    facts: list[str | Promise]
    url: str
    decided: bool
    same: bool

    @property
    def strong(self) -> bool:
        """Whether they are taken for one person unless somebody says otherwise."""
        return self.same and self.score >= SAME

    @property
    def chances(self) -> int:
        """How many of a hundred such pairs are what this one is shown as."""
        return percent(self.score)


def resembling(
    rows: Mapping[int, Mapping[str, str]], typed: Mapping[str, str], *, viewer: Viewer, now: datetime
) -> tuple[dict[int, list[Hint]], dict[int, list[Candidate]]]:
    """Return, by place, the hints to show and everybody who was found, for rows as rules.family.rows_of makes them.

    What is shown is recorded as read. The same few statements, whatever the number of rows.
    """
    read = {place: guessed(row, today=timezone.localdate(now)) for place, row in rows.items()}
    people = {place: person_of(row) for place, row in read.items() if row is not None}
    family = ["together"] * len(people) if len(people) > 1 else None
    among = matching.candidates(list(people.values()), viewer=viewer, households=family, cut=matching.HINT)
    found = dict(zip(people, among, strict=True))
    for place, one in _numbered(read, viewer):
        found[place] = [one, *(other for other in found[place] if other.individual_id != one.individual_id)]
    worth = {
        place: [one for one in some if one.same][:SHOWN] + [one for one in some if not one.same][:RELATIVES]
        for place, some in found.items()
    }
    wanted = {one.individual_id for some in worth.values() for one in some}
    if not wanted:
        return {}, found
    visible = Individual.objects.visible_to(viewer).with_shown_classes(viewer)
    known = visible.select_related("agency", "household").in_bulk(list(wanted))
    reads.record(viewer=viewer, rows=list(known.values()), view="family-hints", now=now)
    hints = {
        place: [
            _hint(
                known[one.individual_id],
                one,
                place,
                people[place].given_name or gettext("This person"),
                typed,
                viewer,
            )
            for one in some
            if one.individual_id
            in known  # a record may lead to one that the viewer may not see (matching.candidates)
        ]
        for place, some in worth.items()
        if some
    }
    return hints, found


def _numbered(read: Mapping[int, ArrivalRow | None], viewer: Viewer) -> Iterator[tuple[int, Candidate]]:
    """Yield whose registration number was given as that of a document; of a household's slip, its focal point."""
    places = {
        row.document_number.upper(): place for place, row in read.items() if row and row.document_number
    }
    if not places:
        return
    own = Q(agency_id=viewer.agency_id, household__number__in=places, relationship__in=FOCAL)
    known = Individual.objects.visible_to(viewer).with_shown_classes(viewer).select_related("household")
    for one in known.filter(Q(number__in=places) | own).showing(viewer, "number", "given_name")[:SHOWN]:
        place = places.get(one.number, places.get(one.household.number, 0))
        mine = one.agency_id == viewer.agency_id
        yield place, Candidate(one.pk, one.household_id, mine, SURE, [["document", "same", SURE, SURE]])


def _hint(
    person: Individual, found: Candidate, place: int, of: str, typed: Mapping[str, str], viewer: Viewer
) -> Hint:
    sight = Sight(person, viewer)
    born = person.birth_date
    when = (
        "" if born is None else str(born.year) if person.birth_precision == Precision.YEAR else fmt_date(born)
    )
    facts = [
        sight.text(field, text)
        for field, text in (
            ("sex", label(person, "sex")),
            ("birth_date", when),
            ("nationality", country(person.nationality)),
            ("number", person.number),
            ("site", person.site),
        )
        if sight.sees(field) and text
    ]
    return Hint(
        person=person,
        of=of,
        score=found.score,
        reasons=reasons(found.evidence)[0],
        name=sight.text("given_name", person.full_name),
        facts=[*facts, person.agency.name] if not found.own else facts,
        url=reverse("individual", args=[person.pk]),
        decided=str(person.pk) in typed.get(f"{place}-{DECIDED}", "").split(),
        same=found.same,
    )
