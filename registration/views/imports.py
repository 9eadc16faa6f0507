"""How does a clerk send a file of arrivals, watch it being checked, look at the result, and accept it?"""

from __future__ import annotations

import io
import re
import uuid

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from agencies.channels import sheets
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_to
from refugeecm.core.templatetags.ui import figure
from registration import policies, reports
from registration.actions import events, imports
from registration.enums import BatchStatus, Outcome
from registration.forms import AllowForm, CorrectedForm, ImportForm
from registration.importers.errors_file import error_lines
from registration.models import ImportBatch, Individual
from registration.views.import_page import KINDS, TITLES, bar, page_of_batch
from registration.views.rows import error_rows, page_of_rows

FORMS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
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
    return render(request, "registration/import_detail.html", page_of_batch(request, batch))


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
    return render(request, "registration/import_progress.html", {"batch": batch, **bar(how)})


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
    batch = _readable(request, pk)
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
            request,
            "registration/import_detail.html",
            {**page_of_batch(request, batch), "form": form},
            status=422,
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
