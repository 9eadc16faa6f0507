"""How are many papers prepared and printed together, watched, downloaded, handed over or thrown away?"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_on, told_to
from refugeecm.core.templatetags.ui import figure, fmt_time
from registration.actions import batches, issued
from registration.enums import PRINT_MOVES, IssuedStatus, PrintStatus
from registration.forms.issued import BatchForm
from registration.models import IssuedDocument, PrintBatch

BADGES = {
    PrintStatus.QUEUED: "info",
    PrintStatus.RUNNING: "info",
    PrintStatus.READY: "good",
    PrintStatus.FAILED: "bad",
}


def _crumbs(*further: tuple[str, str]) -> list[tuple[Any, str]]:
    return [(_("Documents"), reverse("documents")), *further]


@access.requires(Permission.DOCUMENT_ISSUE)
@require_safe
def index(request: ViewedRequest) -> HttpResponse:
    """The batches that I had printed, the newest first."""
    found = PrintBatch.objects.visible_to(request.viewer).defer("file").order_by("-created_at", "-pk")
    page = page_of(found, number=request.GET.get("page"))
    rows = [(one, BADGES.get(PrintStatus(one.status), "neutral")) for one in page.rows]
    return render(request, "registration/prints.html", {"page": page, "rows": rows, "crumbs": _crumbs()})


@access.requires(Permission.DOCUMENT_ISSUE)
@require_http_methods(["GET", "POST"])
def new(request: ViewedRequest) -> HttpResponse:
    """Choose the type and for whom, see how many those are, and have the papers printed."""
    viewer, now = request.viewer, timezone.now()
    today, found = timezone.localdate(now), None
    form = BatchForm(request.POST or None, viewer=viewer, today=today, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid() and "change" not in request.POST:
        given = form.cleaned_data
        with told_on(form):
            issued.check_until(given["kind"], given["until"], dated=today)
            ends = None if given["which"] == "missing" else today + timedelta(days=int(given["which"]))
            waiting = batches.waiting_for(given["kind"], by=viewer, until=ends, site=given["site"])
            found = list(waiting[: batches.MOST])
            if "confirm" in request.POST:
                batch = batches.ask(
                    kind=given["kind"], people=found, until=given["until"], language=given["language"], by=viewer, now=now
                )  # fmt: skip
                reads.record(viewer=viewer, rows=found, view="print", now=now)
                return redirect("print", batch.pk)
    context = {
        "form": form,
        "found": None if form.errors else found,
        "most": batches.MOST,
        "crumbs": _crumbs(),
    }
    if context["found"] is not None:
        which = dict(BatchForm.WHICH)[form.cleaned_data["which"]]
        context["answers"] = [
            *form.answers(), (_("For whom"), which), (_("Registration site"), form.cleaned_data["site"] or _("All sites")),
            (_("Documents"), figure(len(found or []))),
        ]  # fmt: skip
    return render(request, "registration/print_new.html", context)


def _batch(request: ViewedRequest, pk: uuid.UUID, *, file: bool = False) -> PrintBatch:
    own = PrintBatch.objects.visible_to(request.viewer).select_related("agency")
    found: PrintBatch = get_object_or_404(own if file else own.defer("file"), pk=pk)
    return found


@access.requires(Permission.DOCUMENT_ISSUE)
@require_safe
def detail(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """One batch: how far it is, its file, and what is still to be handed over."""
    batch = _batch(request, pk)
    own = IssuedDocument.objects.visible_to(request.viewer).filter(batch=batch)
    page = page_of(own.select_related("individual").order_by("pk"), number=request.GET.get("page"))
    reads.record(viewer=request.viewer, rows=page.rows, view="print", now=timezone.now())
    context = {
        "batch": batch,
        "kind": BADGES.get(PrintStatus(batch.status), "neutral"),
        "facts": [
            (_("Document"), batch.get_kind_display()),
            (_("Documents"), figure(batch.total)),
            (_("Asked"), fmt_time(batch.created_at)),
        ],
        "page": page,
        "to_give": own.filter(status=IssuedStatus.PRINTED).count(),
        "can_cancel": PrintStatus.CANCELLED in PRINT_MOVES[batch.status],
        "crumbs": _crumbs((str(_("Batches")), reverse("prints"))),
    }
    return render(request, "registration/print.html", context)


@access.requires(Permission.DOCUMENT_ISSUE)
@require_safe
def progress(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Answer the page's question every second; once the worker is done the page loads anew."""
    batch = _batch(request, pk)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("print", batch.pk)
    if not batch.is_open:
        return HttpResponseClientRefresh()
    return render(request, "registration/print_progress.html", {"batch": batch})


@access.requires(Permission.DOCUMENT_ISSUE)
@require_POST
def file(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Give the PDF to whoever asked for it, if they may still have it."""
    batch = _batch(request, pk, file=True)
    content = batches.open_file(batch=batch, by=request.viewer, now=timezone.now())
    if content is None:
        messages.error(request, _("This file is gone, or not finished. Print the documents again."))
        return redirect("print", pk)
    name = f"{batch.kind}-{timezone.localtime(batch.created_at):%Y-%m-%d-%H%M}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


@access.requires(Permission.DOCUMENT_ISSUE)
@require_POST
def give(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Note that all printed papers of a batch were handed over."""
    batch = _batch(request, pk)
    with told_to(request):
        done = batches.hand_over(batch=batch, by=request.viewer, now=timezone.now())
        said = ngettext("%(count)s document was handed over.", "%(count)s documents were handed over.", done)
        messages.success(request, said % {"count": figure(done)})
    return redirect("print", pk)


@access.requires(Permission.DOCUMENT_ISSUE)
@require_POST
def cancel(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Throw a batch away."""
    batch = _batch(request, pk)
    with told_to(request, _("The file was thrown away. What nobody holds yet is invalid.")):
        batches.cancel(batch=batch, by=request.viewer, now=timezone.now())
    return redirect("print", pk)
