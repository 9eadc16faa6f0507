"""Is somebody erased by two people and by nobody alone, from everywhere, and does everything else stand as it was?"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pghistory.models
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction

from agencies.models import Notification
from refugeecm.core import blanking, outbox, seals
from refugeecm.core.models import Blanked, Event
from registration.actions import erasing, holding, imports
from registration.actions.imports import content
from registration.enums.retention import ErasureOrigin, ErasureStatus, Keeping
from registration.models import (
    Erasure,
    ImportBatch,
    ImportPiece,
    Individual,
    LedgerLine,
    PersonKey,
    RetentionChoice,
)
from registration.policies import NotPermitted
from registration.rules import retention
from tests.conftest import NOW, Cast, Person, acting_as
from tests.core.test_seals import as_owner

WORDS = ("zqmariam", "zqmaryam", "zqidris", "zqgeneina", "zqalias", "zqsister", "zqlyon", "zqnote", "zqwish")
pytestmark = pytest.mark.django_db


def traces(*words: str) -> list[str]:
    """Return the tables, as far as the context reaches, in which one of these words stands."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"SELECT count(*) FROM {table} AS t WHERE t::text ILIKE ANY (%s)",
                [[f"%{one}%" for one in words]],
            )
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def decided(person: Individual, supervisor: Person, cast: Cast) -> Erasure:
    with acting_as(supervisor.viewer):
        made = erasing.propose(
            individual=person, origin=ErasureOrigin.REQUEST, reason="Zqwish", by=supervisor.viewer, now=NOW
        )
    with acting_as(cast.decider.viewer):
        erasing.approve(erasure=made, number=person.number.lower(), by=cast.decider.viewer, now=NOW)
    return made


@pytest.mark.django_db(transaction=True)
def test_everything_goes_and_everything_else_stands(
    cast: Cast, supervisor: Person, family: list[Individual], known: Individual
) -> None:
    with acting_as(supervisor.viewer):
        figures = list(LedgerLine.objects.order_by("pk").values())
        assert len(traces(*WORDS)) >= 6, "she stands in many tables, and in their histories"
    made = decided(known, supervisor, cast)
    assert seals.seal(now=NOW)
    assert erasing.carry_out(agency=cast.border, now=NOW) == 1
    assert erasing.carry_out(agency=cast.border, now=NOW) == 0, "once"
    with acting_as(supervisor.viewer):
        assert traces(*WORDS) == []
        assert traces("Mariam", "1990-05-17") == [], "nor in the versions of before"
        erased = Individual.objects.get(pk=known.pk)
        assert (erased.is_erased, erased.number, erased.process_reason) == (True, known.number, "repatriated")
        assert (erased.keys, erased.folded, bytes(erased.phone)) == ([], "", b"")
        assert not PersonKey.objects.filter(individual=known).exists()
        assert list(LedgerLine.objects.order_by("pk").values()) == figures
        child = Individual.objects.get(pk=family[1].pk)
        assert child.given_name == "Yusuf"
        assert PersonKey.objects.filter(individual=child).exists()
        made.refresh_from_db()
        assert (made.status, made.records, made.reason) == (ErasureStatus.DONE, 1, "")
        assert Event.objects.filter(name=erasing.ERASED, subject_id=known.pk).exists()
        assert Blanked.objects.exists()
        assert seals.verify().problems == []
    assert seals.seal(now=NOW)
    assert seals.verify().problems == []
    # A line that was erased keeps its seal; what somebody writes into it does not, nor does a note without its event.
    line = "pgh_id = (SELECT min(pgh_id) FROM registration_individualevent WHERE given_name = '')"
    as_owner(f"UPDATE registration_individualevent SET given_name = 'Somebody' WHERE {line}")
    assert {one.what for one in seals.verify().problems} == {"row changed"}


