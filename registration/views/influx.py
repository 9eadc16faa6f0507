"""Which pages are there about influx events: the list, one event, what is proposed and decided, and its entry points?"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agencies import access
from agencies.access import Permission, Viewer, label
from agencies.access.declaration import ViewedRequest
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import allows, told_on, told_to
from refugeecm.core.templatetags.ui import country, figure, fmt_date, fmt_time
from registration import policies
from registration.actions import events, influx
from registration.enums import INFLUX_MOVES, InfluxStatus
from registration.forms.influx import EntryPointForm, EventForm, ProposalForm
from registration.models import EntryPoint, InfluxEvent

KINDS = {
    InfluxStatus.ALERT: "warn",
    InfluxStatus.DECLARED: "bad",
    InfluxStatus.SCALED_DOWN: "info",
}


def _crumbs(*further: tuple[str, str]) -> list[tuple[Any, str]]:
    return [(_("Events"), reverse("events")), *further]


def _event(pk: int) -> InfluxEvent:
    found = InfluxEvent.objects.select_related("agency", "proposed_by", "approved_by", "approved_again_by")
    return get_object_or_404(found, pk=pk)


def _own(request: ViewedRequest, pk: int) -> InfluxEvent:
    """Return an event that the viewer's agency keeps. That others keep theirs is public; what they do with them is not offered."""
    event = _event(pk)
    if event.agency_id != request.viewer.agency_id:
        raise Http404
    return event


@access.requires(Permission.EVENT_READ)
@require_safe
def index(request: ViewedRequest) -> HttpResponse:
    """List the events of all agencies: those that are declared first, then the newest."""
    found = InfluxEvent.objects.offered().select_related("agency")
    if request.GET.get("closed"):
        found = InfluxEvent.objects.filter(status=InfluxStatus.CLOSED).order_by("-ended_at", "-pk")
    page = page_of(found.select_related("agency"), number=request.GET.get("page"))
    rows = [(one, KINDS.get(InfluxStatus(one.status), "neutral"), _countries(one)) for one in page.rows]
    closed = bool(request.GET.get("closed"))
    return render(request, "registration/events.html", {"page": page, "rows": rows, "closed": closed})


@access.requires(Permission.EVENT_PROPOSE)
@require_http_methods(["GET", "POST"])
def new(request: ViewedRequest) -> HttpResponse:
    """Draft an event."""
    form = EventForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            made = events.draft(by=request.viewer, now=timezone.now(), **form.cleaned_data)
            return redirect("event", made.pk)
    lead = _(
        "A draft is an occasion on which people arrive. Declaring it takes a proposal and two more people."
    )
    return _form(request, form, _("A new event"), _("Make the draft"), reverse("events"), lead=lead)


@access.requires(Permission.EVENT_READ)
@require_safe
def detail(request: ViewedRequest, pk: int) -> HttpResponse:
    """Show one event, and what can be done with it now."""
    event, viewer = _event(pk), request.viewer
    own = event.agency_id == viewer.agency_id
    declares = own and viewer.may(Permission.EVENT_DECLARE)
    context = {
        "event": event,
        "kind": KINDS.get(InfluxStatus(event.status), "neutral"),
        "facts": _facts(event, viewer),
        "points": event.entry_points.select_related("area").order_by("name")[:100],
        "may_keep": own and viewer.may(Permission.EVENT_PROPOSE),
        "can_propose": own and viewer.may(Permission.EVENT_PROPOSE) and event.status == InfluxStatus.DRAFT,
        "can_approve": event.status == InfluxStatus.ALERT
        and allows(policies.check_declare, event=event, by=viewer),
        "moves": [one for one in _changes(event) if declares],
        "crumbs": _crumbs(),
    }
    return render(request, "registration/event.html", context)


def _changes(event: InfluxEvent) -> list[tuple[str, str]]:
    """Return (status, label of the button) of what one person may change; to declare a proposal takes two, elsewhere."""
    labels = {
        InfluxStatus.DRAFT: _("Send back to the draft"),
        InfluxStatus.SCALED_DOWN: _("Scale down"),
        InfluxStatus.CLOSED: _("Close the event"),
    }
    if event.status == InfluxStatus.SCALED_DOWN:
        labels[InfluxStatus.DECLARED] = _("Scale up again")
    return [(to, said) for to, said in labels.items() if to in INFLUX_MOVES[event.status]]


def _countries(event: InfluxEvent) -> str:
    return ", ".join(country(one) for one in event.origins)


