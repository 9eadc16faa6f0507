"""What is known of an uploaded file while it is read, checked, compared and registered?

PostgreSQL owns the work: every step is a row (ImportStep), claimed by its row lock and finished in the transaction that writes
its effect. Steps bear no personal data and have no policy, since a worker claims one before it knows the agency.
Content is sealed with a key of the batch.
"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from agencies.access import OwnedQuerySet
from agencies.models import Agency
from agencies.models.columns import who
from refugeecm.core.classes import classified
from refugeecm.core.wall import Wall
from registration.enums import (
    BATCH_MOVES,
    SENT_AGAIN,
    STEP_MOVES,
    WAITING,
    BatchStatus,
    Outcome,
    StepKind,
    StepStatus,
)
from registration.models.influx import InfluxEvent


class ImportBatch(models.Model):
    """One uploaded file of arrivals."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    event = models.ForeignKey(InfluxEvent, on_delete=models.PROTECT, related_name="batches")
    file_name = models.CharField(_("file"), max_length=200)
    size = models.PositiveBigIntegerField(_("size"))
    sha256 = models.BinaryField()
    key = models.BinaryField(default=b"")  # wrapped by the agency's; destroyed 90 days after acceptance
    status = models.CharField(_("status"), max_length=10, choices=BatchStatus, default=BatchStatus.READING)
    header = ArrayField(models.CharField(), default=list)
    columns = ArrayField(models.CharField(null=True), default=list)
    found_format = models.JSONField(default=dict)  # encoding, delimiter, sheet, order of dates
    # What a person said about the file: importers.tables.Wishes, and "country_scheme", "date_order", and "ask".
    wishes: models.JSONField[Any, Any] = models.JSONField(db_default={})
    problem = models.CharField(max_length=500, blank=True)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    households = models.PositiveIntegerField(_("households"), default=0)
    created_by = who()
    created_at = models.DateTimeField()
    accepted_by = who()
    accepted_client = models.CharField(max_length=100, blank=True, db_default="")  # or a system by the API
    accepted_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    fills_empty = models.BooleanField(
        db_default=False
    )  # what the register does not know of somebody registered
    allowed_by = who(db_index=False)  # in spite of many errors or possible duplicates
    allowed_because = models.CharField(max_length=300, blank=True, db_default="")

    objects = OwnedQuerySet.as_manager()
    moves = BATCH_MOVES
    sealed_by_agency: ClassVar[dict[str, str]] = {"key": "registration_importbatch.key|{pk}"}
    field_classes = classified(
        C1="id agency event file_name size status rows households created_by created_at accepted_by accepted_client accepted_at"
        " done_at problem header columns found_format wishes paused_at fills_empty allowed_by allowed_because",
        internal="sha256 key",
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [
            # The same file twice is the same file (trust.md P15).
            models.UniqueConstraint(
                fields=["agency", "event", "sha256"],
                name="same_file_once",
                condition=~models.Q(status__in=SENT_AGAIN),
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at=None, accepted_by=None, accepted_client="")
                | models.Q(accepted_at__isnull=False)
                & (models.Q(accepted_by__isnull=False) | ~models.Q(accepted_client="")),
                name="batch_accepted_at_by",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name


class ColumnMapping(models.Model):
    """What the columns of an agency's lists mean that begin with the same header: remembered from the last time."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", db_index=False)
    fingerprint = models.CharField(max_length=64)
    wishes: models.JSONField[Any, Any] = models.JSONField()  # header, columns, country_scheme, date_order
    changed_by = who(db_index=False)
    changed_at = models.DateTimeField()

    objects = OwnedQuerySet.as_manager()
    field_classes = classified(C1="id agency fingerprint wishes changed_by changed_at")
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "fingerprint"], name="mapping_once")]

    def __str__(self) -> str:
        return self.fingerprint


class ImportPiece(models.Model):
    """A piece of an uploaded file, sealed."""

    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="pieces", db_index=False)
    seq = models.PositiveIntegerField()
    sealed = models.BinaryField()

    field_classes = classified(internal="id agency batch seq sealed")
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "seq"], name="piece_once")]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.seq}"


class ImportChunk(models.Model):
    """About a thousand rows of a file, whole households: as read, and as checked. Sealed."""

    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    seq = models.PositiveIntegerField()
    first_row = models.PositiveIntegerField()
    last_row = models.PositiveIntegerField()
    raw = models.BinaryField()
    checked = models.BinaryField(default=b"")
    probes = models.BinaryField(default=b"")  # hashed keys of the rows, for the comparison within the file

    field_classes = classified(internal="id agency batch seq first_row last_row raw checked probes")
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "seq"], name="chunk_once")]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.seq}"


class ImportRow(models.Model):
    """What was found out about a row that is not simply new: errors (codes and columns, no values), or who it may be."""

    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="findings", db_index=False)
    chunk_seq = models.PositiveIntegerField()
    number = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=Outcome)
    problems = models.JSONField(default=list)  # [[column, code, is warning], …]
    other = models.UUIDField(null=True)  # the individual that this row is, or may be
    other_row = models.PositiveIntegerField(null=True)  # or the row of the same file
    score = models.FloatField(null=True)
    reasons = ArrayField(models.CharField(max_length=60), default=list)  # rules.evidence.packed
    differs = ArrayField(
        models.CharField(max_length=30), db_default=[]
    )  # fields in which row and person are not alike

    erased_by = "other = ANY (people)"
    when_erased: ClassVar[dict[str, str]] = {"other": "other"}  # an id, which the line is found by
    field_classes = classified(
        C1="id agency batch chunk_seq number outcome", C2="problems other other_row score reasons differs"
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="finding_once")]
        indexes = [models.Index(fields=["batch", "outcome", "number"], name="finding_outcome")]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.number} {self.outcome}"


class ImportStepQuerySet(models.QuerySet["ImportStep"]):
    """Questions about many steps."""

    def open(self) -> ImportStepQuerySet:
        """Return what is still to be done."""
        return self.filter(status=StepStatus.OPEN)

    def waiting(self) -> ImportStepQuerySet:
        """Return what is still to be done, now or once a file is resumed."""
        return self.filter(status__in=WAITING)

    def claim(self) -> ImportStep | None:
        """Lock and return the step to do next, or None.

        Agencies take turns, whoever was served longest ago first: of two, neither waits more than twice its time alone. Then
        what was tried least, then low numbers: no big file starves a small one of its own agency.
        """
        for agency in _in_turn():
            found = self.open().filter(agency_id=agency).order_by("attempts", "seq", "kind", "id")
            if step := found.select_for_update(skip_locked=True).first():
                return step
        return None


def _in_turn() -> list[int]:
    """Return the agencies for which something is to be done, in the order of their turns."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT agency_id FROM (SELECT DISTINCT agency_id FROM registration_importstep WHERE status = 'open') AS waiting"
            " ORDER BY (SELECT max(begun_at) FROM registration_importstep AS step WHERE step.agency_id = waiting.agency_id)"
            " NULLS FIRST, agency_id"
        )
        return [row[0] for row in cursor.fetchall()]


class ImportStep(models.Model):
    """One piece of work on a file. Open until the transaction that writes its effect has committed."""

    batch_id = models.UUIDField()
    agency_id = models.IntegerField()
    kind = models.CharField(max_length=10, choices=StepKind)
    seq = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=12, choices=StepStatus, default=StepStatus.OPEN)
    attempts = models.PositiveSmallIntegerField(default=0)
    counts: models.JSONField[Any, Any] = models.JSONField(default=dict)
    seconds = models.FloatField(default=0)
    last_error = models.CharField(max_length=300, blank=True)
    begun_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    objects = ImportStepQuerySet.as_manager()
    moves = STEP_MOVES
    field_classes = classified(
        C1="id batch_id agency_id kind seq rows status attempts counts seconds last_error begun_at done_at"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch_id", "kind", "seq"], name="step_once")]
        indexes = [
            models.Index(
                fields=["attempts", "seq", "kind", "id"],
                name="step_open",
                condition=models.Q(status=StepStatus.OPEN),
            ),
            models.Index(fields=["agency_id", "begun_at"], name="step_turn"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.batch_id} {self.seq}"
