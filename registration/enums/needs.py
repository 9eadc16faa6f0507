"""How far is a specific need known?"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from refugeecm.core.transitions import table


class NeedStatus(TextChoices):
    """Life of a specific need; a dismissed one is remembered, so that it is not suggested again."""

    FLAGGED = "flagged", _("Flagged")
    REVIEW = "pending_review", _("Pending review")
    CONFIRMED = "confirmed", _("Confirmed")
    RESOLVED = "resolved", _("Resolved")
    DISMISSED = "dismissed", _("Dismissed")


NEED_MOVES = table(
    NeedStatus,
    flagged="pending_review confirmed dismissed",
    pending_review="confirmed dismissed",
    confirmed="resolved",
)
OPEN_NEEDS = (NeedStatus.FLAGGED, NeedStatus.REVIEW, NeedStatus.CONFIRMED)


class NeedPriority(TextChoices):
    """How soon somebody has to act on a specific need."""

    NORMAL = "normal", _("Normal")
    URGENT = "urgent", _("Urgent")
    EMERGENCY = "emergency", _("Emergency")
