"""Which pages are there for tracing relatives: requests, those who may be the ones, and the question put to who was found?"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agencies import access
from agencies.access import Permission, Sight, label
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_on, told_to
from refugeecm.core.templatetags.ui import country, fmt_date
from registration.actions import tracing
from registration.actions.sealing import Opener
from registration.enums import Relationship, TracedStatus, TracingStatus
from registration.forms.tracing import AgreesForm, TracingFilter, TracingForm
from registration.models import Individual, TracingMatch, TracingRequest
from registration.reports import reasons
from registration.views.exceptions import own_person

KINDS = {
    TracedStatus.POSSIBLE: "info",
    TracedStatus.CONFIRMED: "warn",
    TracedStatus.AGREED: "good",
}


def _request(request: ViewedRequest, pk: uuid.UUID) -> TracingRequest:
    rows = TracingRequest.objects.visible_to(request.viewer).select_related("individual")
    found: TracingRequest = get_object_or_404(rows, pk=pk)
    return found


@access.requires(Permission.TRACE)
@require_safe
def index(request: ViewedRequest) -> HttpResponse:
    """Requests of the agency, newest first, and whom of its people it is to ask for others."""
    viewer, filters = request.viewer, TracingFilter(request.GET)
    wanted = filters.cleaned_data["status"] if filters.is_valid() else ""
    found = TracingRequest.objects.visible_to(viewer).select_related("individual")
    if wanted != "all":
        found = found.filter(status=wanted or TracingStatus.OPEN)
    page = page_of(found.order_by("-made_at", "-pk"), number=request.GET.get("page"))
    to_ask = TracingMatch.objects.visible_to(viewer).waiting_for(viewer).select_related("individual")
    waiting = list(to_ask.order_by("-decided_at")[:25])
    reads.record(viewer=viewer, rows=page.rows, view="tracings", now=timezone.now())
    context = {
        "page": page,
        "filters": filters,
        "waiting": waiting,
        "crumbs": [(_("People"), reverse("people"))],
    }
    return render(request, "registration/tracings.html", context)


@access.requires(Permission.TRACE)
@require_http_methods(["GET", "POST"])
def new(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Note whom a person looks for, with their consent, and compare the register."""
    person, now = own_person(request, pk), timezone.now()
    form = TracingForm(request.POST or None, today=timezone.localdate(now))
    if request.method == "POST" and form.is_valid():
        given = {
            name: form.cleaned_data[name]
            for name in ("relationship", "last_seen", "consent_on", "consent_language")
        }
        with told_on(form):
            made = tracing.open_request(
                individual=person, sought=form.sought(), by=request.viewer, now=now, **given
            )
            return redirect("tracing", made.pk)
    context = {
        "form": form, "title": _("Trace a relative"), "action": _("Search"), "back": reverse("individual", args=[pk]),
        "of": person.number,
        "lead": _("Whoever is found is asked first. Before they agree, nobody is told where they are."),
        "crumbs": [(_("Family tracing"), reverse("tracings"))],
    }  # fmt: skip
    return render(request, "registration/exception_form.html", context)


