"""Which rescues at sea does the agency know of, who came ashore, and by when is what due?"""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from agencies import access
from agencies.access import Permission, Viewer
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from refugeecm.core.deadlines.calendars import Calendar
from refugeecm.core.deadlines.counting import Counted, bounds, count
from refugeecm.core.deadlines.rules import rule
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_on
from refugeecm.core.templatetags.ui import country, figure, fmt_date, fmt_time
from registration.actions import incidents as acts
from registration.actions.ledger import age_band
from registration.enums import Sex
from registration.forms.groups import BANDS
from registration.forms.incidents import IncidentForm, SurvivorsForm
from registration.models import Individual, SeaIncident
from registration.rules.rescues import BOUND, STARTED
from registration.search import Unknown, people_numbered

_BANDS = (*BANDS, "")


def _own(request: ViewedRequest, pk: uuid.UUID) -> SeaIncident:
    visible = SeaIncident.objects.visible_to(request.viewer).select_related("event")
    found: SeaIncident = get_object_or_404(visible, pk=pk)
    return found


def _above(*further: tuple[str, str]) -> list[tuple[Any, str]]:
    return [(_("Events"), reverse("events")), (_("Rescues at sea"), reverse("incidents")), *further]


@access.requires(Permission.PERSON_READ)
@require_safe
def index(request: ViewedRequest) -> HttpResponse:
    """The agency's rescues, newest first."""
    found = SeaIncident.objects.visible_to(request.viewer).annotate(registered=Count("survivors"))
    page = page_of(found.order_by("-happened_at", "-pk"), number=request.GET.get("page"))
    rows = [(one, sum(sum(bands.values()) for bands in one.counted.values())) for one in page.rows]
    return render(
        request, "registration/incidents.html", {"page": page, "rows": rows, "crumbs": _above()[:1]}
    )


@access.requires(Permission.PERSON_REGISTER)
@require_http_methods(["GET", "POST"])
def new(request: ViewedRequest) -> HttpResponse:
    """Write a rescue down."""
    return _form(request, None)


@access.requires(Permission.PERSON_REGISTER)
@require_http_methods(["GET", "POST"])
def change(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Write down what is known better since."""
    return _form(request, _own(request, pk))


def _form(request: ViewedRequest, incident: SeaIncident | None) -> HttpResponse:
    form = IncidentForm(request.POST or None, incident=incident)
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            made = acts.record(facts=form.facts(), by=request.viewer, now=timezone.now(), incident=incident)
            messages.success(request, _("Written down."))
            return redirect("incident", made.pk)
    back = reverse("incident", args=[incident.pk]) if incident else reverse("incidents")
    context = {
        "form": form,
        "incident": incident,
        "sexes": [Sex.FEMALE.label, Sex.MALE.label, Sex.UNKNOWN.label],
        "back": back,
        "crumbs": _above(*([(incident.reference, back)] if incident else [])),
    }
    return render(request, "registration/incident_form.html", context)


@access.requires(Permission.PERSON_READ)
@require_http_methods(["GET", "POST"])
def detail(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """One rescue: its facts, its people by sex and age, and what its landing starts; name those who are registered."""
    incident, viewer, now = _own(request, pk), request.viewer, timezone.now()
    records = viewer.may(Permission.PERSON_REGISTER)
    form = SurvivorsForm(request.POST or None) if records else None
    unknown: list[Unknown] = []
    if request.method == "POST" and form is not None and form.is_valid():
        found, unknown = people_numbered(form.cleaned_data["numbers"], viewer=viewer)
        people = {one.pk: one for group in found.values() for one in group}
        with told_on(form):
            fresh = acts.link(incident=incident, people=people.values(), by=viewer, now=now)
            said = ngettext("%(n)s person is named.", "%(n)s people are named.", fresh)
            messages.success(request, said % {"n": figure(fresh)})
            if not unknown:
                return redirect("incident", pk)
    survivors = _survivors(incident, viewer)
    page = page_of(survivors.order_by("pk"), number=request.GET.get("page"))
    reads.record(viewer=viewer, rows=page.rows, view="incident", now=now)
    counts = _counts(incident, survivors)
    context = {
        "incident": incident,
        "facts": _facts(incident),
        "form": form,
        "unknown": unknown,
        "page": page,
        "bands": [
            (band, [counts[sex, band] for sex in Sex])
            for band in _BANDS
            if any(counts[sex, band] for sex in Sex)
        ],
        "sexes": [one.label for one in Sex],
        "alive": counts.total(),
        "due": _due(incident),
        "crumbs": _above(),
    }
    return render(request, "registration/incident.html", context)


def _survivors(incident: SeaIncident, viewer: Viewer) -> Any:
    """Return who is named, or if an event is theirs, everybody of it as well, as far as the viewer may see them."""
    own = Individual.objects.visible_to(viewer).filter(agency_id=viewer.agency_id, merged_into=None)
    named = own.filter(rescues__incident=incident)
    return (
        own.filter(pk__in=named.values("pk")) | own.filter(event=incident.event_id)
        if incident.event_id
        else named
    )


def _counts(incident: SeaIncident, survivors: Any) -> Counter[tuple[str, str]]:
    """Return {(sex, age band): people}: those registered, by their age on that day, and those who were only counted."""
    found: Counter[tuple[str, str]] = Counter()
    rows = survivors.order_by().values_list("sex", "birth_date").annotate(n=Count("pk"))
    for sex, born, people in rows:
        found[sex, age_band(born, timezone.localdate(incident.happened_at))] += people
    for sex, bands in incident.counted.items():
        for band, people in bands.items():
            found[sex, band] += people
    return found


def _facts(one: SeaIncident) -> list[tuple[Any, Any]]:
    position = f"{one.latitude}, {one.longitude}" if one.latitude is not None else ""

    def at(moment: datetime | None, text: str) -> Any:
        return format_html("{} · {}", text, _plain(moment)) if moment and text else text or _plain(moment)

    return [
        (_("Rescued at"), _plain(one.happened_at)),
        (_("Position"), position),
        (_("Vessel"), one.vessel),
        (_("Flag state"), country(one.flag) if one.flag else ""),
        (_("Rescue coordination centre"), one.mrcc),
        (_("Place of safety requested"), at(one.safety_requested_at, one.safety_requested_of)),
        (_("Place of safety"), at(one.safety_assigned_at, one.safety_assigned)),
        (_("Disembarked"), at(one.disembarked_at, one.port)),
        (_("Country of disembarkation"), country(one.country) if one.country else ""),
        (_("Event"), one.event.name if one.event else ""),
    ]


def _plain(moment: datetime | None) -> Any:
    return fmt_time(moment) if moment else ""


def _due(one: SeaIncident) -> list[dict[str, Any]]:
    """Return what the landing starts where the acts of the Union bind: what, by when, by which article."""
    if one.disembarked_at is None or one.country not in BOUND:
        return []
    calendar, names = (
        Calendar(one.country),
        {
            "SCR-1": _("Screening ends"),
            "EUR-2": _("Fingerprints and facial image are sent to Eurodac"),
        },
    )
    found = []
    for name in STARTED:
        found_rule = rule(name, on=one.disembarked_at)
        if found_rule.applies_on(one.disembarked_at.date()):
            ends = bounds(found_rule, one.disembarked_at, calendar).values()
            found.append(
                {
                    "label": names[name],
                    "end": _end(count(found_rule, one.disembarked_at, calendar)),
                    "later": [_end(other) for other in ends],
                    "article": found_rule.article,
                }
            )
    return found


def _end(counted: Counted) -> Any:
    return fmt_time(counted.until) if counted.until else fmt_date(counted.legal_end)
