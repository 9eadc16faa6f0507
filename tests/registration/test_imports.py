"""Is a file registered once and completely, whatever is sent twice, breaks, or waits beside it?"""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from agencies.access import Viewer
from refugeecm.core.transitions import TransitionNotAllowed
from refugeecm.demonstration.arrivals_file import HEADER, rows_of
from registration.actions import events, imports, normalising, sealing
from registration.actions.imports import content as checked_content
from registration.enums import BatchStatus, Outcome, StepKind, StepStatus
from registration.models import (
    Household,
    ImportBatch,
    ImportChunk,
    ImportRow,
    ImportStep,
    Individual,
    InfluxEvent,
    MatchCandidate,
)
from registration.rules import names
from registration.rules.keys import PersonKeys
from tests.conftest import NOW, Cast, acting_as

pytestmark = pytest.mark.django_db(transaction=True)


def text_of(rows: list[list[str]]) -> bytes:
    """The bytes of a CSV file."""
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    return text.getvalue().encode()


def content(rows: int, seed: int = 1) -> bytes:
    """A file without defects in which nobody comes twice."""
    return text_of(list(rows_of(rows=rows, seed=seed, defects=0, repeats=0)))


def occasion(viewer: Viewer) -> InfluxEvent:
    with acting_as(viewer):
        return events.draft(slug="east-2026", name="East", by=viewer, now=NOW)


def send(viewer: Viewer, data: bytes) -> ImportBatch:
    event = occasion(viewer)
    with acting_as(viewer):
        return imports.receive(data=data, file_name="arrivals.csv", event=event, by=viewer, now=NOW)


def work() -> int:
    """Do every open step, as one worker would; return how many there were."""
    done = 0
    while imports.run_one(now=NOW):
        done += 1
    return done


def accept(viewer: Viewer, batch: ImportBatch) -> None:
    with acting_as(viewer):
        batch.refresh_from_db()
        imports.accept(batch=batch, by=viewer, now=NOW)


def through(viewer: Viewer, data: bytes) -> ImportBatch:
    """From a file to registered people."""
    batch = send(viewer, data)
    work()
    accept(viewer, batch)
    work()
    return current(viewer, batch)


def current(viewer: Viewer, batch: ImportBatch) -> ImportBatch:
    with acting_as(viewer):
        batch.refresh_from_db()
    return batch


def outcomes(viewer: Viewer, batch: ImportBatch) -> list[str]:
    with acting_as(viewer):
        return list(
            ImportRow.objects.filter(batch=batch).order_by("number").values_list("outcome", flat=True)
        )


def people(viewer: Viewer) -> int:
    with acting_as(viewer):
        return Individual.objects.owned_by(viewer).count()


def spoil(viewer: Viewer, batch: ImportBatch, seq: int, field: str) -> None:
    """Alter a sealed byte of a chunk, so that whoever opens it fails."""
    with acting_as(viewer):
        chunk = ImportChunk.objects.get(batch=batch, seq=seq)
        sealed = bytearray(getattr(chunk, field))
        sealed[-1] ^= 1
        setattr(chunk, field, bytes(sealed))
        chunk.save(update_fields=[field])


def test_the_same_file_a_hundred_times_adds_nothing(cast: Cast) -> None:
    viewer = cast.caseworker.viewer
    data = content(60)
    batch = through(viewer, data)
    assert (batch.status, people(viewer)) == (BatchStatus.DONE, 60)
    for _try in range(100):
        with pytest.raises(imports.AlreadyReceived) as again:
            send(viewer, data)
        assert again.value.batch.pk == batch.pk
        assert work() == 0
    assert people(viewer) == 60


def test_the_same_people_in_another_file_are_registered_already(cast: Cast) -> None:
    viewer = cast.caseworker.viewer
    data = content(60)
    through(viewer, data)
    batch = through(viewer, data + b"\r\n")
    assert outcomes(viewer, batch) == [Outcome.REGISTERED] * 60
    assert people(viewer) == 60


def test_a_number_that_stands_twice_in_a_file_is_one_person(cast: Cast) -> None:
    viewer = cast.caseworker.viewer
    rows = list(rows_of(rows=40, seed=1, defects=0, repeats=0))
    place = HEADER.index("household_id")
    elsewhere = [*rows[5][:place], "ANOTHER", *rows[5][place + 1 :]]
    batch = through(viewer, text_of([*rows[:5], rows[4], *rows[5:], elsewhere]))
    assert outcomes(viewer, batch).count(Outcome.REGISTERED) == 2
    assert people(viewer) == 40


def at_once(act: Callable[[], Any]) -> list[Any]:
    """The results, or errors, of two threads that do the same at the same moment."""
    gate, found = threading.Barrier(2), []

    def run() -> None:
        gate.wait()
        try:
            found.append(act())
        except (imports.AlreadyReceived, TransitionNotAllowed) as error:
            found.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _one in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_of_two_uploads_and_two_acceptances_at_once_one_counts(cast: Cast) -> None:
    viewer = cast.caseworker.viewer
    data = content(60)
    occasion(viewer)
    sent = at_once(lambda: send(viewer, data))
    assert sorted(type(one).__name__ for one in sent) == ["AlreadyReceived", "ImportBatch"]
    batch = next(one for one in sent if isinstance(one, ImportBatch))
    work()
    current(viewer, batch)
    accepted = at_once(lambda: accept_as_read(viewer, batch.pk))
    assert sorted(type(one).__name__ for one in accepted) == ["NoneType", "TransitionNotAllowed"]
    at_once(work)
    assert people(viewer) == 60


def accept_as_read(viewer: Viewer, pk: Any) -> None:
    with acting_as(viewer):
        imports.accept(batch=ImportBatch.objects.get(pk=pk), by=viewer, now=NOW)


