"""Is an event recorded with its message in the transaction that causes it, or not at all?"""

import uuid
from datetime import UTC, datetime

import pytest
from django.db import transaction

from refugeecm.core import events, wall
from refugeecm.core.models import Event, OutboxMessage

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NAME = "core.test.happened"


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that only these tests know; the catalogue that docs/events.md is drawn from stays as it was."""
    monkeypatch.setitem(events.CATALOGUE, NAME, "A test needed something to happen.")


def record(*subjects, **changes):
    events.record(
        NAME,
        **{"subject_type": "test", "subjects": subjects, "agency_id": 7, "by": 3, "now": NOW, **changes},
    )


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_it_is_refused():
    with pytest.raises(RuntimeError, match="transaction"):
        record(uuid.uuid4())
    assert OutboxMessage.objects.count() == 0


def test_an_event_that_is_not_in_the_catalogue_is_refused(db):
    with pytest.raises(KeyError):
        events.record(
            "core.test.unheard_of", subject_type="test", subjects=[uuid.uuid4()], agency_id=7, by=3, now=NOW
        )


def test_one_row_a_subject_and_one_message_for_all(db):
    subjects = [uuid.uuid4() for _one in range(3)]
    wall.enter(agency_id=7, user_id=3, reason="test")
    record(*subjects, details={"status": "open"})
    rows = Event.objects.filter(subject_id__in=subjects).order_by("id")
    assert [row.subject_id for row in rows] == subjects
    assert {(row.name, row.agency_id, row.actor_id, row.at) for row in rows} == {(NAME, 7, 3, NOW)}
    message = OutboxMessage.objects.get()
    assert (message.topic, message.key, message.agency_id) == (NAME, "test:", 7)
    assert message.payload == {"subjects": [str(one) for one in subjects], "by": 3, "status": "open"}


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_never_happened():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        wall.enter(agency_id=7, user_id=3, reason="test")
        record(uuid.uuid4())
        1 / 0  # noqa: B018
    with transaction.atomic():
        wall.enter(agency_id=7, user_id=3, reason="test")
        assert (Event.objects.count(), OutboxMessage.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_the_database_context_is_refused_outside_a_transaction():
    with pytest.raises(RuntimeError, match="transaction"):
        wall.enter(agency_id=1, user_id=1, reason="test")
