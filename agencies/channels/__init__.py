"""What can a partner's system be told of, and who says whether it may know? Upper floors offer their events here."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agencies.access import Viewer
from agencies.models import WebhookEndpoint

TEST = "agencies.webhook.test"


@dataclass(frozen=True)
class Known:
    """A subject that somebody may know of: the case that it belongs to, and a number that grows with its changes."""

    case: uuid.UUID
    change_seq: int


# (topic, viewer, ids of subjects) -> those among them that the viewer sees at this moment, with the fields that the topic gives away.
Sees = Callable[[str, Viewer, Collection[uuid.UUID]], Mapping[uuid.UUID, Known]]
_offered: dict[str, tuple[str | Promise, Sees]] = {}


def offer(topics: Mapping[str, str | Promise], *, sees: Sees) -> None:
    """Let receivers of webhooks choose these events (name -> words for the page); `sees` decides for every single one of them."""
    _offered.update({topic: (label, sees) for topic, label in topics.items()})


def offered() -> dict[str, str | Promise]:
    """Return {topic: words} of what receivers can choose."""
    return {topic: label for topic, (label, _sees) in _offered.items() if topic != TEST}


def label(topic: str) -> str:
    """Return the words for a topic."""
    return str(_offered[topic][0]) if topic in _offered else topic


def known(topic: str, *, viewer: Viewer, ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Known]:
    """Return those subjects that the viewer may be told of now; of an event that nobody offers, none."""
    return _offered[topic][1](topic, viewer, ids) if topic in _offered else {}


def _own(topic: str, viewer: Viewer, ids: Collection[uuid.UUID]) -> Mapping[uuid.UUID, Known]:
    mine = WebhookEndpoint.objects.visible_to(viewer).filter(pk__in=ids).values_list("pk", flat=True)
    return {one: Known(case=one, change_seq=0) for one in mine}


offer({TEST: _("Test")}, sees=_own)
