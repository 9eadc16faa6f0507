"""Which columns, conditions and questions do many models share?"""

from __future__ import annotations

from typing import Any, Self, TypeVar

from django.conf import settings
from django.db import models

from refugeecm.core.models import User

M = TypeVar("M", bound=models.Model)


class OwnQuerySet(models.QuerySet[M]):
    """Rows of one agency that no agreement shows to another."""

    def visible_to(self, viewer: Any) -> Self:
        """Return those of the viewer's agency."""
        return self.filter(agency_id=viewer.agency_id)


def who(**given: Any) -> models.ForeignKey[User | None, User | None]:
    """Return the column for the person who did something; empty for what nobody did, or nobody yet."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", **given
    )


def both_or_neither(*names: str, name: str) -> models.CheckConstraint:
    """Return the constraint that of these columns, such as when and by whom, all are given or none."""
    given = models.Q(**{f"{one}__isnull": False for one in names})
    return models.CheckConstraint(condition=models.Q(**dict.fromkeys(names)) | given, name=name)
