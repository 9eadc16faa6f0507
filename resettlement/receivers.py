"""How does the other party's timeline come to say the same as the one's who acted?"""

from __future__ import annotations

from datetime import datetime

from refugeecm.core import events, outbox, wall
from refugeecm.core.models import OutboxMessage


@outbox.handles("resettlement.")
def tell_both(*, message: OutboxMessage, now: datetime) -> None:
    """Record the event for every agency that it names in `tell`, at the moment it happened; who acted there stays theirs."""
    details = {
        name: value for name, value in message.payload.items() if name not in {"subjects", "by", "tell"}
    }
    for agency_id in message.payload.get("tell", ()):
        wall.enter(agency_id=agency_id, user_id=None, reason="tell")
        events.record(
            message.topic,
            subject_type=message.topic.split(".")[1],
            subjects=outbox.subjects(message.payload),
            agency_id=agency_id,
            by=None,
            now=message.created_at,
            details=details,
            tell=False,
        )
