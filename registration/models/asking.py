"""Where may two agencies know the same person although neither sees the other's record, and what have they asked each other?

Agencies whose agreement has the term `matches` learn that there may be such a person, and nothing more: no name, no number, no count.
Of each pair there are two rows, one for each side, each of which names its own person alone; what ties them together is a number that
only the functions below compare. They ask every time whether the hint may still be given: when the agreement or a consent has ended,
or when a file on either side was sealed or closed, it is gone from both sides at once.
"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency
from agencies.models.agreement import LIVE_SQL
from agencies.models.columns import OwnQuerySet, who
from refugeecm.core.classes import classified
from refugeecm.core.wall import Definer, Wall, definers
from registration.enums import COUNTED, QUESTION_MOVES, QuestionState
from registration.models.access import OF_ORIGIN
from registration.models.people import Individual


class MatchQuestion(models.Model):
    """One side of a pair of records of two agencies that may be one person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="match_questions")
    partner = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", db_index=False)
    pair = models.UUIDField(db_index=True)  # the same in the row of the other side
    state = models.CharField(_("asking"), max_length=9, choices=QuestionState, default=QuestionState.POSSIBLE)
    shown: models.JSONField[Any, Any] = models.JSONField(
        default=dict, db_default=models.Value({}, models.JSONField())
    )  # what the one who asks says of their person, until it is answered
    asked_at = models.DateTimeField(null=True)
    asker = who(db_index=False)
    answered_at = models.DateTimeField(null=True)
    answerer = who(db_index=False)

    objects = OwnQuerySet.as_manager()
    moves = QUESTION_MOVES
    moves_by = "state"
    erased_by = (
        "pair IN (SELECT q.pair FROM registration_matchquestion q WHERE q.individual_id = ANY (people))"
    )
    field_classes = classified(
        C1="id agency individual partner state asked_at asker answered_at answerer",
        C2="shown",
        internal="pair",
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["individual", "pair"], name="question_once")]
        indexes = [models.Index(fields=["agency", "state", "asked_at"], name="question_open")]

    def __str__(self) -> str:
        return f"{self.individual_id} {self.state}"


# Of the individuals m and t, of two agencies.
_THERE = ", ".join(f"'{one.value}'" for one in COUNTED)
_CONSENT = (
    "EXISTS (SELECT 1 FROM registration_consent c WHERE c.individual_id = {who}.id AND c.recipient_id = {to}.agency_id"
    " AND c.purpose = a.purpose AND c.withdrawn_at IS NULL)"
)
# The provider's person is one of those whom the agreement covers; the recipient's has agreed as well, where it rests on consent.
_AGREED = """(a.provider_id = {one}.agency_id AND a.recipient_id = {other}.agency_id
    AND EXISTS (SELECT 1 FROM registration_personaccess p WHERE p.agreement_id = a.id AND p.individual_id = {one}.id
        AND (p.consent_id IS NULL OR EXISTS (
            SELECT 1 FROM registration_consent c WHERE c.id = p.consent_id AND c.withdrawn_at IS NULL)))
    AND (a.legal_basis <> 'consent' OR {consent}))"""
_HOME = "EXISTS (SELECT 1 FROM agencies_agency r WHERE r.id = {to}.agency_id AND r.kind = 'government' AND {of_origin})"
_KNOWN = f"""EXISTS (SELECT 1 FROM registration_personaccess p JOIN agencies_agreement a ON a.id = p.agreement_id
    WHERE p.individual_id = {{one}}.id AND p.agency_id = {{other}}.agency_id AND {LIVE_SQL}
      AND a.grants -> 'registration.individual' @> '["given_name"]')"""


def _either(sql: str) -> list[str]:
    """Return a condition for each of the two sides."""
    return [
        sql.format(
            one=one, other=other, to=other, consent=_CONSENT.format(who=other, to=one),
            of_origin=OF_ORIGIN.replace("i.", f"{one}."),
        )
        for one, other in (("m", "t"), ("t", "m"))
    ]  # fmt: skip


