"""How are the rows of a list taken out as a file, by whom, and when does the file end?

A worker writes chunk by chunk with the rights of the person who asked, looked up anew for each: the member is still there, their role
may, and rows of others come through agreements that are live and open to export at that moment (ASVS 8.3.3).
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain

from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer, enter, live_for
from agencies.access.viewer import member
from agencies.actions import export_content as content
from agencies.actions import reads
from agencies.channels import lists, sheets
from agencies.channels.lists import LISTS, Listing
from agencies.enums import Channel, ExportFormat, ExportProblem, ExportStatus
from agencies.models import Agency, Agreement, ExportJob, ExportPiece, ExportTurn, Membership
from agencies.policies import NotPermitted
from refugeecm.core import events, wall
from refugeecm.core.ids import uuid7
from refugeecm.core.transitions import move

log = logging.getLogger(__name__)
LIFE = timedelta(hours=24)
AT_ONCE = 3  # of one person
ATTEMPTS = 5  # at one chunk
_WRITTEN = "written"  # where `after` stands once all rows are read and the file is to be put together

ASKED = events.declare("agencies.export.asked", "Somebody asked for the rows of a list as a file.")
READY = events.declare("agencies.export.ready", "A file of rows is ready for whoever asked for it.")
FAILED = events.declare(
    "agencies.export.failed",
    "A file of rows was not made, or was destroyed: a right or an agreement had ended.",
)
CANCELLED = events.declare(
    "agencies.export.cancelled", "Somebody threw away a file of rows that they had asked for."
)
EXPIRED = events.declare("agencies.export.expired", "A file of rows was destroyed when its time was over.")
DOWNLOADED = events.declare("agencies.export.downloaded", "Somebody downloaded a file of rows.")


@transaction.atomic
def ask(
    *,
    listing: Listing,
    query: Mapping[str, Sequence[str]],
    purpose: str,
    reason: str,
    format: str,  # noqa: A002 - as the field is called
    by: Viewer,
    now: datetime,
) -> ExportJob:
    """Ask for the rows of a list as a file; workers write it. `query`: the list's filters, as `Listing.kept` returns them."""
    if by.user_id is None or not (by.may(Permission.EXPORT) and by.may(listing.permission)):
        raise NotPermitted(_("Your role does not allow this. Ask an administrator of your agency."))
    if ExportJob.objects.visible_to(by).open().count() >= AT_ONCE:
        raise NotPermitted(
            _("Three of your files are being written already. Wait for one of them, or cancel it.")
        )
    pk = uuid7(now)
    job = ExportJob(
        id=pk,
        agency=by.agency,
        user_id=by.user_id,
        listing=listing.name,
        query={name: list(values) for name, values in query.items()},
        purpose=purpose,
        reason=reason,
        format=format,
        language=translation.get_language() or "en",
        # Whatever opens something now, or while it is written; when one of them ends, so does the export, and says why.
        agreements=_live(replace(by, channel=Channel.EXPORT)) if listing.shared else [],
        key=content.new_key(pk, by.agency),
        created_at=now,
    )
    job.save(force_insert=True)
    ExportTurn.objects.create(job_id=pk, agency_id=by.agency_id)
    _record(ASKED, job, now=now, by=by.user_id)
    return job


@transaction.atomic
def cancel(*, job: ExportJob, by: Viewer, now: datetime) -> None:
    """Throw a file away, finished or not; nobody can open it any more."""
    ExportTurn.objects.filter(pk=job.pk).delete()  # first the turn, then the job: as workers lock them
    move(job, to=ExportStatus.CANCELLED)
    _destroy(job)
    _record(CANCELLED, job, now=now, by=by.user_id)


@transaction.atomic
def open_file(*, job: ExportJob, now: datetime) -> bytes | None:
    """Return the bytes of a file, or None when it cannot be had, no more, or not yet.

    Asked again at every download: its time, the rights of who asked, the agreements that rows of others came through, and whether
    each row may still be seen. What fails one of them is destroyed.
    """
    if job.status != ExportStatus.READY or _ended(job, now):
        return None
    found = content.file(job)
    job.downloads += 1
    job.save(update_fields=["downloads"])
    _record(DOWNLOADED, job, now=now, by=job.user_id)
    return found


