"""Who has been invited to an agency and has not come yet?"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.enums import INVITATION_MOVES, InvitationStatus, Role
from agencies.models.agency import Agency
from agencies.models.columns import OwnQuerySet, who
from refugeecm.core.classes import classified

VALID_FOR = timedelta(hours=72)  # as long as settings.PASSWORD_RESET_TIMEOUT lets its link work


class InvitationQuerySet(OwnQuerySet["Invitation"]):
    """Questions about many invitations."""

    def open(self, *, now: datetime) -> InvitationQuerySet:
        """Return those that can still be accepted."""
        return self.filter(status=InvitationStatus.OPEN, expires_at__gt=now)


class Invitation(models.Model):
    """A promise of membership. The secret of its link stands in the mail only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="invitations")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="invitations")
    role = models.CharField(_("role"), max_length=20, choices=Role)
    member_until = models.DateField(_("member until"), null=True)
    invited_by = who()
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    status = models.CharField(
        _("status"), max_length=10, choices=InvitationStatus, default=InvitationStatus.OPEN
    )

    objects = InvitationQuerySet.as_manager()
    moves = INVITATION_MOVES
    field_classes = classified(C1="id agency user role member_until invited_by invited_at expires_at status")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "user"],
                condition=models.Q(status=InvitationStatus.OPEN),
                name="one_open_invitation",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} {self.agency_id}"
