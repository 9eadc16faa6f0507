"""How long does an agency keep what, whom may nobody erase for now, and who is to be erased or was?"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency
from agencies.models.columns import OwnQuerySet, both_or_neither, who
from refugeecm.core.classes import classified
from refugeecm.core.history import track
from refugeecm.core.wall import Wall
from registration.enums.retention import (
    ERASURE_MOVES,
    OPEN_ERASURES,
    ErasureOrigin,
    ErasureStatus,
    Keeping,
)
from registration.models import erasing as erasing  # the function that writes what is decided here
from registration.models.access import PersonOwned, PersonQuerySet
from registration.models.influx import InfluxEvent
from registration.models.people import Individual


class RetentionChoice(models.Model):
    """What an agency, as the controller of its files, decided about one rule (registration.rules.retention)."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", db_index=False)
    rule = models.CharField(_("rule"), max_length=20)
    months = models.PositiveSmallIntegerField(_("months"))
    keeping = models.CharField(_("then"), max_length=7, choices=Keeping, default=Keeping.ERASE)
    reason = models.CharField(_("reason"), max_length=300)
    set_by = who(db_index=False)
    set_at = models.DateTimeField()

    objects = OwnQuerySet["RetentionChoice"].as_manager()
    field_classes = classified(C1="id agency rule months keeping reason set_by set_at")
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "rule"], name="retention_once")]

    def __str__(self) -> str:
        return f"{self.agency_id} {self.rule}"


@track()
class LegalHold(PersonOwned):
    """A supervisor's word that somebody, or everybody of an event, is not erased until it is lifted."""

    individual = models.ForeignKey(Individual, on_delete=models.PROTECT, null=True, related_name="holds")
    event = models.ForeignKey(
        InfluxEvent, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    reason = models.CharField(_("reason"), max_length=300)
    set_by = who(db_index=False)
    set_at = models.DateTimeField()
    lifted_by = who(db_index=False)
    lifted_at = models.DateTimeField(null=True)

    objects = OwnQuerySet["LegalHold"].as_manager()
    field_classes = classified(C1="id agency individual event set_by set_at lifted_by lifted_at", C2="reason")
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(individual=None) ^ models.Q(event=None), name="hold_of_one_or_of_an_event"
            ),
            both_or_neither("lifted_at", "lifted_by", name="hold_lifted_at_by"),
            models.UniqueConstraint(
                fields=["agency", "individual"], name="one_hold_of_a_person",
                condition=models.Q(lifted_at=None) & ~models.Q(individual=None),
            ),
            models.UniqueConstraint(
                fields=["agency", "event"], name="one_hold_of_an_event",
                condition=models.Q(lifted_at=None) & ~models.Q(event=None),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"hold {self.pk}"


class ErasureQuerySet(PersonQuerySet["Erasure"]):
    """Questions about many erasures."""

    def shared_with(self, viewer: object) -> models.Q:
        """No agreement shows an erasure."""
        return models.Q(pk=None)

    def open(self) -> ErasureQuerySet:
        """Return those on which somebody, or a worker, still has to do something."""
        return self.filter(status__in=OPEN_ERASURES)


@track()
class Erasure(PersonOwned):
    """Everything that is known of a person goes, but for codes and days. One person proposes it, another approves."""

    individual = models.ForeignKey(Individual, on_delete=models.PROTECT, related_name="erasures")
    origin = models.CharField(_("why"), max_length=10, choices=ErasureOrigin)
    rule = models.CharField(max_length=20, blank=True)  # registration.rules.retention
    due_on = models.DateField(_("kept until"), null=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    status = models.CharField(
        _("status"), max_length=9, choices=ErasureStatus, default=ErasureStatus.SUGGESTED
    )
    suggested_at = models.DateTimeField(null=True)
    proposed_by = who(db_index=False)
    proposed_at = models.DateTimeField(null=True)
    approved_by = who(db_index=False)
    approved_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    records = models.PositiveSmallIntegerField(default=0)  # of the same person that went with this one

    objects = ErasureQuerySet.as_manager()
    moves = ERASURE_MOVES
    field_classes = classified(
        C1="id agency individual origin rule due_on status suggested_at proposed_by proposed_at approved_by approved_at closed_at"
        " records",
        C2="reason",
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["individual"], name="one_open_erasure", condition=models.Q(status__in=OPEN_ERASURES)
            ),
            both_or_neither("proposed_at", "proposed_by", name="erasure_proposed_at_by"),
            both_or_neither("approved_at", "approved_by", name="erasure_approved_at_by"),
            # It cannot be undone: two people decide, and whoever proposed it never approves it (design.md rule 8).
            models.CheckConstraint(
                condition=~models.Q(status__in=["approved", "done"])
                | models.Q(proposed_by__isnull=False, approved_by__isnull=False)
                & ~models.Q(approved_by=models.F("proposed_by")),
                name="erasure_approved_by_another",
            ),
        ]
        indexes = [models.Index(fields=["agency", "status", "-id"], name="erasure_queue")]

    def __str__(self) -> str:
        return f"{self.individual_id} {self.status}"
