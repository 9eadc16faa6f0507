"""Where are signs of trafficking or smuggling written down, and who opens what was written?"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_on
from registration.actions import indicators as acts
from registration.actions.sealing import Opener
from registration.forms.incidents import IndicatorsForm, RemovalForm
from registration.models import IndicatorAssessment, Individual
from registration.rules.indicators import CODES


@access.requires(Permission.NEED_RECORD)
@require_http_methods(["GET", "POST"])
def indicators_of(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Write down what was seen of a person; whoever opens restricted needs also reads what was written before."""
    viewer, now = request.viewer, timezone.now()
    own = Individual.objects.visible_to(viewer).filter(agency_id=viewer.agency_id, merged_into=None)
    person: Individual = get_object_or_404(own, pk=pk)
    form = IndicatorsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            acts.assess(individual=person, codes=form.cleaned_data["indicators"], by=viewer, now=now)
            # The same words whatever follows: who may not open restricted needs does not learn of one.
            messages.success(request, _("Written down. Those who protect people look at it."))
            return redirect("individual", pk)
    found = IndicatorAssessment.objects.visible_to(viewer).filter(individual=person)
    page = page_of(found.select_related("assessed_by").order_by("-pk"), number=request.GET.get("page"))
    reads.record(viewer=viewer, rows=page.rows, view="indicators", now=now)
    context = {
        "person": person,
        "form": form,
        "opens": viewer.may(Permission.NEED_RESTRICTED),
        "page": page,
        "crumbs": [(_("People"), reverse("people")), (person.number, reverse("individual", args=[pk]))],
    }
    return render(request, "registration/indicators.html", context)


@access.requires(Permission.NEED_RESTRICTED)
@require_http_methods(["GET", "POST"])
def indicators(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """One assessment: what was seen and where each sign comes from; remove it with a reason."""
    viewer, now = request.viewer, timezone.now()
    found: Any = IndicatorAssessment.objects.visible_to(viewer).select_related(
        "individual", "assessed_by", "removed_by"
    )
    one: IndicatorAssessment = get_object_or_404(found, pk=pk)
    form = None if one.removed_at else RemovalForm(request.POST or None)
    if request.method == "POST" and form is not None and form.is_valid():
        with told_on(form):
            acts.remove(assessment=one, reason=form.cleaned_data["reason"], by=viewer, now=now)
            messages.success(request, _("Removed. The need that it led to is reviewed as every other."))
            return redirect("indicators", pk)
    reads.record(viewer=viewer, rows=[one], view="indicators", now=now)
    person = one.individual
    context = {
        "one": one,
        "signs": [CODES[code] for code in one.indicators if code in CODES],
        "removal": Opener([person.pk]).fact(one, "removal"),
        "form": form,
        "crumbs": [
            (_("People"), reverse("people")),
            (person.number, reverse("individual", args=[person.pk])),
            (_("Signs of trafficking or smuggling"), reverse("indicators-of", args=[person.pk])),
        ],
    }
    return render(request, "registration/indicator.html", context)
