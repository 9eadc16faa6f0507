"""Which pages are there about the registers of breaches and of requests by law enforcement, each with its clock?"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from agencies import access, policies, reports
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import registers as acts
from agencies.enums import BREACH_MOVES, BreachStatus, LawRequestStatus
from agencies.forms import registers as forms
from agencies.models import Breach, LawRequest
from agencies.policies import NotPermitted
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_to
from refugeecm.core.templatetags.ui import figure, fmt_time
from refugeecm.core.transitions import TransitionNotAllowed

_KINDS = {
    BreachStatus.OPEN: "warn",
    BreachStatus.CONTAINED: "info",
    LawRequestStatus.RECEIVED: "warn",
    LawRequestStatus.REFERRED: "info",
}
KEPT = (NotPermitted, TransitionNotAllowed)


def time_left(due: datetime, *, now: datetime) -> tuple[str, str]:
    """Return (kind, label) of a clock: hours under three days, then days; red when it has run out."""
    seconds = int((due - now).total_seconds())
    hours = abs(seconds) // 3600
    amount = (
        ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": figure(hours)}
        if hours < 72
        else ngettext("%(n)s day", "%(n)s days", hours // 24) % {"n": figure(hours // 24)}
    )
    if seconds < 0:
        return "bad", _("%(time)s late") % {"time": amount}
    return "warn" if hours < 24 else "info", _("%(time)s left") % {"time": amount}


def clock(row: Breach | LawRequest, *, now: datetime) -> tuple[str, str] | None:
    """Return the running clock of an entry; None where nothing waits any more."""
    if isinstance(row, Breach):
        waits = (
            row.status != BreachStatus.CLOSED and row.authority_told_at is None and not row.not_told_because
        )
        return time_left(row.authority_due_at, now=now) if waits else None
    open_ones = {LawRequestStatus.RECEIVED, LawRequestStatus.REFERRED}
    return time_left(row.answer_by, now=now) if row.status in open_ones else None


def badges(row: Any, *, now: datetime) -> list[tuple[str, str]]:
    """Return status and clock as (kind, label)."""
    status = (_KINDS.get(row.status, "neutral"), row.get_status_display())
    running = clock(row, now=now)
    return [status, running] if running else [status]


@access.requires(Permission.REGISTER_READ)
@require_safe
def registers(request: ViewedRequest) -> HttpResponse:
    """One of the two registers, the newest first."""
    law = request.GET.get("register") == "requests"
    now = timezone.now()
    rows: Any = (
        LawRequest.objects.visible_to(request.viewer).order_by("-received_at", "-pk")
        if law
        else Breach.objects.visible_to(request.viewer).order_by("-noticed_at", "-pk")
    )
    page = page_of(rows, number=request.GET.get("page"))
    here = reverse("registers")
    return render(
        request,
        "agencies/registers.html",
        {
            "law": law,
            "page": page,
            "rows": [{"row": one, "badges": badges(one, now=now)} for one in page.rows],
            "tabs": [
                {"label": _("Breaches of personal data"), "url": here, "current": not law},
                {
                    "label": _("Requests by law enforcement"),
                    "url": f"{here}?register=requests",
                    "current": law,
                },
            ],
        },
    )


def _crumbs(*, law: bool) -> list[tuple[str, str]]:
    return [(_("Registers"), reverse("registers") + ("?register=requests" if law else ""))]


@access.requires(Permission.REGISTER_KEEP)
@require_http_methods(["GET", "POST"])
def breach_new(request: ViewedRequest) -> HttpResponse:
    """Write a breach down."""
    form = forms.BreachForm(request.POST or None, initial={"noticed_at": timezone.localtime()})
    if request.method == "POST" and form.is_valid():
        made = acts.note_breach(by=request.viewer, now=timezone.now(), **form.cleaned_data)
        messages.success(
            request,
            _("Written down. Tell the authority within 72 hours of noticing, unless nobody is at risk."),
        )
        return redirect("breach", made.pk)
    context = {"form": form, "title": _("Write down a breach"), "crumbs": _crumbs(law=False)}
    return render(request, "agencies/register_new.html", context)


@access.requires(Permission.REGISTER_KEEP)
@require_http_methods(["GET", "POST"])
def law_request_new(request: ViewedRequest) -> HttpResponse:
    """Write a request down."""
    form = forms.LawRequestForm(request.POST or None, initial={"received_at": timezone.localtime()})
    if request.method == "POST" and form.is_valid():
        made = acts.receive_request(by=request.viewer, now=timezone.now(), **form.cleaned_data)
        messages.success(request, _("Written down. Refer it to the focal point; nothing is given before."))
        return redirect("law-request", made.pk)
    context = {"form": form, "title": _("Write down a request"), "crumbs": _crumbs(law=True)}
    return render(request, "agencies/register_new.html", context)


@access.requires(Permission.REGISTER_READ)
@require_http_methods(["GET", "POST"])
def breach(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """One breach: its clock, what was done, what comes next. A POST writes down, or moves it (`to`)."""
    found: Breach = get_object_or_404(Breach.objects.visible_to(request.viewer), pk=pk)
    viewer, now = request.viewer, timezone.now()
    given = ("measures", "authority_told_at", "not_told_because", "people_told_at")
    work = forms.BreachWork(
        request.POST if request.method == "POST" and "to" not in request.POST else None,
        initial={name: getattr(found, name) for name in given},
    )
    if request.method == "POST" and ("to" in request.POST or work.is_valid()):
        with told_to(request, _("Written down.")):
            if "to" in request.POST:
                acts.move_breach(breach=found, to=request.POST["to"], by=viewer, now=now)
            else:
                acts.keep_breach(breach=found, by=viewer, now=now, **work.cleaned_data)
        return redirect("breach", found.pk)
    words = {
        BreachStatus.OPEN: _("Open again"),
        BreachStatus.CONTAINED: _("It is contained"),
        BreachStatus.CLOSED: _("Close it"),
    }
    keeps = viewer.may(Permission.REGISTER_KEEP)
    context = {
        "row": found,
        "badges": badges(found, now=now),
        "facts": [
            (_("Noticed"), fmt_time(found.noticed_at)),
            (_("Authority told by"), fmt_time(found.authority_due_at)),
            (_("People affected, about"), figure(found.people)),
        ],
        "terms": [
            (_("What happened"), found.what),
            (_("Whose data"), found.whose),
            (_("Measures"), found.measures),
            (_("Authority told"), fmt_time(found.authority_told_at) if found.authority_told_at else ""),
            (_("Why late, or why not told"), found.not_told_because),
            (_("People told"), fmt_time(found.people_told_at) if found.people_told_at else ""),
        ],
        "form": work if keeps and found.status != BreachStatus.CLOSED else None,
        "moves": [(one, words[BreachStatus(one)]) for one in sorted(BREACH_MOVES[found.status])]
        if keeps
        else [],
        "entries": reports.story(viewer=viewer, subjects=[found.pk]),
        "crumbs": _crumbs(law=False),
    }
    return render(request, "agencies/register_entry.html", context)


@access.requires(Permission.REGISTER_READ)
@require_http_methods(["GET", "POST"])
def law_request(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """One request: its clock, to whom it was referred, what was answered. A POST refers, decides, or notes that it was withdrawn."""
    found: LawRequest = get_object_or_404(LawRequest.objects.visible_to(request.viewer), pk=pk)
    viewer, now = request.viewer, timezone.now()
    fresh, referred = found.status == LawRequestStatus.RECEIVED, found.status == LawRequestStatus.REFERRED
    form: Any = (forms.ReferForm if fresh else forms.DecideForm)(request.POST or None)
    withdrawn = request.POST.get("to") == LawRequestStatus.WITHDRAWN
    if request.method == "POST" and (withdrawn or form.is_valid()):
        act = acts.refer_request if fresh and not withdrawn else acts.decide_request
        given = {"to": LawRequestStatus.WITHDRAWN, "answer": ""} if withdrawn else form.cleaned_data
        with told_to(request, _("Written down.")):
            act(request=found, by=viewer, now=now, **given)
        return redirect("law-request", found.pk)
    keeps = viewer.may(Permission.REGISTER_KEEP)
    may_decide = referred and policies.can_decide(request=found, by=viewer)
    context = {
        "row": found,
        "badges": badges(found, now=now),
        "facts": [
            (_("Received at"), fmt_time(found.received_at)),
            (_("Answer by"), fmt_time(found.answer_by)),
        ],
        "terms": [
            (_("Who asks"), found.asked_by),
            (_("Legal basis"), found.legal_basis),
            (_("What is asked for"), found.asked_for),
            (_("Focal point"), found.referred_to),
            (_("What was given, or why not"), found.answer),
        ],
        "form": form if (keeps and fresh) or may_decide else None,
        "needs_colleague": keeps and referred and not may_decide,
        "moves": [(LawRequestStatus.WITHDRAWN, _("It was withdrawn"))]
        if keeps and (fresh or referred)
        else [],
        "entries": reports.story(viewer=viewer, subjects=[found.pk]),
        "crumbs": _crumbs(law=True),
    }
    return render(request, "agencies/register_entry.html", context)
