"""Is a paper of ours that somebody holds in their hand still good? Its code answers, to anybody, with one word.

The address in the code names the paper by ten random bytes, followed by five of their signature: nothing about a person stands in it,
none can be guessed, and one that was made up is known as such. The register keeps the first part only, so that who could read it could
still make no address.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import date
from enum import StrEnum

from django.db import connection
from django.urls import reverse

from refugeecm.core import crypto
from refugeecm.core.mail import link

CODE, SIGNATURE = 10, 5  # bytes; together 24 letters of base 32


class State(StrEnum):
    """What the public page says, and nothing else."""

    VALID = "valid"
    EXPIRED = "expired"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"
    NOT_OURS = "not_ours"


def address(code: crypto.Stored) -> str:
    """Return the full address of the page about the paper with this code."""
    return link(reverse("verify-document", args=[_written(bytes(code))]))


def _written(code: bytes) -> str:
    return base64.b32encode(code + _signature(code)).decode()


def _signature(code: bytes) -> bytes:
    return hmac.digest(crypto.derived("issued document"), code, "sha256")[:SIGNATURE]


def state_of(text: str, *, today: date) -> State:
    """Return what there is to say of the paper whose address ends in `text`. One statement, whatever the text is."""
    try:
        given = base64.b32decode(text.strip().upper().encode())
    except (binascii.Error, ValueError):
        given = b""
    code, signature = given[:CODE], given[CODE:]
    genuine = len(code) == CODE and hmac.compare_digest(signature, _signature(code))
    with connection.cursor() as cursor:
        cursor.execute("SELECT registration_issued_state(%s, %s)", [code, today])
        found = cursor.fetchone()[0]
    return State(found) if genuine and found else State.NOT_OURS
