"""Are files about people checked by their bytes, sealed, opened by few once the scanner has answered, and withdrawn for good?"""

from __future__ import annotations

import socket
import struct
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import typst
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from agencies.models import Notification
from refugeecm.core import crypto, outbox
from refugeecm.core.models import Event, ReadEvent
from refugeecm.core.transitions import TransitionNotAllowed
from registration.actions import attachments, scanning, sealing
from registration.models import Attachment, AttachmentPiece, Individual, PersonKey
from registration.policies import NotPermitted
from registration.rules import uploads
from registration.tasks import scan_uploads
from tests.conftest import NOW, Cast, Person, acting_as

pytestmark = pytest.mark.usefixtures("db")


def pdf(inside: bytes = b"", *, end: bytes = b"") -> bytes:
    """Return a PDF of one empty page."""
    return (
        b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj"
        b" 3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj "
        + inside
        + b"\ntrailer<</Root 1 0 R>>\n%%EOF"
        + end
    )


def objects(inside: bytes, *, head: bytes = b"/Type/ObjStm/N 1", packed: bool = True) -> bytes:
    """Return a PDF that holds something in a stream of objects."""
    body = zlib.compress(inside) if packed else inside
    return pdf(b"4 0 obj<<" + head + b">>stream\r\n" + body + b"\nendstream endobj")


def zipped(*, comment: bytes = b"") -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("run.exe", b"MZ")
        archive.comment = comment
    return made.getvalue()


def picture(kind: str = "PNG", *, text: str = "", after: bytes = b"") -> bytes:
    made, told = BytesIO(), PngInfo()
    told.add_text("Comment", text)
    Image.new("RGB", (300, 200), "teal").save(made, kind, **({"pnginfo": told} if kind == "PNG" else {}))
    return made.getvalue() + after


def _bomb() -> bytes:
    """A picture that says it is 40,000 pixels wide and high."""
    head = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\0" * 50


HOSTILE: dict[str, tuple[bytes, str]] = {
    "a program with a PDF's name": (b"MZ\x90\0" + b"\0" * 99, "neither a PDF"),
    "a web page": (b"<html><script>alert(1)</script>", "neither a PDF"),
    "a drawing that may hold scripts": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "neither a PDF"),
    "nothing but the name of a PDF": (b"%PDF-1.7\n", "damaged"),
    "a PDF that begins behind something else": (b"GIF89a" + pdf(), "neither a PDF"),
    "a PDF that is an archive too": (pdf() + zipped(), "damaged"),
    "and one whose archive ends as a PDF does": (pdf() + zipped(comment=b"%%EOF"), "damaged"),
    "encrypted": (pdf(b"4 0 obj<</Filter/Standard>>endobj trailer<</Encrypt 4 0 R>>"), "password"),
    "a script": (pdf(b"4 0 obj<</S/JavaScript/JS(app.alert(1))>>endobj"), "scripts"),
    "a script under a name with escaped letters": (
        pdf(b"4 0 obj<</S/J#61va#53cript/JS(1)>>endobj"),
        "scripts",
    ),
    "something that is started": (pdf(b"4 0 obj<</S/Launch/F(cmd.exe)>>endobj"), "scripts"),
    "a file inside": (pdf(b"4 0 obj<</Names<</EmbeddedFiles 5 0 R>>>>endobj"), "scripts"),
    "a form that sends": (pdf(b"4 0 obj<</S/SubmitForm/F(http://x.invalid)>>endobj"), "scripts"),
    "a script in a stream of objects": (objects(b"4 0 <</S/JavaScript/JS(1)>>"), "scripts"),
    "the same, its kind with escaped letters": (
        objects(b"<</S/JavaScript>>", head=b"/Type/Obj#53tm"),
        "scripts",
    ),
    "objects under another filter": (objects(b"<~87cUR~>", packed=False), "damaged"),
    "objects far from where they are named": (
        objects(b"<<>>", head=b"/Type/ObjStm" + b" " * 5000),
        "damaged",
    ),
    "a stream of objects that bursts": (objects(b" " * 3_000_000), "damaged"),
    "a picture that bursts": (_bomb(), "no photo"),
    "a picture cut off": (picture()[:200], "no photo"),
    "a web page that begins as a picture": (b"\xff\xd8\xff<script>", "no photo"),
    "too large": (pdf() + b" " * attachments.AT_MOST, "20 MB"),
}


def _add(by: Person, person: Individual, data: bytes, *, kind: str = "letter", title: str = "") -> Attachment:
    viewer = by.viewer
    with acting_as(viewer):
        return attachments.add(individual=person, kind=kind, title=title, data=data, by=viewer, now=NOW)


