"""Which rescues at sea and disembarkations were there, and who came ashore?"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency
from agencies.models.columns import OwnQuerySet, who
from refugeecm.core.blanking import DELETE
from refugeecm.core.classes import classified
from refugeecm.core.history import track
from refugeecm.core.wall import Wall
from registration.models.access import PersonOwned
from registration.models.influx import InfluxEvent
from registration.models.movements import UnsharedQuerySet
from registration.models.people import Individual


@track()
class SeaIncident(models.Model):
    """A rescue under the SAR Convention of 1979, as far as it is known: law-and-practice.md 5.5."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    reference = models.CharField(_("reference"), max_length=60)
    happened_at = models.DateTimeField(_("when"))
    latitude = models.DecimalField(_("latitude"), max_digits=7, decimal_places=4, null=True)
    longitude = models.DecimalField(_("longitude"), max_digits=7, decimal_places=4, null=True)
    vessel = models.CharField(_("vessel"), max_length=120, blank=True)
    flag = models.CharField(_("flag state"), max_length=3, blank=True)
    mrcc = models.CharField(_("rescue coordination centre"), max_length=80, blank=True)
    # Those whom nobody registered one by one: {"F": {"0-4": 1, …}, "M": {…}, "U": {…}}.
    counted: models.JSONField[Any, Any] = models.JSONField(default=dict)
    medical = models.PositiveIntegerField(_("in need of medical care"), default=0)
    dead = models.PositiveIntegerField(_("dead"), default=0)
    missing = models.PositiveIntegerField(_("missing"), default=0)
    safety_requested_at = models.DateTimeField(_("place of safety requested"), null=True)
    safety_requested_of = models.CharField(_("requested of"), max_length=120, blank=True)
    safety_assigned_at = models.DateTimeField(_("place of safety assigned"), null=True)
    safety_assigned = models.CharField(_("place of safety"), max_length=120, blank=True)
    port = models.CharField(_("port of disembarkation"), max_length=120, blank=True)
    country = models.CharField(_("country of disembarkation"), max_length=3, blank=True)
    disembarked_at = models.DateTimeField(_("disembarked"), null=True)
    event = models.ForeignKey(
        InfluxEvent,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("event"),
    )
    recorded_by = who(db_index=False)
    recorded_at = models.DateTimeField(_("recorded"))

    objects = OwnQuerySet["SeaIncident"].as_manager()
    field_classes = classified(
        C1="id agency reference happened_at latitude longitude vessel flag mrcc counted medical dead missing"
        " safety_requested_at safety_requested_of safety_assigned_at safety_assigned port country disembarked_at event"
        " recorded_by recorded_at"
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "reference"], name="sea_incident_once"),
            models.CheckConstraint(
                condition=models.Q(latitude=None, longitude=None)
                | models.Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="sea_incident_position",
            ),
        ]
        indexes = [models.Index(fields=["agency", "-happened_at"], name="sea_incident_newest")]

    def __str__(self) -> str:
        return self.reference


class Survivor(PersonOwned):
    """Somebody registered who came ashore from a rescue. No partner sees it: how somebody came is theirs to tell."""

    incident = models.ForeignKey(SeaIncident, on_delete=models.PROTECT, related_name="survivors")
    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="rescues")

    objects = UnsharedQuerySet["Survivor"].as_manager()
    when_erased = DELETE
    field_classes = classified(C1="id agency individual", C2="incident")
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "individual"], name="survivor_once")]

    def __str__(self) -> str:
        return f"{self.individual_id} of {self.incident_id}"
