"""Is every event told, in order and signed, when workers are killed, one receiver is slow and one is dead; and nothing to ourselves?

A demonstration world, real workers and a real beat on servers of their own (the set "webhooks"), and three real receivers of one
partner, which verify with the library that partners use. The dead one comes back at the end and gets all that has waited.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from agencies.access import enter, webhook_for, worker_for
from agencies.actions import webhooks
from agencies.models import Agency, WebhookEndpoint
from cases.actions import claims
from cases.enums import ClaimStatus
from cases.models import Claim
from refugeecm import processes
from refugeecm.core import http
from refugeecm.demonstration import world
from refugeecm.demonstration.proofs.imports import Say, Stuck, Workers, servers
from refugeecm.demonstration.receivers import FORBIDDEN, Receiver, resolving
from refugeecm.demonstration.scratch import Ground

SET = "webhooks"
PARTNER = "UNRA"  # BORDER shows it claims of an influx event (demonstration.dealings)
PATIENCE = 240.0  # seconds without anything arriving after which the proof gives up
TOGETHER = 20  # events between two looks at the workers
_OPEN = (ClaimStatus.REGISTERED, ClaimStatus.EXAMINATION, ClaimStatus.SUSPENDED)
_CHANNEL = (
    "UPDATE agencies_agreement SET channels = array_append(channels, 'webhooks') WHERE status = 'active'"
)
# In the order of the outbox, which keeps the order of a claim: what has to be told, and of which claim.
_EVENTS = (
    "SELECT message_id::text, payload->'subjects'->>0 FROM core_outboxmessage"
    " WHERE topic = 'cases.claim.status_changed' AND id > {after} ORDER BY id"
)
_LAST = "SELECT coalesce(max(id), 0) FROM core_outboxmessage"
_STATES = "SELECT status, count(*)::int FROM agencies_webhookdelivery GROUP BY status"


@dataclass
class Scene:
    """Everything that takes part."""

    ground: Ground
    database: str
    workers: Workers
    receivers: dict[str, Receiver]
    chance: random.Random
    say: Say
    after: int = 0
    kills: dict[str, int] = field(default_factory=lambda: {"pool": 0, "node": 0})

    def arrived(self, *names: str) -> int:
        """Return how many different events have come to these receivers."""
        return sum(len({one.event_id for one in self.receivers[name].receipts}) for name in names)

    def kill(self) -> None:
        """Kill a pool process or a node, in turn."""
        self.kills[self.workers.kill(self.chance, pool=self.kills["pool"] <= self.kills["node"])] += 1
        self.say(f"killed: {self.kills}")


def prove(*, events: int, kills: int, seed: int, now: Callable[[], datetime], say: Say) -> dict[str, Any]:
    """Tell of so many events under so many kills; return figures: `lost`, `out_of_order`, `resent` …, and `proven`."""
    started = time.monotonic()
    receivers = {"good": Receiver(), "slow": Receiver(delay=0.1), "dead": Receiver()}
    origins = [one.origin for one in receivers.values()]
    was, settings.LOOPBACK_ORIGINS = settings.LOOPBACK_ORIGINS, origins
    os.environ["LOOPBACK_ORIGINS"] = ",".join(origins)
    for name in ("good", "slow"):
        receivers[name].start()
    try:
        with servers(SET) as (place, redis_url), tempfile.TemporaryDirectory() as directory:
            ground = Ground(sockets=str(place.sockets), redis_url=redis_url, now=now())
            try:
                database = _world(ground, seed=seed, now=now())
                workers = Workers(ground, database, Path(directory))
                chance = random.Random(seed)  # noqa: S311 - reproducible moments
                scene = Scene(ground, database, workers, receivers, chance, say)
                try:
                    with ground.using(database):
                        figures = _run(scene, events, kills, now)
                finally:
                    workers.stop()
            finally:
                ground.close()
    finally:
        settings.LOOPBACK_ORIGINS = was
        for receiver in receivers.values():
            receiver.stop()
    forms = _forbidden(now())
    proven = figures["proven"] and forms["refused"] == forms["forms"] >= 17
    return {**figures, "forbidden": forms, "seconds": round(time.monotonic() - started, 1), "proven": proven}


def _world(ground: Ground, *, seed: int, now: datetime) -> str:
    """Return a database with a demonstration world whose agreements open webhooks too."""
    name = ground.database("webhooks")
    ground.run(name, "TRUNCATE agencies_agency CASCADE")  # the world brings its own border office
    with ground.using(name):
        world.make(people=400, seed=seed, now=now)
    ground.run(name, _CHANNEL)
    return name


def _run(scene: Scene, events: int, kills: int, now: Callable[[], datetime]) -> dict[str, Any]:
    partner, owner = Agency.objects.get(code=PARTNER), Agency.objects.get(code="BORDER")
    endpoints = {}
    for name, receiver in scene.receivers.items():
        by = worker_for(partner)
        with transaction.atomic():
            enter(by, reason="proof")
            made, receiver.secret = webhooks.add(url=receiver.url, topics=[claims.MOVED], by=by, now=now())
        endpoints[name] = made
    with transaction.atomic():
        enter(webhook_for(partner), reason="proof")
        shown = Claim.objects.visible_to(webhook_for(partner)).filter(agency=owner, status__in=_OPEN)
        known = list(islice(shown.order_by("pk").values_list("pk", flat=True), 40))
    if not known:
        raise Stuck("The partner sees no open claim; the demonstration world has changed.")
    scene.after = scene.ground.run(scene.database, _LAST)[0][0]
    due = sorted(scene.chance.uniform(0.05, 0.95) for _kill in range(kills))
    for done in range(0, events, TOGETHER):
        scene.workers.tend()
        _happen(owner, known, min(TOGETHER, events - done), scene.chance, now)
        # Workers must be at it while they are killed: what happens runs only so far ahead of what the good one got.
        _until(scene, partial(_has, scene, done - 5 * TOGETHER), due, 2 * events)
    scene.say(f"{events} events happened; waiting for what is told of them")
    _until(scene, lambda: scene.arrived("good", "slow") >= 2 * events and not due, due, 2 * events)
    waited = dict(scene.ground.run(scene.database, _STATES))
    scene.say("the dead receiver comes back")
    scene.receivers["dead"].start()
    with transaction.atomic():
        by = worker_for(partner)
        enter(by, reason="proof")
        dead = WebhookEndpoint.objects.visible_to(by).get(pk=endpoints["dead"].pk)
        if dead.status == "active":
            webhooks.pause(endpoint=dead, by=by, now=now(), why="It was dead.")
        webhooks.resume(endpoint=dead, by=by, now=now())
    _until(scene, lambda: scene.arrived("dead") >= events, [], 1)
    time.sleep(1)  # so that the last answers are noted
    return {
        "events": events,
        "kills": scene.kills,
        "waited_for_the_dead": waited.get("waiting", 0),
        **_account(scene, events),
    }


def _happen(
    owner: Agency, known: list[uuid.UUID], count: int, chance: random.Random, now: Callable[[], datetime]
) -> None:
    """Change the status of claims at random, as caseworkers do."""
    by = worker_for(owner)
    for _event in range(count):
        with transaction.atomic():
            enter(by, reason="proof")
            claim = Claim.objects.owned_by(by).get(pk=chance.choice(known))
            examined = claim.status == ClaimStatus.EXAMINATION
            to = ClaimStatus.SUSPENDED if examined else ClaimStatus.EXAMINATION
            claims.change_status(claim=claim, to=to, by=by, now=now())


def _has(scene: Scene, count: int) -> bool:
    return scene.arrived("good") >= count


def _until(scene: Scene, reached: Callable[[], bool], due: list[float], total: int) -> None:
    """Wait until something is so; kill a worker whenever what has arrived passes the next of the points."""
    count, moved = -1, time.monotonic()
    while True:
        scene.workers.tend()
        arrived = scene.arrived("good", "slow", "dead")
        if arrived != count:
            count, moved = arrived, time.monotonic()
        while due and due[0] * total <= scene.arrived("good", "slow"):
            due.pop(0)
            time.sleep(scene.chance.random() * 0.1)
            scene.kill()
        if reached():
            return
        if time.monotonic() - moved > PATIENCE:
            log = processes.tail(scene.workers.directory / "worker.log")
            raise Stuck(f"Nothing has arrived for {PATIENCE:.0f} s; logs end with:\n{log}")
        time.sleep(0.05)


def _account(scene: Scene, events: int) -> dict[str, Any]:
    """Compare what arrived with what happened, as the outbox says it, past all policies."""
    happened = scene.ground.run(scene.database, _EVENTS.format(after=scene.after))
    expected = {
        str(uuid.uuid5(uuid.UUID(message), subject)): place
        for place, (message, subject) in enumerate(happened)
    }
    lost = resent = disordered = unsigned = strange = 0
    seconds: dict[str, float] = {}
    for name, receiver in scene.receivers.items():
        first = list({one.event_id: one for one in receiver.receipts}.values())
        lost += len(expected.keys() - {one.event_id for one in first})
        strange += sum(one.event_id not in expected for one in first)
        resent += len(receiver.receipts) - len(first)
        unsigned += receiver.unsigned
        last: dict[str, int] = defaultdict(lambda: -1)
        for one in first:
            disordered += expected.get(one.event_id, -1) <= last[one.subject]
            last[one.subject] = max(last[one.subject], expected.get(one.event_id, -1))
        waits = sorted(one.at - datetime.fromisoformat(one.happened_at).timestamp() for one in first)
        seconds[name] = round(waits[int(0.95 * (len(waits) - 1))], 1)
    states = dict(scene.ground.run(scene.database, _STATES))
    calm = lost == disordered == unsigned == strange == 0 and len(expected) == events
    return {
        "deliveries": 3 * events,
        "lost": lost,
        "out_of_order": disordered,
        "resent": resent,
        "resent_share": round(resent / (3 * events), 4),
        "wrong_signatures": unsigned,
        "unknown": strange,
        "seconds_p95": seconds,
        "rows": states,
        "proven": calm and resent <= 0.02 * 3 * events and set(states) == {"delivered"},
    }


def _forbidden(now: datetime) -> dict[str, int]:
    """Try every form of an address inside, and a name that leads there; return how many were refused."""
    refused = 0
    for host in FORBIDDEN:
        refused += _is_refused(f"https://{host}/hooks", now)
    with resolving("hooks.example", "127.0.0.1"):
        refused += _is_refused("https://hooks.example/hooks", now)
    return {"forms": len(FORBIDDEN) + 1, "refused": refused}


def _is_refused(url: str, now: datetime) -> bool:
    try:
        http.post(url, body=b"{}", headers={}, now=now)
    except http.Refused:
        return True
    except http.Unreachable:
        return False
    return False
