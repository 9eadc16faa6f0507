"""Which statuses does a claim have, for us and for partners, and which moves are allowed?"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from refugeecm.core.transitions import table


class ClaimStatus(TextChoices):
    """A small, stable vocabulary: partners poll it, so words are added, never changed. Steps inside come with the procedure."""

    REGISTERED = "registered", _("Registered")
    EXAMINATION = "examination", _("Under examination")
    SUSPENDED = "suspended", _("Suspended")
    DECIDED = "decided", _("Decided")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    CLOSED = "closed", _("Closed")


class Outcome(TextChoices):
    """How a claim was decided (UNHCR statistics: recognised, complementary protection, rejected)."""

    NONE = "", _("No decision yet")
    RECOGNISED = "recognised", _("Recognised as a refugee")
    COMPLEMENTARY = "complementary", _("Complementary protection")
    REJECTED = "rejected", _("Rejected")


CLAIM_MOVES = table(
    ClaimStatus,
    registered="examination suspended withdrawn",
    examination="suspended decided withdrawn",
    suspended="examination withdrawn",
    decided="closed",
)
# Statuses in which a person has an open claim: at most one at a time.
OPEN = (ClaimStatus.REGISTERED, ClaimStatus.EXAMINATION, ClaimStatus.SUSPENDED)
