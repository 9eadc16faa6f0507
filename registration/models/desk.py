"""What does a registration desk keep while people wait or are being asked: the forms half filled in, and the numbers given out?"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.access import Viewer
from agencies.models import Agency
from agencies.models.columns import OwnQuerySet, who
from refugeecm.core.classes import classified
from refugeecm.core.wall import Wall
from registration.enums import TOKEN_MOVES, TokenStatus
from registration.models.households import Household
from registration.models.influx import InfluxEvent


class QueueToken(models.Model):
    """A number given to a group that has to wait, for one day at one place. It says nothing about who they are."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    event = models.ForeignKey(InfluxEvent, on_delete=models.PROTECT, null=True, related_name="+")
    place = models.CharField(_("site"), max_length=80, blank=True)
    day = models.DateField(_("day"))
    number = models.PositiveIntegerField(_("number"))
    people = models.PositiveSmallIntegerField(_("people"))
    priority = models.BooleanField(_("before the others"), default=False)
    status = models.CharField(_("status"), max_length=7, choices=TokenStatus, default=TokenStatus.WAITING)
    household = models.ForeignKey(Household, on_delete=models.CASCADE, null=True, related_name="+")
    given_at = models.DateTimeField()
    called_at = models.DateTimeField(null=True)
    called_by = who()

    objects = OwnQuerySet["QueueToken"].as_manager()
    moves = TOKEN_MOVES
    field_classes = classified(
        C1="id agency event place day number people priority status household given_at called_at called_by"
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "place", "day", "number"], name="token_number_once"),
            models.CheckConstraint(
                condition=models.Q(called_at=None, called_by=None)
                | models.Q(called_at__isnull=False, called_by__isnull=False),
                name="token_called_at_by",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.number}"


class DeskDraftQuerySet(models.QuerySet["DeskDraft"]):
    """Questions about many drafts."""

    def visible_to(self, viewer: Viewer) -> DeskDraftQuerySet:
        """Return the viewer's own, and nobody else's."""
        return self.filter(agency_id=viewer.agency_id, user_id=viewer.user_id or 0)


class DeskDraft(models.Model):
    """A family's form as far as its clerk got. By its id the family is registered once, however often it is sent."""

    id = models.UUIDField(primary_key=True, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    event = models.ForeignKey(InfluxEvent, on_delete=models.PROTECT, related_name="+")
    token = models.ForeignKey(QueueToken, on_delete=models.PROTECT, null=True, related_name="+")
    people = models.PositiveSmallIntegerField(_("people"), default=0)  # with something filled in
    sealed = models.BinaryField()  # with the agency's key: registration.actions.desk.Content
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    saved_at = models.DateTimeField()

    objects = DeskDraftQuerySet.as_manager()
    sealed_by_agency: ClassVar[dict[str, str]] = {"sealed": "registration_deskdraft.sealed|{pk}"}
    field_classes: ClassVar[Any] = classified(
        C1="id agency user event token people version created_at saved_at", internal="sealed"
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        indexes = [models.Index(fields=["agency", "user", "saved_at"], name="draft_of_clerk")]

    def __str__(self) -> str:
        return str(self.pk)
