"""Which periods does the law set? One row of an app's `deadlines.csv` for each, versioned by the day from which it applies.

The app that owns a procedure owns the file. Sources: law-and-practice.md 2.4 to 2.6, 3.4, 3.6 and the acts named in `article`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

from django.apps import apps

UNITS = ("hours", "days", "working_days", "weeks", "months", "years")
# What the amount is: a limit, its prolongation, an outer cap, a review that returns, a period that may not be shorter, an aim, a
# window in which a fact counts, the end of an obligation, days of grace, or days that have to lie before the event.
KINDS = (
    "max",
    "extension",
    "absolute",
    "recurring",
    "min",
    "target",
    "endeavour",
    "window",
    "cessation",
    "grace",
    "before",
)
RELATIONS = ("extends", "same_start", "earlier_of", "delays")


class UnknownRule(LookupError):
    """There is no such rule; the text may be shown."""


@dataclass(frozen=True)
class Amount:
    """So many of a unit of UNITS."""

    number: int
    unit: str


@dataclass(frozen=True)
class Rule:
    """One period. `bound` says what `other` is (`national_least`, `exceptional`, …), where the law gives a range."""

    id: str
    regime: str
    variant: str
    starts: tuple[str, ...]  # the event from which it is counted; of several, the latest
    amount: Amount
    other: Amount | None
    bound: str
    kind: str
    relation: str
    of: str  # the rule to which it stands in that relation
    actor: str
    article: str
    consequence: str
    valid_from: date
    valid_to: date | None  # the last day

    def applies_on(self, day: date) -> bool:
        """Answer whether this version of the rule is in force on a day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


def read(rows: Iterable[str]) -> list[Rule]:
    """Return the rules of a data file's lines, the header first. Raises ValueError that names the rule that cannot be read."""
    found = []
    for row in csv.DictReader(rows):
        try:
            found.append(_rule(row))
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise ValueError(f"Deadline rule {row.get('id')}: {error}") from error
    return found


def _rule(row: dict[str, str]) -> Rule:
    relation, _colon, of = row["relation"].partition(":")
    amount = Amount(int(row["amount"]), row["unit"])
    other = Amount(int(row["other_amount"]), row["other_unit"]) if row["other_amount"] else None
    for one in filter(None, (amount, other)):
        if one.unit not in UNITS or one.number < 1:
            raise ValueError(f"{one.number} {one.unit} is no amount")
    if row["kind"] not in KINDS or (relation and relation not in RELATIONS):
        raise ValueError(f"{row['kind']} {relation} is not known")
    return Rule(
        id=row["id"], regime=row["regime"], variant=row["variant"], starts=tuple(row["starts"].split("|")), amount=amount,
        other=other, bound=row["bound"], kind=row["kind"], relation=relation, of=of, actor=row["actor"], article=row["article"],
        consequence=row["consequence"], valid_from=date.fromisoformat(row["valid_from"]),
        valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
    )  # fmt: skip


@cache
def catalogue() -> dict[str, tuple[Rule, ...]]:
    """Return {id: versions, the oldest first} of the rules of all installed apps."""
    found: dict[str, tuple[Rule, ...]] = {}
    for app in apps.get_app_configs():
        path = Path(app.path) / "deadlines.csv"
        if path.is_file():
            with path.open(encoding="utf-8", newline="") as file:
                for one in read(file):
                    found[one.id] = (*found.get(one.id, ()), one)
    return {name: tuple(sorted(versions, key=lambda one: one.valid_from)) for name, versions in found.items()}


def rule(name: str, *, on: date) -> Rule:
    """Return the version of a rule that is in force on a day; for a day before all of them the first. Raises UnknownRule."""
    versions = catalogue().get(name)
    if versions is None:
        raise UnknownRule(f"There is no deadline rule “{name}”. Known are: {', '.join(sorted(catalogue()))}.")
    day = on.date() if isinstance(on, datetime) else on
    begun = [one for one in versions if one.valid_from <= day]
    return begun[-1] if begun else versions[0]


def whole(one: Rule) -> tuple[Rule, Amount]:
    """Return the rule from whose event a period runs, and the whole period: a prolongation lengthens the period that it prolongs.

    15 working days and 10 more are one period of 25 (our reading; the acts say "extended by", and no new event starts anything).
    """
    if one.relation != "extends":
        return one, one.amount
    first, before = whole(rule(one.of, on=one.valid_from))
    if before.unit != one.amount.unit:
        raise ValueError(f"{one.id} prolongs {before.unit} by {one.amount.unit}")
    return first, Amount(before.number + one.amount.number, before.unit)
