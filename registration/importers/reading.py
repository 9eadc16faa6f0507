"""How does a file of strangers become rows without endangering us? It is read in a limited child process."""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, cast

from registration.importers.refusals import MESSAGES

_ROOT = Path(__file__).resolve().parents[2]
_PIPE = 1 << 20  # bytes


class Unreadable(Exception):
    """The file cannot be read. `message` is a message id to be filled with %(detail)s; `code` is stable."""

    def __init__(self, code: str, message: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.detail = detail


def read(content: bytes, *, wishes: Mapping[str, Any] | None = None, timeout: float = 120) -> Iterator[bytes]:
    """The JSON lines (bytes, without newline) that `registration.importers.child` writes for the file:
    header, chunks, end. `wishes`: see `tables.Wishes`.

    Raises Unreadable when the child refuses the file, dies, or is silent for `timeout` seconds. Closing the
    generator ends the child.
    """
    with in_memory(content) as file:
        child = start(file, wishes or {})
    output = cast(IO[bytes], child.stdout)
    try:
        line = b""
        for line in _lines(output, timeout):
            if line.startswith(b'{"error"'):
                error = json.loads(line)
                raise Unreadable(error["error"], error["message"], error["detail"])
            yield line
        if not line.startswith(b'{"end"'):
            raise _stopped()
    finally:
        child.kill()
        output.close()
        child.wait()


def start(file: IO[bytes], wishes: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    """Start the child on a file; it writes to its standard output."""
    return subprocess.Popen(
        [sys.executable, "-E", "-s", "-m", "registration.importers.child", json.dumps(wishes)],
        stdin=file,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=_ROOT,
        env={"LANG": "C.UTF-8", "PATH": os.defpath},
        pipesize=_PIPE,
    )


def _stopped() -> Unreadable:
    return Unreadable("too_large", MESSAGES["too_large"])


def in_memory(content: bytes) -> IO[bytes]:
    """An unnamed file with the content: in memory where the system can, so that plain text never reaches a
    disk."""
    if hasattr(os, "memfd_create"):
        file: IO[bytes] = os.fdopen(os.memfd_create("arrivals"), "w+b")
    else:
        file = tempfile.TemporaryFile()  # noqa: SIM115
    file.write(content)
    file.flush()
    file.seek(0)
    return file


def _lines(pipe: IO[bytes], timeout: float) -> Iterator[bytes]:
    descriptor = pipe.fileno()
    parts: list[bytes] = []
    deadline = time.monotonic() + timeout
    while True:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise _stopped()
        block = os.read(descriptor, _PIPE)
        if not block:
            if parts:
                raise _stopped()
            return
        *ended, rest = block.split(b"\n")
        for line in ended:
            yield b"".join([*parts, line])
            parts.clear()
            deadline = time.monotonic() + timeout
        if rest:
            parts.append(rest)
