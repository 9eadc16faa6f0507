"""What is in a file that somebody brings, by its bytes and not by its name, and what in a PDF is refused?

Looked for in a PDF: encryption, scripts, and actions that start, send or fetch something, files or players inside; as written in
the file, with letters of names escaped or not (ISO 32000-1, 7.3.5), and in its streams of objects, inflated (7.5.7). Not looked at:
streams of objects that do not say so, and what a broken file turns into when a reader mends it; pictures and fonts made to break a
reader. That is the virus scanner's part; and no PDF is ever opened by the server, or shown inside a page.
"""

from __future__ import annotations

import re
import zlib

PDF, PICTURE = "pdf", "picture"
NEAR = 4096  # bytes between the name of a stream of objects and its beginning
INFLATED, ALTOGETHER = 2**20, 16 * 2**20  # bytes of one stream of objects, and of all
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_ZIP_END, _ZIP_TAIL = (
    b"PK\x05\x06",
    65_557,
)  # an archive ends with this, and a comment of at most 64 kB behind it


def _names(*names: str) -> re.Pattern[bytes]:
    """Return the pattern of these names, each letter of them as it is or as #4a."""
    escaped = ("".join(rf"(?:{one}|#{ord(one):02x}|#{ord(one):02X})" for one in name) for name in names)
    return re.compile(f"/(?:{'|'.join(escaped)})(?![A-Za-z])".encode())


# Names that no scan, letter or printed paper needs. All are long enough not to occur by chance in a picture.
_LOCKED = _names("Encrypt")
_ACTIVE = _names(
    "JavaScript", "Launch", "EmbeddedFile", "EmbeddedFiles", "RichMedia", "SubmitForm", "ImportData", "GoToR", "GoToE",
    "Rendition", "XFA",
)  # fmt: skip
_OBJECTS = _names("ObjStm")
_STREAM = re.compile(rb"stream\r?\n")


def kind_of(data: bytes) -> str:
    """Return PDF or PICTURE by how the bytes begin, "" for everything else. A picture may still turn out to be none."""
    if data.startswith(b"%PDF-"):
        return PDF
    webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    return PICTURE if webp or data.startswith(_PICTURES) else ""


def refused(data: bytes) -> str:
    """Return why a PDF is not taken: "locked", "active" or "damaged"; "" when nothing was found."""
    if b"%%EOF" not in data[-1024:] or _ZIP_END in data[-_ZIP_TAIL:]:
        return "damaged"  # cut off; or also an archive, whatever it says of itself
    if _LOCKED.search(data):
        return "locked"
    if _ACTIVE.search(data):
        return "active"
    left = ALTOGETHER
    for found in _OBJECTS.finditer(data):
        inside = _inflated(data, found.end())
        if inside is None or left < len(inside):
            return "damaged"
        if _ACTIVE.search(inside):
            return "active"
        left -= len(inside)
    return ""


def _inflated(data: bytes, named: int) -> bytes | None:
    """Return what is in the stream of objects that is named here; None when it cannot be looked through, or holds too much."""
    begins = _STREAM.search(data, named, named + NEAR)
    if begins is None:
        return None
    opened = zlib.decompressobj()
    try:
        inside = opened.decompress(memoryview(data)[begins.end() : begins.end() + INFLATED], INFLATED)
    except zlib.error:
        return None
    return inside if opened.eof else None