def test_two_people_decide_and_a_hold_stops_them(
    cast: Cast, supervisor: Person, family: list[Individual], known: Individual
) -> None:
    viewer, decider = supervisor.viewer, cast.decider.viewer
    with acting_as(viewer):
        with pytest.raises(NotPermitted, match="record is open"):
            erasing.propose(individual=family[1], origin=ErasureOrigin.REQUEST, reason="", by=viewer, now=NOW)
        made = erasing.propose(individual=known, origin=ErasureOrigin.REQUEST, reason="", by=viewer, now=NOW)
        with pytest.raises(NotPermitted, match="proposed already"):
            erasing.propose(individual=known, origin=ErasureOrigin.REQUEST, reason="", by=viewer, now=NOW)
        with pytest.raises(NotPermitted, match="Somebody else"):
            erasing.approve(erasure=made, number=known.number, by=viewer, now=NOW)
    with acting_as(cast.caseworker.viewer), pytest.raises(NotPermitted, match="Your role"):
        erasing.approve(erasure=made, number=known.number, by=cast.caseworker.viewer, now=NOW)
    with acting_as(decider):
        with pytest.raises(NotPermitted, match="Type the number"):
            erasing.approve(erasure=made, number="BOR-1", by=decider, now=NOW)
        erasing.approve(erasure=made, number=known.number, by=decider, now=NOW)
    with acting_as(viewer):
        hold = holding.place(event=known.event, reason="A court asks", by=viewer, now=NOW)
        with pytest.raises(NotPermitted, match="stands already"):
            holding.place(event=known.event, reason="again", by=viewer, now=NOW)
    assert erasing.carry_out(agency=cast.border, now=NOW) == 0, "held: it waits"
    with acting_as(viewer), pytest.raises(DatabaseError, match="legal hold"), transaction.atomic():
        call_directly(made)
    with acting_as(viewer):
        holding.lift(hold=hold, by=viewer, now=NOW)
        with pytest.raises(NotPermitted, match="lifted already"):
            holding.lift(hold=hold, by=viewer, now=NOW)
    assert erasing.carry_out(agency=cast.border, now=NOW) == 1


def call_directly(made: Erasure) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT registration_erase(%s, gen_random_uuid())", [made.pk])


def test_the_database_itself_erases_nobody_by_one_persons_word(
    cast: Cast, supervisor: Person, known: Individual
) -> None:
    viewer = supervisor.viewer
    with acting_as(viewer):
        made = erasing.propose(individual=known, origin=ErasureOrigin.REQUEST, reason="", by=viewer, now=NOW)
        with pytest.raises(DatabaseError, match="two people"), transaction.atomic():
            call_directly(made)
        with pytest.raises(DatabaseError, match="erasure_approved_by_another"), transaction.atomic():
            Erasure.objects.filter(pk=made.pk).update(
                status="approved", approved_by_id=viewer.user_id, approved_at=NOW
            )
    erasing_elsewhere = cast.partner.viewer
    with acting_as(erasing_elsewhere), pytest.raises(DatabaseError, match="two people"), transaction.atomic():
        call_directly(made)


def test_periods_suggest_and_people_propose(cast: Cast, supervisor: Person, known: Individual) -> None:
    day = retention.ends_on(NOW.date(), 121)
    assert erasing.suggest(agency=cast.border, now=NOW, today=NOW.date()) == 0
    assert erasing.suggest(agency=cast.border, now=NOW, today=day) == 1
    assert erasing.suggest(agency=cast.border, now=NOW, today=day) == 0, "once"
    admin = cast.admin.viewer
    with acting_as(supervisor.viewer):
        (made,) = Erasure.objects.all()
        assert (made.status, made.rule, made.due_on) == (
            "suggested",
            "left",
            retention.ends_on(NOW.date(), 120),
        )
        holding.place(individual=known, reason="An appeal", by=supervisor.viewer, now=NOW)
        assert not Erasure.objects.exists(), "held: nothing is suggested"
    assert erasing.suggest(agency=cast.border, now=NOW, today=day) == 0
    with acting_as(admin):
        with pytest.raises(NotPermitted, match="120 months at least"):
            erasing.choose(rule="decided", months=12, keeping=Keeping.ERASE, reason="", by=admin, now=NOW)
        erasing.choose(
            rule="left", months=12, keeping=Keeping.ARCHIVE, reason="Mandate files", by=admin, now=NOW
        )
    with acting_as(supervisor.viewer):
        holding.lift(hold=known.holds.get(), by=supervisor.viewer, now=NOW)
    assert erasing.suggest(agency=cast.border, now=NOW, today=day) == 0, "it goes to the archive"
    with acting_as(admin):
        erasing.choose(rule="left", months=1, keeping=Keeping.ERASE, reason="Ours", by=admin, now=NOW)
        assert RetentionChoice.objects.get().months == 1
    assert erasing.suggest(agency=cast.border, now=NOW, today=retention.ends_on(NOW.date(), 2)) == 1
    with acting_as(supervisor.viewer):
        found = list(Erasure.objects.select_related("individual"))
        assert erasing.propose_suggested(erasures=found, by=supervisor.viewer, now=NOW) == (1, 0)
        erasing.decline(erasure=Erasure.objects.get(), by=supervisor.viewer, now=NOW)
    assert erasing.suggest(agency=cast.border, now=NOW, today=day) == 0, (
        "who was declined is not suggested again"
    )


