"""By when does something have to be done for a person, and is it?"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.access import Permission, Viewer
from refugeecm.core.blanking import DELETE
from refugeecm.core.classes import classified
from refugeecm.core.deadlines.models import RUNNING, DeadlineStatus, Period
from refugeecm.core.history import track
from refugeecm.core.wall import Wall
from registration.models.access import PersonOwned, PersonQuerySet
from registration.models.people import Individual

M = TypeVar("M", bound=models.Model)


class RestrictedQuerySet(PersonQuerySet[M]):
    """Protection facts of an agency's own people (C4): shared by no agreement, and opened by those who may open restricted needs."""

    def visible_to(self, viewer: Viewer) -> Any:
        """Return the rows that the viewer may know of; whoever may not open them does not learn that there are any."""
        found = super().visible_to(viewer)
        return found if viewer.may(Permission.NEED_RESTRICTED) else found.none()

    def shared_with(self, viewer: Viewer) -> models.Q:
        """Return the condition under which another agency sees a row: never."""
        return models.Q(pk__in=[])


class DeadlineQuerySet(RestrictedQuerySet["Deadline"]):
    """Questions about many deadlines."""

    def running(self) -> DeadlineQuerySet:
        """Return those that somebody still has to meet."""
        return self.filter(status__in=RUNNING)

    def standing(self) -> DeadlineQuerySet:
        """Return those that were not cancelled or counted anew."""
        return self.exclude(status=DeadlineStatus.CANCELLED)


@track()
class Deadline(PersonOwned, Period):
    """A deadline about one person. Counted anew, it leaves the one of before, cancelled, and names it."""

    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="deadlines")
    subject_id = models.UUIDField()  # what has the deadline: the safeguards of a child
    replaces = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="replaced_by")

    objects = DeadlineQuerySet.as_manager()
    field_classes = classified(C1="id agency individual subject_id replaces", C4=Period.PERIOD)
    wall: ClassVar[Wall] = Wall()
    when_erased = DELETE

    class Meta:
        verbose_name = _("deadline")
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "rule"], name="deadline_once", condition=~models.Q(status="cancelled")
            ),
            models.CheckConstraint(
                condition=models.Q(legal_end__gte=models.F("raw_end")), name="deadline_moves_on"
            ),
        ]
        indexes = [
            models.Index(
                fields=["agency", "legal_end"], name="deadline_open", condition=models.Q(status="open")
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.legal_end}"
