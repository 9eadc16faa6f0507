"""How far is a file and what came of it; is a family's file sealed; and which populations are there?"""

from __future__ import annotations

import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from django.db import connection
from django.db.models import BinaryField, Count, DateField, IntegerField, Q, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language, gettext, gettext_lazy

from agencies.access import Permission, Sight, Viewer, label
from agencies.models import Agreement
from refugeecm.core.refusals import allows
from refugeecm.core.templatetags.ui import country, fmt_date
from registration.enums import (
    COUNTED,
    OPEN_NEEDS,
    WAITING,
    BatchStatus,
    NeedPriority,
    NeedStatus,
    Outcome,
    Religion,
    StepKind,
    StepStatus,
)
from registration.models import (
    Household,
    ImportBatch,
    ImportRow,
    ImportStep,
    Individual,
    InfluxEvent,
    SpecificNeed,
)
from registration.policies import check_review
from registration.rules.evidence import said as said_of
from registration.rules.languages import name_of
from registration.rules.needs import NEEDS, GroupMember, suggested

# Somebody has to wait for a worker in these.
RUNNING = (
    BatchStatus.READING,
    BatchStatus.CHECKING,
    BatchStatus.COMPARING,
    BatchStatus.ACCEPTING,
    BatchStatus.UNDOING,
)
LISTED = 100  # names of events and sites to choose from
NAMED_FROM = (
    10  # families; the name of a smaller place may tell administrators, who read no files, where one lives
)
_RESULTS = ("created", "households", "candidates")  # what accepting a chunk counts


@dataclass(frozen=True)
class Progress:
    """Rows of the stage that are done, of `total` (0: not known yet); people per outcome; what was registered; work in seconds.

    to_register: how many people accepting the file registers, the new ones and the possible duplicates. rate: rows a second lately.
    """

    stage: str
    done: int
    total: int
    counts: dict[str, int] = field(default_factory=dict)
    created: int = 0
    households: int = 0
    candidates: int = 0
    seconds: float = 0.0
    to_register: int = 0
    rate: float = 0.0

    @property
    def is_running(self) -> bool:
        """Whether workers are at it."""
        return self.stage in RUNNING

    @property
    def left(self) -> int:
        """How many seconds the stage takes still, as fast as lately; 0: not known."""
        return round((self.total - self.done) / self.rate) if self.rate and self.total > self.done else 0


def progress(batch: ImportBatch) -> Progress:
    """Return where the file stands, computed from its steps and findings in two statements; nothing is counted in memory."""
    sums = _sums(batch)
    check, accept, undo = sums[StepKind.CHECK], sums[StepKind.ACCEPT], sums[StepKind.UNDO]
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
        BatchStatus.UNDOING: (undo["closed"], undo["all"]),
    }.get(BatchStatus(batch.status), (batch.rows, batch.rows))
    return Progress(
        stage=batch.status,
        done=done,
        total=total,
        counts=counts,
        **{name: accept[name] for name in _RESULTS},
        seconds=sum(one["took"] for one in sums.values()),
        to_register=fresh(batch)
        if accept["all"]
        else counts[str(Outcome.NEW)] + counts[str(Outcome.POSSIBLE)],
        rate=_rate(batch),
    )


def differing(batch: ImportBatch) -> int:
    """Return how many rows of people who are registered say more than the register, or something else."""
    return ImportRow.objects.filter(batch=batch, outcome=Outcome.REGISTERED).exclude(differs=[]).count()


def removed(batch: ImportBatch) -> tuple[int, int]:
    """Return how many people undoing the file removed, and how many stayed because something was done with them meanwhile."""
    steps = ImportStep.objects.filter(batch_id=batch.pk, kind=StepKind.UNDO).values_list("counts", flat=True)
    found = list(steps)
    return sum(one.get("removed", 0) for one in found), sum(one.get("kept", 0) for one in found)


