"""How large is a run, how does one round differ from the next, and where are its figures kept?

The suite runs each proof once in small. `./manage.py prove access` runs the same files with more rounds (PROOF_ROUNDS) and collects
what they counted (PROOF_COUNTS, one JSON object a line). Round 0 asks each address plainly; later ones ask about other records, with
filters, pages, words, languages and headers drawn anew for each address.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROUNDS = int(os.environ.get("PROOF_ROUNDS", "1"))
SMALL = ROUNDS == 1  # the suite: each kind of question once, where a long proof asks it of more records
SEED = os.environ.get("PROOF_SEED", "1")

_FILTERS: dict[str, Sequence[str]] = {
    "page": ("1", "2", "40", "99999", "-1", "x"),
    "status": ("registered", "examination", "suspended", "decided", "active", "proposed", "nonsense"),
    "whose": ("agency", "mine", "shared"),
    "sex": ("F", "M", "?"),
    "nationality": ("SDN", "SYR", "ISL", "QQQ"),
    "born": ("1950", "1951", "1890", "x"),
    "event": ("zq-east", "zq-hidden", "zq-none", "nowhere"),
    "limit": ("1", "2", "1000", "0"),
    "updated_after": ("2026-01-01", "2026-03-02T09:30:00Z", "soon"),
    "next": ("/people/", "//elsewhere.example/"),
    "format": ("json", "csv", "api"),
}
_HEADERS: Sequence[dict[str, str]] = (
    {},
    {},
    {"HX-Request": "true"},
    {"Accept-Language": "ar"},
    {"Accept": "application/json"},
    {"X-HTTP-Method-Override": "DELETE"},
    {"X-Forwarded-For": "127.0.0.1", "X-Original-URL": "/people/"},
    {"If-None-Match": "*"},
)


def chance(*about: Any) -> random.Random:
    """Return chance that is the same whenever the same is asked about, in the same run or another."""
    return random.Random(" ".join(map(str, (SEED, *about))))  # noqa: S311 - repeatable is the point


@dataclass
class Variation:
    """How one address is asked in one round: what stands behind the path, and the headers."""

    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def draw(cls, which: random.Random, words: Sequence[str]) -> Variation:
        """Draw one; `words` are what may be looked for."""
        names = which.sample(sorted(_FILTERS), which.randrange(3))
        query = {name: which.choice(_FILTERS[name]) for name in names}
        if words and which.random() < 0.5:
            query[which.choice(("q", "number", "reference"))] = which.choice(words)
        return cls(query, dict(which.choice(_HEADERS)))

    def behind(self, path: str) -> str:
        """Return the path with the query."""
        return path + (f"{'&' if '?' in path else '?'}{urlencode(self.query)}" if self.query else "")


def note(proof: str, **figures: int) -> None:
    """Add figures of a proof to what `prove access` collects; in the suite nobody collects."""
    if os.environ.get("PROOF_COUNTS"):
        with Path(os.environ["PROOF_COUNTS"]).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"proof": proof, **figures}) + "\n")
