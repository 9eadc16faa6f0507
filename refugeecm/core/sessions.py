"""Where is somebody signed in, and how is that ended?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

_BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
_SYSTEMS = {
    "Windows": "Windows",
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Mac OS": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


@dataclass(frozen=True)
class SignedIn:
    """One session that is still good. The key never leaves this module; `pk` names the session on pages."""

    pk: int
    device: str  # "Firefox · Linux", or nothing when the browser does not say
    since: datetime
    seen_at: datetime
    current: bool


def device_of(user_agent: str) -> str:
    """Return browser and system in words, from what the browser says about itself."""
    said = [
        next((name for sign, name in names.items() if sign in user_agent), "")
        for names in (_BROWSERS, _SYSTEMS)
    ]
    return " · ".join(word for word in said if word)


def note(request: HttpRequest) -> None:
    """Remember a session that somebody has just begun; allauth does so for its own doors."""
    UserSession.objects.create_from_request(request)


def of(user_id: int, *, now: datetime, current: str | None = None) -> list[SignedIn]:
    """Return the sessions of a user that would still be let in, newest use first; `current` is the key of the asking one.

    Two statements. A session left alone for longer than IDLE_SECONDS is over (agencies.access), whatever the table says.
    """
    known = {one.session_key: one for one in UserSession.objects.filter(user_id=user_id)}
    found = []
    for row in Session.objects.filter(session_key__in=known, expire_date__gt=now):
        one, seen = known[row.session_key], row.get_decoded().get("seen")
        seen_at = datetime.fromtimestamp(seen, UTC) if seen else one.created_at
        if now - seen_at <= timedelta(seconds=settings.IDLE_SECONDS):
            found.append(
                SignedIn(
                    one.pk, device_of(one.user_agent), one.created_at, seen_at, row.session_key == current
                )
            )
    return sorted(found, key=lambda one: one.seen_at, reverse=True)


def over(*, before: datetime) -> QuerySet[UserSession]:
    """Return the notes of sessions, last used before the moment given, that are gone themselves."""
    kept = Session.objects.filter(session_key=OuterRef("session_key"))
    return UserSession.objects.filter(~Exists(kept), last_seen_at__lt=before)


def end(user_id: int, *, only: Iterable[int] | None = None, but: str | None = None) -> int:
    """End the sessions of a user, or `only` those, but for the one with the key `but`; return how many. At the next request."""
    found = UserSession.objects.filter(user_id=user_id)
    if only is not None:
        found = found.filter(pk__in=list(only))
    keys = [key for key in found.values_list("session_key", flat=True) if key != but]
    Session.objects.filter(session_key__in=keys).delete()
    found.filter(session_key__in=keys).delete()
    return len(keys)
