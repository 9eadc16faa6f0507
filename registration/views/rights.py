"""Which pages are there about what people ask for about their own data, each with its clock?"""

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
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agencies import access
from agencies.access import Permission, Viewer
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import allows, told_on, told_to
from refugeecm.core.templatetags.ui import figure, fmt_date, fmt_time
from registration import policies
from registration.actions import rights as acts
from registration.actions.sealing import Opener
from registration.enums.rights import TO_ANSWER, RightsKind, RightsStatus
from registration.forms.rights import AnswerForm, LongerForm, RightsForm
from registration.models import RightsRequest
from registration.views.exceptions import form_page, own_person

_KINDS = {RightsStatus.RECEIVED: "warn", RightsStatus.EXTENDED: "info", RightsStatus.GRANTED: "good"}
SOON = 7  # days


def badges(row: RightsRequest, *, today: date) -> list[tuple[str, str]]:
    """Return status and, while it waits for an answer, the days that are left as (kind, label)."""
    found = [(_KINDS.get(RightsStatus(row.status), "neutral"), row.get_status_display())]
    if row.status in TO_ANSWER:
        days = (row.due_on - today).days
        amount = ngettext("%(n)s day", "%(n)s days", abs(days)) % {"n": figure(abs(days))}
        if days < 0:
            found.append(("bad", _("%(time)s late") % {"time": amount}))
        else:
            found.append(("warn" if days < SOON else "info", _("%(time)s left") % {"time": amount}))
    return found


@access.requires(Permission.RIGHTS_KEEP)
@require_safe
def rights_requests(request: ViewedRequest) -> HttpResponse:
    """What people have asked for: what waits for an answer, the nearest day first; or everything, the newest first."""
    every = request.GET.get("show") == "all"
    found = RightsRequest.objects.visible_to(request.viewer)
    found = found.order_by("-received_on", "-pk") if every else found.to_answer().order_by("due_on", "pk")
    here = reverse("rights-requests")
    tabs = [
        {"label": _("To answer"), "url": here, "current": not every},
        {"label": _("All"), "url": f"{here}?show=all", "current": every},
    ]
    return _listed(request, found, {"tabs": tabs, "crumbs": [(_("People"), reverse("people"))]})


