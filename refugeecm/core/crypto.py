"""How are contact, documents and protection fields kept secret? AES-256-GCM with a key per person (trust.md 3.3).

Key-encryption keys come from the environment, wrap a key per agency, which wraps a key per person or per uploaded batch.
Every sealed value is bound to its place (`table.column|row`), so that it cannot be moved to another row. Format of what is
stored: version (1 byte) | key number (1 byte) | nonce (12 bytes) | ciphertext and tag. The number chooses among the keys of a Ring, so
that an agency's key is changed while everybody works: what the older key sealed stays readable until it is sealed anew.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

VERSION = 1
Stored = bytes | memoryview  # what a binary field is read as
KEY_BYTES = 32


class Unreadable(Exception):
    """A sealed value cannot be opened: its key is gone, or it was moved or altered."""


@dataclass(frozen=True)
class Ring:
    """The keys of one agency by their numbers (0 to 255), the one that seals first."""

    keys: Mapping[int, bytes] = field(repr=False)

    def newest(self) -> tuple[int, bytes]:
        """Return number and key for what is sealed now."""
        return next(iter(self.keys.items()))


Key = bytes | Ring


def new_key() -> bytes:
    """Return 32 random bytes."""
    return os.urandom(KEY_BYTES)


def seal(plain: bytes, *, key: Key, place: str, number: int = 0) -> bytes:
    """Return the sealed form of `plain`, bound to `place`; `number` says which key was used where there are several."""
    if isinstance(key, Ring):
        number, key = key.newest()
    nonce = os.urandom(12)
    return bytes((VERSION, number)) + nonce + AESGCM(key).encrypt(nonce, plain, place.encode())


def unseal(sealed: Stored, *, key: Key, place: str) -> bytes:
    """Return the plain form. Raises Unreadable when key, place or content do not belong together."""
    sealed = bytes(sealed)
    if len(sealed) < 30 or sealed[0] != VERSION:
        raise Unreadable("The stored value is not in a known format.")
    one = key.keys.get(sealed[1]) if isinstance(key, Ring) else key
    if one is None:
        raise Unreadable(f"The key {sealed[1]} of this agency was given up.")
    try:
        return AESGCM(one).decrypt(sealed[2:14], sealed[14:], place.encode())
    except InvalidTag as error:
        raise Unreadable("The stored value does not belong to this key and place.") from error


def newest_master() -> int:
    """Return the number of the key-encryption key that wraps now."""
    return int(next(iter(settings.KEY_ENCRYPTION_KEYS)))


def wrap_with_master(key: bytes, *, place: str) -> bytes:
    """Return an agency's key, wrapped by the newest key-encryption key."""
    number = newest_master()
    return seal(key, key=settings.KEY_ENCRYPTION_KEYS[str(number)], place=place, number=number)


def unwrap_with_master(sealed: Stored, *, place: str) -> bytes:
    """Return an agency's key. Raises Unreadable when its key-encryption key is not configured."""
    master = settings.KEY_ENCRYPTION_KEYS.get(str(bytes(sealed)[1]))
    if master is None:
        raise Unreadable(f"Key-encryption key {bytes(sealed)[1]} is not configured.")
    return unseal(sealed, key=master, place=place)


@lru_cache(maxsize=8)
def derived(purpose: str) -> bytes:
    """Return a 32-byte key for one purpose, derived from the blind-index key."""
    return hmac.new(settings.BLIND_INDEX_KEY, purpose.encode(), hashlib.sha256).digest()


def blind(purpose: str, value: str) -> bytes:
    """Return the 16-byte blind index of a normalised value: equal values are found without being readable."""
    return hmac.digest(derived(purpose), value.encode(), "sha256")[:16]
