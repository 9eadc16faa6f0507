"""How does an agency ask itself who still needs the access they have? What nobody confirms ends (experience.md 2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer, worker_for
from agencies.actions import agreements, clients, members
from agencies.enums import (
    AgreementStatus,
    ClosedFor,
    ReviewKind,
    ReviewStatus,
    Verdict,
)
from agencies.models import Agency, Agreement, ApiClient, Membership, Review, ReviewLine
from agencies.policies import NotPermitted
from refugeecm.core import events
from refugeecm.core.ids import uuid7
from refugeecm.core.models import ReadEvent
from refugeecm.core.transitions import TransitionNotAllowed, move

OPENED = events.declare("agencies.review.opened", "A review of all access of the agency has begun.")
REMINDED = events.declare(
    "agencies.review.reminded", "A review of access is not finished; what is not confirmed ends."
)
DECIDED = events.declare("agencies.review.decided", "An access was confirmed or ended in a review.")
CLOSED = events.declare(
    "agencies.review.closed", "A review of access is closed; its evidence can be printed."
)

DAYS, REMINDED_AFTER, EVERY = 14, (7, 13), timedelta(days=91)
_RUNNING = (AgreementStatus.ACTIVE, AgreementStatus.SUSPENDED)


@transaction.atomic
def open_review(*, agency: Agency, by: Viewer | None, now: datetime) -> Review:
    """List every access of the agency as it stands: members, API clients, and agreements by which it shows something."""
    if by is not None and (by.agency_id != agency.pk or not by.may(Permission.REVIEW)):
        raise NotPermitted(_("Only an administrator of the agency can review its access."))
    Agency.objects.select_for_update(no_key=True).get(pk=agency.pk)
    if Review.objects.filter(agency=agency, status=ReviewStatus.OPEN).exists():
        raise NotPermitted(_("A review is open already. Finish it first."))
    review = Review.objects.create(
        id=uuid7(now),
        agency=agency,
        opened_at=now,
        opened_by_id=by.user_id if by else None,
        due_on=now.date() + timedelta(days=DAYS),
    )
    found: list[dict[str, Any]] = [
        {"kind": ReviewKind.MEMBER, "membership": one, "role": one.role, "last_used_at": one.last_seen_at}
        for one in Membership.objects.in_force().filter(agency=agency)
    ]
    found += [
        {"kind": ReviewKind.CLIENT, "client": one, "last_used_at": one.last_used_at}
        for one in ApiClient.objects.filter(agency=agency, is_active=True)
    ]
    given = list(Agreement.objects.filter(provider=agency, status__in=_RUNNING))
    reads = ReadEvent.objects.filter(
        agency_id__in={one.recipient_id for one in given}, owner_agency_ids__contains=[agency.pk]
    )
    last = dict(reads.values_list("agency_id").annotate(Max("at")))
    found += [
        {"kind": ReviewKind.AGREEMENT, "agreement": one, "last_used_at": last.get(one.recipient_id)}
        for one in given
    ]
    ReviewLine.objects.bulk_create(
        ReviewLine(id=uuid7(now, ordinal=place), review=review, agency=agency, **one)
        for place, one in enumerate(found)
    )
    _record(OPENED, review, by=by.user_id if by else None, now=now, lines=len(found))
    return review


@transaction.atomic
def decide(*, line: ReviewLine, keep: bool, reason: str, by: Viewer, now: datetime) -> None:
    """Confirm an access or end it, with the reason; not one's own. The last decision closes the review."""
    if not by.may(Permission.REVIEW) or line.agency_id != by.agency_id:
        raise NotPermitted(_("Only an administrator of the agency can review its access."))
    if line.membership and line.membership.user_id == by.user_id:
        raise NotPermitted(_("Nobody confirms their own access. Ask another administrator."))
    if now.date() > line.review.due_on:
        raise NotPermitted(_("The due day has passed; what was not confirmed ends."))
    verdict = Verdict.CONFIRMED if keep else Verdict.ENDED
    move(line, to=verdict, reason=reason, decided_by_id=by.user_id, decided_at=now)
    if not keep:
        _end(line, by=by, reason=reason, now=now)
    _record(DECIDED, line.review, by=by.user_id, now=now, tell=False, line=str(line.pk), verdict=verdict)
    _close_if_done(line.review, now=now)


@transaction.atomic
def look_after(*, agency: Agency, now: datetime) -> None:
    """Open a review when the last one is a quarter old, remind after 7 and 13 days, end what nobody confirmed after 14.

    In the agency's context; may run as often as it likes. An agency that is not live yet has nothing to review.
    """
    last = Review.objects.filter(agency=agency).order_by("-opened_at").first()
    if last is None or last.status == ReviewStatus.CLOSED:
        since = last.opened_at if last else agency.live_since
        if since and now - since >= EVERY:
            open_review(agency=agency, by=None, now=now)
    elif now.date() > last.due_on:
        _lapse(last, now=now)
    else:
        passed = max(
            (one for one in REMINDED_AFTER if now - last.opened_at >= timedelta(days=one)), default=0
        )
        if passed > last.reminded_days:
            last.reminded_days = passed
            last.save(update_fields=["reminded_days"])
            left = last.lines.filter(status=Verdict.OPEN).count()
            _record(REMINDED, last, by=None, now=now, open=left)


def _lapse(review: Review, *, now: datetime) -> None:
    """End every access that nobody confirmed; of the administrators at least one stays, the one seen last."""
    open_lines = review.lines.filter(status=Verdict.OPEN).select_related(
        "membership__agency", "client", "agreement", "agency"
    )
    worker = worker_for(review.agency)
    for line in open_lines.order_by(F("last_used_at").asc(nulls_first=True), "pk"):
        verdict = Verdict.LAPSED
        try:
            _end(line, by=worker, reason=_("Not confirmed in the review"), now=now)
        except NotPermitted:
            verdict = Verdict.KEPT
        move(line, to=verdict, decided_at=now)
    _close_if_done(review, now=now)


def _end(line: ReviewLine, *, by: Viewer, reason: str, now: datetime) -> None:
    """End what the line is about; what has ended meanwhile stays ended."""
    if line.membership and line.membership.is_active:
        members.shut(line.membership, why=ClosedFor.REVIEW, by=by.user_id, now=now)
    elif line.client and line.client.is_active:
        clients.revoke(api_client=line.client, by=by)
    elif line.agreement and line.agreement.status in _RUNNING:
        if by.user_id is None:  # nobody ended it: it has run out
            agreements.expire(agreement=line.agreement, now=now)
        else:
            agreements.end(agreement=line.agreement, by=by, now=now, reason=reason)


def _close_if_done(review: Review, *, now: datetime) -> None:
    if review.lines.filter(status=Verdict.OPEN).exists():
        return
    try:
        move(review, to=ReviewStatus.CLOSED, closed_at=now)
    except TransitionNotAllowed:
        return  # of two last decisions at once, the other one closed it
    _record(CLOSED, review, by=None, now=now)


def _record(
    name: str, review: Review, *, by: int | None, now: datetime, tell: bool = True, **details: Any
) -> None:
    events.record(
        name,
        subject_type="review",
        subjects=[review.pk],
        agency_id=review.agency_id,
        by=by,
        now=now,
        details={"tell": [review.agency_id] if tell else [], **details},
    )
