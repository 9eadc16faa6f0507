"""What happened to a family's records, and who changed what? Events in sentences, changes field by field."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.db import models
from django.utils.formats import date_format
from django.utils.translation import gettext

from agencies.access import Viewer, shown_fields
from agencies.reports import status_told
from cases.enums import ClaimStatus
from refugeecm.core.events import CATALOGUE
from refugeecm.core.models import Event
from refugeecm.core.templatetags.ui import DATE, country
from refugeecm.core.words import headed
from registration.actions.corrections import COMPLETED, words_of
from registration.actions.status import LEGAL, RECORD
from registration.enums import CorrectionReason, GroupReason, LegalStatus, ProcessReason, ProcessStatus
from registration.models import AdminArea, Individual
from registration.models.exceptions import Asked
from registration.rules.counts import total
from resettlement.enums import HandoverStatus, ReferralStatus

DATED = ("registration.group.", "registration.individual.")  # events with the day on which they took effect
LIMIT = 50  # entries on a page
_NAME = models.CharField()
# What those who oversee did is read in the audit list; it would tell a file's readers who is being looked into.
OVERSIGHT = ["access.explained"]
STATUSES: dict[str, type[models.TextChoices]] = {
    "claim": ClaimStatus,
    "referral": ReferralStatus,
    "handover": HandoverStatus,
}


def timeline(subjects: Iterable[uuid.UUID], viewer: Viewer) -> list[dict[str, Any]]:
    """Return what happened to these subjects, newest first, for ui/timeline.html. One statement.

    The database shows the viewer's own agency's events, and of a case it took over those of who had it before, without names.
    """
    events = list(
        Event.objects.filter(subject_id__in=list(subjects))
        .exclude(name__in=OVERSIGHT)
        .annotate(
            who=Asked("(SELECT u.name FROM core_user u WHERE u.id = {who})", "actor_id", output_field=_NAME)
        )
        .order_by("-at", "-id")[:LIMIT]
    )
    return [
        {
            "title": gettext(CATALOGUE.get(event.name, event.name)),
            "at": event.at,
            "by": (event.who or "") if event.agency_id == viewer.agency_id else "",  # type: ignore[attr-defined]
            "text": _told(event),
        }
        for event in _once(events)
    ]


def _once(events: Iterable[Event]) -> list[Event]:
    """Return the events without those that tell the same of one more member: an act that concerned several is told once."""
    found = {(one.name, one.at, one.actor_id, str(one.details)): one for one in reversed(list(events))}
    return list(found.values())[::-1]


def _told(event: Event) -> str:
    """Return what an event says besides its name: the status, the reason and the day on which it took effect."""
    details = event.details
    if event.name == COMPLETED:
        reason = dict(CorrectionReason.choices).get(details["reason"], "")
        return " · ".join(filter(None, [words_of(details["fields"]), str(reason)]))
    of_record = event.name == RECORD
    of_event: dict[str, type[models.TextChoices]] = {RECORD: ProcessStatus, LEGAL: LegalStatus}
    codes = of_event.get(event.name) or STATUSES.get(event.subject_type)
    reasons = dict((ProcessReason if of_record else GroupReason).choices)
    parts = [
        status_told(event, codes),
        str(reasons.get(details.get("reason"), "")),
        date_format(date.fromisoformat(details["on"]), DATE)
        if event.name.startswith(DATED) and "on" in details
        else "",
    ]
    return " · ".join(one for one in parts if one)


def changes(rows: Sequence[models.Model], viewer: Viewer) -> list[dict[str, Any]]:
    """Return how these records of one model were changed after they were made, newest first, for ui/timeline.html.

    Only fields that the viewer may see, only records that are, or were then, their own agency's (the database's rule for history).
    """
    if not rows:
        return []
    model: Any = type(rows[0])
    shown = {row.pk: shown_fields(row, viewer) for row in rows}
    labels = {row.pk: _title(row, shown[row.pk]) for row in rows}
    user = "(SELECT u.name FROM core_user u WHERE u.id = ({who} ->> 'user')::bigint)"
    versions = (
        model.pgh_event_model.objects.filter(pgh_obj_id__in=list(shown))
        .annotate(who=Asked(user, "pgh_context", output_field=_NAME))
        .order_by("pgh_obj_id", "pgh_id")
    )
    found: list[dict[str, Any]] = []
    before: Any = None
    for now in versions[: LIMIT * 10]:
        if before is not None and before.pgh_obj_id == now.pgh_obj_id and now.pgh_label == "update":
            text = "; ".join(_difference(model, before, now, shown[now.pgh_obj_id]))
            if text:
                title = labels[now.pgh_obj_id]
                found.append(
                    {"title": title, "at": now.pgh_created_at, "by": _who(now, viewer), "text": text}
                )
        before = now
    return sorted(found, key=lambda one: one["at"], reverse=True)[:LIMIT]


def _who(version: Any, viewer: Viewer) -> str:
    """Return who made a version; of another agency's people, who had the case before, nobody is named."""
    return (version.who or "") if (version.pgh_context or {}).get("agency") == viewer.agency_id else ""


def _title(row: models.Model, shown: frozenset[str]) -> str:
    if isinstance(row, Individual) and "given_name" in shown:
        return row.full_name
    return str(row)


def _difference(model: type[models.Model], before: Any, now: Any, shown: frozenset[str]) -> list[str]:
    """Return "field: before → now" of every shown field that differs."""
    lines = []
    for field in model._meta.concrete_fields:
        if field.name not in shown or field.name in {"agency", "household"}:  # the event of a move tells that
            continue
        was, became = getattr(before, field.attname), getattr(now, field.attname)
        if was == became:
            continue
        label = headed(field)
        if isinstance(field, models.BinaryField):
            lines.append(gettext("%(field)s changed") % {"field": label})
        else:
            change = {"was": _text(field, was), "became": _text(field, became)}
            lines.append(f"{label}: " + gettext("%(was)s → %(became)s") % change)
    return lines


def _text(field: Any, value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if field.name == "nationality" or field.name.endswith("_country"):
        return country(value)
    if field.related_model is AdminArea:
        return str(AdminArea.objects.filter(pk=value).first())
    if field.name == "counted":
        return str(total(value))
    if isinstance(value, list):
        return ", ".join(value) or "–"
    if field.flatchoices:
        return str(dict(field.flatchoices).get(value, value))
    return str(value)
