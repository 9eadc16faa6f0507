"""Of whom did somebody see signs of trafficking or smuggling, and who may know?"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.access import Permission, Viewer
from agencies.models.columns import both_or_neither, who
from refugeecm.core.blanking import DELETE
from refugeecm.core.classes import classified
from refugeecm.core.history import track
from refugeecm.core.wall import Wall
from registration.models.access import PersonOwned
from registration.models.movements import UnsharedQuerySet
from registration.models.people import Individual


class AssessmentQuerySet(UnsharedQuerySet["IndicatorAssessment"]):
    """Questions about many assessments."""

    def visible_to(self, viewer: Viewer) -> Any:
        """Return the rows that the viewer may know of: whoever may not open restricted needs knows of none."""
        found = super().visible_to(viewer)
        return found if viewer.may(Permission.NEED_RESTRICTED) else found.none()


@track()
class IndicatorAssessment(PersonOwned):
    """What somebody saw, by the checklist of registration.rules.indicators. A reason to refer, never a status and never a decision.

    It is shown on its own pages alone, to those who open restricted needs.
    """

    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="+")
    indicators = ArrayField(models.CharField(max_length=24), verbose_name=_("indicators"))
    referred = models.BooleanField(_("led to a referral"), default=False)
    assessed_by = who(db_index=False)
    assessed_at = models.DateTimeField(_("assessed"))
    removed_by = who(db_index=False)
    removed_at = models.DateTimeField(_("removed"), null=True)
    removal = models.BinaryField(
        _("why it was removed"), blank=True, default=b""
    )  # sealed with the person's key

    objects = AssessmentQuerySet.as_manager()
    when_erased = DELETE
    field_classes = classified(
        C1="id agency individual",
        C4="indicators referred assessed_by assessed_at removed_by removed_at removal",
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [both_or_neither("removed_at", "removed_by", name="assessment_removed_at_by")]

    def __str__(self) -> str:
        return str(self.pk)
