"""How is a person erased: proposed by one, approved by another, carried out by a worker; and what stops it?"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer, worker_for
from agencies.models import Agency
from refugeecm.core import events, seals, wall
from refugeecm.core.bulk import insert
from refugeecm.core.ids import uuid7
from refugeecm.core.refusals import NotPermitted
from refugeecm.core.transitions import move
from registration.actions import batches, holding, issued
from registration.enums import BatchStatus
from registration.enums.retention import ErasureOrigin, ErasureStatus, Keeping
from registration.models import Erasure, Individual, RetentionChoice
from registration.policies import check_may
from registration.rules import retention

PROPOSED = events.declare(
    "registration.erasure.proposed", "Somebody proposed that everything known of a person be erased."
)
APPROVED = events.declare(
    "registration.erasure.approved", "A second person approved that a person be erased; a worker does it."
)
DECLINED = events.declare("registration.erasure.declined", "A person is not erased.")
ERASED = events.declare(
    "registration.individual.erased", "Everything known of a person was erased but for codes and days."
)
CHOSEN = events.declare(
    "registration.retention.chosen", "An agency decided how long it keeps records of a kind."
)
CHUNK = 500  # suggestions in one transaction
# Of a list that holds the person and is still worked on, the key cannot go without stopping everybody else of that list.
_AT_WORK = (
    BatchStatus.READING, BatchStatus.MAPPING, BatchStatus.CHECKING, BatchStatus.COMPARING, BatchStatus.REVIEW,
    BatchStatus.ACCEPTING, BatchStatus.UNDOING,
)  # fmt: skip


@transaction.atomic
def choose(
    *, rule: str, months: int, keeping: str, reason: str, by: Viewer, now: datetime
) -> RetentionChoice:
    """Decide for the viewer's agency how many months records of a rule are kept, and what then. Raises NotPermitted.

    What a law says is not shortened; what we suggest is, down to a month. Files of the archive are never suggested for erasure.
    """
    check_may(by, Permission.RETENTION_SET)
    found = retention.RULES[rule]
    least = found.months if found.law else retention.SHORTEST
    if months < least:
        raise NotPermitted(
            _("This is kept for %(months)s months at least: %(source)s.") % {"months": least, "source": found.source},
            field="months",
        )  # fmt: skip
    made, _new = RetentionChoice.objects.update_or_create(
        agency=by.agency, rule=rule,
        defaults={"months": months, "keeping": keeping, "reason": reason, "set_by_id": by.user_id, "set_at": now},
    )  # fmt: skip
    if keeping == Keeping.ARCHIVE:
        Erasure.objects.filter(agency=by.agency, rule=rule, status=ErasureStatus.SUGGESTED).delete()
    subject = uuid.uuid5(uuid.NAMESPACE_OID, rule)
    events.note(CHOSEN, "retention", subject, by=by, now=now, tell=None, months=months, keeping=keeping)
    return made


@transaction.atomic
def suggest(*, agency: Agency, now: datetime, today: date) -> int:
    """Suggest for erasure a chunk of the agency's people whose period is over; return how many. Nothing goes by this."""
    wall.enter(agency_id=agency.pk, user_id=None, reason="retention")
    choices = {one.rule: one for one in RetentionChoice.objects.filter(agency=agency)}
    rows: list[dict[str, Any]] = []
    for rule in retention.RULES.values():
        chosen = choices.get(rule.code)
        if chosen and chosen.keeping == Keeping.ARCHIVE:
            continue
        months = chosen.months if chosen else rule.months
        over = (
            Individual.objects.standing()
            .filter(agency=agency, process_status__in=rule.statuses, process_reason__in=rule.reasons)
            .filter(process_status_on__lt=retention.ends_on(today, -months))
            .exclude(pk__in=Erasure.objects.filter(agency=agency).values("individual"))
            .exclude(pk__in=holding.held(agency))
        )
        rows += [
            {
                "id": uuid7(now, ordinal=len(rows) + place), "agency_id": agency.pk, "individual_id": pk,
                "origin": ErasureOrigin.RETENTION, "rule": rule.code, "due_on": retention.ends_on(since or today, months),
                "reason": "", "status": ErasureStatus.SUGGESTED, "suggested_at": now, "records": 0,
            }
            for place, (pk, since) in enumerate(
                over.order_by("process_status_on", "pk").values_list("pk", "process_status_on")[: CHUNK - len(rows)]
            )
        ]  # fmt: skip
    return insert(Erasure, rows)


