"""Which column of a list of arrivals is this?

The 21 columns of the arrivals file and the further ones that some lists have, what each is called on screen, and
the headers under which agencies send them: English, French, Spanish, Arabic, HXL hashtags (hxlstandard.org), names
of questions in Kobo forms, and the lists of UNHCR (proGres), HOPE and OpenSPP.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple


def gettext_noop(message: str) -> str:
    """Mark a text for the catalogues; the screen translates it. (Rules do not know Django.)"""
    return message


class Column(NamedTuple):
    """A column of the template: its field, its label (a message id), an example of its content, and what else to know of it."""

    field: str
    label: str
    example: str
    note: str = ""  # a message id; short, since it stands in one cell of the template


COLUMNS = (
    Column("record_id", gettext_noop("Your reference for the person"), "I00000001"),
    Column("registration_date", gettext_noop("Registration date"), "2026-01-10"),
    Column("registration_site", gettext_noop("Registration site"), "BORDER-2"),
    Column("household_id", gettext_noop("Your reference for the household"), "H00005154"),
    Column("household_size", gettext_noop("Household size"), "4"),
    Column("relationship_to_head", gettext_noop("Relationship to the head of household"), "head"),
    Column("given_name", gettext_noop("Given name"), "Sarah"),
    Column("father_name", gettext_noop("Father's name"), "Hafez"),
    Column("family_name", gettext_noop("Family name"), "Aldahhak"),
    Column("full_name_native", gettext_noop("Full name in its own script"), "سارة حافظ الضحاك"),
    Column("mother_name", gettext_noop("Mother's name"), "Nedaa Kemal"),
    Column("sex", gettext_noop("Sex"), "F"),
    Column("date_of_birth", gettext_noop("Date of birth"), "1959-04-03"),
    Column("dob_estimated", gettext_noop("Date of birth is an estimate"), "Y"),
    Column("birth_place", gettext_noop("Place of birth"), "Idlib"),
    Column("nationality", gettext_noop("Nationality"), "SYR"),
    Column("marital_status", gettext_noop("Marital status"), "married"),
    Column("phone", gettext_noop("Phone"), "+90 5207212696"),
    Column("document_type", gettext_noop("Document type"), "passport"),
    Column("document_number", gettext_noop("Document number"), "N36694894"),
    Column("arrival_date", gettext_noop("Arrival date"), "2025-12-22"),
)
# Columns that only some lists have: what they say goes into `ArrivalRow.more`, so that other lists pay nothing for them.
FURTHER = (
    Column("grandfather_name", gettext_noop("Grandfather's name"), "Omar"),
    Column("second_family_name", gettext_noop("Second family name"), "Haddad"),
    Column("maiden_name", gettext_noop("Family name at birth"), "Saleh"),
    Column("other_names", gettext_noop("Also known as"), "Um Omar"),
    Column("other_nationality", gettext_noop("Other nationality"), "IRQ"),
    Column("country_of_origin", gettext_noop("Country of origin"), "SYR"),
    Column("origin_pcode", gettext_noop("P-code of the place of origin"), "SY07"),
    Column("languages", gettext_noop("Languages"), "Arabic; English"),
    Column("email", gettext_noop("E-mail"), "sarah@example.org"),
    Column("education", gettext_noop("Education"), "9"),
    Column("occupation", gettext_noop("Occupation"), "teacher"),
    Column("focal_point", gettext_noop("Focal point of the household"), "Y"),
    # "Y" is a fact (Individual.said_to_agree) and no Consent: that is specific and informed (UNHCR's policy on the protection of
    # personal data, 2015, 2.1): towards a recipient, for a purpose, in a language and by a text that we know. A list tells none of
    # this, so nothing is ever shared because of it.
    Column(
        "consent",
        gettext_noop("Agreed to be registered"),
        "Y",
        gettext_noop(
            "Kept as what the list says. It is no consent to share anything: record that on the person's page."
        ),
    ),
    Column("arrival_point", gettext_noop("Point of arrival"), "Gate 2"),
    Column(
        "needs",
        gettext_noop("Specific needs"),
        "DS-PM; SP-PT",
        gettext_noop(
            "UNHCR's codes or words, separated by semicolons. Each is recorded as a need that nobody has confirmed yet."
        ),
    ),
)
LABELS = {column.field: column.label for column in (*COLUMNS, *FURTHER)} | {
    "age": gettext_noop("Age"),
    "": gettext_noop("Whole row"),
}
# Names by kind: what the record of every person has no column for.
FURTHER_NAMES = {
    "grandfather_name": "grandfather", "second_family_name": "second_family", "maiden_name": "maiden", "other_names": "alias",
}  # fmt: skip
# What `ArrivalRow.more` says that is no column of a person: {kind: names}, codes of needs, and the place of origin.
ASIDE = frozenset({"further_names", "needs", "origin_pcode"})
NAME_FIELDS = ("given_name", "father_name", "family_name", "full_name_native")

# Alternatives are separated by "|"; capitals, accents, spaces, punctuation and text in brackets do not count.
_HEADERS = {
    "record_id": (
        "individual guid|individual no|individual registration number|beneficiary id|registrant id|person number|ind id|"
        "member id|numero d'individu|numero d'enregistrement|codigo de persona|رقم الفرد|الرقم الفردي|#individual+id|"
        "#beneficiary+id|record id|record|id|person id|individual id|individual number|unique id|registration number|"
        "reference|ref|source id|external id|progres id|numero individuel|identifiant|id personne|identificador|"
        "id persona|numero de registro|رقم السجل|رقم التسجيل|الرقم|المعرف|الرقم التعريفي|#meta+id|#person+id"
    ),
    "registration_date": (
        "first registration date|individual registration date|registration day|date inscription|date d'inscription|"
        "fecha de inscripcion|registration date|date of registration|registered on|date registered|reg date|"
        "date enregistrement|date d'enregistrement|fecha de registro|fecha registro|تاريخ التسجيل|#date+registered|"
        "#date+registration"
    ),
    "registration_site": (
        "registration location|registration office|collection site|camp|settlement|site name|location level 1|lieu|"
        "campamento|المخيم|الموقع|#loc+site|#loc+camp|registration site|site|registration point|registration centre|"
        "registration center|centre|center|location|lieu d'enregistrement|site d'enregistrement|centre d'enregistrement|"
        "lugar de registro|sitio de registro|centro de registro|مكان التسجيل|مركز التسجيل|موقع التسجيل|#loc|#loc+name|"
        "#loc+registration"
    ),
    "household_id": (
        "progres case number|registration group id|registration group number|case no|household no|household code|"
        "family code|fam id|group number|group membership|hh number|hh no|household unique id|numero de groupe|"
        "numero de dossier|codigo de hogar|codigo de familia|كود الاسرة|رقم القضية|رقم المجموعة|#case+id|#family+id|"
        "household id|household|household number|household ref|hh id|hhid|hh|family id|family number|group ref|group id|"
        "case number|case id|family unit|registration group|id menage|menage|numero de menage|code menage|id du menage|"
        "numero de famille|hogar|id hogar|numero de hogar|id familia|numero de familia|رقم الاسرة|رقم العائلة|الاسرة|"
        "رقم الملف|#group+id|#hh+id|#household+id|#meta+hh+id"
    ),
    "household_size": (
        "number of household members|number of individuals|total members|case size|group size|no of family members|"
        "nombre de membres|nombre de personnes|numero de personas|#population+household|household size|hh size|"
        "family size|size|members|number of members|taille du menage|taille menage|taille de la famille|tamano del hogar|"
        "tamano de la familia|numero de miembros|حجم الاسرة|عدد افراد الاسرة|عدد الافراد|#population+hh|#group+size|"
        "#hh+size"
    ),
    "relationship_to_head": (
        "relationship to the head of household|relation to hoh|relationship to hoh|hh relationship|"
        "relationship to principal applicant|relationship to principal representative|relationship code|"
        "relation avec le chef de menage|parentesco con el jefe de hogar|#person+relation|relationship to head|"
        "relationship|relation|relation to head|relationship to head of household|relationship to hh head|"
        "relationship to focal point|relationship to pa|role|lien|lien de parente|lien avec le chef|"
        "lien avec le chef de menage|parente|parentesco|relacion|relacion con el jefe|relacion con el jefe de hogar|"
        "صلة القرابة|القرابة|العلاقة|العلاقة برب الاسرة|صلة القرابة برب الاسرة|#person+relationship|#relationship"
    ),
    "given_name": (
        "christian name|fore name|name first|1st name|person given name|nombre de pila|#given+name|"
        "#name+individual+given|given name|given names|first name|first names|firstname|forename|name|prenom|prenoms|"
        "nombre|nombres|primer nombre|الاسم|الاسم الاول|الاسم الشخصي|#name+given|#person+name+given|#name+first"
    ),
    "father_name": (
        "addl name|additional name|middlename|fathersname|الاسم الثاني|اسم الأب|#name+middle|father name|father's name|"
        "fathers name|name of father|father|middle name|second name|patronymic|nom du pere|prenom du pere|pere|"
        "nombre del padre|padre|اسم الاب|الاب|اسم الوالد|#name+father|#person+name+father"
    ),
    "family_name": (
        "familyname|last names|family name 1|primer apellido|nom famille|patronyme|#surname|family name|last name|"
        "lastname|surname|family names|nom|nom de famille|noms|apellido|apellidos|اسم العائلة|العائلة|الكنية|اللقب|"
        "النسبة|الشهرة|#name+family|#name+last|#person+name+family"
    ),
    "full_name_native": (
        "complete name|name full|beneficiary name|individual name|name of individual|name of beneficiary|refugee name|"
        "person name|nom prenom|nom et prenoms|noms et prenoms|nombres y apellidos|apellidos y nombres|الاسم والكنية|"
        "اسم الفرد|#beneficiary+name|#individual+name|#person+full+name|full name native|full name|fullname|native name|"
        "name native|name in native script|full name in native script|full name in its own script|name in arabic|"
        "arabic name|name in original script|nom complet|nom et prenom|nom en arabe|nombre completo|nombre y apellidos|"
        "nombre en idioma original|الاسم الكامل|الاسم الثلاثي|الاسم الرباعي|الاسم بالعربية|الاسم باللغة العربية|"
        "#name+full|#name+native|#person+name|#name"
    ),
    "mother_name": (
        "mothers full name|mother full name|nom de mere|nom et prenom de la mere|اسم وكنية الام|mother name|"
        "mother's name|mothers name|name of mother|mother|nom de la mere|mere|nombre de la madre|madre|اسم الام|الام|"
        "اسم الوالدة|#name+mother|#person+name+mother"
    ),
    "sex": (
        "person sex|sex gender|gender code|sex code|#individual+sex|#beneficiary+sex|sex|gender|sexe|genre|sexo|genero|"
        "الجنس|النوع|#person+sex|#person+gender|#sex|#gender"
    ),
    "date_of_birth": (
        "birth|d o b|dateofbirth|date of birth age|date naissance|ne e le|nacimiento|تاريخ ميلاد|المواليد|#birth+date|"
        "#date+dob|#dob|date of birth|dob|birth date|birthdate|birthday|born|date birth|year of birth|birth year|"
        "date de naissance|ne le|annee de naissance|fecha de nacimiento|fecha nacimiento|ano de nacimiento|تاريخ الميلاد|"
        "تاريخ الولادة|سنة الميلاد|#date+birth|#person+date+birth|#date+born"
    ),
    "dob_estimated": (
        "estimated birth date|birth date estimated|dob accuracy|estimation|dob estimated|date of birth estimated|"
        "estimated dob|estimated date of birth|estimated|date of birth is an estimate|dob is estimated|is dob estimated|"
        "date de naissance estimee|naissance estimee|estimee|fecha de nacimiento estimada|fecha estimada|estimada|"
        "تاريخ الميلاد تقديري|تقديري|#date+birth+estimated"
    ),
    "birth_place": (
        "city town of birth|birth city|ville de naissance|commune de naissance|ciudad de nacimiento|birth place|"
        "birthplace|place of birth|town of birth|city of birth|lieu de naissance|lugar de nacimiento|مكان الولادة|"
        "مكان الميلاد|محل الولادة|#loc+birth|#person+birth+loc"
    ),
    "nationality": (
        "nationality code|current nationality|citizenship code|primary nationality|nationality 1|nationalite 1|"
        "nationalité actuelle|pais de nacionalidad|#nationality|#country+citizenship|nationality|citizenship|"
        "country of nationality|nationalite|nacionalidad|الجنسية|#person+nationality|#country+nationality"
    ),
    "marital_status": (
        "marriage status|marriage status code|maritalstatus|estado marital|#marital+status|marital status|civil status|"
        "marital|etat civil|situation matrimoniale|situation familiale|estado civil|الحالة الاجتماعية|الحالة الزوجية|"
        "الحالة العائلية|#person+marital|#person+marital+status"
    ),
    "phone": (
        "phone no|phone no 1|primary phone|primary phone number|phone 1|mobile phone|mobile no|telephone 1|phone numbers|"
        "numero de tel|no de telephone|numero de celular|telefono movil|رقم الموبايل|رقم التلفون|تلفون|#contact+mobile|"
        "#phone+mobile|phone|phone number|telephone|telephone number|mobile|mobile number|tel|contact number|"
        "contact phone|cell|whatsapp|numero de telephone|portable|telefono|numero de telefono|celular|movil|الهاتف|"
        "رقم الهاتف|هاتف|الجوال|رقم الجوال|الموبايل|#contact+phone|#phone"
    ),
    "document_type": (
        "identity document type|doc type|id document type|identification type|nature de la piece|#document+kind|"
        "document type|type of document|id type|document|type of id|type de document|type de piece|"
        "type de piece d'identite|tipo de documento|documento|نوع الوثيقة|نوع المستند|نوع الهوية|#document+type|#id+type"
    ),
    "document_number": (
        "national id no|national id number|national passport|national passport no|identity card number|id card number|"
        "identification number|unhcr id no|birth certificate no|tax id no|numero de cni|numero cni|numero de passeport|"
        "no de la piece|numero de pasaporte|numero de cedula|رقم الوثيقه الثبوتية|رقم الجواز|#id+passport|#id+national|"
        "#document+no|document number|document no|doc number|document id|id number|id no|passport number|passport no|"
        "national id|number of document|numero de document|numero du document|numero de piece|numero de documento|"
        "numero documento|رقم الوثيقة|رقم المستند|رقم الهوية|رقم جواز السفر|#document+number|#id+number|#document+id"
    ),
    "arrival_date": (
        "arrival day|date of arrival in country|arrival in coa date|date of flight arrival|date arrivee|fecha de ingreso|"
        "تاريخ الدخول الى البلد|#arrival+date|arrival date|date of arrival|arrived on|arrival|date arrived|entry date|"
        "date of entry|date d'arrivee|date d'entree|arrivee|fecha de llegada|fecha llegada|fecha de entrada|تاريخ الوصول|"
        "تاريخ الدخول|#date+arrival|#date+arrived|#date+entry"
    ),
    "age": (
        "age at registration|age today|ages|age annees|age ans|edad en anos|عمر|#individual+age|#beneficiary+age|age|"
        "age in years|age years|edad|العمر|السن|#person+age|#age"
    ),
    "grandfather_name": (
        "grandfather|grandfather's name|grandfathers name|name of grandfather|third name|grand father name|"
        "nom du grand pere|nombre del abuelo|اسم الجد|الجد|#name+grandfather|#person+name+grandfather"
    ),
    "second_family_name": (
        "second family name|second surname|second last name|family name 2|segundo apellido|deuxieme nom de famille|"
        "اسم العائلة الثاني|#name+family+second|#name+second"
    ),
    "maiden_name": (
        "maiden name|birth name|name at birth|family name at birth|nom de jeune fille|nom de naissance|apellido de soltera|"
        "nombre de soltera|apellido de nacimiento|اسم العائلة عند الولادة|اسم العائلة قبل الزواج|#name+maiden|#name+birth"
    ),
    "other_names": (
        "also known as|aka|alias|aliases|known as|nickname|other name|other names|previous name|previous names|surnom|"
        "autre nom|autres noms|apodo|sobrenombre|otro nombre|otros nombres|الاسم المستعار|اسم الشهرة|اسماء اخرى|"
        "#name+alias|#name+other"
    ),
    "other_nationality": (
        "other nationality|other nationalities|second nationality|nationality 2|dual nationality|autre nationalite|"
        "autres nationalites|otra nacionalidad|segunda nacionalidad|جنسية اخرى|الجنسية الثانية|#nationality+other|"
        "#person+nationality+other"
    ),
    "country_of_origin": (
        "country of origin|origin|coo|coo code|country origin|country of origin code|origin country|pays d'origine|"
        "code pays d'origine|pais de origen|بلد المنشا|بلد الاصل|#country+origin|#country+code+origin|#origin|#coo"
    ),
    "origin_pcode": (
        "origin pcode|p code|pcode|p code of origin|place of origin pcode|admin pcode|adm1 pcode|adm2 pcode|admin1 pcode|"
        "admin2 pcode|admin 1 pcode|admin 2 pcode|#adm1+code|#adm2+code|#adm3+code|#adm1+code+origin|#adm2+code+origin|"
        "#adm1+origin+pcode|#loc+code+origin|#origin+code"
    ),
    "languages": (
        "languages|language|languages spoken|spoken languages|language spoken|preferred language|mother tongue|langue|"
        "langues|langue maternelle|langues parlees|idioma|idiomas|lengua|lengua materna|اللغة|اللغات|اللغة الام|"
        "#person+language|#language|#languages"
    ),
    "email": (
        "email|email address|e mail|courriel|adresse electronique|adresse email|correo|correo electronico|"
        "البريد الالكتروني|الايميل|#contact+email|#email"
    ),
    "education": (
        "education|education level|level of education|highest education|highest education level|education code|"
        "niveau d'education|niveau d'instruction|education atteinte|nivel de educacion|nivel educativo|educacion|"
        "المستوى التعليمي|التعليم|#person+education|#education"
    ),
    "occupation": (
        "occupation|profession|job|occupation code|main occupation|work status|metier|ocupacion|profesion|oficio|المهنة|"
        "العمل|#person+occupation|#occupation"
    ),
    "focal_point": (
        "focal point|is focal point|focal point y n|is head|is hoh|head of household|hoh|head|is principal applicant|"
        "principal applicant|pa|chef de menage|est chef de menage|jefe de hogar|es jefe de hogar|رب الاسرة|#person+focal|"
        "#person+head"
    ),
    "consent": (
        "consent|consent given|agreed|consent to register|informed consent|consentement|consentement eclaire|"
        "consentimiento|consentimiento informado|الموافقة|موافقة|#consent|#person+consent"
    ),
    "arrival_point": (
        "arrival point|entry point|point of entry|border point|border crossing|crossing point|port of entry|"
        "point d'entree|point d'arrivee|poste frontiere|punto de entrada|paso fronterizo|نقطة الدخول|نقطة الوصول|المعبر|"
        "#loc+entry|#loc+arrival|#loc+border"
    ),
    "needs": (
        "needs|specific need|specific needs|specific need code|specific needs code|specific needs codes|special needs|"
        "special need|protection needs|vulnerability|vulnerabilities|vulnerability code|besoin specifique|"
        "besoins specifiques|besoins particuliers|vulnerabilite|vulnerabilites|necesidad especifica|"
        "necesidades especificas|necesidades especiales|vulnerabilidad|vulnerabilidades|الاحتياجات الخاصة|احتياجات خاصة|"
        "الاحتياجات المحددة|احتياجات محددة|مواطن الضعف|#person+needs|#needs|#need+code|#person+vulnerability|#vulnerability"
    ),
}
# Names of technical columns of Kobo exports: used where the file has no better one. A household is a form there, its people
# are rows of another sheet that point to it.
_WEAK = {"_index": "record_id", "_parent_index": "household_id", "_submission__uuid": "household_id"}
_BRACKETS = re.compile(r"\(.*?\)|\[.*?\]")
_PARTS = re.compile(r"[/|\n]| [-–] ")  # of a path of questions (Kobo), or of two languages
_AROUND = re.compile(r"^\s*\d+\s*[.)]\s*|_[ih]_[cf]\s*\*?$")  # the number of a question; HOPE's endings
_ALEFS = str.maketrans("أإآٱىةـ", "ااااياَ")


@lru_cache(maxsize=4096)
def _header_key(text: str) -> str:
    text = text.strip().lower()
    if text.startswith("#"):
        tag, *attributes = text.replace(" ", "").split("+")
        return "+".join([tag, *sorted(a for a in attributes if a not in ("en", "fr", "es", "ar"))])
    text = _BRACKETS.sub("", text.replace("n°", "numero ").replace("nº", "numero ")).translate(_ALEFS)
    return "".join(c for c in unicodedata.normalize("NFKD", text) if c.isalnum())


_FIELDS = {
    _header_key(name): field for field, names in _HEADERS.items() for name in [field, *names.split("|")]
} | {_header_key(column.label): column.field for column in (*COLUMNS, *FURTHER)}


def tag_of(field: str) -> str:
    """The HXL hashtag under which our template has a field."""
    return next(name for name in _HEADERS[field].split("|") if name.startswith("#"))


def field_of(header: str) -> str | None:
    """The field that a header cell names, in any of the known words; None for an unknown one and for our own
    "_" columns."""
    text = header.replace("\ufeff", "").lstrip(" '")
    if text.startswith("_"):
        return None
    if found := _FIELDS.get(_header_key(text)):
        return found
    names = [text, *reversed(_PARTS.split(text))] if len(text) < 200 else []
    keys = (_header_key(_AROUND.sub("", name.strip())) for name in names)
    return next((_FIELDS[key] for key in keys if key in _FIELDS), None)


def map_header(cells: Sequence[str], more: Sequence[str] = ()) -> list[str | None]:
    """The field of each header cell, or else of the cell below it in `more`, a second row of names or of HXL tags.
    Of two cells with the same field the first wins; the other is None."""
    seen: set[str] = set()
    fields: list[str | None] = []
    below = [*more, *[""] * (len(cells) - len(more))]
    for cell, other in zip(cells, below, strict=False):
        field = field_of(cell) or field_of(other)
        fields.append(None if field in seen else field)
        seen.add(field or "")
    for place, cell in enumerate(cells):
        field = _WEAK.get(cell.strip().lower())
        if field and field not in seen and fields[place] is None:
            fields[place] = field
            seen.add(field)
    return fields
