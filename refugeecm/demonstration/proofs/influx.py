"""Does a large list come through as people send it: a spreadsheet with faults, workers killed, others at work, errors sent back?

Journey 3 of experience.md 8 without its browser: the list is read, checked, accepted; what had errors is corrected and sent
back to the same file; at the end there is no error and nobody twice. Meanwhile somebody else reads the list of people.
"""

from __future__ import annotations

import csv
import io
import random
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import OperationalError, transaction
from django.test import Client

from agencies.access import enter, worker_for
from agencies.actions import agencies as founding
from agencies.channels import sheets
from agencies.enums import Role
from agencies.models import Agency
from refugeecm.core.models import User
from refugeecm.demonstration import arrivals_file
from refugeecm.demonstration.proofs import imports as killing
from refugeecm.demonstration.scratch import Ground
from registration import reports
from registration.actions import events, imports
from registration.enums import Outcome
from registration.importers.errors_file import error_lines
from registration.models import ImportBatch, Individual
from registration.views.rows import error_rows

# What a clerk would write instead, by the code of the error.
_CURES = {
    "no_name": ("given_name", "Corrected"),
    "sex": ("sex", "F"),
    "date": ("date_of_birth", "1990-05-17"),
    "birth_in_future": ("date_of_birth", "1990-05-17"),
    "country": ("nationality", "SDN"),
    "two_heads": ("relationship_to_head", "child"),
}
ENOUGH = 500.0  # ms, 95 of 100 pages of somebody else (experience.md 8, journey 3)


class Reader:
    """Somebody else of the agency, who reads the list of people while workers are at it."""

    def __init__(self) -> None:
        user = User.objects.create_user("reader@refugeecm.invalid", name="Reader")
        founding.enrol(agency=Agency.objects.get(code="BORDER"), user=user, role=Role.CASEWORKER)
        self.took: list[float] = []
        self._client = Client(SERVER_NAME="localhost")
        self._client.force_login(user)
        session = self._client.session
        session["second_factor"] = True
        session.save()

    def look(self) -> None:
        """Read the first page, and note how many ms it took."""
        began = time.perf_counter()
        answer = self._client.get("/people/")
        self.took.append(1000 * (time.perf_counter() - began))
        if answer.status_code != 200:
            raise RuntimeError(f"The list of people answered {answer.status_code}.")

    def p95(self) -> float:
        """Return the time within which 95 of 100 pages came, in ms."""
        return round(sorted(self.took)[int(0.95 * len(self.took))], 1)


