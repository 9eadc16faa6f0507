"""What protects a child without its parents, and how far is it? Terms of APR 23 and 25, and of UNHCR's Best Interests Procedure."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from refugeecm.core.transitions import table


class SafeguardKind(TextChoices):
    """UNHCR's codes of needs SC-UC and SC-SC."""

    UNACCOMPANIED = "UC", _("Unaccompanied child")
    SEPARATED = "SC", _("Separated child")


class SafeguardStatus(TextChoices):
    """Life of the safeguards of one child."""

    ACTIVE = "active", _("Active")
    ENDED = "ended", _("Ended")


SAFEGUARD_MOVES = table(SafeguardStatus, active="ended")


class SafeguardEnd(TextChoices):
    """Why the safeguards of a child ended."""

    ADULT = "adult", _("Turned 18")
    REUNITED = "reunited", _("Reunited with the family")
    FOUND_ADULT = "found_adult", _("Found to be an adult")
    NEVER = "never", _("Was with an adult who is responsible")
    LEFT = "left", _("Left, or the record was closed")


class GuardianRole(TextChoices):
    """Who acts for the child: APR 23(2)(a) and (b)."""

    PROVISIONAL = "provisional", _("Provisional person")
    REPRESENTATIVE = "representative", _("Representative")


class ProtectionKind(TextChoices):
    """What was assessed, decided or arranged."""

    BIA = "bia", _("Best interests assessment")
    BID = "bid", _("Best interests determination")
    CARE = "care", _("Care arrangement")
    AGE = "age", _("Age assessment")


class ProtectionWhat(TextChoices):
    """Of which sort; which ones go with which kind: WHATS."""

    KEY_ACTION = "key_action", _("Before a step that affects the child")
    TRANSFER = "transfer", _("Before a transfer to another state")
    SOLUTION = "solution", _("Durable solution")
    TEMPORARY_CARE = "temporary_care", _("Temporary care in a complex case")
    SEPARATION = "separation", _("Separation from the parents")
    REUNIFICATION = "reunification", _("Family reunification in doubt")
    KINSHIP = "kinship", _("With relatives")
    FOSTER = "foster", _("Foster family")
    SUPERVISED = "supervised", _("Living independently, supervised")
    RESIDENTIAL = "residential", _("Residential care")
    SHELTER = "shelter", _("Emergency shelter")
    MULTIDISCIPLINARY = "multidisciplinary", _("Several disciplines")
    MEDICAL = "medical", _("Medical examination, as a last resort")
    RECOGNISED = "recognised", _("Result of another state")


class ProtectionOutcome(TextChoices):
    """What came out of it; which ones go with which kind: OUTCOMES."""

    RECOMMENDED = "recommended", _("In the best interests")
    NOT_RECOMMENDED = "not_recommended", _("Not in the best interests")
    DEFERRED = "deferred", _("Deferred")
    MINOR = "minor", _("Minor")
    ADULT = "adult", _("Adult")
    INCONCLUSIVE = "inconclusive", _("Inconclusive, so a minor")
    REFUSED = "refused", _("Refused, which alone proves nothing")


_BEST = (ProtectionWhat.KEY_ACTION, ProtectionWhat.TRANSFER)
_DETERMINED = (
    ProtectionWhat.SOLUTION,
    ProtectionWhat.TEMPORARY_CARE,
    ProtectionWhat.SEPARATION,
    ProtectionWhat.REUNIFICATION,
)
_CARE = (
    ProtectionWhat.KINSHIP,
    ProtectionWhat.FOSTER,
    ProtectionWhat.SUPERVISED,
    ProtectionWhat.RESIDENTIAL,
    ProtectionWhat.SHELTER,
)
WHATS: dict[str, tuple[ProtectionWhat, ...]] = {
    ProtectionKind.BIA: _BEST,
    ProtectionKind.BID: _DETERMINED,
    ProtectionKind.CARE: _CARE,
    ProtectionKind.AGE: (ProtectionWhat.MULTIDISCIPLINARY, ProtectionWhat.MEDICAL, ProtectionWhat.RECOGNISED),
}
_SAID = (ProtectionOutcome.RECOMMENDED, ProtectionOutcome.NOT_RECOMMENDED, ProtectionOutcome.DEFERRED)
OUTCOMES: dict[str, tuple[ProtectionOutcome, ...]] = {
    ProtectionKind.BIA: _SAID,
    ProtectionKind.BID: _SAID,
    ProtectionKind.CARE: (),
    ProtectionKind.AGE: (
        ProtectionOutcome.MINOR,
        ProtectionOutcome.ADULT,
        ProtectionOutcome.INCONCLUSIVE,
        ProtectionOutcome.REFUSED,
    ),
}
