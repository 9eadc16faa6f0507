"""How far is the search for a relative, and what was said of somebody who may be the one?"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from refugeecm.core.transitions import table


class TracingStatus(TextChoices):
    """Life of a tracing request."""

    OPEN = "open", _("Searching")
    FOUND = "found", _("Found")
    CLOSED = "closed", _("Closed")
    WITHDRAWN = "withdrawn", _("Consent withdrawn")


TRACING_MOVES = table(TracingStatus, open="found closed withdrawn", found="closed withdrawn")


class TracedStatus(TextChoices):
    """Life of one possible match: a person confirms it, then the one who is sought is asked."""

    POSSIBLE = "possible", _("Possible")
    REJECTED = "rejected", _("Somebody else")
    CONFIRMED = "confirmed", _("To be asked")
    AGREED = "agreed", _("Agreed to contact")
    REFUSED = "refused", _("Wants no contact")
    ENDED = "ended", _("Ended")


TRACED_MOVES = table(
    TracedStatus,
    possible="confirmed rejected ended",
    confirmed="agreed refused ended",
    agreed="ended",
)
