"""Who can be entered with one click, and with which key does the demonstration partner's system ask?

Only where manage.py started its own servers (services.started_here): no setting can open these doors anywhere else.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from allauth.idp.oidc.models import Client
from django.db import transaction
from django.urls import reverse

from agencies.access import Viewer, enter
from agencies.access.viewer import member
from agencies.actions import clients
from agencies.models import ApiClient, Membership
from refugeecm import services
from refugeecm.core.models import User
from refugeecm.demonstration.cast import ACCOUNTS, Account

_SECONDS = 3  # for which an answer of `here` holds
_PARTNER = "petra@unra.example"


class Key(NamedTuple):
    """An OAuth2 client of the partner agency."""

    client_id: str
    secret: str


def here() -> bool:
    """Answer whether this process runs on servers that manage.py started for this checkout; asked anew every few seconds."""
    return _started_here(os.environ.get("DATABASE_URL", ""), int(time.monotonic() / _SECONDS))


@lru_cache(maxsize=2)
def _started_here(_database: str, _moment: int) -> bool:
    return services.started_here()


def accounts() -> list[Account]:
    """Return the accounts that exist, in the order of the sign-in page; none where the servers are not our own."""
    if not here():
        return []
    known = set(
        User.objects.filter(email__in=[one.email for one in ACCOUNTS], is_active=True).values_list(
            "email", flat=True
        )
    )
    return [one for one in ACCOUNTS if one.email in known]


def doors() -> list[dict[str, object]]:
    """Return the buttons of the sign-in page: label, description, url."""
    return [
        {
            "label": one.label,
            "description": one.description,
            "url": reverse("demonstration-enter", args=[one.key]),
        }
        for one in accounts()
    ]


def user_of(key: str) -> User | None:
    """Return the user of an account by its key; None where there is none, or where the servers are not our own."""
    email = next((one.email for one in accounts() if one.key == key), None)
    return User.objects.filter(email=email).first() if email else None


def partner_key(*, now: datetime) -> Key | None:
    """Return a working API client of the UN agency, issued when there is none; its secret is kept beside the servers' own."""
    administrator = (
        Membership.objects.filter(user__email=_PARTNER, is_active=True).select_related("agency").first()
    )
    file = _secret_file()
    if not here() or administrator is None or file is None:
        return None
    kept = _kept(file)
    return kept if kept and _works(kept) else _issue(member(administrator), file, now)


def _secret_file() -> Path | None:
    """Return where the set of servers that we use keeps its secrets."""
    host = parse_qs(urlsplit(os.environ.get("DATABASE_URL", "")).query).get("host", [""])[0]
    for place in _places():
        with suppress(OSError):
            if (place.state / "serving.lock").read_text().strip() == host:
                return place.state / "demonstration.json"
    return None


def _places() -> Iterator[services.Place]:
    for name in services.SETS:
        with suppress(services.ServersFailed):
            yield services.Place.of(name)


def _kept(file: Path) -> Key | None:
    try:
        return Key(**json.loads(file.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _works(key: Key) -> bool:
    client = Client.objects.filter(pk=key.client_id).first()
    return bool(
        client is not None
        and client.check_secret(key.secret)
        and ApiClient.objects.filter(client=client, is_active=True).exists()
    )


def _issue(by: Viewer, file: Path, now: datetime) -> Key:
    with transaction.atomic():
        enter(by, reason="demonstration")
        api_client, secret = clients.issue(by=by, name="Case system (demonstration)", now=now)
    key = Key(str(api_client.client_id), secret)
    draft = file.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        json.dump(key._asdict(), output)
    draft.rename(file)
    return key
