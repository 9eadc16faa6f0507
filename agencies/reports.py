"""What has happened to something, as far as the viewer's agency knows?"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext as _

from agencies.access import ROLES, Permission, Viewer
from agencies.enums import Role
from agencies.models import Agreement, Notification
from refugeecm.core import events
from refugeecm.core.models import Event, ReadEvent, User


@dataclass(frozen=True)
class Happening:
    """One line of a timeline (ui/timeline.html)."""

    name: str
    title: str
    at: datetime
    by: str = ""
    text: str = ""
    details: dict[str, Any] = field(default_factory=dict)


def story(
    *,
    viewer: Viewer,
    subjects: Iterable[uuid.UUID],
    statuses: Mapping[str, type[TextChoices]] | None = None,
    at_most: int = 100,
) -> list[Happening]:
    """Return what happened to the subjects, newest first: events of the viewer's own agency or inherited, and what others told it.

    `statuses` says of which events the status is told, as a second line. Of another agency's acts only the notifications are known.
    Three statements.
    """
    ids = list(subjects)
    # The wall shows the agency's own events and, of a case it took over, those of who had it before.
    own = list(Event.objects.filter(subject_id__in=ids).order_by("-at", "-id")[:at_most])
    told = Notification.objects.visible_to(viewer).filter(subject_id__in=ids).order_by("-at", "-id")[:at_most]
    names = dict(
        User.objects.filter(
            pk__in={one.actor_id for one in own if one.actor_id and one.agency_id == viewer.agency_id}
        ).values_list("pk", "name")
    )
    found = [
        Happening(
            name=one.name,
            title=title(one.name),
            at=one.at,
            by=names.get(one.actor_id or 0, ""),
            text=status_told(one, (statuses or {}).get(one.name)),
            details=one.details,
        )
        for one in own
    ]
    known = {(one.name, one.subject_id, one.at) for one in own}
    found += [
        Happening(name=one.event, title=title(one.event), at=one.at)
        for one in told
        if (one.event, one.subject_id, one.at) not in known
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)[:at_most]


def status_told(event: Event, codes: type[TextChoices] | None) -> str:
    """Return the status that an event tells of, in words, if it is one of these codes."""
    status = event.details.get("status")
    return str(codes(status).label) if codes and status in codes.values else ""


def title(name: str) -> str:
    """Return the sentence of an event in the current language."""
    return _(events.CATALOGUE.get(name, name))


def readers() -> list[str]:
    """Return the roles, in words, whose members read what an agreement shows to their agency."""
    return [str(one.label) for one in Role if Permission.PERSON_READ in ROLES[one]]


def last_disclosures(agreement: Agreement, *, at_most: int = 200) -> dict[str, datetime]:
    """Return {class of fields: when somebody of the recipient last saw it of the provider's people}, from the newest reads.

    Only the provider reads it: the recipient's other reads are not the provider's affair, and the wall keeps them.
    """
    seen = ReadEvent.objects.filter(
        agency_id=agreement.recipient_id, owner_agency_ids__contains=[agreement.provider_id]
    )
    found: dict[str, datetime] = {}
    for classes, at in seen.order_by("-at").values_list("classes", "at")[:at_most]:
        for one in classes:
            found.setdefault(one, at)
    return dict(sorted(found.items()))
