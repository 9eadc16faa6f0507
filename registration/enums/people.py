"""What may be said of a person? UNHCR's codes where there are any (eRRF, proGres), source beside each list."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


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
