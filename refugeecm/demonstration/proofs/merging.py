"""Do records that were merged and taken apart stand as before, whatever was done meanwhile, and is no pair ever asked about twice?

The clerks of proofs/groups go on with their work; among them some merge two records and take them apart, at once or much later.
After every act the invariants of groups and ledger hold, and a record that was merged is closed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
from django.db import connection
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from refugeecm.demonstration.proofs.groups import Clerks, late, some
from registration.actions import candidates, further_facts, merging, needs, review
from registration.enums import FoundBy, MatchState
from registration.models import MatchCandidate, Merge
from registration.models.merging import SCOPES

Rows = dict[tuple[str, str], Any]
_AMISS = """
    SELECT 'a merged record that counts: ' || number FROM registration_individual
    WHERE merged_into_id IS NOT NULL AND process_status IN ('A', 'H')
  UNION ALL
    SELECT 'merged without a merge: ' || i.number FROM registration_individual i
    WHERE (i.merged_into_id IS NOT NULL) <> EXISTS (
        SELECT 1 FROM registration_merge m WHERE m.merged_id = i.id AND m.survivor_id = i.merged_into_id AND m.status = 'done')
      AND (i.merged_into_id IS NOT NULL OR EXISTS (SELECT 1 FROM registration_merge m WHERE m.merged_id = i.id AND m.status = 'done'))
"""


class Mergers(Clerks):
    """What clerks do with families, and supervisors with records that are one person."""

    @rule(who=some, ago=late)
    def death(self, who: int, ago: int) -> None:
        """Somebody dies; of two records of one person, that is said of the one that goes on."""
        person = self._anybody(who)
        if person and not person.merged_into_id:
            super().death(who, ago)

    @rule(who=some, number=st.integers(0, 3), code=st.sampled_from(["DS-BD", "SM-CI", "CR-CC"]))
    def fact(self, who: int, number: int, code: str) -> None:
        """Somebody brings a paper; a need is noticed."""
        person = self._active(who)
        if person:
            self._try(
                "paper", further_facts.add_document, individual=person, kind="PASSPORT", number=f"P{number}"
            )
            self._try("need", needs.flag, flags=[needs.Flag(person.pk, code)])

    @rule(who=some, other=some, all_of_it=st.booleans())
    def merge(self, who: int, other: int, all_of_it: bool) -> None:
        """Two records are merged."""
        survivor, merged = self._active(who), self._anybody(other)
        if survivor and merged:
            self._try("merge", merging.merge, survivor=survivor, merged=merged, reason="",
                      taken=["given_name", "birth_date", "sex", "nationality"] if all_of_it else None)  # fmt: skip

    @rule(which=some)
    def part(self, which: int) -> None:
        """Two records are taken apart, whatever has happened since."""
        found = Merge.objects.done().order_by("made_at", "pk")
        count = found.count()
        if count:
            self._try("part", merging.part, merge=found[which % count], reason="")

    @rule(who=some, other=some, all_of_it=st.booleans(), between=st.integers(0, 4), then=some, ago=late)
    def there_and_back(
        self, who: int, other: int, all_of_it: bool, between: int, then: int, ago: int
    ) -> None:
        """Two records are merged, something else is done, they are taken apart: all rows that nobody else touched are as before."""
        known = set(Merge.objects.values_list("pk", flat=True))
        before = _rows()
        self.merge(who, other, all_of_it)
        made = Merge.objects.exclude(pk__in=known).first()
        if made is None:
            return
        after = _rows()
        self._something(between, then, ago)
        meanwhile = _rows()
        merging.part(merge=made, reason="", by=self.of.by, now=self.now + timedelta(hours=1))
        self.of.done["there and back"] += 1
        now = _rows()
        touched = {key for key in after.keys() | meanwhile.keys() if after.get(key) != meanwhile.get(key)}
        wrong = [
            f"{key}: {before.get(key)} became {now.get(key)}"
            for key in (before.keys() | now.keys()) - touched
            if before.get(key) != now.get(key)
        ]
        # A place in a group that somebody else has changed meanwhile binds those who share it.
        if wrong and not any(table.endswith(("individual", "household")) for table, _key in touched):
            self.of.seen += wrong
            raise AssertionError("; ".join(wrong))
        self.of.done["exact"] += not wrong

    def _something(self, between: int, then: int, ago: int) -> None:
        if between == 1:
            self.register(1 + then % 3)
        elif between == 2:
            self.legal(then, "REFUGEE", ago)
        elif between == 3:
            self.fact(then, then % 4, "SM-CI")
        elif between == 4:
            self.wait(3)

    @rule(
        who=some,
        other=some,
        to=st.sampled_from([None, *MatchState.values]),
        found_by=st.sampled_from(FoundBy.values),
    )
    def ask(self, who: int, other: int, to: str | None, found_by: str) -> None:
        """A pair is found, perhaps decided, and found again the other way round by any entrance: it stands once, as decided."""
        one, two = self._anybody(who), self._anybody(other)
        if one is None or two is None or one.pk == two.pk:
            return
        candidates.note(
            [candidates.Pair(one.pk, two.pk, 8.0)], found_by=found_by, by=self.of.by, now=self.now
        )
        both = [one.pk, two.pk]
        pair = MatchCandidate.objects.get(individual__in=both, other__in=both)
        if to and self.of.by.user_id and to in pair.moves[pair.state]:
            self._try("decide", review.decide, pairs=[pair], to=to, reason="", relationship="SBF")
        pair.refresh_from_db()
        for twice in (candidates.Pair(two.pk, one.pk, 9.0), candidates.Pair(one.pk, two.pk, 1.0)):
            candidates.note([twice], found_by=found_by, by=self.of.by, now=self.now)
        if [pair.state] != list(
            MatchCandidate.objects.filter(individual__in=both, other__in=both).values_list("state", flat=True)
        ):
            raise AssertionError("a pair was asked about twice")
        self.of.done["asked again"] += 1

    @invariant()
    def merged_records_are_closed(self) -> None:
        """Whatever was merged does not count, and nothing leads anywhere without a merge."""
        with connection.cursor() as cursor:
            cursor.execute(_AMISS)
            amiss = [row[0] for row in cursor.fetchall()]
        if amiss:
            self.of.seen += amiss
            raise AssertionError("; ".join(amiss))


def _rows() -> Rows:
    """Return every row of the tables that a merge may touch."""
    statement = " UNION ALL ".join(
        f"SELECT '{table}', t.id::text, to_jsonb(t) - 'version' FROM {table} t"  # noqa: S608 - our own tables
        for table in SCOPES
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return {
            (table, key): orjson.loads(row) if isinstance(row, str) else row
            for table, key, row in cursor.fetchall()
        }
