"""Is a partner's system told what it may know, in order, signed, again when it was away, and of nothing after the agreement ended?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from standardwebhooks import Webhook

from agencies.actions import agreements, deliveries, webhooks
from agencies.enums import DeliveryStatus, Problem
from agencies.models import Notification, WebhookDelivery, WebhookEndpoint
from agencies.policies import NotPermitted
from agencies.tasks import send_webhooks
from cases.actions import claims
from cases.models import Claim
from refugeecm.core import http, outbox
from refugeecm.demonstration.receivers import Receiver
from tests.conftest import NOW, Cast, Person, acting_as, end

EVERYTHING = [
    "cases.claim.opened",
    "cases.claim.status_changed",
    "cases.claim.decided",
    "cases.claim.decision_proposed",
]


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """HELP's system, on this machine."""
    made = Receiver()
    settings.LOOPBACK_ORIGINS = [made.origin]
    made.start()
    yield made
    made.stop()


@pytest.fixture
def listen(receiver: Receiver) -> Callable[..., WebhookEndpoint]:
    """Add a receiver to an agency."""

    def make(admin: Person, to: Receiver = receiver, topics: Any = EVERYTHING) -> WebhookEndpoint:
        with acting_as(admin.viewer):
            endpoint, to.secret = webhooks.add(url=to.url, topics=topics, by=admin.viewer, now=NOW)
        return endpoint

    return make


@pytest.fixture
def claim(cast: Cast, family: Any) -> Claim:
    """Mariam's claim, of which everybody has been told."""
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        made = claims.open_claim(individual=family[0], made_on=date(2026, 2, 25), by=viewer, now=NOW)
    outbox.drain(now=NOW)
    return made


def change(cast: Cast, claim: Claim, *statuses: str) -> None:
    viewer = cast.caseworker.viewer
    for to in statuses:
        with acting_as(viewer):
            claims.change_status(claim=Claim.objects.get(pk=claim.pk), to=to, by=viewer, now=timezone.now())


def tell() -> int:
    """What workers do: fan out, then send all that is due."""
    outbox.drain(now=timezone.now())
    return int(send_webhooks())


def rows(whose: Person) -> list[WebhookDelivery]:
    with acting_as(whose.viewer):
        return list(WebhookDelivery.objects.order_by("id"))


def state(endpoint: WebhookEndpoint, whose: Person) -> WebhookEndpoint:
    with acting_as(whose.viewer):
        return WebhookEndpoint.objects.get(pk=endpoint.pk)


# ---- who is told what


def test_a_partner_is_told_by_an_opaque_id_and_pulls_the_rest(cast, agree, claim, receiver, listen):
    agree(channels=["webhooks"])
    listen(cast.partner_admin)
    change(cast, claim, "examination", "suspended")
    assert tell() == 2
    assert receiver.unsigned == 0
    first = json.loads(receiver.receipts[0].body)
    assert set(first) == {"type", "timestamp", "data"}
    assert first["type"] == "cases.claim.status_changed"
    assert first["data"] == {"id": str(claim.pk), "change_seq": 3}  # as it stood when the partner was told
    assert len(receiver.receipts[0].body) < 1000
    sent = b" ".join(one.body for one in receiver.receipts).decode()
    assert not [
        word for word in (claim.number, "Mariam", "Abakar", "examination", "suspended") if word in sent
    ]
    assert [one.status for one in rows(cast.partner_admin)] == ["delivered", "delivered"]
    assert tell() == 0


def test_only_who_has_a_live_agreement_with_this_channel_is_told(
    cast, agree, claim, receiver, listen, settings
):
    stranger = Receiver()
    stranger.start()
    settings.LOOPBACK_ORIGINS = [receiver.origin, stranger.origin]
    agree(channels=["pages", "api"])
    listen(cast.partner_admin)
    listen(cast.stranger_admin, stranger)
    change(cast, claim, "examination")
    assert tell() == 0
    stranger.stop()
    assert receiver.receipts == stranger.receipts == []


def test_the_owner_has_systems_too(cast, claim, receiver, listen):
    listen(cast.admin)
    change(cast, claim, "examination")
    assert tell() == 1
    assert receiver.receipts[0].subject == str(claim.pk)


