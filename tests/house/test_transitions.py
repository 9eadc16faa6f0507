"""Is every table of moves complete, does `move` obey it, and of two who press at once, does one win?"""

from __future__ import annotations

import importlib
import itertools
import threading
from datetime import date
from typing import Any, ClassVar

import pghistory.models
import pytest
from django.apps import apps
from django.db import connection, transaction

from agencies.enums import (
    AGREEMENT_MOVES,
    BREACH_MOVES,
    DELIVERY_MOVES,
    ENDPOINT_MOVES,
    EXPORT_MOVES,
    INVITATION_MOVES,
    LAW_REQUEST_MOVES,
    REVIEW_MOVES,
    VERDICT_MOVES,
)
from agencies.models import (
    Agreement,
    Breach,
    ExportJob,
    Invitation,
    LawRequest,
    Review,
    ReviewLine,
    WebhookDelivery,
    WebhookEndpoint,
)
from cases.actions import claims
from cases.enums import CLAIM_MOVES, ClaimStatus
from cases.models import Claim
from refugeecm.core.transitions import TransitionNotAllowed, move
from registration.enums import (
    ATTACHMENT_MOVES,
    BATCH_MOVES,
    DEADLINE_MOVES,
    ERASURE_MOVES,
    EXERCISE_MOVES,
    INFLUX_MOVES,
    ISSUED_MOVES,
    MERGE_MOVES,
    NEED_MOVES,
    PRINT_MOVES,
    RIGHTS_MOVES,
    SAFEGUARD_MOVES,
    STEP_MOVES,
    TOKEN_MOVES,
    TRACED_MOVES,
    TRACING_MOVES,
)
from registration.models import (
    Attachment,
    Deadline,
    Erasure,
    ImportBatch,
    ImportStep,
    InfluxEvent,
    IssuedDocument,
    Merge,
    PrintBatch,
    QueueToken,
    RightsRequest,
    Safeguard,
    SpecificNeed,
    TracingMatch,
    TracingRequest,
    VerificationExercise,
)
from resettlement.enums import HANDOVER_MOVES, REFERRAL_MOVES
from resettlement.models import Handover, Referral
from tests.conftest import NOW, acting_as

# Which model moves by which table; a new table that is not named here fails a test.
MOVED = {
    "EXPORT_MOVES": (ExportJob, EXPORT_MOVES),
    "AGREEMENT_MOVES": (Agreement, AGREEMENT_MOVES),
    "INVITATION_MOVES": (Invitation, INVITATION_MOVES),
    "BREACH_MOVES": (Breach, BREACH_MOVES),
    "LAW_REQUEST_MOVES": (LawRequest, LAW_REQUEST_MOVES),
    "REVIEW_MOVES": (Review, REVIEW_MOVES),
    "VERDICT_MOVES": (ReviewLine, VERDICT_MOVES),
    "ENDPOINT_MOVES": (WebhookEndpoint, ENDPOINT_MOVES),
    "DELIVERY_MOVES": (WebhookDelivery, DELIVERY_MOVES),
    "BATCH_MOVES": (ImportBatch, BATCH_MOVES),
    "STEP_MOVES": (ImportStep, STEP_MOVES),
    "ERASURE_MOVES": (Erasure, ERASURE_MOVES),
    "EXERCISE_MOVES": (VerificationExercise, EXERCISE_MOVES),
    "TOKEN_MOVES": (QueueToken, TOKEN_MOVES),
    "MERGE_MOVES": (Merge, MERGE_MOVES),
    "ATTACHMENT_MOVES": (Attachment, ATTACHMENT_MOVES),
    "RIGHTS_MOVES": (RightsRequest, RIGHTS_MOVES),
    "NEED_MOVES": (SpecificNeed, NEED_MOVES),
    "ISSUED_MOVES": (IssuedDocument, ISSUED_MOVES),
    "PRINT_MOVES": (PrintBatch, PRINT_MOVES),
    "DEADLINE_MOVES": (Deadline, DEADLINE_MOVES),
    "SAFEGUARD_MOVES": (Safeguard, SAFEGUARD_MOVES),
    "TRACED_MOVES": (TracingMatch, TRACED_MOVES),
    "TRACING_MOVES": (TracingRequest, TRACING_MOVES),
    "INFLUX_MOVES": (InfluxEvent, INFLUX_MOVES),
    "CLAIM_MOVES": (Claim, CLAIM_MOVES),
    "REFERRAL_MOVES": (Referral, REFERRAL_MOVES),
    "HANDOVER_MOVES": (Handover, HANDOVER_MOVES),
}
FOREVER = {"STEP_MOVES": {"done"}}  # what may come back is not listed: a step set aside may be opened again


def tables() -> dict[str, dict[str, frozenset[str]]]:
    """Return every *_MOVES of the enums rooms."""
    found = {}
    for app in ("agencies", "registration", "cases", "resettlement"):
        room = importlib.import_module(f"{app}.enums")
        found |= {name: one for name, one in vars(room).items() if name.endswith("_MOVES")}
    return found


def test_every_table_of_moves_is_known_here():
    # Three have a column of their own; two of them no end: a record can be opened again, the decision about a pair be taken back.
    assert set(tables()) == set(MOVED) | {"PROCESS_MOVES", "MATCH_MOVES", "QUESTION_MOVES"}


