"""How does an influx event come to be?"""

from datetime import datetime

from django.db import transaction

from agencies.access import Permission, Viewer
from registration import policies
from registration.models import InfluxEvent


@transaction.atomic
def draft(*, slug: str, name: str, by: Viewer, now: datetime) -> InfluxEvent:
    """Return the event of that short name, made as a draft of the viewer's agency if there is none."""
    policies.check_may(by, Permission.PERSON_REGISTER)
    event, _new = InfluxEvent.objects.get_or_create(
        slug=slug,
        defaults={
            "name": name,
            "agency": by.agency,
            "country": by.agency.country,
            "created_at": now,
        },
    )
    return event
