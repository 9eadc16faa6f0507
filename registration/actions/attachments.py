"""How does a file that somebody brings become one of a person's papers; how is it opened, and withdrawn?"""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from refugeecm.core import crypto, events, scanning
from refugeecm.core.ids import uuid7
from refugeecm.core.transitions import move
from registration import policies
from registration.actions import photos, sealing
from registration.enums import AttachmentKind, AttachmentStatus
from registration.models import Attachment, AttachmentPiece, Individual
from registration.policies import NotPermitted
from registration.rules import uploads

ADDED = events.declare("registration.attachment.added", "A file about a person was added.")
WITHDRAWN = events.declare("registration.attachment.withdrawn", "A file about a person was withdrawn.")

AT_MOST = 20 * 2**20  # bytes of one file
KEPT = 60  # files of one person
PIECE = 2**20  # bytes
# A page of A4 at 350 dots per inch can still be read; larger ones are made smaller.
_SCAN: photos.Steps = ((4096, 85), (4096, 65), (2896, 65))
_SCAN_BYTES = 4 * 2**20
_TYPES = {uploads.PDF: "application/pdf", uploads.PICTURE: "image/jpeg"}


@transaction.atomic
def add(
    *, individual: Individual, kind: str, title: str, data: bytes, by: Viewer, now: datetime
) -> Attachment:
    """Keep a file about a person of the viewer's agency: a PDF as it is, a picture written anew; sealed in pieces.

    Where there is a scanner and the agency uses it, nobody can open the file before that has answered (actions.scanning).
    Raises NotPermitted for what is no such file, too large, has something inside that acts, or is kept already.
    """
    person = _own(individual, by)
    standing = Attachment.objects.filter(individual=person).standing()
    if standing.count() >= KEPT:
        raise NotPermitted(_("60 files of this person are kept. Withdraw one that is no longer needed."))
    content, media_type = _checked(data)
    digest = crypto.blind("attachment", hashlib.sha256(data).hexdigest())
    if standing.filter(digest=digest).exists():
        raise NotPermitted(_("This very file of this person is kept already."), field="file")
    scanned = scanning.is_there() and by.agency.scans_uploads
    made = Attachment(
        id=uuid7(now), agency_id=person.agency_id, individual=person, kind=kind, media_type=media_type, size=len(content),
        status=AttachmentStatus.WAITING if scanned else AttachmentStatus.READY, digest=digest, added_at=now,
        added_by_id=by.user_id,
    )  # fmt: skip
    opener, own_key = sealing.Opener([person.pk]), crypto.new_key()
    sealed = opener.seal(person.pk, own_key, place=sealing.fact_place(made, "key"))
    if sealed is None:
        raise NotPermitted(sealing.erased())
    made.key = sealed
    made.title = opener.seal(person.pk, title.encode(), place=sealing.fact_place(made, "title")) or b""
    made.save(force_insert=True)
    for seq, start in enumerate(range(0, len(content), PIECE)):
        piece = crypto.seal(content[start : start + PIECE], key=own_key, place=_place(made, seq))
        AttachmentPiece.objects.create(attachment=made, agency_id=made.agency_id, seq=seq, sealed=piece)
    record(ADDED, made, by=by, now=now)
    return made


def opened(attachment: Attachment) -> bytes:
    """Return the bytes of a file, whatever its status. Raises crypto.Unreadable when they are not all there, or the key is gone."""
    own_key = sealing.Opener([attachment.individual_id]).plain(attachment, "key")
    if not own_key:
        raise crypto.Unreadable("The key of this file is gone.")
    pieces = AttachmentPiece.objects.filter(attachment=attachment).order_by("seq")
    content = b"".join(
        crypto.unseal(one.sealed, key=own_key, place=_place(attachment, seq))
        for seq, one in enumerate(pieces.iterator(chunk_size=4))
    )
    if len(content) != attachment.size:
        raise crypto.Unreadable("A piece of this file is gone.")
    return content


@transaction.atomic
def withdraw(*, attachment: Attachment, reason: str, by: Viewer, now: datetime) -> None:
    """Destroy the bytes of a file; that it was there, and why it went, stays."""
    person = _own(attachment.individual, by)
    place = sealing.fact_place(attachment, "reason")
    sealed = sealing.Opener([person.pk]).seal(person.pk, reason.encode(), place=place)
    move(
        attachment, to=AttachmentStatus.WITHDRAWN, withdrawn_at=now, withdrawn_by_id=by.user_id, reason=sealed or b"", key=b"",
    )  # fmt: skip
    AttachmentPiece.objects.filter(attachment=attachment).delete()
    record(WITHDRAWN, attachment, by=by, now=now)


def record(name: str, attachment: Attachment, *, by: Viewer, now: datetime) -> None:
    """Record what happened: about the person, or of a medical paper about the paper alone; the person's page would tell of it."""
    if attachment.kind == AttachmentKind.MEDICAL:
        events.note(name, "attachment", attachment.pk, by=by, now=now, tell=None)
    else:
        events.note(name, "individual", attachment.individual_id, by=by, now=now, tell=None)


def _checked(data: bytes) -> tuple[bytes, str]:
    """Return what is kept of a file, and its type."""
    if len(data) > AT_MOST:
        raise NotPermitted(
            _("The file is larger than 20 MB. Scan it with fewer dots per inch, or send it in parts."),
            field="file",
        )
    kind = uploads.kind_of(data)
    if kind == uploads.PICTURE:
        return photos.written_anew(data, steps=_SCAN, at_most=_SCAN_BYTES, field="file"), _TYPES[kind]
    if not kind:
        raise NotPermitted(
            _(
                "By its content this is neither a PDF nor a JPEG, PNG or WebP picture. Scan or print it as PDF."
            ),
            field="file",
        )
    if why := uploads.refused(data):
        says = {
            "locked": _("This PDF has a password or is encrypted. Open it, and print it into a new PDF."),
            "active": _(
                "This PDF holds scripts, forms that send, or files inside. Print it into a new PDF, and send that."
            ),
            "damaged": _("This PDF is damaged, or hides something. Open it, and print it into a new PDF."),
        }
        raise NotPermitted(says[why], field="file")
    return data, _TYPES[kind]


def _own(individual: Individual, by: Viewer) -> Individual:
    """Return the row, locked, of a person of the viewer's agency about whom files may be kept."""
    policies.check_may(by, Permission.ATTACHMENT_KEEP)
    person = Individual.objects.select_for_update().get(pk=individual.pk)
    if person.agency_id != by.agency_id:
        raise NotPermitted(_("Another agency is responsible for this person."))
    if person.merged_into_id:
        raise NotPermitted(_("This record was merged into another. Change that one, or take them apart."))
    return person


def _place(attachment: Attachment, seq: int) -> str:
    return f"registration_attachmentpiece.sealed|{attachment.pk}.{seq}"
