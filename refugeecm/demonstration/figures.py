"""Where do refugees come from, and where do they find asylum? UNHCR's own figures, for a world in true proportions.

Source: UNHCR Refugee Data Finder, population at the end of 2025, refugees and asylum-seekers together, by country of origin and of
asylum (ISO 3166-1 alpha-3), CC BY 4.0. The largest 40 with a known origin: 22.1 of 37.5 million people.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Corridor(NamedTuple):
    """People of one country who found asylum in another."""

    origin: str
    asylum: str
    people: int


CORRIDORS: Sequence[Corridor] = tuple(
    Corridor(*line)
    for line in (
        ("SYR", "TUR", 2_347_756), ("SDN", "TCD", 1_334_595), ("AFG", "PAK", 1_277_789), ("MMR", "BGD", 1_178_036),
        ("UKR", "DEU", 1_174_908), ("SSD", "UGA", 1_033_650), ("UKR", "POL", 977_492), ("SDN", "EGY", 834_201),
        ("AFG", "IRN", 758_339), ("SYR", "DEU", 734_158), ("COD", "UGA", 649_072), ("SDN", "LBY", 639_166),
        ("SSD", "SDN", 634_954), ("SDN", "SSD", 571_071), ("VEN", "PER", 543_291), ("SYR", "LBN", 532_357),
        ("SSD", "ETH", 482_817), ("SOM", "KEN", 459_131), ("VEN", "USA", 435_298), ("SYR", "JOR", 420_835),
        ("UKR", "CZE", 393_080), ("SOM", "ETH", 361_872), ("AFG", "DEU", 331_536), ("SYR", "IRQ", 308_226),
        ("MLI", "MRT", 303_874), ("VEN", "ESP", 283_741), ("CAF", "CMR", 282_068), ("UKR", "GBR", 270_860),
        ("CAF", "COD", 266_404), ("NGA", "NER", 258_402), ("UKR", "ESP", 252_231), ("MEX", "USA", 223_646),
        ("SSD", "KEN", 202_863), ("BFA", "MLI", 200_776), ("UKR", "ROU", 199_469), ("RWA", "COD", 198_265),
        ("COL", "USA", 195_674), ("MMR", "MYS", 192_481), ("VEN", "BRA", 182_738), ("CAF", "TCD", 144_896),
    )
)  # fmt: skip


def shares(people: int, *, corridors: Sequence[Corridor] = CORRIDORS) -> Mapping[Corridor, int]:
    """Divide a number of people over corridors in proportion, by largest remainder; the parts add up to it."""
    total = sum(one.people for one in corridors)
    exact = {one: one.people * people / total for one in corridors}
    parts = {one: int(share) for one, share in exact.items()}
    missing = people - sum(parts.values())
    for one in sorted(corridors, key=lambda one: parts[one] - exact[one])[:missing]:
        parts[one] += 1
    return parts
