"""What protection did somebody have in another country before, how is it known, and why did they go on?"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class PriorStatus(TextChoices):
    """What somebody was in the country where they were protected before."""

    REFUGEE = "refugee", _("Refugee")
    SUBSIDIARY = "subsidiary", _("Subsidiary or complementary protection")
    TEMPORARY = "temporary", _("Temporary protection")
    ASYLUM_SEEKER = "asylum_seeker", _("Asylum-seeker")
    REGISTERED = "registered", _("Registered, no status known")
    RESIDENT = "resident", _("Other right to stay")


class Evidence(TextChoices):
    """How protection elsewhere is known: law-and-practice.md 5.3."""

    BIOMETRIC = "biometric", _("Biometric match")
    EURODAC = "eurodac", _("Eurodac hit")
    DOCUMENT = "document", _("Document")
    STATEMENT = "statement", _("The person's own statement")


class OnwardReason(TextChoices):
    """Why somebody went on from where they were protected: law-and-practice.md 5.3."""

    NO_PROTECTION = "no_protection", _("No effective protection there")
    FAMILY = "family", _("Family")
    SERVICES = "services", _("Services")
    DOCUMENTS = "documentation", _("Documents")
    OTHER = "other", _("Other")
