"""Which pages are there about children without their parents, and about why a deadline ends when it does?"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_http_methods, require_safe

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from refugeecm.core.deadlines.counting import METHODS
from refugeecm.core.deadlines.models import DeadlineStatus
from refugeecm.core.deadlines.rules import whole
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_on
from refugeecm.core.templatetags.ui import country, fmt_date
from registration.actions import children
from registration.actions.sealing import Opener
from registration.enums import GuardianRole, ProtectionKind, SafeguardStatus
from registration.forms import children as forms
from registration.models import Deadline, Guardian, Individual, ProtectionStep, Representative, Safeguard
from registration.views.exceptions import own_person

SHOWN = 100  # of each kind of row on the page of a child
KINDS = {
    DeadlineStatus.OPEN: "info",
    DeadlineStatus.MET: "good",
    DeadlineStatus.MISSED: "bad",
    DeadlineStatus.CANCELLED: "neutral",
}


# Of the rules for children (rules.children.rules_for); the second is no law, so it has none.
REGIMES = {"APR": gettext_lazy("Asylum Procedures Regulation (EU) 2024/1348")}
PERIODS = {"working_days": gettext_lazy("%(n)s working days, the day of the event not counted")}


@dataclass(frozen=True)
class DeadlineLine:
    """A deadline as shown."""

    row: Deadline
    label: str
    kind: str
    status: str


@access.requires(Permission.NEED_RESTRICTED)
@require_safe
def index(request: ViewedRequest) -> HttpResponse:
    """Children without their parents, those first whose deadline ends first; by what they lack."""
    viewer, today = request.viewer, timezone.localdate()
    filters = forms.ChildrenFilter(request.GET)
    wanted = filters.cleaned_data["missing"] if filters.is_valid() else ""
    found = Safeguard.objects.visible_to(viewer).with_state(today).select_related("individual")
    found = _lacking(found, wanted, today).order_by("due_on", "made_on", "pk")
    page = page_of(found, number=request.GET.get("page"))
    reads.record(viewer=viewer, rows=page.rows, view="children", now=timezone.now())
    context = {
        "page": page, "rows": [(one, _lacks(one)) for one in page.rows], "filters": filters, "today": today,
        "crumbs": [(_("People"), reverse("people"))],
    }  # fmt: skip
    return render(request, "registration/children.html", context)


def _lacking(found: Any, wanted: str, today: date) -> Any:
    if wanted == "ended":
        return found.filter(status=SafeguardStatus.ENDED)
    found = found.active()
    if wanted == "overdue":
        return found.filter(due_on__lt=today)
    if wanted == "review":
        return found.filter(review_due=True)
    return found.filter(**{f"has_{wanted}": False}) if wanted else found


def _lacks(one: Any) -> list[Any]:
    """Return what a child lacks, in words."""
    found = [
        forms.MISSING[name]
        for name in ("representative", "assessment", "care")
        if not getattr(one, f"has_{name}")
    ]
    if not one.has_provisional and not one.has_representative:
        found.insert(0, forms.MISSING["provisional"])
    return [*found, forms.MISSING["review"]] if one.review_due else found


def _child(request: ViewedRequest, pk: uuid.UUID) -> Safeguard:
    found: Safeguard = get_object_or_404(
        Safeguard.objects.visible_to(request.viewer).select_related("individual"), pk=pk
    )
    return found


@access.requires(Permission.NEED_RESTRICTED)
@require_safe
def child(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """The safeguards of one child: deadlines, who acts for it, what was assessed, where it lives. Who opened it is recorded."""
    viewer, found = request.viewer, _child(request, pk)
    person, today = found.individual, timezone.localdate()
    own = {"individual": person}
    rows = Deadline.objects.visible_to(viewer).filter(subject_id=found.pk).order_by("legal_end", "pk")[:SHOWN]
    acting = Guardian.objects.visible_to(viewer).filter(**own).select_related("representative")
    steps = list(ProtectionStep.objects.visible_to(viewer).filter(**own).order_by("-on", "-pk")[:SHOWN])
    reads.record(viewer=viewer, rows=[found], beside=steps, view="child", now=timezone.now())
    opener = Opener([person.pk])
    lines = [_line(one) for one in rows]
    context = {
        "child": found, "person": person, "active": found.status == SafeguardStatus.ACTIVE, "today": today,
        "age": person.age_on(today),
        "deadlines": [one for one in lines if one.row.status != DeadlineStatus.CANCELLED],
        "former": [one for one in lines if one.row.status == DeadlineStatus.CANCELLED],
        "guardians": acting.order_by("until", "-since", "-pk")[:SHOWN],
        "steps": [
            {
                "row": one, "involved": opener.fact(one, "involved"), "text": opener.fact(one, "text"),
                "due": one.until is None and one.review_by is not None and one.review_by < today,
            }
            for one in steps
        ],
        "kinds": ProtectionKind.choices,
        "crumbs": [(_("People"), reverse("people")), (_("Children without their parents"), reverse("children"))],
    }  # fmt: skip
    return render(request, "registration/child.html", context)


def _line(row: Deadline) -> DeadlineLine:
    role = GuardianRole.PROVISIONAL if row.rule.endswith("-0") else GuardianRole.REPRESENTATIVE
    late = row.status == DeadlineStatus.MET and row.was_late
    overdue = row.is_overdue(timezone.localdate())
    return DeadlineLine(
        row=row,
        label=str(role.label),
        kind="bad" if overdue else "warn" if late else KINDS[DeadlineStatus(row.status)],
        status=_("Met late") if late else _("Overdue") if overdue else row.get_status_display(),
    )


@access.requires(Permission.NEED_RESTRICTED)
@require_safe
def deadline(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Why a deadline ends on this day: rule, article, event, both ends, the days that were left out, and what stood before."""
    viewer = request.viewer
    row: Deadline = get_object_or_404(Deadline.objects.visible_to(viewer).select_related("replaces"), pk=pk)
    found = _child(request, row.subject_id)
    reads.record(viewer=viewer, rows=[row], view="deadline", now=timezone.now())
    context = {
        "row": row, "line": _line(row), "facts": _explained(row),
        "skipped": [(date.fromisoformat(day), why) for day, why in row.skipped],
        "crumbs": [
            (_("People"), reverse("people")), (_("Children without their parents"), reverse("children")),
            (found.individual.number, reverse("child", args=[found.pk])),
        ],
    }  # fmt: skip
    return render(request, "registration/deadline.html", context)


