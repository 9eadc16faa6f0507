"""What does the population ledger say? One line per change of stock, from the same action that causes it (design.md rule 14).

At any time the sum of `people` by agency, origin, asylum, status, place and sex is the number of those people whose records are
active or on hold. Not by age band: a line has the age of its day, and people grow older without any line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from agencies.models import Agency
from refugeecm.core.bulk import insert
from registration.enums import COUNTED, Flow
from registration.models import Individual, LedgerLine

Stock = Counter[tuple[Any, ...]]
_NAMES = ("day", "origin", "asylum", "status", "place", "sex", "age_band")


def stock_of(people: Iterable[Individual], *, on: date, agency: Agency) -> Stock:
    """Count people, loaded with their events, by kind: day, origin, asylum, status, place, sex and age band."""
    return Counter(
        (
            on,
            one.origin,
            one.event.country if one.event else agency.country,
            one.legal_status,
            one.site,
            one.sex,
            age_band(one.birth_date, on),
        )
        for one in people
    )


def write(stock: Stock, *, agency: Agency, flow: str, sign: int = 1) -> None:
    """Write one line for each kind of people; `sign` is -1 for those who leave the agency's stock."""
    insert(
        LedgerLine,
        [
            {
                "agency_id": agency.pk,
                "flow": flow,
                **dict(zip(_NAMES, kind, strict=True)),
                "people": sign * count,
            }
            for kind, count in stock.items()
            if count
        ],
    )


def corrected(
    before: Sequence[Individual],
    after: Sequence[Individual],
    *,
    on: date,
    agency: Agency,
    flow: str = Flow.CORRECTION,
) -> None:
    """Take people as they stood out of the stock, and put them in as they stand now; called by whatever changes what it counts:
    nationality, origin, sex, site, date of birth, event, legal status.

    `before` are copies (copy.copy) of the same people, made before their columns were set. Who is not counted changes nothing.
    """
    was, became = (
        stock_of((one for one in people if one.process_status in COUNTED), on=on, agency=agency)
        for people in (before, after)
    )
    write(was - became, agency=agency, flow=flow, sign=-1)
    write(became - was, agency=agency, flow=flow)


def age_band(birth_date: date | None, on: date) -> str:
    """Return the age band of UNHCR's Refugee Data Finder on a day: 0-4, 5-11, 12-17, 18-59, 60+, or empty."""
    if birth_date is None:
        return ""
    age = on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))
    return next(
        name
        for limit, name in ((5, "0-4"), (12, "5-11"), (18, "12-17"), (60, "18-59"), (999, "60+"))
        if age < limit
    )
