"""Are the pages that are drawn from the code fresh, and does the API describe itself without another host?"""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

pytestmark = pytest.mark.django_db


def test_the_drawn_pages_are_fresh() -> None:
    said = StringIO()
    call_command("draw_docs", check=True, stdout=said)
    assert said.getvalue().startswith("Fresh: openapi.json, ")


def test_a_stale_page_is_named(tmp_path: Path) -> None:
    call_command("draw_docs", into=tmp_path, stdout=StringIO())
    call_command("draw_docs", into=tmp_path, check=True, stdout=StringIO())
    (tmp_path / "events.md").write_text("old")
    with pytest.raises(CommandError, match=r"events\.md"):
        call_command("draw_docs", into=tmp_path, check=True, stdout=StringIO())


@pytest.fixture
def document() -> Any:
    answer = Client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    return answer.json()


def test_every_operation_says_what_it_is_and_how_it_fails(document: Any) -> None:
    assert document["openapi"] == "3.1.0"
    scheme = document["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]
    assert scheme["tokenUrl"] == "/api/v1/token"
    operations = {
        (path, method): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert set(operations) == {
        ("/api/v1/token", "post"),
        ("/api/v1/seals", "get"),
        ("/api/v1/claims", "get"),
        ("/api/v1/claims/{id}/status", "get"),
        ("/api/v1/claims/by-reference/{value}/status", "get"),
        ("/api/v1/claims/{id}/reference", "put"),
        ("/api/v1/referrals", "get"),
        ("/api/v1/referrals/{id}", "get"),
        ("/api/v1/referrals/{id}/answer", "post"),
        ("/api/v1/imports", "post"),
        ("/api/v1/imports/{id}", "get"),
        ("/api/v1/imports/{id}/errors", "get"),
        ("/api/v1/imports/{id}/accept", "post"),
        ("/api/v1/imports/{id}/cancel", "post"),
    }
    for (path, _method), operation in operations.items():
        assert operation["summary"]
        assert operation["description"]
        if path != "/api/v1/token":
            (needed,) = operation["security"]
            assert set(needed["oauth2"]) <= set(scheme["scopes"])
            assert "application/problem+json" in operation["responses"]["default"]["content"]
        (success,) = (what for status, what in operation["responses"].items() if status.startswith("2"))
        assert any("examples" in body for body in success["content"].values())


def test_the_page_needs_no_other_host(client: Client) -> None:
    page = client.get("/api/v1/docs")
    assert page.status_code == 200
    linked = re.findall(r"(?:src|href)=\"([^\"]+)\"", page.content.decode())
    assert linked
    assert all(one.startswith("/static/drf_spectacular_sidecar/") for one in linked)
    assert '"validatorUrl": null' in page.content.decode()
