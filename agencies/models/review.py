"""Who still needs the access they have? An agency asks itself every quarter."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.enums import REVIEW_MOVES, VERDICT_MOVES, ReviewKind, ReviewStatus, Verdict
from agencies.models.agency import Agency, ApiClient, Membership
from agencies.models.agreement import Agreement
from agencies.models.columns import OwnQuerySet, who
from refugeecm.core.classes import classified
from refugeecm.core.wall import Wall


class Review(models.Model):
    """One round of an agency: opened, due after 14 days, closed when every line is decided or the day has passed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="reviews")
    opened_at = models.DateTimeField(_("opened"))
    opened_by = who()
    due_on = models.DateField(_("due"))  # the last day on which a line can be decided
    status = models.CharField(_("status"), max_length=10, choices=ReviewStatus, default=ReviewStatus.OPEN)
    reminded_days = models.PositiveSmallIntegerField(default=0)  # since opening: 0, 7 or 13
    closed_at = models.DateTimeField(null=True)

    objects = OwnQuerySet.as_manager()
    moves = REVIEW_MOVES
    field_classes = classified(C1="id agency opened_at opened_by due_on status reminded_days closed_at")
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency"],
                condition=models.Q(status=ReviewStatus.OPEN),
                name="one_open_review",
            )
        ]

    def __str__(self) -> str:
        return f"{self.agency_id} {self.opened_at:%Y-%m-%d}"


class ReviewLine(models.Model):
    """One access, as it stood when the review was opened, and what became of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="lines")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=10, choices=ReviewKind)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, null=True, related_name="+")
    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, null=True, related_name="+")
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, null=True, related_name="+")
    role = models.CharField(_("role"), max_length=20, blank=True)  # of a member, on that day
    last_used_at = models.DateTimeField(_("last used"), null=True)
    status = models.CharField(_("verdict"), max_length=10, choices=Verdict, default=Verdict.OPEN)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    decided_by = who()
    decided_at = models.DateTimeField(null=True)

    moves = VERDICT_MOVES
    field_classes = classified(
        C1="id review agency kind membership client agreement role last_used_at status reason decided_by decided_at"
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(
                    models.Q(status=Verdict.OPEN) & models.Q(decided_at=None) & models.Q(decided_by=None)
                )
                | (~models.Q(status=Verdict.OPEN) & models.Q(decided_at__isnull=False)),
                name="decided_when_and_by_whom",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    kind=ReviewKind.MEMBER, membership__isnull=False, client=None, agreement=None
                )
                | models.Q(kind=ReviewKind.CLIENT, membership=None, client__isnull=False, agreement=None)
                | models.Q(kind=ReviewKind.AGREEMENT, membership=None, client=None, agreement__isnull=False),
                name="one_access_a_line",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"
