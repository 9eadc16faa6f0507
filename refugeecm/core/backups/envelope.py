"""How is a backup kept secret and whole? AES-256-GCM in pieces, each bound to its place in its file.

    magic (19 bytes) | salt (16) | nonce prefix (7) | pieces: length (4, big-endian), ciphertext and tag

A piece's nonce is prefix, counter (4 bytes), and 1 for the last piece: the STREAM construction (Hoang, Reyhanitabar, Rogaway and
Vizár, CRYPTO 2015), so that pieces that were altered, moved, left out or cut off are refused. All that stands before the pieces is
authenticated with each of them. The first piece holds the manifest as JSON, the others the dump.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import TracebackType
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC = b"refugeecm backup 1\n"
PIECE = 2**20
_HEAD = len(MAGIC) + 16 + 7


class Damaged(Exception):
    """The file is no backup, is not complete, was altered, or belongs to another key; the text says which."""


@lru_cache(maxsize=1)
def _cipher(secret: str, salt: bytes) -> AESGCM:
    """Stretch the secret, which may be a sentence, by scrypt (RFC 7914; 32 MiB, a tenth of a second)."""
    return AESGCM(Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(secret.encode()))


class Writer:
    """Writes a backup into a file; what is not closed without an error has no last piece and cannot be read."""

    def __init__(self, file: IO[bytes], *, secret: str, manifest: Mapping[str, Any]) -> None:
        self._file = file
        salt, self._prefix = os.urandom(16), os.urandom(7)
        self._head = MAGIC + salt + self._prefix
        self._cipher = _cipher(secret, salt)
        self._count = 0
        self._open = b""
        file.write(self._head)
        self._piece(json.dumps(manifest).encode(), last=False)

    def write(self, plain: bytes) -> None:
        """Add to the dump."""
        self._open += plain
        while len(self._open) > PIECE:
            self._piece(self._open[:PIECE], last=False)
            self._open = self._open[PIECE:]

    def _piece(self, plain: bytes, *, last: bool) -> None:
        nonce = self._prefix + struct.pack(">IB", self._count, last)
        sealed = self._cipher.encrypt(nonce, plain, self._head)
        self._file.write(struct.pack(">I", len(sealed)) + sealed)
        self._count += 1

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._piece(self._open, last=True)


def read(file: IO[bytes], *, secret: str) -> tuple[dict[str, Any], Iterator[bytes]]:
    """Return the manifest, and the dump piece by piece. Raises Damaged, now or while the pieces are read."""
    pieces = _pieces(file, secret)
    try:
        manifest = json.loads(next(pieces))
    except (StopIteration, ValueError) as error:
        raise Damaged("This backup has no list of what it holds.") from error
    return manifest, pieces


def verify(file: IO[bytes], *, secret: str) -> dict[str, Any]:
    """Read the file to its end and return the manifest. Raises Damaged. Nothing of a damaged file reaches a database."""
    manifest, pieces = read(file, secret=secret)
    for _piece in pieces:
        pass
    return manifest


def _pieces(file: IO[bytes], secret: str) -> Iterator[bytes]:
    head = file.read(_HEAD)
    if len(head) < _HEAD or not head.startswith(MAGIC):
        raise Damaged("This is not a backup of refugeecm.")
    cipher, prefix = _cipher(secret, head[len(MAGIC) : -7]), head[-7:]
    count, length = 0, file.read(4)
    while length:
        size = struct.unpack(">I", length)[0] if len(length) == 4 else 0
        sealed = (
            file.read(size) if size <= 64 * PIECE else b""
        )  # a manifest is the largest piece there may be
        length = file.read(4)
        nonce = prefix + struct.pack(">IB", count, not length)
        try:
            plain = cipher.decrypt(nonce, sealed, head)
        except (InvalidTag, ValueError) as error:
            raise Damaged(
                f"The file was altered or cut off: piece {count} does not open."
                if count
                else "BACKUP_KEY is not the key of this file, or its beginning was altered."
            ) from error
        yield plain
        count += 1
    if not count:
        raise Damaged("The file was cut off after its beginning.")
