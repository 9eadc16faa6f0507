"""How are lines written as CSV or as a spreadsheet, so that no cell runs, and in constant memory?

The spreadsheet is written here and not by a package: those at hand keep the sheet in memory or in the clear in a temporary file
(docs/decisions/0011-files-of-rows-are-sealed-and-written-as-they-flow.md).
"""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import cast
from xml.sax.saxutils import escape

Out = io.RawIOBase | io.BufferedIOBase
_LIVE = frozenset("=+-@|%＝＋－＠｜％")  # the wide ones too: spreadsheet programs of East Asia run them
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0d\x0e-\x1f\ufffe\uffff]|_(?=x[0-9a-fA-F]{4}_)")
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# The fewest parts that a workbook of one sheet needs (ECMA-376, Office Open XML, part 1).
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPES}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="refugeecm" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    # Formats of cells: 0 as it is, 1 text (49: “@”), 2 on red ground. The first two grounds are fixed by the programs.
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts><fills count="3">'
    '<fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '<fill><patternFill patternType="solid"><fgColor rgb="FFFFC7CE"/></patternFill></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf/><xf numFmtId="49" applyNumberFormat="1"/><xf fillId="2" applyFill="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}


class Marked(str):
    """A cell that is wrong: on red ground in a spreadsheet, as any other in CSV."""

    __slots__ = ()


_FORM_ROWS = 50_001
_TEXT_COLUMNS = '<cols><col min="1" max="200" width="22" style="1" customWidth="1"/></cols>'
# A form has one more: the lists to choose from, hidden.
_FORM_PARTS = {
    **_PARTS,
    "[Content_Types].xml": _PARTS["[Content_Types].xml"].replace(
        "</Types>",
        f'<Override PartName="/xl/worksheets/sheet2.xml" ContentType="{_TYPES}.worksheet+xml"/></Types>',
    ),
    "xl/workbook.xml": _PARTS["xl/workbook.xml"].replace(
        "</sheets>", '<sheet name="Lists" sheetId="2" state="hidden" r:id="rId3"/></sheets>'
    ),
    "xl/_rels/workbook.xml.rels": _PARTS["xl/_rels/workbook.xml.rels"].replace(
        "</Relationships>",
        f'<Relationship Id="rId3" Type="{_OFFICE}/worksheet" Target="worksheets/sheet2.xml"/></Relationships>',
    ),
}


def guarded(cell: str) -> str:
    """Return the cell as text that no spreadsheet program runs when it opens a CSV file: with an apostrophe, if need be."""
    if cell[:1].isalnum():
        return cell
    if cell[:1] in {"\t", "\r", "\n"}:
        return "'" + cell
    for letter in cell:
        if letter in _LIVE:
            return "'" + cell
        if letter.isprintable() and not letter.isspace():  # what is invisible hides what follows
            break
    return cell


def write_csv(out: Out, lines: Iterable[Sequence[str]], *, guard: Callable[[str], str] = guarded) -> None:
    """Write lines as CSV (RFC 4180), UTF-8 with a byte order mark, by which spreadsheet programs know it."""
    text = io.TextIOWrapper(cast(io.BytesIO, out), encoding="utf-8", newline="", write_through=True)
    text.write("\ufeff")
    writer = csv.writer(text, lineterminator="\r\n")
    for line in lines:
        writer.writerow([guard(cell) for cell in line])
    text.detach()


def _part(name: str) -> zipfile.ZipInfo:
    """Return a part of a workbook without the time of day: the same content is the same file."""
    part = zipfile.ZipInfo(name)
    part.compress_type = zipfile.ZIP_DEFLATED
    return part


def write_xlsx(
    out: Out,
    lines: Iterable[Sequence[str]],
    *,
    right_to_left: bool = False,
    head: int = 1,
    choices: Mapping[int, Sequence[str]] | None = None,
) -> None:
    """Write lines as a workbook; every cell is a string, its first `head` rows stay in sight. `out` need not seek.

    choices: makes it a form to fill in. For some columns, counted from 0, what may be chosen in the rows below the head; all
    cells are text, so that no program turns numbers and dates into something else.
    """
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in (_PARTS if choices is None else _FORM_PARTS).items():
            package.writestr(_part(name), _HEAD + content)
        with package.open(_part("xl/worksheets/sheet1.xml"), "w", force_zip64=True) as sheet:
            turned = ' rightToLeft="1"' if right_to_left else ""
            sheet.write(
                f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"{turned}>'
                f'<pane ySplit="{head}" topLeftCell="A{head + 1}" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
                '<sheetFormatPr defaultRowHeight="15" baseColWidth="18"/>'
                f"{'' if choices is None else _TEXT_COLUMNS}<sheetData>".encode()
            )
            for line in lines:
                sheet.write(_row(line))
            sheet.write(f"</sheetData>{_validations(choices, head) if choices else ''}</worksheet>".encode())
        if choices is not None:
            with package.open(_part("xl/worksheets/sheet2.xml"), "w") as sheet:
                sheet.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
                for line in zip_longest(*choices.values(), fillvalue=""):
                    sheet.write(_row(line))
                sheet.write(b"</sheetData></worksheet>")


def _row(cells: Iterable[str]) -> bytes:
    written = (
        f'<c t="inlineStr"{_style(cell)}><is><t xml:space="preserve">{_xml(cell)}</t></is></c>'
        for cell in cells
    )
    return f"<row>{''.join(written)}</row>".encode()


def _validations(choices: Mapping[int, Sequence[str]], head: int) -> str:
    """Offer the lists of the hidden sheet; who types something else is warned, not stopped (ECMA-376 part 1, 18.3.1.32)."""
    rules = "".join(
        f'<dataValidation type="list" errorStyle="warning" allowBlank="1" showErrorMessage="1" '
        f'sqref="{_letters(column)}{head + 1}:{_letters(column)}{_FORM_ROWS}"><formula1>'
        f"Lists!${_letters(place)}$1:${_letters(place)}${len(words)}</formula1></dataValidation>"
        for place, (column, words) in enumerate(choices.items())
    )
    return f'<dataValidations count="{len(choices)}">{rules}</dataValidations>'


def _letters(column: int) -> str:
    return (chr(64 + column // 26) if column > 25 else "") + chr(65 + column % 26)


def _style(cell: str) -> str:
    return ' s="2"' if isinstance(cell, Marked) else ""


def _xml(cell: str) -> str:
    """Escape for XML; what XML cannot bear is written _xHHHH_ (ECMA-376 part 1, 22.9.2.19), and so is what looks like that."""
    return escape(_UNWRITABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", cell))[:32_767]