def _explained(row: Deadline) -> list[tuple[str, Any]]:
    """Return the lines that say why a deadline ends when it does."""
    law, days = row.law, {"event": row.event_on, "raw": row.raw_end, "legal": row.legal_end}
    said = {name: fmt_date(day) for name, day in days.items()}
    period = whole(law)[1]
    return [
        (_("Rule"), row.rule),
        (_("Article"), f"{law.article} ({REGIMES[law.regime]})" if law.regime in REGIMES else law.article),
        (_("Period"), PERIODS[period.unit] % {"n": period.number}),
        (_("The application was made on"), said["event"]),
        (_("End as counted"), said["raw"]),
        (_("Last day"), said["legal"]),
        (_("Calendar of"), country(row.calendar)),
        (_("Counted by"), f"{METHODS[law.regime].source}; {row.version}"),
        (_("If it is missed"), _("The agency is told, and acts at once. The child loses nothing.")),
    ]


@access.requires(Permission.NEED_RESTRICTED)
@require_http_methods(["GET", "POST"])
def begin(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Go to the safeguards of a person that run or ran last, or begin them."""
    person = own_person(request, pk)
    known = Safeguard.objects.visible_to(request.viewer).filter(individual=person).order_by("status", "-pk")
    running = known.first()
    if running and (
        running.status == SafeguardStatus.ACTIVE or (request.method == "GET" and "again" not in request.GET)
    ):
        return redirect("child", running.pk)
    form = forms.BeginForm(request.POST or None, initial={"made_on": person.registered_on})
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            children.open_for(individual=person, by=request.viewer, now=timezone.now(), **form.cleaned_data)
            return redirect("protection", pk)
    back = reverse("individual", args=[pk])
    return _page(request, form, _("Begin the safeguards of a child"), _("Begin"), back, person)


@access.requires(Permission.NEED_RESTRICTED)
@require_http_methods(["GET", "POST"])
def act(request: ViewedRequest, pk: uuid.UUID, what: str) -> HttpResponse:
    """One act on the safeguards of a child, with its form: appoint, correct, extend, end, or record a step of one of the kinds."""
    found, viewer, now = _child(request, pk), request.viewer, timezone.now()
    given = {"safeguard": found, "by": viewer, "now": now}
    data = request.POST or None
    form: Any
    does: Any
    if what in ProtectionKind.values:
        form, does = forms.StepForm(data, kind=what), children.record_step
        given |= {"kind": what, "outcome": "", "review_by": None}
        title, lead = str(ProtectionKind(what).label), _("Its reasons are sealed with the child's key.")
    elif what == "guardian":
        form, does = forms.GuardianForm(data, viewer=viewer), children.appoint
        title, lead = (
            _("Appoint who acts for the child"),
            _("Whoever acts in this role until now does no longer."),
        )
    elif what == "made-on":
        form, does = forms.MadeOnForm(data, initial={"made_on": found.made_on}), children.correct
        title, lead = (
            _("Correct the day of the application"),
            _("Deadlines are counted anew. The old dates are kept."),
        )
    elif what == "extend":
        form, does = forms.ReasonForm(data), children.extend
        title = _("Disproportionate numbers")
        lead = _(
            "Ten working days more to appoint a representative, who may then act for up to fifty children."
        )
    elif what == "end":
        form, does = forms.EndForm(data), children.end
        title, lead = (
            _("End the safeguards"),
            _("Deadlines stop, and whoever acts for the child does no longer."),
        )
    else:
        raise Http404
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            does(**(given | form.cleaned_data))
            messages.success(request, _("Recorded."))
            return redirect("child", pk)
    return _page(
        request, form, title, pgettext("verb", "Record"), reverse("child", args=[pk]), found.individual, lead
    )


@access.requires(Permission.NEED_RESTRICTED)
@require_http_methods(["GET", "POST"])
def dismiss(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Let somebody act for a child no longer."""
    rows = (
        Guardian.objects.visible_to(request.viewer)
        .filter(until=None)
        .select_related("individual", "representative")
    )
    guardian: Guardian = get_object_or_404(rows, pk=pk)
    running = Safeguard.objects.visible_to(request.viewer).active()
    found: Safeguard = get_object_or_404(running, individual=guardian.individual_id)
    form = forms.ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            children.dismiss(
                guardian=guardian, safeguard=found, by=request.viewer, now=timezone.now(), **form.cleaned_data
            )
            return redirect("child", found.pk)
    title = _("%(name)s acts for the child no longer") % {"name": guardian.representative.name}
    return _page(
        request,
        form,
        title,
        pgettext("verb", "Record"),
        reverse("child", args=[found.pk]),
        guardian.individual,
    )


@access.requires(Permission.NEED_RESTRICTED)
@require_http_methods(["GET", "POST"])
def follow_up(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Note a visit or a review, or that an arrangement is over."""
    rows = ProtectionStep.objects.visible_to(request.viewer).select_related("individual")
    step: ProtectionStep = get_object_or_404(rows, pk=pk)
    running = Safeguard.objects.visible_to(request.viewer).active()
    found: Safeguard = get_object_or_404(running, individual=step.individual_id)
    form = forms.FollowUpForm(request.POST or None, initial={"visited_on": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            children.follow_up(
                step=step, safeguard=found, by=request.viewer, now=timezone.now(), **form.cleaned_data
            )
            return redirect("child", found.pk)
    back = reverse("child", args=[found.pk])
    return _page(request, form, _("Visit or review"), pgettext("verb", "Record"), back, step.individual)


@access.requires(Permission.NEED_RESTRICTED)
@require_http_methods(["GET", "POST"])
def representatives(request: ViewedRequest) -> HttpResponse:
    """Who may act for children, and for how many they do."""
    form = forms.RepresentativeForm(request.POST or None, viewer=request.viewer)
    if request.method == "POST" and form.is_valid():
        member = form.cleaned_data.pop("user")
        with told_on(form):
            children.add_representative(
                user_id=member.user_id if member else None,
                by=request.viewer,
                now=timezone.now(),
                **form.cleaned_data,
            )
            return redirect("representatives")
    page = page_of(
        Representative.objects.visible_to(request.viewer).with_children().order_by("name", "pk"),
        number=request.GET.get("page"),
    )
    context = {
        "page": page, "form": form,
        "crumbs": [(_("People"), reverse("people")), (_("Children without their parents"), reverse("children"))],
    }  # fmt: skip
    return render(request, "registration/representatives.html", context)


def _page(
    request: ViewedRequest, form: Any, title: str, action: str, back: str, person: Individual, lead: str = ""
) -> HttpResponse:
    context = {
        "form": form, "title": title, "action": action, "back": back, "lead": lead, "of": person.number,
        "crumbs": [(_("People"), reverse("people")), (_("Children without their parents"), reverse("children"))],
    }  # fmt: skip
    return render(request, "registration/exception_form.html", context)