def fresh(batch: ImportBatch) -> int:
    """Return how many rows of chunks that nobody accepted yet (corrected and sent again) are good to register."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH fresh AS (SELECT seq, rows FROM registration_importstep AS step WHERE batch_id = %(batch)s AND kind = %(check)s"
            " AND NOT EXISTS (SELECT FROM registration_importstep AS later WHERE later.batch_id = step.batch_id"
            " AND later.kind = %(accept)s AND later.seq = step.seq))"
            " SELECT coalesce((SELECT sum(rows) FROM fresh), 0) - (SELECT count(*) FROM registration_importrow"
            " WHERE batch_id = %(batch)s AND outcome IN ('error', 'registered') AND chunk_seq IN (SELECT seq FROM fresh))",
            {"batch": batch.pk, "check": StepKind.CHECK, "accept": StepKind.ACCEPT},
        )
        return int(cursor.fetchone()[0])


def _rate(batch: ImportBatch) -> float:
    """Return how many rows a second the workers did lately, by the last chunks of the stage; 0: not known."""
    kind = {
        BatchStatus.CHECKING: StepKind.CHECK,
        BatchStatus.ACCEPTING: StepKind.ACCEPT,
        BatchStatus.UNDOING: StepKind.UNDO,
    }.get(BatchStatus(batch.status))
    if kind is None or batch.paused_at:
        return 0.0
    last = (
        ImportStep.objects.filter(batch_id=batch.pk, kind=kind, status=StepStatus.DONE)
        .order_by("-done_at")
        .values_list("done_at", "rows")[:20]
    )
    if len(last) < 2:
        return 0.0
    seconds = (last[0][0] - last[len(last) - 1][0]).total_seconds()  # type: ignore[operator]
    return sum(rows for _at, rows in list(last)[:-1]) / seconds if seconds > 0 else 0.0


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
            closed=Sum("rows", filter=~Q(status__in=WAITING), default=0),
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


def seal_badges(row: Any) -> list[tuple[str, str]]:
    """Return [(kind, label)] of a file, loaded with_seal, that the viewer reads: sealed, and until when an emergency keeps it open."""
    if row.sealed_at is None:
        return []
    found, until = [("bad", gettext("Sealed"))], row.emergency_until
    if until:
        when = date_format(localtime(until), "H:i")
        found.append(("warn", gettext("Emergency access until %(when)s") % {"when": when}))
    return found


class Opens(Protocol):
    """Whoever opens what is sealed about people: actions.sealing.Opener, one room up."""

    def fact(self, row: Any, field: str) -> str:
        """Return the text in a sealed column of a row about a person."""

    def value(self, individual: Individual, field: str) -> str:
        """Return the text in a sealed column of a person."""


_COUNTRIES = frozenset({"nationality", "other_nationalities", "origin_country", "birth_country", "country"})


def said(row: Any, field: Any, opener: Opens) -> Any:
    """Return a column of a person, or of a record about one, as a screen says it: codes, countries, languages and days in words."""
    value = getattr(row, field.attname)
    if isinstance(field, BinaryField):
        value = opener.value(row, field.name) if isinstance(row, Individual) else opener.fact(row, field.name)
        return Religion(value).label if field.name == "religion" and value in Religion.values else value
    if field.is_relation:  # an area, an event
        return str(getattr(row, field.name) or "")
    if isinstance(value, list):
        named = country if field.name in _COUNTRIES else lambda code: name_of(code, get_language() or "en")
        return ", ".join(str(named(one)) for one in value)
    if field.name in _COUNTRIES:
        return country(value) if value else ""
    if isinstance(value, bool):
        return gettext("yes") if value else ""
    if field.choices:
        return label(row, field.name) if value else ""
    return fmt_date(value) if isinstance(field, DateField) else value


@dataclass(frozen=True)
class NeedLine:
    """A specific need as the viewer may see it; `moves` are (status, label of the button)."""

    need: SpecificNeed
    kind: str
    status: Any
    priority: Any
    note: str = ""
    moves: list[tuple[str, Any]] = field(default_factory=list)


@dataclass
class Needs:
    """What one person needs: `open` and `past` lines, how many restricted ones the viewer may open, and (code, label) suggested."""

    open: list[NeedLine] = field(default_factory=list)
    past: list[NeedLine] = field(default_factory=list)
    restricted: int = 0
    suggested: list[tuple[str, str]] = field(default_factory=list)

    @property
    def rows(self) -> list[SpecificNeed]:
        """The needs that are shown."""
        return [one.need for one in (*self.open, *self.past)]


_NEED_KINDS = {NeedStatus.FLAGGED: "info", NeedStatus.REVIEW: "info", NeedStatus.CONFIRMED: "warn"}
_MOVE_LABELS = {
    NeedStatus.REVIEW: gettext_lazy("Send to review"),
    NeedStatus.CONFIRMED: gettext_lazy("Confirm"),
    NeedStatus.DISMISSED: gettext_lazy("Dismiss"),
    NeedStatus.RESOLVED: gettext_lazy("Resolved"),
}


def need_line(need: SpecificNeed, viewer: Viewer, *, opener: Opens | None = None) -> NeedLine:
    """Return a need loaded with_shown_classes as its line; with its note, where `opener` opens the person's sealed values."""
    see = Sight(need, viewer)
    own = need.agency_id == viewer.agency_id
    return NeedLine(
        need=need,
        kind=_NEED_KINDS.get(NeedStatus(need.status), "neutral") if "status" in see else "neutral",
        status=see("status"),
        priority="" if need.priority == NeedPriority.NORMAL else see("priority"),
        note=opener.fact(need, "note") if opener and "note" in see else "",
        moves=[(to, label) for to, label in _MOVE_LABELS.items() if to in need.moves[need.status]]
        if own and allows(check_review, code=need.code, by=viewer)
        else [],
    )


