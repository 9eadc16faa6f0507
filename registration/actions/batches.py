"""How are up to 500 papers prepared at once and printed as one file, in the background, for who asked and for a day?

A worker reads what stands on them in short transactions, draws the file outside of any, and keeps it sealed with a key of its own. If
it dies on the way another begins anew: nothing is noted before the file is kept.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer, enter
from agencies.access.viewer import member
from agencies.models import Agency, AgencyKey, Membership
from refugeecm.core import crypto, events, wall
from refugeecm.core.ids import uuid7
from refugeecm.core.transitions import move, move_all
from registration import policies
from registration.actions import issued, printing
from registration.channels import papers
from registration.enums import FOCAL, IssuedStatus, PrintStatus
from registration.models import Individual, IssuedDocument, PrintBatch
from registration.policies import NotPermitted
from registration.rules.issued import KINDS

log = logging.getLogger(__name__)
MOST = 500  # papers of a batch
CHUNK = 50  # read in one transaction
ATTEMPTS = 3
LIFE = timedelta(hours=24)
KEPT = timedelta(days=365)  # the line that says who printed how many; the file itself ends after a day
_LOCK = 7264  # of sessions, beside the one of imports

ASKED = events.declare(
    "registration.print.asked", "Somebody had documents prepared, to be printed as one file."
)
READY = events.declare("registration.print.ready", "A file of documents to print is ready.")
ENDED = events.declare(
    "registration.print.ended", "A file of documents to print was thrown away, or destroyed after its time."
)
DOWNLOADED = events.declare(
    "registration.print.downloaded", "Somebody downloaded a file of documents to print."
)


def waiting_for(kind: str, *, by: Viewer, until: date | None = None, site: str = "") -> QuerySet[Individual]:
    """Return people of the viewer's agency who should have a paper of this type: without `until` who have none in force, else those
    whose paper runs out by that day; who has one in preparation is not among them. The longest registered first."""
    about = IssuedDocument.objects.owned_by(by).filter(individual=OuterRef("pk"), kind=kind)
    found = Individual.objects.visible_to(by).active().standing().filter(agency_id=by.agency_id)
    if statuses := KINDS[kind].statuses:
        found = found.filter(legal_status__in=statuses)
    if KINDS[kind].group:
        found = found.filter(relationship__in=FOCAL)
    if site:
        found = found.filter(site=site)
    one = Exists(about.in_force()) if until is None else Exists(about.running_out(until))
    chosen: QuerySet[Individual] = found.filter(~one if until is None else one, ~Exists(about.prepared()))
    return chosen.order_by("pk")


@transaction.atomic
def ask(
    *,
    kind: str,
    people: Sequence[Individual],
    until: date | None,
    by: Viewer,
    now: datetime,
    language: str = "",
) -> PrintBatch:
    """Prepare papers for up to 500 people, and have them printed as one file by a worker. Raises NotPermitted."""
    if by.user_id is None or not KINDS[kind].design:
        raise NotPermitted(_("Documents of this type are not printed here."), field="kind")
    if PrintBatch.objects.visible_to(by).open().exists():
        raise NotPermitted(_("A batch of yours is being printed. Wait for it, or cancel it."))
    if not people:
        raise NotPermitted(_("Nobody needs such a document at the moment."))
    if len(people) > MOST:
        raise NotPermitted(_("At most 500 documents are printed at once."))
    batch = PrintBatch(
        id=uuid7(now), agency=by.agency, user_id=by.user_id, kind=kind, total=0, created_at=now
    )
    batch.key = crypto.seal(crypto.new_key(), key=_agency_key(by.agency), place=_key_place(batch.pk))
    batch.save(force_insert=True)
    made = issued.prepare(
        kind=kind, people=people, until=until, by=by, now=now, language=language, batch=batch
    )
    if not made:
        raise NotPermitted(_("Nobody needs such a document at the moment."))
    batch.total = len(made)
    batch.save(update_fields=["total"])
    _note(ASKED, batch, by=by, now=now)
    return batch


@transaction.atomic
def cancel(*, batch: PrintBatch, by: Viewer, now: datetime) -> None:
    """Throw the file away, and what was prepared for it as far as nobody holds it."""
    move(batch, to=PrintStatus.CANCELLED)
    _destroy(batch)
    move_all(_of(batch).prepared(), to=IssuedStatus.INVALIDATED, over_at=now, ended_by=by.user_id)
    _note(ENDED, batch, by=by, now=now)


@transaction.atomic
def open_file(*, batch: PrintBatch, by: Viewer, now: datetime) -> bytes | None:
    """Return the PDF, or None when it cannot be had, no more, or not yet.

    Asked again each time: its day, and whether the viewer may still see everybody in it; else it is destroyed.
    """
    policies.check_may(by, Permission.DOCUMENT_ISSUE)
    if batch.status != PrintStatus.READY or batch.expires_at is None:
        return None
    seen = IssuedDocument.objects.visible_to(by).filter(batch=batch, agency_id=by.agency_id)
    if batch.expires_at <= now or seen.filter(prints__gt=0).count() != batch.done:
        _end(batch, now=now)
        return None
    _note(DOWNLOADED, batch, by=by, now=now)
    return crypto.unseal(batch.file, key=_key(batch), place=_place(batch))


@transaction.atomic
def hand_over(*, batch: PrintBatch, by: Viewer, now: datetime) -> int:
    """Note that the printed papers of a batch were handed over; return how many. What was spoilt is taken out before."""
    return issued.hand_over(documents=list(_of(batch).filter(status=IssuedStatus.PRINTED)), by=by, now=now)


@transaction.atomic
def end_due(*, agency: Agency, now: datetime) -> int:
    """Destroy the files of an agency whose day is over; return how many."""
    wall.enter(agency_id=agency.pk, user_id=None, reason="print.end")
    due = PrintBatch.objects.filter(agency=agency, status=PrintStatus.READY, expires_at__lte=now)
    found = list(due.select_for_update(skip_locked=True))
    for batch in found:
        _end(batch, now=now)
    return len(found)


def end_with(people: Sequence[uuid.UUID], *, now: datetime) -> None:
    """Destroy the files in which these people stand, because they are erased. Whoever else stands in them is printed anew."""
    about = Q(documents__individual__in=people) | Q(documents__household__members__in=people)
    open_ones = PrintBatch.objects.filter(
        about, status__in=[PrintStatus.QUEUED, PrintStatus.RUNNING, PrintStatus.READY]
    )
    for batch in PrintBatch.objects.filter(pk__in=open_ones.values("pk")).select_for_update():
        _end(batch, to=PrintStatus.FAILED, now=now)


def purge(*, agency: Agency, now: datetime, at_most: int) -> int:
    """Remove batches that are long over; return how many. In the agency's context."""
    over = PrintBatch.objects.filter(agency=agency, created_at__lt=now - KEPT).values_list("pk", flat=True)
    some = list(over[:at_most])
    IssuedDocument.objects.filter(batch__in=some).update(batch=None)
    return PrintBatch.objects.filter(pk__in=some).delete()[0]


