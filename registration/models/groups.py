"""Who was in which registration group before, and as what? Current membership stands in Individual, and costs an import nothing."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.models.columns import who
from refugeecm.core.classes import classified
from refugeecm.core.wall import Wall
from registration.enums import GroupReason, Relationship
from registration.models.access import PersonOwned, PersonQuerySet
from registration.models.households import Household
from registration.models.people import Individual


class PastMembership(PersonOwned):
    """A place in a group that somebody had from one day until another, when they left, moved, or took another place in it."""

    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="past_memberships")
    household = models.ForeignKey(Household, on_delete=models.PROTECT, related_name="past_members")
    relationship = models.CharField(_("relationship to the focal point"), max_length=3, choices=Relationship)
    since = models.DateField(_("from"))
    until = models.DateField(_("until"))
    reason = models.CharField(_("reason"), max_length=30, choices=GroupReason)
    noted_by = who(db_index=False)

    objects = PersonQuerySet.as_manager()
    field_classes = classified(
        C1="id agency individual household since until reason noted_by", C2="relationship"
    )
    # No partner sees former groups: they would lead from one family that is shared to another that is not.
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(since__lte=models.F("until")), name="past_membership_forwards"
            )
        ]

    def __str__(self) -> str:
        return f"{self.individual_id} {self.since} {self.until}"
