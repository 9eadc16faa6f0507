"""Why is a person erased, how far is that, and how does it go on?"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from refugeecm.core.transitions import table


class ErasureOrigin(TextChoices):
    """Who or what asks for it."""

    RETENTION = "retention", _("The period for keeping it is over")
    REQUEST = "request", _("The person asked for it")
    SUPERVISOR = "supervisor", _("It should not have been kept")


class ErasureStatus(TextChoices):
    """Life of an erasure. Nothing goes before it is approved; then it cannot be stopped but by a legal hold."""

    SUGGESTED = "suggested", _("Suggested")  # by the period alone: nobody has proposed it yet
    PROPOSED = "proposed", _("Proposed")
    APPROVED = "approved", _("Approved")
    DONE = "done", _("Erased")
    DECLINED = "declined", _("Declined")


ERASURE_MOVES = table(
    ErasureStatus, suggested="proposed declined", proposed="approved declined", approved="done declined"
)
OPEN_ERASURES = (ErasureStatus.SUGGESTED, ErasureStatus.PROPOSED, ErasureStatus.APPROVED)


class Keeping(TextChoices):
    """What becomes of a record when its period is over."""

    ERASE = "erase", _("Erase")
    ARCHIVE = "archive", _("Keep in the archive")
