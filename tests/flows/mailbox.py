"""What does a partner's mail server receive? One on this machine that takes everything and keeps it as it came (RFC 5321)."""

from __future__ import annotations

import socketserver
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast


class Mailbox(socketserver.ThreadingTCPServer):
    """`messages`: all that was delivered, read as mail programs read it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.messages: list[EmailMessage] = []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """What EMAIL_URL has to name."""
        return f"smtp://127.0.0.1:{self.server_address[1]}"

    def close(self) -> None:
        """Take no more."""
        self.shutdown()
        self.server_close()


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say(220)
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self._say(354)
                lines = iter(self.rfile.readline, b".\r\n")
                raw = b"".join(one.removeprefix(b".") for one in lines)
                message = message_from_bytes(raw, policy=policy.default)
                cast(Mailbox, self.server).messages.append(cast(EmailMessage, message))
            self._say(221 if verb == b"QUIT" else 250)
            if verb == b"QUIT":
                return

    def _say(self, code: int) -> None:
        self.wfile.write(b"%d .\r\n" % code)
