"""What does a partner's system look like that is told by webhooks? One on this machine, for proofs: it checks, remembers and answers.

It uses the library `standardwebhooks` as a partner would, not our own code.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

# Addresses inside (trust.md P9), as one may write them: private, shared, link-local, mapped, translated; short, octal, hexadecimal.
FORBIDDEN = (
    "127.0.0.1", "10.1", "172.16.0.1", "192.168.257", "169.254.169.254", "100.64.0.1", "0.0.0.0", "192.0.0.192", "224.0.0.1",  # noqa: S104 - refused
    "[::1]", "[fe80::1]", "[fc00::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[ff02::1]", "[::7f00:1]",
    "2130706433", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "127.1",
)  # fmt: skip


@contextmanager
def resolving(name: str, *answers: str) -> Iterator[None]:
    """Let a name resolve to these addresses, one after the other, the last one for ever: a resolver in an attacker's hand."""
    real, left = socket.getaddrinfo, list(answers)

    def answer(host: Any, port: Any, *arguments: Any, **named: Any) -> Any:
        if host == name:
            host = left.pop(0) if len(left) > 1 else left[0]
        return real(host, port, *arguments, **named)

    socket.getaddrinfo = answer
    try:
        yield
    finally:
        socket.getaddrinfo = real


@dataclass(frozen=True)
class Receipt:
    """One message that arrived with a good signature."""

    event_id: str
    type: str
    subject: str
    change_seq: int
    happened_at: str
    at: float  # seconds of the clock
    body: bytes


@dataclass
class Receiver:
    """A real HTTP server on 127.0.0.1. `secret` checks signatures; `status`, `headers` and `delay` (seconds) are its answer."""

    secret: str = "whsec_unknownyet"  # noqa: S105 - replaced by what the page shows
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    port: int = 0
    receipts: list[Receipt] = field(default_factory=list)
    unsigned: int = 0
    _server: ThreadingHTTPServer | None = None

    def __post_init__(self) -> None:
        self.start()
        self.stop()  # the port is known now, and stays ours in all likelihood

    @property
    def origin(self) -> str:
        """What settings.LOOPBACK_ORIGINS has to name."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The address to add as a receiver."""
        return f"{self.origin}/hooks"

    def start(self) -> None:
        """Listen."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Do not listen: connections are refused."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def take(self, headers: dict[str, str], body: bytes) -> None:
        """Check the signature and remember; called by the server's threads."""
        try:
            message = Webhook(self.secret).verify(body, headers)
        except (WebhookVerificationError, ValueError, RuntimeError):
            self.unsigned += 1
            return
        data = message["data"]
        self.receipts.append(
            Receipt(
                event_id=headers["webhook-id"],
                type=message["type"],
                subject=data["id"],
                change_seq=data["change_seq"],
                happened_at=message["timestamp"],
                at=time.time(),
                body=body,
            )
        )


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            time.sleep(receiver.delay)
            if 200 <= receiver.status < 300:
                receiver.take({name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler
