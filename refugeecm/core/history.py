"""How does a row's history come to be, and what does every line of it carry? (django-pghistory)"""

from __future__ import annotations

from typing import Any

import pghistory
import pghistory.models
from django.db import models


class Event(pghistory.models.Event):
    """One version of a row. The class is called Event because pghistory makes its name the suffix of every history model."""

    pgh_id = models.BigAutoField(primary_key=True)

    class Meta:
        abstract = True


def track(**options: Any) -> Any:
    """Return the class decorator that keeps the history of a model, all changes and removals; options as of pghistory.track.

    Inserts are written at statement level, which bulk inserts need; updates and deletions at row level, because statement triggers
    over transition tables become quadratic in mixed sessions (trust.md, finding 5). The trackers are not left to
    PGHISTORY_DEFAULT_TRACKERS: pghistory copies those, and the copy of a level is no longer equal to the level.
    """
    return pghistory.track(
        pghistory.InsertEvent(level=pghistory.Statement),
        pghistory.UpdateEvent(level=pghistory.Row),
        pghistory.DeleteEvent(level=pghistory.Row),
        **options,
    )
