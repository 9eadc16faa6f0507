"""How does somebody take the rows of a list out as a file, watch it being written, and download it?"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import exports as acts
from agencies.channels.lists import LISTS, query_of
from agencies.enums import EXPORT_MOVES, ExportFormat, ExportProblem, ExportStatus
from agencies.forms.exports import ExportForm
from agencies.models import ExportJob
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_on, told_to
from refugeecm.core.templatetags.ui import figure, fmt_time

KINDS = {
    ExportStatus.QUEUED: "info",
    ExportStatus.RUNNING: "info",
    ExportStatus.READY: "good",
    ExportStatus.FAILED: "bad",
}
TYPES = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def label_of(job: ExportJob) -> str:
    """Return what the list of an export is called."""
    return str(LISTS[job.listing].label) if job.listing in LISTS else job.listing


def rows_of(job: ExportJob) -> str:
    """Return how many rows the file of an export has or had, in words where none was finished."""
    if job.is_open:
        return _("Not finished")
    return figure(job.rows) if job.ready_at else _("No file")


@require_GET
@access.requires(Permission.EXPORT)
def exports(request: ViewedRequest) -> HttpResponse:
    """The files that I asked for, the newest first."""
    found = ExportJob.objects.visible_to(request.viewer).order_by("-created_at", "-id")
    page = page_of(found, number=request.GET.get("page"))
    rows = [
        {
            "job": one,
            "label": label_of(one),
            "rows": rows_of(one),
            "kind": KINDS.get(ExportStatus(one.status), "neutral"),
        }
        for one in page.rows
    ]
    return render(request, "agencies/exports.html", {"page": page, "rows": rows})


@require_http_methods(["GET", "POST"])
@access.requires(Permission.EXPORT)
def export_new(request: ViewedRequest) -> HttpResponse:
    """Ask what the file is for; its list and filters come from the address of the list."""
    form = ExportForm(request.POST or None)
    wanted = request.POST.get("list") or request.GET.get("list") or ""
    query = QueryDict(request.POST.get("query", "")) if request.method == "POST" else request.GET
    listing = LISTS.get(wanted)
    if listing is None or not request.viewer.may(listing.permission):
        raise Http404
    kept = listing.kept(query)
    filters = listing.filters(query_of(kept))
    if filters is None:
        messages.error(request, _("A filter of this list means nothing. Choose again, then export."))
        return redirect(listing.address({}))
    if request.method == "POST" and form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("purpose", "reason", "format")}
        with told_on(form):
            job = acts.ask(listing=listing, query=kept, by=request.viewer, now=timezone.now(), **given)
            return redirect("export", job.pk)
    if request.method == "GET":
        form = ExportForm(initial={"list": listing.name, "query": query_of(kept).urlencode()})
    return render(
        request,
        "agencies/export_new.html",
        {
            "form": form,
            "listing": listing,
            "filters": filters[1],
            "back": listing.address(kept),
            "crumbs": [(listing.label, listing.address(kept))],
        },
    )


def _job(request: ViewedRequest, pk: uuid.UUID) -> ExportJob:
    found: ExportJob = get_object_or_404(
        ExportJob.objects.visible_to(request.viewer).select_related("agency"), pk=pk
    )
    return found


@require_GET
@access.requires(Permission.EXPORT)
def export(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """One file: how far it is, what is in it, and until when it can be had."""
    job = _job(request, pk)
    listing = LISTS.get(job.listing)
    filters = listing.filters(query_of(job.query)) if listing and job.query else None
    facts: list[tuple[Any, ...]] = [
        (_("List"), label_of(job)),
        *(filters[1] if filters else []),
        (_("Purpose"), job.get_purpose_display()),
        (_("Reason"), job.reason),
        (_("Format"), job.get_format_display()),
        (_("Rows"), rows_of(job)),
        (_("Asked"), fmt_time(job.created_at)),
    ]
    if job.size:
        size = _("%(size)s KB") % {"size": figure(max(round(job.size / 1024), 1))}
        facts += [(_("Size"), size), (_("Downloads"), figure(job.downloads), "ltr")]
    return render(
        request,
        "agencies/export.html",
        {
            "job": job,
            "title": label_of(job),
            "kind": KINDS.get(ExportStatus(job.status), "neutral"),
            "facts": facts,
            "problem": ExportProblem(job.problem).label if job.problem else "",
            "can_cancel": ExportStatus.CANCELLED in EXPORT_MOVES[job.status],
            "crumbs": [(_("Exports"), reverse("exports"))],
        },
    )


@require_GET
@access.requires(Permission.EXPORT)
def export_progress(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer the page's question every second; once the workers are done the page loads anew."""
    job = _job(request, pk)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("export", job.pk)
    if not job.is_open:
        return HttpResponseClientRefresh()
    return render(request, "agencies/export_progress.html", {"job": job})


@require_POST
@access.requires(Permission.EXPORT)
def export_file(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Give the file to whoever asked for it, if they may still have it; else its page says why not."""
    job, now = _job(request, pk), timezone.now()
    content = acts.open_file(job=job, now=now)
    if content is None:
        return redirect("export", job.pk)
    name = f"{job.listing}-{timezone.localtime(job.created_at):%Y-%m-%d-%H%M}.{job.format}"
    return HttpResponse(
        content,
        content_type=TYPES[ExportFormat(job.format)],
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
        },
    )


@require_http_methods(["GET", "POST"])
@access.requires(Permission.EXPORT)
def export_cancel(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask whether a file is to be thrown away, and do it."""
    job = _job(request, pk)
    if request.method == "POST":
        with told_to(request, _("The file was thrown away. Nobody can open it any more.")):
            acts.cancel(job=job, by=request.viewer, now=timezone.now())
        return redirect("export", job.pk)
    crumbs = [(_("Exports"), reverse("exports")), (label_of(job), reverse("export", args=[job.pk]))]
    return render(
        request, "agencies/export_cancel.html", {"job": job, "title": label_of(job), "crumbs": crumbs}
    )
