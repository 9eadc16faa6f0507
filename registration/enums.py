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


class StatusBasis(TextChoices):
    """On what a legal status rests; proGres, legal basis (values as far as they are known: law-and-practice.md 1.6)."""

    CONVENTION = "CONVENTION_1951", _("1951 Convention")
    MANDATE = "MANDATE", _("UNHCR mandate")
    OAU = "OAU_1969", _("OAU Convention of 1969")
    CARTAGENA = "CARTAGENA", _("Cartagena Declaration")
    SUBSIDIARY = "SUBSIDIARY", _("Subsidiary or complementary protection")
    TEMPORARY = "TEMPORARY_PROTECTION", _("Temporary protection")
    PRIMA_FACIE = "PRIMA_FACIE", _("Prima facie")
    DERIVATIVE = "DERIVATIVE", _("Through a family member")


class StatusCategory(TextChoices):
    """How a legal status was established; proGres, status category."""

    INDIVIDUAL = "INDIVIDUAL", _("Individually determined")
    GROUP = "GROUP", _("As a member of a group")
    DERIVATIVE = "DERIVATIVE", _("Derived from a family member")


class NationalityStatus(TextChoices):
    """Whether a nationality is established; no value: it is, as far as the person says (Reg. (EU) 2024/1348 article 27(2))."""

    STATELESS = "STATELESS", _("Stateless")
    PENDING = "PENDING", _("To be determined")


class Level(TextChoices):
    """Levels of registration: UNHCR Registration Guidance 6.5 and 8.2, from the least to the most."""

    GROUP = "PRE_GROUP", _("Group pre-registration")
    EMERGENCY = "IND_EMERGENCY", _("Emergency registration")
    BASIC = "IND_BASIC", _("Basic registration")
    COMPREHENSIVE = "IND_COMPREHENSIVE", _("Comprehensive registration")


class Education(TextChoices):
    """UNHCR eRRF, table EducationLevel: years of school, or what came instead."""

    NONE = "NE", _("No education")
    KINDERGARTEN = "KG", _("Kindergarten")
    YEAR_1 = "1", _("1 year")
    YEAR_2 = "2", _("2 years")
    YEAR_3 = "3", _("3 years")
    YEAR_4 = "4", _("4 years")
    YEAR_5 = "5", _("5 years")
    YEAR_6 = "6", _("6 years")
    YEAR_7 = "7", _("7 years")
    YEAR_8 = "8", _("8 years")
    YEAR_9 = "9", _("9 years")
    YEAR_10 = "10", _("10 years")
    YEAR_11 = "11", _("11 years")
    YEAR_12 = "12", _("12 years")
    YEAR_13 = "13", _("13 years")
    YEAR_14 = "14", _("14 years")
    INFORMAL = "IN", _("Informal education")
    TECHNICAL = "TC", _("Technical or vocational")
    UNIVERSITY = "UG", _("University")
    POSTGRADUATE = "PG", _("Post-university")
    UNKNOWN = "U", _("Unknown")


class NameKind(TextChoices):
    """Names that a person has besides those of every record; the last two may be several."""

    GRANDFATHER = "grandfather", _("Grandfather's name")
    SECOND_FAMILY = "second_family", _("Second family name")
    MAIDEN = "maiden", _("Family name at birth")
    ALIAS = "alias", _("Also known as")
    SPELLING = "spelling", _("Other spelling")


class BiometricResult(TextChoices):
    """What an external system answered when it compared a person with all whom it knows (1:N)."""

    UNKNOWN = "none", _("Known to nobody there")
    KNOWN = "match", _("Known there already")
    FAILED = "failed", _("Could not be taken")


class CorrectionReason(TextChoices):
    """Why what stood in a record was changed. Codes, since events keep them for ever and bear no free text."""

    TYPING = "typing", _("Typing mistake")
    SPELLING = "spelling", _("Other spelling or translation")
    DOCUMENT = "document", _("A document shows it")
    SAID = "said", _("As the person says")
    CHANGED = "changed", _("It has changed since")


class Religion(TextChoices):
    """UNHCR eRRF, table Religion, as far as its codes are known (law-and-practice.md 1.4)."""

    SUNNI = "SUN", _("Sunni Muslim")
    SHIA = "SIT", _("Shia Muslim")
    ISMAILI = "ISM", _("Ismaili")
    ALAWITE = "ALA", _("Alawite")
    AHMADI = "AHM", _("Ahmadi")
    DRUZE = "DRU", _("Druze")
    YAZIDI = "YAZ", _("Yazidi")
    MANDAEAN = "MND", _("Mandaean")
    BAHAI = "BAH", _("Baha'i")
    KAKAI = "KAK", _("Kaka'i")
    CHRISTIAN = "CHR", _("Christian")
    CATHOLIC = "ROM", _("Roman Catholic")
    ORTHODOX = "ORT", _("Orthodox Christian")
    ORIENTAL = "OOR", _("Oriental Orthodox Christian")
    PROTESTANT = "PRO", _("Protestant")
    PENTECOSTAL = "PEN", _("Pentecostal")
    BAPTIST = "BAP", _("Baptist")
    LUTHERAN = "LUT", _("Lutheran")
    JEHOVAH = "JEH", _("Jehovah's Witness")
    MORMON = "MOR", _("Mormon")
    JEWISH = "JDS", _("Jewish")
    HINDU = "HIN", _("Hindu")
    BUDDHIST = "BUD", _("Buddhist")
    SIKH = "SIK", _("Sikh")
    JAIN = "JAI", _("Jain")
    ZOROASTRIAN = "ZOR", _("Zoroastrian")
    ANIMIST = "ANI", _("Animist")
    ATHEIST = "ATH", _("Atheist")
    NO_RELIGION = "NON", _("No religion")
    OTHER = "OTH", _("Other religion")
    NOT_SAID = "U", _("Not said")


