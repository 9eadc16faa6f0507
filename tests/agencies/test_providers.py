"""Whom does an agency's own identity provider let in? Asked over real HTTP, of a small provider on this machine."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.access import viewer as viewers
from agencies.actions import agencies as founding
from agencies.actions import providers
from agencies.enums import Role
from agencies.models import IdentityProvider, Invitation, Membership
from agencies.policies import NotPermitted
from refugeecm.core import http as way_out
from refugeecm.core.models import Event, User
from tests.agencies.test_sign_in import PASSWORD, address, newcomer, set_up, sign_in, totp  # noqa: F401
from tests.conftest import Cast

SECRET = "s3cret: with a colon"
KEY, OTHER_KEY = (rsa.generate_private_key(65537, 2048) for _one in range(2))


class Provider:
    """An OpenID Connect provider on 127.0.0.1: what it says of `who` can be bent by `claims`, `key`, `discovery` and `answer`."""

    def __init__(self) -> None:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.answer_get(self)

            def do_POST(self) -> None:
                form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                provider.answer_token(self, form)

            def log_message(self, *_arguments: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        self.issuer = self.origin + "/realm"
        self.who, self.key, self.asked = "", KEY, [""]
        self.claims: dict[str, Any] = {}
        self.discovery: dict[str, Any] = {}
        self.answer: bytes | None = None
        self.waiting: dict[str, dict[str, str]] = {}
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def answer_get(self, to: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(to.path)
        self.asked.append(parts.path)
        if parts.path == "/realm/.well-known/openid-configuration":
            places = {"authorization_endpoint": "/auth", "token_endpoint": "/token", "jwks_uri": "/keys"}
            described = {name: self.origin + path for name, path in places.items()}
            self.send(to, {"issuer": self.issuer, **described, **self.discovery})
        elif parts.path == "/keys":
            public = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
            self.send(to, {"keys": [{**public, "kid": "one", "use": "sig"}]})
        elif parts.path == "/auth":  # the person signs in there, and is sent back
            given = {name: values[0] for name, values in parse_qs(parts.query).items()}
            self.waiting["a-code"] = given
            to.send_response(302)
            to.send_header("Location", f"{given['redirect_uri']}?code=a-code&state={given['state']}")
            to.end_headers()

    def answer_token(self, to: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
        begun = self.waiting.pop(form["code"], {})
        challenge = hashlib.sha256(form["code_verifier"].encode()).digest()
        basic = base64.b64encode(b"refugeecm:s3cret%3A%20with%20a%20colon").decode()
        good = (
            begun["redirect_uri"] == form["redirect_uri"]
            and begun["code_challenge"] == base64.urlsafe_b64encode(challenge).decode().rstrip("=")
            and to.headers["Authorization"] == f"Basic {basic}"
        )
        now = int(time.time())
        told = {
            "iss": self.issuer, "sub": "17", "aud": "refugeecm", "iat": now, "exp": now + 60, "nonce": begun["nonce"],
            "email": self.who, "email_verified": True, **self.claims,
        }  # fmt: skip
        token = jwt.encode(
            {name: what for name, what in told.items() if what is not None},
            self.key,  # type: ignore[arg-type]
            algorithm="HS256" if isinstance(self.key, bytes) else "RS256",
            headers={"kid": "one"},
        )
        self.send(to, {"access_token": "x", "token_type": "Bearer", "id_token": token} if good else {})

    def send(self, to: BaseHTTPRequestHandler, told: dict[str, Any]) -> None:
        body = json.dumps(told).encode() if self.answer is None else self.answer
        to.send_response(200)
        to.send_header("Content-Length", str(len(body)))
        to.end_headers()
        to.wfile.write(body)


@pytest.fixture
def provider(cast: Cast, settings: Any) -> Iterator[Provider]:
    made = Provider()
    settings.LOOPBACK_ORIGINS = [made.origin]
    admin = cast.admin.browser()
    form = {"issuer": made.issuer, "client_id": "refugeecm", "secret": SECRET, "domains": "border.example"}
    answer = admin.post(reverse("identity-provider"), form)
    assert answer.status_code == 302, answer.context["form"].errors
    yield made
    made.server.shutdown()
    made.server.server_close()


def go(browser: Client, provider: Provider, cast: Cast, **query: str) -> str:
    """Go there and return the address that the provider sends the browser back to."""
    sent = browser.get(reverse("sign-in-by", args=[cast.border.pk]), query)["Location"]
    assert sent.startswith(provider.origin + "/auth?"), sent
    there = http.client.HTTPConnection("127.0.0.1", provider.server.server_port)
    there.request("GET", sent.removeprefix(provider.origin))
    back = str(there.getresponse().headers["Location"])
    there.close()
    assert back.startswith(f"http://testserver{reverse('sign-in-by', args=[cast.border.pk])}?code=")
    return back


def come(browser: Client, provider: Provider, cast: Cast, **query: str) -> Any:
    return browser.get(go(browser, provider, cast, **query))


def refused(browser: Client, answer: Any) -> bool:
    page = browser.get(reverse("account_login")).content
    at_the_door = answer.status_code == 302 and answer["Location"] == reverse("account_login")
    return at_the_door and b"did not open an account" in page and "_auth_user_id" not in browser.session


def test_a_member_comes_in_with_the_second_factor(
    provider: Provider, cast: Cast, newcomer: User, address: str  # noqa: F811
) -> None:  # fmt: skip
    first, browser = Client(REMOTE_ADDR=address), Client(REMOTE_ADDR=address)
    sign_in(first, newcomer.email)
    secret = set_up(first)
    provider.who = newcomer.email.upper()
    page = browser.get(reverse("account_login"), {"next": reverse("claims")}).content.decode()
    assert "Border Office" in page
    assert f"{reverse('sign-in-by', args=[cast.border.pk])}?next=%2Fclaims%2F" in page
    answer = come(browser, provider, cast, next=reverse("claims"))
    assert answer["Location"].startswith(reverse("mfa_authenticate"))
    assert "_auth_user_id" not in browser.session
    assert browser.get(reverse("claims")).status_code == 302
    code = totp(secret, at=time.time())
    answer = browser.post(reverse("mfa_authenticate"), {"code": code, "next": reverse("claims")})
    assert answer["Location"] == reverse("claims")
    assert browser.get(reverse("claims")).status_code == 200
    # What another agency entrusts to the same person later on stays shut to this session.
    elsewhere = founding.enrol(agency=cast.help, user=newcomer, role=Role.ADMINISTRATOR)
    browser.post(reverse("switch-agency"), {"membership": elsewhere.pk})
    assert browser.get(reverse("home")).context["viewer"].agency == cast.border
    other = Client(REMOTE_ADDR=address)
    assert refused(other, come(other, provider, cast))


def test_an_invited_person_becomes_a_member_and_sets_up_a_second_factor(
    provider: Provider, cast: Cast, address: str  # noqa: F811
) -> None:  # fmt: skip
    form = {"email": "new@border.example", "name": "New", "role": Role.CASEWORKER}
    assert cast.admin.browser().post(reverse("member-invite"), form).status_code == 302
    before = User.objects.count()
    provider.who = "new@border.example"
    browser = Client(REMOTE_ADDR=address)
    assert come(browser, provider, cast)["Location"] == reverse("home")
    assert browser.get(reverse("home"))["Location"] == reverse("mfa_activate_totp")
    set_up(browser)
    assert browser.get(reverse("claims")).status_code == 200
    assert User.objects.count() == before
    user = User.objects.get(email="new@border.example")
    assert Membership.objects.get(user=user).agency == cast.border
    # An invitation of another agency cannot be taken up from here, and shuts this door.
    assert cast.partner_admin.browser().post(reverse("member-invite"), form).status_code == 302
    made = Invitation.objects.get(user=user, agency=cast.help)
    assert browser.post(reverse("invitation-accept", args=[made.pk])).status_code == 404
    again = Client(REMOTE_ADDR=address)
    assert refused(again, come(again, provider, cast))


@pytest.mark.parametrize(
    "bent",
    [
        {"claims": {"email_verified": False}}, {"claims": {"email_verified": "true"}}, {"claims": {"email_verified": None}},
        {"claims": {"email": None}}, {"claims": {"email": ["amina@border.example"]}},
        {"claims": {"email": "amina\0@border.example"}}, {"who": "stranger@border.example"}, {"who": "petra@help.example"},
        {"key": OTHER_KEY}, {"key": SECRET.encode() * 2}, {"claims": {"iss": "https://elsewhere.example"}},
        {"claims": {"aud": "another"}}, {"claims": {"aud": ["refugeecm", "another"]}}, {"claims": {"azp": "another"}},
        {"claims": {"nonce": "\ud800"}}, {"claims": {"nonce": None}}, {"claims": {"exp": 1}}, {"claims": {"sub": 17}},
        {"answer": b"[" * 100_000}, {"answer": b"{}"}, {"answer": b"x" * (way_out.MOST + 1)}, {"answer": b"[]"},
    ],
)  # fmt: skip
def test_nothing_else_opens_anything(
    provider: Provider, cast: Cast, address: str, bent: dict[str, Any]  # noqa: F811
) -> None:  # fmt: skip
    provider.who, people = cast.caseworker.user.email, User.objects.count()
    browser = Client(REMOTE_ADDR=address)
    back = go(browser, provider, cast)
    for name, value in bent.items():
        setattr(provider, name, value)
    assert refused(browser, browser.get(back))
    assert User.objects.count() == people


def test_only_the_browser_that_was_sent_comes_back_and_once(
    provider: Provider, cast: Cast, address: str  # noqa: F811
) -> None:  # fmt: skip
    provider.who = cast.caseworker.user.email
    victim, thief = Client(REMOTE_ADDR=address), Client(REMOTE_ADDR=address)
    back = go(victim, provider, cast)
    assert refused(thief, thief.get(back))
    go(thief, provider, cast)
    assert refused(thief, thief.get(back))
    assert refused(victim, victim.get(back.replace("state=", "state=x")))
    assert refused(victim, victim.get(back))
    cast_back = go(victim, provider, cast)
    assert refused(victim, victim.get(cast_back + "&iss=https%3A%2F%2Felsewhere.example"))
    session, late = victim.session, go(victim, provider, cast)
    session = victim.session
    session["provider_underway"] = {**session["provider_underway"], "at": time.time() - 601}
    session.save()
    assert refused(victim, victim.get(late))
    assert come(victim, provider, cast)["Location"] == reverse("home")
    assert victim.get(reverse("sign-in-by", args=[cast.border.pk]))["Location"] == reverse("home")
    assert thief.get(reverse("sign-in-by", args=[cast.help.pk])).status_code == 404


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://elsewhere.example"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://169.254.1.1/auth"},
        {"token_endpoint": None},
    ],
)
def test_a_provider_that_describes_itself_wrongly_is_not_gone_to(
    provider: Provider, cast: Cast, address: str, described: dict[str, Any]  # noqa: F811
) -> None:  # fmt: skip
    provider.discovery = described
    browser = Client(REMOTE_ADDR=address)
    assert refused(browser, browser.get(reverse("sign-in-by", args=[cast.border.pk])))


def test_tokens_are_fetched_from_no_address_inside(
    provider: Provider, cast: Cast, address: str  # noqa: F811
) -> None:  # fmt: skip
    inside = Provider()
    provider.discovery = {"token_endpoint": inside.origin + "/token"}
    browser = Client(REMOTE_ADDR=address)
    assert refused(browser, come(browser, provider, cast))
    assert inside.asked == [""]
    inside.server.shutdown()
    inside.server.server_close()


def test_its_administrator_alone_configures_it_and_sees_no_secret(provider: Provider, cast: Cast) -> None:
    kept = IdentityProvider.objects.get()
    assert kept.plain_secret() == SECRET
    assert SECRET.encode() not in bytes(kept.secret)
    admin = cast.admin.browser()
    page = admin.get(reverse("identity-provider")).content.decode()
    assert SECRET not in page
    assert f"http://testserver{reverse('sign-in-by', args=[cast.border.pk])}" in page
    form = {"issuer": provider.issuer, "client_id": "second", "secret": "", "domains": "@border.example"}
    assert "domains" in admin.post(reverse("identity-provider"), form).context["form"].errors
    form["domains"] = "border.example, more.example"
    assert admin.post(reverse("identity-provider"), form).status_code == 302
    kept.refresh_from_db()
    assert (kept.client_id, kept.domains, kept.plain_secret()) == (
        "second",
        "border.example more.example",
        SECRET,
    )
    for issuer in ("http://sso.example", "https://169.254.1.1", "https://sso.example?x=1", "sso.example"):
        refusal = admin.post(reverse("identity-provider"), {**form, "issuer": issuer, "secret": "x"})
        assert "issuer" in refusal.context["form"].errors
    other = admin.post(reverse("identity-provider"), {**form, "issuer": "https://sso.example"})
    assert "secret" in other.context["form"].errors  # the secret of one is not sent to another
    for somebody in (cast.caseworker, cast.decider):
        assert somebody.browser().get(reverse("identity-provider")).status_code == 403
    theirs = cast.partner_admin.browser().get(reverse("identity-provider")).content.decode()
    assert provider.issuer not in theirs
    cast.partner_admin.browser().post(reverse("identity-provider-remove"))
    assert IdentityProvider.objects.count() == 1
    assert admin.post(reverse("identity-provider-remove")).status_code == 302
    assert not IdentityProvider.objects.exists()
    assert Event.objects.filter(name__startswith="agencies.provider.").count() == 3
    with pytest.raises(NotPermitted):
        providers.remove(by=viewers.member(cast.caseworker.membership), now=timezone.now())


def test_the_door_is_not_for_hammering(provider: Provider, cast: Cast, address: str) -> None:  # noqa: F811
    cache.clear()
    browser = Client(REMOTE_ADDR=address)
    door = reverse("sign-in-by", args=[cast.border.pk])
    answers = [browser.get(door).status_code for _turn in range(32)]
    assert answers[:30] == [302] * 30
    assert answers[30:] == [429, 429]
    assert provider.asked.count("/realm/.well-known/openid-configuration") == 1
