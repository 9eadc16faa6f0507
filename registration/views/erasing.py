"""Which pages are there about how long records are kept, who may not be erased, and who is?"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
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
from refugeecm.core.refusals import told_on, told_to
from refugeecm.core.templatetags.ui import figure
from registration.actions import erasing, holding
from registration.enums.retention import ErasureStatus
from registration.forms import retention as forms
from registration.models import Document, Erasure, Individual, LegalHold, RetentionChoice, SpecificNeed
from registration.rules import retention
from registration.views.exceptions import form_page, own_person

KINDS = {
    ErasureStatus.SUGGESTED: "neutral",
    ErasureStatus.PROPOSED: "warn",
    ErasureStatus.APPROVED: "info",
    ErasureStatus.DONE: "neutral",
    ErasureStatus.DECLINED: "neutral",
}
TABS = (ErasureStatus.SUGGESTED, ErasureStatus.PROPOSED, ErasureStatus.APPROVED, ErasureStatus.DONE)


@access.requires(Permission.ERASURE)
@require_safe
def erasures(request: ViewedRequest) -> HttpResponse:
    """Whose period is over, who waits for a second person or a worker, and who was erased; the newest first."""
    wanted = request.GET.get("status", ErasureStatus.SUGGESTED)
    status = ErasureStatus(wanted) if wanted in TABS else ErasureStatus.SUGGESTED
    found = Erasure.objects.visible_to(request.viewer).filter(status=status)
    page = page_of(
        found.select_related("individual", "proposed_by", "approved_by").order_by("-pk"),
        number=request.GET.get("page"),
    )
    reads.record(
        viewer=request.viewer, rows=[one.individual for one in page.rows], view="erasures", now=timezone.now()
    )
    here = reverse("erasures")
    context = {
        "page": page,
        "status": status,
        "rows": [
            {"erasure": one, "rule": _rule(one), "kind": KINDS[ErasureStatus(one.status)]}
            for one in page.rows
        ],
        "tabs": [
            {"label": one.label, "url": f"{here}?status={one.value}", "current": one == status}
            for one in TABS
        ],
    }
    return render(request, "registration/erasures.html", context)


def _rule(erasure: Erasure) -> str:
    rule = retention.RULES.get(erasure.rule)
    return _(rule.what) if rule else erasure.get_origin_display()


@access.requires(Permission.ERASURE)
@require_POST
def erasures_propose(request: ViewedRequest) -> HttpResponse:
    """Propose those of the suggestions that were ticked."""
    try:
        wanted = [uuid.UUID(one) for one in request.POST.getlist("erasure")][:100]
    except ValueError as error:
        raise Http404 from error
    found = Erasure.objects.visible_to(request.viewer).filter(pk__in=wanted, status=ErasureStatus.SUGGESTED)
    done, left = erasing.propose_suggested(
        erasures=list(found.select_related("individual")), by=request.viewer, now=timezone.now()
    )
    told = ngettext(
        "%(n)s person is proposed. Somebody else approves.", "%(n)s people are proposed. Somebody else approves.", done
    )  # fmt: skip
    messages.success(request, told % {"n": figure(done)})
    if left:
        messages.warning(
            request,
            ngettext("%(n)s could not be proposed; its page says why.", "%(n)s could not be proposed; their pages say why.", left)
            % {"n": figure(left)},
        )  # fmt: skip
    return redirect("erasures")


@access.requires(Permission.ERASURE)
@require_http_methods(["GET", "POST"])
def erasure(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Say what goes and what stays; propose it, or approve what another proposed."""
    viewer, now, person = request.viewer, timezone.now(), own_person(request, pk)
    known = Erasure.objects.visible_to(viewer).filter(individual=person).order_by("-pk").first()
    waits = known is not None and known.status == ErasureStatus.PROPOSED
    form = (forms.ApproveForm if waits else forms.ProposeForm)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            if waits and known:
                erasing.approve(erasure=known, by=viewer, now=now, **form.cleaned_data)
                messages.success(request, _("Approved. A worker erases the person within a minute."))
            else:
                erasing.propose(individual=person, by=viewer, now=now, **form.cleaned_data)
                messages.success(request, _("Proposed. Somebody else has to approve it."))
            return redirect("erasure", pk)
    reads.record(viewer=viewer, rows=[person], view="erasure", now=now)
    holds = LegalHold.objects.visible_to(viewer).filter(lifted_at=None)
    standing = holds.filter(individual=person) | holds.filter(event_id=person.event_id).exclude(event=None)
    context = {
        "person": person,
        "erasure": known,
        "rule": _rule(known) if known else "",
        "kind": KINDS[ErasureStatus(known.status)] if known else "",
        "form": form,
        "waits": waits,
        "own": waits and known is not None and known.proposed_by_id == viewer.user_id,
        "may_propose": not person.is_erased
        and (known is None or known.status in {ErasureStatus.SUGGESTED, ErasureStatus.DECLINED}),
        "may_decline": known is not None and known.status in {"suggested", "proposed", "approved"},
        "goes": _goes(person, request.viewer),
        "holds": standing.select_related("set_by", "event").order_by("pk")[:20],
        "hold_form": forms.HoldForm(),
        "crumbs": [(_("People"), reverse("people")), (person.number, reverse("individual", args=[pk]))],
    }
    return render(request, "registration/erasure.html", context)


