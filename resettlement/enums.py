"""Which statuses do referrals and hand-overs have, and which moves are allowed?"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from refugeecm.core.transitions import table


class ReferralStatus(TextChoices):
    """Life of a referral between agencies."""

    PROPOSED = "proposed", _("Proposed")
    ACCEPTED = "accepted", _("Accepted")
    IN_PROGRESS = "under_way", _("In progress")
    DECLINED = "declined", _("Declined")
    DONE = "done", _("Done")
    REVOKED = "revoked", _("Revoked")


REFERRAL_MOVES = table(
    ReferralStatus,
    proposed="accepted declined revoked",
    accepted="under_way done revoked",  # help that is given on the spot needs no step between
    under_way="done revoked",
)


class ReferralOutcome(TextChoices):
    """What came of a referral that is done."""

    NONE = "", _("Not finished")
    GIVEN = "given", _("Service given")
    PARTLY = "partly", _("Given in part")
    NOT_REACHED = "not_reached", _("Person not reached")
    NOT_WANTED = "not_wanted", _("Person did not want it")


class HandoverKind(TextChoices):
    """Who began: the agency that is responsible, or the one that would be."""

    HAND_OVER = "hand_over", _("Hand-over")
    REQUEST = "request", _("Request to hand over")


class HandoverStatus(TextChoices):
    """Life of a hand-over: one agency proposes, the other accepts, a supervisor of the giving one approves; that moves it."""

    PROPOSED = "proposed", _("Proposed")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    DONE = "done", _("Done")
    REVOKED = "revoked", _("Revoked")


HANDOVER_MOVES = table(HandoverStatus, proposed="accepted declined revoked", accepted="done revoked")


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