@transaction.atomic
def propose(*, individual: Individual, origin: str, reason: str, by: Viewer, now: datetime) -> Erasure:
    """Propose that a person of the viewer's agency be erased. Raises NotPermitted."""
    check_may(by, Permission.ERASURE)
    person = _locked(individual, by)
    check_erasable(person, by)
    known = Erasure.objects.filter(individual=person).open().select_for_update().first()
    if known and known.status != ErasureStatus.SUGGESTED:
        raise NotPermitted(_("This was proposed already. Somebody else approves or declines it."))
    if known is None:
        known = Erasure(
            id=uuid7(now), agency=by.agency, individual=person, origin=origin, reason=reason, status=ErasureStatus.PROPOSED,
            proposed_by_id=by.user_id, proposed_at=now,
        )  # fmt: skip
        known.save(force_insert=True)
    else:
        move(known, to=ErasureStatus.PROPOSED, reason=reason, proposed_by_id=by.user_id, proposed_at=now)
    events.note(PROPOSED, "erasure", known.pk, by=by, now=now, tell=None)
    return known


@transaction.atomic
def propose_suggested(*, erasures: Sequence[Erasure], by: Viewer, now: datetime) -> tuple[int, int]:
    """Take up suggestions; return how many were proposed, and how many could not be and stay suggested."""
    done = 0
    for one in erasures:
        try:
            with transaction.atomic():
                propose(individual=one.individual, origin=one.origin, reason="", by=by, now=now)
            done += 1
        except NotPermitted:
            continue
    return done, len(erasures) - done


@transaction.atomic
def approve(*, erasure: Erasure, number: str, by: Viewer, now: datetime) -> None:
    """Approve; the number of the person is typed, so that nobody approves another than they mean. It cannot be undone."""
    check_may(by, Permission.ERASURE)
    person = _locked(erasure.individual, by)
    if erasure.proposed_by_id == by.user_id:
        raise NotPermitted(_("You proposed this. Somebody else has to approve it."))
    if "".join(number.split()).upper() != person.number.upper():
        raise NotPermitted(
            _("Type the number of this person: %(number)s.") % {"number": person.number}, field="number"
        )
    check_erasable(person, by)
    move(erasure, to=ErasureStatus.APPROVED, approved_by_id=by.user_id, approved_at=now)
    events.note(APPROVED, "erasure", erasure.pk, by=by, now=now, tell=None)


@transaction.atomic
def decline(*, erasure: Erasure, by: Viewer, now: datetime) -> None:
    """Let a person not be erased; also one that is approved, as long as no worker has done it."""
    check_may(by, Permission.ERASURE)
    _locked(erasure.individual, by)
    move(erasure, to=ErasureStatus.DECLINED, closed_at=now)
    events.note(DECLINED, "erasure", erasure.pk, by=by, now=now, tell=None)


def check_erasable(person: Individual, by: Viewer) -> None:
    """Refuse while the record counts, was erased, is held, leads to another, or stands in a list that is still worked on."""
    if person.is_erased:
        raise NotPermitted(_("This person was erased already."))
    if person.merged_into_id and person.merged_into and person.merged_into.agency_id == person.agency_id:
        raise NotPermitted(_("This record was merged into another. Erase that one; this one goes with it."))
    same = [person, *_same(person)]
    if any(one.process_status in {"A", "H"} for one in same):
        raise NotPermitted(
            _(
                "The record is open: it counts in the figures, and somebody works with it. Close it first, with the reason."
            )
        )
    if hold := holding.standing(same):
        raise NotPermitted(
            _("A legal hold stands: %(reason)s. A supervisor lifts it first.") % {"reason": hold.reason}
        )
    if files_at_work(same):
        raise NotPermitted(
            _("A list with this person is still being worked on. Accept it or cancel it first.")
        )