def _facts(event: InfluxEvent, viewer: Viewer) -> list[tuple[Any, ...]]:
    within = event.registered_within
    facts: list[tuple[Any, ...]] = [
        (_("Kept by"), event.agency.name),
        (_("Country of asylum"), country(event.country)),
        (_("Short name"), event.slug, "ltr"),
        (_("Basis"), label(event, "basis")),
        (_("Countries of origin"), _countries(event)),
        (_("Expected arrivals"), figure(event.expected) if event.expected else ""),
        (_("Level of registration"), label(event, "level")),
        (
            _("Time to register"),
            ngettext("within %(days)s day of arrival", "within %(days)s days of arrival", within) % {"days": within}
            if within
            else "",
        ),
        (_("Declared on"), fmt_time(event.declared_at) if event.declared_at else ""),
        (_("Ended"), fmt_date(event.ended_at) if event.ended_at else ""),
    ]  # fmt: skip
    if event.agency_id == viewer.agency_id:  # who works there is the agency's own affair
        for said, who in (
            (_("Proposed by"), event.proposed_by),
            (_("Approved by"), event.approved_by),
            (_("Approved by, too"), event.approved_again_by),
        ):
            facts.append((said, who.name if who else ""))
    return [one for one in facts if one[1]]


@access.requires(Permission.EVENT_PROPOSE)
@require_http_methods(["GET", "POST"])
def propose(request: ViewedRequest, pk: int) -> HttpResponse:
    """Propose to declare a draft."""
    event = _own(request, pk)
    form = ProposalForm(request.POST or None, initial={"level": event.level})
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            influx.propose(event=event, by=request.viewer, now=timezone.now(), **form.cleaned_data)
            messages.success(request, _("Proposed. Two more people of your agency have to approve it."))
            return redirect("event", pk)
    return _form(
        request, form, _("Propose to declare"), _("Propose"), reverse("event", args=[pk]), of=event,
        lead=_("Two supervisors or decision makers of your agency, who did not propose it, approve it; then it is declared."),
    )  # fmt: skip


@access.requires(Permission.EVENT_DECLARE)
@require_POST
def approve(request: ViewedRequest, pk: int) -> HttpResponse:
    """Approve a proposal."""
    event = _own(request, pk)
    with told_to(request):
        influx.approve(event=event, by=request.viewer, now=timezone.now())
        declared = event.status == InfluxStatus.DECLARED
        messages.success(
            request, _("The event is declared.") if declared else _("Approved. One more person has to.")
        )
    return redirect("event", pk)


@access.requires(Permission.EVENT_DECLARE)
@require_POST
def change(request: ViewedRequest, pk: int) -> HttpResponse:
    """Send a proposal back, scale an event down or up again, or close it."""
    with told_to(request, _("Noted.")):
        influx.change(
            event=_own(request, pk), to=request.POST.get("to", ""), by=request.viewer, now=timezone.now()
        )
    return redirect("event", pk)


@access.requires(Permission.EVENT_PROPOSE)
@require_http_methods(["GET", "POST"])
def entry_point_new(request: ViewedRequest, pk: int) -> HttpResponse:
    """Add an entry point."""
    return _entry_point(request, _own(request, pk), None)


@access.requires(Permission.EVENT_PROPOSE)
@require_http_methods(["GET", "POST"])
def entry_point(request: ViewedRequest, pk: int) -> HttpResponse:
    """Change an entry point."""
    point = get_object_or_404(EntryPoint, pk=pk, event__agency_id=request.viewer.agency_id)
    return _entry_point(request, _own(request, point.event_id), point)


def _entry_point(request: ViewedRequest, event: InfluxEvent, point: EntryPoint | None) -> HttpResponse:
    standing = {"area": point.area.pcode if point.area else ""} if point else {}
    form = EntryPointForm(request.POST or None, initial=vars(point) | standing if point else None)
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            now = timezone.now()
            influx.set_entry_point(event=event, point=point, by=request.viewer, now=now, **form.cleaned_data)
            return redirect("event", event.pk)
    title = _("Change the entry point") if point else _("Add an entry point")
    return _form(request, form, title, _("Save"), reverse("event", args=[event.pk]), of=event)


def _form(
    request: ViewedRequest,
    form: Any,
    title: str,
    action: str,
    back: str,
    *,
    lead: str = "",
    of: InfluxEvent | None = None,
) -> HttpResponse:
    crumbs = _crumbs((of.name, back)) if of else _crumbs()
    context = {"form": form, "title": title, "action": action, "back": back, "lead": lead, "crumbs": crumbs}
    return render(request, "registration/exception_form.html", context)
