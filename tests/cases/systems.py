"""How does a partner's system ask about claims, and how do claims come to be that it asks about?"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases.actions import claims as actions
from cases.models import Claim
from registration.models import Individual
from tests.conftest import NOW, Cast, acting_as

LIST = "/api/v1/claims"
IDENTITY = {"given_name", "father_name", "family_name", "native_name", "sex", "birth_date", "nationality"}


class System:
    """A partner's system with its token."""

    def __init__(self, client_id: str, secret: str) -> None:
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        self.token = Client().post("/api/v1/token", form).json()["access_token"]

    def ask(self, path: str, *, method: str = "get", **headers: str) -> Any:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return getattr(Client(), method)(path, headers={"Authorization": f"Bearer {self.token}", **given})

    def put(self, path: str, body: Any, **headers: str) -> Any:
        """Send a number, or a whole body given as a dictionary or as bytes."""
        given = {name.replace("_", "-"): value for name, value in headers.items() if name != "Content_Type"}
        sent = (
            body
            if isinstance(body, bytes)
            else json.dumps(body if isinstance(body, dict) else {"value": body})
        )
        return Client().put(
            path,
            sent,
            content_type=headers.get("Content_Type", "application/json"),
            headers={"Authorization": f"Bearer {self.token}", **given},
        )

    def seen(self) -> list[str]:
        """The numbers of all claims in the list."""
        return [one["number"] for one in self.ask(LIST).json()["results"]]


def open_claim(cast: Cast, individual: Individual) -> Claim:
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        return actions.open_claim(individual=individual, made_on=date(2026, 3, 1), by=viewer, now=NOW)


def examine(cast: Cast, claim: Claim) -> None:
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        actions.change_status(claim=claim, to="examination", by=viewer, now=NOW + timedelta(hours=1))


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the statements that reach the tables; where a transaction begins and ends is no statement."""
    statements: list[str] = []
    with CaptureQueriesContext(connection) as queries:
        yield statements
    statements += [one["sql"] for one in queries if one["sql"] not in {"BEGIN", "COMMIT", "ROLLBACK"}]


def status_of(claim: Claim | uuid.UUID) -> str:
    return f"{LIST}/{getattr(claim, 'pk', claim)}/status"
