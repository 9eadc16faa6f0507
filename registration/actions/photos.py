"""How does a picture that somebody uploads become the photo of a person, and nothing else?"""

from __future__ import annotations

import struct
import zlib
from datetime import datetime
from io import BytesIO

from django.db import transaction
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from agencies.access import Permission, Viewer
from refugeecm.core import events
from refugeecm.core.ids import uuid7
from registration import policies
from registration.actions import sealing
from registration.actions.corrections import own_person
from registration.models import Individual, Photo
from registration.policies import NotPermitted

TAKEN = events.declare("registration.photo.taken", "A photo of a person was added or replaced.")
REMOVED = events.declare("registration.photo.removed", "The photo of a person was removed.")

LARGEST_FILE = 20 * 2**20  # bytes
LARGEST_PIXELS = 40_000_000  # asked of the head of the file, before anything is decoded
SMALLEST_SIDE = 10  # pixels; UNHCR eRRF
SIDE, BYTES = 1024, 150_000  # of what is kept
Steps = tuple[tuple[int, int], ...]  # pixels of the longer side, and quality of the JPEG
STEPS: Steps = ((SIDE, 85), (SIDE, 70), (SIDE, 50), (SIDE * 3 // 4, 50), (SIDE // 2, 50), (SIDE // 4, 40))
KINDS = ("JPEG", "PNG", "WEBP")  # decoders of bitmaps only: nothing that draws, calls or includes
UNREADABLE = (
    OSError, ValueError, SyntaxError, EOFError, OverflowError, struct.error, zlib.error, Image.DecompressionBombError,
    Image.DecompressionBombWarning, UnidentifiedImageError,
)  # fmt: skip


def written_anew(data: bytes, *, steps: Steps = STEPS, at_most: int = BYTES, field: str = "photo") -> bytes:
    """Return the picture as a JPEG, upright, with nothing but its pixels: by the first of `steps` that gives so few bytes.

    Whatever else the file held is gone: place and time of taking, comments, profiles, what stood behind its end. Raises NotPermitted.
    """
    if len(data) > LARGEST_FILE:
        raise NotPermitted(_("The photo is larger than 20 MB. Take it again with fewer pixels."), field=field)
    try:
        with Image.open(BytesIO(data), formats=KINDS) as opened:
            width, height = opened.size
            if width * height > LARGEST_PIXELS or min(width, height) < SMALLEST_SIDE:
                raise NotPermitted(
                    _(
                        "The photo has %(width)s × %(height)s pixels. Send one between 10 and 6,000 pixels a side."
                    )
                    % {"width": width, "height": height},
                    field=field,
                )
            opened.draft("RGB", (steps[0][0], steps[0][0]))
            upright = ImageOps.exif_transpose(opened).convert("RGBA")
    except UNREADABLE as error:
        raise NotPermitted(
            _("This file is no photo that can be read. Send a JPEG, PNG or WebP file."), field=field
        ) from error
    # A new sheet, on which only pixels are laid: what a decoder keeps beside them stays behind.
    sheet = Image.new("RGB", upright.size, "white")
    sheet.paste(upright, mask=upright.getchannel("A"))
    for side, quality in steps:
        sheet.thumbnail((side, side))
        kept = BytesIO()
        sheet.save(kept, "JPEG", quality=quality, optimize=True)
        if kept.tell() <= at_most:
            break
    return kept.getvalue()


@transaction.atomic
def take(*, individual: Individual, data: bytes, by: Viewer, now: datetime) -> None:
    """Keep a photo of a person of the viewer's agency, sealed with the person's key; one of before is replaced."""
    policies.check_may(by, Permission.PERSON_PHOTO)
    person = own_person(individual, by)
    photo = Photo.objects.filter(individual=person).first() or Photo(
        id=uuid7(now), agency_id=person.agency_id, individual=person
    )
    place = sealing.fact_place(photo, "image")
    sealed = sealing.Opener([person.pk]).seal(person.pk, written_anew(data), place=place)
    if sealed is None:
        raise NotPermitted(sealing.erased())
    photo.image, photo.taken_at = sealed, now
    photo.save()
    events.note(TAKEN, "individual", person.pk, by=by, now=now)


@transaction.atomic
def remove(*, individual: Individual, by: Viewer, now: datetime) -> None:
    """Remove the photo of a person of the viewer's agency."""
    policies.check_may(by, Permission.PERSON_PHOTO)
    person = own_person(individual, by)
    if Photo.objects.filter(individual=person).delete()[0]:
        events.note(REMOVED, "individual", person.pk, by=by, now=now)