def test_an_event_that_gives_away_a_hidden_field_is_not_told(cast, agree, claim, receiver, listen):
    """With C1 alone a partner does not learn that a decision is proposed (class C4)."""
    agree(channels=["webhooks"], classes=["C1"])
    listen(cast.partner_admin)
    change(cast, claim, "examination")
    with acting_as(cast.decider.viewer):
        of = Claim.objects.get(pk=claim.pk)
        claims.propose_decision(claim=of, outcome="recognised", by=cast.decider.viewer, now=timezone.now())
    tell()
    assert [one.type for one in receiver.receipts] == ["cases.claim.status_changed"]


def test_nobody_chooses_an_event_that_is_not_offered(cast, receiver, listen):
    for topics in ([], ["cases.claim.reference_set"], ["agencies.webhook.test"]):
        with pytest.raises(NotPermitted):
            listen(cast.partner_admin, topics=topics)
    with pytest.raises(NotPermitted):
        listen(cast.partner)  # no administrator


# ---- the end of an agreement


def test_after_the_end_nothing_leaves_and_what_waited_is_cancelled(cast, agree, claim, receiver, listen):
    agreement = agree(channels=["webhooks"])
    listen(cast.partner_admin)
    receiver.stop()
    change(cast, claim, "examination", "suspended")
    assert tell() == 1
    end(agreement, cast.admin)
    assert tell() == 0
    receiver.start()
    assert tell() == 0
    assert {one.status for one in rows(cast.partner_admin)} == {DeliveryStatus.CANCELLED}
    assert receiver.receipts == []


def test_each_sending_asks_again_whether_it_may(cast, agree, claim, receiver, listen):
    """Even when nobody has told the receivers that the agreement is over."""
    agreement = agree(channels=["webhooks"])
    listen(cast.partner_admin)
    change(cast, claim, "examination")
    outbox.drain(now=timezone.now())
    with acting_as(cast.admin.viewer):
        agreements.end(agreement=agreement, by=cast.admin.viewer, now=NOW, reason="Now")
    assert send_webhooks() == 0
    assert [one.status for one in rows(cast.partner_admin)] == [DeliveryStatus.CANCELLED]
    assert receiver.receipts == []


# ---- signatures


def test_a_secret_changes_without_a_refused_message(cast, agree, claim, receiver, listen):
    agree(channels=["webhooks"])
    endpoint = listen(cast.partner_admin)
    old = receiver.secret
    with acting_as(cast.partner_admin.viewer):
        fresh = webhooks.rotate(endpoint=endpoint, by=cast.partner_admin.viewer, now=timezone.now())
    assert fresh != old
    change(cast, claim, "examination")
    tell()
    receiver.secret = fresh
    change(cast, claim, "suspended")
    tell()
    assert (len(receiver.receipts), receiver.unsigned) == (2, 0)
    stored = state(endpoint, cast.partner_admin)
    assert fresh.encode() not in bytes(stored.secret)
    later = timezone.now() + webhooks.OVERLAP
    key = cast.help.key.plain()
    assert len(stored.secrets(key=key, now=timezone.now())) == 2
    assert len(stored.secrets(key=key, now=later)) == 1


def test_a_forged_message_is_found_by_the_receiver(receiver):
    receiver.secret = "whsec_" + "A" * 43 + "="
    body = b'{"type": "x", "timestamp": "x", "data": {"id": "x", "change_seq": 1}}'
    signed = Webhook("whsec_" + "B" * 43 + "=").sign("1", timezone.now(), body.decode())
    headers = {
        "webhook-id": "1",
        "webhook-timestamp": str(int(timezone.now().timestamp())),
        "webhook-signature": signed,
    }
    http.post(receiver.url, body=body, headers=headers, now=NOW)
    assert (receiver.unsigned, receiver.receipts) == (1, [])


# ---- tries


def fly(now: Any, outcome: Any) -> deliveries.Sending | None:
    """One try that ends as said."""
    sending = deliveries.claim(now=now)
    if sending is not None:
        deliveries.settle(sending=sending, outcome=outcome, now=now)
    return sending


@pytest.fixture
def waiting(cast, agree, claim, listen) -> WebhookEndpoint:
    """HELP's receiver, with one delivery to be sent."""
    agree(channels=["webhooks"])
    endpoint = listen(cast.partner_admin)
    change(cast, claim, "examination")
    outbox.drain(now=timezone.now())
    return endpoint


