"""On which occasion do people arrive, and what does it change while it lasts?"""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency
from agencies.models.columns import both_or_neither, who
from refugeecm.core.classes import classified
from registration.enums import INFLUX_MOVES, InfluxBasis, InfluxStatus, Level
from registration.models.places import AdminArea


class InfluxEventQuerySet(models.QuerySet["InfluxEvent"]):
    """Questions about many events. Every agency knows of all of them."""

    def offered(self) -> InfluxEventQuerySet:
        """Return those for which people can be registered: what is declared first, then the newest; closed ones are not offered."""
        declared = models.Q(status=InfluxStatus.DECLARED)
        return self.exclude(status=InfluxStatus.CLOSED).order_by(
            models.Case(models.When(declared, then=0), default=1), "-created_at", "-pk"
        )


class InfluxEvent(models.Model):
    """A mass influx, or any other occasion of arrival. Public among the agencies; its people are not."""

    slug = models.SlugField(_("short name"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=200)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="influx_events")
    country = models.CharField(_("country of asylum"), max_length=3)
    status = models.CharField(
        _("status"),
        max_length=12,
        choices=InfluxStatus,
        default=InfluxStatus.DRAFT,
        db_default=InfluxStatus.DRAFT,
    )
    basis = models.CharField(_("basis"), max_length=20, choices=InfluxBasis, blank=True, db_default="")
    origins = ArrayField(
        models.CharField(max_length=3), verbose_name=_("countries of origin"), blank=True, db_default=[]
    )
    expected = models.PositiveIntegerField(_("expected arrivals"), null=True)
    level = models.CharField(
        _("level of registration"),
        max_length=17,
        choices=Level,
        default=Level.EMERGENCY,
        db_default=Level.EMERGENCY,
    )
    # Days within which an arrival is to be registered, such as 15 (Reg. (EU) 2024/1348 article 27(5)).
    registered_within = models.PositiveSmallIntegerField(_("days to register"), null=True)
    proposed_by = who(db_index=False)
    proposed_at = models.DateTimeField(null=True)
    approved_by = who(db_index=False)
    approved_again_by = who(db_index=False)
    declared_at = models.DateTimeField(_("declared"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    created_at = models.DateTimeField()

    objects = InfluxEventQuerySet.as_manager()
    moves = INFLUX_MOVES
    field_classes = classified(
        C0="id slug name agency country status basis origins expected level registered_within proposed_by proposed_at"
        " approved_by approved_again_by declared_at ended_at created_at"
    )

    class Meta:
        constraints = [
            both_or_neither("proposed_at", "proposed_by", name="influx_proposed_at_by"),
            # Declared by three people: who proposed it, and two more who agree.
            models.CheckConstraint(
                condition=models.Q(declared_at=None)
                | models.Q(approved_by__isnull=False, approved_again_by__isnull=False)
                & ~models.Q(approved_by=models.F("proposed_by"))
                & ~models.Q(approved_again_by=models.F("proposed_by"))
                & ~models.Q(approved_again_by=models.F("approved_by")),
                name="influx_declared_by_three",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def register_by(self, arrived: date) -> date | None:
        """Return the last day for registering somebody who arrived on a day, while the event is declared and says one."""
        if self.status != InfluxStatus.DECLARED or not self.registered_within:
            return None
        return arrived + timedelta(days=self.registered_within)


class EntryPoint(models.Model):
    """Where the people of an event come in: the site that their files name, and how many people a day it can take."""

    event = models.ForeignKey(InfluxEvent, on_delete=models.CASCADE, related_name="entry_points")
    name = models.CharField(_("name"), max_length=120)
    site = models.CharField(_("registration site"), max_length=80)
    capacity = models.PositiveIntegerField(_("people a day"))
    area = models.ForeignKey(
        AdminArea,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("area"),
    )
    is_open = models.BooleanField(_("open"), default=True)

    field_classes = classified(C0="id event name site capacity area is_open")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "site"], name="entry_point_once")]

    def __str__(self) -> str:
        return self.name
