"""How are rows numbered? UUIDv7 for machines, a short number with a check character for people."""

import os
import uuid
from datetime import datetime

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUES = {letter: place for place, letter in enumerate(ALPHABET)}


def uuid7(now: datetime, *, ordinal: int = 0, seed: bytes | None = None) -> uuid.UUID:
    """Return a UUIDv7 (RFC 9562): 48 bits of milliseconds, then `ordinal` (20 bits), then 54 bits of chance or of `seed`.

    With a seed the result is the same every time: a chunk of an import that is done twice meets its own primary keys.
    """
    chance = int.from_bytes((seed or os.urandom(8))[:8], "big") & ((1 << 54) - 1)
    rest = (ordinal & 0xFFFFF) << 54 | chance  # 74 bits: 12 before the variant, 62 after
    milliseconds = int(now.timestamp() * 1000) & ((1 << 48) - 1)
    value = milliseconds << 80 | 0x7 << 76 | (rest >> 62) << 64 | 0b10 << 62 | rest & ((1 << 62) - 1)
    return uuid.UUID(int=value)


def first_at(moment: datetime) -> uuid.UUID:
    """Return the bound between the ids made before a moment and those made in its millisecond or later."""
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80)


def of_number(number: int) -> uuid.UUID:
    """Return the id under which events name a row that has only a number; `.int` gives the number back."""
    return uuid.UUID(int=number)


def check_character(text: str) -> str:
    """Return the check character of ISO 7064 MOD 37,36 for a string of 0-9 and A-Z (other characters are skipped)."""
    product = 36
    for letter in text:
        value = _VALUES.get(letter)
        if value is not None:
            product = ((product + value) % 36 or 36) * 2 % 37
    return ALPHABET[(37 - product) % 36]


def number(prefix: str, serial: int, year: int) -> str:
    """Return a human number: prefix-YY-NNNNNNN-check, for example BOR-26-0000017-K."""
    body = f"{prefix}-{year % 100:02d}-{serial:07d}"
    return f"{body}-{check_character(body)}"
