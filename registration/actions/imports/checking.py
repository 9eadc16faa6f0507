"""What is found out about each row of a chunk: does it make sense, and is the person registered already?"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

from django.db import connection
from django.utils.translation import gettext_noop

from agencies.access import Viewer
from refugeecm.core import crypto
from refugeecm.core.bulk import insert
from registration import matching
from registration.actions.imports import content
from registration.enums import Outcome
from registration.models import AdminArea, ImportBatch, ImportChunk, ImportRow, ImportStep, Individual
from registration.rules.arrivals import ArrivalRow, person_of, read_cells
from registration.rules.dates import MONTH_FIRST
from registration.rules.evidence import SOURCE, SURE, packed
from registration.rules.findings import MESSAGES, RowError
from registration.rules.heads import check_household
from registration.rules.keys import Person, PersonKeys, keys_of

HELD_BACK = gettext_noop(
    "Another member of this household has an error; the household is registered together once it is corrected."
)
SET_ASIDE = gettext_noop(
    "This row could not be processed. Send it again in a file of its own, or register the family at the desk."
)
SAME_REF = gettext_noop("A row with this number was registered before.")

SAYS = (
    "given_name", "father_name", "family_name", "native_name", "mother_name", "sex", "birth_date", "birth_place", "nationality",
    "marital_status",
)  # fmt: skip
MORE = ("education", "occupation", "languages")  # columns of longer lists

Problem = list[Any]  # [column, code, message, is warning]; no values: those are in the sealed content


class _Good(NamedTuple):
    """A row without errors."""

    number: int
    row: ArrivalRow
    person: Person
    keys: PersonKeys


def finding(batch: ImportBatch, seq: int, number: int, outcome: str, **found: Any) -> dict[str, Any]:
    """Return one finding about a row, ready for bulk insertion."""
    return {
        "agency_id": batch.agency_id,
        "batch_id": batch.pk,
        "chunk_seq": seq,
        "number": number,
        "outcome": outcome,
        "problems": [],
        "other": None,
        "other_row": None,
        "score": None,
        "reasons": [],
        "differs": [],
        **found,
    }


def check(*, batch: ImportBatch, step: ImportStep, viewer: Viewer, now: datetime) -> dict[str, int]:
    """Check one chunk: rows are read, households looked at together, everybody matched against the register."""
    chunk = ImportChunk.objects.get(batch=batch, seq=step.seq)
    key = content.key_of(batch)
    rows: dict[int, ArrivalRow] = {}
    problems: dict[int, list[Problem]] = defaultdict(list)
    failed: set[int] = set()
    raw = content.raw_rows(chunk, key)
    scheme, month_first = batch.wishes.get("country_scheme", "ISO3"), _month_first(batch)
    for number, cells in raw:
        row, errors = read_cells(
            batch.columns, cells, today=now.date(), country_scheme=scheme, month_first=month_first
        )
        problems[number] = [_problem(one) for one in errors]
        if row is None:
            failed.add(number)
        else:
            rows[number] = row
    _without_unknown_areas(rows, problems)
    _hold_back(batch, raw, rows, problems, failed)
    findings = [
        finding(batch, step.seq, number, Outcome.ERROR, problems=problems[number])
        for number in sorted(failed)
    ]
    secret = crypto.derived("keys")
    good = [_good(number, row, secret) for number, row in rows.items() if number not in failed]
    findings += _known(batch, step.seq, good, problems, viewer)
    known = {one["number"] for one in findings}
    findings += [  # a warning is worth a line of its own, even though the row is new
        finding(batch, step.seq, one.number, Outcome.NEW, problems=problems[one.number])
        for one in good
        if problems[one.number] and one.number not in known
    ]
    insert(ImportRow, findings)
    checked = [content.CheckedRow(one.number, one.row, one.keys.stored) for one in good]
    chunk.checked = content.seal_checked(checked, key=key, chunk=chunk)
    chunk.probes = content.pack_probes(_probes(good))
    chunk.save(update_fields=["checked", "probes"])
    counts = Counter(str(one["outcome"]) for one in findings)
    counts[Outcome.NEW] = len(raw) - sum(counts[one] for one in Outcome if one != Outcome.NEW)
    return {str(name): count for name, count in counts.items()}


def _good(number: int, row: ArrivalRow, secret: bytes) -> _Good:
    person = person_of(row)
    return _Good(number, row, person, keys_of(person, secret=secret))


def _month_first(batch: ImportBatch) -> list[str]:
    """Return the fields whose dates are written month before day: as the sender said, else as the columns show."""
    said = batch.wishes.get("date_order")
    orders = batch.found_format.get("dates") or {}
    return [field for field, order in orders.items() if (said or order) == MONTH_FIRST]


def _without_unknown_areas(rows: dict[int, ArrivalRow], problems: dict[int, list[Problem]]) -> None:
    """Warn of P-codes that nobody has loaded, and leave them out."""
    given = {
        number: row.more["origin_pcode"]
        for number, row in rows.items()
        if row.more and "origin_pcode" in row.more
    }
    known = (
        set(AdminArea.objects.filter(pcode__in=set(given.values())).values_list("pcode", flat=True))
        if given
        else set()
    )
    for number, pcode in given.items():
        if pcode not in known:
            problems[number].append(["origin_pcode", "pcode", MESSAGES["pcode"], True])
            more = rows[number].more or {}
            rows[number] = rows[number]._replace(
                more={name: more[name] for name in more if name != "origin_pcode"} or None
            )


def _problem(error: RowError) -> Problem:
    return [error.column, error.code, error.message, error.warning]


def household_of(number: int, row: ArrivalRow) -> str:
    """Return what rows of one household have in common; a row without a household is one of its own."""
    return row.household_ref or f"row {number}"


def _hold_back(
    batch: ImportBatch,
    raw: list[tuple[int, list[str]]],
    rows: dict[int, ArrivalRow],
    problems: dict[int, list[Problem]],
    failed: set[int],
) -> None:
    """Look at households together; one with an error is held back whole, so that no family is torn apart."""
    at = batch.columns.index("household_id") if "household_id" in batch.columns else None
    houses: dict[str, list[int]] = defaultdict(list)
    for number, cells in raw:
        ref = cells[at].strip() if at is not None and at < len(cells) else ""
        houses[ref or f"row {number}"].append(number)
    for members in houses.values():
        present = [number for number in members if number in rows]
        complete = len(present) == len(members)  # else its size and head are not known
        for number, errors in zip(present, check_household([rows[one] for one in present]), strict=True):
            problems[number] += [_problem(one) for one in errors if complete or not one.warning]
            if any(not one.warning for one in errors):
                failed.add(number)
        if failed.intersection(members):
            for number in members:
                if number not in failed:
                    problems[number].append(["household_id", "held_back", HELD_BACK, False])
                    failed.add(number)


def _known(
    batch: ImportBatch, seq: int, good: list[_Good], problems: dict[int, list[Problem]], viewer: Viewer
) -> list[dict[str, Any]]:
    """Return a finding for everybody who is registered already, or may be."""
    refs = registered_refs(batch, [one.row.source_id for one in good])
    findings: list[dict[str, Any]] = []
    found = matching.candidates(
        [one.person for one in good],
        viewer=viewer,
        keys=[one.keys for one in good],
        households=[household_of(one.number, one.row) for one in good],
    )
    first: dict[str, int] = {}  # a number of the source twice in a chunk (in other chunks: comparing.py)
    for one, candidates in zip(good, found, strict=True):
        best = next((one for one in candidates if one.same), None)
        earlier = first.setdefault(one.row.source_id or f"row {one.number}", one.number)
        if one.row.source_id in refs:
            outcome = Outcome.REGISTERED
            said = {"other": refs[one.row.source_id], "score": SURE, "reasons": SOURCE}
        elif earlier != one.number:
            outcome = Outcome.REGISTERED
            said = {"other_row": earlier, "score": SURE, "reasons": SOURCE}
        elif best:
            outcome = Outcome.REGISTERED if best.score >= matching.SAME and best.own else Outcome.POSSIBLE
            said = {"other": best.individual_id, "score": best.score, "reasons": packed(best.evidence)}
        else:
            continue
        findings.append(finding(batch, seq, one.number, outcome, problems=problems[one.number], **said))
    _compare(_one_to_one(findings), {one.number: one.row for one in good}, viewer)
    return findings


def said_by(row: ArrivalRow) -> dict[str, Any]:
    """Return what a row says of the columns of a person; what it does not say is left out."""
    named = {name: getattr(row, name) for name in SAYS}
    found = {**named, **{name: value for name, value in (row.more or {}).items() if name in MORE}}
    return {name: value for name, value in found.items() if value and value != "U"}


def _compare(findings: list[dict[str, Any]], rows: dict[int, ArrivalRow], viewer: Viewer) -> None:
    """Note in which columns the rows of those who are registered say more than the register, or something else."""
    known = [one for one in findings if one["outcome"] == Outcome.REGISTERED and one["other"]]
    if not known:
        return
    own = Individual.objects.owned_by(viewer).only(*SAYS, *MORE).in_bulk([one["other"] for one in known])
    for one in known:
        person = own.get(one["other"])
        if person is not None:
            said = said_by(rows[one["number"]])
            one["differs"] = [name for name, value in said.items() if value != getattr(person, name)]


def _one_to_one(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Let a registered person be one row of the file at most, the likeliest; the others (a twin?) are only possible."""
    taken: set[Any] = set()
    for one in sorted(findings, key=lambda found: -found["score"]):
        if one["outcome"] == Outcome.REGISTERED and one["other"] in taken and one["reasons"] != SOURCE:
            one["outcome"] = Outcome.POSSIBLE
        if one["other"] is not None:
            taken.add(one["other"])
    return findings


def registered_refs(batch: ImportBatch, refs: list[str]) -> dict[str, Any]:
    """Return {number in the source: individual id} of those that this agency has registered for this event."""
    with connection.cursor() as cursor:  # one parameter: Django's `__in` takes its time over a thousand
        cursor.execute(
            "SELECT source_ref, COALESCE(merged_into_id, id) FROM registration_individual"
            " WHERE agency_id = %s AND event_id = %s AND source_ref <> '' AND source_ref = ANY (%s)",
            [batch.agency_id, batch.event_id, refs],
        )
        return dict(cursor.fetchall())


def _probes(good: list[_Good]) -> list[matching.RowKeys]:
    return [
        matching.RowKeys(
            one.number,
            _fingerprint(household_of(one.number, one.row)),
            # twice the same number of the source in one file is one person
            [*one.keys.match, *([_fingerprint(f"source {one.row.source_id}")] if one.row.source_id else [])],
        )
        for one in good
    ]


def _fingerprint(text: str) -> int:
    return int.from_bytes(
        blake2b(text.encode(), digest_size=8, key=crypto.derived("import")).digest(), "big", signed=True
    )
