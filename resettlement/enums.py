"""Which statuses does a referral have, and which moves are allowed?"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ReferralStatus(TextChoices):
    """Life of a referral between agencies."""

    PROPOSED = "proposed", _("Proposed")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    DONE = "done", _("Done")
    REVOKED = "revoked", _("Revoked")


REFERRAL_MOVES: dict[str, frozenset[str]] = {
    ReferralStatus.PROPOSED: frozenset(
        {ReferralStatus.ACCEPTED, ReferralStatus.DECLINED, ReferralStatus.REVOKED}
    ),
    ReferralStatus.ACCEPTED: frozenset({ReferralStatus.DONE, ReferralStatus.REVOKED}),
    ReferralStatus.DECLINED: frozenset(),
    ReferralStatus.DONE: frozenset(),
    ReferralStatus.REVOKED: frozenset(),
}


class Service(TextChoices):
    """What the partner is asked for."""

    LEGAL_AID = "legal_aid", _("Legal aid")
    CHILD_PROTECTION = "child_protection", _("Child protection")
    HEALTH = "health", _("Health care")
    SHELTER = "shelter", _("Shelter")
    RESETTLEMENT = "resettlement", _("Resettlement consideration")


class Urgency(TextChoices):
    """How soon."""

    NORMAL = "normal", _("Normal")
    URGENT = "urgent", _("Urgent")
    EMERGENCY = "emergency", _("Emergency")
