"""Where was a person protected before: the page that says so and takes it down?"""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from agencies import access
from agencies.access import Permission, Sight
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_on, told_to
from refugeecm.core.templatetags.ui import country
from registration.actions import elsewhere as acts
from registration.actions.sealing import Opener
from registration.forms.incidents import ElsewhereForm
from registration.models import Individual, PriorProtection
from registration.views.exceptions import own_person

SHOWN = ("country", "held", "number", "evidence", "reason")


@access.requires(Permission.PERSON_READ)
@require_http_methods(["GET", "POST"])
def elsewhere(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """The countries that protected a person before, as far as the viewer may see them; record another one."""
    viewer, now = request.viewer, timezone.now()
    seen = Individual.objects.visible_to(viewer).with_shown_classes(viewer)
    person: Individual = get_object_or_404(seen, pk=pk)
    records = person.agency_id == viewer.agency_id and viewer.may(Permission.PERSON_REGISTER)
    form = ElsewhereForm(request.POST or None) if records else None
    if request.method == "POST":
        own = own_person(request, pk)
        if form is not None and form.is_valid():
            with told_on(form):
                acts.record(individual=own, by=viewer, now=now, **form.cleaned_data)
                messages.success(request, _("Recorded. Nothing follows from it by itself."))
                return redirect("elsewhere", pk)
    rows = PriorProtection.objects.visible_to(viewer).with_shown_classes(viewer).filter(individual=person)
    page = page_of(rows.order_by("-pk"), number=request.GET.get("page"))
    reads.record(viewer=viewer, rows=[person], beside=page.rows, view="elsewhere", now=now)
    opener, sights = Opener([pk]), [(one, Sight(one, viewer)) for one in page.rows]
    number = Sight(person, viewer)("number")
    context = {
        "person": person,
        "number": number,
        "form": form,
        "page": page,
        # Of a row of which nothing is shared, a partner does not learn that it is there.
        "lines": [_line(one, see, opener) for one, see in sights if see.sees(*SHOWN)],
        "crumbs": [(_("People"), reverse("people")), (number, reverse("individual", args=[pk]))],
    }
    return render(request, "registration/elsewhere.html", context)


def _line(one: PriorProtection, see: Sight, opener: Opener) -> dict[str, object]:
    return {
        "pk": one.pk,
        "country": see("country", lambda row: country(row.country)),
        "held": see("held"),
        "number": see("number", lambda row: opener.fact(row, "number")),
        "evidence": see("evidence"),
        "reason": see("reason"),
        "recorded_at": one.recorded_at,
    }


@access.requires(Permission.PERSON_REGISTER)
@require_POST
def elsewhere_remove(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Take back what was recorded by mistake."""
    own = PriorProtection.objects.visible_to(request.viewer).filter(agency_id=request.viewer.agency_id)
    found: PriorProtection = get_object_or_404(own.select_related("individual"), pk=pk)
    person = found.individual_id
    with told_to(request, _("Taken back. The history keeps that it stood here.")):
        acts.remove(protection=found, by=request.viewer, now=timezone.now())
    return redirect("elsewhere", person)