def prove(
    *, rows: int, kills: int, seed: int, now: Callable[[], datetime], say: killing.Say
) -> dict[str, Any]:
    """Bring a spreadsheet of so many rows through; return figures, and `proven`."""
    chance = random.Random(seed)  # noqa: S311 - reproducible moments
    started = time.monotonic()
    done = {"worker": 0, "node": 0, "pool": 0, "valkey": 0, "postgres": 0}

    def deaths(many: int) -> killing.Chaos:
        return killing.Chaos(sorted((0.9 * chance.random(), "worker") for _kill in range(many)), done)

    with killing.servers() as (place, redis_url), tempfile.TemporaryDirectory() as directory:
        ground = Ground(sockets=str(place.sockets), redis_url=redis_url, now=now())
        database = ground.database("influx")
        workers = killing.Workers(ground, database, Path(directory))

        def until(goal: str, many: int = 0) -> None:
            say(f"until {goal}")
            killing.phase(ground, database, place, workers, goal, deaths(many), chance, say, reader.look)

        try:
            with ground.using(database):
                reader = Reader()
                batch = _send(Path(directory), rows, seed, now())
                until("review", kills // 2)
                killing.accept(batch, now())
                until("done", kills - kills // 2)
                errors = _correct(batch, now())
                until("review")
                killing.accept(batch, now())
                until("done")
                figures = _account(batch)
        except OperationalError as error:
            raise RuntimeError(str(error)) from error
        finally:
            workers.stop()
            ground.close()
    good = figures["errors"] == 0 and figures["people"] + figures["registered"] == figures["rows"]
    return {
        "kills": done,
        "seconds": round(time.monotonic() - started, 1),
        "errors_before": errors,
        **figures,
        "pages": len(reader.took),
        "page_p95_ms": reader.p95(),
        "proven": good and figures["people"] == figures["numbers"] and reader.p95() <= ENOUGH and errors > 0,
    }


def _send(directory: Path, rows: int, seed: int, now: datetime) -> ImportBatch:
    path = directory / "arrivals.xlsx"
    _write(path, arrivals_file.rows_of(rows=rows, seed=seed, defects=0.05, repeats=0.01), random.Random(seed))  # noqa: S311
    user = User.objects.create_user("proof@refugeecm.invalid", name="Proof")
    with transaction.atomic():
        viewer = worker_for(Agency.objects.get(code="BORDER"), user_id=user.pk)
        enter(viewer, reason="proof")
        event = events.draft(slug="proof", name="Proof", by=viewer, now=now)
        return imports.receive(data=path.read_bytes(), file_name=path.name, event=event, by=viewer, now=now)


def _write(path: Path, rows: Iterable[list[str]], chance: random.Random) -> None:
    """Write the list as offices send theirs (experience.md 4): two lines of header under a title and an empty line, 195 columns, days
    as texts with a time, formulas, broken cells, several languages in one cell, no number of the household, no head, a thousand empty
    rows at the end.
    """
    from openpyxl import Workbook  # type: ignore[import-untyped]

    place, header = arrivals_file.HEADER.index, [*arrivals_file.HEADER, "languages"]
    further = [f"Q{number}" for number in range(195 - len(header))]
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Arrivals")
    groups = ["Household" if one.startswith("household") else "Person" for one in header]
    for line in (["Liste des arrivées"], [], groups, [*header, *further]):
        sheet.append(line)
    for row in rows:
        day = row[place("date_of_birth")].split("-")
        if len(day) == 3 and day[1] <= "12":
            row[place("date_of_birth")] = f"{day[2]}/{day[1]}/{day[0]} 00:00:00.0000000"
        if row[place("relationship_to_head")] == "head" and chance.random() < 0.01:
            row[place("relationship_to_head")] = ""
            row[place("household_id")] = ""
        spoken = "ara, fra" if chance.random() < 0.1 else ""
        sheet.append([*row, spoken, *["0"] * (len(further) - 2), "=TRUE()", "#VALUE!"])
    for _empty in range(1000):
        sheet.append([None, "", None])
    book.save(path)


def _correct(batch: ImportBatch, now: datetime) -> int:
    """Download the rows with errors, correct them by the codes of what is wrong, and send them back; return how many."""
    with transaction.atomic():
        viewer = worker_for(batch.agency, user_id=batch.created_by_id)
        enter(viewer, reason="proof")
        batch.refresh_from_db()
        file = io.BytesIO()
        sheets.write_csv(file, error_lines(batch.header, error_rows(batch)), guard=str)
        lines = list(csv.DictReader(io.StringIO(file.getvalue().decode("utf-8-sig"))))
        for line in lines:
            for code in line["_code"].split("; "):
                column, value = _CURES.get(code, ("_code", ""))
                line[column] = value
        text = io.StringIO()
        writer = csv.DictWriter(text, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
        imports.correct(batch=batch, data=text.getvalue().encode(), by=viewer, now=now)
        return len(lines)


def _account(batch: ImportBatch) -> dict[str, int]:
    with transaction.atomic():
        enter(worker_for(batch.agency), reason="proof")
        batch.refresh_from_db()
        how, people = reports.progress(batch), Individual.objects.filter(agency=batch.agency)
        return {
            "rows": batch.rows,
            "people": people.count(),
            "numbers": people.values("source_ref").distinct().count(),
            "registered": how.counts[Outcome.REGISTERED],
            "errors": how.counts[Outcome.ERROR],
        }
