"""What has a person asked for about their own data, by when is it answered, and what came of it?"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.models.columns import both_or_neither, who
from refugeecm.core.classes import classified
from refugeecm.core.history import track
from refugeecm.core.wall import Wall
from registration.enums.rights import (
    RIGHTS_MOVES,
    TO_ANSWER,
    AskedBy,
    RightsChannel,
    RightsKind,
    RightsStatus,
)
from registration.models.access import PersonOwned
from registration.models.movements import UnsharedQuerySet
from registration.models.people import Individual


class RightsRequestQuerySet(UnsharedQuerySet["RightsRequest"]):
    """Questions about many requests."""

    def to_answer(self) -> RightsRequestQuerySet:
        """Return those that wait for an answer."""
        return self.filter(status__in=TO_ANSWER)


@track()
class RightsRequest(PersonOwned):
    """A person asks for access, correction or erasure, or objects. It goes along where another agency takes the person over.

    No night removes it: that it was asked and answered has to be shown as long as there is the person (GDPR article 5(2)).
    """

    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="rights_requests")
    kind = models.CharField(_("asked for"), max_length=12, choices=RightsKind)
    channel = models.CharField(_("how it reached us"), max_length=8, choices=RightsChannel)
    asked_by = models.CharField(_("who asks"), max_length=8, choices=AskedBy)
    what = models.BinaryField(_("what they say"))  # sealed with the person's key, as are the reasons below
    received_on = models.DateField(_("received on"))
    due_on = models.DateField(_("answer by"))
    status = models.CharField(_("status"), max_length=10, choices=RightsStatus, default=RightsStatus.RECEIVED)
    recorded_by = who(db_index=False)
    recorded_at = models.DateTimeField()
    extension = models.BinaryField(_("why it takes longer"), blank=True, default=b"")
    extended_at = models.DateTimeField(_("extended"), null=True)
    extended_by = who(db_index=False)
    answer = models.BinaryField(_("answer"), blank=True, default=b"")
    answered_at = models.DateTimeField(_("answered"), null=True)
    answered_by = who(db_index=False)

    objects = RightsRequestQuerySet.as_manager()
    moves = RIGHTS_MOVES
    field_classes = classified(
        C1="id agency individual kind channel asked_by received_on due_on status recorded_by recorded_at extended_at extended_by"
        " answered_at answered_by",
        C4="what extension answer",
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(received_on__lt=models.F("due_on")), name="rights_forwards"
            ),
            both_or_neither("extended_at", "extended_by", name="rights_extended_at_by"),
            both_or_neither("answered_at", "answered_by", name="rights_answered_at_by"),
        ]
        indexes = [
            models.Index(
                fields=["agency", "due_on", "id"],
                name="rights_to_answer",
                condition=models.Q(status__in=["received", "extended"]),
            ),
            models.Index(
                fields=["individual"],
                name="rights_kept_apart",
                condition=models.Q(status="granted", kind__in=["objection", "restriction"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
