"""How does an event reach the systems that may know of it, once for sure and in order, whoever is slow, dead or killed?

A row for every receiver and event. A worker locks the receiver for its session and counts the try in a short transaction, talks to the
network outside of any, and notes the outcome in a second one. When it dies, its connection ends, the lock goes and the row waits:
no lease, no clock. It may then be sent twice, under the same id (docs/decisions/0014).
"""

from __future__ import annotations

import logging
import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import connection, transaction
from standardwebhooks import Webhook

from agencies import channels
from agencies.access import enter, webhook_for
from agencies.actions.webhooks import LIFE, PAUSED, WAITS, close, record
from agencies.enums import DeliveryStatus, EndpointStatus, Problem
from agencies.models import Agency, WebhookDelivery, WebhookEndpoint
from refugeecm.core import http, outbox
from refugeecm.core.bulk import insert
from refugeecm.core.models import OutboxMessage
from refugeecm.core.transitions import move

log = logging.getLogger(__name__)
TRIES = len(WAITS) + 1
BREAKER = 5  # failures in a row after which a receiver is left in peace, each time longer
REST, LONGEST_REST = timedelta(seconds=5), timedelta(minutes=15)
LONGEST_WAIT = timedelta(hours=24)  # for which a receiver may ask
_chance = secrets.SystemRandom()


@dataclass(frozen=True)
class Sending:
    """One try that a worker has begun: where to, what, and for whom."""

    delivery_id: int
    endpoint_id: uuid.UUID
    agency: Agency
    url: str
    body: bytes
    headers: dict[str, str]


# ---- who is told


def fan_out(*, message: OutboxMessage, now: datetime) -> None:
    """Write a delivery for every receiver that wants this event and whose agency may know of its subject at this moment."""
    subjects = outbox.subjects(message.payload)
    for agency in _agencies("SELECT agency_id FROM agencies_webhooks_for(%s)", message.topic):
        viewer = webhook_for(agency)
        enter(viewer, reason="webhook.fan_out")
        known = channels.known(message.topic, viewer=viewer, ids=subjects)
        wanting = WebhookEndpoint.objects.visible_to(viewer).exclude(status=EndpointStatus.ENDED)
        endpoints = list(wanting.filter(topics__contains=[message.topic]).values_list("pk", flat=True))
        rows = [
            {
                "event_id": uuid.uuid5(message.message_id, str(subject)),
                "endpoint_id": endpoint,
                "agency_id": agency.pk,
                "topic": message.topic,
                "subject_id": subject,
                "case": known[subject].case,
                "change_seq": known[subject].change_seq,
                "happened_at": message.created_at,
                "status": DeliveryStatus.WAITING,
                "attempts": 0,
                "next_at": now,
                "give_up_at": now + LIFE,
                "problem": "",
            }
            for endpoint in endpoints
            for subject in subjects
            if subject in known
        ]
        insert(WebhookDelivery, rows, ignore_conflicts=True)


def cancel_hidden(*, agency: Agency, now: datetime) -> int:
    """Cancel what waits for an agency's receivers and is about subjects that it may not know of any more; return how many."""
    count = 0
    viewer = webhook_for(agency)
    enter(viewer, reason="webhook.cancel")
    waiting = WebhookDelivery.objects.visible_to(viewer).waiting()
    for topic in list(waiting.values_list("topic", flat=True).order_by("topic").distinct()):
        of_topic = waiting.filter(topic=topic)
        subjects = list(of_topic.values_list("subject_id", flat=True).order_by("subject_id").distinct())
        for start in range(0, len(subjects), 1000):
            some = subjects[start : start + 1000]
            hidden = set(some) - set(channels.known(topic, viewer=viewer, ids=some))
            if hidden:
                gone = of_topic.filter(subject_id__in=hidden)
                count += gone.update(status=DeliveryStatus.CANCELLED, finished_at=now)
    return count


# ---- one try