# ---- the worker


def run_one(*, now: datetime) -> bool:
    """Print the next batch of any agency; return False when there is none, or none that nobody else is at."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT batch, agency FROM registration_open_prints()")
        waiting = cursor.fetchall()
    for pk, agency_id in waiting:
        with _alone(pk) as mine:
            if mine:
                _work(pk, agency_id, now=now)
                return True
    return False


def _work(pk: uuid.UUID, agency_id: int, *, now: datetime) -> None:
    """Read, draw, keep. The attempt is counted first, in a transaction of its own: a batch that kills its worker counts too."""
    with transaction.atomic():
        wall.enter(agency_id=agency_id, user_id=None, reason="print")
        batch = PrintBatch.objects.select_related("agency").select_for_update(of=("self",)).get(pk=pk)
        viewer = _asker(batch)
        if not batch.is_open:
            return
        if viewer is None or batch.attempts >= ATTEMPTS:
            move(batch, to=PrintStatus.FAILED)
            _destroy(batch)
            return
        batch.attempts += 1
        batch.save(update_fields=["attempts"])
        if batch.status == PrintStatus.QUEUED:
            move(batch, to=PrintStatus.RUNNING)
        ids = list(_of(batch).order_by("individual__household_id", "pk").values_list("pk", flat=True))
    try:
        read = _read(batch, ids, viewer)
        content = papers.draw(list(read.values())) if read else b""
        with transaction.atomic():
            enter(viewer, reason="print")
            _keep(batch, list(read), content, viewer, now)
    except Exception:
        log.exception("Batch %s was not printed, attempt %s", batch.pk, batch.attempts)


def _read(batch: PrintBatch, ids: Sequence[uuid.UUID], viewer: Viewer) -> dict[uuid.UUID, dict[str, Any]]:
    """Return what stands on the papers, a chunk in each transaction; nothing once the batch was cancelled."""
    found: dict[uuid.UUID, dict[str, Any]] = {}
    for start in range(0, len(ids), CHUNK):
        with transaction.atomic():
            enter(viewer, reason="print")
            found |= printing.contents(ids[start : start + CHUNK], by=viewer)
            running = PrintBatch.objects.filter(pk=batch.pk, status=PrintStatus.RUNNING)
            if not running.update(done=len(found)):
                return {}
    return found


def _keep(
    batch: PrintBatch, printed: Sequence[uuid.UUID], content: bytes, viewer: Viewer, now: datetime
) -> None:
    held = PrintBatch.objects.select_for_update().get(pk=batch.pk)
    if held.status != PrintStatus.RUNNING:
        return
    if not printed:
        move(held, to=PrintStatus.FAILED)
        _destroy(held)
        return
    printing.printed(printed, by=viewer)
    sealed = crypto.seal(content, key=_key(batch), place=_place(batch))
    move(held, to=PrintStatus.READY, file=sealed, done=len(printed), ready_at=now, expires_at=now + LIFE)
    _note(READY, held, by=viewer, now=now)


def _asker(batch: PrintBatch) -> Viewer | None:
    """Return who asked as they are today; None when they may no longer."""
    found = Membership.objects.in_force().select_related("agency")
    one = found.filter(user_id=batch.user_id, agency_id=batch.agency_id).first()
    viewer = member(one) if one else None
    return viewer if viewer and viewer.may(Permission.DOCUMENT_ISSUE) else None


@contextmanager
def _alone(pk: uuid.UUID) -> Iterator[bool]:
    """Hold a batch for this session, if nobody else does; a worker that dies gives it back."""
    key = [_LOCK, int.from_bytes(pk.bytes[-4:]) % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)


def _of(batch: PrintBatch) -> Any:
    return IssuedDocument.objects.filter(batch=batch)


def _end(batch: PrintBatch, *, now: datetime, to: str = PrintStatus.EXPIRED) -> None:
    move(batch, to=to)
    _destroy(batch)
    events.record(
        ENDED,
        subject_type="print",
        subjects=[batch.pk],
        agency_id=batch.agency_id,
        by=None,
        now=now,
        tell=False,
    )


def _destroy(batch: PrintBatch) -> None:
    """Let nothing of the file be read any more: not here, and without the key not in a backup either."""
    batch.key, batch.file = b"", b""
    batch.save(update_fields=["key", "file"])


def _note(name: str, batch: PrintBatch, *, by: Viewer, now: datetime) -> None:
    events.note(name, "print", batch.pk, by=by, now=now, tell=None, kind=batch.kind, documents=batch.total)


def _agency_key(agency: Agency) -> crypto.Ring:
    return AgencyKey.objects.get(agency=agency).plain()


def _key(batch: PrintBatch) -> bytes:
    return crypto.unseal(batch.key, key=_agency_key(batch.agency), place=_key_place(batch.pk))


def _key_place(pk: uuid.UUID) -> str:
    return f"registration_printbatch.key|{pk}"


def _place(batch: PrintBatch) -> str:
    return f"registration_printbatch.file|{batch.pk}"
