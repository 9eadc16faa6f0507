"""What does one screen say about a claim and its applicant, to this viewer?"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import models
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.access import FIELDS_HIDDEN, Sight, Viewer
from cases.enums import ClaimStatus, Outcome
from cases.models import Claim
from refugeecm.core.templatetags.ui import country
from registration.enums import Precision
from registration.models import Individual

KINDS = {
    ClaimStatus.REGISTERED: "info",
    ClaimStatus.EXAMINATION: "info",
    ClaimStatus.SUSPENDED: "warn",
    ClaimStatus.DECIDED: "good",
}


def born(person: Individual, *, today: date) -> str:
    """Return "35 (17 May 1990)", as exact as the date of birth is known; empty without one."""
    if person.birth_date is None:
        return ""
    shape = {Precision.DAY: "j M Y", Precision.MONTH: "M Y"}.get(Precision(person.birth_precision), "Y")
    day = date_format(person.birth_date, shape)
    words = _("%(age)s (about %(day)s)") if person.birth_estimated else _("%(age)s (%(day)s)")
    return words % {"age": person.age_on(today), "day": day}


@dataclass(frozen=True)
class PersonLine:
    """An individual in a table or an identity bar."""

    pk: uuid.UUID | None
    name: Any
    native: Any
    number: Any
    relationship: Any
    sex: Any
    born: Any
    nationality: Any


def person_line(person: Individual | None, viewer: Viewer, *, today: date) -> PersonLine:
    """Return what the viewer sees of a person."""
    seen = Sight(person, viewer)
    return PersonLine(
        pk=person.pk if person else None,
        name=seen("given_name", lambda row: row.full_name),
        native=person.native_name
        if person and "native_name" in seen and person.native_name != person.full_name
        else "",
        number=seen("number"),
        relationship=seen("relationship"),
        sex=seen("sex"),
        born=seen("birth_date", lambda row: born(row, today=today)),
        nationality=seen("nationality", lambda row: country(row.nationality)),
    )


def people(viewer: Viewer, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Individual]:
    """Return the visible ones of these people, with the classes that are shown of each. One statement."""
    found: dict[uuid.UUID, Individual] = (
        Individual.objects.visible_to(viewer).with_shown_classes(viewer).in_bulk(list(ids))
    )
    return found


def with_status(claims: models.QuerySet[Claim], viewer: Viewer) -> models.QuerySet[Claim]:
    """Keep the claims whose number and status the viewer sees: a filter must not tell what the page hides.

    `claims` has been through with_shown_classes.
    """
    kept: models.QuerySet[Claim] = claims.showing(viewer, "number", "status")  # type: ignore[attr-defined]
    return kept


def badges(claim: Claim, viewer: Viewer) -> list[tuple[str, Any]]:
    """Return [(kind, label)] of status and outcome as far as they are shown."""
    seen = Sight(claim, viewer)
    if "status" not in seen:
        return [("neutral", FIELDS_HIDDEN)]
    found: list[tuple[str, Any]] = [
        (KINDS.get(ClaimStatus(claim.status), "neutral"), claim.get_status_display())
    ]
    if claim.outcome:
        found.append(("bad" if claim.outcome == Outcome.REJECTED else "good", claim.get_outcome_display()))
    return found


_EXAMINED: dict[str, tuple[str, Any]] = {
    ClaimStatus.REGISTERED: ("info", gettext_lazy("To do")),
    ClaimStatus.EXAMINATION: ("info", gettext_lazy("Under way")),
    ClaimStatus.SUSPENDED: ("warn", gettext_lazy("Suspended")),
    ClaimStatus.WITHDRAWN: ("", gettext_lazy("Withdrawn")),
}


def tasks(claim: Claim, *, can_approve: bool) -> list[dict[str, Any]]:
    """Return the steps of the claim for ui/tasks.html, for the agency that is responsible for it."""
    kind, status = _EXAMINED.get(claim.status, ("", _("Completed")))
    if claim.proposed_outcome and claim.status == ClaimStatus.EXAMINATION:
        kind, status = "", _("Completed")
    steps = [
        {"label": _("Register the claim"), "status": _("Completed")},
        {"label": _("Examine the claim"), "kind": kind, "status": status},
    ]
    return (
        steps
        if claim.status == ClaimStatus.WITHDRAWN
        else steps + _decision_tasks(claim, can_approve=can_approve)
    )


def _decision_tasks(claim: Claim, *, can_approve: bool) -> list[dict[str, Any]]:
    propose: dict[str, Any] = {"label": _("Propose a decision"), "status": _("Cannot start yet")}
    approve: dict[str, Any] = {"label": _("Approve the decision"), "status": _("Cannot start yet")}
    if claim.status in {ClaimStatus.DECIDED, ClaimStatus.CLOSED}:
        propose["status"] = approve["status"] = _("Completed")
    elif claim.proposed_outcome:
        propose |= {"status": _("Completed"), "hint": _proposal(claim)}
        approve |= {
            "kind": "warn",
            "status": _("Waits for you") if can_approve else _("Waits for a second person"),
        }
        approve["hint"] = _("A decision maker other than the one who proposed it.")
        if can_approve:
            approve["url"] = "#decision"
    elif claim.status == ClaimStatus.EXAMINATION:
        propose |= {"kind": "info", "status": _("To do"), "url": "#decision"}
    return [propose, approve]


def _proposal(claim: Claim) -> str:
    who = claim.proposed_by.name if claim.proposed_by else ""
    return _("%(outcome)s, proposed by %(who)s") % {
        "outcome": claim.get_proposed_outcome_display(),
        "who": who,
    }


__all__ = ["FIELDS_HIDDEN", "PersonLine", "Sight", "badges", "people", "person_line", "tasks", "with_status"]