@access.requires(Permission.RIGHTS_KEEP)
@require_safe
def rights_of(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """What one person has asked for, the newest first."""
    person = own_person(request, pk)
    found = RightsRequest.objects.visible_to(request.viewer).filter(individual=person)
    crumbs = [(_("People"), reverse("people")), (person.number, reverse("individual", args=[pk]))]
    return _listed(request, found.order_by("-received_on", "-pk"), {"person": person, "crumbs": crumbs})


def _listed(request: ViewedRequest, found: Any, context: dict[str, Any]) -> HttpResponse:
    page, now = page_of(found.select_related("individual"), number=request.GET.get("page")), timezone.now()
    reads.record(viewer=request.viewer, rows=page.rows, view="rights-requests", now=now)
    rows = [{"row": one, "badges": badges(one, today=timezone.localdate(now))} for one in page.rows]
    return render(
        request, "registration/rights_requests.html", {"person": None, "tabs": None, **context, "page": page, "rows": rows}
    )  # fmt: skip


@access.requires(Permission.RIGHTS_KEEP)
@require_http_methods(["GET", "POST"])
def rights_new(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Write down what a person asks for."""
    person, now = own_person(request, pk), timezone.now()
    form = RightsForm(request.POST or None, initial={"received_on": timezone.localdate(now)})
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            made = acts.receive(individual=person, by=request.viewer, now=now, **form.cleaned_data)
            messages.success(request, _("Written down. The day by which it is answered stands below."))
            return redirect("rights-request", made.pk)
    return form_page(
        request, form, _("Write down a request"), _("Write down"), reverse("rights-of", args=[pk]), of=person.number,
        lead=_("What a person asks for about their own data, in whatever form it came. Nobody has to give a reason."),
    )  # fmt: skip


@access.requires(Permission.RIGHTS_KEEP)
@require_http_methods(["GET", "POST"])
def rights_request(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """One request: its clock, what was asked and answered, what follows. A POST answers it."""
    found, viewer, now = _own(request, pk), request.viewer, timezone.now()
    person, opener, waits = found.individual, Opener([found.individual_id]), found.status in TO_ANSWER
    may_answer = waits and viewer.may(Permission.RIGHTS_ANSWER)
    form = AnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with told_to(request, _("Answered. Tell the person what you wrote.")):
            acts.answer(request=found, by=viewer, now=now, **form.cleaned_data)
        return redirect("rights-request", pk)
    reads.record(viewer=viewer, rows=[found], view="rights-request", now=now)
    context = {
        "row": found,
        "person": person,
        "badges": badges(found, today=timezone.localdate(now)),
        "facts": [
            (_("Person"), person.number, "ltr"),
            (_("Received on"), fmt_date(found.received_on)),
            (_("Answer by"), fmt_date(found.due_on)),
        ],
        "terms": [
            (_("What they say"), opener.fact(found, "what")),
            (_("How it reached us"), found.get_channel_display()),
            (_("Who asks"), found.get_asked_by_display()),
            *([(_("Why it takes longer"), opener.fact(found, "extension"))] if found.extended_at else []),
            *([(_("Answer"), opener.fact(found, "answer"))] if found.answered_at else []),
            *([(_("Answered"), fmt_time(found.answered_at))] if found.answered_at else []),
        ],
        "form": form if may_answer else None,
        "needs_colleague": waits and not may_answer,
        "longer": found.status == RightsStatus.RECEIVED and found.due_on >= timezone.localdate(now),
        "withdraws": RightsStatus.WITHDRAWN in found.moves[found.status]
        and allows(policies.check_withdraw_request, request=found),
        "follows": _follows(found, viewer) if found.status == RightsStatus.GRANTED else None,
        "crumbs": [
            (_("People"), reverse("people")),
            (person.number, reverse("individual", args=[person.pk])),
            (_("Requests"), reverse("rights-of", args=[person.pk])),
        ],
    }
    return render(request, "registration/rights_request.html", context)


def _follows(found: RightsRequest, viewer: Viewer) -> dict[str, str]:
    """Return what is to be done once a request was granted, and where."""
    key = [found.individual_id]
    nowhere = {"url": "", "action": ""}
    return {
        RightsKind.ACCESS: {
            "text": _("Give the person their statement."),
            "url": reverse("statement", args=key),
            "action": _("Statement to print"),
        },
        RightsKind.CORRECTION: {
            "text": _("Correct what is wrong. Partners see it corrected at their next look."),
            "url": reverse("correct", args=key),
            "action": _("Correct the record"),
        },
        RightsKind.ERASURE: {
            "text": _(
                "Nothing is erased by this answer. An erasure is proposed by one person and approved by another."
            ),
            "url": reverse("erasure", args=key) if viewer.may(Permission.ERASURE) else "",
            "action": _("Propose the erasure"),
        },
        RightsKind.OBJECTION: {
            "text": _(
                "No agreement shows this person to anybody from now on, until they withdraw the objection."
            ),
            **nowhere,
        },
        RightsKind.RESTRICTION: {
            "text": _(
                "No agreement shows this person to anybody from now on, until they withdraw the restriction."
            ),
            **nowhere,
        },
    }[RightsKind(found.kind)]


@access.requires(Permission.RIGHTS_KEEP)
@require_http_methods(["GET", "POST"])
def rights_longer(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Take two months more, with a reason."""
    found = _own(request, pk)
    back, form = reverse("rights-request", args=[pk]), LongerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with told_to(request, _("Extended. Tell the person why, and until when.")):
            acts.extend(request=found, by=request.viewer, now=timezone.now(), **form.cleaned_data)
        return redirect(back)
    return form_page(
        request, form, _("Take two months more"), pgettext("verb", "Extend"), back, of=found.individual.number,
        lead=_("Once, where it is complex or people ask a lot. The person is told why within the first month (GDPR article 12(3))."),
    )  # fmt: skip


@access.requires(Permission.RIGHTS_KEEP)
@require_POST
def rights_withdraw(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Note that the person withdraws it."""
    with told_to(request, _("Noted that the person withdrew it.")):
        acts.withdraw(request=_own(request, pk), by=request.viewer, now=timezone.now())
    return redirect("rights-request", pk)


def _own(request: ViewedRequest, pk: uuid.UUID) -> RightsRequest:
    mine = RightsRequest.objects.visible_to(request.viewer).select_related("individual")
    found: RightsRequest = get_object_or_404(mine, pk=pk)
    return found
