"""Who was in this group, where was this person before, and since when is their status what it is?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agencies.access import Permission, Sight, Viewer, shown_fields
from registration.enums import COUNTED
from registration.models import Household, Individual, PastMembership

Text = str | Promise
LIMIT = 50  # places of before on a page, the newest first


@dataclass(frozen=True)
class Place:
    """A place that somebody had in a group."""

    url: str
    name: Text
    relationship: Text
    since: Any
    until: Any
    reason: Text
    by: str


def former(house: Household, viewer: Viewer) -> tuple[list[Place], list[Individual]]:
    """Return the places that people had in a group before, and whose names are shown there. One statement."""
    rows = list(_rows(viewer).filter(household=house).select_related("individual")[:LIMIT])
    places = [
        _place(row, row.individual.full_name, reverse("individual", args=[row.individual_id])) for row in rows
    ]
    return places, list({row.individual_id: row.individual for row in rows}.values())


def earlier(person: Individual, viewer: Viewer) -> list[Place]:
    """Return the places that a person had before, in this group and in others, under a record that was merged into theirs, too."""
    known, ids = Household.objects.visible_to(viewer), {person.pk}
    if person.has_merges:  # type: ignore[attr-defined]
        ids |= Individual.objects.visible_to(viewer).merged_into_any(ids)
    rows = _rows(viewer).filter(individual__in=ids, household__in=known).select_related("household")[:LIMIT]
    return [_place(row, row.household.number, reverse("household", args=[row.household_id])) for row in rows]


def _rows(viewer: Viewer) -> Any:
    """Return places that the agency's own people had, of whom the viewer may know; no partner is shown any."""
    found = PastMembership.objects.visible_to(viewer).filter(agency_id=viewer.agency_id)
    return found.select_related("noted_by").order_by("-until", "-since", "-pk")


def _place(row: PastMembership, name: Text, url: str) -> Place:
    return Place(
        url=url,
        name=name,
        relationship=row.get_relationship_display(),
        since=row.since,
        until=row.until,
        reason=row.get_reason_display(),
        by=row.noted_by.name if row.noted_by else "",
    )


def statuses(person: Individual, viewer: Viewer) -> list[dict[str, Any]]:
    """Return the five codes of a person's status: label, value, day; as far as the viewer may see each."""
    sight = Sight(person, viewer)
    found = []
    for name, label in (
        ("legal_status", _("Legal status")),
        ("status_basis", _("Basis of the status")),
        ("status_category", _("Category of the status")),
        ("process_status", _("Record")),
        ("process_reason", _("Reason")),
    ):
        value = getattr(person, f"get_{name}_display")()
        if value or name not in sight:
            day = getattr(person, f"{name}_on") if f"{name}_on" in sight else None
            found.append({"label": label, "value": sight.text(name, value), "day": day})
    return found


def gone(person: Individual, viewer: Viewer) -> bool:
    """Answer whether the viewer may see that a person's record does not count any more."""
    return person.process_status not in COUNTED and "process_status" in shown_fields(person, viewer)


def acts(house: Household, viewer: Viewer, members: Sequence[Individual]) -> list[dict[str, Any]]:
    """Return what the viewer may do with a group: address and label of each act."""
    if house.agency_id != viewer.agency_id or not viewer.may(Permission.PERSON_REGISTER):
        return []
    many = sum(one.process_status in COUNTED for one in members)
    wanted = [("member-new", _("Add a member"), 0), ("group-arrange", _("Focal point and relationships"), 1),
              ("group-move", _("Move to another group"), 1), ("group-split", _("Divide the group"), 2),
              ("group-close", _("Close the group"), 1), ("photos", _("Photos"), 1),
              ("movements", _("Movements"), 0)]  # fmt: skip
    return [
        {"url": reverse(name, args=[house.pk]), "label": label}
        for name, label, least in wanted
        if many >= least
    ]
