"""Which rows does somebody take out of the system as a file, what for, and how far is it?

PostgreSQL owns the work: an export that is not at rest has a turn (ExportTurn), claimed by its row lock, and a chunk of rows is
written in the transaction that counts it. Content is sealed with a key of the export, which ends with it.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.enums import EXPORT_MOVES, ExportFormat, ExportProblem, ExportPurpose, ExportStatus
from agencies.models.agency import Agency
from refugeecm.core.classes import classified
from refugeecm.core.wall import Wall


class ExportJobQuerySet(models.QuerySet["ExportJob"]):
    """Questions about many exports."""

    def visible_to(self, viewer: object) -> ExportJobQuerySet:
        """Return those that the viewer asked for: a file is made with one person's rights, and for that person."""
        return self.filter(agency_id=viewer.agency_id, user_id=viewer.user_id or 0)  # type: ignore[attr-defined]

    def open(self) -> ExportJobQuerySet:
        """Return those that workers are at, or will be."""
        return self.filter(status__in=[ExportStatus.QUEUED, ExportStatus.RUNNING])


class ExportJob(models.Model):
    """The rows of a list, with its filters, on their way into a file."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    listing = models.CharField(_("list"), max_length=40)
    query = models.JSONField(default=dict)  # {filter: [values]}; may name somebody, so it ends with the file
    purpose = models.CharField(_("purpose"), max_length=12, choices=ExportPurpose)
    reason = models.CharField(_("reason"), max_length=300)
    format = models.CharField(_("format"), max_length=4, choices=ExportFormat)
    language = models.CharField(max_length=10)
    status = models.CharField(_("status"), max_length=10, choices=ExportStatus, default=ExportStatus.QUEUED)
    problem = models.CharField(max_length=10, choices=ExportProblem, blank=True)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    total = models.PositiveIntegerField(default=0)  # as counted at the start
    after = models.CharField(max_length=80, blank=True)  # where the next chunk begins
    agreements = ArrayField(
        models.UUIDField(), default=list
    )  # under which rows of others were, or may be, read
    key = models.BinaryField(default=b"")  # wrapped by the agency's; empty once the file is destroyed
    size = models.PositiveIntegerField(_("size"), default=0)
    downloads = models.PositiveSmallIntegerField(_("downloads"), default=0)
    created_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(_("until"), null=True)

    objects = ExportJobQuerySet.as_manager()
    moves = EXPORT_MOVES
    sealed_by_agency: ClassVar[dict[str, str]] = {"key": "agencies_exportjob.key|{pk}"}
    field_classes = classified(
        C1="id agency user listing purpose format language status problem rows total agreements size downloads created_at ready_at"
        " expires_at",
        C2="query reason",
        internal="after key",
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        indexes = [models.Index(fields=["agency", "user", "-created_at"], name="export_newest")]

    def __str__(self) -> str:
        return f"{self.listing} {self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether workers are at it, or will be."""
        return self.status in {ExportStatus.QUEUED, ExportStatus.RUNNING}


class ExportPiece(models.Model):
    """Rows as they were read, which fields of which rows those were, or a piece of the finished file. Sealed."""

    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    job = models.ForeignKey(ExportJob, on_delete=models.CASCADE, related_name="pieces", db_index=False)
    part = models.CharField(max_length=4)  # rows, seen, file
    seq = models.PositiveIntegerField()
    sealed = models.BinaryField()

    field_classes = classified(internal="id agency job part seq sealed")
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "part", "seq"], name="export_piece_once")]

    def __str__(self) -> str:
        return f"{self.job_id} {self.part} {self.seq}"


class ExportTurn(models.Model):
    """What is left to do on an export: claimed before the worker knows whose it is, so that it holds ids and counts only."""

    job_id = models.UUIDField(primary_key=True)
    agency_id = models.IntegerField()
    turns = models.PositiveIntegerField(default=0)  # chunks written: who had fewer comes first
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=80, blank=True)

    field_classes = classified(C1="job_id agency_id turns attempts last_error")

    def __str__(self) -> str:
        return str(self.job_id)
