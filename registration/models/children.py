"""Who is a child without its parents, who acts for it, what was found to be in its best interests, and where does it live?"""

from __future__ import annotations

import uuid
from datetime import date
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency
from agencies.models.columns import OwnQuerySet, who
from refugeecm.core.blanking import DELETE
from refugeecm.core.classes import classified
from refugeecm.core.deadlines.models import RUNNING
from refugeecm.core.history import track
from refugeecm.core.wall import Wall
from registration.enums import (
    SAFEGUARD_MOVES,
    GuardianRole,
    ProtectionKind,
    ProtectionOutcome,
    ProtectionWhat,
    SafeguardEnd,
    SafeguardKind,
    SafeguardStatus,
)
from registration.models.access import PersonOwned
from registration.models.deadlines import Deadline, RestrictedQuerySet
from registration.models.people import Individual


class SafeguardQuerySet(RestrictedQuerySet["Safeguard"]):
    """Questions about the safeguards of many children."""

    def active(self) -> SafeguardQuerySet:
        """Return those that have not ended."""
        return self.filter(status=SafeguardStatus.ACTIVE)

    def with_state(self, today: date) -> SafeguardQuerySet:
        """Annotate `has_provisional`, `has_representative`, `has_assessment`, `has_care`, `review_due`, and `due_on`, the last day of
        the first deadline that runs."""
        own = models.OuterRef("individual_id")
        acting = Guardian.objects.filter(individual_id=own, until=None)
        steps = ProtectionStep.objects.filter(individual_id=own)
        cared = steps.filter(models.Q(until=None) | models.Q(until__gte=today), kind=ProtectionKind.CARE)
        running = Deadline.objects.filter(subject_id=models.OuterRef("pk"), status__in=RUNNING)
        return self.annotate(
            has_provisional=models.Exists(acting.filter(role=GuardianRole.PROVISIONAL)),
            has_representative=models.Exists(acting.filter(role=GuardianRole.REPRESENTATIVE)),
            has_assessment=models.Exists(steps.filter(kind__in=[ProtectionKind.BIA, ProtectionKind.BID])),
            has_care=models.Exists(cared),
            review_due=models.Exists(steps.filter(until=None, review_by__lt=today)),
            due_on=models.Subquery(running.order_by("legal_end").values("legal_end")[:1]),
        )


