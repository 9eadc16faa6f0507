"""Is anything unreadable when an agency's key is changed and whoever changes it is killed again and again?

So many people are registered, each with a telephone. The command is started as an operator starts it, and killed (SIGKILL) at points
of the work drawn at random; between kills people's telephones must open, whichever of the two keys wraps theirs. At last it
is let run to its end; then the key-encryption key is changed, and the old ones are taken away.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from agencies.access import enter, worker_for
from agencies.actions import keys
from agencies.models import Agency
from refugeecm import services
from refugeecm.core import crypto
from refugeecm.demonstration.scratch import Ground
from registration.actions import events as influx
from registration.actions import people, sealing
from registration.models import Individual
from registration.rules.arrivals import read_row

BATCH = 1000
LOOKED_AT = 100  # people whose telephones are opened after each kill
_DONE = "SELECT count(*) FROM registration_personkey WHERE get_byte(wrapped, 1) = 1"


def prove(
    ground: Ground, *, rows: int, kills: int, seed: int, now: datetime, say: Callable[[str], None]
) -> dict[str, Any]:
    """Change the key of so many people's agency, killed so many times; return figures, and `proven`."""
    chance, started = random.Random(seed), time.monotonic()  # noqa: S311 - reproducible moments
    name = ground.database("keys")
    with ground.using(name):
        _register(rows, now)
    say(f"{rows:,} people registered")
    begun, unreadable, killed, done_at_kills = time.monotonic(), 0, 0, list[int]()
    for point in sorted(chance.randrange(rows) for _kill in range(kills)):
        killed += _kill_at(ground, name, point)
        done_at_kills.append(_done(ground, name))
        with ground.using(name):
            unreadable += LOOKED_AT - _opening(chance.sample(range(rows), min(LOOKED_AT, rows)), LOOKED_AT)
        say(f"killed with {done_at_kills[-1]:,} of {rows:,} wrapped anew")
    was, newest = settings.KEY_ENCRYPTION_KEYS, {"9": crypto.new_key()}
    try:
        with ground.using(name):
            keys.rotate(agency=Agency.objects.get(code="BORDER"), now=now)
            rotated = time.monotonic()
            settings.KEY_ENCRYPTION_KEYS = newest | was
            rewrapped = keys.rewrap_all()
        settings.KEY_ENCRYPTION_KEYS = newest  # the old ones are gone
        with ground.using(name), transaction.atomic():
            agency = Agency.objects.get(code="BORDER")
            enter(worker_for(agency), reason="prove")
            one_key = len(agency.key.plain().keys) == 1
            left = keys.left(agency=agency)
            opened = _opening(range(rows), rows)
    finally:
        settings.KEY_ENCRYPTION_KEYS = was
    return {
        "rows": rows,
        "killed": killed,
        "done_at_kills": done_at_kills,
        "by_the_new_key_encryption_key": rewrapped,
        "unreadable": unreadable + rows - opened,
        "left_with_the_old_key": left,
        "old_key_given_up": one_key,
        "rotation_seconds": round(rotated - begun, 1),
        "seconds": round(time.monotonic() - started, 1),
        "proven": opened == rows and not unreadable and not left and one_key and killed == kills,
    }


def _phone(number: int) -> str:
    return f"+235{60_000_000 + number}"


def _register(rows: int, now: datetime) -> None:
    viewer = worker_for(Agency.objects.get(code="BORDER"))
    with transaction.atomic():
        enter(viewer, reason="prove")
        event = influx.draft(slug="keys", name="Keys", by=viewer, now=now)
    for start in range(0, rows, BATCH):
        with transaction.atomic():
            enter(viewer, reason="prove")
            arrivals = [
                people.Arrival(members=[_row(number, now)], ordinals=[number], source_ref=str(number))
                for number in range(start, min(start + BATCH, rows))
            ]
            people.register(arrivals=arrivals, by=viewer, now=now, event=event)


def _row(number: int, now: datetime) -> Any:
    given = {
        "given_name": "Amal", "family_name": f"N{number}", "sex": "F", "nationality": "SDN", "record_id": str(number),
        "phone": _phone(number), "relationship_to_head": "head", "registration_date": now.date().isoformat(),
    }  # fmt: skip
    row, errors = read_row(given, today=now.date())
    if row is None:
        raise ValueError(f"An invented row is wrong: {errors}")
    return row


def _opening(numbers: Any, expected: int) -> int:
    """Return how many of the people with these numbers have the telephone that was written, as their agency sees it."""
    good, listed = expected - len(numbers), list(numbers)
    for start in range(0, len(listed), BATCH):
        with transaction.atomic():
            enter(worker_for(Agency.objects.get(code="BORDER")), reason="prove")
            some = [str(one) for one in listed[start : start + BATCH]]
            found = list(Individual.objects.filter(source_ref__in=some))
            opener = sealing.Opener([one.pk for one in found])
            for one in found:
                try:
                    good += opener.phone(one).replace(" ", "") == _phone(int(one.source_ref))
                except crypto.Unreadable:
                    continue
    return good


def _done(ground: Ground, name: str) -> int:
    return int(ground.run(name, _DONE)[0][0])


def _kill_at(ground: Ground, name: str, point: int) -> bool:
    """Start the command, and kill it once so much is done; return whether it was still at work."""
    command = [sys.executable, str(services.ROOT / "manage.py"), "rotate_keys", "--agency", "BORDER"]
    at_work = subprocess.Popen(
        command, env=dict(ground.environment(name)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while at_work.poll() is None and _done(ground, name) <= point:
        time.sleep(0.02)
    running = at_work.poll() is None
    at_work.kill()
    at_work.wait()
    return running
