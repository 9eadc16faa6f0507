"""How is a line of the home page put aside?"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from agencies.access import Viewer
from agencies.models import Notification


@transaction.atomic
def put_aside(*, notification: Notification, by: Viewer, now: datetime) -> None:
    """Note that somebody of the agency has seen it; who is faster does not matter."""
    Notification.objects.visible_to(by).unread().filter(pk=notification.pk).update(read_at=now)
