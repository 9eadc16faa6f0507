"""What does a table of administrative areas say? CSV with our own columns, or OCHA's with HXL tags (#adm1+code, #adm1+name…)."""

import csv
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from registration.rules.countries import iso3

LEVELS = range(1, 5)
_PLAIN = ("pcode", "country", "level", "parent", "name", "local_name")
_TAG = re.compile(r"#adm([1-4])\+(code|name)(?:\+(\w+))*$")
_LATIN = {"i_en", "i_fr", "i_es", "en", "fr", "es", ""}
Problem = tuple[int, str]  # line of the file, what is wrong there


class Area(NamedTuple):
    """An area; the areas that a file names are in order: those of a lower level first."""

    pcode: str
    country: str
    level: int
    parent: str
    name: str
    local_name: str


def read_areas(lines: Iterable[str]) -> tuple[list[Area], list[Problem]]:
    """Return the areas, each P-code once, and what is wrong with the file, line by line; a file with a problem is not loaded."""
    rows = list(csv.reader(lines))
    found: dict[str, Area] = {}
    problems: list[Problem] = []
    tags = next((row for row in rows[:3] if any(cell.strip().startswith("#adm1") for cell in row)), None)
    head = [cell.strip().lower() for cell in rows[0]] if rows else []
    if tags is None and head[:5] != list(_PLAIN[:5]):
        return [], [
            (1, f"The first row must be {', '.join(_PLAIN)}, or a row of HXL tags such as #adm1+code.")
        ]
    first = 1 if tags is None else rows.index(tags) + 1
    for number, row in enumerate(rows[first:], start=first + 1):
        if not any(cell.strip() for cell in row) or row[0].startswith("#"):
            continue
        for area in _plain(row) if tags is None else _tagged(tags, row):
            if wrong := _wrong(area, found):
                problems.append((number, wrong))
            else:
                found.setdefault(area.pcode, area)
    return sorted(found.values(), key=lambda one: (one.level, one.pcode)), problems


def _plain(row: list[str]) -> list[Area]:
    given = dict(zip(_PLAIN, (cell.strip() for cell in row), strict=False))
    level = given.get("level", "")
    return [
        Area(
            given.get("pcode", "").upper(), iso3(given.get("country", "")) or "",
            int(level) if level.isascii() and level.isdigit() and len(level) < 3 else 0,
            given.get("parent", "").upper(), given.get("name", ""), given.get("local_name", ""),
        )
    ]  # fmt: skip


def _tagged(tags: list[str], row: list[str]) -> list[Area]:
    """Return the area of each level that a row names; a row of OCHA's tables names an area and all above it."""
    codes: dict[int, str] = {}
    names: dict[int, dict[str, str]] = {}
    country = ""
    for tag, cell in zip(tags, (one.strip() for one in row), strict=False):
        plain = tag.strip().lower().replace(" ", "")
        if plain in {"#country+code", "#adm0+code", "#country+code+v_iso3"}:
            country = iso3(cell) or iso3(cell, "ISO2") or ""
        elif (match := _TAG.match(plain)) and cell:
            level = int(match[1])
            if match[2] == "code":
                codes[level] = cell.upper()
            else:
                names.setdefault(level, {})["latin" if (match[3] or "") in _LATIN else "local"] = cell
    found = []
    for level, code in sorted(codes.items()):
        said: Mapping[str, str] = names.get(level, {})
        place = country or iso3(code[:2], "ISO2") or ""
        name = said.get("latin") or said.get("local", "")
        found.append(Area(code, place, level, codes.get(level - 1, ""), name, said.get("local", "")))
    return found


def _wrong(area: Area, found: Mapping[str, Area]) -> str:
    """Return what is wrong with an area, beside those of the lines above, or nothing."""
    if not area.pcode or len(area.pcode) > 20 or not area.pcode.isalnum():
        return f"“{area.pcode[:20]}” is no P-code: give 1 to 20 letters and digits."
    if not area.country:
        return f"{area.pcode}: the country is missing or not known. Give its ISO code, such as SDN."
    if area.level not in LEVELS:
        return f"{area.pcode}: the level must be 1, 2, 3 or 4."
    if not area.name or len(area.name) > 120 or len(area.local_name) > 120:
        return f"{area.pcode}: give a name of at most 120 characters."
    if (area.level == 1) == bool(area.parent):
        return f"{area.pcode}: an area of level 1 has no parent, and every other one has."
    if area.pcode in found and found[area.pcode] != area:
        return f"{area.pcode} is said twice, and not the same."
    return ""
