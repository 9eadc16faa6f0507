"""Which pages are there about the specific needs of a person?"""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_on, told_to
from registration.actions import needs
from registration.actions.sealing import Opener
from registration.enums import NeedStatus
from registration.forms.needs import NeedForm
from registration.models import Individual, SpecificNeed
from registration.reports import need_line, needs_of


def _person(request: ViewedRequest, pk: uuid.UUID) -> Individual:
    own = Individual.objects.visible_to(request.viewer).filter(agency_id=request.viewer.agency_id)
    found: Individual = get_object_or_404(own, pk=pk)
    return found


@access.requires(Permission.NEED_RECORD)
@require_http_methods(["GET", "POST"])
def need_new(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Record a need of a person."""
    person, form = _person(request, pk), NeedForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            flag = needs.Flag(individual_id=pk, **form.cleaned_data)
            needs.flag(flags=[flag], by=request.viewer, now=timezone.now())
            # The same words whether it was there before: who may not open restricted needs does not learn of them.
            messages.success(
                request, _("The need is recorded. A restricted one is seen by those who may open it.")
            )
            return redirect("individual", pk)
    context = {
        "form": form,
        "title": _("Record a specific need"),
        "action": pgettext("verb", "Record"),
        "back": reverse("individual", args=[pk]),
        "of": person.number,
        "lead": _("A suspicion is enough: somebody reviews it later."),
        "crumbs": [(_("People"), reverse("people")), (person.number, reverse("individual", args=[pk]))],
    }
    return render(request, "registration/exception_form.html", context)


@access.requires(Permission.NEED_RECORD)
@require_POST
def need_review(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Send a need to review, confirm, dismiss or resolve it."""
    mine = SpecificNeed.objects.visible_to(request.viewer).filter(agency_id=request.viewer.agency_id)
    need: SpecificNeed = get_object_or_404(mine, pk=pk)
    with told_to(request, _("Noted.")):
        needs.review(need=need, to=request.POST.get("to", ""), by=request.viewer, now=timezone.now())
    return redirect("needs-restricted" if need.restricted else "individual", need.individual_id)


@access.requires(Permission.NEED_RECORD)
@require_POST
def need_suggested(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Confirm or dismiss what the composition of the group suggests about a person."""
    person, viewer, now = _person(request, pk), request.viewer, timezone.now()
    group = Individual.objects.visible_to(viewer).filter(household=person.household_id)[:200]
    found = needs_of(list(group), viewer, today=timezone.localdate(now))[pk].suggested
    code = request.POST.get("code", "")
    if code not in dict(found):
        messages.error(request, _("This is no longer suggested. Reload the page to see what changed."))
        return redirect("individual", pk)
    confirmed = request.POST.get("answer") == "confirm"
    with told_to(request, _("Confirmed.") if confirmed else _("Dismissed. It is not suggested again.")):
        status = NeedStatus.CONFIRMED if confirmed else NeedStatus.DISMISSED
        needs.flag(flags=[needs.Flag(pk, code)], by=viewer, now=now, status=status)
    return (
        redirect("household", person.household_id)
        if request.POST.get("family")
        else redirect("individual", pk)
    )


@access.requires(Permission.NEED_RESTRICTED)
@require_safe
def restricted(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Open the restricted needs of a person; who did is recorded."""
    person, viewer, now = _person(request, pk), request.viewer, timezone.now()
    rows = SpecificNeed.objects.visible_to(viewer).filter(individual=person, restricted=True)
    page = page_of(rows.order_by("-pk"), number=request.GET.get("page"))
    if not page.rows:
        raise Http404
    reads.record(viewer=viewer, rows=page.rows, view="needs-restricted", now=now)
    opener = Opener([pk])
    context = {
        "person": person,
        "page": page,
        "lines": [need_line(one, viewer, opener=opener) for one in page.rows],
        "crumbs": [(_("People"), reverse("people")), (person.number, reverse("individual", args=[pk]))],
    }
    return render(request, "registration/needs_restricted.html", context)
