"""How is an agreement suspended and resumed, a partner cut off, and an end announced before it comes?"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from agencies import policies
from agencies.access import Viewer
from agencies.access.permissions import Permission
from agencies.actions.agreements import announce, check, closed, tell
from agencies.enums import AgreementStatus
from agencies.models import Agency, Agreement, ApiClient
from agencies.models.agreement import AgreementQuerySet
from refugeecm.core import events, wall
from refugeecm.core.models import Event
from refugeecm.core.transitions import move

SUSPENDED = events.declare(
    "agencies.agreement.suspended", "One party suspended the agreement; nothing is shown until it resumes."
)
RESUMED = events.declare(
    "agencies.agreement.resumed", "The agreement was resumed; it is about to open again."
)
ENDING = events.declare("agencies.agreement.ending", "The last day of an agreement is near.")
REVIEWED = events.declare(
    "agencies.agreement.reviewed", "An agency looked at an agreement again and kept it."
)
CUT_OFF = events.declare(
    "agencies.partner.cut_off", "An administrator suspended everything that is agreed with a partner."
)
TOLD_BEFORE = (7, 30, 90)  # days before the last day (issue 3, "Agreements")
COUNTED = 1000  # people of one agreement; beyond, no exact figure (design.md section 6)
_STANDING = (AgreementStatus.PREPARING, AgreementStatus.ACTIVE)


@dataclass(frozen=True)
class Cut:
    """What was cut: each agreement with how many people it opened, the partner's systems, what else was stopped."""

    agreements: list[tuple[Agreement, int]]
    clients: int = 0
    last_seen: datetime | None = None
    stopped: dict[str, int] = field(default_factory=dict)


def people_covered(agreement: Agreement) -> int:
    """Return how many people an agreement covers, counted as far as COUNTED + 1."""
    rows: Any = agreement.access_rows  # the rows belong to the floor above
    return int(rows.all()[: COUNTED + 1].count())


@transaction.atomic
def suspend(*, agreement: Agreement, by: Viewer, now: datetime, reason: str) -> dict[str, int]:
    """Suspend for either party, at once; return what was stopped beside (agencies.signals.agreement_closed)."""
    check(by, Permission.AGREEMENT_END)
    move(agreement, to=AgreementStatus.SUSPENDED, suspended_by_id=by.agency_id, end_reason=reason)
    tell(SUSPENDED, agreement, by=by, now=now)
    return closed(agreement, now=now)


@transaction.atomic
def resume(*, agreement: Agreement, by: Viewer, now: datetime) -> None:
    """Resume for the party that suspended; a worker writes anew who is covered, then it opens."""
    check(by, Permission.AGREEMENT_END)
    policies.check_resume(agreement=agreement, by=by)
    move(agreement, to=AgreementStatus.PREPARING, suspended_by_id=None, end_reason="")
    tell(RESUMED, agreement, by=by, now=now)


@transaction.atomic
def cut_off(*, partner: Agency, by: Viewer, now: datetime, reason: str) -> Cut:
    """Suspend everything that is agreed with a partner, in both directions, and say what that was."""
    check(by, Permission.AGREEMENT_END)
    standing = list(_standing(partner, by).select_for_update(of=("self",), no_key=True))
    if not standing:
        raise policies.NotPermitted(_("Nothing is in force with this agency; there is nothing to cut."))
    opened = [(one, people_covered(one)) for one in standing]
    stopped: dict[str, int] = {}
    for one in standing:
        for words, count in suspend(agreement=one, by=by, now=now, reason=reason).items():
            stopped[words] = stopped.get(words, 0) + count
    clients = list(
        ApiClient.objects.filter(agency=partner, is_active=True).values_list("last_used_at", flat=True)
    )
    seen = [one for one in clients if one]
    cut = Cut(opened, len(clients), max(seen) if seen else None, stopped)
    events.note(
        CUT_OFF, "agreement", *(one.pk for one in standing), by=by, now=now, partner=partner.pk,
        opened=[{"agreement": str(one.pk), "people": people} for one, people in opened],
        clients=cut.clients, stopped=stopped,
        last_seen=cut.last_seen.isoformat(" ", "minutes") if cut.last_seen else "",
    )  # fmt: skip
    return cut


def standing_with(partner: Agency, *, by: Viewer) -> list[Agreement]:
    """Return what is in force between the viewer's agency and a partner, in both directions."""
    return list(_standing(partner, by)[:100])


def last_cut(partner: Agency, *, by: Viewer) -> Event | None:
    """Return the event in which the viewer's agency last cut a partner off: its details say what was cut."""
    cuts = Event.objects.filter(name=CUT_OFF, agency_id=by.agency_id, details__partner=partner.pk)
    return cuts.order_by("-at").first()


def _standing(partner: Agency, by: Viewer) -> AgreementQuerySet:
    return (
        Agreement.objects.visible_to(by)
        .between(by.agency_id, partner.pk)
        .filter(status__in=_STANDING)
        .select_related("provider", "recipient")
        .order_by("reference")
    )


@transaction.atomic
def warn(*, agreement: Agreement, now: datetime) -> bool:
    """Tell both parties once each 90, 30 and 7 days before the last day; answer whether it was time."""
    wall.enter(agency_id=agreement.provider_id, user_id=None, reason="agreement.warn")
    days = due_warning(agreement, today=now.date())
    if not days:
        return False
    Agreement.objects.filter(pk=agreement.pk).update(warned_days=days)
    announce(ENDING, agreement, now=now)
    return True


def due_warning(agreement: Agreement, *, today: date) -> int:
    """Return which warning is due now (90, 30 or 7), or 0: none, or given already."""
    if agreement.ends_on is None or agreement.ends_on < today:
        return 0
    left = (agreement.ends_on - today).days
    reached = next((one for one in TOLD_BEFORE if left <= one), 0)
    return reached if reached and (not agreement.warned_days or reached < agreement.warned_days) else 0


@transaction.atomic
def keep(*, agreement: Agreement, by: Viewer, now: datetime, review_on: date) -> None:
    """Note that an agency looked at the agreement again and keeps it; the next look is due on `review_on`."""
    policies.check_review(agreement=agreement, by=by, review_on=review_on, today=now.date())
    Agreement.objects.filter(pk=agreement.pk).update(review_on=review_on)
    agreement.review_on = review_on
    tell(REVIEWED, agreement, by=by, now=now)
