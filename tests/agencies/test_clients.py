"""How does a partner's system get a token, and when does it lose it?"""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from allauth.idp.oidc.models import Token
from django.test import Client, override_settings
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisDown

from agencies.access import Permission
from agencies.actions import clients
from agencies.api import ClientThrottle, TokenThrottle
from agencies.models import ApiClient
from agencies.policies import NotPermitted
from tests.conftest import NOW, Cast, acting_as

LIST = "/api/v1/claims"


@pytest.fixture(autouse=True)
def _quick_secrets(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def ask(**form: str) -> Any:
    return Client().post("/api/v1/token", {"grant_type": "client_credentials", **form})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_by_form_and_by_basic_authentication(api_client: Any) -> None:
    api, secret = api_client()
    by_form = ask(client_id=api.client_id, client_secret=secret)
    basic = base64.b64encode(f"{api.client_id}:{secret}".encode()).decode()
    by_basic = Client().post(
        "/api/v1/token", {"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {basic}"}
    )
    for answer in (by_form, by_basic):
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "no-store"
        given = answer.json()
        assert (given["token_type"], given["expires_in"]) == ("Bearer", 600)
        assert set(given["scope"].split()) == set(clients.SCOPES)
        assert "refresh_token" not in given
        assert Client().get(LIST, headers=bearer(given["access_token"])).status_code == 200
    assert secret.isascii()
    assert secret.replace("-", "").replace("_", "").isalnum()  # pastes into any shell


def test_a_wrong_secret_an_unknown_and_a_revoked_client_get_the_same_answer(
    cast: Cast, api_client: Any
) -> None:
    api, secret = api_client()
    gone, gone_secret = api_client()
    with acting_as(cast.partner_admin.viewer):
        clients.revoke(api_client=gone, by=cast.partner_admin.viewer)
    answers = [
        ask(client_id=api.client_id, client_secret=f"{secret}x"),
        ask(client_id="0" * 32, client_secret=secret),
        ask(client_id=gone.client_id, client_secret=gone_secret),
        ask(client_id=api.client_id),
        ask(client_id="a\0b", client_secret=secret),
    ]
    assert {one.status_code for one in answers} == {401}
    assert {one.content for one in answers} == {answers[0].content}
    assert {tuple(sorted(one.items())) for one in answers} == {tuple(sorted(answers[0].items()))}
    assert answers[0].json()["error"] == "invalid_client"
    assert answers[0]["Cache-Control"] == "no-store"


def test_only_client_credentials_in_a_form_and_known_scopes(api_client: Any) -> None:
    api, secret = api_client()
    whose = {"client_id": api.client_id, "client_secret": secret}
    for grant in (
        "password",
        "refresh_token",
        "authorization_code",
        "urn:ietf:params:oauth:grant-type:device_code",
        "",
    ):
        answer = ask(**whose, grant_type=grant)
        assert (answer.status_code, answer.json()) == (400, {"error": "unsupported_grant_type"})
    assert ask(**whose, scope="everything").json()["error"] == "invalid_scope"
    as_json = Client().post("/api/v1/token", whose, content_type="application/json")
    assert (as_json.status_code, as_json["Content-Type"]) == (415, "application/problem+json")
    read = Client().get("/api/v1/token")
    assert (read.status_code, read["Content-Type"], read["Allow"]) == (
        405,
        "application/problem+json",
        "POST",
    )


def test_a_token_opens_its_scopes_only(api_client: Any) -> None:
    api, secret = api_client()
    given = ask(client_id=api.client_id, client_secret=secret, scope="claims.reference:write").json()
    refused = Client().get(LIST, headers=bearer(given["access_token"]))
    assert (refused.status_code, refused["Content-Type"]) == (403, "application/problem+json")
    assert "claims.status:read" in refused.json()["detail"]


def test_without_a_valid_token_nobody_comes_in(cast: Cast, api_client: Any) -> None:
    api, secret = api_client()
    token = ask(client_id=api.client_id, client_secret=secret).json()["access_token"]
    tries = [
        None,
        "Bearer",
        "Bearer ",
        "Bearer x",
        f"Basic {token}",
        f"Bearer {token}x",
        "Bearer ey.a.b",
        "Bearer \xff",
    ]
    for one in tries:
        answer = Client().get(LIST, headers={"Authorization": one} if one else {})
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer"), one
        assert answer["Content-Type"] == "application/problem+json"
    assert cast.partner.browser().get(LIST).status_code == 401  # a session at the pages opens nothing here
    assert Client().get(f"{LIST}?access_token={token}").status_code == 401
    assert Client().get(LIST, headers={"Authorization": f"bearer {token}"}).status_code == 200


def test_a_token_ends_after_ten_minutes_and_old_ones_are_swept(api_client: Any) -> None:
    api, secret = api_client()
    token = ask(client_id=api.client_id, client_secret=secret).json()["access_token"]
    row = Token.objects.get(client_id=api.client_id)
    assert timedelta(minutes=9) < row.expires_at - timezone.now() <= timedelta(minutes=10)
    assert token not in str(row.__dict__)  # stored hashed
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().get(LIST, headers=bearer(token)).status_code == 401
    ask(client_id=api.client_id, client_secret=secret)
    assert Token.objects.filter(client_id=api.client_id).count() == 1


@pytest.mark.usefixtures("transactional_db")
def test_a_revoked_client_is_out_at_its_next_request(cast: Cast, api_client: Any) -> None:
    api, secret = api_client()
    token = ask(client_id=api.client_id, client_secret=secret).json()["access_token"]
    assert Client().get(LIST, headers=bearer(token)).status_code == 200
    with acting_as(cast.partner_admin.viewer):
        clients.revoke(api_client=api, by=cast.partner_admin.viewer)
    assert Client().get(LIST, headers=bearer(token)).status_code == 401
    assert ask(client_id=api.client_id, client_secret=secret).status_code == 401


def test_an_inactive_client_is_out_even_with_a_token_left(api_client: Any) -> None:
    api, secret = api_client()
    token = ask(client_id=api.client_id, client_secret=secret).json()["access_token"]
    ApiClient.objects.update(is_active=False)
    assert Client().get(LIST, headers=bearer(token)).status_code == 401


def test_only_an_administrator_of_the_agency_issues_and_revokes(cast: Cast, api_client: Any) -> None:
    assert not cast.partner.viewer.may(Permission.CLIENT_ISSUE)
    with acting_as(cast.partner.viewer), pytest.raises(NotPermitted):
        clients.issue(by=cast.partner.viewer, name="Case system", now=NOW)
    api, _secret = api_client()
    with acting_as(cast.stranger_admin.viewer), pytest.raises(NotPermitted):
        clients.revoke(api_client=api, by=cast.stranger_admin.viewer)


def test_the_last_use_is_written_once_an_hour(api_client: Any) -> None:
    api, secret = api_client()
    token = ask(client_id=api.client_id, client_secret=secret).json()["access_token"]
    Client().get(LIST, headers=bearer(token))
    first = ApiClient.objects.get(pk=api.pk).last_used_at
    Client().get(LIST, headers=bearer(token))
    assert first is not None
    assert ApiClient.objects.get(pk=api.pk).last_used_at == first


def test_too_many_requests(api_client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    api, secret = api_client()
    monkeypatch.setattr(ClientThrottle, "rate", "2/min", raising=False)
    monkeypatch.setattr(ClientThrottle, "timer", lambda _self: 1_800_000_000.5)
    token = ask(client_id=api.client_id, client_secret=secret).json()["access_token"]
    answers = [Client().get(LIST, headers=bearer(token)) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[2]["Content-Type"] == "application/problem+json"
    assert answers[2]["Retry-After"] == "60"
    monkeypatch.setattr(TokenThrottle, "rate", "1/min")
    guesses = [ask(client_id=api.client_id, client_secret="guess").status_code for _ in range(3)]
    assert guesses[-1] == 429


def test_without_the_cache_the_api_still_answers(
    api_client: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    api, secret = api_client()

    class Down:
        def add(self, *_: Any) -> None:
            raise RedisDown

    monkeypatch.setattr(ClientThrottle, "cache", Down())
    monkeypatch.setattr(TokenThrottle, "cache", Down())
    token = ask(client_id=api.client_id, client_secret=secret).json()["access_token"]
    assert Client().get(LIST, headers=bearer(token)).status_code == 200
    assert "not counted: ConnectionError" in caplog.text


@override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=100)
def test_a_huge_body_is_refused_unread(api_client: Any) -> None:
    api, secret = api_client()
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=10_000):
        token = ask(client_id=api.client_id, client_secret=secret).json()["access_token"]
    answer = Client().put(
        "/api/v1/claims/x/reference",
        {"value": "x" * 200},
        content_type="application/json",
        headers=bearer(token),
    )
    assert (answer.status_code, answer["Content-Type"]) == (413, "application/problem+json")
