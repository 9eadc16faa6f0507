"""How does a clerk send a file of arrivals, watch it being checked, look at the result, and accept it?"""

from __future__ import annotations

import io
import re
import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language_bidi, gettext_lazy, ngettext, pgettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from agencies.channels import sheets
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import allows, told_to
from refugeecm.core.templatetags.ui import figure
from registration import policies, reports
from registration.actions import events, imports
from registration.enums import BatchStatus, Outcome
from registration.forms import AllowForm, CorrectedForm, ImportForm
from registration.importers.errors_file import error_lines
from registration.models import ImportBatch, Individual
from registration.rules.dates import UNCLEAR
from registration.views.rows import error_rows, label_of, page_of_rows

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
FORMS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
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


@require_GET
@access.requires(Permission.IMPORT_READ)
def index(request: ViewedRequest) -> HttpResponse:
    """List the files of the viewer's agency, the newest first."""
    found = (
        ImportBatch.objects.visible_to(request.viewer)
        .select_related("event", "created_by")
        .order_by("-created_at", "-id")
    )
    page = page_of(found, number=request.GET.get("page"))
    for batch in page.rows:
        batch.kind = KINDS.get(BatchStatus(batch.status), "neutral")
    return render(request, "registration/imports.html", {"page": page})


@require_http_methods(["GET", "POST"])
@access.requires(Permission.IMPORT_RUN)
def new(request: ViewedRequest) -> HttpResponse:
    """Ask for a file and its event, and receive it."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given, now = form.cleaned_data, timezone.now()
        try:
            with transaction.atomic():
                event = form.chosen() or events.draft(
                    slug=given["slug"], name=given["name"], by=request.viewer, now=now
                )
                batch = imports.receive(
                    data=given["file"].read(),
                    file_name=given["file"].name,
                    event=event,
                    by=request.viewer,
                    now=now,
                    ask=given["ask"],
                )
        except imports.AlreadyReceived as again:
            messages.info(request, str(again))
            return redirect("import-detail", again.batch.pk)
        except policies.NotPermitted as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("import-detail", batch.pk)
    crumbs = [(_("Imports"), reverse("imports"))]
    return render(request, "registration/import_new.html", {"form": form, "crumbs": crumbs})


def _batch(request: ViewedRequest, pk: uuid.UUID) -> ImportBatch:
    found: ImportBatch = get_object_or_404(
        ImportBatch.objects.visible_to(request.viewer).select_related(
            "agency", "event", "created_by", "accepted_by", "allowed_by"
        ),
        pk=pk,
    )
    return found


@require_GET
@access.requires(Permission.IMPORT_READ)
def detail(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Show where a file stands, and what was found out about its rows."""
    batch = _batch(request, pk)
    if batch.status == BatchStatus.MAPPING and request.viewer.may(Permission.IMPORT_RUN):
        return redirect("import-columns", batch.pk)
    return render(request, "registration/import_detail.html", _context(request, batch))


