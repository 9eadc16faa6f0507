"""Which code is meant by this word in a list of arrivals: sex, relationship, marital status, document type,
specific need, yes or no?

Codes are UNHCR's (eRRF code tables); words are those of registration forms in English, French, Spanish and
Arabic.
"""

# ruff: noqa: SIM905 - word lists read better as one text

import re
import unicodedata
from functools import lru_cache

from registration.rules.needs import NEEDS, current

SEVERAL = re.compile(r"\s*[,;/|،؛]\s*")  # between the words of a cell that may hold several
_LETTERS = str.maketrans("أإآٱىة", "اااايه")


@lru_cache(maxsize=8192)
def plain(word: str) -> str:
    """A word as the tables below have it: lower case, without accents, signs and repeated spaces."""
    text = unicodedata.normalize("NFKD", word.strip().lower()).translate(_LETTERS)
    text = "".join(c if c.isalnum() else " " for c in text if not unicodedata.combining(c))
    return " ".join(text.split())


def _table(**codes: str) -> dict[str, str]:
    return {plain(word): code for code, words in codes.items() for word in [code, *words.split("|")]}


def code_in(text: str) -> str:
    """What was chosen from a list of our template, “F – Female”, without its explanation; other texts as they are."""
    return text.partition(CODED)[0]