def test_ten_tries_in_three_days_then_a_dead_letter(cast, waiting):
    now, started, ids = timezone.now(), timezone.now(), set()
    for place, least in enumerate([0, *(one.total_seconds() for one in webhooks.WAITS)]):
        row = rows(cast.partner_admin)[0]
        waited = (row.next_at - now).total_seconds()
        assert place == 0 or least <= waited <= 1.2 * least + 1, place
        assert row.attempts == place
        now = max(row.next_at, now)
        with acting_as(cast.partner_admin.viewer):
            WebhookEndpoint.objects.update(resume_at=None)
        ids.add(fly(now, Problem.UNREACHABLE).headers["webhook-id"])
    assert len(ids) == 1, "the same id at every try"
    row = rows(cast.partner_admin)[0]
    assert (row.status, row.attempts, row.problem) == ("dead", 10, "unreachable")
    assert timedelta(hours=75) < now - started < timedelta(hours=92)
    endpoint = state(waiting, cast.partner_admin)
    assert (endpoint.status, endpoint.why) == ("paused", "failing")
    outbox.drain(now=now)
    with acting_as(cast.partner_admin.viewer):
        assert Notification.objects.filter(event="agencies.webhook.paused", subject_id=endpoint.pk).exists()


def test_a_dead_letter_is_sent_again_when_asked_for(cast, waiting, receiver):
    admin = cast.partner_admin.viewer
    with acting_as(admin):
        WebhookDelivery.objects.update(status="dead", finished_at=NOW, attempts=10)
        assert webhooks.replay(endpoint=waiting, by=admin, now=timezone.now()) == 1
    assert tell() == 1
    row = rows(cast.partner_admin)[0]
    assert (row.status, row.response_code) == ("delivered", 204)
    assert receiver.receipts[0].event_id == str(row.event_id)


def test_gone_ends_the_receiver(cast, waiting, claim):
    change(cast, claim, "suspended")
    outbox.drain(now=timezone.now())
    fly(timezone.now(), http.Answer(410))
    assert (state(waiting, cast.partner_admin).status, state(waiting, cast.partner_admin).why) == (
        "ended",
        "410",
    )
    assert {one.status for one in rows(cast.partner_admin)} == {"cancelled"}
    change(cast, claim, "examination")
    assert tell() == 0
    assert len(rows(cast.partner_admin)) == 2


@pytest.mark.parametrize(("asked", "waits"), [(600.0, 600), (10.0**9, 86400)])
def test_who_asks_for_time_gets_it(cast, waiting, claim, asked, waits):
    now = timezone.now()
    fly(now, http.Answer(429, retry_after=asked))
    row, endpoint = rows(cast.partner_admin)[0], state(waiting, cast.partner_admin)
    assert row.next_at == endpoint.resume_at == now + timedelta(seconds=waits)
    change(cast, claim, "suspended")
    outbox.drain(now=now)
    assert deliveries.claim(now=now + timedelta(seconds=waits - 1)) is None


def test_who_fails_is_left_in_peace_longer_each_time(cast, waiting):
    now = timezone.now()
    rests = []
    for _ in range(9):
        with acting_as(cast.partner_admin.viewer):
            WebhookDelivery.objects.update(next_at=now, attempts=0)
            WebhookEndpoint.objects.update(resume_at=None)
        fly(now, http.Answer(500))
        resume_at = state(waiting, cast.partner_admin).resume_at
        rests.append(int((resume_at - now).total_seconds()) if resume_at else 0)
    assert rests == [0, 0, 0, 0, 5, 10, 20, 40, 80]
    with acting_as(cast.partner_admin.viewer):
        WebhookDelivery.objects.update(next_at=now)
        WebhookEndpoint.objects.update(resume_at=None)
    fly(now, http.Answer(204))
    assert (
        state(waiting, cast.partner_admin).failures,
        state(waiting, cast.partner_admin).failing_since,
    ) == (0, None)


