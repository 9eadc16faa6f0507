"""What does the law ask for a child without its parents? Deadlines, limits, and from which day on somebody is an adult.

Asylum Procedures Regulation (EU) 2024/1348 (APR) articles 23 and 25; UNHCR, Best Interests Procedure Guidelines (2021).
"""

from __future__ import annotations

from datetime import date, timedelta

# Member States that the APR binds: all but Denmark; Ireland opted in (law-and-practice.md 0.3).
BOUND = frozenset(
    ("AUT", "BEL", "BGR", "HRV", "CYP", "CZE", "EST", "FIN", "FRA", "DEU", "GRC", "HUN", "IRL", "ITA", "LVA", "LTU", "LUX", "MLT",
     "NLD", "POL", "PRT", "ROU", "SVK", "SVN", "ESP", "SWE")
)  # fmt: skip
APPLIES = date(2026, 6, 12)  # APR 79: applications from this day on

# Codes of UNHCR's needs (rules.needs) that say so. "SC" alone leaves it open: the child is taken to be unaccompanied until then.
UNACCOMPANIED = frozenset({"SC", "SC-UC", "SC-UM", "SC-FC", "SC-UF", "SC-IC"})
SEPARATED = frozenset({"SC-SC", "SC-CH", "SC-NC"})

ADULT = 18
CASELOAD, CASELOAD_AT_MOST = (
    30,
    50,
)  # APR 23(9): children of one representative, and in disproportionate numbers


def kind_of(code: str) -> str:
    """Return "UC" or "SC" for the code of a need that calls for safeguards, or nothing."""
    return "UC" if code in UNACCOMPANIED else "SC" if code in SEPARATED else ""


def rules_for(country: str, made_on: date) -> tuple[str, str, str]:
    """Return the deadline rules for the provisional person, the representative, and the latter in disproportionate numbers.

    APR 23(2)(a), (b) and (3) where the APR binds the state (ISO 3166 alpha-3) on the day; elsewhere the same periods as good practice,
    without an article that would bind anybody.
    """
    regime = "APR" if country in BOUND and made_on >= APPLIES else "CP"
    return f"{regime}-UAM-0", f"{regime}-UAM-1", f"{regime}-UAM-2"


def adult_from(born: date, precision: str) -> date:
    """Return the first day on which somebody is an adult for sure. Where month or day are not known, doubt is for the child (APR 25).

    Who was born on 29 February comes of age on 1 March of other years.
    """
    year = born.year + ADULT
    if precision == "YEAR":
        return date(year + 1, 1, 1)
    if precision == "MONTH":
        return date(year + born.month // 12, born.month % 12 + 1, 1)
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def is_child(born: date | None, precision: str, today: date) -> bool | None:
    """Answer whether somebody is a child on a day; None without a date of birth."""
    return None if born is None else today < adult_from(born, precision)


def adults_born_by(today: date) -> dict[str, date]:
    """Return, by precision, the last day of birth of those who are adults today: `adult_from` the other way round."""
    year = today.year - ADULT
    try:
        day = today.replace(year=year)
    except ValueError:
        day = date(year, 2, 28)
    return {
        "DAY": day,
        "MONTH": date(year, today.month, 1) - timedelta(days=1),
        "YEAR": date(year - 1, 12, 31),
    }


def may_carry(children: int, *, disproportionate: bool) -> bool:
    """Answer whether a representative of so many children may take one more (APR 23(9))."""
    return children < (CASELOAD_AT_MOST if disproportionate else CASELOAD)
