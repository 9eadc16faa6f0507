"""When is a session on a shared desk locked, and what may be done until it is unlocked?"""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.http import HttpRequest

from agencies.models import DeskPin

COOKIE = "desk"
# What a locked session still answers: unlocking, leaving, and choosing the language of that page.
WHEN_LOCKED = frozenset({"desk-unlock", "account_logout", "set_language"})


def browser_of(request: HttpRequest) -> bytes:
    """Return what a browser is known by, 32 bytes; empty for one that was never enrolled."""
    token = request.COOKIES.get(COOKIE, "")
    return hashlib.sha256(token.encode()).digest() if token else b""


def recognise(request: HttpRequest) -> None:
    """Note in a session that has just begun whether its person has a PIN on this browser; wrong tries are forgotten."""
    if not browser_of(request):
        return
    found = DeskPin.objects.filter(user_id=request.user.pk or 0, browser=browser_of(request))
    if found.update(failures=0):
        request.session["desk"] = str(found.values_list("pk", flat=True).get())


def locked(request: HttpRequest, *, idle: int) -> bool:
    """Answer whether the session is locked, after so many seconds without a request; it locks itself when there were too many."""
    if request.session.get("desk") and idle > settings.DESK_LOCK_SECONDS:
        request.session.setdefault("locked", True)
    return bool(request.session.get("locked"))