def test_a_case_keeps_its_order_and_other_cases_go_on(cast, agree, claim, family, receiver, listen):
    agree(channels=["webhooks"])
    listen(cast.partner_admin)
    viewer = cast.caseworker.viewer
    change(cast, claim, "examination", "suspended")
    with acting_as(viewer):
        other = claims.open_claim(
            individual=family[1], made_on=date(2026, 2, 25), by=viewer, now=timezone.now()
        )
    outbox.drain(now=timezone.now())
    now = timezone.now()
    subjects = []
    for outcome in (http.Answer(500), http.Answer(204)):
        with acting_as(cast.partner_admin.viewer):
            WebhookEndpoint.objects.update(resume_at=None)
        subjects.append(json.loads(fly(now, outcome).body)["data"]["id"])
    assert subjects == [str(claim.pk), str(other.pk)], (
        "the second event of the first case waits for the first"
    )
    assert deliveries.claim(now=now) is None
    assert tell() == 0
    with acting_as(cast.partner_admin.viewer):
        WebhookDelivery.objects.update(next_at=now)
    tell()
    events = [one.event_id for one in receiver.receipts]
    assert events == [str(one.event_id) for one in rows(cast.partner_admin) if one.subject_id == claim.pk]


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_leaves_the_delivery_and_takes_the_lock_along(cast, waiting, receiver):
    sending = deliveries.claim(now=timezone.now())
    assert sending is not None
    assert deliveries.claim(now=timezone.now(), busy=[sending.endpoint_id]) is None
    connection.close()  # as the death of the process does
    assert tell() == 1
    row = rows(cast.partner_admin)[0]
    assert (row.status, row.attempts) == ("delivered", 2)
    assert receiver.receipts[0].event_id == sending.headers["webhook-id"]


def test_what_kills_every_worker_is_given_up(cast, waiting):
    with acting_as(cast.partner_admin.viewer):
        WebhookDelivery.objects.update(attempts=deliveries.TRIES)
    assert deliveries.claim(now=timezone.now()) is None
    assert rows(cast.partner_admin)[0].status == "dead"


def test_a_receiver_that_cannot_be_prepared_does_not_stop_the_others(cast, waiting, receiver, listen, claim):
    listen(cast.admin)
    with acting_as(cast.partner_admin.viewer):
        WebhookEndpoint.objects.update(secret=b"\x01" * 60)
    change(cast, claim, "suspended")
    assert tell() == 1
    assert state(waiting, cast.partner_admin).resume_at is not None


def test_pause_keeps_and_resume_sends(cast, waiting, receiver):
    admin = cast.partner_admin.viewer
    with acting_as(admin):
        webhooks.pause(endpoint=state(waiting, cast.partner_admin), by=admin, now=NOW, why="Moving house")
    assert tell() == 0
    with acting_as(admin):
        webhooks.resume(endpoint=state(waiting, cast.partner_admin), by=admin, now=timezone.now())
    assert tell() == 1
    assert len(receiver.receipts) == 1


def test_a_test_event_goes_the_same_way(cast, receiver, listen):
    endpoint = listen(cast.partner_admin)
    with acting_as(cast.partner_admin.viewer):
        webhooks.test(endpoint=endpoint, by=cast.partner_admin.viewer, now=timezone.now())
    assert tell() == 1
    assert (receiver.receipts[0].type, receiver.receipts[0].subject) == (
        "agencies.webhook.test",
        str(endpoint.pk),
    )


def test_another_agencys_administrator_does_nothing(cast, receiver, listen):
    endpoint, stranger = listen(cast.partner_admin), cast.stranger_admin.viewer
    for act in (webhooks.rotate, webhooks.resume, webhooks.test, webhooks.replay):
        with acting_as(stranger), pytest.raises(NotPermitted):
            act(endpoint=endpoint, by=stranger, now=NOW)
    with acting_as(stranger):
        assert not WebhookEndpoint.objects.exists(), "the database's own wall"


def test_to_a_private_address_nothing_goes(cast, waiting):
    with acting_as(cast.partner_admin.viewer):
        WebhookEndpoint.objects.update(url="https://localhost:8443/hooks")
    sending = deliveries.claim(now=timezone.now())
    assert sending is not None
    assert deliveries.attempt(sending, now=NOW) == Problem.FORBIDDEN
    assert deliveries.attempt(replace(sending, url="nonsense"), now=NOW) == Problem.FORBIDDEN
    deliveries.settle(sending=sending, outcome=Problem.FORBIDDEN, now=timezone.now())
    assert rows(cast.partner_admin)[0].problem == "forbidden"
