"""Is anybody in a file twice? Rows of different households that share a key are compared, once all chunks are checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from agencies.access import Viewer
from refugeecm.core.bulk import insert
from registration import matching
from registration.actions.imports import content
from registration.actions.imports.checking import finding
from registration.enums import Outcome, StepKind
from registration.models import ImportBatch, ImportChunk, ImportRow, ImportStep
from registration.rules.arrivals import ArrivalRow, person_of
from registration.rules.matching import score


def compare(*, batch: ImportBatch, step: ImportStep, viewer: Viewer, now: datetime) -> dict[str, int]:
    """Find people who are in the file twice; the later row is a possible duplicate, or the same person, of the earlier.

    Memory: the hashed keys of all rows, and the rows of the pairs alone.
    """
    pairs = matching.pairs_within(_all_probes(batch))
    wanted = {row for pair in pairs for row in pair}
    rows = dict(_rows(batch, wanted))
    best: dict[int, tuple[float, int, list[str]]] = {}
    for earlier, later in pairs:
        if earlier not in rows or later not in rows:
            continue
        one, other = rows[earlier][1], rows[later][1]
        points, reasons = (
            (1.0, ["source"])
            if one.source_id and one.source_id == other.source_id
            else score(person_of(one), person_of(other))
        )
        if points >= matching.POSSIBLE and points > best.get(later, (0.0, 0, []))[0]:
            best[later] = (points, earlier, reasons)
    return _write(batch, best, rows)


def _chunks(batch: ImportBatch) -> QuerySet[ImportChunk]:
    """Return the chunks of whom nobody is registered yet; with the others the register was asked."""
    begun = ImportStep.objects.filter(batch_id=batch.pk, kind=StepKind.ACCEPT).values("seq")
    return ImportChunk.objects.filter(batch=batch).exclude(seq__in=begun).order_by("seq")


def _all_probes(batch: ImportBatch) -> Iterator[matching.Probe]:
    for packed in _chunks(batch).values_list("probes", flat=True).iterator(20):
        yield from content.unpack_probes(packed)


def _rows(batch: ImportBatch, wanted: set[int]) -> Iterator[tuple[int, tuple[int, ArrivalRow]]]:
    if not wanted:
        return
    key = content.key_of(batch)
    for chunk in _chunks(batch).defer("raw", "probes").iterator(4):
        for one in content.checked(chunk, key, only=wanted):
            yield one.number, (chunk.seq, one.row)


def _write(
    batch: ImportBatch, best: dict[int, tuple[float, int, list[str]]], rows: dict[int, tuple[int, ArrivalRow]]
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
            or ((found.score or 0) >= points and reasons != ["source"])
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