def needs_of(
    group: Sequence[Individual], viewer: Viewer, *, today: date, opener: Opens | None = None
) -> dict[uuid.UUID, Needs]:
    """Return the needs of each visible member of a group, and what its composition suggests to who may say so. One statement."""
    found: dict[uuid.UUID, Needs] = {one.pk: Needs() for one in group}
    known: dict[uuid.UUID, set[str]] = defaultdict(set)
    rows = SpecificNeed.objects.visible_to(viewer).with_shown_classes(viewer).filter(individual__in=found)
    for need in rows.order_by("-pk"):
        theirs = found[need.individual_id]
        known[need.individual_id].add(need.code)
        is_open = need.status in OPEN_NEEDS
        if need.restricted:
            theirs.restricted += 1
        elif "code" in Sight(need, viewer):
            (theirs.open if is_open else theirs.past).append(need_line(need, viewer, opener=opener))
    members = [one for one in group if one.agency_id == viewer.agency_id and one.process_status in COUNTED]
    if viewer.may(Permission.NEED_RECORD):
        composed = [
            GroupMember(one.age_on(today), one.relationship, one.marital_status, frozenset(known[one.pk]))
            for one in members
        ]
        for place, code in suggested(composed):
            found[members[place].pk].suggested.append((code, gettext(NEEDS[code])))
    return found


def in_words(field: str, level: str) -> str:
    """Return what the agreement of a field says, in the reader's language (rules.evidence)."""
    name, says = said_of(field, level)
    return gettext("%(field)s: %(says)s") % {"field": gettext(name), "says": gettext(says)}


def reasons(evidence: Sequence[Sequence[Any]]) -> tuple[list[str], list[str]]:
    """Return in words what speaks for one person rather than a stranger, and what against it.

    For a quick look: that sex and nationality agree is left out, since half the register shares them.
    """
    said = [(in_words(name, level), name, float(bits)) for name, level, bits, *_relative in evidence]
    return (
        [words for words, name, bits in said if bits > 0 and name not in {"sex", "nationality"}],
        [words for words, _name, bits in said if bits < 0],
    )


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