def _again(by: Person, made: Attachment) -> Attachment:
    with acting_as(by.viewer):
        return Attachment.objects.get(pk=made.pk)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_words(cast: Cast, family: list[Individual], name: str) -> None:
    data, word = HOSTILE[name]
    with pytest.raises(NotPermitted, match=word) as refusal:
        _add(cast.caseworker, family[0], data)
    assert refusal.value.field == "file"
    with acting_as(cast.caseworker.viewer):
        assert not Attachment.objects.exists()


def test_honest_files_are_taken(tmp_path: Path) -> None:
    text = tmp_path / "letter.typ"
    text.write_text(
        '= Letter\n\n#link("https://example.org")[From the school] \\ 12 March\n#pagebreak()\nSecond page'
    )
    for data in (typst.compile(str(text)), pdf(), pdf(end=b"\r\n"), objects(b"4 0 <</Type/Annot>>")):
        assert (uploads.kind_of(data), uploads.refused(data)) == (uploads.PDF, "")
    assert {uploads.kind_of(picture(kind)) for kind in ("PNG", "JPEG", "WEBP")} == {uploads.PICTURE}


def test_a_picture_is_written_anew_and_a_pdf_stays_as_it_is(cast: Cast, family: list[Individual]) -> None:
    by, polyglot = cast.caseworker, picture(text="secretplace", after=zipped())
    drawn, paper = (
        _add(by, family[0], polyglot, kind="photo"),
        _add(by, family[0], pdf(), title="رسالة المدرسة"),
    )
    with acting_as(by.viewer):
        content = attachments.opened(drawn)
        assert content.startswith(b"\xff\xd8\xff")
        assert b"secretplace" not in content
        assert b"run.exe" not in content
        assert Image.open(BytesIO(content)).size == (300, 200)
        assert attachments.opened(paper) == pdf()
        assert (drawn.media_type, paper.media_type) == ("image/jpeg", "application/pdf")
        assert sealing.Opener([family[0].pk]).fact(paper, "title") == "رسالة المدرسة"
        assert b"\xd8\xb1" not in bytes(paper.title)
    with pytest.raises(NotPermitted, match="kept already"):
        _add(by, family[0], pdf())
    assert _add(by, family[1], pdf()).size == len(pdf()), "the same paper may be another's, too"


def test_a_large_file_is_sealed_in_pieces_bound_to_their_places(cast: Cast, family: list[Individual]) -> None:
    data = pdf(b"%" + bytes(range(65, 91)) * 100_000)
    made = _add(cast.caseworker, family[0], data)
    with acting_as(cast.caseworker.viewer):
        pieces = AttachmentPiece.objects.filter(attachment=made)
        assert pieces.count() == 3
        assert attachments.opened(made) == data
        assert not any(b"ABCDEFG" in bytes(one.sealed) for one in pieces)
        last = pieces.order_by("seq").last()
        assert last
        last.delete()
        with pytest.raises(crypto.Unreadable, match="piece"):
            attachments.opened(made)
        AttachmentPiece.objects.filter(attachment=made, seq=0).update(seq=7)
        with pytest.raises(crypto.Unreadable):
            attachments.opened(made)


def test_with_the_persons_key_the_file_is_gone(cast: Cast, family: list[Individual]) -> None:
    made = _add(cast.caseworker, family[0], pdf())
    with acting_as(cast.caseworker.viewer):
        PersonKey.objects.filter(individual=family[0]).delete()
    told = cast.caseworker.browser().get(reverse("attachment", args=[made.pk]), follow=True)
    assert "can no longer be read" in told.content.decode()
    with pytest.raises(NotPermitted, match="erased"):
        _add(cast.caseworker, family[0], picture())