@access.requires(Permission.TRACE)
@require_safe
def detail(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """A request, and who may be the one who is sought: never where they are."""
    viewer, found = request.viewer, _request(request, pk)
    matches = TracingMatch.objects.visible_to(viewer).filter(request=found).select_related("other_agency")
    rows = list(matches.order_by("-score", "pk")[:50])
    people = Individual.objects.visible_to(viewer).with_shown_classes(viewer)
    known = {one.pk: one for one in people.filter(pk__in=[one.individual_id for one in rows])}
    reads.record(viewer=viewer, rows=[found, *known.values()], view="tracing", now=timezone.now())
    context = {
        "tracing": found, "person": found.individual, "facts": _facts(found),
        "active": found.status in {TracingStatus.OPEN, TracingStatus.FOUND},
        "searching": found.status == TracingStatus.OPEN,
        "rows": [_match(one, known[one.individual_id], viewer) for one in rows if one.individual_id in known],
        "crumbs": [(_("Family tracing"), reverse("tracings"))],
    }  # fmt: skip
    return render(request, "registration/tracing.html", context)


def _facts(found: TracingRequest) -> list[tuple[str, Any]]:
    opener = Opener([found.individual_id])
    born = found.birth_date and (
        str(found.birth_date.year) if found.birth_precision == "YEAR" else fmt_date(found.birth_date)
    )
    return [
        (_("Who is sought"), found.get_relationship_display()),
        (_("Name"), found.sought),
        (_("Name in their own script"), found.native_name),
        (_("Mother's name"), found.mother_name),
        (_("Sex"), found.get_sex_display()),
        (_("Born"), born),
        (_("Place of birth"), found.birth_place),
        (_("Nationality"), country(found.nationality) if found.nationality else ""),
        (_("When and where last seen"), opener.fact(found, "last_seen")),
        (_("Consent to tracing given on"), fmt_date(found.consent_on)),
    ]


def _match(match: TracingMatch, person: Individual, viewer: access.Viewer) -> dict[str, Any]:
    """Return what may be shown of who was found: never a place, a household, or how to reach them."""
    sight = Sight(person, viewer)
    said = (
        ("sex", label(person, "sex")),
        ("birth_date", fmt_date(person.birth_date)),
        ("nationality", country(person.nationality)),
        ("birth_place", person.birth_place),
    )
    mine = match.other_agency_id == viewer.agency_id
    # Another agency's person who says no is as one who was not reached: a refusal would tell that it is they.
    hidden = match.status == TracedStatus.REFUSED and not mine
    status = TracedStatus.CONFIRMED if hidden else TracedStatus(match.status)
    return {
        "match": match,
        "status": status.label,
        "name": sight.text("given_name", person.full_name),
        "number": sight.text("number", person.number),
        "facts": [sight.text(field, text) for field, text in said if text and sight.sees(field)],
        "reasons": reasons(match.evidence)[0],
        "agency": "" if mine else match.other_agency.name,
        "mine": mine,
        "kind": KINDS.get(status, "neutral"),
    }


@access.requires(Permission.TRACE)
@require_POST
def act(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Search again, close the request, or note that the seeker took back their consent."""
    found, does = _request(request, pk), request.POST.get("act", "")
    acts: dict[str, Any] = {"search": tracing.search, "close": tracing.close, "withdraw": tracing.withdraw}
    if does in acts:
        with told_to(request, _("Recorded.")):
            acts[does](request=found, by=request.viewer, now=timezone.now())
    return redirect("tracing", pk)


@access.requires(Permission.TRACE)
@require_POST
def decide(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Say that who was found is the one who is sought, or somebody else."""
    mine = TracingMatch.objects.visible_to(request.viewer).filter(agency_id=request.viewer.agency_id)
    match: TracingMatch = get_object_or_404(mine, pk=pk)
    with told_to(request, _("Recorded.")):
        tracing.decide(match=match, to=request.POST.get("to", ""), by=request.viewer, now=timezone.now())
    return redirect("tracing", match.request_id)


@access.requires(Permission.TRACE)
@require_http_methods(["GET", "POST"])
def traced(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Ask a person of one's own who may be sought by somebody, and note what they say; who searches is led to the request."""
    viewer, now = request.viewer, timezone.now()
    match: TracingMatch = get_object_or_404(
        TracingMatch.objects.visible_to(viewer).select_related("individual"), pk=pk
    )
    if match.other_agency_id != viewer.agency_id or (
        match.agency_id == viewer.agency_id and match.status == TracedStatus.POSSIBLE
    ):
        return redirect("tracing", match.request_id)
    form = AgreesForm(request.POST or None)
    if request.method == "POST" and request.POST.get("act") == "take_back":
        with told_to(request, _("Recorded. The links are gone from both records.")):
            tracing.take_back(match=match, by=viewer, now=now)
        return redirect("traced", pk)
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            tracing.answer(match=match, agrees=form.cleaned_data["agrees"] == "yes", by=viewer, now=now)
            messages.success(request, _("Recorded."))
            return redirect("traced", pk)
    reads.record(viewer=viewer, rows=[match.individual], view="traced", now=now)
    shown = match.shown
    context = {
        "match": match, "person": match.individual, "form": form, "name": shown.get("name", ""),
        "relationship": Relationship(shown["relationship"]).label if shown else "",
        "kind": KINDS.get(TracedStatus(match.status), "neutral"),
        "asks": match.status == TracedStatus.CONFIRMED, "agreed": match.status == TracedStatus.AGREED,
        "action": pgettext("verb", "Record"),
        "crumbs": [(_("Family tracing"), reverse("tracings"))],
    }  # fmt: skip
    return render(request, "registration/traced.html", context)