class ProcessReason(TextChoices):
    """Why a record is on hold, inactive or closed: law-and-practice.md 1.7 (UNHCR's own list was not to be had)."""

    FRAUD_INQUIRY = "fraud_inquiry", _("Suspected fraud is looked into")
    IDENTITY_DOUBT = "identity_doubt", _("Identity in doubt")
    PENDING_MERGE = "pending_merge", _("May be the same person as another")
    PROTECTION_REVIEW = "protection_review", _("Protection review")
    NO_SHOW = "no_show", _("Did not come to the verification")
    NOT_RENEWED = "not_renewed", _("Documents not renewed")
    LOST_CONTACT = "lost_contact", _("Lost contact")
    LONG_ABSENCE = "long_absence", _("Long absence")
    DECEASED = "deceased", _("Deceased")
    REPATRIATED = "repatriated", _("Voluntary repatriation")  # VOL26 in proGres
    DEPARTED = "departed", _("Spontaneous departure")  # REG38
    RESETTLED = "resettled", _("Resettled")  # RST33
    NATURALISED = "naturalised", _("Naturalised")
    CESSATION = "cessation", _("Cessation of status")
    CANCELLATION = "cancellation", _("Cancellation of status")
    REVOCATION = "revocation", _("Revocation of status")
    REJECTED = "rejected", _("Finally rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn or abandoned")
    DUPLICATE = "duplicate", _("Registered twice")
    FRAUD = "fraud", _("Fraud")
    MOVED = "moved", _("Moved to another operation")
    NOT_OF_CONCERN = "not_of_concern", _("Not of concern")
    REOPENED = "reopened", _("Opened again")


class ProcessStatus(TextChoices):
    """Life of a record in proGres."""

    ACTIVE = "A", _("Active")
    HOLD = "H", _("On hold")
    INACTIVE = "I", _("Inactive")
    CLOSED = "C", _("Closed")


COUNTED = (ProcessStatus.ACTIVE, ProcessStatus.HOLD)  # records of people who are there
# A closed record is opened again by a supervisor only (registration.policies).
PROCESS_MOVES = table(ProcessStatus, A="H I C", H="A I C", I="A C", C="A")


# Which reasons fit which status (law-and-practice.md 1.7).
RECORD_REASONS: dict[str, tuple[ProcessReason, ...]] = {
    ProcessStatus.ACTIVE: (ProcessReason.REOPENED,),
    ProcessStatus.HOLD: (
        ProcessReason.FRAUD_INQUIRY,
        ProcessReason.IDENTITY_DOUBT,
        ProcessReason.PENDING_MERGE,
        ProcessReason.PROTECTION_REVIEW,
    ),
    ProcessStatus.INACTIVE: (
        ProcessReason.NO_SHOW,
        ProcessReason.NOT_RENEWED,
        ProcessReason.LOST_CONTACT,
        ProcessReason.LONG_ABSENCE,
    ),
    ProcessStatus.CLOSED: (
        ProcessReason.DECEASED,
        ProcessReason.DEPARTED,
        ProcessReason.REPATRIATED,
        ProcessReason.RESETTLED,
        ProcessReason.NATURALISED,
        ProcessReason.CESSATION,
        ProcessReason.CANCELLATION,
        ProcessReason.REVOCATION,
        ProcessReason.REJECTED,
        ProcessReason.WITHDRAWN,
        ProcessReason.DUPLICATE,
        ProcessReason.FRAUD,
        ProcessReason.MOVED,
        ProcessReason.NOT_OF_CONCERN,
    ),
}
# What has happened is recorded by whoever hears of it, and never refused (design.md rule 9).
FACTS = (ProcessReason.DECEASED, ProcessReason.DEPARTED)


class GroupReason(TextChoices):
    """Why somebody joined or left a registration group, or took another place in it."""

    BIRTH = "birth", _("Birth")
    LATE = "late", _("Registered late")
    MARRIAGE = "marriage", _("Marriage")
    DIVORCE = "divorce", _("Divorce or separation")
    REUNITED = "reunited", _("Family reunited")
    SPLIT = "split", _("Group divided")
    MOVED = "moved", _("Moved to another group")
    FOCAL_POINT = "focal_point", _("Another focal point")
    RECORD_CLOSED = "record_closed", _("Record closed")
    GROUP_CLOSED = "group_closed", _("Group closed")
    CORRECTION = "correction", _("Correction")


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


