"""What does a clerk get back to correct: the rows that failed, as she sent them, with what is wrong?"""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from registration.importers.tables import GUARDED

_LIVE = re.compile("[\ufeff\\x00-\\x20\\x7f\\s]*[=+\\-@|%]")
NOTES = ("_row", "_column", "_code", "_message")

Problem = tuple[str, str, str]


def write_error_rows(
    header: Sequence[str], rows: Iterable[tuple[int, Sequence[str], Sequence[Problem]]]
) -> str:
    """A CSV file (text with byte order mark) of the original columns and four of ours: row number, columns,
    codes, messages.

    `rows`: (row number, cells, [(column, code, message in the reader's language), ...]); an empty list for
    the untouched members of a household that failed. Cells that a spreadsheet program would run get an
    apostrophe, which reading takes off again; reading also ignores our four columns, so the corrected file
    can be sent back as it is.
    """
    text = io.StringIO()
    text.write("\ufeff")
    writer = csv.writer(text, lineterminator="\r\n")
    kept = [place for place, name in enumerate(header) if name not in NOTES]
    writer.writerow([guarded(header[place]) for place in kept] + list(NOTES))
    for number, cells, problems in rows:
        notes = (
            [str(number), *("; ".join(parts) for parts in zip(*problems, strict=True))]
            if problems
            else [str(number)]
        )
        original = [guarded(cells[place]) if place < len(cells) else "" for place in kept]
        writer.writerow(original + [guarded(note) for note in notes] + [""] * (len(NOTES) - len(notes)))
    return text.getvalue()


def guarded(cell: str) -> str:
    """The cell as text that no spreadsheet program runs (trust.md P27); `tables.unguarded` gives it back."""
    return "'" + cell if _LIVE.match(cell) or GUARDED.match(cell) else cell
