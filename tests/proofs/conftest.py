"""Which proofs may run beside each other? They share the servers of the set "proof", which some of them kill."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator

import pytest

from refugeecm import services

KILLERS = (
    "test_prove_import",
    "test_prove_influx",
)  # of PostgreSQL and Redis; the others would find them gone


@pytest.fixture(autouse=True)
def turn(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a proof that kills servers run alone: the processes of the suite wait for each other."""
    alone = request.path.stem in KILLERS
    lock = services.ROOT / ".pytest_cache/proofs"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
