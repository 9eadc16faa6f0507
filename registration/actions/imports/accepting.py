"""How do the checked rows of a chunk become people? Errors and the already registered are left out; families stay together."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from agencies.access import Viewer
from refugeecm.core import events
from registration.actions import candidates, needs, people
from registration.actions.imports import checking, content
from registration.actions.imports.checking import SAME_REF, finding, household_of, registered_refs
from registration.enums import FoundBy, Outcome
from registration.models import (
    AdminArea,
    ImportBatch,
    ImportChunk,
    ImportRow,
    ImportStep,
    Individual,
)
from registration.rules.columns import ASIDE
from registration.rules.evidence import SOURCE, SURE, unpacked

FILLED = frozenset({"mother_name", "birth_place", "marital_status", *checking.MORE})
FILLED_IN = events.declare(
    "registration.individual.filled_in", "A list told what was not known yet of somebody who is registered."
)


def accept(*, batch: ImportBatch, step: ImportStep, viewer: Viewer, now: datetime) -> dict[str, int]:
    """Register one chunk. Ids come from the batch and the row number: done twice, it would meet its own primary keys."""
    chunk = ImportChunk.objects.get(batch=batch, seq=step.seq)
    findings = {one.number: one for one in ImportRow.objects.filter(batch=batch, chunk_seq=step.seq)}
    rows = content.checked(chunk, content.key_of(batch))
    _meanwhile(batch, step.seq, rows, findings)
    arrivals = _households(batch, rows, findings, viewer)
    seed = batch.pk.bytes
    created = people.register(
        arrivals=arrivals, by=viewer, now=now, event=batch.event, seed=seed, created_at=batch.created_at
    )
    pairs = _pairs(batch, arrivals, findings)
    candidates.note(pairs, found_by=FoundBy.IMPORT, by=viewer, now=now)
    flags = [
        needs.Flag(individual, code, identified_on=row.registration_date)
        for arrival in arrivals
        for individual, row in zip(arrival.individuals, arrival.members, strict=True)
        for code in (row.more or {}).get("needs", ())
    ]
    if flags:
        needs.flag(flags=flags, by=viewer, now=now, fresh=True)
    counts = Counter(str(one.outcome) for one in findings.values())
    if batch.fills_empty:
        counts["filled"] = _fill(rows, findings, viewer, now)
    return {
        "created": created,
        "households": sum(one.joins is None for one in arrivals),
        "candidates": len(pairs),
        **counts,
    }


def _fill(
    rows: list[content.CheckedRow], findings: dict[int, ImportRow], viewer: Viewer, now: datetime
) -> int:
    """Note of people who are registered what the register does not know and the row says; return of how many.

    Nothing is overwritten. What decides who somebody is, and what they count as, is corrected by hand: names, birth, nationality.
    """
    said = {
        found.other: checking.said_by(one.row)
        for one in rows
        if (found := findings.get(one.number))
        and found.outcome == Outcome.REGISTERED
        and set(found.differs) & FILLED
    }
    people_known = Individual.objects.owned_by(viewer).filter(pk__in=said).select_for_update().order_by("pk")
    filled = []
    for person in people_known:
        empty = {name for name in FILLED & said[person.pk].keys() if not getattr(person, name)}
        for name in empty:
            setattr(person, name, said[person.pk][name])
        if empty:
            person.save(update_fields=sorted(empty))
            filled.append(person.pk)
    if filled:
        events.note(FILLED_IN, "individual", *filled, by=viewer, now=now)
    return len(filled)


def _meanwhile(
    batch: ImportBatch, seq: int, rows: list[content.CheckedRow], findings: dict[int, ImportRow]
) -> None:
    """Leave out whom another file registered under the same number since this one was checked."""
    refs = registered_refs(batch, [one.row.source_id for one in rows])
    for number, row, _keys in rows:
        if row.source_id in refs and (
            number not in findings or findings[number].outcome != Outcome.REGISTERED
        ):
            ImportRow.objects.filter(batch=batch, number=number).delete()
            late = ImportRow(
                **finding(
                    batch,
                    seq,
                    number,
                    Outcome.REGISTERED,
                    other=refs[row.source_id],
                    score=SURE,
                    reasons=SOURCE,
                    problems=[["record_id", "registered", SAME_REF, True]],
                )
            )
            late.save(force_insert=True)
            findings[number] = late


def _households(
    batch: ImportBatch, rows: list[content.CheckedRow], findings: dict[int, ImportRow], viewer: Viewer
) -> list[people.Arrival]:
    """Return who is registered together; new members of a family that is registered already join their household."""
    houses: dict[str, list[content.CheckedRow]] = {}
    registered: dict[str, Any] = {}
    for one in rows:
        number, row, _keys = one
        ref = household_of(number, row)
        found = findings.get(number)
        if found is not None and found.outcome == Outcome.REGISTERED:
            if found.other and ref not in registered:
                registered[ref] = found.other
            elif found.other_row and ref not in registered:
                registered[ref] = found.other_row
        elif found is None or found.outcome != Outcome.ERROR:
            houses.setdefault(ref, []).append(one)
    own = Individual.objects.owned_by(viewer).filter(
        pk__in=[one for one in registered.values() if not isinstance(one, int)]
    )
    joins = dict(own.values_list("pk", "household_id"))
    areas = _areas(rows)
    return [
        people.Arrival(
            members=[one.row for one in members],
            ordinals=[one.number for one in members],
            keys=[one.keys for one in members],
            joins=joins.get(registered.get(ref)),
            source_ref=members[0].row.household_ref,
            details=[_details(one.row.more, areas) for one in members]
            if any(one.row.more for one in members)
            else (),
        )
        for ref, members in houses.items()
    ]


def _areas(rows: list[content.CheckedRow]) -> dict[str, int]:
    """Return {P-code: area} of the places that the rows name."""
    pcodes = {one.row.more["origin_pcode"] for one in rows if one.row.more and "origin_pcode" in one.row.more}
    return dict(AdminArea.objects.filter(pcode__in=pcodes).values_list("pcode", "pk")) if pcodes else {}


def _details(more: dict[str, Any] | None, areas: dict[str, int]) -> dict[str, Any]:
    """Return what a row says besides, as columns of the person."""
    said = more or {}
    area = areas.get(said.get("origin_pcode", ""))
    found = {name: value for name, value in said.items() if name not in ASIDE}
    return {**found, "origin_area_id": area} if area else found


def _pairs(
    batch: ImportBatch, arrivals: list[people.Arrival], findings: dict[int, ImportRow]
) -> list[candidates.Pair]:
    """Return the pairs that somebody should look at later. A row that was registered before stands for that person."""
    possible = {number: one for number, one in findings.items() if one.outcome == Outcome.POSSIBLE}
    rows = ImportRow.objects.filter(batch=batch, number__in=[one.other_row for one in possible.values()])
    known = dict(rows.filter(outcome=Outcome.REGISTERED, other__isnull=False).values_list("number", "other"))
    pairs = []
    for arrival in arrivals:
        for number, individual in zip(arrival.ordinals, arrival.individuals, strict=True):
            if found := possible.get(number):
                row = found.other_row or 0
                other = found.other or known.get(row)
                other = other or people.individual_id(batch.created_at, batch.pk.bytes, row)
                evidence = unpacked(found.reasons)
                pairs.append(candidates.Pair(individual, other, found.score or 0.0, evidence=evidence))
    return pairs
