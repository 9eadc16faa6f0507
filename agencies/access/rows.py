"""Which rows may a viewer see? Their own agency's, and those that a live agreement opens."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import models

from agencies.access.viewer import Viewer
from agencies.models import Agreement

M = TypeVar("M", bound=models.Model)


def live_for(viewer: Viewer) -> models.QuerySet[Agreement]:
    """Return the agreements that show the viewer something now, by the door they came through.

    Joined again in every query: an agreement that ended a second ago opens nothing any more (trust.md P8).
    """
    return Agreement.objects.live().filter(recipient_id=viewer.agency_id, channels__contains=[viewer.channel])


class OwnedQuerySet(models.QuerySet[M]):
    """Rows that belong to an agency (`agency_id`); a subclass says which of another agency's rows are shared."""

    def visible_to(self, viewer: Viewer) -> Any:
        """Return the rows that the viewer may know of; the first call in every view."""
        return self.filter(models.Q(agency_id=viewer.agency_id) | self.shared_with(viewer))

    def owned_by(self, viewer: Viewer) -> Any:
        """Return the rows that the viewer's agency is responsible for, and may change."""
        return self.filter(agency_id=viewer.agency_id)

    def shared_with(self, viewer: Viewer) -> models.Q:
        """Return the condition under which another agency's row is visible; by default there is none."""
        return models.Q(pk__in=[])
