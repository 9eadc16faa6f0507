"""What are the rows of this workbook, and is it safe to open?"""

import datetime as dt
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from registration.importers.refusals import Refusal
from registration.importers.tables import (
    HEADER_WITHIN,
    MAX_ROWS,
    NO_WISHES,
    Wishes,
    checked_header,
    find_header,
)
from registration.rules.columns import NAME_FIELDS

_MAX_ENTRIES = 2_000
_MAX_UNPACKED = 1 << 30  # bytes, of all entries together
_MAX_RATIO = 100  # a bomb of 476 kB unpacks to 142 MB: 300; real lists stay below 30
_MAX_SHEETS = 20
_PIECE = 1 << 13  # bytes, which unpack to 8 MB at most


class XlsxTable:
    """The table of an XLSX file: the sheet that was wished for, else the visible one with most rows among those with
    names, or with known columns. Raises Refusal."""

    sheets: Sequence[str]
    encoding: str | None = None
    delimiter: str | None = None

    def __init__(self, file: BinaryIO, wishes: Wishes = NO_WISHES) -> None:
        file.seek(0)
        try:
            self._sheet = self._chosen(CalamineWorkbook.from_filelike(file), wishes.sheet)
        except CalamineError as error:
            raise Refusal("damaged", "workbook") from error
        self.sheet: str | None = self._sheet.name
        if self._sheet.height > MAX_ROWS + HEADER_WITHIN:
            raise Refusal("too_many_rows", f"{MAX_ROWS:,}")
        self.header = checked_header(list(islice(self.raw_rows(), HEADER_WITHIN)), wishes)

    def raw_rows(self) -> Iterator[tuple[int, list[str]]]:
        """All rows with their numbers in the sheet."""
        return _rows(self._sheet)

    def _chosen(self, book: CalamineWorkbook, wished: str) -> CalamineSheet:
        self.sheets = [
            meta.name
            for meta in book.sheets_metadata[:_MAX_SHEETS]
            if meta.typ == SheetTypeEnum.WorkSheet and meta.visible == SheetVisibleEnum.Visible
        ]
        if not self.sheets:
            raise Refusal("empty")
        if wished in self.sheets:
            return book.get_sheet_by_name(wished)
        return max(map(book.get_sheet_by_name, self.sheets), key=_promise)


def _promise(sheet: CalamineSheet) -> tuple[bool, bool, int]:
    header = find_header(list(islice(_rows(sheet), HEADER_WITHIN)))
    return bool(header and set(NAME_FIELDS) & set(header.columns)), header is not None, sheet.height


def _rows(sheet: CalamineSheet) -> Iterator[tuple[int, list[str]]]:
    for number, cells in enumerate(sheet.iter_rows(), 1):
        yield number, [cell if type(cell) is str else _text(cell) for cell in cells]


def _text(cell: Any) -> str:
    """A cell as a person sees it: 34 for 34.0, ISO dates, a date for midnight, TRUE and FALSE."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, dt.datetime):
        midnight = cell.time() == dt.time()
        return cell.date().isoformat() if midnight else cell.isoformat(" ", "seconds")
    return str(cell)


def check_archive(file: BinaryIO) -> int:
    """Judge the zip directory before anything is unpacked (rejects a bomb in under a millisecond: trust.md P26), then
    unpack every part in pieces, since a directory may lie about sizes. Returns the bytes of all parts unpacked."""
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            packed = sum(entry.compress_size for entry in entries)
            whole = file.seek(0, 2)
            unpacked = sum(entry.file_size for entry in entries)
            if (
                len(entries) > _MAX_ENTRIES
                or unpacked > _MAX_UNPACKED
                or unpacked > _MAX_RATIO * packed + (10 << 20)
                or packed > whole  # parts that overlap
            ):
                raise Refusal("bomb")
            if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
                raise Refusal("other_workbook" if names & {"mimetype", "xl/workbook.bin"} else "not_a_table")
            types = archive.read("[Content_Types].xml")[: 1 << 20]
            if b"macroEnabled" in types or any(name.lower().endswith("vbaproject.bin") for name in names):
                raise Refusal("macros")
            for entry in entries:
                _unpack(file, entry)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise Refusal("damaged", "zip") from error
    except (zlib.error, struct.error) as error:
        raise Refusal("damaged", "zip") from error
    return unpacked


def _unpack(file: BinaryIO, entry: zipfile.ZipInfo) -> None:
    """Go through a part as it will be unpacked, from its own header. Raises Refusal where it is larger than the directory says,
    or has an entity of XML, which no workbook needs."""
    file.seek(entry.header_offset + 26)
    name, extra = struct.unpack("<HH", file.read(4))
    file.seek(name + extra, 1)
    inflate = zlib.decompressobj(-15) if entry.compress_type == zipfile.ZIP_DEFLATED else None
    left, size, start = entry.compress_size, 0, True
    while left > 0 and (block := file.read(min(left, _PIECE))):
        left -= len(block)
        plain = inflate.decompress(block) if inflate else block
        size += len(plain)
        if size > entry.file_size:
            raise Refusal("bomb")
        if start and b"<!" in plain and (b"<!DOCTYPE" in plain or b"<!ENTITY" in plain):
            raise Refusal("damaged", entry.filename[:100])
        start = False
