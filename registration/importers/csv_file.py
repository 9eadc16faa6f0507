"""What are the rows of this CSV file, whatever its encoding and delimiter?"""

import codecs
import csv
import io
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import BinaryIO

from registration.importers.refusals import Refusal
from registration.importers.tables import HEADER_WITHIN, checked_header, find_header

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

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        csv.field_size_limit(1 << 17)
        self.encoding: str | None = _encoding(file)
        self.delimiter: str | None = self._delimiter()
        first_rows = list(islice(self.raw_rows(), HEADER_WITHIN))
        self.header = checked_header(first_rows)

    def raw_rows(self) -> Iterator[tuple[int, list[str]]]:
        """All records with their ordinal from 1, as a spreadsheet program would number them."""
        yield from self._parsed(self.delimiter or ",")

    def _parsed(self, delimiter: str, limit: int | None = None) -> Iterator[tuple[int, list[str]]]:
        self._file.seek(0)
        text = io.TextIOWrapper(self._file, encoding=self.encoding, newline="")
        number = 0
        try:
            for number, cells in enumerate(islice(csv.reader(text, delimiter=delimiter), limit), 1):
                yield number, cells
        except csv.Error as error:
            if "field larger" in str(error):
                raise Refusal("cell_too_long", number + 1) from error
            raise Refusal("damaged", f"row {number + 1}") from error
        except UnicodeDecodeError as error:
            raise Refusal("damaged", f"row {number + 1}") from error
        finally:
            text.detach()

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


def _encoding(file: BinaryIO) -> str:
    file.seek(0)
    sample = file.read(_SAMPLE)
    for bom, name in _BOMS:
        if sample.startswith(bom):
            return name
    zeros = sample[::2].count(0), sample[1::2].count(0)
    if max(zeros) > len(sample) // 8 and min(zeros) <= max(zeros) // 8:
        return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
    controls = sum(sample.count(code) for code in range(32) if code not in (9, 10, 13))
    if controls > len(sample) // 200:
        raise Refusal("not_a_table")
    return "utf-8" if _is_utf8(file) else _one_byte_encoding(sample)


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