@require_GET
@access.requires(Permission.IMPORT_READ)
def progress(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer the page's question every second; once the workers are done the page loads anew."""
    batch = _batch(request, pk)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("import-detail", batch.pk)
    how = reports.progress(batch)
    if not how.is_running:
        return HttpResponseClientRefresh()
    return render(request, "registration/import_progress.html", {"batch": batch, **_bar(how)})


def _bar(how: reports.Progress) -> dict[str, Any]:
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


def _context(request: ViewedRequest, batch: ImportBatch) -> dict[str, Any]:
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
        **_bar(how),
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
        possible = page_of_rows(batch, Outcome.POSSIBLE, viewer=viewer, number=None)
        found |= {"preview": new.rows[:PREVIEW], "sample": possible.rows[:SAMPLE]}
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


def _readable(request: ViewedRequest, pk: uuid.UUID) -> ImportBatch:
    """Return a visible file whose content is still there: not that of a cancelled one, nor of one whose key was destroyed."""
    batch = _batch(request, pk)
    if not batch.key:
        raise Http404
    return batch


@require_GET
@access.requires(Permission.IMPORT_READ)
def rows(request: ViewedRequest, pk: uuid.UUID, outcome: str) -> HttpResponse:
    """Show the rows of one outcome, page by page."""
    batch = _readable(request, pk)
    viewer, now = request.viewer, timezone.now()
    page = page_of_rows(batch, outcome, viewer=viewer, number=request.GET.get("page"))
    reads.record(viewer=viewer, rows=[batch], view="import-rows", now=now)
    shown = {row.other.pk: row.other for row in page.rows if row.other}
    reads.record(viewer=viewer, rows=list[Individual](shown.values()), view="import-rows", now=now)
    how = reports.progress(batch)
    context = {
        "batch": batch,
        "outcome": outcome,
        "title": TITLES[Outcome(outcome)],
        "page": page,
        "tabs": [
            {
                "label": TITLES[one],
                "url": reverse("import-rows", args=[batch.pk, one]),
                "current": one == outcome,
                "count": figure(how.counts[one]),
            }
            for one in Outcome
        ],
        "crumbs": _crumbs(batch),
    }
    return render(request, "registration/import_rows.html", context)


@require_GET
@access.requires(Permission.IMPORT_READ)
def errors(request: ViewedRequest, pk: uuid.UUID, form: str) -> HttpResponse:
    """Give back the rows with errors as a file that can be corrected and sent back."""
    batch = _readable(request, pk)
    out = io.BytesIO()
    if form == "xlsx":
        turned = get_language_bidi()
        sheets.write_xlsx(out, error_lines(batch.header, error_rows(batch)), right_to_left=turned)
    else:
        sheets.write_csv(out, error_lines(batch.header, error_rows(batch)), guard=str)
    reads.record(viewer=request.viewer, rows=[batch], view="import-errors", now=timezone.now())
    stem = re.sub(r"[^\w.-]+", "-", batch.file_name.rsplit(".", 1)[0]).strip("-.") or "import"
    response = HttpResponse(
        out.getvalue(), content_type=FORMS[form], headers={"X-Content-Type-Options": "nosniff"}
    )
    response.headers["Content-Disposition"] = (
        f'attachment; filename="{stem.encode("ascii", "ignore").decode() or "import"}-errors.{form}"'
    )
    return response


@require_POST
@access.requires(Permission.IMPORT_RUN)
def correct(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Receive corrected rows back into the file in which they had errors."""
    batch = _batch(request, pk)
    form = CorrectedForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, " ".join(str(one) for one in form.errors["file"]))
        return redirect("import-detail", batch.pk)
    with told_to(request):
        data = form.cleaned_data["file"].read()
        imports.correct(batch=batch, data=data, by=request.viewer, now=timezone.now())
    return redirect("import-detail", batch.pk)


@require_POST
@access.requires(Permission.IMPORT_RUN)
def accept(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Let the people of a checked file be registered."""
    batch = _batch(request, pk)
    with told_to(request):
        fills = "fills_empty" in request.POST
        imports.accept(batch=batch, by=request.viewer, now=timezone.now(), fills_empty=fills)
    return redirect("import-detail", batch.pk)


@require_http_methods(["GET", "POST"])
@access.requires(Permission.IMPORT_RUN)
def cancel(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask whether a file is to be thrown away, and do it."""
    batch = _batch(request, pk)
    if request.method == "POST":
        with told_to(request, _("The file was cancelled. Nobody from it was registered.")):
            imports.cancel(batch=batch, by=request.viewer, now=timezone.now())
        return redirect("import-detail", batch.pk)
    return render(request, "registration/import_cancel.html", {"batch": batch, "crumbs": _crumbs(batch)})


@require_POST
@access.requires(Permission.IMPORT_RUN)
def pause(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Pause the work on a file, or let it go on."""
    batch = _batch(request, pk)
    act = imports.resume if batch.paused_at else imports.pause
    with told_to(request):
        act(batch=batch, by=request.viewer, now=timezone.now())
    return redirect("import-detail", batch.pk)


@require_POST
@access.requires(Permission.IMPORT_OVERRULE)
def allow(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Let a file be accepted in spite of many errors or possible duplicates."""
    batch = _batch(request, pk)
    form = AllowForm(request.POST)
    if not form.is_valid():
        return render(
            request, "registration/import_detail.html", {**_context(request, batch), "form": form}, status=422
        )
    with told_to(request, _("Allowed. The file can be accepted now.")):
        imports.allow(batch=batch, reason=form.cleaned_data["reason"], by=request.viewer, now=timezone.now())
    return redirect("import-detail", batch.pk)


@require_http_methods(["GET", "POST"])
@access.requires(Permission.IMPORT_OVERRULE)
def undo(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask whether the people of a file are to be removed again, say what stands in the way, and begin."""
    batch = _batch(request, pk)
    if request.method == "POST":
        with told_to(request):
            imports.undo(batch=batch, by=request.viewer, now=timezone.now())
            return redirect("import-detail", batch.pk)
    with told_to(request):
        policies.check_undo(batch=batch, by=request.viewer)
        found = imports.obstacles(batch=batch, viewer=request.viewer)
        now = timezone.now()
        for one in found:
            reads.record(viewer=request.viewer, rows=list(one.first), view="import-undo", now=now)
        context = {
            "batch": batch,
            "obstacles": found,
            "progress": reports.progress(batch),
            "crumbs": _crumbs(batch),
        }
        return render(request, "registration/import_undo.html", context)
    return redirect("import-detail", batch.pk)


@require_http_methods(["GET", "POST"])
@access.requires(Permission.IMPORT_RUN)
def stop(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask whether registering is to end half-way, and end it."""
    batch = _batch(request, pk)
    if request.method == "POST":
        with told_to(request, _("Stopped. Nobody else of this file will be registered.")):
            imports.stop(batch=batch, by=request.viewer, now=timezone.now())
        return redirect("import-detail", batch.pk)
    return render(request, "registration/import_stop.html", {"batch": batch, "crumbs": _crumbs(batch)})


def _crumbs(batch: ImportBatch) -> list[tuple[str, str]]:
    return [
        (_("Imports"), reverse("imports")),
        (batch.file_name, reverse("import-detail", args=[batch.pk])),
    ]
