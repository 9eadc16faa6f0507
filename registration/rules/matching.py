"""Are these two records one person, and why?

Points for each piece of evidence (natural logarithms of odds) are added up. They were fitted on generated
registers in which siblings, twins and brothers' families share phone, mother and family booklet; a later
engine learns them from the register.
"""

import math
from datetime import date

from rapidfuzz.distance import DamerauLevenshtein

from registration.rules.columns import gettext_noop
from registration.rules.keys import Person, document_form, phone_form
from registration.rules.names import agreements

# code -> (points, the sentence on the screen; "" for what speaks against and is only counted)
_EVIDENCE: dict[str, tuple[float, str]] = {
    "names_3": (5.7, gettext_noop("Three names agree")),
    "names_2": (2.0, gettext_noop("Two names agree")),
    "names_1": (0.5, gettext_noop("The only common name agrees")),
    "close_3": (3.2, gettext_noop("Three names are close")),
    "close_2": (0.0, gettext_noop("Two names are close")),
    "close_1": (-1.0, gettext_noop("The only common name is close")),
    "near": (0.0, gettext_noop("One name is spelled very differently")),
    "relative": (-5.0, gettext_noop("One name differs, the others agree: perhaps a relative")),
    "names_differ": (-7.0, gettext_noop("The names differ")),
    "no_names": (-1.0, gettext_noop("One record has no name")),
    "birth_day": (7.0, gettext_noop("Same date of birth")),
    "birth_year": (1.6, gettext_noop("Same year of birth, one date is an estimate")),
    "birth_both_year": (2.8, gettext_noop("Same estimated year of birth")),
    "birth_same_year": (-4.0, gettext_noop("Same year of birth, another day")),
    "birth_digit": (3.0, gettext_noop("Dates of birth differ in one digit or swap day and month")),
    "birth_near": (-0.5, gettext_noop("Years of birth differ by one")),
    "birth_age": (-0.5, gettext_noop("Years of birth differ by a few, one is an estimate")),
    "birth_differs": (-6.0, gettext_noop("The dates of birth differ")),
    "sex_differs": (-4.0, gettext_noop("The sex differs")),
    "document": (10.0, gettext_noop("Same document number")),
    "document_typo": (5.0, gettext_noop("Document numbers differ in one character")),
    "document_differs": (-3.0, gettext_noop("Other number of the same kind of document")),
    "booklet": (4.0, gettext_noop("Same family booklet")),
    "phone": (3.5, gettext_noop("Same phone")),
    "mother": (3.3, gettext_noop("Same mother's name")),
    "mother_differs": (-4.5, gettext_noop("Another mother's name")),
    "nationality_differs": (-3.0, gettext_noop("Another nationality")),
}
REASONS = {code: text for code, (_, text) in _EVIDENCE.items()}
POINTS = {code: points for code, (points, _) in _EVIDENCE.items()}
START = -5.0
SAME = 0.98
POSSIBLE = 0.2
_NOT_SURE = 0.97  # below SAME
_HOPELESS = -3.0  # far below POSSIBLE: names, which take longest to compare, cannot help any more


def score(a: Person, b: Person) -> tuple[float, list[str]]:
    """How sure it is that two records are one person (0..1) and the reasons: keys of REASONS, the weightiest
    first. From SAME on they are taken for one person, from POSSIBLE on a person looks at them."""
    reasons = _besides_names(a, b)
    total = START + sum(POINTS[reason] for reason in reasons)
    if total + POINTS["names_3"] > _HOPELESS:
        reasons.append(_names(a, b))
        total += POINTS[reasons[-1]]
    result = 1 / (1 + math.exp(-total))
    if result >= SAME and not {"names_3", "names_2", "document"} & set(reasons):
        result = _NOT_SURE  # twins share everything but the given name: Hassan and Hussein
    return result, sorted(reasons, key=lambda reason: -abs(POINTS[reason]))


def _besides_names(a: Person, b: Person) -> list[str]:
    found = []
    if a.birth_date and b.birth_date:
        found.append(_births(a.birth_date, b.birth_date))
    if a.sex != b.sex and a.sex in ("F", "M") and b.sex in ("F", "M"):
        found.append("sex_differs")
    if a.nationality and b.nationality and a.nationality != b.nationality:
        found.append("nationality_differs")
    if set(map(phone_form, a.phones)) & set(map(phone_form, b.phones)) - {""}:
        found.append("phone")
    mothers = agreements(a.mother_name, b.mother_name)
    if mothers:
        worst = min(mothers)
        found += ["mother"] if worst > 0.8 else ["mother_differs"] if worst < 0.6 else []
    return found + _documents(a, b)


def _names(a: Person, b: Person) -> str:
    """How the names agree: in Latin letters or in their own script, whichever is better. Letters of one's own
    script leave less to chance, so there they must be the same."""
    latin_a = f"{a.given_name} {a.father_name} {a.family_name}"
    latin_b = f"{b.given_name} {b.father_name} {b.family_name}"
    best = max(_agreement(latin_a, latin_b, 0.91), _agreement(a.native_name, b.native_name, 0.97))
    if best[0] < 0.95:  # one of them in its own script only, or in the column of the other
        best = max(best, _agreement(latin_a, b.native_name, 0.91), _agreement(a.native_name, latin_b, 0.91))
    _, found, full = best
    if not found:
        return "no_names"
    parts = min(len(found), 3)
    if found[0] > full:
        return f"names_{parts}"
    if found[0] > 0.8:
        return f"close_{parts}"
    if found[0] > 0.66:
        return "near"
    return "relative" if parts > 1 and found[1] > 0.8 else "names_differ"


def _agreement(left: str, right: str, full: float) -> tuple[float, list[float], float]:
    """A rank among comparisons (the worst part decides, more parts are better), the parts in order, and
    `full`."""
    found = sorted(agreements(left, right)) if left and right else []
    return (found[0] + 0.02 * len(found) if found else -1.0), found, full


def _births(a: date, b: date) -> str:
    estimates = ((a.month, a.day) == (1, 1)) + ((b.month, b.day) == (1, 1))
    if a == b:
        return "birth_both_year" if estimates else "birth_day"
    if a.year == b.year:
        if estimates:
            return "birth_year"
        near = (a.month, a.day) == (b.day, b.month) or a.month == b.month or a.day == b.day
        return "birth_digit" if near else "birth_same_year"
    if (a.month, a.day) == (b.month, b.day) and not estimates and str(a.year)[:3] == str(b.year)[:3]:
        return "birth_digit"
    years = abs(a.year - b.year)
    if years == 1:
        return "birth_near"
    return "birth_age" if estimates and years < 5 else "birth_differs"


def _documents(a: Person, b: Person) -> list[str]:
    found: set[str] = set()
    for number_a, kind_a in zip(a.documents, a.document_types, strict=False):
        for number_b, kind_b in zip(b.documents, b.document_types, strict=False):
            left, right = document_form(number_a), document_form(number_b)
            if not left or not right:
                continue
            if left == right:
                found.add("booklet" if kind_a == kind_b == "FAMILY_BOOKLET" else "document")
            elif kind_a == kind_b != "FAMILY_BOOKLET":
                typo = len(left) > 5 and DamerauLevenshtein.distance(left, right, score_cutoff=1) < 2
                found.add("document_typo" if typo else "document_differs")
    return sorted(found)