def _goes(person: Individual, viewer: Viewer) -> list[tuple[str, int]]:
    """Return what there is of a person that goes, counted."""
    return [
        (_("Documents"), Document.objects.visible_to(viewer).filter(individual=person).count()),
        (_("Specific needs"), SpecificNeed.objects.visible_to(viewer).filter(individual=person).count()),
        (
            _("Records of the same person"),
            Individual.objects.visible_to(viewer).filter(merged_into=person).count(),
        ),
    ]


@access.requires(Permission.ERASURE)
@require_POST
def erasure_decline(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Let a person not be erased."""
    person = own_person(request, pk)
    found = Erasure.objects.visible_to(request.viewer).filter(individual=person).open()
    with told_to(request, _("Declined. Nothing was erased.")):
        erasing.decline(erasure=get_object_or_404(found), by=request.viewer, now=timezone.now())
    return redirect("erasure", pk)


@access.requires(Permission.LEGAL_HOLD)
@require_POST
def hold_place(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Hold a person."""
    person, form = own_person(request, pk), forms.HoldForm(request.POST)
    if form.is_valid():
        with told_to(request, _("Held. Nobody erases this person until it is lifted.")):
            holding.place(individual=person, by=request.viewer, now=timezone.now(), **form.cleaned_data)
    else:
        messages.error(request, _("Say why, in at most 300 characters."))
    return redirect("erasure", pk)


@access.requires(Permission.LEGAL_HOLD)
@require_POST
def hold_lift(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Lift a hold of a person or of an event."""
    hold: LegalHold = get_object_or_404(LegalHold.objects.visible_to(request.viewer), pk=pk)
    if hold.individual_id:
        own_person(request, hold.individual_id)
    with told_to(request, _("Lifted.")):
        holding.lift(hold=hold, by=request.viewer, now=timezone.now())
    return redirect("erasure", hold.individual_id) if hold.individual_id else redirect("retention")


@access.requires(Permission.LEGAL_HOLD)
@require_http_methods(["GET", "POST"])
def hold_event(request: ViewedRequest) -> HttpResponse:
    """Hold everybody of an event."""
    form = forms.EventHoldForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            holding.place(by=request.viewer, now=timezone.now(), **form.cleaned_data)
            messages.success(request, _("Held. Nobody of this event is erased until it is lifted."))
            return redirect("retention")
    return form_page(
        request, form, _("Hold everybody of an event"), pgettext("verb", "Hold"), reverse("retention"),
        lead=_("Your agency's people of the event are neither suggested nor erased until it is lifted."),
    )  # fmt: skip


@access.requires(Permission.RETENTION_READ)
@require_safe
def rules(request: ViewedRequest) -> HttpResponse:
    """How long everything is kept, by which source, and what the agency decided."""
    choices = {one.rule: one for one in RetentionChoice.objects.visible_to(request.viewer)}
    holds = LegalHold.objects.visible_to(request.viewer).filter(lifted_at=None).exclude(event=None)
    page = page_of(holds.select_related("event", "set_by").order_by("pk"), number=request.GET.get("page"))
    context = {
        "rules": [{"rule": one, "what": _(one.what), "choice": choices.get(one.code)} for one in retention.RULES.values()],
        "machines": [{"machine": one, "what": _(one.what)} for one in retention.MACHINES],
        "holds": page.rows,
        "page": page,
    }  # fmt: skip
    return render(request, "registration/retention.html", context)


@access.requires(Permission.RETENTION_SET)
@require_http_methods(["GET", "POST"])
def rule(request: ViewedRequest, code: str) -> HttpResponse:
    """Decide how long the agency keeps records of a kind."""
    found = retention.RULES.get(code)
    if found is None:
        raise Http404
    chosen = RetentionChoice.objects.visible_to(request.viewer).filter(rule=code).first()
    initial: dict[str, Any] = {"months": chosen.months if chosen else found.months}
    if chosen:
        initial |= {"keeping": chosen.keeping, "reason": chosen.reason}
    form = forms.RuleForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            erasing.choose(rule=code, by=request.viewer, now=timezone.now(), **form.cleaned_data)
            messages.success(request, _("Decided. It counts from tonight on."))
            return redirect("retention")
    lead = (
        _("%(source)s says %(months)s months; your agency may keep it longer, not shorter.")
        if found.law
        else _("No law says how long; %(source)s suggests %(months)s months.")
    )
    return form_page(
        request, form, _(found.what), pgettext("verb", "Decide"), reverse("retention"),
        lead=lead % {"source": found.source, "months": figure(found.months)},
    )  # fmt: skip
