"""How fast do people arrive, where, and against which capacity? The live board of an event, for one's own agency's people.

Nothing is scanned: people are counted by ranges of their ids, which begin with the moment of registration, in the index of agency,
event and id. The ids of a list of arrivals all bear the millisecond in which it was sent; these are left out of the ranges and
counted by the work that registered them. Sealed files count, as in the ledger: figures name nobody.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from babel.numbers import format_decimal
from django.core.cache import cache
from django.db import connection
from django.db.models import IntegerField, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from agencies import access
from agencies.access import Permission, Viewer
from agencies.access.declaration import ViewedRequest
from cases.enums import ClaimStatus
from cases.models import Claim
from refugeecm.core.ids import first_at
from registration.enums import BatchStatus, InfluxStatus, StepKind, TokenStatus
from registration.models import ImportBatch, ImportStep, InfluxEvent, QueueToken
from registration.rules.influx import ALERT, BEFORE, DECIDED_DAYS, WINDOW, Indicator, influx_score

HOURS = 24
HEIGHT, WIDTH = 48, 10  # units of the drawing: its height, and the width of an hour
MILLISECOND = timedelta(milliseconds=1)
ENOUGH = 100_000  # claims; beyond that they are not counted
PAST = 600  # seconds for which figures of former weeks are kept
ELSEWHERE = gettext_lazy("Other sites")
LISTS = gettext_lazy("Lists of arrivals")


@dataclass(frozen=True)
class Batches:
    """The lists of arrivals of an event: when each was sent, and how many people came of it."""

    sent: Sequence[tuple[datetime, int]]

    def between(self, start: datetime, end: datetime) -> int:
        """Return how many people came of lists sent in this span."""
        return sum(people for at, people in self.sent if start <= at < end)


def batches(event: InfluxEvent, viewer: Viewer) -> Batches:
    """Return what the viewer's agency registered from lists for an event. Two statements."""
    found = ImportBatch.objects.owned_by(viewer).filter(event=event).exclude(status=BatchStatus.UNDONE)
    sent: dict[Any, datetime] = dict(found.order_by("-created_at").values_list("pk", "created_at"))
    steps = ImportStep.objects.filter(
        agency_id=viewer.agency_id, batch_id__in=list(sent), kind=StepKind.ACCEPT
    ).order_by()
    created: Any = Sum(Cast(KeyTextTransform("created", "counts"), IntegerField()), default=0)
    people = dict(steps.values_list("batch_id").annotate(people=created))
    return Batches([(at, people.get(pk, 0)) for pk, at in sent.items()])


def registered(
    event: InfluxEvent, viewer: Viewer, lists: Batches, bounds: Sequence[datetime], *, by_site: bool = False
) -> dict[tuple[int, str], int]:
    """Return {(span, site): people} registered one by one between each two bounds, oldest first; site is "" unless asked by site.

    One statement, and one look into the index per span and list.
    """
    spans: list[tuple[int, datetime, datetime]] = []
    for place, (start, end) in enumerate(itertools.pairwise(bounds)):
        for sent in sorted({at for at, _people in lists.sent if start <= at < end}):
            spans.append((place, start, sent))
            start = sent + MILLISECOND
        spans.append((place, start, end))
    site = "i.site" if by_site else "''"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT r.span, c.site, sum(c.people)::int FROM unnest(%s::int[], %s::uuid[], %s::uuid[]) AS r(span, low, high)"  # noqa: S608
            f" CROSS JOIN LATERAL (SELECT {site} AS site, count(*) AS people FROM registration_individual i"
            " WHERE i.agency_id = %s AND i.event_id = %s AND i.id >= r.low AND i.id < r.high GROUP BY 1) AS c GROUP BY 1, 2",
            [
                [one[0] for one in spans], [first_at(one[1]) for one in spans], [first_at(one[2]) for one in spans],
                viewer.agency_id, event.pk,
            ],
        )  # fmt: skip
        return {(span, where): people for span, where, people in cursor.fetchall()}


@require_GET
@access.requires(Permission.PERSON_READ)
def board(request: ViewedRequest, pk: int) -> HttpResponse:
    """Show the board; asked by the page itself every half minute, only what is live."""
    event = get_object_or_404(InfluxEvent.objects.select_related("agency"), pk=pk)
    viewer, now = request.viewer, timezone.now()
    lists = batches(event, viewer)
    context = {
        "event": event,
        "now": now,
        **_hours(event, viewer, lists, now),
        **_days(event, viewer, lists, now),
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "pages/board_live.html", context)
    indicators = _indicators(event, viewer, context)
    met = sum(one.met for one in indicators)
    context |= {
        "indicators": [
            {
                "says": _(one.asks),
                "value": _told(one.value),
                "threshold": _told(one.threshold),
                "met": one.met,
            }
            for one in indicators
        ],
        "met": met,
        "advice": met >= ALERT
        and event.status in {InfluxStatus.DRAFT, InfluxStatus.ALERT, InfluxStatus.SCALED_DOWN},
        "crumbs": [(_("Events"), reverse("events")), (event.name, reverse("event", args=[pk]))],
    }
    return render(request, "pages/board.html", context)


