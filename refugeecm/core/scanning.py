"""Does a virus scanner find anything in a file? Our side of clamd's INSTREAM, over a Unix or a TCP socket."""

from __future__ import annotations

import socket
import struct

from django.conf import settings

TIMEOUT = 60.0  # seconds for each word of the conversation; a scanner that takes longer is asked again
PIECE = 2**16


class Silent(Exception):
    """The scanner cannot be reached, or did not say whether the file is clean."""


def is_there() -> bool:
    """Answer whether this deployment has a scanner at all (setting VIRUS_SCANNER)."""
    return bool(settings.VIRUS_SCANNER)


def scan(content: bytes) -> str:
    """Return the name of what the scanner found, or "" for a clean file. Raises Silent. Never called inside a transaction.

    The command is that of clamd(8): zINSTREAM, then pieces, each behind its length in four bytes, the last one empty. What comes back
    is "stream: OK", "stream: NAME FOUND", or an error such as a file larger than the scanner takes, which is no answer.
    """
    try:
        with _connected() as line:
            line.sendall(b"zINSTREAM\0")
            for start in range(0, len(content), PIECE):
                piece = content[start : start + PIECE]
                line.sendall(struct.pack(">I", len(piece)) + piece)
            line.sendall(struct.pack(">I", 0))
            said = b""
            while not said.endswith(b"\0") and len(said) < 4096 and (more := line.recv(4096)):
                said += more
    except OSError as error:
        raise Silent(type(error).__name__) from error
    text = said.rstrip(b"\0\n").decode(errors="replace").removeprefix("stream: ")
    if text.endswith(" FOUND"):
        return text.removesuffix(" FOUND")[:200] or "unnamed"
    if text != "OK":
        raise Silent(text[:200] or "hung up")
    return ""


def _connected() -> socket.socket:
    """Return the connection to the scanner that an operator named in the environment: unix:/path, or tcp:host:port."""
    kind, _sep, place = settings.VIRUS_SCANNER.partition(":")
    if kind == "unix":
        line = socket.socket(socket.AF_UNIX)
        try:
            line.settimeout(TIMEOUT)
            line.connect(place)
        except OSError:
            line.close()
            raise
        return line
    host, _sep, port = place.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), TIMEOUT)
