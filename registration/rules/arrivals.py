"""What does one row of a list of arrivals say, and what is wrong with it?

Everything here is about form; whether the person is known already is for `matching`. Nothing in a name is
ever refused.
"""

# ruff: noqa: SIM905 - word lists read better as one text

import re
import unicodedata
from collections.abc import Container, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from registration.rules import words
from registration.rules.columns import COLUMNS, FURTHER, FURTHER_NAMES, NAME_FIELDS
from registration.rules.countries import iso3
from registration.rules.dates import DAY, YEAR, TypedDate, digits_folded, read_date
from registration.rules.findings import MESSAGES, RowError
from registration.rules.keys import Person
from registration.rules.languages import language_of

FIELDS = tuple(column.field for column in COLUMNS)
_FURTHER = frozenset(column.field for column in FURTHER)
MAX_AGE = 120  # years
MAX_TEXT = 200  # characters


class ArrivalRow(NamedTuple):
    """One person as read: texts in NFC, codes of UNHCR and ISO, None or "" for what was not given. `more`: what the columns of
    FURTHER say, as columns of Individual, and what is in columns.ASIDE; None where they say nothing."""

    source_id: str
    registration_date: date | None
    registration_site: str
    household_ref: str
    household_size: int | None
    relationship: str
    given_name: str
    father_name: str
    family_name: str
    native_name: str
    mother_name: str
    sex: str
    birth_date: date | None
    birth_precision: str
    birth_estimated: bool
    birth_place: str
    nationality: str
    marital_status: str
    phone: str
    phone_digits: str
    document_type: str
    document_number: str
    arrival_date: date | None
    more: dict[str, Any] | None = None

    @property
    def further_names(self) -> dict[str, list[str]]:
        """Names that the columns above do not have, by kind."""
        return self.more.get("further_names", {}) if self.more else {}


_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)  # not the joiners
_SPACES = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_PLACEHOLDERS = frozenset("- -- . .. / ? N/A".split())
_SPREADSHEET_ERRORS = frozenset("#VALUE! #REF! #N/A #NAME? #DIV/0! #NULL! #NUM! #SPILL! #CALC!".split())
_NOTHING = _PLACEHOLDERS | _SPREADSHEET_ERRORS | {""}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_EXTRA_PHONE = re.compile(r"[,;/|]|\bor\b|\bou\b")