def claim(*, now: datetime, busy: Collection[uuid.UUID] = ()) -> Sending | None:
    """Begin the next try to a receiver that nobody else is sending to, whose turn was longest ago; None where there is none.

    `busy`: receivers to which this worker is sending already. Whoever gets a Sending settles it, in the same session.
    """
    for endpoint_id, agency_id in _rows("SELECT endpoint_id, agency_id FROM agencies_webhooks_due(%s)", now):
        if endpoint_id in busy or not _lock_for_session(endpoint_id):
            continue
        sending = None
        try:
            sending = _begin(endpoint_id, Agency.objects.select_related("key").get(pk=agency_id), now)
        except Exception:
            # One that cannot even be prepared (its agency's key is gone, say) must not keep the others waiting.
            log.exception("Nothing can be sent to receiver %s", endpoint_id)
            _rest(endpoint_id, agency_id, now + LONGEST_REST)
        finally:
            if sending is None:
                _unlock_for_session(endpoint_id)
        if sending is not None:
            return sending
    return None


@transaction.atomic
def _begin(endpoint_id: uuid.UUID, agency: Agency, now: datetime) -> Sending | None:
    """Choose what is next for a receiver, ask once more whether it may be told, count the try, and sign."""
    viewer = webhook_for(agency)
    enter(viewer, reason="webhook.send")
    active = WebhookEndpoint.objects.visible_to(viewer).filter(pk=endpoint_id, status=EndpointStatus.ACTIVE)
    endpoint = active.select_for_update(no_key=True).first()
    if endpoint is None:
        return None
    deliveries = WebhookDelivery.objects.visible_to(viewer)
    while (delivery := deliveries.next_of(endpoint, now=now)) is not None:
        if not channels.known(delivery.topic, viewer=viewer, ids=[delivery.subject_id]):
            move(delivery, to=DeliveryStatus.CANCELLED, finished_at=now)
        elif delivery.attempts >= TRIES:  # whoever tried it died of it, every time
            move(delivery, to=DeliveryStatus.DEAD, finished_at=now)
        else:
            break
    if delivery is None:
        return None
    delivery.attempts += 1
    delivery.save(update_fields=["attempts"])
    endpoint.tried_at = now
    endpoint.save(update_fields=["tried_at"])
    data = {"id": delivery.subject_id, "change_seq": delivery.change_seq}
    body = orjson.dumps({"type": delivery.topic, "timestamp": delivery.happened_at, "data": data}).decode()
    event_id = str(delivery.event_id)
    signed = [
        Webhook(secret).sign(event_id, now, body)
        for secret in endpoint.secrets(key=agency.key.plain(), now=now)
    ]
    headers = {
        "Content-Type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signed),
    }
    return Sending(delivery.pk, endpoint.pk, agency, endpoint.url, body.encode(), headers)


def attempt(sending: Sending, *, now: datetime) -> http.Answer | Problem:
    """Talk to the receiver; touches no database, so that it can run in a thread."""
    try:
        return http.post(sending.url, body=sending.body, headers=sending.headers, now=now)
    except http.Refused:
        return Problem.FORBIDDEN
    except http.Unreachable as error:
        return Problem.SLOW if error.slow else Problem.UNREACHABLE
    except Exception:  # whatever a stranger answers must not end the work for all others
        log.exception("Talking to receiver %s failed in an unknown way", sending.endpoint_id)
        return Problem.UNREACHABLE


def settle(*, sending: Sending, outcome: http.Answer | Problem, now: datetime) -> None:
    """Note how a try ended, and let others send to this receiver."""
    try:
        with transaction.atomic():
            viewer = webhook_for(sending.agency)
            enter(viewer, reason="webhook.settle")
            endpoints = WebhookEndpoint.objects.visible_to(viewer).select_for_update(no_key=True)
            endpoint = endpoints.get(pk=sending.endpoint_id)
            deliveries = WebhookDelivery.objects.visible_to(viewer).select_for_update()
            delivery = deliveries.get(pk=sending.delivery_id)
            if isinstance(outcome, http.Answer) and 200 <= outcome.status < 300:
                _succeeded(endpoint, delivery, outcome.status, now)
            else:
                _failed(endpoint, delivery, outcome, now)
    finally:
        _unlock_for_session(sending.endpoint_id)


