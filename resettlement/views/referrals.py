"""Which pages are there about referrals?"""

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
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from agencies.reports import story
from cases.models import Claim
from cases.reports import Sight, people, person_line
from cases.reports import badges as claim_badges
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_on, told_to
from refugeecm.core.templatetags.ui import fmt_date, fmt_time
from resettlement import forms
from resettlement.actions import referrals as acts
from resettlement.enums import REFERRAL_MOVES, ReferralStatus
from resettlement.models import Referral, ReferralMessage
from resettlement.policies import can_write
from resettlement.reports import agreements_for, badges, previews, without_consent


def _visible(request: ViewedRequest) -> Any:
    found = Referral.objects.visible_to(request.viewer).with_shown_classes(request.viewer)
    return found.select_related("agency", "recipient")


def _claim(request: ViewedRequest, found: Referral) -> Claim | None:
    """Return the claim if the viewer may still see it; never joined, so that no referral vanishes with its claim."""
    visible = Claim.objects.visible_to(request.viewer).with_shown_classes(request.viewer)
    one: Claim | None = visible.filter(pk=found.claim_id).first()
    return one


@access.requires(Permission.REFERRAL_MAKE)
@require_http_methods(["GET", "POST"])
def referral_new(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Refer a case to a partner, under one of the agreements that cover its person."""
    viewer, now = request.viewer, timezone.now()
    claim: Claim = get_object_or_404(Claim.objects.visible_to(viewer).with_shown_classes(viewer), pk=pk)
    own = claim.agency_id == viewer.agency_id
    agreements = agreements_for(viewer, [claim.individual_id], owner_id=viewer.agency_id)
    form = forms.ReferralForm(request.POST or None, agreements=agreements)
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            made = acts.refer(claim=claim, by=viewer, now=now, **form.cleaned_data)
            messages.success(request, _("Referred to %(agency)s.") % {"agency": made.recipient})
            return redirect("referral", made.pk)
    person = people(viewer, [claim.individual_id]).get(claim.individual_id)
    line = person_line(person, viewer, today=now.date())
    number = Sight(claim, viewer)("number")
    return render(
        request,
        "resettlement/referral_new.html",
        {
            "form": form,
            "claim": claim,
            "own": own,
            "possible": bool(agreements),
            "previews": previews(agreements, claim) if own else [],
            "unasked": without_consent(viewer, person) if own and person is not None else [],
            "person": line,
            "facts": [
                (_("Claim"), number, "ltr"),
                (_("Age"), line.born),
                (_("Nationality"), line.nationality),
            ],
            "badges": claim_badges(claim, viewer),
            "crumbs": [(_("Cases"), reverse("claims")), (number, reverse("claim", args=[claim.pk]))],
        },
    )


def _page(
    request: ViewedRequest,
    found: Referral,
    form: forms.AnswerForm,
    now: datetime,
    writing: forms.MessageForm | None = None,
) -> dict[str, Any]:
    viewer = request.viewer
    letters = ReferralMessage.objects.visible_to(viewer).filter(referral=found).select_related("agency")
    written = page_of(letters.order_by("-written_at", "-pk"), number=request.GET.get("page"), size=10)
    claim = _claim(request, found)
    person = people(viewer, [found.individual_id]).get(found.individual_id)
    for row in (found, claim, person):
        reads.record(viewer=viewer, rows=[row] if row is not None else [], view="referral", now=now)
    line, seen = person_line(person, viewer, today=now.date()), Sight(found, viewer)
    moves = REFERRAL_MOVES[found.status]
    received = found.recipient_id == viewer.agency_id and viewer.may(Permission.REFERRAL_ANSWER)
    sent = found.agency_id == viewer.agency_id and viewer.may(Permission.REFERRAL_MAKE)
    return {
        "form": form,
        "referral": found,
        "claim": claim,
        "person": line,
        "badges": badges(found, now=now),
        "facts": [
            (_("Claim"), Sight(claim, viewer)("number"), "ltr"),
            (_("From"), found.agency),
            (_("To"), found.recipient),
            (_("Made"), fmt_date(found.made_at)),
        ],
        "rows": [
            (_("What for"), seen("service")),
            (_("How soon"), seen("urgency")),
            (_("Answer by"), seen("due_at", lambda row: fmt_time(row.due_at))),
            (_("Status since"), seen("status_since", lambda row: fmt_time(row.status_since))),
            *([(_("What came of it"), seen("outcome"))] if found.outcome else []),
        ],
        "person_rows": [
            (_("Person number"), line.number, "ltr"),
            (_("Sex"), line.sex),
            (_("Age"), line.born),
            (_("Nationality"), line.nationality),
            *([(_("Claim status"), label) for _kind, label in claim_badges(claim, viewer)] if claim else []),
        ],
        "message": seen("message"),
        "answer": seen("answer"),
        "can_answer": received and ReferralStatus.ACCEPTED in moves,
        "can_begin": received and ReferralStatus.IN_PROGRESS in moves,
        "can_finish": received and ReferralStatus.DONE in moves,
        "written": written,
        "page": written,
        "writing": (writing or forms.MessageForm()) if can_write(referral=found, by=viewer) else None,
        "can_revoke": sent and ReferralStatus.REVOKED in moves,
        "entries": story(viewer=viewer, subjects=[found.pk], statuses={acts.ANSWERED: ReferralStatus}),
        "crumbs": [(_("Referrals"), reverse("referrals"))],
    }


@access.requires(Permission.REFERRAL_READ)
@require_safe
def referral(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """One referral: what is asked, for whom, and what came of it."""
    found: Referral = get_object_or_404(_visible(request), pk=pk)
    return render(
        request, "resettlement/referral.html", _page(request, found, forms.AnswerForm(), timezone.now())
    )


@access.requires(Permission.REFERRAL_ANSWER)
@require_http_methods(["GET", "POST"])
def referral_answer(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Accept, decline with a reason, or finish."""
    now = timezone.now()
    found: Referral = get_object_or_404(_visible(request), pk=pk)
    if request.method == "GET":  # the address of an answer that was wrong, opened again
        return redirect("referral", found.pk)
    form = forms.AnswerForm(request.POST)
    if not form.is_valid():
        return render(request, "resettlement/referral.html", _page(request, found, form, now))
    with told_to(request):
        acts.answer(referral=found, by=request.viewer, now=now, **form.cleaned_data)
        messages.success(request, _("Answered: %(status)s.") % {"status": found.get_status_display()})
    return redirect("referral", found.pk)


@access.requires(Permission.REFERRAL_READ)
@require_http_methods(["GET", "POST"])
def referral_message(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Write to the other agency."""
    now = timezone.now()
    found: Referral = get_object_or_404(_visible(request), pk=pk)
    if request.method == "GET":  # the address of an answer that was wrong, opened again
        return redirect("referral", found.pk)
    form = forms.MessageForm(request.POST)
    if not form.is_valid():
        context = _page(request, found, forms.AnswerForm(), now, form)
        return render(request, "resettlement/referral.html", context)
    with told_to(request, _("Sent. The other agency is told.")):
        acts.write(referral=found, text=form.cleaned_data["text"], by=request.viewer, now=now)
    return redirect("referral", found.pk)


@access.requires(Permission.REFERRAL_MAKE)
@require_POST
def referral_revoke(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Take a referral back."""
    found: Referral = get_object_or_404(_visible(request), pk=pk)
    with told_to(request):
        acts.revoke(referral=found, by=request.viewer, now=timezone.now())
        messages.success(request, _("Taken back. %(agency)s is told.") % {"agency": found.recipient})
    return redirect("referral", found.pk)