def clean(text: str) -> str:
    """The text in NFC, without direction controls, invisible marks and stray spaces."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    return _SPACES.sub(" ", text).strip()


@lru_cache(maxsize=1 << 15)
def _checked(typed: str) -> tuple[str, str]:
    """The clean text and "", or what to show of it and the code of its error."""
    text = clean(typed)
    if len(text) > MAX_TEXT:
        return text[:MAX_TEXT], "too_long"
    if len(text) < 8 and (upper := text.upper()) in _NOTHING:
        return (text, "spreadsheet_error") if upper in _SPREADSHEET_ERRORS else ("", "")
    return text, ""


class _Reading:
    """The values of one row and what was found wrong on the way."""

    def __init__(self, values: Mapping[str, str], scheme: str, month_first: Container[str]) -> None:
        self._values = values
        self._scheme = scheme
        self._month_first = month_first
        self.errors: list[RowError] = []

    def note(self, column: str, code: str, value: str = "", *, warning: bool = False) -> None:
        self.errors.append(RowError(column, code, MESSAGES[code], value, warning))

    def text(self, column: str) -> str:
        typed = self._values.get(column)
        if not typed:
            return ""
        text, code = _checked(typed)
        if code:
            self.note(column, code, text)
            return ""
        return text

    def several(self, column: str) -> list[str]:
        """The parts of a cell that may hold several, each once."""
        return list(dict.fromkeys(filter(None, words.SEVERAL.split(self.text(column)))))

    def date(self, column: str, today: date) -> date | None:
        text = self.text(column)
        if not text:
            return None
        typed = self.typed(column, text)
        if typed is None:
            self.note(column, "date", text)
            return None
        if typed.day > today:
            self.note(column, "date_in_future", text)
        return typed.day

    def typed(self, column: str, text: str) -> TypedDate | None:
        return read_date(text, month_first=True) if column in self._month_first else read_date(text)

    def yes(self, column: str) -> bool | None:
        text = self.text(column)
        flag = words.plain(words.code_in(text))
        if flag and flag not in words.YES and flag not in words.NO:
            self.note(column, "yes_no", text, warning=True)
            return None
        return flag in words.YES if flag else None

    def countries(self, column: str) -> list[str]:
        """The countries of a cell, which may name several."""
        text = self.text(column)
        found: list[str] = []
        for part in [text] if text.isalpha() else words.SEVERAL.split(text):
            code = iso3(words.code_in(part), self._scheme) if part else ""
            if code is None:
                self.note(column, "country", part)
            elif code and code not in found:
                found.append(code)
        return found

    def code(self, column: str, table: Mapping[str, str], otherwise: str, *, warning: bool) -> str:
        text = self.text(column)
        if not text:
            return ""
        found = table.get(words.plain(words.code_in(text)))
        if found is None:
            self.note(column, column, text, warning=warning)
            return otherwise
        return found

    def size(self) -> int | None:
        text = digits_folded(self.text("household_size"))
        if text and not (text.isdecimal() and len(text) < 5):
            self.note("household_size", "number", text, warning=True)
            return None
        return int(text) if text else None


def read_row(
    values: Mapping[str, str],
    *,
    today: date,
    country_scheme: str = "ISO3",
    month_first: Container[str] = (),
    nameless: bool = False,
) -> tuple[ArrivalRow | None, list[RowError]]:
    """One row, by field, as a person, with what is wrong. The person is None when something besides warnings
    is wrong.

    `country_scheme`: ISO3, ISO2 or UNHCR, as declared by the sender, never guessed (law-and-practice 7.1).
    `month_first`: fields whose dates are written month before day.
    """
    reading = _Reading(values, country_scheme, month_first)
    text, note = reading.text, reading.note
    given, father, family, native = map(text, NAME_FIELDS)
    if not (given or father or family or native):
        note("", "no_name", warning=nameless)
    sex = reading.code("sex", words.SEX, "U", warning=False) or "U"
    registered = reading.date("registration_date", today)
    arrived = reading.date("arrival_date", today)
    born, precision, estimated = _birth(reading, registered or arrived or today, today)
    if born and registered and registered < born:
        note("registration_date", "registered_before_birth", text("registration_date"))
    if arrived and registered and arrived > registered:
        note("arrival_date", "arrived_after_registration", text("arrival_date"))
    nationalities = reading.countries("nationality")
    relation, further = _relationship(reading, sex), None
    if not _FURTHER.isdisjoint(values):
        family = family or text("grandfather_name")
        further = _further(reading, nationalities)
        if reading.yes("focal_point"):
            relation = _focal(reading, relation)
    elif len(nationalities) > 1:
        further = {"other_nationalities": nationalities[1:]}
    phone, digits = _phone(reading)
    kind = reading.code("document_type", words.DOCUMENT_TYPE, "OTHER", warning=True)
    number = digits_folded(text("document_number"))
    row = ArrivalRow(
        text("record_id"),
        registered,
        text("registration_site") or text("arrival_point"),
        text("household_id"),
        reading.size(),
        relation,
        given,
        father,
        family,
        native,
        text("mother_name"),
        sex,
        born,
        precision,
        estimated,
        text("birth_place"),
        nationalities[0] if nationalities else "",
        reading.code("marital_status", words.MARITAL_STATUS, "U", warning=True),
        phone,
        digits,
        kind or ("OTHER" if number else ""),
        number,
        arrived,
        further,
    )
    errors = reading.errors
    return (None if errors and not all(error.warning for error in errors) else row), errors


def read_cells(
    columns: Sequence[str | None],
    cells: Sequence[str],
    *,
    today: date,
    country_scheme: str = "ISO3",
    month_first: Container[str] = (),
    nameless: bool = False,
) -> tuple[ArrivalRow | None, list[RowError]]:
    """As `read_row`, from a row of a file and the fields of its header (see `columns.map_header`)."""
    values = {field: cell for field, cell in zip(columns, cells, strict=False) if field}
    row, errors = read_row(
        values, today=today, country_scheme=country_scheme, month_first=month_first, nameless=nameless
    )
    if len(cells) > len(columns):
        row = None
        errors.append(RowError("", "too_many_cells", MESSAGES["too_many_cells"], ""))
    return row, errors


def _birth(reading: _Reading, reference: date, today: date) -> tuple[date | None, str, bool]:
    """Date of birth, precision, estimated. An age, in its own column or in that of the date, gives an
    estimated year."""
    estimated = bool(reading.yes("dob_estimated"))
    column, text = "date_of_birth", reading.text("date_of_birth")
    if not text:
        column, text = "age", reading.text("age")
        if not text:
            return None, "", False
    number = digits_folded(text)
    if column == "age" or (number.isdecimal() and len(number) < 4):
        if not number.isdecimal() or len(number) > 3 or int(number) > MAX_AGE:
            reading.note(column, "age", text)
            return None, "", False
        return date(reference.year - int(number), 1, 1), YEAR, True
    typed = reading.typed(column, text)
    if typed is None:
        reading.note(column, "date", text)
        return None, "", False
    born, precision = typed
    if born > today:
        reading.note(column, "birth_in_future", text)
    elif today.year - born.year > MAX_AGE:
        reading.note(column, "too_old", text)
    if estimated and precision == DAY and (born.month, born.day) == (1, 1):
        precision = YEAR  # registrars write 1 January for an estimated year
    return born, precision, estimated


def _further(reading: _Reading, nationalities: list[str]) -> dict[str, Any] | None:
    """What the columns say that only some lists have. A list that has the country of origin alone means the nationality,
    too, which is then added to `nationalities`."""
    origin = (reading.countries("country_of_origin") or [""])[0]
    if origin and not nationalities:
        nationalities.append(origin)
    others = [*nationalities[1:], *reading.countries("other_nationality")]
    found: dict[str, Any] = {
        "origin_country": origin if origin not in nationalities[:1] else "",
        "other_nationalities": [code for code in dict.fromkeys(others) if code not in nationalities[:1]],
        "languages": _languages(reading),
        "education": reading.code("education", words.EDUCATION, "U", warning=True),
        "occupation": reading.text("occupation")[:100],
        "email": reading.text("email"),
        "origin_pcode": reading.text("origin_pcode").upper(),
        "further_names": {
            kind: names for column, kind in FURTHER_NAMES.items() if (names := reading.several(column))
        },
    }
    needs = words.needs_in(reading.text("needs"))
    found["needs"] = [code for code in needs if code]
    if None in needs:
        reading.note("needs", "needs", warning=True)
    if found["email"] and not _EMAIL.fullmatch(found["email"]):
        reading.note("email", "email", found["email"], warning=True)
        found["email"] = ""
    found["said_to_agree"] = reading.yes("consent")
    if found["said_to_agree"] is False:
        reading.note("consent", "no_consent")
    return {name: value for name, value in found.items() if value} or None


def _languages(reading: _Reading) -> list[str]:
    found: list[str] = []
    for word in reading.several("languages"):
        code = language_of(word)
        if code is None:
            reading.note("languages", "language", word, warning=True)
        elif code not in found:
            found.append(code)
    return found


def _focal(reading: _Reading, relation: str) -> str:
    """The relationship of somebody who is marked as focal point."""
    if relation in ("", "U", "PA", "HR1"):
        return relation if relation in ("PA", "HR1") else "PA"
    reading.note("focal_point", "focal_relation", reading.text("relationship_to_head"), warning=True)
    return relation


def read_birth(
    text: str, *, estimated: bool, today: date
) -> tuple[tuple[date | None, str, bool], list[RowError]]:
    """The date of birth that somebody typed alone, or an age: date, precision, whether it is an estimate; what
    is wrong with it."""
    said = {"date_of_birth": text, "dob_estimated": "yes" if estimated else ""}
    reading = _Reading(said, "ISO3", frozenset())
    return _birth(reading, today, today), reading.errors


def phone_digits(phone: str) -> str:
    """The digits of the first number in a text, without the international prefix 00."""
    first = digits_folded(_EXTRA_PHONE.split(phone, maxsplit=1)[0])
    return "".join(c for c in first if c in "0123456789").removeprefix("00")


def _phone(reading: _Reading) -> tuple[str, str]:
    """The phone as typed and its first number's digits, without the international prefix 00."""
    phone = reading.text("phone")
    digits = phone_digits(phone)
    if phone and (not 6 <= len(digits) <= 15 or "E+" in phone.upper()):
        reading.note("phone", "phone", phone, warning=True)
        digits = ""
    return phone, digits


