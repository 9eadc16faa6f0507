"""Can an agency's own system send a list of arrivals once, follow it, and accept it, and nobody else's?"""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from agencies.actions import clients
from refugeecm.demonstration.arrivals_file import HEADER, rows_of
from registration.models import ImportBatch
from tests.conftest import NOW, Cast, Person, acting_as
from tests.registration.test_imports import content, occasion, people, text_of, work

pytestmark = pytest.mark.django_db(transaction=True)
CSV = "text/csv"


class System:
    """A system of an agency, with a token."""

    def __init__(self, admin: Person) -> None:
        viewer = admin.viewer
        with acting_as(viewer):
            api, secret = clients.issue(by=viewer, name="Desk system", now=NOW)
        form = {"grant_type": "client_credentials", "client_id": api.client_id, "client_secret": secret}
        self.token = Client().post("/api/v1/token", form).json()["access_token"]

    def ask(self, path: str, method: str = "get", data: Any = None, kind: str = CSV, **headers: str) -> Any:
        given = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        given["HTTP_AUTHORIZATION"] = f"Bearer {self.token}"
        if method == "post" and data is not None:
            return Client().post(f"/api/v1/{path}", data, content_type=kind, **given)
        return getattr(Client(), method)(f"/api/v1/{path}", **given)


def test_a_system_sends_follows_and_accepts_a_list(cast: Cast) -> None:
    viewer, system = cast.caseworker.viewer, System(cast.admin)
    event, data = occasion(viewer), content(60)
    sent = system.ask(f"imports?event={event.slug}&file_name=may.csv", "post", data, idempotency_key="a")
    assert sent.status_code == 202, sent.content
    place = sent.headers["Location"].removeprefix("/api/v1/")
    again = system.ask(f"imports?event={event.slug}&file_name=may.csv", "post", data, idempotency_key="a")
    assert (again.status_code, again.headers["Location"]) == (202, sent.headers["Location"])
    same = system.ask(f"imports?event={event.slug}", "post", data, idempotency_key="b")
    assert (same.status_code, same.headers["Content-Type"]) == (409, "application/problem+json")
    other = system.ask(f"imports?event={event.slug}", "post", content(40), idempotency_key="a")
    assert other.status_code == 422
    assert system.ask(f"{place}/accept", "post").status_code == 409, "nothing is checked yet"
    work()
    status = system.ask(place)
    assert status.json()["status"] == "review"
    assert status.json()["counts"] == {"new": 60, "registered": 0, "possible": 0, "error": 0}
    assert system.ask(place, if_none_match=status.headers["ETag"]).status_code == 304
    assert system.ask(f"{place}/accept", "post").json()["status"] == "accepting"
    work()
    done = system.ask(place, if_none_match=status.headers["ETag"]).json()
    assert (done["status"], done["created"], people(viewer)) == ("done", 60, 60)
    assert system.ask(f"{place}/cancel", "post").status_code == 409
    page = cast.caseworker.browser().get(f"/{place}/").content.decode()
    assert "may.csv" in page
    assert "A connected system" in page


def test_a_form_is_taken_too_and_errors_come_back_as_csv(cast: Cast) -> None:
    system, event = System(cast.admin), occasion(cast.caseworker.viewer)
    rows = list(rows_of(rows=60, seed=1, defects=0, repeats=0))
    rows[0][HEADER.index("sex")] = "?!"
    file = SimpleUploadedFile("june.csv", text_of(rows))
    sent = Client().post(
        "/api/v1/imports",
        {"event": event.slug, "file": file},
        HTTP_AUTHORIZATION=f"Bearer {system.token}",
        HTTP_IDEMPOTENCY_KEY="a",
    )
    assert sent.status_code == 202, sent.content
    work()
    place = sent.headers["Location"].removeprefix("/api/v1/")
    errors = system.ask(f"{place}/errors", accept=CSV)
    assert errors.headers["Content-Type"].startswith(CSV)
    assert "?!" in errors.content.decode()
    assert system.ask(f"{place}/cancel", "post").json()["status"] == "cancelled"
    assert system.ask(f"{place}/errors", accept=CSV).status_code == 404


@pytest.mark.parametrize(
    ("query", "data", "kind", "key", "status", "says"),
    [
        ("event=nowhere", b"a", CSV, "a", 400, "no event"),
        ("", b"a", CSV, "a", 400, "event"),
        ("event=east-2026&evnt=x", b"a", CSV, "a", 400, "Unknown"),
        ("event=east-2026", b"", CSV, "a", 409, "empty"),
        ("event=east-2026", b"a", CSV, "", 400, "Idempotency-Key"),
        ("event=east-2026", b"{}", "application/json", "a", 415, ""),
    ],
)
def test_what_is_wrong_is_said(
    cast: Cast, query: str, data: bytes, kind: str, key: str, status: int, says: str
) -> None:
    system = System(cast.admin)
    occasion(cast.caseworker.viewer)
    answer = system.ask(f"imports?{query}", "post", data, kind, idempotency_key=key)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert says in answer.content.decode()


def test_lists_of_another_agency_do_not_exist(cast: Cast) -> None:
    system, stranger = System(cast.admin), System(cast.stranger_admin)
    event = occasion(cast.caseworker.viewer)
    sent = system.ask(f"imports?event={event.slug}", "post", content(60), idempotency_key="a")
    place = sent.headers["Location"].removeprefix("/api/v1/")
    work()
    for path, method in ((place, "get"), (f"{place}/errors", "get"), (f"{place}/accept", "post")):
        assert stranger.ask(path, method).status_code == 404
    with acting_as(cast.caseworker.viewer):
        assert ImportBatch.objects.get().status == "review"
