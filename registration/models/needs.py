"""What does a person need beyond what everybody needs, who said so, and who may know?"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agencies.access import Permission, Viewer
from agencies.models.columns import both_or_neither, who
from refugeecm.core.blanking import DELETE
from refugeecm.core.classes import classified
from refugeecm.core.history import track
from refugeecm.core.wall import Wall
from registration.enums import NEED_MOVES, OPEN_NEEDS, NeedPriority, NeedStatus
from registration.models.access import PersonOwned, PersonQuerySet, shared_sql
from registration.models.people import Individual
from registration.rules.needs import NEEDS


class NeedQuerySet(PersonQuerySet["SpecificNeed"]):
    """Questions about many needs."""

    def visible_to(self, viewer: Viewer) -> Any:
        """Return the rows that the viewer may know of; whoever may not open restricted needs does not learn that there are any."""
        found = super().visible_to(viewer)
        return found if viewer.may(Permission.NEED_RESTRICTED) else found.filter(restricted=False)

    def shared_with(self, viewer: Viewer) -> models.Q:
        """Return the condition that an agreement covers the person; a restricted need is shared by none."""
        return super().shared_with(viewer) & models.Q(restricted=False)

    def open(self) -> NeedQuerySet:
        """Return those that are neither resolved nor dismissed."""
        return self.filter(status__in=OPEN_NEEDS)


@track()
class SpecificNeed(PersonOwned):
    """A specific need of one person under UNHCR's code. What it is called is protection data, whoever the person is (C4)."""

    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="needs")
    code = models.CharField(_("need"), max_length=5)  # registration.rules.needs.NEEDS
    restricted = models.BooleanField(_("restricted"))
    status = models.CharField(_("status"), max_length=14, choices=NeedStatus, default=NeedStatus.FLAGGED)
    priority = models.CharField(
        _("priority"), max_length=9, choices=NeedPriority, default=NeedPriority.NORMAL
    )
    note = models.BinaryField(_("note"), blank=True, default=b"")  # sealed with the person's key
    identified_on = models.DateField(_("identified on"))
    identified_by = who(db_index=False)
    reviewed_at = models.DateTimeField(_("reviewed"), null=True)
    reviewed_by = who(db_index=False)

    objects = NeedQuerySet.as_manager()
    moves = NEED_MOVES
    when_erased = DELETE
    field_classes = classified(
        C1="id agency individual",
        C4="code restricted status priority note identified_on identified_by reviewed_at reviewed_by",
    )
    wall: ClassVar[Wall] = Wall(
        shared=f"NOT restricted AND {shared_sql('registration_specificneed.individual_id')}"
    )
    shared_as = _("Specific need")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["individual", "code"],
                name="one_open_need",
                condition=models.Q(status__in=["flagged", "pending_review", "confirmed"]),
            ),
            both_or_neither("reviewed_at", "reviewed_by", name="need_reviewed_at_by"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """What the code means, in the current language."""
        return gettext(NEEDS[self.code])
