"""What leaves the system by HTTP, and where may it never go? The one way out: to public addresses only, checked when connecting.

An address that a partner types in is an attack on our own network until proven otherwise (trust.md P9). The name is resolved once, the
address that came out is checked and is the one that is connected to, so that a name cannot change its mind in between. An egress
proxy or firewall in front of the workers is a second wall; this one does not replace it.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

import requests  # noqa: TID251 - this is the place
import urllib3
from django.conf import settings
from requests_hardened.client import HTTPSession
from requests_hardened.config import Config
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter

SECONDS = (
    15.0  # for all of it: resolving aside, no receiver can hold a worker longer, however slowly it talks
)
MOST = 256 * 1024  # bytes of an answer that somebody asked for
READ = 200  # bytes of an answer that are taken from the wire, and then thrown away
_GLOBAL_V6 = ipaddress.ip_network(
    "2000::/3"
)  # all that is routed today (RFC 4291, section 2.4; IANA's registry)
_CONFIG = Config(
    ip_filter_enable=True,
    ip_filter_allow_loopback_ips=False,
    never_redirect=True,
    default_timeout=(SECONDS, SECONDS),
    user_agent_override="refugeecm",
)


class Refused(Exception):
    """Nothing was sent: the address is one that we never connect to."""


class Unreachable(Exception):
    """No answer. `slow` says that there was a connection, or the wait for one, and the time ran out."""

    def __init__(self, *, slow: bool = False) -> None:
        super().__init__("no answer in time" if slow else "no connection")
        self.slow = slow


@dataclass(frozen=True)
class Answer:
    """What somebody answered. `retry_after`: seconds that they ask us to wait, where they say so. Only `ask` keeps the body."""

    status: int
    retry_after: float | None = None
    body: bytes = b""


def check(url: str) -> None:
    """Raise Refused for what can be seen without a network to be no address that we send to: only https, no password in it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused("not an address") from error
    if _is_named(url):
        return
    if parts.scheme != "https" or not parts.hostname or parts.username is not None or port == 0:
        raise Refused("only https, a host, and no password")
    with suppress(ValueError):
        address = ipaddress.ip_address(parts.hostname)
        if not address.is_global or address.is_multicast:
            raise Refused("not a public address")


def post(url: str, *, body: bytes, headers: Mapping[str, str], now: datetime) -> Answer:
    """Send a body to an address and return the answer, whatever its status; redirects are answers too, never followed.

    `now` counts a Retry-After that is given as a moment. Raises Refused or Unreachable. Never call it inside a transaction.
    """
    return _send("POST", url, body=body, headers=headers, now=now)


def ask(
    url: str,
    *,
    now: datetime,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Get what stands at an address, or what it answers to a form; the body as it came, whole, and of MOST bytes at most.

    Otherwise as `post`: a body that is longer or breaks off is Unreachable.
    """
    kind = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}
    given = {"Accept": "application/json", "Accept-Encoding": "identity", **kind, **(headers or {})}
    body = urlencode(form).encode() if form is not None else None
    return _send("GET" if form is None else "POST", url, body=body, headers=given, now=now, keep=True)


def _send(
    method: str,
    url: str,
    *,
    body: bytes | None,
    headers: Mapping[str, str],
    now: datetime,
    keep: bool = False,
) -> Answer:
    check(url)
    with HTTPSession(_CONFIG) as session:
        session.trust_env = False  # no proxies, no .netrc: nothing but what stands here decides where it goes
        scheme = urlsplit(url).scheme
        adapter = _Adapter(is_https_proto=scheme == "https", allow_loopback=_is_named(url))
        session.mount(f"{scheme}://", adapter)
        timer = threading.Timer(SECONDS, adapter.cut)
        timer.daemon = True
        timer.start()
        try:
            with session.request(
                method, url, data=body, headers=dict(headers), stream=True, timeout=SECONDS
            ) as response:
                kept = response.raw.read(MOST + 1, decode_content=False) if keep else b""
                if (
                    adapter.was_cut or len(kept) > MOST
                ):  # what was cut in the middle looks like a short answer
                    raise Unreachable(slow=adapter.was_cut)
                answer = Answer(
                    response.status_code, _retry_after(response.headers.get("Retry-After"), now), kept
                )
                with suppress(urllib3.exceptions.HTTPError, OSError):
                    response.raw.read(READ)  # so that a short answer arrives and is not reset
            return answer
        except InvalidIPAddress as error:
            raise Refused("not a public address") from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
                raise Refused("not an address") from error
            raise Unreachable(slow=adapter.was_cut or isinstance(error, requests.Timeout)) from error
        finally:
            timer.cancel()


def _is_named(url: str) -> bool:
    """Whether the address is on this very machine, at an origin that settings.LOOPBACK_ORIGINS names: proofs and demonstrations."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" in settings.LOOPBACK_ORIGINS


def _retry_after(value: str | None, now: datetime) -> float | None:
    """Return seconds, from a number or a date (RFC 9110); None for anything else."""
    if not value:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return float(value.strip()[:9])
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


class _Adapter(IPFilterAdapter):
    """The filter of requests-hardened; beyond it, no IPv6 outside of what is routed, and an end to every conversation."""

    def __init__(self, *, is_https_proto: bool, allow_loopback: bool) -> None:
        super().__init__(is_https_proto=is_https_proto, allow_loopback=allow_loopback)
        self.was_cut = False
        self._connections: list[Any] = []

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """Return what to connect to, as the filter has resolved it."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        address = ipaddress.ip_address(host["host"].strip("[]"))
        if address.version == 6 and address not in _GLOBAL_V6 and not address.is_loopback:
            raise InvalidIPAddress(address)
        return host, pool

    def get_connection_with_tls_context(self, *arguments: Any, **named: Any) -> Any:
        """Return the pool, which remembers the connections it makes."""
        pool = cast(Any, super().get_connection_with_tls_context(*arguments, **named))
        kind = pool.ConnectionCls

        def connection(*given: Any, **names: Any) -> Any:
            self._connections.append(kind(*given, **names))
            return self._connections[-1]

        pool.ConnectionCls = connection
        return pool

    def cut(self) -> None:
        """End the conversation, wherever it stands: a time-out of a socket begins anew with every byte."""
        self.was_cut = True
        for one in self._connections:
            if one.sock is not None:
                with suppress(OSError):
                    socket.socket.shutdown(one.sock, socket.SHUT_RDWR)