CODED = " – "
SEX = _table(
    F="female|woman|girl|w|femme|feminin|feminine|fille|mujer|femenino|femenina|أنثى|انثي|امرأة|بنت|ж|жінка",
    M="male|man|boy|homme|masculin|masculine|garcon|hombre|masculino|h|ذكر|رجل|ولد|ч|чоловік",
    U="unknown|other|x|not known|not stated|inconnu|autre|desconocido|otro|غير معروف",
)
MARITAL_STATUS = _table(
    SN="single|never married|unmarried|celibataire|soltero|soltera|أعزب|عزباء|عازب",
    EG="engaged|fiance|fiancee|comprometido|comprometida|خاطب|مخطوبة",
    MA="married|marie|mariee|casado|casada|متزوج|متزوجة",
    CL="common law married|common law|concubinage|union libre|union de hecho|conviviente",
    PT="p|partnership|partner|pacs|pareja",
    SR="separated|separe|separee|separado|separada|منفصل|منفصلة",
    DV="divorced|divorce|divorcee|divorciado|divorciada|مطلق|مطلقة",
    WD="widowed|widow|widower|veuf|veuve|viudo|viuda|أرمل|أرملة",
    U="unknown|not stated|inconnu|desconocido|غير معروف",
)
DOCUMENT_TYPE = _table(
    PASSPORT="passport|passeport|pasaporte|جواز سفر|جواز|паспорт",
    NATIONAL_ID="national id|national id card|identity card|id card|id|nid|tazkira|carte d identite|carte nationale|cni|cedula|"
    "cedula de identidad|documento nacional de identidad|dni|هوية|بطاقة هوية|بطاقة شخصية|هوية شخصية|الهوية",
    FAMILY_BOOKLET="family booklet|family book|livret de famille|libro de familia|libreta de familia|دفتر عائلة|دفتر العائلة",
    BIRTH_CERTIFICATE="birth certificate|certificate of birth|acte de naissance|extrait de naissance|certificat de naissance|"
    "partida de nacimiento|acta de nacimiento|certificado de nacimiento|شهادة ميلاد|شهادة ولادة",
    OTHER="other document|autre|otro|اخرى|أخرى",
)
# UNHCR eRRF, table EducationLevel: years of school, or what came instead.
EDUCATION = _table(
    NE="none|no education|no schooling|illiterate|aucun|aucune|sans instruction|ninguno|ninguna|sin educacion|أمي|لا يوجد",
    KG="kindergarten|preschool|pre school|maternelle|preescolar|روضة",
    IN="informal|informal education|non formal|religious|informelle|informal educacion|تعليم غير رسمي",
    TC="technical|vocational|technical or vocational|technique|professionnel|tecnica|vocacional|مهني|معهد",
    UG="university|bachelor|universite|licence|universidad|universitaria|جامعي|جامعة",
    PG="postgraduate|post university|master|phd|doctorate|doctorat|posgrado|maestria|دراسات عليا|ماجستير|دكتوراه",
    U="unknown|inconnu|desconocido|غير معروف",
    **{str(year): f"{year} years|grade {year}|{year} ans|{year} anos|year {year}" for year in range(1, 15)},
)
# Where a word says no more than the family of a need, it is the family's code. "": the cell says that there is none.
_NEED_WORDS = {
    "": "none|no|n|0|nil|no needs|no specific needs|aucun|aucune|neant|non|ninguno|ninguna|لا|لا يوجد",
    "CR": "enfant a risque|nino en riesgo|طفل معرض للخطر|اطفال معرضون للخطر",
    "CR-CH": "child headed household|enfant chef de menage|طفل رب اسرة",
    "CR-TP": "teenage mother|pregnant girl|grossesse precoce|embarazo adolescente",
    "SC": "uasc|unaccompanied and separated child|enfant non accompagne ou separe",
    "SC-UC": "unaccompanied|uam|enfant non accompagne|mineur non accompagne|nino no acompanado|menor no acompanado|"
    "طفل غير مصحوب|قاصر غير مصحوب",
    "SC-SC": "enfant separe|nino separado|menor separado|طفل منفصل|طفل منفصل عن ذويه",
    "WR": "women at risk|femme a risque|mujer en riesgo|امراة معرضة للخطر|نساء معرضات للخطر",
    "ER": "elderly|elderly at risk|older person|old person|older at risk|personne agee|personne agee a risque|"
    "persona mayor|adulto mayor|كبير السن|كبار السن|مسن|مسنة",
    "SP": "single caregiver or parent|parent seul|parent isole|monoparental|famille monoparentale|"
    "madre soltera|padre soltero|معيل وحيد|عائل وحيد|والد وحيد",
    "DS": "disabled|person with disability|pwd|handicap|handicape|handicapee|personne handicapee|discapacidad|"
    "discapacitado|discapacitada|اعاقة|ذو اعاقة|ذوي الاعاقة|معاق|معاقة",
    "DS-BD": "blind|visual disability|aveugle|malvoyant|ciego|ciega|اعاقة بصرية|كفيف",
    "DS-DF": "deaf|hearing disability|sourd|sourde|sordo|sorda|اعاقة سمعية|اصم",
    "DS-SD": "speech disability|muet|mudo|اعاقة نطقية",
    "PG": "pregnant|pregnancy|pregnant woman|enceinte|femme enceinte|embarazada|embarazo|حامل",
    "PG-LC": "lactating woman|breastfeeding|allaitante|femme allaitante|lactante|مرضع|مرضعة",
    "FU": "family separation|regroupement familial|reunificacion familiar|لم شمل الاسرة",
    "SM": "medical|medical condition|medical case|maladie grave|cas medical|condicion medica|caso medico|enfermedad grave|"
    "مرض خطير|حالة طبية|حالة مرضية",
    "SM-CI": "chronic disease|chronic|maladie chronique|enfermedad cronica|مرض مزمن",
    "SM-MI": "mental health|maladie mentale|enfermedad mental|مرض نفسي",
    "SM-MN": "malnourished|desnutricion|سوء تغذية",
    "SV": "gbv|sgbv|gender based violence|violence sexuelle|violence basee sur le genre|vbg|violencia sexual|"
    "violencia de genero|عنف جنسي|عنف قائم على النوع الاجتماعي",
    "TR": "torture survivor|survivor of torture|victim of torture|victime de torture|tortura|victima de tortura|تعذيب|"
    "ناج من التعذيب|ضحية تعذيب",
    "LP": "legal and physical protection|protection juridique et physique|proteccion legal y fisica",
    "LP-ND": "no documents|undocumented|sans papiers|sans documents|indocumentado|بدون وثائق|بلا وثائق",
}
# Codes with and without their hyphen, and the names that we show; an older code is the one that is used now.
_NEEDS = {
    **{plain(word): code for code, said in _NEED_WORDS.items() for word in said.split("|")},
    **{
        plain(word): current(code)
        for code, label in NEEDS.items()
        for word in (label, code, code.replace("-", ""))
    },
}
YES = frozenset(map(plain, "y|yes|true|1|o|oui|vrai|s|si|verdadero|نعم|x|estimated|=true()".split("|")))
NO = frozenset(map(plain, "n|no|false|0|non|faux|falso|لا|=false()".split("|")))

