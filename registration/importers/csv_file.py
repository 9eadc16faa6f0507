"""What are the rows of this CSV file, whatever its encoding and delimiter?"""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise
from typing import BinaryIO

from registration.importers.refusals import Refusal
from registration.importers.tables import HEADER_WITHIN, NO_WISHES, Wishes, checked_header, find_header

_SAMPLE = 1 << 18  # bytes
_DELIMITERS = ",;\t|"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The frequent letters of Arabic in Windows-1256, and of Russian and Ukrainian in Windows-1251, capital and
# small.
_ARABIC_1256 = frozenset("اليمنورهبتدعحسةف".encode("cp1256"))
_CYRILLIC_1251 = frozenset("аоеинтрслвкіАОЕИНТРСЛВКІ".encode("cp1251"))


class CsvTable:
    """The table of a CSV file; `file` must be seekable. Raises Refusal."""

    sheet: str | None = None
    sheets: Sequence[str] = ()

    def __init__(self, file: BinaryIO, wishes: Wishes = NO_WISHES) -> None:
        self._file = file
        csv.field_size_limit(1 << 17)
        self._decoded, self._otherwise = wishes.encoding, ""
        if not wishes.encoding:
            self._decoded, self._otherwise = _encoding(file)
        self.encoding: str | None = ", ".join(filter(None, (self._decoded, self._otherwise)))
        self.delimiter: str | None = wishes.delimiter or self._delimiter()
        first_rows = list(islice(self.raw_rows(), HEADER_WITHIN))
        self.header = checked_header(first_rows, wishes)

    def raw_rows(self) -> Iterator[tuple[int, list[str]]]:
        """All records with their ordinal from 1, as a spreadsheet program would number them."""
        yield from self._parsed(self.delimiter or ",")

    def _parsed(self, delimiter: str, limit: int | None = None) -> Iterator[tuple[int, list[str]]]:
        self._file.seek(0)
        errors = "surrogateescape" if self._otherwise else "strict"
        text = io.TextIOWrapper(self._file, encoding=self._decoded, errors=errors, newline="")
        number = 0
        try:
            for number, cells in enumerate(islice(csv.reader(text, delimiter=delimiter), limit), 1):
                yield number, self._in_one_byte(cells) if self._otherwise else cells
        except csv.Error as error:
            if "field larger" in str(error):
                raise Refusal("cell_too_long", number + 1) from error
            raise Refusal("damaged", f"row {number + 1}") from error
        except UnicodeError as error:
            raise Refusal("damaged", f"row {number + 1}") from error
        finally:
            text.detach()

    def _in_one_byte(self, cells: list[str]) -> list[str]:
        """A row of a file that mixes encodings: one that is no UTF-8 is in the other one, all of it."""
        if all(cell.isascii() for cell in cells):
            return cells
        joined = "".join(cells)
        if not any("\udc80" <= letter <= "\udcff" for letter in joined):
            return cells
        return [cell.encode("utf-8", "surrogateescape").decode(self._otherwise, "replace") for cell in cells]

    def _delimiter(self) -> str:
        """The delimiter under which most known columns appear; among equals, the one with the most equal
        column counts."""
        merits = []
        for preference, delimiter in enumerate(_DELIMITERS):
            try:
                rows = [cells for _, cells in self._parsed(delimiter, 30)]
            except Refusal:
                rows = []
            header = find_header(list(enumerate(rows, 1)))
            widths = [len(cells) for cells in rows if len(cells) > 1]
            steady = max(map(widths.count, set(widths)), default=0)
            merits.append((sum(map(bool, header.columns)) if header else 0, steady, -preference, delimiter))
        return max(merits)[3]


def _encoding(file: BinaryIO) -> tuple[str, str]:
    """The encoding of the file, and that of its rows that are not in it."""
    file.seek(0)
    sample = file.read(_SAMPLE)
    for bom, name in _BOMS:
        if sample.startswith(bom):
            return name, ""
    zeros = sample[::2].count(0), sample[1::2].count(0)
    if max(zeros) > len(sample) // 8 and min(zeros) <= max(zeros) // 8:
        return ("utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"), ""
    controls = sum(sample.count(code) for code in range(32) if code not in (9, 10, 13))
    if controls > len(sample) // 200:
        raise Refusal("not_a_table")
    if _is_utf8(file):
        return "utf-8", ""
    mixed, others = _by_line(file)
    one_byte = _one_byte_encoding(others)
    return ("utf-8", one_byte) if mixed else (one_byte, "")


def _is_utf8(file: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while block := file.read(1 << 20):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _by_line(file: BinaryIO) -> tuple[bool, bytes]:
    """Whether any line is UTF-8 and more than ASCII, and a sample of those that are not UTF-8. A line in a code page is hardly
    ever valid UTF-8 by chance."""
    file.seek(0)
    mixed, others = False, bytearray()
    while line := file.readline(_SAMPLE):
        if line.isascii():
            continue
        try:
            line.decode()
            mixed = True
        except UnicodeDecodeError:
            others += line[: _SAMPLE - len(others)]
        if mixed and len(others) >= _SAMPLE:
            break
    return mixed, bytes(others)


def _one_byte_encoding(sample: bytes) -> str:
    """Which Windows code page: accented Latin letters stand alone between ASCII letters, other scripts come
    in words."""
    high = [code for code in sample if code > 0x7F]
    runs = sum(1 for a, b in pairwise(sample) if a > 0x7F and b > 0x7F)
    if not high or runs < 0.4 * len(high):
        try:
            sample.decode("cp1252")
        except UnicodeDecodeError:
            return "latin-1"
        return "cp1252"
    arabic = sum(code in _ARABIC_1256 for code in high)
    cyrillic = sum(code in _CYRILLIC_1251 for code in high)
    return "cp1256" if arabic > cyrillic else "cp1251"