def test_what_a_file_held_goes_after_ninety_days(cast: Cast, event: Any) -> None:
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        batch = imports.receive(
            data=b"given_name\nAmal\n", file_name="a.csv", event=event, by=viewer, now=NOW
        )
        imports.cancel(batch=batch, by=viewer, now=NOW)
        ImportBatch.objects.filter(pk=batch.pk).update(key=b"wrapped")
        old: dict[str, Any] = {"agency": cast.border, "at_most": 5000}
        assert content.destroy_old(now=NOW + timedelta(days=90), **old) == 0
        assert content.destroy_old(now=NOW + timedelta(days=91), **old) == 1
        assert content.destroy_old(now=NOW + timedelta(days=91), **old) == 0
        assert not ImportPiece.objects.filter(batch=batch).exists()


def test_partners_who_were_given_the_record_are_told(
    cast: Cast, supervisor: Person, known: Individual, agree: Any
) -> None:
    agree()
    with acting_as(cast.partner.viewer):
        assert Individual.objects.visible_to(cast.partner.viewer).filter(pk=known.pk).exists()
    decided(known, supervisor, cast)
    assert erasing.carry_out(agency=cast.border, now=NOW) == 1
    while outbox.drain(now=NOW):
        pass
    with acting_as(cast.partner.viewer):
        assert not Individual.objects.visible_to(cast.partner.viewer).filter(pk=known.pk).exists()
        assert Notification.objects.filter(event=erasing.ERASED, subject_id=known.pk).exists()


@pytest.mark.parametrize(
    ("since", "months", "last"),
    [("2024-01-31", 1, "2024-02-29"), ("2024-02-29", 12, "2025-02-28"), ("2026-12-15", -12, "2025-12-15")],
)
def test_a_period_of_months_ends_on_its_day(since: str, months: int, last: str) -> None:
    assert retention.ends_on(date.fromisoformat(since), months) == date.fromisoformat(last)


def test_every_table_that_names_a_person_says_what_goes() -> None:
    """A column that must name a row, or be unlike all others, cannot be blank: such rows go altogether (`when_erased = DELETE`)."""
    for model in apps.get_models():
        if blanking.rows_of(model) is None or getattr(model, "when_erased", None) == blanking.DELETE:
            continue
        kept = getattr(model, "when_erased", {})
        gone = {one.name for one in blanking.classes_of(model) if one.column not in kept}
        named = [
            one.name
            for one in model._meta.concrete_fields
            if one.name in gone and one.is_relation and not one.null
        ]
        alike = [
            one.name for one in model._meta.constraints if isinstance(one, models.UniqueConstraint) and gone & {*one.fields}
        ]  # fmt: skip
        assert not named + alike, f"{model.__name__}: {named + alike}"
    # What has classes of its own and no way to a person says so here.
    known = {one.table for one in blanking.entries()}
    for model in apps.get_models():
        if blanking.classes_of(model) and not issubclass(model, pghistory.models.Event):
            assert model._meta.db_table in known | OF_NOBODY.keys(), f"{model.__name__}: say erased_by"


OF_NOBODY = {
    "agencies_exportjob": "its query and reason; the file goes with the person, the query with the file",
}
