"""How does a pair that was found come before people? Every entrance notes it here, in one statement for all pairs."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from django.db import connection

from agencies.access import Viewer
from refugeecm.core.ids import uuid7
from registration.enums import FoundBy, MatchKind, MatchState

Evidence = Sequence[
    Sequence[Any]
]  # (field, level, bits against stranger, bits against relative), the weightiest first


class Pair(NamedTuple):
    """Two records that may be one person, or relatives: the newer and the older.

    `score` in bits (MatchCandidate.score). `state`: DIFFERENT where a clerk said so while registering; else the pair is open.
    """

    individual: uuid.UUID
    other: uuid.UUID
    score: float
    evidence: Evidence = ()
    kind: str = MatchKind.SAME
    state: str = MatchState.OPEN


# A pair stands once, whichever record comes first: who was asked before is not asked again, whatever they answered. What was found
# because a record was corrected is weighed anew, as long as nobody has decided.
_NOTE = """
    WITH given AS (
        SELECT x.*, COALESCE(i.agency_id, %(agency)s) AS agency_id, COALESCE(o.agency_id, %(agency)s) AS other_agency_id
        FROM json_to_recordset(%(pairs)s::json)
            AS x(id uuid, individual uuid, other uuid, score float8, evidence jsonb, kind text, state text)
        LEFT JOIN registration_individual i ON i.id = x.individual
        LEFT JOIN registration_individual o ON o.id = x.other
        WHERE x.individual <> x.other
    ), weighed AS (
        UPDATE registration_matchcandidate m SET score = g.score, evidence = g.evidence, kind = g.kind
        FROM given g WHERE %(found_by)s = 'edit' AND m.state IN ('open', 'unsure')
          AND LEAST(m.individual_id, m.other_id) = LEAST(g.individual, g.other)
          AND GREATEST(m.individual_id, m.other_id) = GREATEST(g.individual, g.other)
    )
    INSERT INTO registration_matchcandidate (id, agency_id, other_agency_id, individual_id, other_id, score, kind, evidence,
                                             found_by, found_at, state, decided_by_id, decided_at)
    SELECT id, agency_id, other_agency_id, individual, other, score, kind, evidence, %(found_by)s, %(now)s, state,
           CASE WHEN state <> 'open' THEN %(user)s::bigint END,
           CASE WHEN state <> 'open' AND %(user)s::bigint IS NOT NULL THEN %(now)s::timestamptz END
    FROM given ON CONFLICT DO NOTHING
"""


def note(pairs: Iterable[Pair], *, found_by: FoundBy | str, by: Viewer, now: datetime) -> int:
    """Write these pairs down, for people to look at; return how many were not known. One statement, whatever their number.

    Both records must be visible in the context of the transaction, but for those that a later chunk of the same list brings. A pair
    that stands already, in either order and however it was decided, is left as it is; one that is found because a record was
    corrected (FoundBy.EDIT) gets its new score and evidence while it is undecided.
    """
    rows = [
        {**pair._asdict(), "id": uuid7(now, ordinal=place), "score": round(pair.score, 2)}
        for place, pair in enumerate(pairs)
    ]
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _NOTE,
            {"pairs": orjson.dumps(rows).decode(), "agency": by.agency_id, "user": by.user_id, "found_by": str(found_by),
             "now": now},
        )  # fmt: skip
        return int(cursor.rowcount)