def _succeeded(endpoint: WebhookEndpoint, delivery: WebhookDelivery, status: int, now: datetime) -> None:
    if delivery.status == DeliveryStatus.WAITING:
        found: dict[str, Any] = {"response_code": status, "problem": "", "finished_at": now}
        move(delivery, to=DeliveryStatus.DELIVERED, **found)
    if endpoint.failures or endpoint.resume_at:
        endpoint.failures, endpoint.failing_since, endpoint.resume_at = 0, None, None
        endpoint.save(update_fields=["failures", "failing_since", "resume_at"])


def _failed(
    endpoint: WebhookEndpoint, delivery: WebhookDelivery, outcome: http.Answer | Problem, now: datetime
) -> None:
    answer = outcome if isinstance(outcome, http.Answer) else None
    found: dict[str, Any] = {
        "response_code": answer.status if answer else None,
        "problem": Problem.STATUS if answer else outcome,
    }
    asked = min(timedelta(seconds=(answer and answer.retry_after) or 0), LONGEST_WAIT)
    if delivery.status == DeliveryStatus.WAITING:
        if delivery.attempts >= TRIES or now >= delivery.give_up_at:
            move(delivery, to=DeliveryStatus.DEAD, finished_at=now, **found)
        else:
            wait = WAITS[delivery.attempts - 1] * _chance.uniform(1, 1.2)
            delivery.next_at = now + max(wait, asked)
            delivery.response_code, delivery.problem = found["response_code"], found["problem"]
            delivery.save(update_fields=["next_at", "response_code", "problem"])
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    over = min(endpoint.failures - BREAKER, 20)
    rest = max(asked, min(REST * 2**over, LONGEST_REST) if over >= 0 else asked)
    endpoint.resume_at = now + rest if rest else None
    endpoint.save(update_fields=["failures", "failing_since", "resume_at"])
    if endpoint.status == EndpointStatus.ENDED:
        return
    if answer and answer.status == 410:
        close(endpoint=endpoint, by=None, now=now, why="410")
    elif endpoint.status == EndpointStatus.ACTIVE and now - endpoint.failing_since >= LIFE:
        _give_up(endpoint, now)


def _give_up(endpoint: WebhookEndpoint, now: datetime) -> None:
    """Pause a receiver that has failed for three days; its administrators are told."""
    late = WebhookDelivery.objects.waiting().filter(endpoint=endpoint, give_up_at__lte=now)
    late.update(status=DeliveryStatus.DEAD, finished_at=now)
    move(endpoint, to=EndpointStatus.PAUSED, why="failing")
    record(PAUSED, endpoint, by=None, now=now)


# ---- the ground


@transaction.atomic
def _rest(endpoint_id: uuid.UUID, agency_id: int, until: datetime) -> None:
    viewer = webhook_for(Agency.objects.get(pk=agency_id))
    enter(viewer, reason="webhook.rest")
    WebhookEndpoint.objects.visible_to(viewer).filter(pk=endpoint_id).update(resume_at=until)


def _agencies(sql: str, *parameters: Any) -> list[Agency]:
    return list(Agency.objects.filter(pk__in=[row[0] for row in _rows(sql, *parameters)]).order_by("pk"))


def _rows(sql: str, *parameters: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def _lock_for_session(endpoint_id: uuid.UUID) -> bool:
    return bool(_rows("SELECT pg_try_advisory_lock(%s, %s)", 7264, endpoint_id.int % 2**31)[0][0])


def _unlock_for_session(endpoint_id: uuid.UUID) -> None:
    _rows("SELECT pg_advisory_unlock(%s, %s)", 7264, endpoint_id.int % 2**31)
