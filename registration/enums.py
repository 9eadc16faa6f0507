"""Which codes does registration use? UNHCR's own where there are any (eRRF code tables, proGres), source beside each list."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from refugeecm.core.transitions import table


class Sex(TextChoices):
    """UNHCR eRRF, table Sex."""

    FEMALE = "F", _("Female")
    MALE = "M", _("Male")
    UNKNOWN = "U", _("Unknown")


class Precision(TextChoices):
    """How much of a date of birth is known."""

    DAY = "DAY", _("day known")
    MONTH = "MONTH", _("month known")
    YEAR = "YEAR", _("year known")


class DocumentKind(TextChoices):
    """Papers that people bring."""

    PASSPORT = "PASSPORT", _("Passport")
    NATIONAL_ID = "NATIONAL_ID", _("National identity card")
    FAMILY_BOOKLET = "FAMILY_BOOKLET", _("Family booklet")
    BIRTH_CERTIFICATE = "BIRTH_CERTIFICATE", _("Birth certificate")
    OTHER = "OTHER", _("Other document")


class LegalStatus(TextChoices):
    """Population types of UNHCR's statistics (Refugee Data Finder), with their code in the comment."""

    REFUGEE = "REFUGEE", _("Refugee")  # REF
    ASYLUM_SEEKER = "ASYLUM_SEEKER", _("Asylum-seeker")  # ASY
    OTHER_PROTECTION = "OIP", _("Other person in need of international protection")  # OIP
    STATELESS = "STATELESS", _("Stateless person")  # STA
    NOT_OF_CONCERN = "NOT_OF_CONCERN", _("Not of concern")


class ProcessStatus(TextChoices):
    """Life of a record in proGres."""

    ACTIVE = "A", _("Active")
    HOLD = "H", _("On hold")
    INACTIVE = "I", _("Inactive")
    CLOSED = "C", _("Closed")


class Relationship(TextChoices):
    """Relation to the focal point: UNHCR eRRF, table Relationship."""

    PA = "PA", _("Principal applicant")
    HR1 = "HR1", _("Household representative 1")
    HR2 = "HR2", _("Household representative 2")
    HUS = "HUS", _("Husband")
    WIF = "WIF", _("Wife")
    CLH = "CLH", _("Common-law husband")
    CLW = "CLW", _("Common-law wife")
    PTM = "PTM", _("Partner (male)")
    PTF = "PTF", _("Partner (female)")
    EXM = "EXM", _("Ex-husband")
    EXF = "EXF", _("Ex-wife")
    SON = "SON", _("Son")
    DAU = "DAU", _("Daughter")
    SCM = "SCM", _("Stepson")
    SCF = "SCF", _("Stepdaughter")
    FCM = "FCM", _("Foster son")
    FCF = "FCF", _("Foster daughter")
    CLM = "CLM", _("Son-in-law")
    CLF = "CLF", _("Daughter-in-law")
    GCM = "GCM", _("Grandson")
    GCF = "GCF", _("Granddaughter")
    PRM = "PRM", _("Father")
    PRF = "PRF", _("Mother")
    SPM = "SPM", _("Stepfather")
    SPF = "SPF", _("Stepmother")
    FPM = "FPM", _("Foster father")
    FPF = "FPF", _("Foster mother")
    FP = "FP", _("Foster parent")
    PLM = "PLM", _("Father-in-law")
    PLF = "PLF", _("Mother-in-law")
    GPM = "GPM", _("Grandfather")
    GPF = "GPF", _("Grandmother")
    SBM = "SBM", _("Brother")
    SBF = "SBF", _("Sister")
    HAB = "HAB", _("Half-brother")
    HAS = "HAS", _("Half-sister")
    SPB = "SPB", _("Stepbrother")
    SPS = "SPS", _("Stepsister")
    BIL = "BIL", _("Brother-in-law")
    SIL = "SIL", _("Sister-in-law")
    UNC = "UNC", _("Uncle")
    ANT = "ANT", _("Aunt")
    NEP = "NEP", _("Nephew")
    NCE = "NCE", _("Niece")
    COM = "COM", _("Cousin (male)")
    COF = "COF", _("Cousin (female)")
    ILM = "ILM", _("Other in-law (male)")
    ILF = "ILF", _("Other in-law (female)")
    ORM = "ORM", _("Other blood relation (male)")
    ORF = "ORF", _("Other blood relation (female)")
    NRM = "NRM", _("No blood relation (male)")
    NRF = "NRF", _("No blood relation (female)")
    UKM = "UKM", _("Not specified (male)")
    UKF = "UKF", _("Not specified (female)")
    UNKNOWN = "U", _("To be defined")


class MaritalStatus(TextChoices):
    """UNHCR eRRF, table MaritalStatus."""

    SINGLE = "SN", _("Single")
    ENGAGED = "EG", _("Engaged")
    MARRIED = "MA", _("Married")
    COMMON_LAW = "CL", _("Common-law married")
    PARTNERSHIP = "PT", _("Partnership")
    SEPARATED = "SR", _("Separated")
    DIVORCED = "DV", _("Divorced")
    WIDOWED = "WD", _("Widowed")
    UNKNOWN = "U", _("Unknown")


class BatchStatus(TextChoices):
    """Life of an uploaded file."""

    READING = "reading", _("Being read")
    CHECKING = "checking", _("Being checked")
    COMPARING = "comparing", _("Being compared")
    REVIEW = "review", _("Waiting for you")
    ACCEPTING = "accepting", _("Being registered")
    DONE = "done", _("Registered")
    FAILED = "failed", _("Could not be read")
    CANCELLED = "cancelled", _("Cancelled")


BATCH_MOVES = table(
    BatchStatus,
    reading="checking failed cancelled",
    checking="comparing cancelled",
    comparing="review cancelled",
    review="accepting cancelled",
    accepting="done",
)


class StepKind(TextChoices):
    """What a worker does with a file, in this order."""

    READ = "1read", _("Read the file")
    CHECK = "2check", _("Check rows")
    COMPARE = "3compare", _("Compare rows with each other")
    ACCEPT = "4accept", _("Register people")


class StepStatus(TextChoices):
    """A step is open until its effect is committed."""

    OPEN = "open", _("Open")
    DONE = "done", _("Done")
    QUARANTINED = "quarantined", _("Set aside")


STEP_MOVES = table(StepStatus, open="done quarantined", quarantined="open")


class Outcome(TextChoices):
    """What checking found out about one row."""

    NEW = "new", _("New")
    REGISTERED = "registered", _("Already registered")
    POSSIBLE = "possible", _("Possible duplicate")
    ERROR = "error", _("Error")


class Flow(TextChoices):
    """Why a stock changed; UNHCR statistics, flows and solutions."""

    REGISTRATION = "registration", _("Registration")
    HANDED_OVER = "handed_over", _("Handed over to another agency")
    TAKEN_OVER = "taken_over", _("Taken over from another agency")
