"""What does the page of a file of arrivals say?"""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from refugeecm.core.refusals import allows
from refugeecm.core.templatetags.ui import figure
from registration import policies, reports
from registration.enums import BatchStatus, Outcome
from registration.forms import AllowForm
from registration.models import ImportBatch
from registration.rules.dates import UNCLEAR
from registration.views.rows import label_of, page_of_rows

KINDS = {
    BatchStatus.MAPPING: "warn",
    BatchStatus.READING: "info",
    BatchStatus.CHECKING: "info",
    BatchStatus.COMPARING: "info",
    BatchStatus.REVIEW: "warn",
    BatchStatus.ACCEPTING: "info",
    BatchStatus.DONE: "good",
    BatchStatus.FAILED: "bad",
    BatchStatus.STOPPED: "warn",
    BatchStatus.UNDOING: "info",
}
TITLES = {
    Outcome.NEW: gettext_lazy("New people"),
    Outcome.REGISTERED: gettext_lazy("Already registered"),
    Outcome.POSSIBLE: gettext_lazy("Possible duplicates"),
    Outcome.ERROR: gettext_lazy("Rows with errors"),
}
TILE_HINTS = {
    Outcome.NEW: gettext_lazy("will be registered"),
    Outcome.REGISTERED: gettext_lazy("nothing will be added"),
    Outcome.POSSIBLE: gettext_lazy("will be registered and marked for review"),
    Outcome.ERROR: gettext_lazy("left out until corrected"),
}
TILE_KINDS = {Outcome.NEW: "good", Outcome.POSSIBLE: "warn", Outcome.ERROR: "bad"}
PREVIEW, SAMPLE = 20, 3  # rows on the page of a file that waits for a decision
SHOWN = (
    BatchStatus.REVIEW,
    BatchStatus.ACCEPTING,
    BatchStatus.DONE,
    BatchStatus.STOPPED,
)  # what was found out about rows
STAGES = {
    BatchStatus.READING: pgettext_lazy("import stage", "Reading the file"),
    BatchStatus.CHECKING: pgettext_lazy("import stage", "Checking rows against the register"),
    BatchStatus.COMPARING: pgettext_lazy("import stage", "Comparing rows with each other"),
    BatchStatus.ACCEPTING: pgettext_lazy("import stage", "Registering people"),
    BatchStatus.UNDOING: pgettext_lazy("import stage", "Removing people"),
}


def bar(how: reports.Progress) -> dict[str, Any]:
    """Return what the bar of progress says."""
    label = STAGES.get(BatchStatus(how.stage), "")
    return {"progress": how, "label": label, "pace": _pace(how)}


