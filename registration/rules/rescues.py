"""Which periods does a disembarkation start, and in which countries?"""

from __future__ import annotations

# Member states of the Union that are bound by the acts on screening and Eurodac of 2024: all but Denmark and Ireland
# (law-and-practice.md 0.3; from general knowledge).
BOUND = frozenset(
    (
        "AUT", "BEL", "BGR", "HRV", "CYP", "CZE", "EST", "FIN", "FRA", "DEU", "GRC", "HUN", "ITA", "LVA", "LTU", "LUX", "MLT",
        "NLD", "POL", "PRT", "ROU", "SVK", "SVN", "ESP", "SWE",
    )
)  # fmt: skip
STARTED = ("SCR-1", "EUR-2")  # screening; fingerprints and facial image, longer in a sudden influx at sea
