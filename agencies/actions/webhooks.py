"""How does an agency's system come to be told of events, and what can its administrators do about it?"""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from agencies import channels, policies
from agencies.access import Permission, Viewer
from agencies.enums import DeliveryStatus, EndpointStatus
from agencies.models import WebhookDelivery, WebhookEndpoint
from refugeecm.core import crypto, events, http
from refugeecm.core.ids import uuid7
from refugeecm.core.transitions import move

ADDED = events.declare("agencies.webhook.added", "A receiver of webhooks was added.")
ROTATED = events.declare("agencies.webhook.rotated", "A receiver of webhooks got a new secret.")
PAUSED = events.declare("agencies.webhook.paused", "A receiver of webhooks was paused.")
RESUMED = events.declare("agencies.webhook.resumed", "A paused receiver of webhooks is told of events again.")
ENDED = events.declare(
    "agencies.webhook.ended", "A receiver of webhooks was ended; what waited for it was cancelled."
)
REPLAYED = events.declare("agencies.webhook.replayed", "Deliveries that had been given up are sent again.")

AT_MOST = 10  # receivers of one agency
# Standard Webhooks 1.0, "Retries": the first try at once, then after so long each; ten tries in three days.
WAITS = tuple(
    timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
)
LIFE = timedelta(hours=76)  # the sum of the waits: then nobody tries any more
OVERLAP = timedelta(hours=24)  # in which the secret before still signs


@transaction.atomic
def add(*, url: str, topics: Sequence[str], by: Viewer, now: datetime) -> tuple[WebhookEndpoint, str]:
    """Add a receiver to the viewer's agency; return it with its secret, which is never shown again.

    Raises policies.NotPermitted, also for an address to which nothing may ever be sent.
    """
    _check(by)
    try:
        http.check(url)
    except http.Refused as error:
        raise policies.NotPermitted(
            _(
                "Nothing can be sent there. Give a public address that begins with https:// and holds no password."
            )
        ) from error
    if not topics or set(topics) - set(channels.offered()):
        raise policies.NotPermitted(_("Choose at least one of the events."))
    standing = WebhookEndpoint.objects.visible_to(by).exclude(status=EndpointStatus.ENDED)
    if standing.count() >= AT_MOST:
        raise policies.NotPermitted(_("Your agency has ten receivers already. End one of them first."))
    endpoint = WebhookEndpoint(
        id=uuid7(now),
        agency=by.agency,
        url=url,
        topics=list(topics),
        created_by_id=by.user_id,
        created_at=now,
    )
    told = _new_secret(endpoint)
    endpoint.save(force_insert=True)
    record(ADDED, endpoint, by=by.user_id, now=now)
    return endpoint, told


@transaction.atomic
def rotate(*, endpoint: WebhookEndpoint, by: Viewer, now: datetime) -> str:
    """Give a receiver a new secret and return it. The one before signs beside it for a day, so that nothing is refused meanwhile."""
    _check(by, endpoint)
    endpoint = WebhookEndpoint.objects.visible_to(by).select_for_update(no_key=True).get(pk=endpoint.pk)
    if endpoint.status == EndpointStatus.ENDED:
        raise policies.NotPermitted(_("This receiver has been ended. Add a new one."))
    endpoint.previous_secret, endpoint.previous_until = endpoint.secret, now + OVERLAP
    told = _new_secret(endpoint)
    endpoint.save(update_fields=["secret", "previous_secret", "previous_until"])
    record(ROTATED, endpoint, by=by.user_id, now=now)
    return told


@transaction.atomic
def pause(*, endpoint: WebhookEndpoint, by: Viewer, now: datetime, why: str) -> None:
    """Send nothing for now; what happens meanwhile waits."""
    _check(by, endpoint)
    move(endpoint, to=EndpointStatus.PAUSED, why=why)
    record(PAUSED, endpoint, by=by.user_id, now=now)


