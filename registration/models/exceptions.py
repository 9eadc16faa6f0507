"""Whose file is closed to whom: sealed files and their readers, and people kept out by a conflict of interest?

These rows narrow what a role and an agreement would show. Who reads a sealed file all the same is granted person by person with
django-guardian's tables, tied to the household by a direct foreign key; its shortcuts are never used (trust.md 3.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from guardian.models.models import UserObjectPermissionBase

from agencies.models import Agency
from agencies.models.columns import both_or_neither, who
from refugeecm.core.classes import classified
from refugeecm.core.history import track
from refugeecm.core.wall import Wall

if TYPE_CHECKING:
    from agencies.access import Viewer

READ_SEALED = "read_sealed"


class _OfOneAgency(models.Model):
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    household_id = models.UUIDField()
    individual_id = models.UUIDField()

    class Meta:
        abstract = True


@track()
class SealedFile(_OfOneAgency):
    """One member of a household whose file is sealed: only named readers see it, and no partner by any agreement."""

    reason = models.CharField(_("reason"), max_length=300)
    sealed_by = who()
    sealed_at = models.DateTimeField()
    lifted_by = who()
    lifted_at = models.DateTimeField(null=True)

    field_classes = classified(
        C1="id agency household_id individual_id sealed_by sealed_at lifted_by lifted_at", C4="reason"
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["individual_id"], name="sealed_file_once", condition=models.Q(lifted_at=None)
            ),
            both_or_neither("lifted_at", "lifted_by", name="seal_lifted_at_by"),
        ]
        indexes = [
            models.Index(fields=["household_id"], name="sealed_household", condition=models.Q(lifted_at=None))
        ]

    def __str__(self) -> str:
        return f"sealed {self.individual_id}"


class ReaderKind(models.TextChoices):
    """Why somebody reads a sealed file."""

    NAMED = "named", _("Named reader")
    BREAK_GLASS = "break_glass", _("Emergency access")


@track(exclude=["permission"])
class HouseholdReader(UserObjectPermissionBase):
    """A user who reads a sealed file: named without end, or for three hours after breaking the glass."""

    content_object = models.ForeignKey(
        "registration.Household", on_delete=models.CASCADE, related_name="readers"
    )
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    kind = models.CharField(_("kind"), max_length=12, choices=ReaderKind, default=ReaderKind.NAMED)
    reason = models.CharField(_("reason"), max_length=300)
    granted_by = who()
    granted_at = models.DateTimeField()
    expires_at = models.DateTimeField(_("until"), null=True)

    field_classes = classified(
        C1="id user permission content_object agency kind granted_by granted_at expires_at", C4="reason"
    )
    wall: ClassVar[Wall] = Wall()

    def __str__(self) -> str:
        return f"{self.user_id} reads {self.content_object_id}"


@track()
class ConflictOfInterest(_OfOneAgency):
    """A user who must not see a person's file: a relative, a former employer, the subject of their complaint."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(_("reason"), max_length=300)
    declared_by = who()
    declared_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    field_classes = classified(
        C1="id agency household_id individual_id user declared_by declared_at ended_at", C4="reason"
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "individual_id"], name="conflict_once", condition=models.Q(ended_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} not {self.individual_id}"


def closed_to(viewer: Viewer, *, by: str, reached: str) -> models.Q:
    """Return the condition under which a row is closed to the viewer: sealed without being a reader, or a conflict of interest.

    `by` is the column here (individual_id or household_id), `reached` the attribute of the row. A partner's system is nobody's
    reader; access in an emergency ends by the clock of the database.
    """
    readers = HouseholdReader.objects.filter(
        models.Q(expires_at=None) | models.Q(expires_at__gt=Now()),
        user_id=viewer.user_id or 0,
        user__is_active=True,
        agency_id=viewer.agency_id,
        permission__codename=READ_SEALED,
    )
    sealed = SealedFile.objects.filter(**{by: models.OuterRef(reached)}, lifted_at=None).exclude(
        household_id__in=readers.values("content_object_id")
    )
    conflict = ConflictOfInterest.objects.filter(
        **{by: models.OuterRef(reached)}, user_id=viewer.user_id or 0, ended_at=None
    )
    return models.Q(models.Exists(sealed)) | models.Q(models.Exists(conflict))


# The same in SQL for the functions that look past the policies, over an individual called `i`. The few that are closed are looked up
# once for a statement, not once for a row; other agencies' sealed files are covered by no agreement and need no asking.
OPEN_SQL = (
    "i.id <> ALL (ARRAY("
    "SELECT s.individual_id FROM registration_sealedfile s WHERE s.agency_id = {agency} AND s.lifted_at IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM registration_householdreader r JOIN core_user u ON u.id = r.user_id AND u.is_active"
    " WHERE r.content_object_id = s.household_id AND r.agency_id = s.agency_id AND r.user_id = {user}"
    " AND (r.expires_at IS NULL OR r.expires_at > now()))"
    " UNION ALL SELECT c.individual_id FROM registration_conflictofinterest c"
    " WHERE c.agency_id = {agency} AND c.user_id = {user} AND c.ended_at IS NULL))"
)
