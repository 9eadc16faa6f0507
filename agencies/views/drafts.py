"""Which pages lead through drawing up an agreement? The draft is a row from the first step on, so that nothing is lost."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from agencies import access, policies
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.access.preview import preview
from agencies.actions import agreements as acts
from agencies.actions import invitations
from agencies.forms import drafts as forms
from agencies.models import Agency, Agreement, AgreementSignature
from agencies.policies import NotPermitted
from agencies.views.agreements import crumbs_to, found_by, terms_of
from refugeecm.core.classes import FieldClass
from refugeecm.core.refusals import told_on, told_to

_PAGES = {"fields": "agencies/agreement_fields.html", "check": "agencies/agreement_check.html"}


@access.requires(Permission.AGREEMENT_PROPOSE)
@require_http_methods(["GET", "POST"])
def agreement_new(request: ViewedRequest) -> HttpResponse:
    """The first step: with whom, in which direction. The partner learns of it when it is proposed."""
    now = timezone.now()
    form = forms.StartForm(request.POST or None, by=request.viewer, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        email = given.pop("first_email")
        with told_on(form):
            with transaction.atomic():
                made = acts.draft(by=request.viewer, now=now, starts_on=now.date(), **given)
                _invite(request, given["other"], email, now=now)
            return redirect("agreement-step", made.pk, "purpose")
    context = {"form": form, "crumbs": [(_("Agreements"), reverse("agreements"))]}
    return render(request, "agencies/agreement_new.html", context)


@access.requires(Permission.AGREEMENT_PROPOSE)
@require_http_methods(["GET", "POST"])
def agreement_step(request: ViewedRequest, pk: uuid.UUID, step: str) -> HttpResponse:
    """One of the further steps; each keeps what was given and goes on to the next."""
    found = found_by(request, pk)
    if step not in forms.STEPS:
        raise Http404
    try:
        policies.check_draft(agreement=found, by=request.viewer)
    except NotPermitted as refusal:
        messages.error(request, str(refusal))
        return redirect("agreement", found.pk)
    if step == "check":
        return _check(request, found)
    if step == "parties":
        return _parties(request, found)
    if step == "fields":
        return _fields(request, found)
    form_of = forms.FORMS[step]
    initial = {name: getattr(found, name) for name in form_of.base_fields}
    form = form_of(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            acts.change(agreement=found, by=request.viewer, now=timezone.now(), **form.cleaned_data)
            return redirect("agreement-step", found.pk, _next(step))
    context: dict[str, Any] = {"form": form}
    if step == "population":
        known = policies.populations(found, by=request.viewer)
        context["known"] = {term: names for term, (names, _there) in known.items()}
    return _page(request, found, step, context)


@access.requires(Permission.AGREEMENT_PROPOSE)
@require_POST
def agreement_preview(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """What the partner would see with the table as it is filled in now; nothing is kept."""
    found = found_by(request, pk)
    matrix = forms.Matrix.sent(request.POST.dict())
    context = {"records": preview(matrix.matrix), "other": found.recipient}
    return render(request, "agencies/agreement_preview.html", context)


@access.requires(Permission.AGREEMENT_PROPOSE)
@require_POST
def agreement_revise(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Draw up the next version."""
    found = found_by(request, pk)
    with told_to(request):
        made = acts.revise(agreement=found, by=request.viewer, now=timezone.now())
        return redirect("agreement-step", made.pk, "check")
    return redirect("agreement", found.pk)


def _invite(request: ViewedRequest, other: Agency, email: str | None, *, now: datetime) -> None:
    if email:
        invitations.invite_first(agency=other, email=email, by=request.viewer, now=now)


def _parties(request: ViewedRequest, found: Agreement) -> HttpResponse:
    """The first step once more, for what was chosen by mistake."""
    now, former, fixed = timezone.now(), found.other_than(request.viewer.agency_id), ""
    try:
        policies.check_correct(agreement=found)
    except NotPermitted as refusal:
        fixed = str(refusal)
    initial = {"other": former.pk, "direction": found.direction, "title": found.title}
    form = forms.StartForm(request.POST or None, by=request.viewer, fixed=fixed, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        email = given.pop("first_email", None)
        with told_on(form):
            with transaction.atomic():
                anew = acts.correct(agreement=found, by=request.viewer, now=now, **given)
                _invite(request, given["other"], email, now=now)
            if anew:
                said = _(
                    "It begins anew: what was chosen for %(former)s is gone. Go through the steps again."
                )
                messages.success(request, said % {"former": former})
            return redirect("agreement-step", found.pk, _next("parties"))
        found = found_by(request, found.pk)  # as it still is, for the head of the page
    return _page(request, found, "parties", {"form": form})


def _fields(request: ViewedRequest, found: Agreement) -> HttpResponse:
    matrix = forms.Matrix(found.matrix)
    error = ""
    if request.method == "POST":
        matrix = forms.Matrix.sent(request.POST.dict())
        try:
            acts.change(agreement=found, by=request.viewer, now=timezone.now(), matrix=matrix.matrix)
        except NotPermitted as refusal:
            error = str(refusal)
        else:
            if "apply" in request.POST:
                return redirect("agreement-step", found.pk, "fields")
            if matrix.matrix:
                return redirect("agreement-step", found.pk, _next("fields"))
            error = _("Choose at least one field; without it nothing is shown.")
    context = {
        "matrix": matrix,
        "error": error,
        "shortcuts": _shortcuts(),
        "records": preview(matrix.matrix),
        "other": found.recipient,
    }
    return _page(request, found, "fields", context)


def _shortcuts() -> list[dict[str, Any]]:
    """Return a line of buttons for each class: it sets all its fields at once."""
    return [
        {"label": one.label, "buttons": [(f"{one}:{level}", level.label) for level in forms.SHORTCUTS]}
        for one in FieldClass
        if one in {"C1", "C2", "C3", "C4"}
    ]


def _check(request: ViewedRequest, found: Agreement) -> HttpResponse:
    signatures = list(AgreementSignature.objects.visible_to(request.viewer).filter(agreement=found))
    missing = policies.unfinished(found)
    context = {
        "terms": terms_of(found),
        "opened": list(forms.Matrix(found.matrix).opened()),
        "missing": [
            (words, reverse("agreement-step", args=[found.pk, step])) for step, words in missing.items()
        ],
        "can_sign": policies.allows(
            policies.check_sign, agreement=found, by=request.viewer, signatures=signatures
        ),
        "records": preview(found.matrix),
        "other": found.recipient,
    }
    return _page(request, found, "check", context)


def _next(step: str) -> str:
    names = list(forms.STEPS)
    return names[names.index(step) + 1]


def _page(request: ViewedRequest, found: Agreement, step: str, context: dict[str, Any]) -> HttpResponse:
    missing = policies.unfinished(found)
    tabs = [
        {
            "label": words,
            "url": reverse("agreement-step", args=[found.pk, name]),
            "current": name == step,
            "count": "•" if name in missing else None,
        }
        for name, words in forms.STEPS.items()
    ]
    shared = {
        "agreement": found,
        "step": step,
        "step_words": forms.STEPS[step],
        "tabs": tabs,
        "crumbs": crumbs_to(found),
    }
    return render(
        request,
        _PAGES.get(step, "agencies/agreement_step.html"),
        shared | context,
    )
