"""Which files would somebody send to hurt us? Made in code, so that none of them lies on a disk (trust.md P26)."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import struct
import zipfile
from collections.abc import Callable, Sequence
from hashlib import shake_256

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_HEADER = "record_id,household_id,given_name,family_name,date_of_birth\n"
_ROW = "1,A,Ali,Saleh,1990-05-24\n"
READ = "read"  # nothing is wrong with it, or nothing that harms: it is read

_CELL = '<c r="{0}" t="inlineStr"><is><t>{1}</t></is></c>'
_ROWS = (
    f'<row r="1">{_CELL.format("A1", "given_name")}{_CELL.format("B1", "sex")}</row>'
    f'<row r="2">{_CELL.format("A2", "Ali")}{_CELL.format("B2", "M")}</row>'
)


def _zip(entries: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def _parts(rows: str = _ROWS, *, head: str = "", **more: bytes) -> dict[str, bytes]:
    """The parts of a workbook with these rows; `head` stands before the root element of its sheet."""
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    link = f'<Relationship Id="r1" Type="{relations}/worksheet" Target="worksheets/sheet1.xml"/>'
    start = f'<Relationship Id="r1" Type="{relations}/officeDocument" Target="xl/workbook.xml"/>'
    sheet = '<sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>'
    texts = {
        "[Content_Types].xml": f'<Types xmlns="{types}"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}">{start}</Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{relations}">{sheet}',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}">{link}</Relationships>',
        "xl/worksheets/sheet1.xml": f'{head}<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>',
    }
    return {name: text.encode() for name, text in texts.items()} | more


def _book(rows: str = _ROWS, *, head: str = "", **more: bytes) -> bytes:
    return _zip(_parts(rows, head=head, **more))


def _with(name: str, content: bytes) -> bytes:
    return _zip(_parts() | {name: content})


def _corner(cell: str, row: int) -> bytes:
    """Two cells that span a grid."""
    return _book(f'{_ROWS}<row r="{row}">{_CELL.format(cell, "x")}</row>')


def _lying(size: int) -> bytes:
    """A workbook whose directory says that its sheet is small, when it is not."""
    entries = _parts() | {"xl/worksheets/sheet1.xml": b" " * size}
    content = bytearray(_zip(entries))
    at = content.rindex(b"PK\x01\x02", 0, content.rindex(b"xl/worksheets/sheet1.xml"))
    struct.pack_into("<I", content, at + 24, 1000)
    return bytes(content)


def _patched(content: bytes, offset: int, value: bytes, *, signature: bytes = b"PK\x01\x02") -> bytes:
    """The archive with some bytes of its first directory entry (or of its end) changed."""
    found = bytearray(content)
    at = found.index(signature) + offset
    found[at : at + len(value)] = value
    return bytes(found)


def _overlapping() -> bytes:
    """A hundred entries of the directory for the same packed bytes, as in a zip bomb without nesting."""
    inner = _zip({f"xl/{n:03}.xml": (b"<a>" if n else b" " * 9_000_000) for n in range(100)})
    content = bytearray(inner)
    at = content.index(b"PK\x01\x02")
    packed, unpacked = struct.unpack_from("<II", content, at + 20)
    while (at := content.find(b"PK\x01\x02", at + 4)) > 0:
        struct.pack_into("<II", content, at + 20, packed, unpacked // 100)
        struct.pack_into("<I", content, at + 42, 0)
    return bytes(content)


def _nested(depth: int) -> bytes:
    content = _book()
    for _level in range(depth):
        content = _zip({"again.xlsx": content})
    return content


def _lines(rows: Sequence[str]) -> bytes:
    return (_HEADER + "".join(rows)).encode()


def _members(refs: Sequence[str]) -> bytes:
    return _lines([f"{number},{ref},Ali,Saleh,1990\n" for number, ref in enumerate(refs)])


_LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
_EXTERNAL = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
_ENTITY = '<row r="1"><c r="A1" t="inlineStr"><is><t>&{0};</t></is></c></row>'

# What each file is, how it is made, and what the reading child answers: a code of importers.refusals, or READ.
CORPUS: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "empty"),
    "only line ends": (lambda: b"\r\n\r\n", "empty"),
    "only a header": (lambda: _HEADER.encode(), "no_rows"),
    "no header": (lambda: b"a,b\nc,d\n", "no_header"),
    "no names": (lambda: b"sex,phone,dob\nF,1,2\n", "no_names"),
    "random bytes": (lambda: shake_256(b"noise").digest(50_000), "not_a_table"),
    "old workbook": (lambda: bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 2000, "old_or_locked"),
    "PDF that is a list": (lambda: b"%PDF-1.7\n" + b"given_name,sex\n" * 20, "not_a_table"),
    "picture": (lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "not_a_table"),
    "picture that is a workbook": (lambda: b"GIF89a" + _book(), "not_a_table"),
    "PDF that is a workbook": (lambda: b"%PDF-1.7\n" + _book(), "not_a_table"),
    "program": (lambda: b"\x7fELF" + b"\0\1\2" * 1000, "not_a_table"),
    "gzip bomb": (lambda: gzip.compress(b"\0" * 50_000_000), "not_a_table"),
    "bzip2": (lambda: bz2.compress(_lines([_ROW])), "not_a_table"),
    "zip bomb": (lambda: _with("xl/worksheets/sheet1.xml", b" " * 150_000_000), "bomb"),
    "zip bomb in a part that nobody reads": (lambda: _with("docProps/x.xml", b" " * 150_000_000), "bomb"),
    "zip bomb that lies about its size": (lambda: _lying(40_000_000), "bomb"),
    "zip bomb of parts that overlap": (_overlapping, "bomb"),
    "zip in a zip in a zip": (lambda: _nested(5), "not_a_table"),
    "many entries": (lambda: _zip(_parts() | {f"xl/{n}.xml": b"" for n in range(2100)}), "bomb"),
    "macros": (lambda: _with("xl/vbaProject.bin", b"x"), "macros"),
    "macros under another name": (lambda: _with("xl/x/VBAProject.bin", b"x"), "macros"),
    "macro type": (
        lambda: _with("[Content_Types].xml", b"application/vnd.ms-excel.sheet.macroEnabled"),
        "macros",
    ),
    "other archive": (lambda: _zip({"readme.txt": b"x"}), "not_a_table"),
    "OpenDocument": (
        lambda: _zip({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}),
        "other_workbook",
    ),
    "binary workbook": (lambda: _zip({"xl/workbook.bin": b"x"}), "other_workbook"),
    "broken zip": (lambda: b"PK\x03\x04" + shake_256(b"noise").digest(3000), "damaged"),
    "broken workbook": (lambda: _with("xl/workbook.xml", b"<workbook><sheets"), "damaged"),
    "workbook cut off": (lambda: _book()[:-40], "damaged"),
    "directory that points elsewhere": (
        lambda: _patched(_book(), 16, b"\xff\xff\xff\x00", signature=b"PK\x05\x06"),
        "damaged",
    ),
    "part that points elsewhere": (lambda: _patched(_book(), 42, b"\xff\xff\xff\x00"), "damaged"),
    "part with a password": (lambda: _patched(_book(), 8, b"\x01\x00"), "damaged"),
    "unknown compression": (lambda: _patched(_book(), 10, b"\x63\x00"), "damaged"),
    "path out of the archive": (lambda: _with("../../../../etc/cron.d/x", b"* * * * * root x"), READ),
    "absolute path": (lambda: _with("/etc/passwd", b"root::0:0::/:/bin/sh"), READ),
    "entity of a file": (lambda: _book(_ENTITY.format("e"), head=_EXTERNAL), "damaged"),
    "entities of entities": (
        lambda: _book(_ENTITY.format("a9"), head=f'<!DOCTYPE x [<!ENTITY a0 "ha">{_LAUGHS}]>'),
        "damaged",
    ),
    "entity in the workbook": (lambda: _with("xl/workbook.xml", _EXTERNAL.encode()), "damaged"),
    "elements within elements": (lambda: _book("<row>" * 300_000), "empty"),
    "far cell": (lambda: _corner("XFD1048576", 1_048_576), "too_large"),
    "grid of some gigabytes": (lambda: _corner("DKJ15000", 15_000), "too_large"),
    "row number beyond all": (lambda: _corner("A99999999999", 99_999), "too_large"),
    "16,384 columns": (
        lambda: _book(
            "".join(
                f"<row>{_CELL.format('', 'x').replace(' r=' + chr(34) * 2, '') * 16_384}</row>"
                for _n in (1, 2)
            )
        ),
        "too_many_columns",
    ),
    "formulas": (
        lambda: _book(_ROWS + '<row r="3"><c r="A3"><f>HYPERLINK("http://x.invalid")</f><v>1</v></c></row>'),
        READ,
    ),
    "formulas in a list": (lambda: _lines(["1,A,=cmd|' /C calc'!A0,Saleh,1990\n"]), READ),
    "NUL bytes": (lambda: _lines([_ROW] * 200) + b"2,A,A\0li,Saleh,1990\n", READ),
    "NUL in a name of a column": (lambda: b"given_name,se\0x,sex\n" + b"Ali,M,M\n" * 99, READ),
    "huge cell": (lambda: _book(_ROWS.replace("Ali", "A" * 32_000)), "cell_too_long"),
    "line of 100,000 columns": (lambda: b",".join([b"x"] * 100_000) + b"\n", "too_many_columns"),
    "wide row": (lambda: _lines([",".join(["x"] * 300)]), "too_many_columns"),
    "wide header": (
        lambda: (_HEADER.strip() + "".join(f",c{n}" for n in range(300)) + "\nx\n").encode(),
        "too_many_columns",
    ),
    "line without an end": (lambda: _HEADER.encode() + b"x" * 3_000_000, "cell_too_long"),
    "open quote": (lambda: _lines(['1,A,"Ali,x,1990\n', *["2,A,Omar,x,1990\n"] * 20_000]), "cell_too_long"),
    "long cell": (lambda: _lines([f"1,A,{'x' * 2001},y,1990\n"]), "cell_too_long"),
    "one household": (lambda: _members(["A"] * 2001), "household_too_large"),
    "one scattered household": (lambda: _members(["A", "B"] * 2001), "household_too_large"),
    "web page": (lambda: b"<html><table><tr><td>given_name</td></tr></table>" + b"<br>\n" * 50, "no_header"),
    "JSON": (lambda: json.dumps([{"given_name": "Ali"}] * 50, indent=1).encode(), "no_header"),
    "half of a pair in UTF-16": (
        lambda: b"\xff\xfe" + (_HEADER + _ROW).encode("utf-16-le") + b"\x00\xd8\n\x00",
        "damaged",
    ),
    "characters that turn the text": (lambda: _lines(["1,A,\u202eilA\u2066,Saleh,1990\n"]), READ),
}
