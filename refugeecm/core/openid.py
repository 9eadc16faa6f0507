"""Who does an identity provider say has signed in? OpenID Connect Core 1.0, section 3.1, with PKCE (RFC 7636).

Everything that the provider answers is somebody else's word: of bounded length, from public addresses alone (refugeecm.core.http),
and proof only with its signature, for this client, and for the browser that was sent.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import jwt
from django.core.cache import cache

from refugeecm.core import http

SIGNED = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]  # no HMAC
KNOWN = 300  # seconds for which a provider's addresses are remembered
LEEWAY = 60  # seconds by which its clock may differ


class Untrusted(Exception):
    """The provider did not answer, or nothing that proves anything."""


@dataclass(frozen=True)
class Client:
    """How we are registered at a provider; `back` is where it sends browsers back to."""

    issuer: str
    client_id: str
    back: str
    secret: str = field(repr=False)


def begin(client: Client, *, now: datetime) -> tuple[str, dict[str, str]]:
    """Return where to send the browser, and what its session keeps until it comes back. Raises Untrusted."""
    kept = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
    challenge = base64.urlsafe_b64encode(hashlib.sha256(kept["verifier"].encode()).digest()).rstrip(b"=")
    where = _discover(client.issuer, now=now)["authorization_endpoint"]
    query = urlencode(
        {
            "response_type": "code",
            "scope": "openid email",
            "client_id": client.client_id,
            "redirect_uri": client.back,
            "state": kept["state"],
            "nonce": kept["nonce"],
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
    )
    return f"{where}{'&' if '?' in where else '?'}{query}", {**kept, "issuer": client.issuer}


def finish(client: Client, *, kept: dict[str, str], given: dict[str, str], now: datetime) -> dict[str, Any]:
    """Return the claims about who signed in, for what the browser was `given` to bring back. Raises Untrusted."""
    if not hmac.compare_digest(given.get("state", "").encode(), kept["state"].encode()):
        raise Untrusted("not the browser that was sent")
    if kept["issuer"] != client.issuer or given.get("iss", client.issuer) != client.issuer:  # RFC 9207
        raise Untrusted("another issuer")
    if not given.get("code"):
        raise Untrusted("no code")
    known = _discover(client.issuer, now=now)
    form = {
        "grant_type": "authorization_code",
        "code": given["code"],
        "redirect_uri": client.back,
        "code_verifier": kept["verifier"],
    }
    headers = {}
    if "client_secret_post" in (known.get("token_endpoint_auth_methods_supported") or []):
        form |= {"client_id": client.client_id, "client_secret": client.secret}
    else:  # the default (OpenID Connect Discovery 1.0, section 3), written as RFC 6749, section 2.3.1
        pair = f"{quote(client.client_id, safe='')}:{quote(client.secret, safe='')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    token = _ask(known["token_endpoint"], now=now, form=form, headers=headers).get("id_token")
    return _claims(token, client=client, keys=_ask(known["jwks_uri"], now=now), nonce=kept["nonce"])


def _discover(issuer: str, *, now: datetime) -> dict[str, Any]:
    name = "openid:" + hashlib.sha256(issuer.encode()).hexdigest()
    found: dict[str, Any] | None = cache.get(name)
    if found is None:
        found = _ask(issuer.rstrip("/") + "/.well-known/openid-configuration", now=now)
        places = [found.get(one) for one in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        if found.get("issuer") != issuer or not all(isinstance(one, str) and one.isascii() for one in places):
            raise Untrusted("this issuer does not describe itself")
        try:
            http.check(str(places[0]))  # the browser goes there; the others are checked when they are asked
        except http.Refused as refusal:
            raise Untrusted("no place to sign in") from refusal
        cache.set(name, found, KNOWN)
    return found


def _ask(url: str, **how: Any) -> dict[str, Any]:
    try:
        answer = http.ask(url, **how)
        told = json.loads(answer.body) if answer.status == 200 else None
    except (http.Refused, http.Unreachable, ValueError, RecursionError) as error:
        raise Untrusted("no answer") from error
    if not isinstance(told, dict):
        raise Untrusted("no answer")
    return told


def _claims(token: object, *, client: Client, keys: dict[str, Any], nonce: str) -> dict[str, Any]:
    """Return what the ID token says, once all of section 3.1.3.7 holds."""
    try:
        named = jwt.get_unverified_header(str(token)).get("kid")
        fitting = [one for one in jwt.PyJWKSet.from_dict(keys).keys if named in {None, one.key_id}]
        if len(fitting) != 1:
            raise Untrusted("no such key")
        claims: dict[str, Any] = jwt.decode(
            str(token),
            fitting[0].key,
            algorithms=SIGNED,
            audience=client.client_id,
            issuer=client.issuer,
            leeway=LEEWAY,
            options={"require": ["iss", "sub", "aud", "exp", "iat", "nonce"]},
        )
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
        raise Untrusted("not signed by the issuer for us") from error
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else client.client_id) != client.client_id:
        raise Untrusted("for somebody else")
    if not hmac.compare_digest(str(claims["nonce"]).encode(errors="replace"), nonce.encode()):
        raise Untrusted("for another browser")
    return claims
