"""What is there to see when somebody tries the software? Invented people in UNHCR's true proportions, by the real actions."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from agencies.models import Agency
from refugeecm.demonstration import cast as casting
from refugeecm.demonstration import dealings
from refugeecm.demonstration.arrivals_file import HEADER, Writer, spoiled
from refugeecm.demonstration.cast import Cast, country_name, host_code
from refugeecm.demonstration.figures import Corridor, shares
from registration.actions import events, imports, influx, people, places
from registration.enums import BatchStatus, InfluxBasis, Level
from registration.models import ImportBatch, InfluxEvent
from registration.rules.areas import read_areas
from registration.rules.arrivals import ArrivalRow, read_row

AREAS = (
    Path(__file__).parent / "areas.csv"
)  # names as they are; P-codes of the second level are examples, not OCHA's
SITES = {
    ("SDN", "TCD"): ("Adre", "Farchana", "Gaga"),
    ("CAF", "TCD"): ("Gore", "Maro"),
    ("SDN", "EGY"): ("Aswan", "Cairo"),
    ("SDN", "LBY"): ("Kufra", "Ajdabiya"),
    ("SSD", "UGA"): ("Bidibidi", "Palorinya"),
    ("UKR", "POL"): ("Przemysl", "Warsaw"),
}
WAVES = (170, 95, 40, 12, 3)  # days ago


def is_empty() -> bool:
    """Answer whether nobody uses this installation yet."""
    return not Agency.objects.exists()


def make(*, people: int, seed: int, now: datetime) -> dict[str, int]:
    """Make the world: agencies, members, so many people (about; whole families), claims, agreements, referrals, imports.

    Only into an empty installation (see `is_empty`). Returns figures. Raises names.NamesMissing.
    """
    chance = random.Random(seed)  # noqa: S311 - an invented world
    places.load(read_areas(AREAS.read_text(encoding="utf-8").splitlines())[0])
    parts = shares(people)
    cast = casting.gather(parts, now=now - timedelta(days=400))
    registered = 0
    for place, (corridor, share) in enumerate(parts.items()):
        if share:
            registered += _arrive(cast, corridor, share, seed=seed * 1000 + place, now=now)
    dealings.drain(now=now)
    border = max((one for one in parts if one.asylum == "TCD"), key=lambda one: one.people)
    dealings.agreements(cast, sudan=slug(border, now), now=now)
    figures = dealings.cases(cast, chance, now=now)
    figures |= dealings.referrals(cast, chance, now=now)
    _imports(cast, border, seed=seed, now=now)
    dealings.drain(now=now)
    return {"agencies": len(cast.agencies), "people": registered, **figures}


def slug(corridor: Corridor, now: datetime) -> str:
    """Return the short name of the event by which people of a corridor arrived."""
    return f"{corridor.origin}-{corridor.asylum}-{now.year}".lower()


def _arrive(cast: Cast, corridor: Corridor, share: int, *, seed: int, now: datetime) -> int:
    """Register the people of one corridor, in waves, at the office of the country of asylum."""
    code = host_code(corridor.asylum)
    clerk, *approving = (
        ("amina", "samir", "dana") if code == "BORDER" else ("desk", "supervision", "decisions")
    )
    sites = SITES.get((corridor.origin, corridor.asylum), ("Reception centre", "Camp North"))
    writer = Writer(
        seed=seed, origins={corridor.origin: 1.0}, sites=sites, span=25, prefix=f"{corridor.origin}-"
    )
    with transaction.atomic():
        viewer = cast.act(code, clerk)
        name = f"Arrivals from {country_name(corridor.origin)}, {now.year}"
        then = now - timedelta(days=WAVES[0] + 30)
        event = events.draft(slug=slug(corridor, now), name=name, by=viewer, now=then)
        influx.propose(
            event=event, basis=InfluxBasis.PRIMA_FACIE, origins=[corridor.origin], expected=max(share, 1) * 2,
            level=Level.EMERGENCY, registered_within=15, by=viewer, now=then,
        )  # fmt: skip
        for site in sites:
            room = {"name": site, "site": site, "capacity": max(share // 40, 20)}
            influx.set_entry_point(event=event, point=None, by=viewer, now=then, **room)
        for place, who in enumerate(approving, 1):
            influx.approve(event=event, by=cast.act(code, who), now=then + timedelta(hours=place))
        viewer = cast.act(code, clerk)
        for wave, days in enumerate(WAVES):
            size = share // len(WAVES) + (wave < share % len(WAVES))
            moment = now - timedelta(days=days, minutes=seed % 300)
            writer.day = moment.date()
            households = list(writer.households_of(size)) if size else []
            people.register(arrivals=_arrivals(households, moment), by=viewer, now=moment, event=event)
    return writer.rows


def _arrivals(households: Sequence[Sequence[Sequence[str]]], now: datetime) -> list[people.Arrival]:
    found = []
    ordinal = 0
    for household in households:
        members = [checked(row, now) for row in household]
        found.append(
            people.Arrival(
                members=members,
                ordinals=list(range(ordinal, ordinal + len(members))),
                source_ref=members[0].household_ref,
            )
        )
        ordinal += len(members)
    return found


def checked(row: Sequence[str], now: datetime) -> ArrivalRow:
    """Return an invented row as the import would read it."""
    read, errors = read_row(dict(zip(HEADER, row, strict=True)), today=now.date())
    if read is None:
        raise ValueError(f"An invented row is wrong: {errors}")
    return read


def _imports(cast: Cast, corridor: Corridor, *, seed: int, now: datetime) -> None:
    """Leave three files: one registered, one that waits for somebody, one that could not be read."""
    first = Writer(
        seed=seed * 1000, origins={corridor.origin: 1.0}, sites=("Adre", "Farchana", "Gaga"), prefix="A-"
    )
    first.day = (now - timedelta(days=9)).date()
    known = [first.family() for _one in range(24)]
    registered = [first.written(family) for family in known]
    _send(cast, corridor, "adre-week-1.csv", _csv(registered), now=now - timedelta(days=8), accept=True)
    first.day = (now - timedelta(days=1)).date()
    fresh = list(first.households_of(90))
    for household in fresh[::7]:
        spoiled(household, first.chance)
    again = [first.written(family, again=True) for family in known[:6]]
    doubtful = [[_vaguely(household[0], number)] for number, household in enumerate(registered[9:13])]
    rows = [*registered[6:9], *fresh, *again, *doubtful]
    _send(cast, corridor, "adre-week-2.csv", _csv(rows), now=now - timedelta(hours=3), accept=False)
    _send(
        cast, corridor, "scan-of-list.pdf", b"%PDF-1.7 invented", now=now - timedelta(hours=5), accept=False
    )


def _vaguely(row: Sequence[str], number: int) -> list[str]:
    """Write somebody down again of whom less was asked: two names, and a year of birth that is one off."""
    known = dict(zip(HEADER, row, strict=True))
    kept = (
        "given_name",
        "family_name",
        "sex",
        "nationality",
        "registration_date",
        "registration_site",
        "relationship_to_head",
    )
    told = {
        "record_id": f"V{number:08}",
        "household_id": f"VH{number:07}",
        "date_of_birth": known["date_of_birth"][:4],
    }
    year = told["date_of_birth"]
    told["date_of_birth"] = str(int(year) - 1) if year.isdecimal() else ""
    return [told.get(field, known[field] if field in kept else "") for field in HEADER]


def _csv(households: Sequence[Sequence[Sequence[str]]]) -> bytes:
    text = io.StringIO()
    output = csv.writer(text)
    output.writerow(HEADER)
    for household in households:
        output.writerows(household)
    return text.getvalue().encode()


def _send(cast: Cast, corridor: Corridor, name: str, content: bytes, *, now: datetime, accept: bool) -> None:
    with transaction.atomic():
        viewer = cast.act("BORDER", "boris")
        event = InfluxEvent.objects.get(slug__startswith=f"{corridor.origin}-{corridor.asylum}-".lower())
        batch = imports.receive(data=content, file_name=name, event=event, by=viewer, now=now)
    for _step in _steps(now):
        pass
    if accept:
        with transaction.atomic():
            viewer = cast.act("BORDER", "amina")
            batch = ImportBatch.objects.get(pk=batch.pk, status=BatchStatus.REVIEW)
            imports.accept(batch=batch, by=viewer, now=now + timedelta(hours=1))
        for _step in _steps(now + timedelta(hours=1)):
            pass


def _steps(now: datetime) -> Iterator[None]:
    while imports.run_one(now=now):
        yield
