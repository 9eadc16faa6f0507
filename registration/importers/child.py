"""The child process that reads one untrusted file: bytes from standard input, JSON lines to standard output.

It knows neither Django nor the database, carries no secrets in its environment, and limits its own memory and
time before it looks at the first byte. `python -m registration.importers.child`.
"""

import io
import json
import resource
import sys
from typing import Any, BinaryIO

from registration.importers.chunks import chunks_of
from registration.importers.refusals import MESSAGES, Refusal
from registration.importers.tables import Table

_MEMORY = 1_500 << 20  # bytes of address space
_CPU = 180  # seconds


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
        _write(_opened(_input()))
    except Refusal as refusal:
        _line({"error": refusal.code, "message": MESSAGES[refusal.code], "detail": refusal.detail})
    except MemoryError:
        _line({"error": "too_large", "message": MESSAGES["too_large"], "detail": ""})
    except BrokenPipeError:
        return 1
    return 0


def _input() -> BinaryIO:
    file = open(0, "rb", closefd=False)  # noqa: SIM115 - lives as long as the process
    return file if file.seekable() else io.BytesIO(file.read())


def _opened(file: BinaryIO) -> Table:
    """The table in the file; which kind it is, its first bytes decide, never its name."""
    start = file.read(8)
    if not start:
        raise Refusal("empty")
    if start.startswith(b"PK"):
        from registration.importers.xlsx_file import XlsxTable

        return XlsxTable(file)
    if start == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise Refusal("old_or_locked")
    if start.startswith((b"%PDF", b"\x1f\x8b", b"{\\rtf", b"\x89PNG", b"\xff\xd8\xff", b"GIF8")):
        raise Refusal("not_a_table")
    from registration.importers.csv_file import CsvTable

    return CsvTable(file)


def _write(table: Table) -> None:
    header = table.header
    _line(
        {
            "columns": header.columns,
            "header": header.cells,
            "header_row": header.row,
            "sheet": table.sheet,
            "encoding": table.encoding,
            "delimiter": table.delimiter,
        }
    )
    rows = households = chunks = 0
    for chunk in chunks_of(table):
        numbers = [number for number, _ in chunk.rows]
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
