"""Which country does this code mean, in which scheme?

96 of UNHCR's codes differ from ISO 3166-1, and three are the ISO code of another country (AUS is Austria, ARE
Egypt, MAR Martinique): a code is read only in the scheme that its sender declares. Table: UNHCR's Refugee
Data Finder, CLDR.
"""

import csv
from functools import cache
from pathlib import Path

SCHEMES = ("ISO3", "ISO2", "UNHCR")
STATELESS = "XXA"
UNKNOWN = "XXX"


@cache
def _table(scheme: str) -> dict[str, str]:
    column = {"ISO3": "iso3", "ISO2": "iso2", "UNHCR": "unhcr"}[scheme]
    with (Path(__file__).parent / "countries.csv").open(encoding="utf-8", newline="") as file:
        return {row[column]: row["iso3"] for row in csv.DictReader(file) if row[column]}


def iso3(code: str, scheme: str = "ISO3") -> str | None:
    """The ISO 3166-1 alpha-3 code (XXA stateless, XXX unknown) of a code in a scheme of SCHEMES; None when it
    has none."""
    return _table(scheme).get(code.strip().upper())


def codes() -> list[str]:
    """All ISO 3166-1 alpha-3 codes of the table."""
    return list(_table("ISO3"))
