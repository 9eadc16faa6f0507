"""On which shared desks does who unlock by PIN?"""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from refugeecm.core.classes import classified


class DeskPin(models.Model):
    """A person's PIN on one browser. It opens nothing but a session that the same person left locked there."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="desk_pins")
    browser = models.BinaryField()  # SHA-256 of the cookie that the browser keeps
    pin = models.CharField(max_length=200)  # hashed as passwords are
    failures = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    field_classes = classified(C1="id user created_at used_at failures", internal="browser pin")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "browser"], name="one_pin_on_a_desk")]

    def __str__(self) -> str:
        return f"desk of {self.user_id}"