_MAY = f"""
    m.agency_id <> t.agency_id AND m.process_status IN ({_THERE}) AND t.process_status IN ({_THERE})
    AND EXISTS (SELECT 1 FROM agencies_agreement a WHERE a.matches AND {LIVE_SQL} AND ({" OR ".join(_either(_AGREED))}))
    AND NOT EXISTS (SELECT 1 FROM registration_sealedfile s WHERE s.individual_id IN (m.id, t.id) AND s.lifted_at IS NULL)
    AND NOT EXISTS (SELECT 1 FROM registration_household h WHERE h.id IN (m.household_id, t.household_id) AND h.closed_on IS NOT NULL)
    AND NOT ({" OR ".join(_either(_HOME) + _either(_KNOWN))})
""".replace("{", "{{").replace("}", "}}")
_READS = (
    "registration_individual", "registration_household", "registration_personaccess", "registration_consent",
    "registration_sealedfile", "agencies_agreement", "agencies_agency", "registration_matchquestion",
)  # fmt: skip
OPEN = 1000  # hints between two agencies that nobody has followed yet: further ones wait
# What two records of agencies that cannot read each other's must share: the given name, then a paper, a telephone or a mother as well
# as another key of the names, or three words of the name, two of them on the same whole day. (docs/decisions/0022.)
_COMMON = "(SELECT count(*) FROM unnest(m.{}) AS k WHERE k = ANY (t.keys))"
LIKELY = f"""
    m.given = ANY (t.keys)
    AND (m.sex IN ('', 'U') OR t.sex IN ('', 'U') OR m.sex = t.sex)
    AND (m.nationality = '' OR t.nationality = '' OR m.nationality = t.nationality)
    AND COALESCE(abs(date_part('year', m.birth_date) - date_part('year', t.birth_date)), 0) <= 2
    AND (t.keys && m.sure AND t.keys && (m.named || m.days) OR {_COMMON.format("days")} >= 2 AND {_COMMON.format("names")} >= 3)
"""
_OF_KIND = "ARRAY(SELECT unnest(p.{0}::bigint[]) INTERSECT SELECT unnest(i.keys)) AS {0}"
definers += [
    # Writes both sides of each pair about which agencies may ask each other, once.
    Definer(
        name="registration_note_possible",
        arguments="these uuid[], those uuid[]",
        returns="int",
        volatile=True,
        # One at a time until it is committed: else two agencies' workers would each note the pair.
        body=f"""
            SELECT pg_advisory_xact_lock(hashtext('registration_note_possible'));
            WITH pairs AS (
                SELECT DISTINCT LEAST(g.a, g.b) AS a, GREATEST(g.a, g.b) AS b FROM unnest(these, those) AS g(a, b)
            ), fresh AS MATERIALIZED (
                SELECT gen_random_uuid() AS pair, m.id AS one, m.agency_id AS one_agency, t.id AS other, t.agency_id AS other_agency
                FROM pairs JOIN registration_individual m ON m.id = pairs.a JOIN registration_individual t ON t.id = pairs.b
                WHERE {_MAY} AND NOT EXISTS (
                    SELECT 1 FROM registration_matchquestion q JOIN registration_matchquestion o ON o.pair = q.pair AND o.id <> q.id
                    WHERE q.individual_id = m.id AND o.individual_id = t.id
                      AND q.agency_id = m.agency_id AND o.agency_id = t.agency_id)
            ), room AS MATERIALIZED (
                SELECT one_agency, other_agency, {OPEN} - (
                    SELECT count(*) FROM registration_matchquestion q
                    JOIN registration_matchquestion o ON o.pair = q.pair AND o.id <> q.id
                    JOIN registration_individual i ON i.id = q.individual_id AND i.process_status IN ({_THERE})
                    JOIN registration_individual u ON u.id = o.individual_id AND u.process_status IN ({_THERE})
                    WHERE q.agency_id = b.one_agency AND q.partner_id = b.other_agency AND q.state = 'possible') AS left_over
                FROM (SELECT DISTINCT LEAST(one_agency, other_agency) AS one_agency, GREATEST(one_agency, other_agency) AS other_agency
                      FROM fresh) AS b
            ), noted AS MATERIALIZED (
                SELECT f.* FROM room r CROSS JOIN LATERAL (
                    SELECT * FROM fresh f WHERE r.one_agency IN (f.one_agency, f.other_agency)
                      AND r.other_agency IN (f.one_agency, f.other_agency) LIMIT GREATEST(r.left_over, 0)) AS f
            ), written AS (
                INSERT INTO registration_matchquestion (id, agency_id, individual_id, partner_id, pair, state)
                SELECT gen_random_uuid(), one_agency, one, other_agency, pair, 'possible' FROM noted
                UNION ALL SELECT gen_random_uuid(), other_agency, other, one_agency, pair, 'possible' FROM noted
                RETURNING 1
            ) SELECT (count(*) / 2)::int FROM written
        """,
        reads=_READS,
        writes=("registration_matchquestion",),
    ),
    # Finds the pairs for it: people of one's own agency, the keys of each (registration.rules.likely) and the others that share them.
    # It answers nothing, and compares by no key that does not stand with the person. The search goes by the rare keys alone, with one
    # descent into the index for each person (compare registration_sharing). A merged record stands for the one that goes on.
    Definer(
        name="registration_note_likely",
        arguments="people uuid[], given bigint[], names text[], named text[], days text[], sure text[]",
        returns="void",
        volatile=True,
        body=f"""
            WITH own AS MATERIALIZED (
                SELECT i.id, i.sex, i.nationality, i.birth_date, p.given,
                       {", ".join(_OF_KIND.format(kind) for kind in ("names", "named", "days", "sure"))}
                FROM unnest(people, given, names, named, days, sure) AS p(person, given, names, named, days, sure)
                JOIN registration_individual i ON i.id = p.person
                WHERE i.agency_id = {{agency}} AND p.given = ANY (i.keys)
            ), found AS MATERIALIZED (
                SELECT m.id AS mine, t.id AS theirs FROM own m CROSS JOIN LATERAL (
                    SELECT i.id, i.sex, i.nationality, i.birth_date, i.keys FROM registration_individual i
                    WHERE i.keys && (m.sure || m.days) AND i.agency_id <> {{agency}} LIMIT 2000
                ) AS t WHERE {LIKELY} AND NOT EXISTS (
                    SELECT 1 FROM registration_sealedfile s WHERE s.individual_id = t.id AND s.lifted_at IS NULL)
            ), standing AS (
                SELECT f.mine, s.id AS theirs FROM found f CROSS JOIN LATERAL (
                    WITH RECURSIVE goes_on (id, agency_id, next) AS (
                        SELECT id, agency_id, merged_into_id FROM registration_individual WHERE id = f.theirs
                        UNION SELECT i.id, i.agency_id, i.merged_into_id FROM goes_on g
                        JOIN registration_individual i ON i.id = g.next AND i.agency_id = g.agency_id
                    ) SELECT id FROM goes_on WHERE next IS NULL) AS s
            ) SELECT registration_note_possible(array_agg(mine), array_agg(theirs)) FROM standing HAVING count(*) > 0;
            SELECT ''  -- else the answer would be empty where nothing was found, and NULL is not the same as void
        """,
        reads=_READS,
        writes=("registration_matchquestion",),
    ),
    # What stands on the page of one's own person: [{id, partner, name, state, shown, asked_at}], the newest last. A question that was
    # asked stays with who asked it; a hint, and what the other side shows, only while it may be given.
    Definer(
        name="registration_questions",
        arguments="wanted uuid",
        returns="jsonb",
        body=f"""
            SELECT COALESCE(jsonb_agg(jsonb_build_object('id', q.id, 'partner', q.partner_id, 'name', g.name, 'state', q.state,
                                                         'shown', q.shown, 'asked_at', q.asked_at) ORDER BY q.asked_at, q.id), '[]')
            FROM registration_matchquestion q JOIN agencies_agency g ON g.id = q.partner_id
            WHERE q.individual_id = wanted AND q.agency_id = {{agency}} AND (q.state NOT IN ('possible', 'to_answer') OR EXISTS (
                SELECT 1 FROM registration_matchquestion o
                JOIN registration_individual m ON m.id = q.individual_id AND m.agency_id = q.agency_id
                JOIN registration_individual t ON t.id = o.individual_id AND t.agency_id = o.agency_id
                WHERE o.pair = q.pair AND o.id <> q.id AND {_MAY}))
        """,
        reads=_READS,
    ),
]
