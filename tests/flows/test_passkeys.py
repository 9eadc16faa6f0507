"""Does a passkey open the door in a real browser, first as a second factor, then alone? With Chromium's virtual authenticator."""

from __future__ import annotations

import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from playwright.sync_api import Page

from agencies.actions import agencies as founding
from agencies.enums import Role
from refugeecm.core.models import User
from tests.conftest import Cast
from tests.flows.conftest import System

PASSWORD = "a long and dull password"


def test_a_passkey_is_a_second_factor_and_then_replaces_the_password(
    system: System, cast: Cast, browser: Any
) -> None:
    user = User.objects.create_user("nadia@border.example", PASSWORD, name="Nadia")
    founding.enrol(agency=cast.border, user=user, role=Role.CASEWORKER)
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    page: Page = browser.new_context(locale="en").new_page()
    page.set_default_timeout(15_000)
    problems: list[str] = []
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    site = system.address.replace("127.0.0.1", "localhost")  # passkeys belong to names, not to addresses
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": {**options, "isUserVerified": True}})

    _sign_in(page, site)
    page.fill("#id_code", format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
    page.click("text=Sign in >> nth=0")
    page.wait_for_url(site + "/")

    page.goto(site + "/account/passkeys/add/")
    if "reauthenticate" in page.url:
        page.fill("#id_password", PASSWORD)
        page.click("main form button")
    page.fill("#id_name", "Desk key")
    page.check("#id_passwordless")
    page.click("#mfa_webauthn_add")
    page.wait_for_url("**/account/second-factor/**")
    assert Authenticator.objects.filter(user=user, type="webauthn").count() == 1
    page.goto(site + "/account/passkeys/")
    assert "Desk key" in page.inner_text("main")
    assert "without a password" in page.inner_text("main")

    page.context.clear_cookies()
    _sign_in(page, site)
    page.click("#mfa_webauthn_authenticate")
    page.wait_for_url(site + "/")

    page.context.clear_cookies()
    page.goto(site + "/account/login/")
    page.click("#passkey_login")
    page.wait_for_url(site + "/")
    assert "Today" in page.inner_text("h1")

    User.objects.filter(pk=user.pk).update(is_active=False)
    page.context.clear_cookies()
    page.goto(site + "/account/login/")
    page.click("#passkey_login")
    page.wait_for_selector("text=did not open an account")
    page.goto(site + "/people/")
    assert "/account/login/" in page.url
    assert problems == []


def _sign_in(page: Page, site: str) -> None:
    page.goto(site + "/account/login/")
    page.fill("#id_login", "nadia@border.example")
    page.fill("#id_password", PASSWORD)
    page.click("form:has(#id_password) button")
    page.wait_for_url("**/authenticate/**")
