"""What does a clerk type for a family at the desk, and which row of a list of arrivals does each member become?

The form has one line for the household (names that begin with "h-") and one for each member ("0-", "1-", …; the first is the head).
Members inherit the head's family name and the country of the household; "-" says that there is none.
"""

from collections.abc import Mapping
from datetime import date

from registration.rules.arrivals import ArrivalRow, read_row
from registration.rules.findings import RowError
from registration.rules.heads import check_household
from registration.rules.needs import AT_THE_DESK
from registration.rules.words import plain

HOUSEHOLD = ("country", "phone", "arrival_date", "language", "consent")
MEMBER = (
    "given_name",
    "father_name",
    "family_name",
    "sex",
    "date_of_birth",
    "relationship_to_head",
    "nationality",
    "document_type",
    "document_number",
)
DECIDED = "not_same"  # the people who this member is not, as ids with spaces between
NEEDED = "needs"  # codes of specific needs that were ticked, with spaces between
MOST = 30  # members of a family on one page
LONGEST = (
    400  # characters that are kept of a field while it is being typed; rules.arrivals refuses more than 200
)

# Words of rules.words for a relationship: the sex says which code is meant. The likeliest first: one key chooses it.
RELATIONSHIPS = (
    "spouse", "child", "parent", "sibling", "grandchild", "grandparent", "stepchild", "foster child", "parent in law",
    "brother in law", "sister in law", "son in law", "daughter in law", "uncle", "aunt", "nephew niece", "cousin",
    "other relative", "not related", "unknown",
)  # fmt: skip
# Languages that people may be spoken to in: ISO 639-3, and as CLDR names them.
SPOKEN = {
    "ara": "ar", "eng": "en", "fra": "fr", "spa": "es", "amh": "am", "mya": "my", "prs": "fa_AF", "fas": "fa", "ful": "ff",
    "hat": "ht", "hau": "ha", "kin": "rw", "kur": "ku", "lin": "ln", "pus": "ps", "rus": "ru", "run": "rn", "sag": "sg",
    "som": "so", "swa": "sw", "tir": "ti", "tur": "tr", "ukr": "uk", "urd": "ur",
}  # fmt: skip


def of_member(typed: Mapping[str, str], place: int) -> dict[str, str]:
    """Return what was typed for the member at a place, by field; what is empty is left out."""
    return {name: text for name in MEMBER if (text := typed.get(f"{place}-{name}", "").strip())}


def ticked(typed: Mapping[str, str], place: int) -> list[str]:
    """Return the codes of the needs that were ticked for the member at a place, of those that a desk offers."""
    given = typed.get(f"{place}-{NEEDED}", "").split()
    return [code for code in AT_THE_DESK if code in given]


def places(typed: Mapping[str, str]) -> list[int]:
    """Return the places of the form at which somebody stands; the head's always."""
    return [place for place in range(MOST) if place == 0 or of_member(typed, place) or ticked(typed, place)]


def rows_of(
    typed: Mapping[str, str], *, site: str, day: str, countries: Mapping[str, str], led: bool = False
) -> dict[int, dict[str, str]]:
    """Return {place: the row as rules.arrivals.read_row takes it} of everybody in the form.

    `day`: of registration, as year-month-day. `countries`: the code of each name that a nationality may be typed as, plain
    (rules.words); a code is taken as it is. `led`: they join a group that has a focal point, to whom the relationships are meant.
    """
    head, country = of_member(typed, 0), typed.get("h-country", "")
    rows = {}
    for place in places(typed):
        own = of_member(typed, place)
        nationality = own.get("nationality", country)
        rows[place] = {
            **own,
            # A need ticked beside nobody is an error of its own, not somebody with the head's name.
            "family_name": own.get("family_name", head.get("family_name", "") if own else ""),
            "nationality": countries.get(plain(nationality), nationality),
            "relationship_to_head": "head" if place == 0 and not led else own.get("relationship_to_head", ""),
            "registration_date": day,
            "registration_site": site,
            "arrival_date": typed.get("h-arrival_date", "").strip() or day,
            "phone": typed.get("h-phone", "") if place == 0 else "",
        }
    return rows


def kept(sent: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of the form among what a browser sent, without empty ones, none longer than LONGEST."""
    known = {f"h-{name}" for name in HOUSEHOLD}
    known |= {f"{place}-{name}" for place in range(MOST) for name in (*MEMBER, DECIDED, NEEDED)}
    return {
        name: text[: LONGEST if not name.endswith(DECIDED) else LONGEST * 4]
        for name, text in sent.items()
        if name in known and text.strip()
    }


def without(typed: Mapping[str, str], place: int) -> dict[str, str]:
    """Return the form without the member at a place; those behind move up."""
    moved = {}
    for name, text in typed.items():
        at, _dash, field = name.partition("-")
        if at.isdecimal() and int(at) >= place:
            if int(at) == place:
                continue
            name = f"{int(at) - 1}-{field}"
        moved[name] = text
    return moved


def read(
    rows: Mapping[int, Mapping[str, str]], *, today: date
) -> tuple[dict[int, ArrivalRow], dict[int, list[RowError]]]:
    """Return the members as read, by place, and what is wrong with each beyond warnings; of nobody unless all are read."""
    read_rows: dict[int, ArrivalRow] = {}
    wrong: dict[int, list[RowError]] = {}
    for place, values in rows.items():
        row, errors = read_row(values, today=today)
        wrong[place] = [one for one in errors if not one.warning]
        if row is not None:
            read_rows[place] = row
    if len(read_rows) == len(rows):
        for place, errors in zip(rows, check_household(list(read_rows.values())), strict=True):
            wrong[place] += [one for one in errors if not one.warning]
    wrong = {place: errors for place, errors in wrong.items() if errors}
    return ({} if wrong else read_rows), wrong


def guessed(values: Mapping[str, str], *, today: date) -> ArrivalRow | None:
    """Return what can be read of a row that is still being typed, without what is wrong; None without a name."""
    row, errors = read_row(values, today=today)
    if row is None:
        wrong = {one.column for one in errors if not one.warning}
        row, _errors = read_row(
            {name: text for name, text in values.items() if name not in wrong}, today=today
        )
    return row
