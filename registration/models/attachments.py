"""Which files are kept about a person: scans, evidence, letters?"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.access import Permission, Viewer
from agencies.models import Agency
from agencies.models.columns import OwnQuerySet, both_or_neither, who
from refugeecm.core.blanking import DELETE
from refugeecm.core.classes import classified
from refugeecm.core.history import track
from refugeecm.core.wall import Wall
from registration.enums import ATTACHMENT_MOVES, STANDING, AttachmentKind, AttachmentStatus
from registration.models.access import PersonOwned
from registration.models.movements import UnsharedQuerySet
from registration.models.people import Individual


class AttachmentQuerySet(UnsharedQuerySet["Attachment"]):
    """Questions about many files; no agreement shows one, whatever it opens otherwise."""

    def visible_to(self, viewer: Viewer) -> Any:
        """Return those that the viewer may know of; medical ones are for who may open restricted needs."""
        found = super().visible_to(viewer)
        return found if viewer.may(Permission.NEED_RESTRICTED) else found.exclude(kind=AttachmentKind.MEDICAL)

    def standing(self) -> AttachmentQuerySet:
        """Return those of which the bytes are kept."""
        return self.filter(status__in=STANDING)


@track(exclude=["key", "digest", "tried_at"])
class Attachment(PersonOwned):
    """A file about one person. Its bytes are sealed under a key of its own, which the person's key seals: with that they are gone.

    A row stays when its file goes, so that it is known what was there and why it went; no night removes it. It ends with its person.
    """

    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="attachments")
    kind = models.CharField(_("kind"), max_length=10, choices=AttachmentKind)
    title = models.BinaryField(_("title"), blank=True, default=b"")  # sealed with the person's key
    media_type = models.CharField(_("format"), max_length=20)  # as it was found in the bytes
    size = models.PositiveIntegerField(_("size"))  # bytes
    status = models.CharField(
        _("status"), max_length=10, choices=AttachmentStatus, default=AttachmentStatus.WAITING
    )
    key = models.BinaryField(
        blank=True, default=b""
    )  # sealed with the person's key; b"" once the bytes are gone
    digest = models.BinaryField()  # a blind index of the bytes: the same file is not taken twice
    added_at = models.DateTimeField(_("added"))
    added_by = who(db_index=False)
    tried_at = models.DateTimeField(null=True)  # when the scanner was asked last
    scanned_at = models.DateTimeField(_("scanned"), null=True)
    finding = models.CharField(_("found by the scanner"), max_length=200, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)
    withdrawn_by = who(db_index=False)
    reason = models.BinaryField(_("reason"), blank=True, default=b"")  # sealed with the person's key

    objects = AttachmentQuerySet.as_manager()
    moves = ATTACHMENT_MOVES
    when_erased = DELETE
    field_classes = classified(
        C1="id agency individual status size media_type added_at added_by scanned_at finding withdrawn_at withdrawn_by",
        C4="kind title reason",
        internal="key digest tried_at",
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["individual", "digest"],
                name="attachment_once",
                condition=models.Q(status__in=["waiting", "ready"]),
            ),
            both_or_neither("withdrawn_at", "withdrawn_by", name="attachment_withdrawn_at_by"),
            # Once a file is gone, nothing opens it, not even from a backup of the pieces.
            models.CheckConstraint(
                condition=models.Q(status__in=["waiting", "ready"]) | models.Q(key=b""),
                name="attachment_gone_has_no_key",
            ),
        ]
        indexes = [
            models.Index(fields=["individual", "-id"], name="attachment_of_person"),
            models.Index(
                fields=["agency", "tried_at"],
                name="attachment_to_scan",
                condition=models.Q(status="waiting"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class AttachmentPiece(models.Model):
    """A mebibyte of a file, sealed."""

    attachment = models.ForeignKey(Attachment, on_delete=models.CASCADE, related_name="pieces")
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    seq = models.PositiveIntegerField()
    sealed = models.BinaryField()

    objects = OwnQuerySet.as_manager()
    erased_by = (
        "attachment_id IN (SELECT f.id FROM registration_attachment f WHERE f.individual_id = ANY (people))"
    )
    when_erased = DELETE
    field_classes = classified(C1="id attachment agency seq", C4="sealed")
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["attachment", "seq"], name="attachment_piece_once")]

    def __str__(self) -> str:
        return f"{self.attachment_id} {self.seq}"
