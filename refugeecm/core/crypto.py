"""How are contact, documents and protection fields kept secret? AES-256-GCM with a key per person (trust.md 3.3).

Key-encryption keys come from the environment, wrap a key per agency, which wraps a key per person or per uploaded batch.
Every sealed value is bound to its place (`table.column|row`), so that it cannot be moved to another row. Format of what is
stored: version (1 byte) | key number (1 byte) | nonce (12 bytes) | ciphertext and tag.
"""

import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

VERSION = 1
Stored = bytes | memoryview  # what a binary field is read as
KEY_BYTES = 32


class Unreadable(Exception):
    """A sealed value cannot be opened: its key is gone, or it was moved or altered."""


def new_key() -> bytes:
    """Return 32 random bytes."""
    return os.urandom(KEY_BYTES)


def seal(plain: bytes, *, key: bytes, place: str, number: int = 0) -> bytes:
    """Return the sealed form of `plain`, bound to `place`; `number` says which key-encryption key was used, if one was."""
    nonce = os.urandom(12)
    return bytes((VERSION, number)) + nonce + AESGCM(key).encrypt(nonce, plain, place.encode())


def unseal(sealed: Stored, *, key: bytes, place: str) -> bytes:
    """Return the plain form. Raises Unreadable when key, place or content do not belong together."""
    sealed = bytes(sealed)
    if len(sealed) < 30 or sealed[0] != VERSION:
        raise Unreadable("The stored value is not in a known format.")
    try:
        return AESGCM(key).decrypt(sealed[2:14], sealed[14:], place.encode())
    except InvalidTag as error:
        raise Unreadable("The stored value does not belong to this key and place.") from error


def wrap_with_master(key: bytes, *, place: str) -> bytes:
    """Return an agency's key, wrapped by the newest key-encryption key."""
    number, master = next(iter(settings.KEY_ENCRYPTION_KEYS.items()))
    return seal(key, key=master, place=place, number=int(number))


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
