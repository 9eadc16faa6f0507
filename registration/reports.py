"""How far is a file and what came of it; is a family's file sealed; and which populations are there?"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import Count, IntegerField, Q, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext

from agencies.access import Viewer
from agencies.models import Agreement
from registration.enums import BatchStatus, Outcome, StepKind, StepStatus
from registration.models import Household, ImportBatch, ImportRow, ImportStep, Individual, InfluxEvent

# Somebody has to wait for a worker in these.
RUNNING = (BatchStatus.READING, BatchStatus.CHECKING, BatchStatus.COMPARING, BatchStatus.ACCEPTING)
LISTED = 100  # names of events and sites to choose from
NAMED_FROM = (
    10  # families; the name of a smaller place may tell administrators, who read no files, where one lives
)
_RESULTS = ("created", "households", "candidates")  # what accepting a chunk counts


@dataclass(frozen=True)
class Progress:
    """Rows of the stage that are done, of `total` (0: not known yet); people per outcome; what was registered; work in seconds."""

    stage: str
    done: int
    total: int
    counts: dict[str, int] = field(default_factory=dict)
    created: int = 0
    households: int = 0
    candidates: int = 0
    seconds: float = 0.0

    @property
    def is_running(self) -> bool:
        """Whether workers are at it."""
        return self.stage in RUNNING

    @property
    def to_register(self) -> int:
        """How many people accepting the file registers: the new ones and the possible duplicates."""
        return self.counts.get(Outcome.NEW, 0) + self.counts.get(Outcome.POSSIBLE, 0)


def progress(batch: ImportBatch) -> Progress:
    """Return where the file stands, computed from its steps and findings in two statements; nothing is counted in memory."""
    sums = _sums(batch)
    check, accept = sums[StepKind.CHECK], sums[StepKind.ACCEPT]
    found = dict(
        ImportRow.objects.filter(batch=batch).order_by().values_list("outcome").annotate(people=Count("pk"))
    )
    special = sum(count for outcome, count in found.items() if outcome != Outcome.NEW)
    counts = {str(outcome): found.get(outcome, 0) for outcome in Outcome}
    counts[str(Outcome.NEW)] = max(check["closed"] - special, 0)
    done, total = {
        BatchStatus.READING: (check["all"], 0),
        BatchStatus.CHECKING: (check["closed"], batch.rows),
        BatchStatus.COMPARING: (check["closed"], 0),
        BatchStatus.ACCEPTING: (accept["closed"], accept["all"]),
    }.get(BatchStatus(batch.status), (batch.rows, batch.rows))
    return Progress(
        stage=batch.status,
        done=done,
        total=total,
        counts=counts,
        **{name: accept[name] for name in _RESULTS},
        seconds=sum(one["took"] for one in sums.values()),
    )


def _sums(batch: ImportBatch) -> dict[str, Counter[str]]:
    """Return what the steps of a file add up to, by kind. Whatever is not open is closed: done, or set aside with its rows."""
    totals: dict[str, Any] = {
        key: Sum(Cast(KeyTextTransform(key, "counts"), IntegerField()), default=0) for key in _RESULTS
    }
    grouped: Any = (
        ImportStep.objects.filter(batch_id=batch.pk)
        .order_by()
        .values("kind")
        .annotate(
            all=Sum("rows"),
            closed=Sum("rows", filter=~Q(status=StepStatus.OPEN), default=0),
            took=Sum("seconds"),
            **totals,
        )
    )
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for one in grouped:
        sums[one.pop("kind")] = Counter(one)
    return sums


def problem(batch: ImportBatch) -> str:
    """Return why a file could not be read, and what to do; `problem` is a message id with its detail, as JSON."""
    try:
        told = json.loads(batch.problem)
        return gettext(told["message"]) % {"detail": told["detail"]}
    except (ValueError, KeyError, TypeError):
        return gettext(
            "The file could not be read. Open it, save it again as .xlsx or CSV, and upload the copy."
        )


def column_counts(batch: ImportBatch) -> list[tuple[str, int]]:
    """Return (field, how many rows have an error there), most first; "" stands for the whole row.

    Rows that wait only for another member of their household are not counted: there is nothing to correct in them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT problem ->> 0, count(DISTINCT r.id) FROM registration_importrow r"
            " CROSS JOIN LATERAL jsonb_array_elements(r.problems) AS found(problem)"
            " WHERE r.batch_id = %s AND r.outcome = %s AND NOT (problem ->> 3)::boolean AND problem ->> 1 <> 'held_back'"
            " GROUP BY 1 ORDER BY 2 DESC, 1",
            [batch.pk, Outcome.ERROR],
        )
        return [(column, rows) for column, rows in cursor.fetchall()]


def seal_badges(household: Household) -> list[tuple[str, str]]:
    """Return [(kind, label)] of a file that the viewer reads, loaded with_seal: sealed, and until when an emergency keeps it open."""
    if household.sealed_at is None:  # type: ignore[attr-defined]
        return []
    found, until = [("bad", gettext("Sealed"))], household.emergency_until  # type: ignore[attr-defined]
    if until:
        when = date_format(localtime(until), "H:i")
        found.append(("warn", gettext("Emergency access until %(when)s") % {"when": when}))
    return found


def populations(agreement: Agreement, *, by: Viewer) -> dict[str, tuple[list[str], bool]]:
    """Return {term: (names to choose from, whether that of the agreement is there)} for agencies.signals.population_asked.

    Sites only of the viewer's own people, and not before anybody is registered: agreements are drawn up ahead of arrivals, too.
    """
    slugs = InfluxEvent.objects.order_by("-created_at").values_list("slug", flat=True)
    found = {"event_slug": (list(slugs[:LISTED]), slugs.filter(slug=agreement.event_slug).exists())}
    houses = Household.objects.visible_to(by).filter(agency_id=by.agency_id)
    if agreement.provider_id == by.agency_id and houses.exists():
        larger = houses.exclude(site="").values("site").annotate(families=Count("pk"))
        sites = larger.filter(families__gte=NAMED_FROM).order_by("-families", "site")
        there = Individual.objects.visible_to(by).filter(agency_id=by.agency_id, site=agreement.site)
        found["site"] = (list(sites.values_list("site", flat=True)[:LISTED]), there.exists())
    return found
