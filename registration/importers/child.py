"""The child process that reads one untrusted file: bytes from standard input, wishes as JSON from its first argument, JSON
lines to standard output.

It knows neither Django nor the database, carries no secrets in its environment, and limits its own memory and
time before it looks at the first byte. `python -m registration.importers.child`.
"""

import io
import json
import resource
import sys
from itertools import islice
from typing import Any, BinaryIO

from registration.importers.chunks import Chunk, chunks_of
from registration.importers.refusals import MESSAGES, Refusal
from registration.importers.tables import Table, Wishes, date_orders, rows_of

_MEMORY = 1_500 << 20  # bytes of address space
_SPARE = 250 << 20  # bytes of address space that the program itself takes, and a small file
_CPU = 180  # seconds
LOOK = 20  # rows


def main() -> int:
    """Read standard input to its end; the exit code is 0 also for a refused file, whose reason is the last
    line."""
    for limit, value in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, _CPU),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    try:
        wishes = Wishes(**json.loads(sys.argv[1] if len(sys.argv) > 1 else "{}"))
        table = _opened(_input(), wishes)
        _write(table, look=wishes.look)
    except Refusal as refusal:
        _line({"error": refusal.code, "message": MESSAGES[refusal.code], "detail": refusal.detail})
    except MemoryError:
        _line({"error": "too_large", "message": MESSAGES["too_large"], "detail": ""})
    except BrokenPipeError:
        return 1
    return 0


def _limit(unpacked: int) -> None:
    """Give a workbook the memory and time that its size may cost, and no more: a few bytes of XML can claim a grid of a million
    rows. A real list needs a third of it."""
    memory = min(_MEMORY, _SPARE + 8 * unpacked)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    seconds = min(_CPU, 2 + (unpacked >> 22))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, _CPU))


def _input() -> BinaryIO:
    file = open(0, "rb", closefd=False)  # noqa: SIM115 - lives as long as the process
    return file if file.seekable() else io.BytesIO(file.read())


def _opened(file: BinaryIO, wishes: Wishes) -> Table:
    """The table in the file; which kind it is, its first bytes decide, never its name."""
    start = file.read(8)
    if not start:
        raise Refusal("empty")
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        from registration.importers.xlsx_file import XlsxTable, check_archive

        _limit(check_archive(file))
        return XlsxTable(file, wishes)
    if start == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise Refusal("old_or_locked")
    if start.startswith((b"%PDF", b"\x1f\x8b", b"{\\rtf", b"\x89PNG", b"\xff\xd8\xff", b"GIF8")):
        raise Refusal("not_a_table")
    from registration.importers.csv_file import CsvTable

    return CsvTable(file, wishes)


def _write(table: Table, *, look: bool) -> None:
    """The facts, the chunks, and the end; or, to look at, the first rows as the only chunk."""
    header = table.header
    _line(
        {
            "columns": header.columns,
            "header": header.cells,
            "header_row": header.row,
            "sheet": table.sheet,
            "sheets": table.sheets,
            "dates": {} if look else date_orders(table),
            "encoding": table.encoding,
            "delimiter": table.delimiter,
        }
    )
    rows = households = chunks = 0
    for chunk in [Chunk(list(islice(rows_of(table), LOOK)), 0)] if look else chunks_of(table):
        numbers = [number for number, _ in chunk.rows] or [0]
        _line(
            {
                "seq": chunks,
                "first": min(numbers),
                "last": max(numbers),
                "count": len(chunk.rows),
                "rows": chunk.rows,
            }
        )
        chunks += 1
        rows += len(chunk.rows)
        households += chunk.households
    if not rows:
        raise Refusal("no_rows")
    _line({"end": True, "rows": rows, "households": households, "chunks": chunks})


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _line(message: dict[str, Any]) -> None:
    sys.stdout.buffer.write(_encode(message).encode("utf-8", "replace") + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
