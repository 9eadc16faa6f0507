"""What becomes of photos, papers, relatives and references: sealed, found again, and gone when they are removed?"""

from __future__ import annotations

import re
import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from refugeecm.core.models import Event, ReadEvent
from registration.actions.photos import BYTES, SIDE, written_anew
from registration.models import BiometricReference, Document, Individual, Photo, Relative
from registration.policies import NotPermitted
from tests.conftest import Cast, acting_as


def picture(
    kind: str = "JPEG", size: tuple[int, int] = (1600, 1200), *, noisy: bool = False, **given: Any
) -> bytes:
    """A smooth picture, or one full of noise, which packs badly."""
    drawn = Image.effect_noise(size, 90) if noisy else Image.linear_gradient("L").resize(size)
    kept = BytesIO()
    drawn.convert("RGB").save(kept, kind, **given)
    return kept.getvalue()


def located() -> bytes:
    """A picture that says where and with what it was taken, lying on its side."""
    exif = Image.Exif()
    exif[0x010F] = "ZQ-CAMERA"
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (13.0, 27.0, 36.0)
    return picture(exif=exif, comment=b"ZQ-COMMENT")


def png(width: int, height: int, *, chunks: bytes = b"") -> bytes:
    """A PNG that says it is as large as this."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(b"\0" * 1_000_000))
    return b"\x89PNG\r\n\x1a\n" + head + chunks + body + chunk(b"IEND", b"")


def test_a_photo_keeps_its_pixels_and_nothing_else() -> None:
    kept = written_anew(located() + b"<script>ZQ-TAIL</script>PK\x03\x04")
    with Image.open(BytesIO(kept)) as image:
        assert image.format == "JPEG"
        assert image.size == (768, 1024), "upright"
        assert not image.getexif()
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert len(kept) <= BYTES
    for trace in (b"Exif", b"ZQ-CAMERA", b"ZQ-COMMENT", b"ZQ-TAIL", b"PK\x03\x04"):
        assert trace not in kept
    assert len(written_anew(picture(noisy=True))) <= BYTES
    for kind in ("PNG", "WEBP"):
        with Image.open(BytesIO(written_anew(picture(kind, (300, 200))))) as image:
            assert (image.format, image.size) == ("JPEG", (300, 200))
    through = BytesIO()
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(through, "PNG")
    with Image.open(BytesIO(written_anew(through.getvalue()))) as image:
        assert image.getpixel((5, 5)) == (255, 255, 255)
    assert SIDE == 1024


HOSTILE = {
    "nothing": b"",
    "text": b"no picture at all",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "html": b"<html><img src=x></html>",
    "pdf": b"%PDF-1.7\n1 0 obj",
    "zip": b"PK\x03\x04" + b"\0" * 64,
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n",
    "gif": b"GIF89a" + struct.pack("<HH", 50, 50) + b"\0\0\0;",
    "bmp": b"BM" + b"\0" * 60,
    "bomb": png(60_000, 60_000),
    "larger bomb": png(10_000, 9_000),
    "dot": png(2, 2),
    "cut": picture(size=(400, 400))[:900],
    "text bomb": png(
        100, 100, chunks=struct.pack(">I", 12) + b"zTXtaa\0\0" + b"\0" * 8 + struct.pack(">I", 0)
    ),
    "too long": b"\xff\xd8" + b"\0" * (20 * 2**20),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_photo_is_refused_with_a_sentence(name: str) -> None:
    with pytest.raises(NotPermitted, match="photo"):
        written_anew(HOSTILE[name])


def test_a_photo_is_sealed_shown_and_removed(cast: Cast, family: list[Individual], agree: Any) -> None:
    mother, browser = family[0], cast.caseworker.browser()
    facts, address = (reverse(name, args=[mother.pk]) for name in ("facts", "photo"))
    assert browser.get(address).status_code == 404
    refused = browser.post(
        address, {"on": "facts", "photo": SimpleUploadedFile("a.jpg", HOSTILE["svg"], "image/jpeg")}, follow=True
    )  # fmt: skip
    assert refused.redirect_chain[-1][0] == facts
    assert "no photo that can be read" in refused.content.decode()
    family_page = reverse("photos", args=[mother.household_id])
    assert browser.get(family_page).content.decode().count('capture="user"') == len(family)
    nothing = browser.post(address, {"on": "photos"}, follow=True).content.decode()
    assert "Take a photo, or choose one" in nothing
    sent = {"on": "photos", "photo": SimpleUploadedFile("a.jpg", located(), "image/jpeg")}
    assert address in browser.post(address, sent, follow=True).content.decode(), (
        "shown at once, and only this one"
    )
    assert address not in re.sub('action="[^"]*"', "", browser.get(family_page).content.decode())
    assert cast.partner.browser().get(family_page).status_code == 404
    shown = browser.get(address)
    assert (shown.status_code, shown["Content-Type"], shown["Cache-Control"]) == (
        200,
        "image/jpeg",
        "no-store",
    )
    assert shown.content[:2] == b"\xff\xd8"
    with acting_as(cast.caseworker.viewer):
        kept = Photo.objects.get(individual=mother)
        assert bytes(kept.image)[:2] != b"\xff\xd8", "sealed"
        assert ReadEvent.objects.filter(view="photo", subject_ids=[str(kept.pk)]).exists()
        history: Any = Photo.pgh_event_model  # type: ignore[attr-defined]
        assert "image" not in {one.name for one in history._meta.concrete_fields}
    assert address in browser.get(reverse("individual", args=[mother.pk])).content.decode()
    agree(classes=["C1", "C2"])
    assert cast.partner.browser().get(address).status_code == 404
    agree(classes=["C1", "C2", "C3"], title="With photos")
    assert cast.partner.browser().get(address).content == shown.content
    assert cast.partner.browser().post(address).status_code == 404
    assert cast.stranger.browser().get(address).status_code == 404
    assert cast.admin.browser().get(address).status_code == 403
    browser.post(address)
    assert browser.get(address).status_code == 200, "sent without a photo, nothing is removed"
    browser.post(address, {"do": "remove"})
    assert browser.get(address).status_code == 404


def test_papers_relatives_and_references_come_and_go(
    cast: Cast, family: list[Individual], agree: Any
) -> None:
    mother, browser = family[0], cast.caseworker.browser()
    facts = reverse("facts", args=[mother.pk])

    def add(part: str, **given: str) -> Any:
        return browser.post(facts, {"part": part, **given})

    assert add("document", kind="NATIONAL_ID", number="NN-778899").status_code == 302
    again = add("document", kind="NATIONAL_ID", number="nn 778899")
    assert "recorded already" in again.content.decode()
    uncle = {
        "relationship": "UNC",
        "name": "Idriss Haroun",
        "country": "LBY",
        "whereabouts": "Kufra, last in May",
    }
    assert add("relative", **uncle).status_code == 302
    assert "You see no person" in add("relative", **uncle, number="BOR-26-9999999-X").content.decode()
    assert add("relative", **(uncle | {"number": family[1].number})).status_code == 302
    eyes = {"system": "BIMS", "reference": "ZQ-4711", "result": "none", "checked_on": "2026-03-01"}
    assert add("biometric", **eyes).status_code == 302
    assert "in the future" in add("biometric", **(eyes | {"checked_on": "2099-01-01"})).content.decode()
    assert add("nonsense").status_code == 404
    page = browser.get(facts).content.decode()
    for said in (
        "NN-778899",
        "Uncle: Idriss Haroun",
        "Libya",
        "Kufra, last in May",
        family[1].number,
        "ZQ-4711",
    ):
        assert said in page
    file = reverse("individual", args=[mother.pk])
    where = ("Idriss Haroun", "Libya", "Kufra, last in May", f"?q={family[1].number}")
    assert not [one for one in ("Uncle", *where) if one not in browser.get(file).content.decode()]
    for classes, seen in ((["C1"], ()), (["C1", "C2"], ("Uncle",)), (["C1", "C2", "C3"], ("Uncle", *where))):
        agree(classes=classes, title=" ".join(classes))
        shown = cast.partner.browser().get(file).content.decode()
        assert {one for one in ("Uncle", *where) if one in shown} == set(seen), classes
    with acting_as(cast.caseworker.viewer):
        assert b"Kufra" not in bytes(Relative.objects.filter(individual=mother).first().whereabouts)
        assert b"4711" not in bytes(BiometricReference.objects.get().reference)
        paper = Document.objects.get(kind="NATIONAL_ID")
        keys = Individual.objects.get(pk=mother.pk).keys
        assert len(keys) == len(mother.keys) + 3  # the number, and its halves with the day of birth
    found = browser.get(reverse("people"), {"q": "NN 778899"}).content.decode()
    assert "Mariam" in found
    browser.post(facts, {"part": "document", "row": str(paper.pk)})
    with acting_as(cast.caseworker.viewer):
        assert Document.objects.filter(pk=paper.pk).exists(), "not without a reason"
    browser.post(facts, {"part": "document", "row": str(paper.pk), "reason": "typing"})
    assert browser.post(facts, {"part": "document", "row": "nonsense"}).status_code == 404
    assert browser.post(facts, {"part": "relative", "row": str(paper.pk)}).status_code == 404
    with acting_as(cast.caseworker.viewer):
        assert Individual.objects.get(pk=mother.pk).keys == mother.keys
        told = Event.objects.filter(name="registration.individual.completed").order_by("at", "id")
        assert {"documents", "relatives", "biometrics"} == {one.details["fields"][0] for one in told}
    for outsider in (cast.partner, cast.stranger):
        assert outsider.browser().get(facts).status_code == 404
