"""Who waits at this place today, who is called next, and what paper do they hold?"""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_on, told_to
from registration.actions import queue as acts
from registration.enums import TokenStatus
from registration.forms.desk import AppointmentForm, TokenForm
from registration.models import DeskDraft, Household, QueueToken
from registration.views.desk import crumbs, event_of, standing_of
from registration.views.slips import WRITTEN


@require_http_methods(["GET", "POST"])
@access.requires(Permission.PERSON_REGISTER)
def queue(request: ViewedRequest) -> HttpResponse:
    """Show who waits at the place where this desk stands; give the next number."""
    viewer, now = request.viewer, timezone.now()
    standing, today = standing_of(request), timezone.localdate(now)
    event = event_of(standing)
    if event is None:
        messages.info(request, _("Say first where this desk stands."))
        return redirect("registration")
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            token = acts.give(
                place=standing["site"], day=today, event=event, by=viewer, now=now, today=today, **form.cleaned_data
            )  # fmt: skip
            return redirect("queue-token", token.pk)
    found = QueueToken.objects.visible_to(viewer).filter(place=standing["site"], day=today)
    waiting = found.filter(status=TokenStatus.WAITING)
    page = page_of(waiting.order_by("-priority", "number"), number=request.GET.get("page"))
    called = list(found.filter(status=TokenStatus.CALLED).order_by("-called_at", "number")[:25])
    begun = dict(DeskDraft.objects.visible_to(viewer).filter(token__in=called).values_list("token_id", "pk"))
    context = {
        "form": form,
        "page": page,
        "called": [(one, begun.get(one.pk)) for one in called],
        "missed": found.filter(status=TokenStatus.MISSED).order_by("number")[:25],
        "place": standing["site"],
        "today": today,
        "crumbs": crumbs(),
    }
    return render(request, "registration/queue.html", context)


@require_POST
@access.requires(Permission.PERSON_REGISTER)
def queue_next(request: ViewedRequest) -> HttpResponse:
    """Call the next number."""
    now, place = timezone.now(), standing_of(request).get("site", "")
    token = acts.call_next(place=place, day=timezone.localdate(now), by=request.viewer, now=now)
    if token is None:
        messages.info(request, _("Nobody waits."))
    else:
        messages.success(request, _("Number %(number)s is called.") % {"number": token.number})
    return redirect("queue")


@require_http_methods(["GET", "POST"])
@access.requires(Permission.PERSON_REGISTER)
def token(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a number as the paper that people hold; note that it is called again, or that nobody came."""
    found: QueueToken = get_object_or_404(
        QueueToken.objects.visible_to(request.viewer).select_related("household"), pk=pk
    )
    if request.method == "POST":
        to = request.POST.get("to")
        if to in {TokenStatus.CALLED, TokenStatus.MISSED}:
            with told_to(request):
                acts.set_status(token=found, to=to, by=request.viewer, now=timezone.now())
        return redirect("queue")
    context = {"token": found, "written": WRITTEN, "agency": request.viewer.agency}
    return render(
        request, "registration/token.html", {**context, "crumbs": [*crumbs(), (_("Queue"), reverse("queue"))]}
    )


@require_http_methods(["GET", "POST"])
@access.requires(Permission.PERSON_REGISTER)
def appointment(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask when a family shall come again, and give it a number for that day."""
    viewer, now = request.viewer, timezone.now()
    visible = Household.objects.visible_to(viewer).filter(agency_id=viewer.agency_id)
    household: Household = get_object_or_404(visible.select_related("event"), pk=pk)
    today: date = timezone.localdate(now)
    form = AppointmentForm(request.POST or None, initial={"place": household.site})
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            given: dict[str, Any] = form.cleaned_data
            people = household.members.active().count() or 1
            acts.give(
                **given, people=people, event=household.event, household=household, by=viewer, now=now, today=today
            )  # fmt: skip
            messages.success(request, _("It stands on the slip now."))
            return redirect("slip", household.pk)
    above = [(household.number, reverse("household", args=[pk]))]
    return render(
        request, "registration/appointment.html", {"form": form, "household": household, "crumbs": above}
    )
