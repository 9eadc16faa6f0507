"""Does any hostile file cost more than two seconds and 300 MB, or get through? Each is given to the child that reads uploads."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from refugeecm.demonstration.hostile import CORPUS, READ
from registration.importers import reading

SECONDS = 2.0
MEGABYTES = 300


class Answer(NamedTuple):
    """What the child made of a file: a code of importers.refusals or READ, seconds, and the most memory it held, in MB."""

    code: str
    seconds: float
    megabytes: int


def read(content: bytes) -> Answer:
    """Let the child read a file as an upload is read, and look what that costs."""
    started = time.monotonic()
    with reading.in_memory(content) as file:
        child = reading.start(file, {})
    output = child.stdout.read() if child.stdout else b""
    _pid, _status, usage = os.wait4(child.pid, 0)
    child.returncode = 0  # waited for above
    last = output.rstrip(b"\n").rpartition(b"\n")[2]
    told = json.loads(last) if last.startswith((b'{"error"', b'{"end"')) else {"error": "too_large"}
    return Answer(told.get("error", READ), time.monotonic() - started, usage.ru_maxrss // 1024)


def prove(*, say: Callable[[str], None]) -> dict[str, Any]:
    """Read every hostile file; `wrong` are those that were answered otherwise than they should be, too slowly or too dearly."""
    answers: dict[str, Answer] = {}
    wrong: list[str] = []
    for name, (make, expected) in CORPUS.items():
        answers[name] = found = read(make())
        if found.code != expected or found.seconds > SECONDS or found.megabytes > MEGABYTES:
            wrong.append(f"{name}: {found.code} for {expected}, {found.seconds:.2f} s, {found.megabytes} MB")
            say(wrong[-1])
    return {
        "files": len(answers),
        "refused": sum(one.code != READ for one in answers.values()),
        "slowest_seconds": round(max(one.seconds for one in answers.values()), 2),
        "most_mb": max(one.megabytes for one in answers.values()),
        "wrong": wrong,
        "proven": not wrong,
    }
