"""Which kinds, roles and statuses are there on the first floor, and which moves between statuses are allowed?"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class AgencyKind(TextChoices):
    """Who an agency answers to."""

    GOVERNMENT = "government", _("Government")
    UN = "un", _("United Nations")
    INTERGOVERNMENTAL = "intergovernmental", _("Intergovernmental")
    NGO = "ngo", _("Non-governmental")


class Role(TextChoices):
    """What a member does in an agency; what each role may do stands in agencies.access.permissions."""

    CASEWORKER = "caseworker", _("Caseworker")
    DECISION_MAKER = "decision_maker", _("Decision maker")
    SUPERVISOR = "supervisor", _("Supervisor")
    ADMINISTRATOR = "administrator", _("Agency administrator")
    AUDITOR = "auditor", _("Auditor")


class Channel(TextChoices):
    """By which door shared data is seen."""

    PAGES = "pages", _("Pages")
    API = "api", _("API")


class Purpose(TextChoices):
    """What shared data may be used for (UNHCR data protection policy: purpose specification)."""

    ASYLUM = "asylum", _("Asylum procedure")
    PROTECTION = "protection", _("Protection and assistance")
    RESETTLEMENT = "resettlement", _("Resettlement and other pathways")
    REUNIFICATION = "reunification", _("Family reunification")


class LegalBasis(TextChoices):
    """Why sharing is lawful (UNHCR data protection policy 2.1; GDPR article 6)."""

    CONSENT = "consent", _("Consent")
    VITAL_INTEREST = "vital_interest", _("Vital or best interests")
    MANDATE = "mandate", _("Mandate or public task")
    LEGAL_OBLIGATION = "legal_obligation", _("Legal obligation")


class AgreementStatus(TextChoices):
    """Life of an agreement. Only ACTIVE opens anything."""

    DRAFT = "draft", _("Draft")
    PROPOSED = "proposed", _("Proposed")
    PREPARING = "preparing", _("Being prepared")
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    DECLINED = "declined", _("Declined")
    EXPIRED = "expired", _("Expired")
    TERMINATED = "terminated", _("Ended")


AGREEMENT_MOVES: dict[str, frozenset[str]] = {
    AgreementStatus.DRAFT: frozenset({AgreementStatus.PROPOSED, AgreementStatus.TERMINATED}),
    AgreementStatus.PROPOSED: frozenset(
        {AgreementStatus.PREPARING, AgreementStatus.DECLINED, AgreementStatus.TERMINATED}
    ),
    # Signed by both; a worker writes the access rows before anything opens.
    AgreementStatus.PREPARING: frozenset({AgreementStatus.ACTIVE, AgreementStatus.TERMINATED}),
    AgreementStatus.ACTIVE: frozenset(
        {AgreementStatus.SUSPENDED, AgreementStatus.EXPIRED, AgreementStatus.TERMINATED}
    ),
    AgreementStatus.SUSPENDED: frozenset(
        {AgreementStatus.PREPARING, AgreementStatus.EXPIRED, AgreementStatus.TERMINATED}
    ),
    AgreementStatus.DECLINED: frozenset(),
    AgreementStatus.EXPIRED: frozenset(),
    AgreementStatus.TERMINATED: frozenset(),
}