_MALE = frozenset(
    "HUS CLH PTM EXM SON SCM FCM CLM GCM PRM SPM FPM PLM GPM SBM HAB SPB BIL UNC NEP COM ILM ORM NRM UKM".split()
)
_FEMALE = frozenset(
    "WIF CLW PTF EXF DAU SCF FCF CLF GCF PRF SPF FPF PLF GPF SBF HAS SPS SIL ANT NCE COF ILF ORF NRF UKF".split()
)


def _relationship(reading: _Reading, sex: str) -> str:
    text = reading.text("relationship_to_head")
    if not text:
        return ""
    code = words.relationship(words.code_in(text), sex)
    if code is None:
        reading.note("relationship_to_head", "relationship", text, warning=True)
        return "U"
    if (sex == "F" and code in _MALE) or (sex == "M" and code in _FEMALE):
        reading.note("relationship_to_head", "relationship_sex", text, warning=True)
    return code


def person_of(row: ArrivalRow) -> Person:
    """The row as matching sees it."""
    return Person(
        row.given_name,
        row.father_name,
        row.family_name,
        row.native_name,
        row.mother_name,
        row.sex,
        row.birth_date,
        row.birth_precision,
        row.nationality,
        (row.phone_digits,) if row.phone_digits else (),
        (row.document_number,) if row.document_number else (),
        (row.document_type,) if row.document_number else (),
        row.birth_place,
        tuple((kind, name) for kind, names in row.further_names.items() for name in names),
    )
