"""Which verification exercises are there, whom do they ask to come, and what came out for each?"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency
from agencies.models.columns import OwnQuerySet, both_or_neither, who
from refugeecm.core.classes import classified
from refugeecm.core.history import track
from refugeecm.core.wall import Wall
from registration.enums import EXERCISE_MOVES, ExerciseStatus, LegalStatus, VerificationResult
from registration.models.access import PersonOwned
from registration.models.influx import InfluxEvent
from registration.models.movements import UnsharedQuerySet
from registration.models.people import Individual


@track()
class VerificationExercise(models.Model):
    """People of an agency are asked to come within some days, so that it is known who is still there (law-and-practice.md 1.9)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    name = models.CharField(_("name"), max_length=120)
    # Whom it is about: whatever is given, together; nothing given is everybody whose record counts.
    event = models.ForeignKey(
        InfluxEvent,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("event"),
    )
    site = models.CharField(_("site"), max_length=80, blank=True)
    legal_status = models.CharField(_("legal status"), max_length=20, choices=LegalStatus, blank=True)
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))
    capacity = models.PositiveIntegerField(_("people a day at each site"))
    notice_days = models.PositiveSmallIntegerField(_("days of notice"), default=30)
    notice_until = models.DateField(_("notice until"), null=True)
    status = models.CharField(_("status"), max_length=9, choices=ExerciseStatus, default=ExerciseStatus.DRAFT)
    planned_by = who(db_index=False)
    planned_at = models.DateTimeField(_("planned"))
    started_by = who(db_index=False)
    started_at = models.DateTimeField(_("started"), null=True)
    ended_by = who(db_index=False)
    ended_at = models.DateTimeField(_("ended"), null=True)
    confirmed_by = who(db_index=False)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)

    objects = OwnQuerySet["VerificationExercise"].as_manager()
    moves = EXERCISE_MOVES
    field_classes = classified(
        C1="id agency name event site legal_status starts_on ends_on capacity notice_days notice_until status planned_by"
        " planned_at started_by started_at ended_by ended_at confirmed_by confirmed_at"
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(starts_on__lte=models.F("ends_on")), name="exercise_forwards"
            ),
            models.CheckConstraint(condition=models.Q(capacity__gt=0), name="exercise_has_room"),
            both_or_neither("started_at", "started_by", name="exercise_started_at_by"),
            both_or_neither("ended_at", "ended_by", name="exercise_ended_at_by"),
            both_or_neither("confirmed_at", "confirmed_by", name="exercise_confirmed_at_by"),
            # Nobody loses their place on the word of one person, nor before the notice is over (design.md rule 8).
            models.CheckConstraint(
                condition=models.Q(confirmed_by=None) | ~models.Q(confirmed_by=models.F("ended_by")),
                name="exercise_confirmed_by_another",
            ),
        ]
        indexes = [models.Index(fields=["agency", "-planned_at"], name="exercise_newest")]

    def __str__(self) -> str:
        return self.name


class TargetQuerySet(UnsharedQuerySet["VerificationTarget"]):
    """Questions about many targets."""

    def counted(self) -> dict[str, int]:
        """Return {result: people}; "" for those of whom nothing is known yet."""
        rows = self.order_by().values("result").annotate(n=models.Count("pk"))
        return dict(rows.values_list("result", "n"))

    def by_day(self) -> Any:
        """Return (day, site, people, of whom something is known) of each day and site with appointments, the first ones first."""
        known = models.Count("pk", filter=~models.Q(result=""))
        rows = self.exclude(appointment_on=None).order_by("appointment_on", "site")
        return rows.values("appointment_on", "site").annotate(people=models.Count("pk"), known=known)

    def lapsing(self) -> TargetQuerySet:
        """Return those who did not come and are not made inactive yet."""
        return self.filter(result=VerificationResult.NO_SHOW, lapsed_on=None)


class VerificationTarget(PersonOwned):
    """One person of the list that was frozen when an exercise began, or who came to it and is new. Events tell who said what when."""

    exercise = models.ForeignKey(VerificationExercise, on_delete=models.PROTECT, related_name="targets")
    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="verifications")
    household_id = models.UUIDField()  # as of that day
    site = models.CharField(_("site"), max_length=80, blank=True)
    appointment_on = models.DateField(_("appointment"), null=True)
    result = models.CharField(_("result"), max_length=23, choices=VerificationResult, blank=True)
    noted_by = who(db_index=False)
    noted_at = models.DateTimeField(_("noted"), null=True)
    told_at = models.DateTimeField(_("told"), null=True)  # of the notice; by mail where there is an address
    mailed = models.BooleanField(_("told by mail"), default=False)
    lapsed_on = models.DateField(_("made inactive"), null=True)

    objects = TargetQuerySet.as_manager()
    field_classes = classified(
        C1="id agency exercise individual household_id result noted_by noted_at told_at mailed lapsed_on",
        C3="site appointment_on",
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["exercise", "individual"], name="target_once"),
            both_or_neither("noted_at", "noted_by", name="target_noted_at_by"),
        ]
        indexes = [
            models.Index(fields=["exercise", "result", "household_id"], name="target_by_result"),
            models.Index(fields=["exercise", "appointment_on", "site"], name="target_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.individual_id} {self.result}"
