"""How well, and how fast, is one person compared with a million while they are typed in, at four desks at once?

The people come from import.csv of a folder that the generator has made, each asked for alone, without their household: half of them
are registered already (truth_pairs.csv), half are new. What is timed is what the desk does: a row is read, its keys are made, the
register is asked in a transaction of the clerk's, and what it knows is weighed. Two people ask: the owner of the register, and a
partner who sees one site. The partner also asks for people whose record they may not see: nobody may be shown.
"""

from __future__ import annotations

import random
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection, transaction

from agencies.access import enter
from agencies.models import Agency
from refugeecm.demonstration.bench.folder import (
    CLIENTS,
    VIEWERS,
    at_once,
    renew,
    rows_of,
    stand,
    taken,
    viewer_of,
)
from refugeecm.demonstration.scratch import Ground
from registration.actions import duplicates
from registration.matching import HINT, POSSIBLE, SAME, candidates
from registration.rules.arrivals import person_of
from registration.rules.family import guessed

EACH = 500  # people who are registered already, and so many who are not
TOP = 5  # are shown at the desk (views.hints)
# duplicates.md 6, at a million people; false alarms among new people
TARGETS = {"p95_ms": 50.0, "in_top_5": 0.96, "false_alarms": 0.005, "shown_although_hidden": 0}
# Told past all policies: what the wall ought to say.
_SEEN = """
    SELECT {column}, id::text, agency_id = {me} OR EXISTS
        (SELECT 1 FROM registration_personaccess p WHERE p.individual_id = i.id AND p.agency_id = {me})
    FROM registration_individual i WHERE {column} IN ({wanted})
"""


class Probe(NamedTuple):
    """Somebody who is typed in: the row, and the ids of their records that the viewer may see, and may not see."""

    row: dict[str, str]
    meant: frozenset[str]
    hidden: frozenset[str]


class Answer(NamedTuple):
    """What was shown: (id, whether as the same person, bits), the likeliest first; ms; MB by which the process had grown."""

    probe: Probe
    shown: list[tuple[str, bool, float]]
    milliseconds: float
    grown: float


def measure(ground: Ground, *, folder: Path, now: datetime, say: Callable[[str], None]) -> dict[str, Any]:
    """Return for each viewer what was found, what was shown in error, and p50, p95 and p99."""
    known, new = _people_of(folder)
    name = stand(ground, folder, now=now, say=say)
    figures: dict[str, Any] = {}
    with ground.using(name):
        renew(ground, name)
        for agency in Agency.objects.filter(memberships__user__email__in=VIEWERS.values()):
            learned = duplicates.learn(agency=agency, now=now)  # as every night; a new register has none yet
            say(f"{agency.code}: weights of {learned.people:,} people, {learned.pairs:,} pairs")
        for who in VIEWERS:
            agency_id = viewer_of(who).agency_id
            refs = {ref for _row, some in known for ref in some}
            ids = _seen(ground, name, agency_id, "source_ref", refs)
            probes = [
                Probe(
                    row,
                    *(
                        frozenset(ids[r][0] for r in some if r in ids and ids[r][1] is own)
                        for own in (True, False)
                    ),
                )
                for row, some in known
            ]
            asked = [one for one in probes if one.meant][:EACH]
            asked += [one for one in probes if one.hidden and not one.meant][:EACH]
            asked += [Probe(row, frozenset(), frozenset()) for row in new]
            random.Random(7).shuffle(asked)  # noqa: S311 - an order, no secret
            answers = at_once(partial(_ask, now), who, asked)
            shown = {one[0] for answer in answers for one in answer.shown}
            visible = _seen(ground, name, agency_id, "id::text", shown)
            figures[who] = _figures(answers, {ref for ref in shown if not visible[ref][1]})
            say(f"{who}: {figures[who]}")
    return {"targets": TARGETS, "clients": CLIENTS, "folder": str(folder), **figures}


def _people_of(folder: Path) -> tuple[list[tuple[dict[str, str], set[str]]], list[dict[str, str]]]:
    """Return rows of those who are registered already, with the numbers of their records, and of those who are not."""
    truth, arriving = folder / "truth_pairs.csv", folder / "import.csv"
    if not (truth.is_file() and arriving.is_file()):
        raise ValueError(
            f"{truth.name} or {arriving.name} is missing in {folder}: make_population.py writes both."
        )
    records: dict[str, set[str]] = defaultdict(set)
    for pair in rows_of(truth):
        if pair["scope"] == "IR":
            records[pair["left_id"]].add(pair["right_id"])
    rows = list(rows_of(arriving))
    random.Random(11).shuffle(rows)  # noqa: S311
    known = [(row, records[row["record_id"]]) for row in rows if row["record_id"] in records]
    return known, [row for row in rows if row["record_id"] not in records][:EACH]


def _seen(
    ground: Ground, name: str, agency: int, column: str, wanted: Collection[str]
) -> dict[str, tuple[str, bool]]:
    """Return the id of each of these people, and whether an agency may see them."""
    quoted = ",".join(f"'{one}'" for one in wanted) or "NULL"
    rows = ground.run(name, _SEEN.format(column=column, me=agency, wanted=quoted))
    return {ref: (pk, visible) for ref, pk, visible in rows}


def _ask(now: datetime, who: str, probes: list[Probe]) -> list[Answer]:
    viewer, answers, began_with = viewer_of(who), [], 0
    first = probes[:10]  # plans, and reads of catalogues and weights: they are no measure
    for n, probe in enumerate([*first, *probes]):
        began = time.perf_counter()
        with transaction.atomic():
            enter(viewer, reason="bench")
            row = guessed(probe.row, today=now.date())
            (found,) = candidates([person_of(row)], viewer=viewer, cut=HINT) if row else ([],)
        took = (time.perf_counter() - began) * 1000
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if n < len(first):
            began_with = peak
            continue
        shown = [(str(one.individual_id), one.same, one.score) for one in found]
        answers.append(Answer(probe, shown, took, (peak - began_with) / 1024))
    connection.close()
    return answers


def _figures(answers: Sequence[Answer], leaked: Collection[str]) -> dict[str, Any]:
    known = [one for one in answers if one.probe.meant]
    new = [one for one in answers if not one.probe.meant and not one.probe.hidden]
    same = {id(one): [ref for ref, is_same, _bits in one.shown if is_same] for one in answers}

    def share(of: Sequence[Answer], holds: Callable[[Answer], object]) -> float:
        return round(sum(map(bool, map(holds, of))) / max(len(of), 1), 4)

    def found(within: int | None, *, alike: bool = False) -> float:
        return share(
            known,
            lambda one: (
                one.probe.meant & set((same[id(one)] if alike else [ref for ref, *_ in one.shown])[:within])
            ),
        )

    def alarms(cut: float) -> float:
        return share(new, lambda one: [1 for _ref, is_same, bits in one.shown if is_same and bits >= cut])

    return {
        "registered": len(known),
        "new": len(new),
        "hidden": len(answers) - len(known) - len(new),
        **taken(one.milliseconds for one in answers),
        "first": found(1),
        "in_top_5": found(TOP),
        "in_top_5_as_same": found(TOP, alike=True),
        "flagged": share(
            known,
            lambda one: [
                1
                for ref, is_same, bits in one.shown
                if is_same and bits >= POSSIBLE and ref in one.probe.meant
            ],
        ),
        "false_alarms": alarms(SAME),
        "false_alarms_at_the_cut": alarms(POSSIBLE),
        "new_with_a_hint": alarms(HINT),
        "shown_although_hidden": len(leaked),
        "grown_mb": round(max(one.grown for one in answers), 1),
    }
