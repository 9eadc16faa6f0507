"""Whose file is closed to whom: sealed files and their readers, and people kept out by a conflict of interest?

These rows narrow what a role and an agreement would show. Who reads a sealed file all the same is granted person by person with
django-guardian's tables, tied to the household by a direct foreign key; its shortcuts are never used (trust.md 3.1).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
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

    erased_by = "content_object_id = ANY (houses)"
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


class Asked(models.Func):
    """What SQL says of the person or household whom a row reaches, which stand there as `{who}`; the other names are given.

    Written as text, for these conditions stand in every statement of every page (decision 0019).
    """

    def __init__(self, sql: str, reached: str, *, output_field: Any = None, **given: Any) -> None:
        super().__init__(models.F(reached), output_field=output_field or models.BooleanField())
        self.sql, self.given = sql, given

    def as_sql(self, compiler: Any, connection: Any, **_more: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """Return the SQL, and what is given in the order in which it stands there."""
        (who, _nothing), names = compiler.compile(self.source_expressions[0]), _NAMES.findall(self.sql)
        text = self.sql.format(who=who, **dict.fromkeys(self.given, "%s"))
        return text, [self.given[one] for one in names if one != "who"]


_NAMES = re.compile(r"{(\w+)}")
_OPEN = (
    "(NOT EXISTS (SELECT 1 FROM registration_sealedfile s WHERE s.{by} = {{who}} AND s.lifted_at IS NULL AND NOT EXISTS ("
    "SELECT 1 FROM registration_householdreader r JOIN core_user u ON u.id = r.user_id AND u.is_active"
    " WHERE r.content_object_id = s.household_id AND r.agency_id = {{agency}} AND r.user_id = {{user}}"
    " AND (r.expires_at IS NULL OR r.expires_at > now())))"
    " AND NOT EXISTS (SELECT 1 FROM registration_conflictofinterest c"
    " WHERE c.{by} = {{who}} AND c.user_id = {{user}} AND c.ended_at IS NULL))"
)


def open_to(viewer: Viewer, *, by: str, reached: str) -> Asked:
    """Return the condition under which a row is open to the viewer: not sealed, or they are a reader; and no conflict of interest.

    `by` is the column here (individual_id or household_id), `reached` the attribute of the row. A partner's system is nobody's
    reader; access in an emergency ends by the clock of the database.
    """
    return Asked(_OPEN.format(by=by), reached, agency=viewer.agency_id, user=viewer.user_id or 0)


# The same for the functions that look past the policies, over an individual called `i`. The few that are closed are looked up
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
