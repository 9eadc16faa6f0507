"""Who else in the register may be a member of this family, and which records are this person already?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.urls import reverse
from django.utils.functional import Promise

from agencies.access import Permission, Sight, Viewer, shown_fields
from refugeecm.core.words import headed
from registration.enums import MatchKind
from registration.models import Individual, MatchCandidate, Merge
from registration.reports import in_words

Text = str | Promise


@dataclass(frozen=True)
class Double:
    """Somebody in the register who may be a member of this family."""

    name: Text
    other_name: Text
    url: str
    number: str
    bits: int
    review: str
    reasons: list[str]


def doubles(viewer: Viewer, people: Sequence[Individual]) -> list[Double]:
    """Return who may be a member of this family, in either direction, and was not decided; likely relatives stand in the review."""
    mine = {one.pk: one for one in people}
    pairs = list(
        MatchCandidate.objects.visible_to(viewer)
        .standing()
        .undecided()
        .filter(Q(individual__in=mine) | Q(other__in=mine), kind=MatchKind.SAME)
        .order_by("-score")[:20]
    )
    wanted = {other for pair in pairs for other in (pair.individual_id, pair.other_id)} - set(mine)
    visible = Individual.objects.visible_to(viewer).with_shown_classes(viewer)
    others = {one.pk: one for one in visible.filter(pk__in=wanted)} if wanted else {}
    everyone = {**others, **mine}
    found = []
    for pair in pairs:
        one_id, other_id = (
            (pair.individual_id, pair.other_id)
            if pair.individual_id in mine
            else (pair.other_id, pair.individual_id)
        )
        other = everyone.get(other_id)
        if other is None:
            continue
        found.append(
            Double(
                name=name_of(mine[one_id], viewer),
                other_name=name_of(other, viewer),
                url=reverse("individual", args=[other.pk]),
                number=other.number if "number" in shown_fields(other, viewer) else "",
                bits=round(pair.score),
                review=reverse("duplicate", args=[pair.pk]) if viewer.may(Permission.MATCH_REVIEW) else "",
                reasons=[in_words(field, level) for field, level, *_bits in pair.evidence],
            )
        )
    return found


def name_of(person: Individual, viewer: Viewer) -> Text:
    """Return what a person is called, as far as the viewer may see it."""
    return Sight(person, viewer).text("given_name", person.full_name)


@dataclass(frozen=True)
class Merged:
    """Another record of the same person: which fields this record has from it, or that this one was merged into it."""

    url: str
    number: str
    record: str
    since: datetime
    fields: list[str]
    into: bool


def merges_of(person: Individual, viewer: Viewer) -> list[Merged]:
    """Return what was merged into this record, and what it was merged into: where each field is from, and since when."""
    rows = Merge.objects.visible_to(viewer).done().filter(Q(survivor=person) | Q(merged=person))
    return [
        Merged(
            url=reverse("merge", args=[one.pk]) if viewer.may(Permission.MATCH_REVIEW) else "",
            number=other.number,
            record=reverse("individual", args=[other.pk]) + ("" if into else "?record=1"),
            since=one.confirmed_at or one.made_at,
            fields=[] if into else [headed(Individual._meta.get_field(name)) for name in one.taken],
            into=into,
        )
        for one in rows.select_related("survivor", "merged").order_by("-made_at", "-pk")[:20]
        for into, other in [
            (one.merged_id == person.pk, one.survivor if one.merged_id == person.pk else one.merged)
        ]
    ]