# A word that means another code for a man and for a woman: (male, female, sex unknown).
_KIN = {
    "spouse|partner of head|conjoint|conjointe|epoux epouse|conyuge|esposo a|زوج زوجة": ("HUS", "WIF", "U"),
    "husband|mari|epoux|esposo|marido|زوج": ("HUS", "HUS", "HUS"),
    "wife|femme|epouse|esposa|mujer|زوجة": ("WIF", "WIF", "WIF"),
    "child|son daughter|enfant|hijo a|ولد|طفل": ("SON", "DAU", "U"),
    "son|fils|hijo|ابن": ("SON", "SON", "SON"),
    "daughter|fille|hija|ابنة|بنت": ("DAU", "DAU", "DAU"),
    "sibling|brother sister|fratrie|frere soeur|hermano a|أخ أخت": ("SBM", "SBF", "U"),
    "brother|frere|hermano|أخ": ("SBM", "SBM", "SBM"),
    "sister|soeur|hermana|أخت": ("SBF", "SBF", "SBF"),
    "parent|pere mere|padre madre|والد والدة": ("PRM", "PRF", "U"),
    "father|pere|padre|أب|والد": ("PRM", "PRM", "PRM"),
    "mother|mere|madre|أم|والدة": ("PRF", "PRF", "PRF"),
    "grandchild|petit enfant|nieto a|حفيد": ("GCM", "GCF", "U"),
    "grandson|petit fils|nieto": ("GCM", "GCM", "GCM"),
    "granddaughter|petite fille|nieta|حفيدة": ("GCF", "GCF", "GCF"),
    "grandparent|grand parent|abuelo a": ("GPM", "GPF", "U"),
    "grandfather|grand pere|abuelo|جد": ("GPM", "GPM", "GPM"),
    "grandmother|grand mere|abuela|جدة": ("GPF", "GPF", "GPF"),
    "stepchild|step child|beau fils belle fille": ("SCM", "SCF", "U"),
    "stepson|step son": ("SCM", "SCM", "SCM"),
    "stepdaughter|step daughter": ("SCF", "SCF", "SCF"),
    "foster child|enfant place": ("FCM", "FCF", "U"),
    "partner|partenaire|pareja": ("PTM", "PTF", "U"),
    "son in law|gendre|yerno": ("CLM", "CLM", "CLM"),
    "daughter in law|belle fille|bru|nuera": ("CLF", "CLF", "CLF"),
    "father in law|beau pere|suegro": ("PLM", "PLM", "PLM"),
    "mother in law|belle mere|suegra": ("PLF", "PLF", "PLF"),
    "parent in law": ("PLM", "PLF", "U"),
    "brother in law|beau frere|cunado": ("BIL", "BIL", "BIL"),
    "sister in law|belle soeur|cunada": ("SIL", "SIL", "SIL"),
    "half sibling": ("HAB", "HAS", "U"),
    "uncle|oncle|tio|عم|خال": ("UNC", "UNC", "UNC"),
    "aunt|tante|tia|عمة|خالة": ("ANT", "ANT", "ANT"),
    "nephew|neveu|sobrino": ("NEP", "NEP", "NEP"),
    "niece|sobrina": ("NCE", "NCE", "NCE"),
    "nephew niece": ("NEP", "NCE", "U"),
    "cousin|cousine|primo|prima": ("COM", "COF", "U"),
    "other relative|relative|autre parent|otro familiar|pariente|قريب": ("ORM", "ORF", "U"),
    "no relation|not related|unrelated|non relative|other|sans lien|autre|sin parentesco|otro": (
        "NRM",
        "NRF",
        "U",
    ),
    "unknown|inconnu|desconocido": ("UKM", "UKF", "U"),
    "head|head of household|head of family|household head|hoh|hh|hhr|focal point|principal applicant|self|"
    "chef|"
    "chef de menage|chef de famille|jefe|jefa|jefe de hogar|jefa de hogar|jefe de familia|رب الأسرة|رب "
    "العائلة|"
    "رب أسرة|ربة الأسرة": ("PA", "PA", "PA"),
}
RELATIONSHIP_CODES = frozenset(
    "PA HR1 HR2 HUS WIF CLH CLW PTM PTF EXM EXF SON DAU SCM SCF FCM FCF CLM CLF GCM GCF PRM PRF SPM SPF FPM "
    "FPF FP PLM "
    "PLF GPM GPF SBM SBF HAB HAS SPB SPS BIL SIL UNC ANT NEP NCE COM COF ILM ILF ORM ORF NRM NRF UKM UKF U".split()
)
_RELATIONSHIPS = {plain(word): codes for words, codes in _KIN.items() for word in words.split("|")}


@lru_cache(maxsize=4096)
def relationship(word: str, sex: str) -> str | None:
    """UNHCR's relationship code of a word (or of the code itself) for a person of this sex; None for an
    unknown word."""
    if word.upper() in RELATIONSHIP_CODES:
        return word.upper()
    codes = _RELATIONSHIPS.get(plain(word))
    return None if codes is None else codes["MF".find(sex) if sex in ("M", "F") else 2]


def needs_in(text: str) -> list[str | None]:
    """UNHCR's codes of the specific needs in a cell, each once; "" for a word that says there is none, None for unknown words.

    Codes may also be separated by spaces, as Kobo writes several answers.
    """
    found: list[str | None] = []
    for part in filter(None, [text] if _need(text) is not None else SEVERAL.split(text)):
        codes = [_need(one) for one in part.split()]
        found += codes if _need(part) is None and None not in codes else [_need(part)]
    return list(dict.fromkeys(found))


def _need(word: str) -> str | None:
    return _NEEDS.get(plain(code_in(word)))