def test_it_is_added_opened_to_be_saved_and_withdrawn_on_its_pages(
    cast: Cast, family: list[Individual], django_assert_max_num_queries: Any
) -> None:
    browser, listed = cast.caseworker.browser(), reverse("attachments", args=[family[0].pk])
    new = reverse("attachment-new", args=[family[0].pk])
    sent = {
        "kind": "identity",
        "title": "Passport",
        "file": SimpleUploadedFile("x.pdf", b"MZ", "application/pdf"),
    }
    told = browser.post(new, sent)
    assert "neither a PDF nor a JPEG" in told.content.decode()
    assert 'enctype="multipart/form-data"' in told.content.decode()
    sent["file"] = SimpleUploadedFile("../../etc/passwd.exe", pdf(), "text/html")
    told = browser.post(new, sent, follow=True)
    assert told.redirect_chain == [(listed, 302)]
    assert "Passport" in told.content.decode()
    assert "passwd" not in told.content.decode()
    with acting_as(cast.caseworker.viewer):
        made = Attachment.objects.get()
    address = reverse("attachment", args=[made.pk])
    answer = browser.get(address)
    assert answer.content == pdf()
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith(f'attachment; filename="{family[0].number}-identity-')
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["Cache-Control"] == "no-store"
    with acting_as(cast.caseworker.viewer):
        assert ReadEvent.objects.get(view="attachment").subject_ids == [made.pk]
    page = browser.post(
        reverse("attachment-withdraw", args=[made.pk]), {"reason": "His cousin's"}, follow=True
    )
    assert "His cousin&#x27;s" in page.content.decode()
    assert "cannot be opened: Withdrawn" in browser.get(address, follow=True).content.decode()
    with acting_as(cast.caseworker.viewer):
        gone = Attachment.objects.get()
        assert (bytes(gone.key), AttachmentPiece.objects.count()) == (b"", 0)
        assert b"cousin" not in bytes(gone.reason)
        told_of = Event.objects.filter(subject_id=family[0].pk, name__startswith="registration.attachment")
        assert set(told_of.values_list("name", flat=True)) == {attachments.ADDED, attachments.WITHDRAWN}
        with pytest.raises(TransitionNotAllowed):
            attachments.withdraw(attachment=gone, reason="again", by=cast.caseworker.viewer, now=NOW)
    assert _add(cast.caseworker, family[0], pdf()).pk != made.pk, "what was withdrawn may come back"
    with django_assert_max_num_queries(14):
        browser.get(listed)


def test_nobody_elses_whatever_agreements_show(cast: Cast, family: list[Individual], agree: Any) -> None:
    made = _add(cast.caseworker, family[0], pdf())
    agree(classes=["C1", "C2", "C3", "C4"], channels=["pages", "api", "export"])
    for who, status in ((cast.partner, 404), (cast.stranger, 404), (cast.admin, 403)):
        browser = who.browser()
        for name, key in (("attachments", family[0].pk), ("attachment", made.pk)):
            assert browser.get(reverse(name, args=[key])).status_code == status
        for name, key in (("attachment-new", family[0].pk), ("attachment-withdraw", made.pk)):
            assert browser.post(reverse(name, args=[key]), {"reason": "x"}).status_code == status
    for viewer in (cast.partner.viewer, cast.stranger.viewer):
        with acting_as(viewer):
            assert not Attachment.objects.exists(), "nor does the database"
            assert not AttachmentPiece.objects.exists()
        with pytest.raises((NotPermitted, Individual.DoesNotExist)), acting_as(viewer):
            attachments.add(individual=family[0], kind="letter", title="", data=pdf(), by=viewer, now=NOW)


def test_a_medical_paper_is_for_who_opens_restricted_needs(cast: Cast, family: list[Individual]) -> None:
    made = _add(cast.caseworker, family[0], pdf(), kind="medical", title="Blood")
    listed, address = reverse("attachments", args=[family[0].pk]), reverse("attachment", args=[made.pk])
    assert "Blood" not in cast.colleague.browser().get(listed).content.decode()
    assert cast.colleague.browser().get(address).status_code == 404
    page = cast.colleague.browser().get(reverse("individual", args=[family[0].pk])).content.decode()
    assert "A file about a person was added" not in page
    assert "Blood" in cast.decider.browser().get(listed).content.decode()
    assert cast.decider.browser().get(address).content == pdf()


def test_sixty_files_and_no_more(
    cast: Cast, family: list[Individual], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "KEPT", 2)
    _add(cast.caseworker, family[0], pdf())
    _add(cast.caseworker, family[0], pdf(end=b"\n"))
    with pytest.raises(NotPermitted, match="files of this person are kept"):
        _add(cast.caseworker, family[0], pdf(end=b"\r\n"))


# ---- the virus scanner


Answering = Callable[[bytes], bytes]


@pytest.fixture
def scanner(tmp_path: Path, settings: Any) -> Iterator[Callable[[Answering], str]]:
    """Start a server that speaks clamd's INSTREAM on a Unix socket, and answers what it is told to."""
    line = socket.socket(socket.AF_UNIX)
    settings.VIRUS_SCANNER = f"unix:{tmp_path / 'clamd.sock'}"

    def start(answer: Answering) -> str:
        line.bind(str(tmp_path / "clamd.sock"))
        line.listen()
        threading.Thread(target=_serve, args=(line, answer), daemon=True).start()
        return str(settings.VIRUS_SCANNER)

    yield start
    line.close()


