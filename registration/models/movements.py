"""Who arrived, left, came back or moved, and who was seen at which site on which day?"""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.access import Viewer
from agencies.models.columns import who
from refugeecm.core.blanking import DELETE
from refugeecm.core.classes import classified
from refugeecm.core.history import track
from refugeecm.core.wall import Wall
from registration.enums import MovementKind
from registration.models.access import M, PersonOwned, PersonQuerySet
from registration.models.people import Individual


class UnsharedQuerySet(PersonQuerySet[M]):
    """Rows about people that no agreement shows to a partner; sealed files and conflicts of interest close them as ever."""

    def shared_with(self, viewer: Viewer) -> models.Q:
        """Return the condition that nothing fulfils."""
        return models.Q(pk__in=[])


class PresenceQuerySet(UnsharedQuerySet["Presence"]):
    """Questions about many days at sites."""

    def seen(self, *, site: str, since: date) -> PresenceQuerySet:
        """Return who was seen at a site from a day on."""
        return self.filter(site=site, day__gte=since)

    def by_day(self) -> Any:
        """Return (day, people, of whom left) of each day, the newest first; at most so many as there are days."""
        counted = self.values("day").annotate(people=models.Count("pk"), left=models.Count("left_at"))
        return counted.order_by("-day").values_list("day", "people", "left")


@track()
class Movement(PersonOwned):
    """Somebody arrived, left, came back or moved on a day. A fact: it is recorded whatever it means for anything else.

    No partner sees it: from where and when people come and go, others learn where they can be found.
    """

    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="movements")
    kind = models.CharField(_("what happened"), max_length=11, choices=MovementKind)
    on = models.DateField(_("on"))
    site = models.CharField(_("site"), max_length=80, blank=True)
    from_site = models.CharField(_("site before"), max_length=80, blank=True)
    country = models.CharField(_("towards country"), max_length=3, blank=True)
    noted_by = who(db_index=False)
    noted_at = models.DateTimeField(_("noted"))

    objects = UnsharedQuerySet["Movement"].as_manager()
    when_erased = DELETE
    field_classes = classified(
        C1="id agency individual noted_by noted_at", C3="kind on site from_site country"
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["individual", "kind", "on", "site"], name="movement_once")
        ]

    def __str__(self) -> str:
        return f"{self.individual_id} {self.kind} {self.on}"


class Presence(PersonOwned):
    """Somebody was at a site on a day: first and last seen, and when they left. One row a day, which is its own history."""

    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="presences")
    site = models.CharField(_("site"), max_length=80)
    day = models.DateField(_("day"))
    first_seen = models.DateTimeField(_("first seen"))
    last_seen = models.DateTimeField(_("last seen"))
    left_at = models.DateTimeField(_("left"), null=True)
    noted_by = who(db_index=False)

    objects = PresenceQuerySet.as_manager()
    when_erased = DELETE
    field_classes = classified(C1="id agency individual noted_by", C3="site day first_seen last_seen left_at")
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["individual", "site", "day"], name="presence_once")]
        indexes = [models.Index(fields=["agency", "site", "day"], name="presence_of_site")]

    def __str__(self) -> str:
        return f"{self.individual_id} {self.day}"
