"""What should an agency's people know about, that happened elsewhere?"""

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.models.agency import Agency
from agencies.models.columns import OwnQuerySet
from refugeecm.core.classes import classified
from refugeecm.core.wall import Wall


class NotificationQuerySet(OwnQuerySet["Notification"]):
    """Questions about many notifications."""

    def unread(self) -> "NotificationQuerySet":
        """Return those nobody has put aside."""
        return self.filter(read_at=None)


class Notification(models.Model):
    """One line on the home page of an agency: an event and a link, no names."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="notifications")
    event = models.CharField(_("event"), max_length=80)
    subject_type = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()
    field_classes = classified(C1="id agency event subject_type subject_id at read_at")
    # A worker writes it in the context of the agency that is told.
    wall: ClassVar[Wall] = Wall()

    class Meta:
        indexes = [
            models.Index(
                fields=["agency", "-at"], name="notification_unread", condition=models.Q(read_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.subject_id}"


class MailChoice(models.Model):
    """Which kinds of news a member of an agency gets by mail at once, and which never; the others come once a day."""

    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at_once = ArrayField(models.CharField(max_length=40), default=list)
    never = ArrayField(models.CharField(max_length=40), default=list)
    told_at = models.DateTimeField(null=True)  # when the last daily mail was written

    field_classes = classified(C1="id agency user at_once never told_at")
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agency", "user"], name="one_choice_of_mail")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.agency_id}"
