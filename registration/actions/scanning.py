"""Which uploaded files wait for the virus scanner, and what follows from its answer?

The file's own row is the work. It is claimed in one short transaction, which also reads the bytes; the scanner is asked outside any;
and the answer is written by a conditional move, so that a file that two workers had, or that was withdrawn meanwhile, ends once.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from agencies.models import Agency
from refugeecm.core import crypto, events, scanning, wall
from refugeecm.core.transitions import TransitionNotAllowed, move
from registration.actions import attachments
from registration.enums import AttachmentStatus
from registration.models import Attachment, AttachmentPiece

FOUND = events.declare(
    "registration.attachment.found",
    "The virus scanner found something in an uploaded file, which was destroyed.",
)
AGAIN = timedelta(minutes=1)  # after a try of which nobody knows what came of it
log = logging.getLogger(__name__)


def scan_next(*, agency: Agency, now: datetime) -> bool:
    """Have the next waiting file of an agency looked at; return False when none waits. Raises scanning.Silent: it waits on.

    A file that cannot be read, since its person was erased meanwhile, is left as it is: nobody can open it.
    """
    found = _claim(agency, now)
    if found is None:
        return False
    attachment, content = found
    _settle(agency, attachment, scanning.scan(content), now)
    return True


@transaction.atomic
def _claim(agency: Agency, now: datetime) -> tuple[Attachment, bytes] | None:
    """Return the file that has waited longest since anybody asked about it, with its bytes."""
    wall.enter(agency_id=agency.pk, user_id=None, reason="attachment.scan")
    due = Q(tried_at=None) | Q(tried_at__lt=now - AGAIN)
    waiting = Attachment.objects.filter(due, agency=agency, status=AttachmentStatus.WAITING)
    for one in waiting.order_by(F("tried_at").asc(nulls_first=True), "pk").select_for_update(
        skip_locked=True
    ):
        one.tried_at = now
        one.save(update_fields=["tried_at"])
        try:
            return one, attachments.opened(one)
        except crypto.Unreadable:
            log.warning("Uploaded file %s cannot be read for the scanner", one.pk)
    return None


@transaction.atomic
def _settle(agency: Agency, attachment: Attachment, finding: str, now: datetime) -> None:
    wall.enter(agency_id=agency.pk, user_id=None, reason="attachment.scan")
    try:
        if not finding:
            move(attachment, to=AttachmentStatus.READY, scanned_at=now)
            return
        move(attachment, to=AttachmentStatus.FOUND, scanned_at=now, finding=finding, key=b"")
    except TransitionNotAllowed:
        return  # withdrawn meanwhile, or another worker was faster
    AttachmentPiece.objects.filter(attachment=attachment).delete()
    events.record(
        FOUND, subject_type="attachment", subjects=[attachment.pk], agency_id=agency.pk, by=None, now=now,
        details={"tell": [agency.pk]},
    )  # fmt: skip
