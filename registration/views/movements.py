"""Who arrived, left, came back or moved, and who is at a site: the pages of families and of gates?"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_on
from refugeecm.core.templatetags.ui import figure
from registration.actions import movements as acts
from registration.enums import COUNTED
from registration.forms.movements import GateForm, MovementForm, PresentForm, SiteForm
from registration.models import Individual, Movement, Presence
from registration.search import Unknown, people_numbered
from registration.views.desk import crumbs, standing_of
from registration.views.exceptions import own_household

SPANS = (1, 7, 30, 90)  # days that the list of a site looks back
MEMBERS = 200


@access.requires(Permission.PERSON_REGISTER)
@require_http_methods(["GET", "POST"])
def movements(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """What is known of where a group went, newest first; record more. `?member=` says of whom."""
    house, viewer, now = own_household(request, pk), request.viewer, timezone.now()
    seen = Individual.objects.visible_to(viewer).filter(household=house, merged_into=None)
    people = list(seen.order_by("pk")[:MEMBERS])
    form = MovementForm(
        request.POST or None, people=people, today=timezone.localdate(now),
        initial={"members": request.GET.getlist("member") or [str(one.pk) for one in people]},
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            closed = acts.record(by=viewer, now=now, **form.facts())
            messages.success(request, _("Recorded."))
            if closed:
                said = _("The record of %(people)s is closed and stays so: a supervisor opens it again.")
                messages.warning(request, said % {"people": ", ".join(one.full_name for one in closed)})
            return redirect("movements", pk)
    found = Movement.objects.visible_to(viewer).filter(individual__in=people)
    page = page_of(
        found.select_related("individual", "noted_by").order_by("-on", "-pk"), number=request.GET.get("page")
    )
    days = Presence.objects.visible_to(viewer).filter(individual__in=people).select_related("individual")
    reads.record(viewer=viewer, rows=people, beside=page.rows, view="movements", now=now)
    above = reverse("household", args=[pk])
    context = {
        "form": form,
        "household": house,
        "page": page,
        "seen": days.order_by("-day", "-last_seen")[:20],
        "crumbs": [(_("People"), reverse("people")), (house.number, above)],
    }
    return render(request, "registration/movements.html", context)


@access.requires(Permission.PERSON_REGISTER)
@require_http_methods(["GET", "POST"])
def presence(request: ViewedRequest) -> HttpResponse:
    """Check people in at a gate by number, one or a list; who was here in the last days, and how many on each."""
    viewer, now = request.viewer, timezone.now()
    site = request.GET.get("site") or standing_of(request).get("site", "")
    if not site or "change" in request.GET:
        context = {"form": SiteForm(initial={"site": site}), "crumbs": crumbs()}
        return render(request, "registration/presence_site.html", context)
    span = next((one for one in SPANS if str(one) == request.GET.get("days")), SPANS[1])
    listed = "numbers" in request.POST
    gate, many = (
        GateForm(None if listed else request.POST or None),
        PresentForm(request.POST if listed else None),
    )
    unknown: list[Unknown] = []
    if request.method == "POST":
        form: Any = many if listed else gate
        if form.is_valid():
            with told_on(form):
                unknown = _see(request, form.cleaned_data, site)
                if not unknown:
                    return redirect(f"{reverse('presence')}?{urlencode({'site': site, 'days': span})}")
                if not listed:
                    form.add_error("number", unknown[0].why)
    since = timezone.localdate(now) - timedelta(days=span - 1)
    found = Presence.objects.visible_to(viewer).seen(site=site, since=since)
    page = page_of(
        found.select_related("individual__household").order_by("-last_seen", "-pk"),
        number=request.GET.get("page"),
    )
    reads.record(viewer=viewer, rows=[one.individual for one in page.rows], view="presence", now=now)
    context = {
        "gate": gate,
        "many": many,
        "unknown": unknown if listed else [],
        "site": site,
        "span": span,
        "tabs": [_tab(site, one, span) for one in SPANS],
        "page": page,
        "days": found.by_day(),
        "crumbs": crumbs(),
    }
    return render(request, "registration/presence.html", context)


def _see(request: ViewedRequest, given: Mapping[str, Any], site: str) -> list[Unknown]:
    """Write who is there, tell of whom, and return the numbers that name nobody."""
    numbers = given["numbers"] if "numbers" in given else [given["number"].strip().upper()]
    found, unknown = people_numbered(numbers, viewer=request.viewer)
    people = {one.pk: one for members in found.values() for one in members}
    if people:
        leaving = bool(given.get("leaving"))
        acts.see(people=people.values(), site=site, by=request.viewer, now=timezone.now(), leaving=leaving)
        _tell(request, list(people.values()), leaving=leaving)
    return unknown


def _tell(request: ViewedRequest, people: Sequence[Individual], *, leaving: bool) -> None:
    named = ", ".join(f"{one.full_name} ({one.number})" for one in people[:8])
    if len(people) > 8:
        count = ngettext("%(n)s person", "%(n)s people", len(people)) % {"n": figure(len(people))}
        named = f"{count}: {named} …"
    messages.success(request, (_("Left: %(who)s") if leaving else _("Here: %(who)s")) % {"who": named})
    away = _not_counted(people)
    if away and not leaving:
        said = _("Not active: %(who)s. If they came back, record it in their file.")
        messages.warning(request, said % {"who": ", ".join(one.number for one in away[:20])})


def _not_counted(people: Iterable[Individual]) -> list[Individual]:
    return [one for one in people if one.process_status not in COUNTED]


def _tab(site: str, days: int, current: int) -> dict[str, Any]:
    label = _("Today") if days == 1 else ngettext("%(n)s day", "%(n)s days", days) % {"n": figure(days)}
    query = urlencode({"site": site, "days": days})
    return {"label": label, "url": f"{reverse('presence')}?{query}", "current": days == current}