class InfluxStatus(TextChoices):
    """Life of an influx event."""

    DRAFT = "draft", _("Draft")
    ALERT = "alert", _("Proposed")
    DECLARED = "declared", _("Declared")
    SCALED_DOWN = "scaled_down", _("Scaled down")
    CLOSED = "closed", _("Closed")


INFLUX_MOVES = table(
    InfluxStatus,
    draft="alert",
    alert="draft declared",
    declared="scaled_down closed",
    scaled_down="declared closed",
)


class InfluxBasis(TextChoices):
    """On what the people of an influx are received: law-and-practice.md 1.13."""

    PRIMA_FACIE = "PRIMA_FACIE", _("Prima facie recognition")
    TEMPORARY = "TEMP_PROTECTION", _("Temporary protection")
    CRISIS = "EU_CRISIS", _("Crisis (Regulation (EU) 2024/1359)")
    OTHER = "OTHER", _("Other")


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


FOCAL = (Relationship.PA, Relationship.HR1)  # the focal point of a registration group


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
    MAPPING = "mapping", _("Columns to be chosen")
    CHECKING = "checking", _("Being checked")
    COMPARING = "comparing", _("Being compared")
    REVIEW = "review", _("Waiting for you")
    ACCEPTING = "accepting", _("Being registered")
    DONE = "done", _("Registered")
    FAILED = "failed", _("Could not be read")
    CANCELLED = "cancelled", _("Cancelled")
    STOPPED = "stopped", _("Stopped")
    UNDOING = "undoing", _("Being undone")
    UNDONE = "undone", _("Undone")


# Of these nothing, or not everything, is registered: the same file may be sent again.
SENT_AGAIN = (BatchStatus.FAILED, BatchStatus.CANCELLED, BatchStatus.STOPPED, BatchStatus.UNDONE)


BATCH_MOVES = table(
    BatchStatus,
    reading="mapping checking failed cancelled review done",  # back again, when corrected rows cannot be read
    mapping="reading cancelled",
    checking="comparing cancelled",
    comparing="review done cancelled",
    review="accepting cancelled reading",
    accepting="done stopped",
    done="reading undoing",
    stopped="undoing",
    undoing="undone",
)


class StepKind(TextChoices):
    """What a worker does with a file, in this order."""

    READ = "1read", _("Read the file")
    CHECK = "2check", _("Check rows")
    COMPARE = "3compare", _("Compare rows with each other")
    ACCEPT = "4accept", _("Register people")
    UNDO = "5undo", _("Remove people")


class StepStatus(TextChoices):
    """A step is open until its effect is committed."""

    OPEN = "open", _("Open")
    HELD = "held", _("Paused")
    DONE = "done", _("Done")
    QUARANTINED = "quarantined", _("Set aside")


STEP_MOVES = table(StepStatus, open="done held quarantined", held="open done", quarantined="open")
WAITING = (StepStatus.OPEN, StepStatus.HELD)


class Outcome(TextChoices):
    """What checking found out about one row."""

    NEW = "new", _("New")
    REGISTERED = "registered", _("Already registered")
    POSSIBLE = "possible", _("Possible duplicate")
    ERROR = "error", _("Error")


class TokenStatus(TextChoices):
    """Life of a number that was given to people who wait."""

    WAITING = "waiting", _("Waiting")
    CALLED = "called", _("Called")
    SERVED = "served", _("Served")
    MISSED = "missed", _("Did not come")


TOKEN_MOVES = table(TokenStatus, waiting="called", called="served missed", missed="called")


class Flow(TextChoices):
    """Why a stock changed; UNHCR statistics, flows and solutions."""

    REGISTRATION = "registration", _("Registration")
    BIRTH = "birth", _("Birth")
    DEATH = "death", _("Death")
    DEPARTURE = "departure", _("Spontaneous departure")
    RETURN = "return", _("Voluntary repatriation")
    RESETTLEMENT = "resettlement", _("Resettlement")
    NATURALISATION = "naturalisation", _("Naturalisation")
    CLOSURE = "closure", _("Record closed or inactive")
    REOPENING = "reopening", _("Record opened again")
    STATUS = "status", _("Change of legal status")
    CORRECTION = "correction", _("Correction")
    HANDED_OVER = "handed_over", _("Handed over to another agency")
    TAKEN_OVER = "taken_over", _("Taken over from another agency")


# As what the ledger counts those whose record is closed for a reason; Flow.CLOSURE for all others.
LEAVING: dict[str, Flow] = {
    ProcessReason.DECEASED: Flow.DEATH,
    ProcessReason.DEPARTED: Flow.DEPARTURE,
    ProcessReason.REPATRIATED: Flow.RETURN,
    ProcessReason.RESETTLED: Flow.RESETTLEMENT,
    ProcessReason.NATURALISED: Flow.NATURALISATION,
}