def _told(value: float | None) -> str:
    """Return a value with one decimal place at most; a dash for what cannot be said, and a sign for more than anything."""
    if value is None:
        return "–"
    return (
        "∞"
        if value == float("inf")
        else format_decimal(value, format="#,##0.#", locale=get_language() or "en")
    )


def _hours(event: InfluxEvent, viewer: Viewer, lists: Batches, now: datetime) -> dict[str, Any]:
    """Return people per hour of the last day, with their bars."""
    hour = timezone.localtime(now).replace(minute=0, second=0, microsecond=0)
    bounds = [hour - timedelta(hours=one) for one in range(HOURS - 1, -2, -1)]
    found = registered(event, viewer, lists, bounds)
    people = [found.get((place, ""), 0) for place in range(HOURS)]
    most = max(people) or 1
    return {
        "hours": [
            {
                "at": start,
                "people": count,
                "lists": lists.between(start, end),
                "x": place * WIDTH + 1,
                "y": HEIGHT - round(HEIGHT * count / most),
                "height": round(HEIGHT * count / most),
            }
            for place, (start, end, count) in enumerate(zip(bounds, bounds[1:], people, strict=False))
        ],
        "most": max(people),
        "width": HOURS * WIDTH,
        "height": HEIGHT,
    }


def _days(event: InfluxEvent, viewer: Viewer, lists: Batches, now: datetime) -> dict[str, Any]:
    """Return people per day and entry point against its capacity, and how many have arrived of those expected."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    bounds = [midnight - timedelta(days=one) for one in range(WINDOW - 1, -2, -1)]
    found = registered(event, viewer, lists, bounds, by_site=True)
    points = {one.site: one for one in event.entry_points.order_by("name")[:100]}
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * WINDOW)
    for site in points:
        counts[site] = [0] * WINDOW
    for (day, site), people in found.items():
        counts[site if site in points else ""][day] += people
    sent = [lists.between(start, end) for start, end in itertools.pairwise(bounds)]
    lines: list[dict[str, Any]] = [
        {"name": points[site].name if site in points else ELSEWHERE, "point": points.get(site), "days": days, "today": days[-1]}
        for site, days in counts.items()
    ]  # fmt: skip
    if any(sent):
        lines.append({"name": LISTS, "point": None, "days": sent, "today": sent[-1]})
    weeks = _weeks(event, viewer, lists, bounds[0])
    queue = QueueToken.objects.visible_to(viewer).filter(
        event=event, day=timezone.localdate(now), status=TokenStatus.WAITING
    )
    week = sum(sum(line["days"]) for line in lines)
    arrived = week + sum(weeks)
    return {
        "days": [date_format(one, "j M") for one in bounds[:-1]],
        "lines": lines,
        "today": sum(line["today"] for line in lines),
        "week": week,
        "weeks": weeks[1:],
        "capacity": sum(one.capacity for one in points.values() if one.is_open),
        "arrived": arrived,
        "share": round(100 * arrived / event.expected) if event.expected else None,
        "waiting": queue.aggregate(people=Sum("people", default=0))["people"],
        "register_by": event.register_by(timezone.localdate(now)),
    }


def _weeks(event: InfluxEvent, viewer: Viewer, lists: Batches, until: datetime) -> list[int]:
    """Return how many people came before the last eight windows, and in each of them; kept for ten minutes, as they are past."""
    bounds = [until - timedelta(days=WINDOW * one) for one in range(BEFORE, -1, -1)]
    bounds = [min(event.created_at, bounds[0]) - timedelta(days=366), *bounds]
    key = f"board:{viewer.agency_id}:{event.pk}:{until:%Y-%m-%d}"
    found = cache.get(key)
    if found is None:
        people = registered(event, viewer, lists, bounds)
        found = [people.get((place, ""), 0) for place in range(len(bounds) - 1)]
        cache.set(key, found, PAST)
    spans = itertools.pairwise(bounds)
    return [count + lists.between(start, end) for count, (start, end) in zip(found, spans, strict=True)]


def _indicators(event: InfluxEvent, viewer: Viewer, figures: dict[str, Any]) -> list[Indicator]:
    """Return the four indicators of a mass influx as they are shown; claims are those of the whole agency."""
    claims = Claim.objects.owned_by(viewer).order_by()
    since = figures["now"] - timedelta(days=DECIDED_DAYS)
    decided = claims.filter(status__in=[ClaimStatus.DECIDED, ClaimStatus.CLOSED], status_since__gte=since)
    return influx_score(
        arrivals=figures["week"],
        before=figures["weeks"],
        need=figures["week"] / WINDOW + figures["waiting"],
        capacity=figures["capacity"],
        pending=claims.open()[:ENOUGH].count(),
        decided=decided[:ENOUGH].count(),
    )
