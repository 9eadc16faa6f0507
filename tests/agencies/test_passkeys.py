"""What do the pages of passkeys answer, to the right person, to nonsense, and to somebody else? The ceremony: tests/flows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from tests.agencies.test_sign_in import address, newcomer, set_up, sign_in  # noqa: F401 - fixtures
from tests.conftest import Cast


@pytest.fixture
def inside(newcomer: Any, address: str) -> Client:  # noqa: F811 - fixtures
    browser = Client(REMOTE_ADDR=address)
    sign_in(browser, newcomer.email)
    set_up(browser)
    return browser


def test_the_pages_are_there_and_run_no_inline_script(inside: Client) -> None:
    for name in ("mfa_list_webauthn", "mfa_add_webauthn", "mfa_index"):
        page = inside.get(reverse(name))
        assert page.status_code == 200, name
    text = inside.get(reverse("mfa_add_webauthn")).content.decode()
    assert 'id="passkey-failed"' in text
    assert "<script>" not in text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert 'id="passkey_login"' in Client().get(reverse("account_login")).content.decode()


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "nonsense",
        "[]",
        "{}",
        '{"response": {}}',
        '{"response": {"userHandle": null}}',
        '{"id": 1, "response": 5}',
    ],
)
def test_nonsense_opens_nothing_and_breaks_nothing(db: None, address: str, inside: Client, sent: str) -> None:  # noqa: F811
    browser = Client(REMOTE_ADDR=address)
    asked = browser.get(reverse("mfa_login_webauthn"), headers={"accept": "application/json"})
    options = json.loads(asked.content)["request_options"]["publicKey"]
    assert options["userVerification"] == "required"
    assert not options.get("allowCredentials")
    answer = browser.post(reverse("mfa_login_webauthn"), {"credential": sent})
    assert answer.status_code == 302
    assert answer.headers["Location"] == reverse("account_login")
    assert "_auth_user_id" not in browser.session
    again = inside.post(reverse("mfa_add_webauthn"), {"name": "x", "credential": sent})
    assert again.status_code == 200
    assert again.context["form"].errors


def test_a_passkey_of_somebody_else_is_not_there(inside: Client, cast: Cast) -> None:
    theirs = Authenticator.objects.create(user=cast.admin.user, type="webauthn", data={"name": "Adam's"})
    for name in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
        assert inside.get(reverse(name, args=[theirs.pk])).status_code == 404
        assert inside.post(reverse(name, args=[theirs.pk])).status_code == 404
    assert Authenticator.objects.filter(pk=theirs.pk).exists()
