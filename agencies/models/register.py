"""What must an agency be able to show? Breaches of personal data that it noticed, and requests by law enforcement that it answered."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.enums import BREACH_MOVES, LAW_REQUEST_MOVES, BreachStatus, LawRequestStatus
from agencies.models.agency import Agency
from agencies.models.columns import OwnQuerySet, both_or_neither, who
from refugeecm.core.classes import classified
from refugeecm.core.history import track
from refugeecm.core.wall import Wall

# GDPR article 33(1): not later than 72 hours after having become aware; hours run through nights and holidays (Regulation (EEC,
# Euratom) 1182/71, article 3).
TELL_AUTHORITY_WITHIN = timedelta(hours=72)


@track()
class Breach(models.Model):
    """A breach of personal data: what, noticed when, whose data, what was done, who was told. The texts name no person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="breaches")
    reference = models.CharField(_("reference"), max_length=20, unique=True)
    noticed_at = models.DateTimeField(_("noticed"))
    what = models.CharField(_("what happened"), max_length=2000)
    whose = models.CharField(_("whose data"), max_length=500)
    people = models.PositiveIntegerField(_("people affected, about"), null=True)
    measures = models.CharField(_("measures"), max_length=2000, blank=True)
    authority_told_at = models.DateTimeField(_("authority told"), null=True)
    not_told_because = models.CharField(_("why late, or why not told"), max_length=500, blank=True)
    people_told_at = models.DateTimeField(_("people told"), null=True)
    status = models.CharField(_("status"), max_length=12, choices=BreachStatus, default=BreachStatus.OPEN)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    closed_by = who()
    closed_at = models.DateTimeField(null=True)

    objects = OwnQuerySet.as_manager()
    moves = BREACH_MOVES
    field_classes = classified(
        C1="id agency reference noticed_at what whose people measures authority_told_at not_told_because people_told_at status"
        " recorded_by created_at closed_by closed_at"
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        indexes = [models.Index(fields=["agency", "-noticed_at"])]
        constraints = [both_or_neither("closed_at", "closed_by", name="breach_closed_at_by")]

    def __str__(self) -> str:
        return self.reference

    @property
    def authority_due_at(self) -> datetime:
        """By when the supervisory authority is told (GDPR article 33(1))."""
        return self.noticed_at + TELL_AUTHORITY_WITHIN


@track()
class LawRequest(models.Model):
    """A request by law enforcement or a court: it goes to the focal point, and a second person answers (law-and-practice.md N11)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="law_requests")
    reference = models.CharField(_("reference"), max_length=20, unique=True)
    received_at = models.DateTimeField(_("received"))
    asked_by = models.CharField(_("who asks"), max_length=200)
    legal_basis = models.CharField(_("legal basis"), max_length=500)
    asked_for = models.CharField(_("what is asked for"), max_length=2000)
    answer_by = models.DateTimeField(_("answer by"))
    status = models.CharField(
        _("status"), max_length=12, choices=LawRequestStatus, default=LawRequestStatus.RECEIVED
    )
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    referred_to = models.CharField(_("focal point"), max_length=200, blank=True)
    referred_by = who()
    referred_at = models.DateTimeField(_("referred"), null=True)
    answer = models.CharField(_("answer"), max_length=2000, blank=True)
    decided_by = who()
    decided_at = models.DateTimeField(_("decided"), null=True)

    objects = OwnQuerySet.as_manager()
    moves = LAW_REQUEST_MOVES
    field_classes = classified(
        C1="id agency reference received_at asked_by legal_basis asked_for answer_by status recorded_by created_at referred_to"
        " referred_by referred_at answer decided_by decided_at"
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        indexes = [models.Index(fields=["agency", "-received_at"])]
        constraints = [
            both_or_neither("referred_at", "referred_by", name="law_request_referred_at_by"),
            both_or_neither("decided_at", "decided_by", name="law_request_decided_at_by"),
            models.CheckConstraint(
                condition=~models.Q(status__in=["answered", "refused"])
                | ~models.Q(decided_by=models.F("recorded_by")),
                name="law_request_two_people",
            ),
        ]

    def __str__(self) -> str:
        return self.reference
