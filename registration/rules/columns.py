"""Which column of a list of arrivals is this?

The 21 columns of the arrivals file, what each is called on screen, and the headers under which agencies send
them: English, French, Spanish, Arabic, and HXL hashtags (hxlstandard.org).
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
    """A column of the template: its field, its label (a message id) and an example of its content."""

    field: str
    label: str
    example: str


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
LABELS = {column.field: column.label for column in COLUMNS} | {
    "age": gettext_noop("Age"),
    "": gettext_noop("Whole row"),
}
NAME_FIELDS = ("given_name", "father_name", "family_name", "full_name_native")

# Alternatives are separated by "|"; capitals, accents, spaces, punctuation and text in brackets do not count.
_HEADERS = {
    "record_id": (
        "record id|record|id|person id|individual id|individual number|unique id|registration number|"
        "reference|ref|source id|external id|progres id|numero individuel|identifiant|id personne|"
        "identificador|id persona|numero de registro|رقم السجل|رقم التسجيل|الرقم|المعرف|الرقم التعريفي|"
        "#meta+id|#person+id"
    ),
    "registration_date": (
        "registration date|date of registration|registered on|date registered|reg date|date enregistrement|"
        "date d'enregistrement|fecha de registro|fecha registro|تاريخ التسجيل|#date+registered|"
        "#date+registration"
    ),
    "registration_site": (
        "registration site|site|registration point|registration centre|registration center|centre|center|"
        "location|border point|arrival point|entry point|lieu d'enregistrement|site d'enregistrement|"
        "centre d'enregistrement|lugar de registro|sitio de registro|centro de registro|مكان التسجيل|"
        "مركز التسجيل|موقع التسجيل|نقطة الدخول|#loc|#loc+name|#loc+registration"
    ),
    "household_id": (
        "household id|household|household number|household ref|hh id|hhid|hh|family id|family number|"
        "group ref|group id|case number|case id|family unit|registration group|id menage|menage|"
        "numero de menage|code menage|id du menage|numero de famille|hogar|id hogar|numero de hogar|"
        "id familia|numero de familia|رقم الاسرة|رقم العائلة|الاسرة|رقم الملف|#group+id|#hh+id|"
        "#household+id|#meta+hh+id"
    ),
    "household_size": (
        "household size|hh size|family size|size|members|number of members|taille du menage|taille menage|"
        "taille de la famille|tamano del hogar|tamano de la familia|numero de miembros|حجم الاسرة|"
        "عدد افراد الاسرة|عدد الافراد|#population+hh|#group+size|#hh+size"
    ),
    "relationship_to_head": (
        "relationship to head|relationship|relation|relation to head|relationship to head of household|"
        "relationship to hh head|relationship to focal point|relationship to pa|role|lien|lien de parente|"
        "lien avec le chef|lien avec le chef de menage|parente|parentesco|relacion|relacion con el jefe|"
        "relacion con el jefe de hogar|صلة القرابة|القرابة|العلاقة|العلاقة برب الاسرة|"
        "صلة القرابة برب الاسرة|#person+relationship|#relationship"
    ),
    "given_name": (
        "given name|given names|first name|first names|firstname|forename|name|prenom|prenoms|nombre|"
        "nombres|primer nombre|الاسم|الاسم الاول|الاسم الشخصي|#name+given|#person+name+given|#name+first"
    ),
    "father_name": (
        "father name|father's name|fathers name|name of father|father|middle name|second name|patronymic|"
        "nom du pere|prenom du pere|pere|nombre del padre|padre|اسم الاب|الاب|اسم الوالد|#name+father|"
        "#person+name+father"
    ),
    "family_name": (
        "family name|last name|lastname|surname|family names|grandfather name|nom|nom de famille|noms|"
        "apellido|apellidos|اسم العائلة|العائلة|الكنية|اللقب|النسبة|الشهرة|#name+family|#name+last|"
        "#person+name+family"
    ),
    "full_name_native": (
        "full name native|full name|fullname|native name|name native|name in native script|"
        "full name in native script|full name in its own script|name in arabic|arabic name|"
        "name in original script|nom complet|nom et prenom|nom en arabe|nombre completo|nombre y apellidos|"
        "nombre en idioma original|الاسم الكامل|الاسم الثلاثي|الاسم الرباعي|الاسم بالعربية|"
        "الاسم باللغة العربية|#name+full|#name+native|#person+name|#name"
    ),
    "mother_name": (
        "mother name|mother's name|mothers name|name of mother|mother|nom de la mere|mere|"
        "nombre de la madre|madre|اسم الام|الام|اسم الوالدة|#name+mother|#person+name+mother"
    ),
    "sex": "sex|gender|sexe|genre|sexo|genero|الجنس|النوع|#person+sex|#person+gender|#sex|#gender",
    "date_of_birth": (
        "date of birth|dob|birth date|birthdate|birthday|born|date birth|year of birth|birth year|"
        "date de naissance|ne le|annee de naissance|fecha de nacimiento|fecha nacimiento|ano de nacimiento|"
        "تاريخ الميلاد|تاريخ الولادة|سنة الميلاد|#date+birth|#person+date+birth|#date+born"
    ),
    "dob_estimated": (
        "dob estimated|date of birth estimated|estimated dob|estimated date of birth|estimated|"
        "date of birth is an estimate|dob is estimated|is dob estimated|date de naissance estimee|"
        "naissance estimee|estimee|fecha de nacimiento estimada|fecha estimada|estimada|"
        "تاريخ الميلاد تقديري|تقديري|#date+birth+estimated"
    ),
    "birth_place": (
        "birth place|birthplace|place of birth|town of birth|city of birth|lieu de naissance|"
        "lugar de nacimiento|مكان الولادة|مكان الميلاد|محل الولادة|#loc+birth|#person+birth+loc"
    ),
    "nationality": (
        "nationality|citizenship|country of origin|origin|coo|country of nationality|nationalite|"
        "pays d'origine|nacionalidad|pais de origen|الجنسية|بلد المنشا|بلد الاصل|#country+origin|"
        "#person+nationality|#country+nationality"
    ),
    "marital_status": (
        "marital status|civil status|marital|etat civil|situation matrimoniale|situation familiale|"
        "estado civil|الحالة الاجتماعية|الحالة الزوجية|الحالة العائلية|#person+marital|"
        "#person+marital+status"
    ),
    "phone": (
        "phone|phone number|telephone|telephone number|mobile|mobile number|tel|contact number|"
        "contact phone|cell|whatsapp|numero de telephone|portable|telefono|numero de telefono|celular|"
        "movil|الهاتف|رقم الهاتف|هاتف|الجوال|رقم الجوال|الموبايل|#contact+phone|#phone"
    ),
    "document_type": (
        "document type|type of document|id type|doc type|document|type of id|type de document|"
        "type de piece|type de piece d'identite|tipo de documento|documento|نوع الوثيقة|نوع المستند|"
        "نوع الهوية|#document+type|#id+type"
    ),
    "document_number": (
        "document number|document no|doc number|document id|id number|id no|passport number|passport no|"
        "national id|number of document|numero de document|numero du document|numero de piece|"
        "numero de documento|numero documento|رقم الوثيقة|رقم المستند|رقم الهوية|رقم جواز السفر|"
        "#document+number|#id+number|#document+id"
    ),
    "arrival_date": (
        "arrival date|date of arrival|arrived on|arrival|date arrived|entry date|date of entry|"
        "date d'arrivee|date d'entree|arrivee|fecha de llegada|fecha llegada|fecha de entrada|تاريخ الوصول|"
        "تاريخ الدخول|#date+arrival|#date+arrived|#date+entry"
    ),
    "age": "age|age in years|age years|edad|العمر|السن|#person+age|#age",
}
_BRACKETS = re.compile(r"\(.*?\)|\[.*?\]")
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
} | {_header_key(column.label): column.field for column in COLUMNS}


def field_of(header: str) -> str | None:
    """The field that a header cell names, in any of the known words; None for an unknown one and for our own
    "_" columns."""
    return (
        None
        if header.lstrip("\ufeff '").startswith("_")
        else _FIELDS.get(_header_key(header.replace("\ufeff", "")))
    )


def map_header(cells: Sequence[str]) -> list[str | None]:
    """The field of each header cell. Of two cells with the same field the first wins; the other is None."""
    seen: set[str] = set()
    fields: list[str | None] = []
    for cell in cells:
        field = field_of(cell)
        fields.append(None if field in seen else field)
        seen.add(field or "")
    return fields
