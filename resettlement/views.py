"""Which pages are there about referrals?"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
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
from agencies.enums import Channel
from agencies.models import Agreement
from agencies.reports import story
from cases.models import Claim
from cases.reports import Sight, people, person_line
from cases.reports import badges as claim_badges
from refugeecm.core.models import Event
from refugeecm.core.paging import page_of
from refugeecm.core.templatetags.ui import fmt_date, fmt_time
from refugeecm.core.transitions import TransitionNotAllowed
from registration.models import PersonAccess
from resettlement import forms
from resettlement.actions import referrals as acts
from resettlement.enums import REFERRAL_MOVES, ReferralStatus, Urgency
from resettlement.models import Referral
from resettlement.policies import NotPermitted

_KINDS = {
    ReferralStatus.PROPOSED: "warn",
    ReferralStatus.ACCEPTED: "info",
    ReferralStatus.DECLINED: "bad",
    ReferralStatus.DONE: "good",
}
_URGENT = {Urgency.URGENT: "warn", Urgency.EMERGENCY: "bad"}


def badge(referral: Referral) -> tuple[str, str]:
    """Return (kind, label) of the status."""
    return _KINDS.get(ReferralStatus(referral.status), "neutral"), referral.get_status_display()


def _visible(request: ViewedRequest) -> Any:
    found = Referral.objects.visible_to(request.viewer).with_shown_classes(request.viewer)
    return found.select_related("agency", "recipient")


def _claims(request: ViewedRequest, rows: list[Referral]) -> dict[uuid.UUID, Claim]:
    """Return the claims that the viewer may still see; never joined, so that no referral vanishes with its claim."""
    visible = Claim.objects.visible_to(request.viewer).with_shown_classes(request.viewer)
    found: dict[uuid.UUID, Claim] = visible.in_bulk([one.claim_id for one in rows])
    return found


def _agreements(request: ViewedRequest, claim: Claim) -> QuerySet[Agreement]:
    """Return the agreements in force under which a partner can read a referral of this case."""
    covering = PersonAccess.objects.filter(
        individual_id=claim.individual_id, owner_id=request.viewer.agency_id
    )
    return (
        Agreement.objects.visible_to(request.viewer)
        .live()
        .filter(
            provider_id=request.viewer.agency_id,
            channels__contains=[Channel.PAGES],
            pk__in=covering.values("agreement_id"),
        )
        .select_related("recipient")
        .order_by("recipient__name", "reference")
    )


@access.requires(Permission.REFERRAL_READ)
@require_safe
def referrals(request: ViewedRequest) -> HttpResponse:
    """Referrals that partners made to us, or that we made; newest first."""
    viewer, now = request.viewer, timezone.now()
    sent = request.GET.get("side") == "sent"
    received = _visible(request).filter(recipient_id=viewer.agency_id)
    mine = _visible(request).filter(agency_id=viewer.agency_id)
    page = page_of((mine if sent else received).order_by("-pk"), number=request.GET.get("page"))
    claims = _claims(request, page.rows)
    persons = people(viewer, {one.individual_id for one in page.rows})
    reads.record(viewer=viewer, rows=list(persons.values()), view="referrals", now=now)
    rows = [
        {
            "referral": one,
            "claim": Sight(claims.get(one.claim_id), viewer)("number"),
            "person": person_line(persons.get(one.individual_id), viewer, today=now.date()).name,
            "partner": one.recipient if sent else one.agency,
            "badge": badge(one),
            "urgent": _URGENT.get(Urgency(one.urgency), ""),
        }
        for one in page.rows
    ]
    here = reverse("referrals")
    tabs = [
        {
            "label": _("Received"),
            "url": here,
            "current": not sent,
            "count": received.waiting()[:100].count() or None,
        },
        {"label": _("Sent"), "url": f"{here}?side=sent", "current": sent, "count": None},
    ]
    return render(
        request, "resettlement/referrals.html", {"tabs": tabs, "sent": sent, "page": page, "rows": rows}
    )


@access.requires(Permission.REFERRAL_MAKE)
@require_http_methods(["GET", "POST"])
def referral_new(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Refer a case to a partner, under one of the agreements that cover its person."""
    viewer, now = request.viewer, timezone.now()
    claim: Claim = get_object_or_404(Claim.objects.visible_to(viewer).with_shown_classes(viewer), pk=pk)
    agreements = _agreements(request, claim)
    form = forms.ReferralForm(request.POST or None, agreements=agreements)
    if request.method == "POST" and form.is_valid():
        try:
            made = acts.refer(claim=claim, by=viewer, now=now, **form.cleaned_data)
        except NotPermitted as refusal:
            form.add_error(None, str(refusal))
        else:
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
            "own": claim.agency_id == viewer.agency_id,
            "possible": agreements.exists(),
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


def _told(event: Event) -> str:
    status = event.details.get("status")
    return (
        str(ReferralStatus(status).label)
        if event.name == acts.ANSWERED and status in ReferralStatus.values
        else ""
    )


def _page(request: ViewedRequest, found: Referral, form: forms.AnswerForm, now: datetime) -> dict[str, Any]:
    viewer = request.viewer
    claim = _claims(request, [found]).get(found.claim_id)
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
        "badges": [
            badge(found),
            (_URGENT.get(Urgency(found.urgency), "neutral"), found.get_urgency_display()),
        ],
        "facts": [
            (_("Claim"), Sight(claim, viewer)("number"), "ltr"),
            (_("From"), found.agency),
            (_("To"), found.recipient),
            (_("Made"), fmt_date(found.made_at)),
        ],
        "rows": [
            (_("What for"), seen("service")),
            (_("How soon"), seen("urgency")),
            (_("Status since"), seen("status_since", lambda row: fmt_time(row.status_since))),
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
        "can_finish": received and ReferralStatus.DONE in moves,
        "can_revoke": sent and ReferralStatus.REVOKED in moves,
        "entries": story(viewer=viewer, subjects=[found.pk], tell=_told),
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
@require_POST
def referral_answer(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Accept, decline with a reason, or finish."""
    now = timezone.now()
    found: Referral = get_object_or_404(_visible(request), pk=pk)
    form = forms.AnswerForm(request.POST)
    if not form.is_valid():
        return render(request, "resettlement/referral.html", _page(request, found, form, now))
    given = form.cleaned_data
    try:
        acts.answer(
            referral=found, to=given["to"], answer=given["answer"] or found.answer, by=request.viewer, now=now
        )
    except (NotPermitted, TransitionNotAllowed) as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Answered: %(status)s.") % {"status": found.get_status_display()})
    return redirect("referral", found.pk)


@access.requires(Permission.REFERRAL_MAKE)
@require_POST
def referral_revoke(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Take a referral back."""
    found: Referral = get_object_or_404(_visible(request), pk=pk)
    try:
        acts.revoke(referral=found, by=request.viewer, now=timezone.now())
    except (NotPermitted, TransitionNotAllowed) as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Taken back. %(agency)s is told.") % {"agency": found.recipient})
    return redirect("referral", found.pk)