@track()
class Safeguard(PersonOwned):
    """The safeguards of one unaccompanied or separated child, from the day on which its application was made (APR 23)."""

    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="safeguards")
    kind = models.CharField(_("kind"), max_length=2, choices=SafeguardKind)
    status = models.CharField(
        _("status"), max_length=6, choices=SafeguardStatus, default=SafeguardStatus.ACTIVE
    )
    made_on = models.DateField(_("application made on"))
    # APR 23(3): more unaccompanied children apply than representatives can be found for in time.
    disproportionate = models.BooleanField(_("disproportionate numbers"), default=False)
    numbers_reason = models.CharField(_("why the numbers are disproportionate"), max_length=300, blank=True)
    begun_at = models.DateTimeField(_("begun"))
    begun_by = who(db_index=False)
    ended_on = models.DateField(_("ended on"), null=True)
    ended_for = models.CharField(_("ended because"), max_length=11, choices=SafeguardEnd, blank=True)

    objects = SafeguardQuerySet.as_manager()
    moves = SAFEGUARD_MOVES
    field_classes = classified(
        C1="id agency individual",
        C4="kind status made_on disproportionate numbers_reason begun_at begun_by ended_on ended_for",
    )
    wall: ClassVar[Wall] = Wall()
    when_erased = DELETE

    class Meta:
        verbose_name = _("safeguards of a child")
        constraints = [
            models.UniqueConstraint(
                fields=["individual"], name="safeguard_once", condition=models.Q(status="active")
            ),
            models.CheckConstraint(
                condition=models.Q(status="active", ended_on=None, ended_for="")
                | models.Q(status="ended", ended_on__isnull=False) & ~models.Q(ended_for=""),
                name="safeguard_ended_because",
            ),
        ]
        indexes = [
            models.Index(
                fields=["agency", "made_on"], name="safeguard_active", condition=models.Q(status="active")
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.individual_id}"


class RepresentativeQuerySet(OwnQuerySet["Representative"]):
    """Questions about many representatives."""

    def with_children(self) -> RepresentativeQuerySet:
        """Annotate `acting_for`: of how many children."""
        acting = models.Q(children__until=None)
        return self.annotate(acting_for=models.Count("children__individual", filter=acting, distinct=True))


@track()
class Representative(models.Model):
    """Somebody who acts for children: a person of an organisation, or of the agency itself. No refugee's record is named."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    name = models.CharField(_("name"), max_length=150)
    organisation = models.CharField(_("organisation"), max_length=150, blank=True)
    user = who(db_index=False)  # of a member of the agency
    checked_on = models.DateField(_("criminal record checked on"))
    ended_on = models.DateField(_("no longer available since"), null=True)

    objects = RepresentativeQuerySet.as_manager()
    field_classes = classified(C1="id agency name organisation user checked_on ended_on")
    wall: ClassVar[Wall] = Wall()

    class Meta:
        verbose_name = _("representative of children")

    def __str__(self) -> str:
        return self.name


@track()
class Guardian(PersonOwned):
    """Who acts for a child: provisionally, or as its representative; with their declaration that no conflict of interest stands."""

    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="guardians")
    role = models.CharField(_("role"), max_length=14, choices=GuardianRole)
    representative = models.ForeignKey(Representative, on_delete=models.PROTECT, related_name="children")
    since = models.DateField(_("since"))
    until = models.DateField(_("until"), null=True)
    until_for = models.CharField(_("why it ended"), max_length=300, blank=True)
    no_conflict = models.BooleanField(_("no conflict of interest, as declared"))
    appointed_by = who(db_index=False)
    appointed_at = models.DateTimeField(_("appointed"))

    objects = RestrictedQuerySet["Guardian"].as_manager()
    field_classes = classified(
        C1="id agency individual",
        C4="role representative since until until_for no_conflict appointed_by appointed_at",
    )
    wall: ClassVar[Wall] = Wall()
    when_erased = DELETE

    class Meta:
        verbose_name = _("guardian of a child")
        constraints = [
            models.UniqueConstraint(
                fields=["individual", "role"], name="guardian_once", condition=models.Q(until=None)
            ),
            models.CheckConstraint(condition=models.Q(no_conflict=True), name="guardian_without_conflict"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.individual_id}"


@track()
class ProtectionStep(PersonOwned):
    """An assessment or determination of best interests, a care arrangement, or an age assessment of a child (APR 22, 25; UNHCR BIP).

    `until` and `monitored_on` are of care; `review_by` is when somebody has to look again.
    """

    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="protection_steps")
    kind = models.CharField(_("kind"), max_length=4, choices=ProtectionKind)
    what = models.CharField(_("what for"), max_length=17, choices=ProtectionWhat)
    outcome = models.CharField(_("outcome"), max_length=15, choices=ProtectionOutcome, blank=True)
    on = models.DateField(_("on"))
    until = models.DateField(_("until"), null=True)
    review_by = models.DateField(_("review by"), null=True)
    monitored_on = models.DateField(_("visited on"), null=True)
    involved = models.BinaryField(_("panel, assessor or carer"), default=b"")  # sealed with the child's key
    text = models.BinaryField(_("reasons"), default=b"")  # sealed with the child's key
    recorded_by = who(db_index=False)
    recorded_at = models.DateTimeField(_("recorded"))

    objects = RestrictedQuerySet["ProtectionStep"].as_manager()
    field_classes = classified(
        C1="id agency individual",
        C4="kind what outcome on until review_by monitored_on involved text recorded_by recorded_at",
    )
    wall: ClassVar[Wall] = Wall()
    when_erased = DELETE

    class Meta:
        verbose_name = _("protection step")

    def __str__(self) -> str:
        return f"{self.kind} {self.individual_id}"