@transaction.atomic
def resume(*, endpoint: WebhookEndpoint, by: Viewer, now: datetime) -> None:
    """Send again, what has waited at once and with as many tries as a new event has."""
    _check(by, endpoint)
    fresh: dict[str, Any] = {"failures": 0, "failing_since": None, "resume_at": None, "why": ""}
    move(endpoint, to=EndpointStatus.ACTIVE, **fresh)
    waiting = WebhookDelivery.objects.visible_to(by).waiting().filter(endpoint=endpoint)
    waiting.update(next_at=now, give_up_at=now + LIFE, attempts=0)
    record(RESUMED, endpoint, by=by.user_id, now=now)


@transaction.atomic
def end(*, endpoint: WebhookEndpoint, by: Viewer, now: datetime, why: str) -> None:
    """Never send anything there again."""
    _check(by, endpoint)
    close(endpoint=endpoint, by=by.user_id, now=now, why=why)


@transaction.atomic
def test(*, endpoint: WebhookEndpoint, by: Viewer, now: datetime) -> None:
    """Send an event that tells of nothing, by the same way as every other."""
    _check(by, endpoint)
    if endpoint.status != EndpointStatus.ACTIVE:
        raise policies.NotPermitted(_("Nothing is sent to this receiver now. Resume it first."))
    WebhookDelivery.objects.create(
        event_id=uuid.uuid4(),
        endpoint=endpoint,
        agency_id=by.agency_id,
        topic=channels.TEST,
        subject_id=endpoint.pk,
        case=uuid.uuid4(),  # it waits for nothing
        change_seq=0,
        happened_at=now,
        next_at=now,
        give_up_at=now + LIFE,
    )
    rested = WebhookEndpoint.objects.visible_to(by).filter(pk=endpoint.pk)
    rested.update(resume_at=None)


@transaction.atomic
def replay(
    *, endpoint: WebhookEndpoint, by: Viewer, now: datetime, delivery: WebhookDelivery | None = None
) -> int:
    """Send a delivery that was given up again, or all of them; return how many. They keep their ids and their order."""
    _check(by, endpoint)
    if endpoint.status == EndpointStatus.ENDED:
        raise policies.NotPermitted(_("This receiver has been ended. Add a new one."))
    again: dict[str, Any] = {"attempts": 0, "next_at": now, "give_up_at": now + LIFE, "finished_at": None}
    if delivery is not None:
        move(delivery, to=DeliveryStatus.WAITING, **again)
        count = 1
    else:
        dead = WebhookDelivery.objects.visible_to(by).filter(endpoint=endpoint, status=DeliveryStatus.DEAD)
        count = dead.update(status=DeliveryStatus.WAITING, **again)
    WebhookEndpoint.objects.visible_to(by).filter(pk=endpoint.pk).update(resume_at=None)
    if count:
        record(REPLAYED, endpoint, by=by.user_id, now=now)
    return count


def close(*, endpoint: WebhookEndpoint, by: int | None, now: datetime, why: str) -> None:
    """End a receiver in the caller's transaction, for an administrator or because it answered that it is gone."""
    move(endpoint, to=EndpointStatus.ENDED, why=why)
    waiting = WebhookDelivery.objects.waiting().filter(endpoint=endpoint)
    waiting.update(status=DeliveryStatus.CANCELLED, finished_at=now)
    record(ENDED, endpoint, by=by, now=now)


def record(name: str, endpoint: WebhookEndpoint, *, by: int | None, now: datetime) -> None:
    """Record what happened to a receiver; what nobody did is told to the agency's administrators."""
    events.record(
        name,
        subject_type="webhook",
        subjects=[endpoint.pk],
        agency_id=endpoint.agency_id,
        by=by,
        now=now,
        details={"tell": [endpoint.agency_id]} if by is None else {},
        tell=by is None,
    )


def _new_secret(endpoint: WebhookEndpoint) -> str:
    """Put 32 random bytes, sealed, into the row; return them as receivers' libraries take them."""
    plain = secrets.token_bytes(32)
    endpoint.secret = crypto.seal(plain, key=endpoint.agency.key.plain(), place=endpoint.place)
    return f"whsec_{base64.b64encode(plain).decode()}"


def _check(by: Viewer, endpoint: WebhookEndpoint | None = None) -> None:
    foreign = endpoint is not None and endpoint.agency_id != by.agency_id
    if foreign or not by.may(Permission.WEBHOOK_MANAGE):
        raise policies.NotPermitted(_("Only an administrator of the receiver's agency can do this."))
