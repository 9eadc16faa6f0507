"""Is every message handled at least once, with its effect exactly once, in order, and set aside when nothing helps?"""

import threading
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from refugeecm.core import events, outbox
from refugeecm.core.models import HandledMessage, OutboxMessage

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def handled(monkeypatch):
    """The payload numbers that a handler of `core.test.` saw; a negative number makes it fail."""
    seen = []

    def handler(*, message, now):
        seen.append(message.payload["n"])
        if message.payload["n"] < 0:
            raise ValueError("not today")

    handler.__module__, handler.__name__ = "tests", "handler"
    monkeypatch.setattr(outbox, "_handlers", [("core.test.", handler)])
    return seen


def queue(n, *, key="", topic="core.test.one", now=NOW):
    with transaction.atomic():
        events.queue(topic, payload={"n": n}, now=now, key=key)


def test_each_is_handled_once_oldest_first(handled):
    for n in range(5):
        queue(n)
    assert outbox.drain(now=NOW) == 5
    assert outbox.drain(now=NOW) == 0
    assert handled == [0, 1, 2, 3, 4]


def test_topics_without_a_handler_are_done_too(handled):
    queue(1, topic="elsewhere.thing")
    assert outbox.drain(now=NOW) == 1
    assert handled == []


def test_nothing_is_handled_before_it_is_due(handled):
    queue(1, now=NOW + timedelta(seconds=1))
    assert outbox.drain(now=NOW) == 0
    assert outbox.drain(now=NOW + timedelta(seconds=1)) == 1


def test_a_message_delivered_twice_has_its_effect_once(handled):
    queue(1)
    outbox.drain(now=NOW)
    OutboxMessage.objects.update(done_at=None)  # as if the mark had been lost
    assert outbox.drain(now=NOW) == 1
    assert handled == [1]
    assert HandledMessage.objects.count() == 1


def test_a_failure_waits_longer_each_time_and_leaves_no_effect(handled):
    queue(-1)
    moment, waits = NOW, []
    while (message := OutboxMessage.objects.get()).dead_at is None:
        waits.append((message.available_at - moment).total_seconds() if message.attempts else 0)
        moment = max(moment, message.available_at)
        outbox.drain(now=moment)
    assert waits == [0, 10, 20, 40, 80, 160, 320, 640]
    assert (message.attempts, message.done_at) == (outbox.ATTEMPTS, None)
    assert message.last_error == "ValueError: not today"
    assert len(handled) == outbox.ATTEMPTS
    assert HandledMessage.objects.count() == 0
    assert outbox.drain(now=moment + timedelta(days=9)) == 0


def test_a_failure_holds_up_its_own_key_only(handled):
    queue(-1, key="claim:1")
    queue(2, key="claim:1")
    queue(3, key="claim:2")
    queue(4)
    assert outbox.drain(now=NOW) == 2
    assert handled == [-1, 3, 4]
    OutboxMessage.objects.filter(payload__n=-1).update(payload={"n": 1}, available_at=NOW)
    assert outbox.drain(now=NOW) == 2
    assert handled == [-1, 3, 4, 1, 2]


def test_a_message_that_was_given_up_no_longer_holds_up_its_key(handled):
    queue(-1, key="claim:1")
    queue(2, key="claim:1")
    OutboxMessage.objects.filter(payload__n=-1).update(dead_at=NOW)
    assert outbox.drain(now=NOW) == 1
    assert handled == [2]


def test_two_workers_at_once_share_the_work(monkeypatch):
    effects, order, lock = Counter(), [], threading.Lock()
    barrier = threading.Barrier(2)

    def handler(*, message, now):
        with lock:
            effects[message.payload["n"]] += 1
            order.append(message.payload["n"])

    handler.__module__, handler.__name__ = "tests", "handler"
    monkeypatch.setattr(outbox, "_handlers", [("core.test.", handler)])
    for n in range(60):
        queue(n, key=f"key:{n % 7}")
    done = []

    def work():
        barrier.wait()
        try:
            done.extend(outbox.drain(now=NOW) for _turn in range(20))
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _one in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(done) == 60
    assert effects == Counter(range(60))
    for key in range(7):
        mine = [n for n in order if n % 7 == key]
        assert mine == sorted(mine)


def test_subjects_come_back_as_ids():
    one = uuid.uuid4()
    assert outbox.subjects({"subjects": [str(one)]}) == [one]
    assert outbox.subjects({}) == []
