"""How does a shared desk get a PIN, and what does a wrong one do?"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from agencies.access import Viewer
from agencies.models import DeskPin
from agencies.policies import NotPermitted
from refugeecm.core import events
from refugeecm.core.ids import uuid7

ENROLLED = events.declare("agencies.desk.enrolled", "Somebody set a PIN for locking a shared desk.")
FORGOTTEN = events.declare("agencies.desk.forgotten", "A shared desk was given up.")
SHUT = events.declare("agencies.desk.shut", "A session was ended after five wrong PINs.")
TRIES = 5
SHORTEST = 6


@transaction.atomic
def enrol(*, by: Viewer, browser: bytes, pin: str, now: datetime) -> DeskPin:
    """Set the viewer's PIN on a browser, or change it. Raises NotPermitted for one that is guessed in five tries."""
    if not (pin.isascii() and pin.isdigit() and SHORTEST <= len(pin) <= 20):
        raise NotPermitted(_("Use at least six digits."))
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    if len(set(pin)) < 3 or (len(steps) == 1 and steps <= {1, 9}):
        raise NotPermitted(_("Choose a PIN that nobody guesses: no row of digits, not the same one again."))
    made, _new = DeskPin.objects.update_or_create(
        user_id=by.user_id or 0,
        browser=browser,
        defaults={"pin": make_password(pin), "failures": 0},
        create_defaults={"id": uuid7(now), "pin": make_password(pin), "created_at": now},
    )
    _record(ENROLLED, made, by, now)
    return made


@transaction.atomic
def forget(*, desk: DeskPin, by: Viewer, now: datetime) -> None:
    """Give a desk up: sessions there can no longer be locked."""
    _record(FORGOTTEN, desk, by, now)
    desk.delete()


@transaction.atomic
def opens(*, desk: DeskPin, pin: str, now: datetime) -> bool:
    """Answer whether the PIN opens the desk. The try is counted before it is looked at: no two count as one."""
    if not DeskPin.objects.filter(pk=desk.pk, failures__lt=TRIES).update(failures=F("failures") + 1):
        return False
    if not check_password(pin, desk.pin):
        return False
    DeskPin.objects.filter(pk=desk.pk).update(failures=0, used_at=now)
    return True


@transaction.atomic
def left(*, desk: DeskPin, by: Viewer, now: datetime) -> int:
    """Return how many tries are left; none left is recorded."""
    desk.refresh_from_db(fields=["failures"])
    if desk.failures >= TRIES:
        _record(SHUT, desk, by, now)
    return max(0, TRIES - desk.failures)


def _record(name: str, desk: DeskPin, by: Viewer, now: datetime) -> None:
    events.note(name, "desk", desk.pk, by=by, now=now)