def _pace(how: reports.Progress) -> str:
    """Return how fast it goes and how long it takes still, in words; empty while that is not known."""
    if not how.rate:
        return ""
    rate = max(round(how.rate), 1)
    pace = ngettext("%(rows)s row a second", "%(rows)s rows a second", rate) % {"rows": figure(rate)}
    if not how.left:
        return pace
    minutes = -(-how.left // 60)
    left = (
        _("less than a minute left")
        if minutes < 2
        else ngettext("about %(count)s minute left", "about %(count)s minutes left", minutes)
        % {"count": figure(minutes)}
    )
    return f"{pace}, {left}"


def page_of_batch(request: ViewedRequest, batch: ImportBatch) -> dict[str, Any]:
    """Return where a file stands, what was found out about its rows, and what may be done with it."""
    how = reports.progress(batch)
    context: dict[str, Any] = {
        "batch": batch,
        "crumbs": [(_("Imports"), reverse("imports"))],
        "kind": KINDS.get(BatchStatus(batch.status), "neutral"),
        "facts": _facts(batch),
        "can_undo": allows(policies.check_undo, batch=batch, by=request.viewer),
        "can_cancel": policies.can_cancel(batch=batch, by=request.viewer),
        "can_correct": how.counts[Outcome.ERROR]
        and request.viewer.may(Permission.IMPORT_RUN)
        and allows(policies.check_correct, batch=batch),
        "can_stop": policies.can_stop(batch=batch, by=request.viewer),
        "can_pause": allows(policies.check_pause, batch=batch) and request.viewer.may(Permission.IMPORT_RUN),
        **bar(how),
    }
    if batch.status in SHOWN:
        readable = bool(batch.key)
        context["tiles"] = [
            {
                "label": TITLES[outcome],
                "value": figure(how.counts[outcome]),
                "url": reverse("import-rows", args=[batch.pk, outcome])
                if how.counts[outcome] and readable
                else "",
                "hint": "" if batch.status == BatchStatus.DONE else TILE_HINTS[outcome],
                "kind": TILE_KINDS.get(outcome, "neutral") if how.counts[outcome] else "neutral",
            }
            for outcome in Outcome
        ]
        most = 0
        columns = reports.column_counts(batch) if how.counts[Outcome.ERROR] else []
        if columns:
            most = columns[0][1]
        context["can_ask"] = request.viewer.may(Permission.IMPORT_RUN) and allows(
            policies.check_reread, batch=batch
        )
        context["unclear"] = (
            []
            if batch.wishes.get("date_order")
            else [
                label_of(batch, field)
                for field, order in (batch.found_format.get("dates") or {}).items()
                if order == UNCLEAR
            ]
        )
        context["columns"] = [
            (label_of(batch, column), rows, round(100 * rows / most)) for column, rows in columns
        ]
        context["readable"] = readable
        context["errors"] = how.counts[Outcome.ERROR]
        context["unknown_columns"] = [
            header
            for header, name in zip(batch.header, batch.columns, strict=False)
            if header.strip() and name is None
        ]
    if batch.status in {BatchStatus.DONE, BatchStatus.STOPPED}:
        context["result"] = _result(how)
    if batch.status == BatchStatus.UNDONE:
        context["removed"] = reports.removed(batch)
    if batch.status == BatchStatus.REVIEW:
        context |= _decision(request, batch, how)
    if batch.status == BatchStatus.FAILED:
        context["problem"] = reports.problem(batch)
    elif batch.problem and not how.is_running:
        context["told"] = reports.problem(batch)
    return context


def _decision(request: ViewedRequest, batch: ImportBatch, how: reports.Progress) -> dict[str, Any]:
    """Return what somebody decides by: what holds the file up, first rows as they would be registered, likeliest duplicates."""
    viewer, now, found = request.viewer, timezone.now(), dict[str, Any]()
    try:
        policies.check_accept(batch=batch, counts=how.counts)
    except policies.NotPermitted as refusal:
        found["held_up"] = str(refusal)
        if allows(policies.check_allow, batch=batch, by=viewer):
            found["form"] = AllowForm()
    if how.counts[Outcome.REGISTERED]:
        found["differing"] = reports.differing(batch)
    worth = how.to_register or found.get("differing")
    found["can_accept"] = worth and policies.can_accept(batch=batch, by=viewer, counts=how.counts)
    if batch.key:
        new = page_of_rows(batch, Outcome.NEW, viewer=viewer, number=None)
        possible = page_of_rows(batch, Outcome.POSSIBLE, viewer=viewer, number=None, likeliest=SAMPLE)
        found |= {"preview": new.rows[:PREVIEW], "sample": possible.rows}
        others = {row.other.pk: row.other for row in found["sample"] if row.other}
        reads.record(viewer=viewer, rows=[batch], view="import-detail", now=now)
        reads.record(viewer=viewer, rows=list(others.values()), view="import-detail", now=now)
    return found


def _result(how: reports.Progress) -> str:
    people = ngettext("%(count)s person", "%(count)s people", how.created) % {"count": figure(how.created)}
    houses = ngettext("%(count)s new household", "%(count)s new households", how.households) % {
        "count": figure(how.households)
    }
    return _("Registered: %(people)s, %(households)s.") % {"people": people, "households": houses}


def _facts(batch: ImportBatch) -> list[tuple[Any, ...]]:
    found = batch.found_format
    form = ", ".join(str(found[name]) for name in ("sheet", "encoding") if found.get(name))
    size = _("%(size)s KB") % {"size": figure(max(round(batch.size / 1024), 1))}
    facts = [
        (_("Event"), batch.event.name),
        (_("Rows"), figure(batch.rows) if batch.rows else "", "ltr"),
        (_("Households"), figure(batch.households) if batch.households else "", "ltr"),
        (_("Size"), size),
        (_("Read as"), form),
        (_("Sent by"), batch.created_by.name if batch.created_by else _("A connected system")),
    ]
    if scheme := batch.wishes.get("country_scheme"):
        facts.append((_("Codes of countries"), scheme, "ltr"))
    if batch.accepted_by:
        facts.append((_("Accepted by"), batch.accepted_by.name))
    if batch.allowed_by:
        facts.append((_("Allowed by"), f"{batch.allowed_by.name}: {batch.allowed_because}"))
    return [one for one in facts if one[1]]
