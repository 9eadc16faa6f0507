"""Which groups were only counted, how is one counted, and where does a group live?"""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_on, told_to
from registration.actions import places, preregistration
from registration.forms.groups import GroupForm, PlaceForm
from registration.models import Household
from registration.rules.counts import total
from registration.views.exceptions import own_household


@access.requires(Permission.PERSON_REGISTER)
@require_safe
def groups(request: ViewedRequest) -> HttpResponse:
    """The groups of the agency whose members are still to be registered one by one, those who arrived first at the head."""
    viewer = request.viewer
    waiting = Household.objects.visible_to(viewer).filter(agency_id=viewer.agency_id).to_register()
    page = page_of(
        waiting.select_related("event").order_by("arrived_on", "pk"), number=request.GET.get("page")
    )
    reads.record(viewer=viewer, rows=page.rows, view="groups", now=timezone.now())
    context = {
        "page": page,
        "rows": [(one, total(one.counted)) for one in page.rows],
        "today": timezone.localdate(),
        "crumbs": [(_("Registration"), reverse("registration"))],
    }
    return render(request, "registration/groups.html", context)


@access.requires(Permission.PERSON_REGISTER)
@require_http_methods(["GET", "POST"])
def group_new(request: ViewedRequest) -> HttpResponse:
    """Count a group by sex and age, with the name of somebody to ask for."""
    form = GroupForm(request.POST or None, initial={"arrived_on": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            group = preregistration.count_group(by=request.viewer, now=timezone.now(), **form.facts())
            messages.success(
                request,
                _("Counted: %(number)s. Its members are registered later.") % {"number": group.number},
            )
            return redirect("groups")
    context = {"form": form, "crumbs": [(_("Groups to register"), reverse("groups"))]}
    return render(request, "registration/group_form.html", context)


@access.requires(Permission.PERSON_REGISTER)
@require_POST
def count_end(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Note that nobody else of a counted group comes."""
    with told_to(request, _("Nobody else of this group is waited for.")):
        preregistration.end_count(group=own_household(request, pk), by=request.viewer, now=timezone.now())
    return redirect("household", pk)


@access.requires(Permission.PERSON_REGISTER)
@require_http_methods(["GET", "POST"])
def place(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Say where a group lives and where it comes from."""
    own = Household.objects.visible_to(request.viewer).filter(agency_id=request.viewer.agency_id)
    household = get_object_or_404(own.select_related("area"), pk=pk)
    standing = {
        "area": household.area.pcode if household.area else "",
        "origin_country": household.origin_country,
    }
    form = PlaceForm(request.POST or None, initial=standing)
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            places.settle(household=household, by=request.viewer, now=timezone.now(), **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("household", pk)
    back = reverse("household", args=[pk])
    context = {
        "form": form,
        "title": _("Place of residence and origin"),
        "action": _("Save"),
        "back": back,
        "of": household.number,
        "crumbs": [(_("People"), reverse("people")), (household.number, back)],
    }
    return render(request, "registration/exception_form.html", context)
