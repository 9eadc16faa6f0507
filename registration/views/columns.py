"""How does a clerk say what the columns of a list are, when the computer does not know or she wants to look herself?"""

from __future__ import annotations

import io
import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from refugeecm.core.refusals import told_on, told_to
from registration import reports
from registration.actions import imports
from registration.actions.imports import mapping
from registration.enums import BatchStatus
from registration.forms.columns import ColumnsForm, FormatForm
from registration.importers.template import write_template
from registration.models import ImportBatch
from registration.rules.columns import FURTHER

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


@require_GET
@access.requires(Permission.IMPORT_RUN)
def template(request: ViewedRequest, kind: str) -> HttpResponse:
    """Give out an empty list to fill in: kind is xlsx or csv."""
    written = io.BytesIO()
    write_template(written, kind)
    answer = HttpResponse(
        written.getvalue(), content_type=TYPES[kind], headers={"X-Content-Type-Options": "nosniff"}
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="arrivals.{kind}"'
    return answer


def _batch(request: ViewedRequest, pk: uuid.UUID) -> ImportBatch:
    found: ImportBatch = get_object_or_404(
        ImportBatch.objects.owned_by(request.viewer).select_related("agency", "event"), pk=pk
    )
    return found


@require_http_methods(["GET", "POST"])
@access.requires(Permission.IMPORT_RUN)
def columns(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Show each column of a file with what stands in it, and let the clerk say what it is."""
    batch = _batch(request, pk)
    if batch.status != BatchStatus.MAPPING:
        return redirect("import-detail", batch.pk)
    said = batch.wishes if "columns" in batch.wishes else mapping.remembered(batch) or {}
    again = request.POST.get("press") == "again"
    form = ColumnsForm(
        request.POST if request.method == "POST" and not again else None, batch=batch, said=said
    )
    how = FormatForm(request.POST if again else None, batch=batch)
    now = timezone.now()
    if again and how.is_valid():
        with told_to(request):
            imports.ask(batch=batch, wishes=how.wishes(), by=request.viewer, now=now)
        return redirect("import-detail", batch.pk)
    if form.is_bound and form.is_valid():
        wishes = {
            **{name: batch.wishes[name] for name in how.fields if name in batch.wishes},
            **form.wishes(),
        }
        with told_on(form):
            imports.choose(
                batch=batch, wishes=wishes, remember=form.cleaned_data["remember"], by=request.viewer, now=now
            )
            return redirect("import-detail", batch.pk)
    reads.record(viewer=request.viewer, rows=[batch], view="import-columns", now=now)
    context = {
        "batch": batch,
        "form": how if how.is_bound else form,
        "columns": form,
        "how": how,
        "rows": list(zip(form.columns(), imports.samples(batch), strict=True)),
        "problem": reports.problem(batch) if batch.problem else "",
        "notes": [(_(one.label), _(one.note)) for one in FURTHER if one.note],
        "crumbs": [(_("Imports"), reverse("imports")), (batch.file_name, "")],
    }
    return render(request, "registration/import_columns.html", context)


@require_POST
@access.requires(Permission.IMPORT_RUN)
def ask(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask for the columns of a file that was checked with wrong ones."""
    batch = _batch(request, pk)
    with told_to(request):
        imports.ask(batch=batch, wishes=batch.wishes, by=request.viewer, now=timezone.now())
    return redirect("import-detail", batch.pk)
