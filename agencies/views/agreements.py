"""Which pages are there about agreements?"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agencies import access, policies, reports
from agencies.access import Permission, Viewer
from agencies.access.declaration import ViewedRequest
from agencies.actions import agreements as acts
from agencies.enums import AgreementStatus, Channel
from agencies.forms import agreements as forms
from agencies.models import Agreement
from agencies.policies import NotPermitted
from refugeecm.core.classes import FieldClass
from refugeecm.core.paging import page_of
from refugeecm.core.templatetags.ui import country, fmt_date
from refugeecm.core.transitions import TransitionNotAllowed

_KINDS = {
    AgreementStatus.PROPOSED: "info",
    AgreementStatus.PREPARING: "info",
    AgreementStatus.ACTIVE: "good",
    AgreementStatus.SUSPENDED: "warn",
    AgreementStatus.DECLINED: "bad",
}


def badge(agreement: Agreement, *, today: date) -> tuple[str, str]:
    """Return (kind, label): the status, except that an active agreement opens something only between its days."""
    if agreement.status == AgreementStatus.ACTIVE and agreement.starts_on > today:
        return "info", _("Starts later")
    if agreement.status == AgreementStatus.ACTIVE and agreement.ends_on and agreement.ends_on < today:
        return "neutral", str(AgreementStatus.EXPIRED.label)
    return _KINDS.get(AgreementStatus(agreement.status), "neutral"), agreement.get_status_display()


def population(agreement: Agreement) -> str:
    """Return whose data it is, in words."""
    parts = [
        _("event %(slug)s") % {"slug": agreement.event_slug} if agreement.event_slug else "",
        _("registered at %(site)s") % {"site": agreement.site} if agreement.site else "",
        _("from %(country)s") % {"country": country(agreement.origin)} if agreement.origin else "",
    ]
    return _(", ").join(part for part in parts if part)


def lines_of(rows: list[Agreement]) -> list[dict[str, object]]:
    """Return what the template agencies/agreement_rows.html shows of each agreement."""
    today = timezone.now().date()
    lines: list[dict[str, object]] = []
    for row in rows:
        kind, label = badge(row, today=today)
        lines.append({"agreement": row, "kind": kind, "label": label, "population": population(row)})
    return lines


def filtered(viewer: Viewer, chosen: Mapping[str, Any]) -> QuerySet[Agreement]:
    """Return the agreements of the viewer's agency that fit the filters of the list."""
    found = Agreement.objects.visible_to(viewer).select_related("provider", "recipient")
    if chosen.get("side"):
        side = "provider_id" if chosen["side"] == "given" else "recipient_id"
        found = found.filter(**{side: viewer.agency_id})
    return found.filter(status=chosen["status"]) if chosen.get("status") else found


@access.requires(Permission.AGREEMENT_READ)
@require_safe
def agreements(request: ViewedRequest) -> HttpResponse:
    """What we share and what we receive."""
    form = forms.AgreementFilter(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    found = filtered(request.viewer, chosen).order_by("-created_at")
    page = page_of(found, number=request.GET.get("page"))
    return render(
        request,
        "agencies/agreements.html",
        {"filters": form, "filtered": any(chosen.values()), "page": page, "rows": lines_of(page.rows)},
    )


@access.requires(Permission.AGREEMENT_PROPOSE)
@require_http_methods(["GET", "POST"])
def agreement_new(request: ViewedRequest) -> HttpResponse:
    """Propose an agreement."""
    now = timezone.now()
    form = forms.AgreementForm(request.POST or None, by=request.viewer, initial={"starts_on": now.date()})
    if request.method == "POST" and form.is_valid():
        try:
            made = acts.propose(by=request.viewer, now=now, **form.cleaned_data)
        except NotPermitted as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(
                request,
                _("The proposal is with %(agency)s. Nothing is shown before they accept.")
                % {"agency": made.recipient},
            )
            return redirect("agreement", made.pk)
    return render(
        request,
        "agencies/agreement_new.html",
        {"form": form, "agency": request.viewer.agency, "crumbs": [(_("Agreements"), reverse("agreements"))]},
    )


def _agreement(request: ViewedRequest, pk: uuid.UUID) -> Agreement:
    visible = Agreement.objects.visible_to(request.viewer).select_related("provider", "recipient")
    return get_object_or_404(visible, pk=pk)


@access.requires(Permission.AGREEMENT_READ)
@require_safe
def agreement(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """One agreement: what it opens, where it stands, and what I may do about it."""
    found = _agreement(request, pk)
    return render(
        request,
        "agencies/agreement.html",
        {
            "agreement": found,
            "badges": [badge(found, today=timezone.now().date())],
            "facts": [
                (_("Shares"), found.provider),
                (_("Receives"), found.recipient),
                (_("From"), fmt_date(found.starts_on)),
                (_("Until"), fmt_date(found.ends_on) if found.ends_on else _("no end set")),
            ],
            "terms": [
                (_("Purpose"), found.get_purpose_display()),
                (_("Legal basis"), found.get_legal_basis_display()),
                (_("Whose data"), population(found)),
                (_("How"), _(", ").join(str(Channel(one).label) for one in found.channels)),
            ],
            "shown": [forms.class_words(code) for code in forms.CLASS_WORDS if code in found.classes],
            "withheld": [forms.class_words(code) for code in forms.CLASS_WORDS if code not in found.classes],
            "confidential": FieldClass.C4 in found.classes,
            "entries": reports.story(viewer=request.viewer, subjects=[found.pk]),
            "can_answer": policies.can_answer(agreement=found, by=request.viewer),
            "can_end": policies.can_end(agreement=found, by=request.viewer),
            "given": found.provider_id == request.viewer.agency_id,
            "preparing": found.status == AgreementStatus.PREPARING,
            "crumbs": [(_("Agreements"), reverse("agreements"))],
        },
    )


@access.requires(Permission.AGREEMENT_ANSWER)
@require_POST
def agreement_answer(request: ViewedRequest, pk: uuid.UUID, answer: str) -> HttpResponse:
    """Accept or decline a proposal."""
    found = _agreement(request, pk)
    act = acts.accept if answer == "accept" else acts.decline
    try:
        act(agreement=found, by=request.viewer, now=timezone.now())
    except (NotPermitted, TransitionNotAllowed) as refusal:
        messages.error(request, str(refusal))
    else:
        accepted = _("Accepted. Everything it opens is being prepared; this takes a moment.")
        messages.success(request, accepted if answer == "accept" else _("Declined. Nothing is shown."))
    return redirect("agreement", found.pk)


@access.requires(Permission.AGREEMENT_END)
@require_http_methods(["GET", "POST"])
def agreement_end(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Say what stops, ask for the reason, then end the agreement."""
    found = _agreement(request, pk)
    if not policies.can_end(agreement=found, by=request.viewer):
        messages.error(request, _("This agreement has ended already."))
        return redirect("agreement", found.pk)
    form = forms.EndForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            acts.end(
                agreement=found, by=request.viewer, now=timezone.now(), reason=form.cleaned_data["reason"]
            )
        except (NotPermitted, TransitionNotAllowed) as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(
                request, _("Ended. %(agency)s sees nothing of it any more.") % {"agency": found.recipient}
            )
        return redirect("agreement", found.pk)
    return render(
        request,
        "agencies/agreement_end.html",
        {
            "form": form,
            "agreement": found,
            "population": population(found),
            "api": Channel.API in found.channels,
            "crumbs": [
                (_("Agreements"), reverse("agreements")),
                (found.reference, reverse("agreement", args=[found.pk])),
            ],
        },
    )
