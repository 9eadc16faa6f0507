"""Where was somebody protected before they came here?"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.models.columns import who
from refugeecm.core.blanking import DELETE
from refugeecm.core.classes import classified
from refugeecm.core.history import track
from refugeecm.core.wall import Wall
from registration.enums import Evidence, OnwardReason, PriorStatus
from registration.models.access import PersonOwned, PersonQuerySet, shared_sql
from registration.models.people import Individual


@track()
class PriorProtection(PersonOwned):
    """A country that protected the person before (law-and-practice.md 5.3). It is known, and stands in the way of nothing."""

    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="prior_protections")
    country = models.CharField(_("country"), max_length=3)
    held = models.CharField(_("status there"), max_length=13, choices=PriorStatus)
    number = models.BinaryField(_("number there"), blank=True, default=b"")  # sealed with the person's key
    evidence = models.CharField(_("known by"), max_length=9, choices=Evidence)
    reason = models.CharField(_("why they went on"), max_length=13, choices=OnwardReason, blank=True)
    recorded_by = who(db_index=False)
    recorded_at = models.DateTimeField(_("recorded"))

    objects = PersonQuerySet.as_manager()
    when_erased = DELETE
    field_classes = classified(
        C1="id agency individual recorded_by recorded_at",
        C2="country held evidence",
        C3="number",
        C4="reason",
    )
    wall: ClassVar[Wall] = Wall(shared=shared_sql("registration_priorprotection.individual_id"))
    shared_as = _("Protection elsewhere before")
    field_groups = {"protection": "country held evidence"}

    def __str__(self) -> str:
        return f"{self.individual_id} {self.country}"
