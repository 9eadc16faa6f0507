"""Which papers did we issue to whom, are they in force, and which are being printed together?"""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency
from agencies.models.columns import who
from refugeecm.core.classes import classified
from refugeecm.core.history import track
from refugeecm.core.wall import Definer, Wall, definers
from registration.enums import ISSUED_MOVES, PREPARED, PRINT_MOVES, IssuedKind, IssuedStatus, PrintStatus
from registration.models.access import PersonOwned, PersonQuerySet
from registration.models.households import Household
from registration.models.people import Individual


class PrintBatchQuerySet(models.QuerySet["PrintBatch"]):
    """Questions about many batches."""

    def visible_to(self, viewer: Any) -> Self:
        """Return those that the viewer asked for: a file is made with one person's rights, and for that person."""
        return self.filter(agency_id=viewer.agency_id, user_id=viewer.user_id or 0)

    def open(self) -> Self:
        """Return those that workers are at, or will be."""
        return self.filter(status__in=[PrintStatus.QUEUED, PrintStatus.RUNNING])


class PrintBatch(models.Model):
    """Up to 500 papers that are printed as one file, which only who asked for it opens, for a day (compare ExportJob)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("document"), max_length=12, choices=IssuedKind)
    status = models.CharField(_("status"), max_length=10, choices=PrintStatus, default=PrintStatus.QUEUED)
    total = models.PositiveSmallIntegerField(_("documents"))
    done = models.PositiveSmallIntegerField(default=0)  # whose content is read
    attempts = models.PositiveSmallIntegerField(default=0)
    key = models.BinaryField(default=b"")  # wrapped by the agency's; empty once the file is destroyed
    file = models.BinaryField(default=b"")  # sealed
    created_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(_("until"), null=True)

    objects = PrintBatchQuerySet.as_manager()
    moves = PRINT_MOVES
    sealed_by_agency: ClassVar[dict[str, str]] = {"key": "registration_printbatch.key|{pk}"}
    field_classes = classified(
        C1="id agency user kind status total done attempts created_at ready_at expires_at",
        internal="key file",
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        indexes = [
            models.Index(fields=["agency", "user", "-created_at"], name="print_batch_newest"),
            models.Index(
                fields=["id"], name="print_batch_open", condition=models.Q(status__in=["queued", "running"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether workers are at it, or will be."""
        return self.status in {PrintStatus.QUEUED, PrintStatus.RUNNING}


class IssuedQuerySet(PersonQuerySet["IssuedDocument"]):
    """Questions about many papers."""

    def in_force(self) -> IssuedQuerySet:
        """Return those that were handed over and not ended since; one whose day has passed is among them until it is swept."""
        return self.filter(status=IssuedStatus.ISSUED)

    def prepared(self) -> IssuedQuerySet:
        """Return those that nobody holds yet."""
        return self.filter(status__in=PREPARED)

    def running_out(self, by: date) -> IssuedQuerySet:
        """Return those that are to be renewed: handed over, and valid until that day at the longest."""
        return self.in_force().filter(until__lte=by)


@track(exclude=["code"])
class IssuedDocument(PersonOwned):
    """A paper that an agency issues to a person, or to a group in the name of one of them.

    What is printed on it is read from the register each time, so that no copy outlives the person's erasure. Its number and that of
    the blank it is printed on are references of our own (compare Individual.number).
    """

    issuer = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("issued by")
    )  # stays where a case is handed over
    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="issued_documents")
    household = models.ForeignKey(
        Household, on_delete=models.CASCADE, null=True, related_name="issued_documents"
    )  # of a paper of the whole group
    kind = models.CharField(_("document"), max_length=12, choices=IssuedKind)
    status = models.CharField(_("status"), max_length=12, choices=IssuedStatus, default=IssuedStatus.DRAFT)
    number = models.CharField(_("number of the document"), max_length=9, unique=True)
    code = models.BinaryField(unique=True)  # ten random bytes, by which its address names it
    stock = models.CharField(_("number of the blank"), max_length=40, blank=True)
    language = models.CharField(_("language"), max_length=10)
    dated_on = models.DateField(_("date of issue"))
    until = models.DateField(_("valid until"), null=True)
    prints = models.PositiveSmallIntegerField(_("printed, times"), default=0)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    batch = models.ForeignKey(
        PrintBatch, on_delete=models.PROTECT, null=True, related_name="documents", db_index=False
    )
    drafted_by = who(db_index=False)
    # When does not need a who: the days pass by themselves, and whoever takes a case over learns no names of the other's staff.
    given_at = models.DateTimeField(_("handed over"), null=True)
    issued_by = who(db_index=False)
    over_at = models.DateTimeField(_("ended"), null=True)
    ended_by = who(db_index=False)

    objects = IssuedQuerySet.as_manager()
    moves = ISSUED_MOVES
    # Numbers and days of our own stay, so that a paper that is found still says that it is withdrawn.
    when_erased: ClassVar[dict[str, str]] = {
        one: one for one in ("kind", "status", "number", "dated_on", "until")
    }
    field_classes = classified(
        C1="id agency issuer individual household language prints batch drafted_by given_at issued_by over_at ended_by",
        C3="kind status number stock dated_on until reason",
        internal="code",
    )
    # No agreement shows papers: whoever is handed one asks the public page about it.
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [
            # One in force for each person, or group, and type.
            models.UniqueConstraint(
                fields=["individual", "kind"],
                name="one_issued_of_person",
                condition=models.Q(status=IssuedStatus.ISSUED, household=None),
            ),
            models.UniqueConstraint(
                fields=["household", "kind"],
                name="one_issued_of_group",
                condition=models.Q(status=IssuedStatus.ISSUED) & ~models.Q(household=None),
            ),
            models.CheckConstraint(
                condition=models.Q(until=None) | models.Q(until__gte=models.F("dated_on")),
                name="issued_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=~models.Q(status=IssuedStatus.ISSUED) | models.Q(given_at__isnull=False),
                name="given_at_some_time",
            ),
        ]
        indexes = [
            models.Index(fields=["agency", "-id"], name="issued_newest"),
            models.Index(
                fields=["agency", "until"],
                name="issued_to_renew",
                condition=models.Q(status=IssuedStatus.ISSUED),
            ),
            models.Index(fields=["batch"], name="issued_batch", condition=~models.Q(batch=None)),
        ]

    def __str__(self) -> str:
        return self.number


# What the public page is told of a paper, and no more: one word. A record that was closed makes its papers invalid whatever they say;
# of one that is inactive (no contact for long) they protect on. Nothing where the code is not one of ours.
definers.append(
    Definer(
        name="registration_issued_state",
        arguments="wanted bytea, today date",
        returns="text",
        body="""
            SELECT CASE WHEN d.status = 'renewed' THEN 'replaced'
                        WHEN d.status = 'expired' OR d.status = 'issued' AND d.until < today THEN 'expired'
                        WHEN d.status = 'issued' AND i.process_status <> 'C' AND i.merged_into_id IS NULL THEN 'valid'
                        ELSE 'withdrawn' END
            FROM registration_issueddocument d JOIN registration_individual i ON i.id = d.individual_id WHERE d.code = wanted
        """,
        reads=("registration_issueddocument", "registration_individual"),
    )
)
# Which batches wait for a worker, and whose they are: ids only, asked before it knows the agency.
definers.append(
    Definer(
        name="registration_open_prints",
        arguments="",
        returns="TABLE (batch uuid, agency int)",
        body="SELECT p.id, p.agency_id::int FROM registration_printbatch p WHERE p.status IN ('queued', 'running') ORDER BY p.id",
        reads=("registration_printbatch",),
    )
)
