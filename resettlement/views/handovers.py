"""Which pages are there about handing a household over?"""

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
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from agencies.reports import story
from cases.models import Claim
from cases.reports import Sight, person_line
from refugeecm.core.refusals import told_on, told_to
from refugeecm.core.templatetags.ui import fmt_date, fmt_time
from registration.models import Household, Individual
from resettlement import forms, policies
from resettlement.actions import handovers as acts
from resettlement.enums import HANDOVER_MOVES, HandoverKind, HandoverStatus
from resettlement.models import Handover
from resettlement.reports import agreements_for, badges


def _visible(request: ViewedRequest) -> Any:
    found = Handover.objects.visible_to(request.viewer).with_shown_classes(request.viewer)
    return found.select_related("agency", "recipient", "agreement")


def _members(request: ViewedRequest, household_id: uuid.UUID) -> list[Individual]:
    visible = Individual.objects.visible_to(request.viewer).with_shown_classes(request.viewer)
    return list(visible.filter(household_id=household_id).order_by("birth_date", "pk")[:200])


@access.requires(Permission.REFERRAL_MAKE)
@require_http_methods(["GET", "POST"])
def handover_new(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Offer a household of ours to a partner, or ask for one that a partner shows us."""
    viewer, now = request.viewer, timezone.now()
    visible = Household.objects.visible_to(viewer).with_shown_classes(viewer).select_related("agency")
    house: Household = get_object_or_404(visible, pk=pk)
    own, family = house.agency_id == viewer.agency_id, _members(request, pk)
    covering = agreements_for(viewer, [one.pk for one in family], owner_id=house.agency_id)
    agreements = covering.filter(hands_over=True)
    form = forms.HandoverForm(
        request.POST or None, agreements=agreements, partner="recipient" if own else "provider"
    )
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            made = acts.propose(household=house, by=viewer, now=now, **form.cleaned_data)
            messages.success(request, _("Proposed. The other agency is told."))
            return redirect("handover", made.pk)
    reads.record(viewer=viewer, rows=family, view="handover_new", now=now)
    number = Sight(house, viewer)("number")
    return render(
        request,
        "resettlement/handover_new.html",
        {
            "form": form,
            "own": own,
            "household": house,
            "number": number,
            "family": [person_line(one, viewer, today=now.date()) for one in family],
            "possible": bool(agreements),
            "facts": [
                (_("Household"), number, "ltr"),
                (_("Responsible"), house.agency),
                (_("People"), len(family)),
            ],
            "crumbs": [(_("People"), reverse("people")), (number, reverse("household", args=[pk]))],
        },
    )


def _page(
    request: ViewedRequest, found: Handover, form: forms.HandoverAnswerForm, now: datetime
) -> dict[str, Any]:
    viewer = request.viewer
    family = _members(request, found.household_id)
    claims = Claim.objects.visible_to(viewer).filter(individual__in=family)
    reads.record(viewer=viewer, rows=[found], view="handover", now=now)
    reads.record(viewer=viewer, rows=family, view="handover", now=now)
    moves, seen = HANDOVER_MOVES[found.status], Sight(found, viewer)
    ours = found.agency_id == viewer.agency_id
    asked = ours == (found.kind == HandoverKind.REQUEST)
    return {
        "form": form,
        "handover": found,
        "ours": ours,
        "family": [person_line(one, viewer, today=now.date()) for one in family],
        "claims": claims.count(),
        "household_url": reverse("household", args=[found.household_id]) if family else "",
        "badges": badges(found, now=now),
        "facts": [
            (_("Household"), found.number, "ltr"),
            (_("From"), found.agency),
            (_("To"), found.recipient),
            (_("Made"), fmt_date(found.made_at)),
        ],
        "rows": [
            (_("Kind"), seen("kind")),
            (_("How soon"), seen("urgency")),
            (_("Answer by"), seen("due_at", lambda row: fmt_time(row.due_at))),
            (_("Status since"), seen("status_since", lambda row: fmt_time(row.status_since))),
            (_("Agreement"), found.agreement.reference, "ltr"),
        ],
        "reason": seen("reason"),
        "answer": seen("answer"),
        "can_answer": asked and HandoverStatus.ACCEPTED in moves and viewer.may(Permission.REFERRAL_ANSWER),
        "can_approve": policies.can_approve(handover=found, by=viewer),
        "waits_for_supervisor": found.status == HandoverStatus.ACCEPTED,
        "can_revoke": HandoverStatus.REVOKED in moves
        and (ours or not asked)
        and viewer.may(Permission.REFERRAL_MAKE),
        "entries": story(
            viewer=viewer, subjects=[found.pk], statuses=dict.fromkeys(acts.ALL, HandoverStatus)
        ),
        "crumbs": [(_("Referrals"), reverse("referrals"))],
    }


@access.requires(Permission.REFERRAL_READ)
@require_safe
def handover(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """One hand-over: who goes where, why, and what was said."""
    found: Handover = get_object_or_404(_visible(request), pk=pk)
    context = _page(request, found, forms.HandoverAnswerForm(), timezone.now())
    return render(request, "resettlement/handover.html", context)


@access.requires(Permission.REFERRAL_ANSWER)
@require_http_methods(["GET", "POST"])
def handover_answer(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Accept, or decline with a reason."""
    now = timezone.now()
    found: Handover = get_object_or_404(_visible(request), pk=pk)
    if request.method == "GET":  # the address of an answer that was wrong, opened again
        return redirect("handover", found.pk)
    form = forms.HandoverAnswerForm(request.POST)
    if not form.is_valid():
        return render(request, "resettlement/handover.html", _page(request, found, form, now))
    with told_to(request):
        acts.answer(handover=found, by=request.viewer, now=now, **form.cleaned_data)
        messages.success(request, _("Answered: %(status)s.") % {"status": found.get_status_display()})
    return redirect("handover", found.pk)


@access.requires(Permission.HANDOVER_APPROVE)
@require_POST
def handover_approve(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Approve, which moves the household; cannot be taken back here."""
    found: Handover = get_object_or_404(_visible(request), pk=pk)
    with told_to(request):
        people = acts.approve(handover=found, by=request.viewer, now=timezone.now())
        told = ngettext("Handed over: %(count)s person.", "Handed over: %(count)s people.", people)
        messages.success(request, told % {"count": people})
    return redirect("handover", found.pk)


@access.requires(Permission.REFERRAL_MAKE)
@require_POST
def handover_revoke(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Take it back before it is done."""
    found: Handover = get_object_or_404(_visible(request), pk=pk)
    with told_to(request, _("Taken back. The other agency is told.")):
        acts.revoke(handover=found, by=request.viewer, now=timezone.now())
    return redirect("handover", found.pk)
