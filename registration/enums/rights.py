"""What may a person ask for about their own data, how does it reach us, and how far is it?"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from refugeecm.core.transitions import table


class RightsKind(TextChoices):
    """The rights of GDPR articles 15 to 18 and 21, which UNHCR's policy (2015) part 3 knows, too."""

    ACCESS = "access", _("Access to their data")
    CORRECTION = "correction", _("Correction")
    OBJECTION = "objection", _("Objection to sharing")
    ERASURE = "erasure", _("Erasure")
    RESTRICTION = "restriction", _("Restriction")


class RightsStatus(TextChoices):
    """How far a request is. An objection that was granted stands until the person withdraws it."""

    RECEIVED = "received", _("Received")
    EXTENDED = "extended", _("Extended")
    GRANTED = "granted", _("Granted")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


RIGHTS_MOVES = table(
    RightsStatus,
    received="extended granted refused withdrawn",
    extended="granted refused withdrawn",
    granted="withdrawn",
)
TO_ANSWER = (RightsStatus.RECEIVED, RightsStatus.EXTENDED)
KEEPS_APART = (RightsKind.OBJECTION, RightsKind.RESTRICTION)  # granted, they end all sharing of the person


class RightsChannel(TextChoices):
    """How a request reached us."""

    PERSON = "person", _("By word of mouth, at an office")
    LETTER = "letter", _("By letter")
    MAIL = "mail", _("By e-mail or message")
    PHONE = "phone", _("By telephone")


class AskedBy(TextChoices):
    """Who asks for the person."""

    SELF = "self", _("The person")
    PARENT = "parent", _("A parent or guardian")
    AGENT = "agent", _("A lawyer or representative")


class IdentityCheck(TextChoices):
    """How it was checked to whom a statement is given."""

    PAPER = "paper", _("They showed a paper with their photo")
    PHOTO = "photo", _("I compared them with our photo")
    BIOMETRIC = "biometric", _("Fingerprints or irises were compared")
    QUESTIONS = "questions", _("They answered questions that only they can answer")
    KNOWN = "known", _("I know them")
