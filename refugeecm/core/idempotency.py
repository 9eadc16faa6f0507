"""Was this very request done before? A system that got no answer sends it again with the same key, and nothing happens twice.

`Idempotency-Key` of the IETF HTTP API working group's draft: kept for 24 hours, bare or in quotes. Kept is only that the key was
used and for what; the answer to a repetition is the record as the asker may see it then, so that nothing outlives an agreement.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions, status

from refugeecm.core.bulk import insert
from refugeecm.core.ids import uuid7
from refugeecm.core.models import IdempotencyKey

KEPT = timedelta(hours=24)


class OtherRequest(exceptions.APIException):
    """The key was used for another request."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = gettext_lazy("This Idempotency-Key was used for another request. Use a new one.")


def first_time(*, given: str | None, said: bytes, agency_id: int, client_id: str, now: datetime) -> bool:
    """Note the key that came with a request (`said`: what it asks, as bytes); answer whether this is the first time.

    Of two at once the second waits for the first. Raises ValidationError without a usable key, OtherRequest for one that was
    used to ask for something else. Belongs into the transaction of the effect.
    """
    key = (given or "").strip().strip('"')
    if not key or len(key) > 100 or not key.isascii() or not key.isprintable():
        told = _("Send the header Idempotency-Key with up to 100 letters and digits, new for each request.")
        raise exceptions.ValidationError({"Idempotency-Key": [told]})
    digest = hashlib.sha256(said).hexdigest()
    known = IdempotencyKey.objects.filter(client_id=client_id)
    known.filter(at__lt=now - KEPT).delete()
    row = {
        "id": uuid7(now),
        "agency_id": agency_id,
        "client_id": client_id,
        "key": key,
        "digest": digest,
        "at": now,
    }
    if insert(IdempotencyKey, [row], ignore_conflicts=True):
        return True
    if known.filter(key=key).values_list("digest", flat=True).first() != digest:
        raise OtherRequest
    return False
