"""Who looked at whose file? Every look is written down, one row a request; the owner of a record can read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import models

from agencies.access import Viewer, shown_classes
from refugeecm.core.bulk import insert
from refugeecm.core.ids import uuid7
from refugeecm.core.models import ReadEvent


def record(
    *,
    viewer: Viewer,
    rows: Sequence[models.Model],
    view: str,
    now: datetime,
    beside: Iterable[models.Model] = (),
) -> None:
    """Record that the viewer was shown these rows of one model (with `agency_id`), and which classes of fields.

    `beside`: rows of other kinds about the same people that were shown with them (documents, needs): their classes count, too.
    """
    if not rows:
        return
    classes = {one for row in (*rows, *beside) for one in shown_classes(row, viewer)}
    insert(
        ReadEvent,
        [
            {
                "id": uuid7(now),
                "agency_id": viewer.agency_id,
                "actor_id": viewer.user_id,
                "client_id": viewer.client_id,
                "at": now,
                "view": view,
                "subject_type": str(rows[0]._meta.label_lower),
                "subject_ids": [str(row.pk) for row in rows],
                "owner_agency_ids": sorted({row.agency_id for row in rows}),  # type: ignore[attr-defined]
                "classes": sorted(str(one) for one in classes),
            }
        ],
    )
