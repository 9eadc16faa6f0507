"""How does a list of arrivals look that a border post might send? Invented families, with the faults that real lists have.

The same arguments give the same file. Households are made one at a time: a long file needs no more memory than a short one.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from refugeecm.demonstration.names import Naming, Part, naming
from registration.rules.columns import COLUMNS

HEADER = tuple(column.field for column in COLUMNS)
ORIGINS: Mapping[str, float] = {"SDN": 45, "SYR": 20, "AFG": 15, "UKR": 10, "COD": 5, "VEN": 5}
SITES = ("BORDER-1", "BORDER-2", "CAMP-A", "CAMP-B", "CENTRE-EAST")
DAY = date(2026, 1, 10)
_REMEMBERED = 500  # families that may come again
_PAPERS = (
    ("passport", 0.18),
    ("national_id", 0.34),
    ("family_booklet", 0.18),
    ("birth_certificate", 0.08),
    ("", 0.22),
)
_WORDS = {"head": "head", "spouse": "spouse", "child": "child", "sibling": "sibling", "parent": "parent"}


@dataclass(slots=True)
class Member:
    """One invented person, before somebody writes them down."""

    role: str
    sex: str
    born: date
    estimated: bool
    given: Part
    father: Part
    family: Part
    mother: Part
    paper: tuple[str, str]


@dataclass(slots=True)
class Family:
    """People who arrive together."""

    origin: str
    names: Naming
    place: str
    phone: str
    site: str
    arrived: date
    registered: date
    married: bool
    members: list[Member] = field(default_factory=list)


class Writer:
    """Invents families and writes them down, row by row; `rows` counts what it has written."""

    def __init__(
        self,
        *,
        seed: int,
        origins: Mapping[str, float] = ORIGINS,
        sites: Sequence[str] = SITES,
        day: date = DAY,
        span: int = 60,
        prefix: str = "",
    ) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - nothing secret: the same file each time is the point
        self.origins, self.weights = list(origins), list(origins.values())
        self.sites, self.day, self.span, self.prefix = sites, day, span, prefix
        self.rows = self.households = 0

    def family(self) -> Family:
        """Invent one family."""
        chance = self.chance
        origin = chance.choices(self.origins, self.weights)[0]
        names = naming(origin)
        registered = self.day - timedelta(days=int(chance.random() * self.span))
        married = chance.random() < 0.65
        family = Family(
            origin, names, chance.choice(names.places), self._phone(), chance.choice(self.sites),
            registered - timedelta(days=int(chance.random() * 20)), registered, married,
        )  # fmt: skip
        head = self._member(family, "head", chance.choice("FM"), 18 + int(42 * chance.random() ** 1.4))
        family.members.append(head)
        spouse = None
        if married and chance.random() < 0.7:
            spouse = self._member(
                family, "spouse", "M" if head.sex == "F" else "F", self._age(head) + chance.randint(-6, 6)
            )
            family.members.append(spouse)
        father, mother = (head, spouse) if head.sex == "M" else (spouse, head)
        for _child in range(chance.choice((0, 1, 1, 2, 2, 3, 3, 4, 5)) if married else 0):
            age = int(chance.random() * min(18, self._age(mother or head) - 16))
            child = self._member(family, "child", chance.choice("FM"), max(age, 0))
            if father:
                child.father, child.family = father.given, father.family
            if mother:
                child.mother = mother.given
            family.members.append(child)
        if chance.random() < 0.15:
            other = self._member(
                family, "sibling", chance.choice("FM"), max(3, self._age(head) + chance.randint(-12, 12))
            )
            other.father, other.family, other.mother = head.father, head.family, head.mother
            family.members.append(other)
        self._different_names(family)
        return family

    def _different_names(self, family: Family) -> None:
        seen: set[tuple[str, Part]] = set()
        for member in family.members:
            for _try in range(6):
                if (member.sex, member.given) not in seen:
                    break
                member.given = family.names.given(member.sex).draw(self.chance)
            seen.add((member.sex, member.given))

    def _age(self, member: Member) -> int:
        return self.day.year - member.born.year

    def _member(self, family: Family, role: str, sex: str, age: int) -> Member:
        chance, names = self.chance, family.names
        age = max(age, 18) if role in {"head", "spouse"} else age
        born = min(
            family.registered - timedelta(days=1),
            date(self.day.year - age, 1, 1) + timedelta(days=int(365 * chance.random())),
        )
        estimated = chance.random() < 0.2
        kind = chance.choices([one for one, _share in _PAPERS], [share for _one, share in _PAPERS])[0]
        return Member(
            role, sex, date(born.year, 1, 1) if estimated else born, estimated, names.given(sex).draw(chance),
            names.male.draw(chance), names.family.draw(chance), names.female.draw(chance), (kind, self._paper(kind)),
        )  # fmt: skip

    def _phone(self) -> str:
        chance = self.chance
        if chance.random() < 0.2:
            return ""
        return f"{chance.choice(('+235 6', '+249 9', '+90 5', '+961 7', '+20 1', '+256 7'))}{chance.randrange(10**8):08d}"

    def _paper(self, kind: str) -> str:
        chance = self.chance
        number = chance.randrange(10**9)
        return {
            "passport": f"{chance.choice('ANPRTEF')}{number:09d}"[:9],
            "national_id": f"{number:09d}{chance.randrange(100):02d}",
            "family_booklet": f"FB{number % 10**7:07d}",
            "birth_certificate": f"BC-{number % 10**6:06d}",
        }.get(kind, "")

    def written(self, family: Family, *, again: bool = False) -> list[list[str]]:
        """Write a family down under new numbers; the second time (`again`) as another clerk would."""
        chance = self.chance
        self.households += 1
        household = f"{self.prefix}H{self.households:07d}"
        rows = []
        phone = family.phone if not again or chance.random() < 0.4 else self._phone()
        for member in family.members:
            self.rows += 1
            paper = member.paper if not again or chance.random() < 0.5 else ("", "")
            native = " ".join(
                part.native for part in (member.given, member.father, member.family) if part.native
            )
            rows.append([
                f"{self.prefix}I{self.rows:08d}",
                family.registered.isoformat(),
                family.site,
                household,
                str(len(family.members)),
                _WORDS[member.role],
                member.given.spelled(chance),
                "" if again and chance.random() < 0.1 else member.father.spelled(chance),
                member.family.spelled(chance),
                native if native and chance.random() < 0.6 else "",
                "" if chance.random() < 0.3 else f"{member.mother.spelled(chance)}",
                member.sex,
                str(member.born.year) if member.estimated and chance.random() < 0.2 else member.born.isoformat(),
                "Y" if member.estimated else "N",
                family.place,
                family.origin,
                "married" if family.married and member.role in {"head", "spouse"} else "single",
                phone,
                *paper,
                family.arrived.isoformat(),
            ])  # fmt: skip
        return rows

    def households_of(self, rows: int, *, repeats: float = 0.0) -> Iterator[list[list[str]]]:
        """Yield households until there are `rows` rows; a part of them, `repeats`, is registered a second time."""
        remembered: list[Family] = []
        goal = self.rows + rows
        while self.rows < goal:
            again = len(remembered) > 20 and self.chance.random() < repeats
            family = remembered[int(self.chance.random() * len(remembered))] if again else self.family()
            family.members = family.members[: goal - self.rows]
            if not again and len(remembered) < _REMEMBERED:
                remembered.append(family)
            elif not again and self.chance.random() < 0.1:
                remembered[int(self.chance.random() * _REMEMBERED)] = family
            yield self.written(family, again=again)


def spoiled(rows: list[list[str]], chance: random.Random) -> list[list[str]]:
    """Return a household's rows with one fault: most make it an error, the last two are only another way to write."""
    place = HEADER.index
    row = chance.choice(rows)
    fault = chance.randrange(8)
    if fault == 0:
        for name in ("given_name", "father_name", "family_name", "full_name_native"):
            row[place(name)] = ""
    elif fault == 1:
        row[place("date_of_birth")] = chance.choice(("31/02/1990", "1990-13-45", "unknown", "2085-01-01"))
    elif fault == 2:
        row[place("nationality")] = chance.choice(("QQQ", "Sudan?", "12"))
    elif fault == 3 and len(rows) > 1:
        rows[-1][place("relationship_to_head")] = "head"
    elif fault == 4:
        rows.append(list(row))
    elif fault == 5:
        row[place("sex")] = "?"
    elif fault == 6:
        for one in rows:
            year, month, day = one[place("registration_date")].split("-")
            one[place("registration_date")] = f"{day}/{month}/{year}"
    else:
        row[place("phone")] = "call the neighbour"
    return rows


def rows_of(
    *,
    rows: int,
    seed: int,
    defects: float = 0.01,
    repeats: float = 0.02,
    origins: Mapping[str, float] = ORIGINS,
) -> Iterator[list[str]]:
    """Yield the rows of a file; `defects` and `repeats` are shares of its households."""
    writer = Writer(seed=seed, origins=origins, prefix=f"{seed}-")
    for household in writer.households_of(rows, repeats=repeats):
        yield from spoiled(household, writer.chance) if writer.chance.random() < defects else household


def write(path: Path, *, rows: int, seed: int, defects: float = 0.01, repeats: float = 0.02) -> None:
    """Write a file of arrivals; its ending, .csv or .xlsx, says how. XLSX needs openpyxl, which is for development only."""
    save(path, rows_of(rows=rows, seed=seed, defects=defects, repeats=repeats))


def save(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write rows under the header of the template."""
    if path.suffix == ".xlsx":
        from openpyxl import Workbook  # type: ignore[import-untyped]

        book = Workbook(write_only=True)
        sheet = book.create_sheet("Arrivals")
        for row in (HEADER, *rows):
            sheet.append(list(row))
        book.save(path)
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        output = csv.writer(file)
        output.writerow(HEADER)
        output.writerows(rows)
