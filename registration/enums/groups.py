"""Who is what to whom in a registration group, and why does that change?"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


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