@transaction.atomic
def end_due(*, agency: Agency, now: datetime) -> int:
    """Destroy the finished files of an agency whose time is over, or whose rights have ended; return how many."""
    wall.enter(agency_id=agency.pk, user_id=None, reason="export.end")
    ready = ExportJob.objects.filter(agency=agency, status=ExportStatus.READY).select_related("agency")
    return sum(_ended(job, now) for job in ready.select_for_update(of=("self",), skip_locked=True))


@transaction.atomic
def stop_under(agreement: Agreement, *, now: datetime) -> int:
    """End the exports that hold rows read under an agreement, or would read some; return how many. In the recipient's context.

    One that a worker is at stops by itself: it asks again at every chunk.
    """
    turns = ExportTurn.objects.filter(agency_id=agreement.recipient_id)  # first the turn, then the job
    free = [one.pk for one in turns.select_for_update(skip_locked=True)]
    held = ExportJob.objects.filter(
        Q(status=ExportStatus.READY) | Q(pk__in=free),
        agency_id=agreement.recipient_id,
        agreements__contains=[agreement.pk],
    )
    found = list(held.select_related("agency").select_for_update(of=("self",), skip_locked=True))
    for job in found:
        _fail(job, ExportProblem.ENDED, now)
    return len(found)


def run_one(*, now: datetime) -> bool:
    """Write the next chunk of any export; return False when there is none, or none that nobody else is at."""
    turn = _begin(now)
    if turn is None:
        return False
    try:
        with transaction.atomic():
            locked = ExportTurn.objects.select_for_update(skip_locked=True).filter(pk=turn.pk).first()
            if locked is not None:
                _go_on(locked, now)
    except Exception as error:
        log.exception("Export %s failed, attempt %s", turn.pk, turn.attempts)
        ExportTurn.objects.filter(pk=turn.pk).update(last_error=type(error).__name__[:80])
    return True


@transaction.atomic
def _begin(now: datetime) -> ExportTurn | None:
    """Choose whose turn it is and count the attempt, in a transaction of its own: a chunk that kills its worker counts too."""
    waiting = ExportTurn.objects.order_by("attempts", "turns", "pk").select_for_update(skip_locked=True)
    for turn in waiting[:1]:
        if turn.attempts >= ATTEMPTS:
            _fail(_job(turn), ExportProblem.BROKEN, now)
        else:
            turn.attempts += 1
            turn.save(update_fields=["attempts"])
        return turn
    return None


def _go_on(turn: ExportTurn, now: datetime) -> None:
    """Write a chunk, or put the file together, and give the turn back."""
    job = _job(turn)
    viewer, listing = _viewer(job), LISTS.get(job.listing)
    if viewer is None or listing is None:
        _fail(job, ExportProblem.RIGHTS, now)
    elif not _still_live(job, viewer):
        _fail(job, ExportProblem.ENDED, now)
    else:
        enter(viewer, reason="export")
        with translation.override(job.language):
            if job.after == _WRITTEN:
                _put_together(job, listing, viewer, now)
            else:
                _write_chunk(job, listing, viewer, turn, now)
        ExportTurn.objects.filter(pk=turn.pk).update(turns=turn.turns + 1, attempts=0)


def _write_chunk(job: ExportJob, listing: Listing, viewer: Viewer, turn: ExportTurn, now: datetime) -> None:
    filters = listing.filters(lists.query_of(job.query))
    if filters is None:
        _fail(job, ExportProblem.FILTER, now)
        return
    chunk = listing.read(viewer, filters[0], job.after)
    if job.rows + len(chunk.lines) > lists.LIMIT or chunk.total > lists.LIMIT:
        _fail(job, ExportProblem.TOO_MANY, now)
        return
    for rows in chunk.shown:
        reads.record(viewer=viewer, rows=rows, view="export", now=now)
    content.keep_chunk(job, turn.turns, chunk, viewer)
    if listing.shared:
        job.agreements = sorted({*job.agreements, *_live(viewer)})
    job.rows += len(chunk.lines)
    job.total = max(job.total, chunk.total, job.rows)
    job.after = chunk.after or _WRITTEN
    job.save(update_fields=["agreements", "rows", "total", "after"])
    if job.status == ExportStatus.QUEUED:
        move(job, to=ExportStatus.RUNNING)