def _same(person: Individual) -> list[Individual]:
    """Return the other records of the agency that were merged into this one, one after the other or not."""
    ids = Individual.objects.filter(agency_id=person.agency_id).merged_into_any([person.pk])
    return list(Individual.objects.filter(pk__in=ids))


_AT_WORK_WITH = """
    SELECT EXISTS (SELECT 1 FROM registration_importbatch b WHERE b.status = ANY (%s)
        AND (date_trunc('milliseconds', b.created_at) IN (SELECT uuid_extract_timestamp(p) FROM unnest(%s::uuid[]) AS p)
             OR EXISTS (SELECT 1 FROM registration_importrow r WHERE r.batch_id = b.id AND r.other = ANY (%s::uuid[]))))
"""


def files_at_work(people: Iterable[Individual]) -> bool:
    """Answer whether a file that is not finished registered or may register one of these people."""
    ids = [str(one.pk) for one in people]
    with connection.cursor() as cursor:
        cursor.execute(_AT_WORK_WITH, [list(map(str, _AT_WORK)), ids, ids])
        return bool(cursor.fetchone()[0])


def carry_out(*, now: datetime, agency: Agency) -> int:
    """Erase everybody of an agency for whom it is approved, each in a transaction of their own; return how many.

    Two workers never take the same one. What is held or worked on meanwhile waits.
    """
    done = 0
    with transaction.atomic():
        wall.enter(agency_id=agency.pk, user_id=None, reason="erasure")
        waiting = list(
            Erasure.objects.filter(agency=agency, status=ErasureStatus.APPROVED).values_list("pk", flat=True)
        )
    for pk in waiting:
        done += _erase(agency, pk, now)
    return done


@transaction.atomic
def _erase(agency: Agency, pk: uuid.UUID, now: datetime) -> bool:
    wall.enter(agency_id=agency.pk, user_id=None, reason="erasure")
    open_ones = Erasure.objects.filter(pk=pk, status=ErasureStatus.APPROVED).select_related("individual")
    erasure = open_ones.select_for_update(of=("self",), skip_locked=True).first()
    if erasure is None:
        return False
    if erasure.individual.agency_id != agency.pk:  # handed over meanwhile: the other agency decides
        move(erasure, to=ErasureStatus.DECLINED, closed_at=now)
        return False
    same = [erasure.individual, *_same(erasure.individual)]
    if holding.standing(same) or files_at_work(same) or any(one.process_status in {"A", "H"} for one in same):
        return False
    issued.end_of([one.pk for one in same], by=worker_for(agency), now=now)
    batches.end_with([one.pk for one in same], now=now)
    act = uuid7(now)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '10min'")
        cursor.execute("SELECT registration_erase(%s, %s)", [pk, act])
        told = cursor.fetchone()[0]
    told = orjson.loads(told) if isinstance(told, str) else told
    people = [uuid.UUID(one) for one in told["people"]]
    erasure.refresh_from_db()
    move(erasure, to=ErasureStatus.DONE, closed_at=now, records=len(people))
    about: dict[str, Any] = {"agency_id": agency.pk, "by": None, "now": now}
    events.record(seals.BLANKED, subject_type="history", subjects=[act], tell=False, **about)
    others = [one for one in told["tell"] if one != agency.pk]
    details = {"tell": others, "files": told["files"], "exports": told["exports"]}
    events.record(ERASED, subject_type="individual", subjects=people, details=details, **about)
    return True


def _locked(individual: Individual, by: Viewer) -> Individual:
    found = Individual.objects.visible_to(by).select_for_update(of=("self",))
    person: Individual | None = found.filter(pk=individual.pk, agency_id=by.agency_id).first()
    if person is None:
        raise NotPermitted(_("Another agency is responsible for this person."))
    return person