def test_every_status_field_has_a_table():
    ours = ("agencies", "registration", "cases", "resettlement")
    with_status = {
        one
        for one in apps.get_models()
        if one._meta.app_label in ours and not issubclass(one, pghistory.models.Event)
        if any(field.name == "status" for field in one._meta.fields)
    }
    assert {one.__name__ for one in with_status} == {one.__name__ for one, _moves in MOVED.values()} | {
        "LedgerLine"
    }


@pytest.mark.parametrize("name", MOVED)
def test_a_table_is_total_and_ends(name):
    model, moves = MOVED[name]
    assert model.moves is moves
    statuses = set(dict(model._meta.get_field("status").choices))
    assert set(moves) == statuses, "every status has a line"
    assert {to for targets in moves.values() for to in targets} <= statuses
    assert all(status not in targets for status, targets in moves.items()), "nothing moves to where it is"
    assert any(not targets for targets in moves.values()), "somewhere it ends"


@pytest.mark.parametrize("name", MOVED)
def test_every_status_is_reached_and_can_end(name):
    model, moves = MOVED[name]
    start = str(model._meta.get_field("status").default)
    reached, edge = {start}, {start}
    while edge:
        edge = {to for one in edge for to in moves[one]} - reached
        reached |= edge
    assert reached == set(moves)
    final = {one for one, targets in moves.items() if not targets}
    for status in moves:
        seen, edge = {status}, {status}
        while edge:
            edge = {to for one in edge for to in moves[one]} - seen
            seen |= edge
        assert seen & final, f"{status} never ends"


class Row:
    """A row without a table: what `move` asks of it is recorded."""

    pk = 7
    get_status_display = str
    asked: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, status: str, moves: dict[str, frozenset[str]]) -> None:
        self.status, self.moves = status, moves
        self.asked.clear()

    class _base_manager:  # noqa: N801 - as Django calls it
        @classmethod
        def filter(cls, **conditions: Any) -> Any:
            Row.asked.append(conditions)
            return cls

        @staticmethod
        def update(**changes: Any) -> int:
            Row.asked.append(changes)
            return 1


@pytest.mark.parametrize("name", MOVED)
def test_move_obeys_the_table(name):
    """The full matrix: from every status to every status."""
    _model, moves = MOVED[name]
    for was, to in itertools.product(moves, moves):
        row = Row(was, moves)
        if to in moves[was]:
            move(row, to=to)
            assert row.status == to
            assert row.asked == [{"pk": 7, "status": was}, {"status": to}], (
                "the update names the status it was read in"
            )
        else:
            with pytest.raises(TransitionNotAllowed):
                move(row, to=to)
            assert (row.status, row.asked) == (was, [])


def test_what_changes_with_the_status_changes_in_the_same_statement(cast, family, django_assert_num_queries):
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        claim = claims.open_claim(individual=family[0], made_on=date(2026, 2, 25), by=viewer, now=NOW)
        with django_assert_num_queries(1):
            move(claim, to="examination", version=2)
        stored = Claim.objects.get(pk=claim.pk)
        assert (stored.status, stored.version, claim.version) == ("examination", 2, 2)


def test_the_refusal_says_what_is_and_what_to_do(cast, family):
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        claim = claims.open_claim(individual=family[0], made_on=date(2026, 2, 25), by=viewer, now=NOW)
        with pytest.raises(TransitionNotAllowed, match="the status is “Registered”"):
            move(claim, to="closed")


def press(actions: list) -> list[str]:
    """Run each action in a thread with a connection of its own, all at once; return "done" or the refusal of each."""
    barrier, answers = threading.Barrier(len(actions)), [""] * len(actions)

    def run(place: int) -> None:
        try:
            barrier.wait()
            actions[place]()
            answers[place] = "done"
        except Exception as error:  # noqa: BLE001 - every refusal is an answer here
            answers[place] = type(error).__name__
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.django_db(transaction=True)
def test_of_two_who_press_at_once_one_wins(cast, family):
    viewer, colleague = cast.caseworker.viewer, cast.colleague.viewer
    with acting_as(viewer):
        claim = claims.open_claim(individual=family[0], made_on=date(2026, 2, 25), by=viewer, now=NOW)
    for to in ("examination", "suspended", "examination", "withdrawn"):

        def act(by, to=to):
            with acting_as(by):
                claims.change_status(claim=Claim.objects.get(pk=claim.pk), to=to, by=by, now=NOW)
                connection.cursor().execute("SELECT pg_sleep(0.02)")

        answers = press([lambda: act(viewer), lambda: act(colleague)])
        assert sorted(answers) == ["TransitionNotAllowed", "done"], (to, answers)
    with acting_as(viewer):
        assert Claim.objects.get(pk=claim.pk).status == ClaimStatus.WITHDRAWN


@pytest.mark.django_db(transaction=True)
def test_ten_clicks_open_one_claim(cast, family):
    viewer = cast.caseworker.viewer

    def click():
        with acting_as(viewer):
            claims.open_claim(individual=family[1], made_on=date(2026, 2, 25), by=viewer, now=NOW)

    answers = press([click] * 10)
    assert sorted(answers) == ["NotPermitted"] * 9 + ["done"]
    with transaction.atomic(), acting_as(viewer):
        assert Claim.objects.filter(individual=family[1]).count() == 1