def _put_together(job: ExportJob, listing: Listing, viewer: Viewer, now: datetime) -> None:
    """Write the file from the rows, piece by piece, and let it be had for a day."""
    if not content.still_shown(job, viewer):
        _fail(job, ExportProblem.HIDDEN, now)
        return
    out = content.Pieces(job)
    lines = chain([listing.header], content.lines(job))
    if job.format == ExportFormat.XLSX:
        sheets.write_xlsx(out, lines, right_to_left=translation.get_language_bidi())
    else:
        sheets.write_csv(out, lines)
    out.finish()
    ExportPiece.objects.filter(job=job, part="rows").delete()
    ExportTurn.objects.filter(pk=job.pk).delete()
    move(
        job,
        to=ExportStatus.READY,
        # All with the owners of rows, not only those that covered one: if one ends, rather a file too few.
        agreements=_live(viewer, of=content.owners(job)),
        size=out.size,
        ready_at=now,
        expires_at=now + LIFE,
    )
    _record(READY, job, now=now)


# ---- who may still have it


def _viewer(job: ExportJob) -> Viewer | None:
    """Return the person who asked as they are today, at the door of exports; None when they may no longer."""
    found = (
        Membership.objects.in_force()
        .select_related("agency")
        .filter(user_id=job.user_id, agency_id=job.agency_id)
        .first()
    )
    viewer = replace(member(found), channel=Channel.EXPORT) if found else None
    listing = LISTS.get(job.listing)
    if viewer is None or listing is None:
        return None
    return viewer if viewer.may(Permission.EXPORT) and viewer.may(listing.permission) else None


def _live(viewer: Viewer, *, of: Collection[int] | None = None) -> list[uuid.UUID]:
    """Return the agreements that show the viewer something in exports now, or rows of these owners."""
    live = live_for(viewer) if of is None else live_for(viewer).filter(provider_id__in=of)
    return list(live.order_by("pk").values_list("pk", flat=True))


def _still_live(job: ExportJob, viewer: Viewer) -> bool:
    """Answer whether every agreement that rows of others came through, or may come, still opens them."""
    return not job.agreements or live_for(viewer).filter(pk__in=job.agreements).count() == len(job.agreements)


def _ended(job: ExportJob, now: datetime) -> bool:
    """Destroy a finished file whose time is over or whose rights have ended; answer whether it was."""
    viewer = _viewer(job)
    if job.expires_at is not None and job.expires_at <= now:
        move(job, to=ExportStatus.EXPIRED)
        _destroy(job)
        _record(EXPIRED, job, now=now)
    elif viewer is None:
        _fail(job, ExportProblem.RIGHTS, now)
    elif not _still_live(job, viewer):
        _fail(job, ExportProblem.ENDED, now)
    elif not content.still_shown(job, viewer):
        _fail(job, ExportProblem.HIDDEN, now)
    else:
        return False
    return True


def _fail(job: ExportJob, problem: str, now: datetime) -> None:
    ExportTurn.objects.filter(pk=job.pk).delete()
    move(job, to=ExportStatus.FAILED, problem=problem)
    _destroy(job)
    _record(FAILED, job, now=now)


def _destroy(job: ExportJob) -> None:
    """Let nothing of the content be read any more: not here, and without the key not in a backup of the pieces either."""
    ExportPiece.objects.filter(job=job).delete()
    job.key, job.query, job.after, job.agreements = b"", {}, "", []
    job.save(update_fields=["key", "query", "after", "agreements"])


def _job(turn: ExportTurn) -> ExportJob:
    """Return the export of a turn, in the context of its agency."""
    wall.enter(agency_id=turn.agency_id, user_id=None, reason="export")
    return ExportJob.objects.select_related("agency").get(pk=turn.pk)


def _record(name: str, job: ExportJob, *, now: datetime, by: int | None = None) -> None:
    told = {"list": job.listing, "purpose": job.purpose, "format": job.format, "rows": job.rows}
    events.record(
        name,
        subject_type="export",
        subjects=[job.pk],
        agency_id=job.agency_id,
        by=by,
        now=now,
        details=told | ({"problem": job.problem} if job.problem else {}),
        tell=False,
    )
