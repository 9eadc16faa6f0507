"""What does a clerk get back to correct: the rows that failed, as she sent them, with what is wrong?"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from agencies.channels.sheets import Marked
from registration.importers.tables import GUARDED

_LIVE = re.compile("[\ufeff\\x00-\\x20\\x7f\\s]*[=+\\-@|%]")
ROW = "_row"
NOTES = (ROW, "_column", "_code", "_message")

Problem = tuple[str, str, str]
FailedRow = tuple[int, Sequence[str], Sequence[Problem], Collection[int]]


def error_lines(header: Sequence[str], rows: Iterable[FailedRow]) -> Iterator[list[str]]:
    """Yield the lines of a file of the original columns and four of ours: row number, columns, codes, messages.

    `rows`: (row number, cells, [(column, code, message in the reader's language), ...], places of the wrong cells); without
    problems for the untouched members of a household that failed. Cells that a spreadsheet program would run get an apostrophe,
    which reading takes off again; reading also ignores our four columns, so the corrected file can be sent back as it is.
    """
    kept = [place for place, name in enumerate(header) if name not in NOTES]
    yield [guarded(header[place]) for place in kept] + list(NOTES)
    for number, cells, problems, wrong in rows:
        notes = [str(number), *("; ".join(parts) for parts in zip(*problems, strict=True))]
        original = [guarded(cells[place]) if place < len(cells) else "" for place in kept]
        marked = [
            Marked(cell) if place in wrong else cell for place, cell in zip(kept, original, strict=True)
        ]
        yield marked + [guarded(note) for note in notes] + [""] * (len(NOTES) - len(notes))


def guarded(cell: str) -> str:
    """The cell as text that no spreadsheet program runs (trust.md P27); `tables.unguarded` gives it back."""
    return "'" + cell if _LIVE.match(cell) or GUARDED.match(cell) else cell