@pytest.mark.parametrize("field", ["raw", "checked"])
def test_a_chunk_that_cannot_be_done_is_set_aside_and_the_rest_goes_on(cast: Cast, field: str) -> None:
    viewer = cast.caseworker.viewer
    batch = send(viewer, content(5500))
    assert imports.run_one(now=NOW), "the file is read"
    if field == "raw":
        spoil(viewer, batch, 1, field)
    work()
    if field == "checked":
        spoil(viewer, batch, 1, field)
    assert current(viewer, batch).status == BatchStatus.REVIEW
    accept(viewer, batch)
    work()
    assert current(viewer, batch).status == BatchStatus.DONE
    step = ImportStep.objects.get(status=StepStatus.QUARANTINED)
    assert (step.seq, step.attempts) == (1, 5)
    assert step.kind == (StepKind.CHECK if field == "raw" else StepKind.ACCEPT)
    assert outcomes(viewer, batch).count(Outcome.ERROR) == step.rows
    assert people(viewer) == 5500 - step.rows


def test_a_big_file_does_not_hold_up_a_small_one_of_another_agency(cast: Cast) -> None:
    big, small = cast.caseworker.viewer, cast.stranger.viewer
    large = send(big, content(6500))
    assert imports.run_one(now=NOW), "the large file is read"
    little = send(small, content(40, seed=2))
    for second in range(6):  # the agencies take turns
        imports.run_one(now=NOW + timedelta(seconds=second))
    assert current(small, little).status == BatchStatus.REVIEW
    accept(small, little)
    for second in range(6, 8):
        imports.run_one(now=NOW + timedelta(seconds=second))
    assert current(small, little).status == BatchStatus.DONE
    assert current(big, large).status == BatchStatus.CHECKING


def test_a_row_like_one_that_was_registered_under_another_name_is_noted_beside_that_person(
    cast: Cast,
) -> None:
    viewer = cast.caseworker.viewer
    rows = list(rows_of(rows=40, seed=1, defects=0, repeats=0))
    through(viewer, text_of(rows))
    number, house, paper = map(HEADER.index, ("record_id", "household_id", "document_number"))
    # Somebody new, under the number of somebody in the register; and the same person once more, of whom less was written.
    renamed = next(iter(rows_of(rows=1, seed=77, defects=0, repeats=0)))
    renamed[number], renamed[house], renamed[paper] = rows[0][number], "HOME", "Z1112223"
    alike = list(renamed)
    alike[number], alike[house], alike[paper] = "AGAIN", "AWAY", ""
    for column in ("father_name", "full_name_native", "mother_name", "birth_place", "phone", "document_type"):
        alike[HEADER.index(column)] = ""
    alike[HEADER.index("date_of_birth")] = renamed[HEADER.index("date_of_birth")][:4] + "-01-01"
    batch = through(viewer, text_of([renamed, alike]))
    assert outcomes(viewer, batch) == [Outcome.REGISTERED, Outcome.POSSIBLE]
    with acting_as(viewer):
        pair = MatchCandidate.objects.get(individual__source_ref="AGAIN")
        assert Individual.objects.get(pk=pair.other_id).source_ref == rows[0][number]


def test_new_members_join_the_household_that_is_registered(cast: Cast) -> None:
    viewer = cast.caseworker.viewer
    rows = list(rows_of(rows=40, seed=1, defects=0, repeats=0))
    through(viewer, text_of(rows[:-1]))
    with acting_as(viewer):
        households = Household.objects.count()
    baby = list(rows[0])
    baby[HEADER.index("record_id")], baby[HEADER.index("given_name")] = "BABY", "Nour"
    baby[HEADER.index("relationship_to_head")], baby[HEADER.index("full_name_native")] = "child", ""
    baby[HEADER.index("date_of_birth")] = (NOW - timedelta(days=90)).date().isoformat()
    baby[HEADER.index("registration_date")] = baby[HEADER.index("arrival_date")] = "2026-02-20"
    baby[HEADER.index("document_number")] = baby[HEADER.index("document_type")] = ""
    through(viewer, text_of([rows[0], baby]))
    with acting_as(viewer):
        assert Household.objects.count() == households
        born = Individual.objects.get(source_ref="BABY")
        assert born.household.members.filter(source_ref=rows[0][0]).exists()


def test_a_cancelled_file_leaves_nothing_to_read(cast: Cast) -> None:
    viewer = cast.caseworker.viewer
    batch = send(viewer, content(60))
    work()
    with acting_as(viewer):
        batch.refresh_from_db()
        imports.cancel(batch=batch, by=viewer, now=NOW)
    assert (work(), people(viewer)) == (0, 0)
    assert bytes(current(viewer, batch).key) == b""
    assert send(viewer, content(60)).pk != batch.pk, "after that it may be sent again"
    with pytest.raises(TransitionNotAllowed):
        accept(viewer, batch)


def test_rows_checked_before_an_upgrade_are_registered_with_the_keys_of_after(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list waits for its review; meanwhile the rules of names change. Whoever is in it is found by the new ones."""
    viewer = cast.caseworker.viewer
    with monkeypatch.context() as before:
        before.setattr(checked_content, "VERSION", names.VERSION - 1)
        before.setattr(
            "registration.actions.imports.checking.keys_of",
            lambda *_, **__: PersonKeys([1], [1], [1], [], []),
        )
        batch = send(viewer, content(30))
        work()
    accept(viewer, batch)
    work()
    with acting_as(viewer):
        known = list(Individual.objects.owned_by(viewer))
        stored = [one.keys for one in known]
        normalising.normalise(known, sealing.Opener([one.pk for one in known]))
        assert stored == [one.keys for one in known]
        assert len(known) == 30
