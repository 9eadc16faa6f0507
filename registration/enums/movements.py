"""Where do people go, and what may be said of it?"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class MovementKind(TextChoices):
    """What somebody did on a day. All of them are facts that people tell; what an organisation plans is none of these."""

    ARRIVAL = "arrival", _("Arrived")
    DEPARTURE = "departure", _("Left for a time")
    SPONTANEOUS = "spontaneous", _("Left for good, on their own")  # REG38 in proGres
    RETURNED = "returned", _("Came back")
    TRANSFER = "transfer", _("Moved to another site")


# Of these the site is asked: where they are from then on.
SITED = (MovementKind.ARRIVAL, MovementKind.RETURNED, MovementKind.TRANSFER)