def _serve(line: socket.socket, answer: Answering) -> None:
    while True:
        try:
            caller = line.accept()[0]
        except OSError:
            return
        with caller, caller.makefile("rwb") as asked:
            assert asked.read(10) == b"zINSTREAM\0"
            got = b""
            while size := struct.unpack(">I", asked.read(4))[0]:
                got += asked.read(size)
            asked.write(answer(got))
            asked.flush()


def test_a_clean_file_opens_once_the_scanner_has_said_so(
    cast: Cast, family: list[Individual], scanner: Callable[[Answering], str]
) -> None:
    data, heard = pdf(b"%" + b"x" * 200_000), []
    scanner(lambda got: heard.append(got) or b"stream: OK\0")  # type: ignore[func-returns-value]
    made, browser = _add(cast.caseworker, family[0], data), cast.caseworker.browser()
    told = browser.get(reverse("attachment", args=[made.pk]), follow=True).content.decode()
    assert "cannot be opened: Waits for the virus scanner" in told
    assert "The virus scanner has not answered yet" in told
    assert scan_uploads() == 1
    assert heard == [data]
    assert browser.get(reverse("attachment", args=[made.pk])).content == data
    assert scan_uploads() == 0


def test_a_finding_destroys_the_file_and_tells_the_administrators(
    cast: Cast, family: list[Individual], scanner: Callable[[Answering], str]
) -> None:
    scanner(lambda got: b"stream: Eicar-Signature FOUND\0")
    made = _add(cast.caseworker, family[0], pdf())
    assert scan_uploads() == 1
    found = _again(cast.caseworker, made)
    assert (found.status, found.finding, bytes(found.key)) == ("found", "Eicar-Signature", b"")
    page = cast.caseworker.browser().get(reverse("attachment", args=[made.pk]), follow=True).content.decode()
    assert "Destroyed, the scanner found something" in page
    assert "Eicar-Signature" in page
    outbox.drain(now=timezone.now())
    with acting_as(cast.admin.viewer):
        assert AttachmentPiece.objects.count() == 0
        assert Notification.objects.filter(subject_type="attachment").count() == 1
    assert "virus scanner found something" in cast.admin.browser().get(reverse("home")).content.decode()
    assert "virus scanner found" not in cast.caseworker.browser().get(reverse("home")).content.decode()


@pytest.mark.parametrize("answer", [b"INSTREAM size limit exceeded. ERROR\0", b"", b"stream: "])
def test_while_the_scanner_does_not_say_nobody_opens_the_file(
    cast: Cast, family: list[Individual], scanner: Callable[[Answering], str], answer: bytes
) -> None:
    made = _add(cast.caseworker, family[0], pdf())
    assert scan_uploads() == 0, "nobody is there"
    scanner(lambda got: answer)
    with acting_as(cast.caseworker.viewer):
        Attachment.objects.update(tried_at=None)
    assert scan_uploads() == 0
    assert _again(cast.caseworker, made).status == "waiting"
    assert scan_uploads() == 0, "and it is not asked again at once"


def test_an_agency_may_keep_its_files_from_the_scanner(
    cast: Cast, family: list[Individual], settings: Any
) -> None:
    settings.VIRUS_SCANNER = "tcp:localhost:1"
    switch = reverse("members-scanning")
    assert cast.caseworker.browser().post(switch).status_code == 403
    page = cast.admin.browser().post(switch, follow=True).content.decode()
    assert "Files that we upload go to" in page
    assert _add(cast.caseworker, family[0], pdf()).status == "ready"
    cast.admin.browser().post(switch, {"scans": "on"})
    assert _add(cast.caseworker, family[1], pdf()).status == "waiting"
    assert scan_uploads() == 0


def test_a_file_that_was_withdrawn_while_it_was_scanned_stays_withdrawn(
    cast: Cast, family: list[Individual], scanner: Callable[[Answering], str]
) -> None:
    made, viewer = _add(cast.caseworker, family[0], pdf()), cast.caseworker.viewer
    found = scanning._claim(cast.border, NOW)
    assert found
    with acting_as(viewer):
        attachments.withdraw(attachment=made, reason="x", by=viewer, now=NOW)
    scanning._settle(cast.border, found[0], "Eicar-Signature", NOW)
    assert (gone := _again(cast.caseworker, made)).status == "withdrawn"
    assert gone.finding == ""


def test_the_second_wall_knows_pieces_by_their_file(cast: Cast, family: list[Individual]) -> None:
    made = _add(cast.caseworker, family[0], pdf())
    with acting_as(cast.stranger.viewer), connection.cursor() as cursor:
        cursor.execute("DELETE FROM registration_attachmentpiece")
        assert cursor.rowcount == 0
    with acting_as(cast.caseworker.viewer):
        assert attachments.opened(made) == pdf()
