"""Is anybody in a file twice? Rows of different households that share a key are compared, once all chunks are checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from agencies.access import Viewer
from refugeecm.core import crypto
from refugeecm.core.bulk import insert
from registration import matching
from registration.actions.imports import content
from registration.actions.imports.checking import finding, household_of
from registration.enums import Outcome, StepKind
from registration.models import ImportBatch, ImportChunk, ImportRow, ImportStep
from registration.rules.arrivals import person_of
from registration.rules.comparing import record_of
from registration.rules.evidence import SOURCE, SURE, packed

Best = tuple[float, int, list[str]]  # score, the earlier row, why


def compare(*, batch: ImportBatch, step: ImportStep, viewer: Viewer, now: datetime) -> dict[str, int]:
    """Find people who are in the file twice; the later row is a possible duplicate, or the same person, of the earlier.

    Memory: the hashed keys of all rows, and the rows of the pairs alone.
    """
    pairs = matching.pairs_within(_all_probes(batch))
    wanted = {row for pair in pairs for row in pair}
    rows = dict(_rows(batch, wanted))
    best: dict[int, Best] = {}
    secret = crypto.derived("keys")
    people = {
        number: matching.Known(
            record_of(person_of(one.row), keys=one.keys, secret=secret), household_of(number, one.row)
        )
        for number, (_seq, one) in rows.items()
    }
    for earlier, later in pairs:
        if earlier not in rows or later not in rows:
            continue
        ref = rows[earlier][1].row.source_id
        if ref and ref == rows[later][1].row.source_id:
            best.setdefault(later, (SURE, earlier, SOURCE))
    weights, _crowded = matching.weights_for(viewer)
    for later, earlier, score, evidence in matching.within(people, pairs, weights, rows=batch.rows):
        if score > best.get(later, (matching.POSSIBLE, 0, []))[0]:
            best[later] = (score, earlier, packed(evidence))
    return _write(batch, best, rows)


def _chunks(batch: ImportBatch) -> QuerySet[ImportChunk]:
    """Return the chunks of whom nobody is registered yet; with the others the register was asked."""
    begun = ImportStep.objects.filter(batch_id=batch.pk, kind=StepKind.ACCEPT).values("seq")
    return ImportChunk.objects.filter(batch=batch).exclude(seq__in=begun).order_by("seq")


def _all_probes(batch: ImportBatch) -> Iterator[matching.RowKeys]:
    for probes in _chunks(batch).values_list("probes", flat=True).iterator(20):
        yield from content.unpack_probes(probes)


def _rows(batch: ImportBatch, wanted: set[int]) -> Iterator[tuple[int, tuple[int, content.CheckedRow]]]:
    if not wanted:
        return
    key = content.key_of(batch)
    for chunk in _chunks(batch).defer("raw", "probes").iterator(4):
        for one in content.checked(chunk, key, only=wanted):
            yield one.number, (chunk.seq, one)


def _write(
    batch: ImportBatch, best: dict[int, Best], rows: dict[int, tuple[int, content.CheckedRow]]
) -> dict[str, int]:
    """Keep what the register already said of a row, when it said more."""
    standing = {one.number: one for one in ImportRow.objects.filter(batch=batch, number__in=list(best))}
    fresh: list[dict[str, Any]] = []
    counts: Counter[str] = Counter()
    for number, (points, earlier, reasons) in sorted(best.items()):
        outcome = Outcome.REGISTERED if points >= matching.SAME else Outcome.POSSIBLE
        found = standing.get(number)
        if found is not None and (
            found.outcome in {Outcome.ERROR, Outcome.REGISTERED}
            or ((found.score or 0) >= points and reasons != SOURCE)
        ):
            continue
        counts[outcome] += 1
        if found is None:
            fresh.append(
                finding(
                    batch, rows[number][0], number, outcome, other_row=earlier, score=points, reasons=reasons
                )
            )
        else:
            counts[found.outcome] -= 1
            found.outcome, found.other, found.other_row, found.score, found.reasons = (
                outcome,
                None,
                earlier,
                points,
                reasons,
            )
            found.save(update_fields=["outcome", "other", "other_row", "score", "reasons"])
    insert(ImportRow, fresh)
    counts[Outcome.NEW] -= len(fresh)
    return {str(name): count for name, count in counts.items() if count}
