"""Which pages are there about claims?"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agencies import access
from agencies.access import Permission, Viewer
from agencies.access.declaration import ViewedRequest
from agencies.actions import reads
from agencies.reports import story
from cases import forms, policies, reports
from cases.actions import claims as acts
from cases.enums import CLAIM_MOVES, ClaimStatus
from cases.models import Claim, ClaimReference
from cases.policies import NotPermitted
from refugeecm.core.paging import LIMIT, Page, page_among, page_of, reach
from refugeecm.core.refusals import told_on, told_to
from refugeecm.core.templatetags.ui import fmt_date
from refugeecm.core.transitions import TransitionNotAllowed
from registration.models import Individual, listing

# (label of the button, what happens, whether it cannot be taken back) by the status to move to.
MOVES: dict[str, tuple[Any, Any, bool]] = {
    ClaimStatus.EXAMINATION: (gettext_lazy("Start the examination"), "", False),
    ClaimStatus.SUSPENDED: (gettext_lazy("Suspend"), "", False),
    ClaimStatus.WITHDRAWN: (
        gettext_lazy("Note a withdrawal"),
        gettext_lazy("The procedure ends without a decision. A person who asks again gets a new claim."),
        True,
    ),
    ClaimStatus.CLOSED: (
        gettext_lazy("Close"),
        gettext_lazy("The file is kept and can be read, but nothing more is done with it."),
        True,
    ),
}


def _visible(request: ViewedRequest) -> Any:
    return (
        Claim.objects.visible_to(request.viewer).with_shown_classes(request.viewer).select_related("agency")
    )


def _own_for_update(request: ViewedRequest, pk: uuid.UUID) -> Claim:
    """Return the claim locked, so that a decision is about what stands there now; only our own can be locked (second wall)."""
    found: Claim = get_object_or_404(_visible(request).select_for_update(of=("self",)), pk=pk)
    return found


def filtered(viewer: Viewer, chosen: Mapping[str, Any]) -> Any:
    """Return the visible claims that fit the filters of the list."""
    visible = Claim.objects.visible_to(viewer).with_shown_classes(viewer).select_related("agency")
    found = reports.with_status(visible, viewer).order_by("-pk")
    number = (chosen.get("q") or "").strip()
    if number:
        # Looked up first, each by its index: an "or" in the statement would walk past every claim.
        by_reference = ClaimReference.objects.owned_by(viewer).filter(value=number).values_list("claim_id")
        by_number = Claim.objects.visible_to(viewer).filter(number=number.upper()).values_list("pk")
        found = found.filter(pk__in=[pk for (pk,) in [*by_reference[:LIMIT], *by_number]])
    if chosen.get("status"):
        found = found.filter(status=chosen["status"])
    narrowed = {
        "agency": Q(agency_id=viewer.agency_id),
        "mine": Q(agency_id=viewer.agency_id, opened_by_id=viewer.user_id),
        "shared": ~Q(agency_id=viewer.agency_id),
    }
    return found.filter(narrowed[chosen["whose"]]) if chosen.get("whose") else found


def _page(request: ViewedRequest, chosen: dict[str, Any]) -> Page[Claim]:
    """Return the page of the list: a number is looked up, the newest are found by the function for lists."""
    viewer, number, whose = request.viewer, request.GET.get("page"), chosen.get("whose") or ""
    if not (chosen.get("q") or "").strip():
        ids = listing.ids(
            "cases_listed",
            viewer,
            model=Claim,
            showing=["number", "status"],
            at_most=reach(number),
            whose=whose,
            status=chosen.get("status"),
            opened_by=viewer.user_id if whose == "mine" else None,
        )
        if ids is not None:
            return page_among(filtered(viewer, chosen), ids, number=number)
    return page_of(filtered(viewer, chosen), number=number)


@access.requires(Permission.CLAIM_READ)
@require_safe
def claims(request: ViewedRequest) -> HttpResponse:
    """The claims of our agency and those shared with it, newest first."""
    viewer, now = request.viewer, timezone.now()
    form = forms.ClaimFilter(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    page = _page(request, chosen)
    applicants = reports.people(viewer, {one.individual_id for one in page.rows})
    reads.record(viewer=viewer, rows=list(applicants.values()), view="claims", now=now)
    rows = [
        {
            "claim": one,
            "applicant": reports.person_line(applicants.get(one.individual_id), viewer, today=now.date()),
            "badges": reports.badges(one, viewer),
        }
        for one in page.rows
    ]
    return render(
        request,
        "cases/claims.html",
        {"filters": form, "filtered": any(chosen.values()), "page": page, "rows": rows},
    )


@access.requires(Permission.CLAIM_READ)
@require_safe
def claim(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """One claim: who, where it stands, what is next, what happened."""
    viewer, now = request.viewer, timezone.now()
    found: Claim = get_object_or_404(_visible(request), pk=pk)
    household = Individual.objects.filter(pk=found.individual_id).values("household_id")
    family = list(
        Individual.objects.visible_to(viewer)
        .with_shown_classes(viewer)
        .filter(household_id__in=household)
        .order_by("birth_date", "pk")[:100]
    )
    reads.record(viewer=viewer, rows=[found], view="claim", now=now)
    reads.record(viewer=viewer, rows=family, view="claim", now=now)
    lines = [reports.person_line(one, viewer, today=now.date()) for one in family]
    return render(
        request,
        "cases/claim.html",
        _claim_page(
            request, found, lines, forms.ReferenceForm(initial={"value": _reference(request, found)})
        ),
    )


def _reference(request: ViewedRequest, found: Claim) -> str:
    own = ClaimReference.objects.owned_by(request.viewer).filter(claim=found)
    return str(own.values_list("value", flat=True).first() or "")


def _claim_page(
    request: ViewedRequest, found: Claim, family: list[reports.PersonLine], form: forms.ReferenceForm
) -> dict[str, Any]:
    viewer, seen = request.viewer, reports.Sight(found, request.viewer)
    own = found.agency_id == viewer.agency_id
    applicant = next(
        (one for one in family if one.pk == found.individual_id),
        reports.person_line(None, viewer, today=timezone.now().date()),
    )
    may_move = own and viewer.may(Permission.CLAIM_MOVE)
    can_approve = policies.can_approve(claim=found, by=viewer)
    return {
        "claim": found,
        "own": own,
        "number": seen("number"),
        "applicant": applicant,
        "family": [one for one in family if one.pk != found.individual_id],
        "badges": reports.badges(found, viewer),
        "facts": [
            (_("Claim"), seen("number"), "ltr"),
            (_("Since"), seen("status_since", lambda row: fmt_date(row.status_since))),
            (_("Age"), applicant.born),
            (_("Nationality"), applicant.nationality),
            (_("Responsible"), found.agency),
        ],
        "applicant_rows": [
            (_("Person number"), applicant.number, "ltr"),
            (_("Sex"), applicant.sex),
        ],
        "claim_rows": [
            (_("Made on"), seen("made_on", lambda row: fmt_date(row.made_on))),
            (_("Opened"), seen("opened_at", lambda row: fmt_date(row.opened_at))),
            *([(_("Outcome"), seen("outcome"))] if found.outcome else []),
        ],
        "tasks": reports.tasks(found, can_approve=can_approve) if own else [],
        "moves": _moves(found) if may_move else [],
        "decision": forms.DecisionForm(initial={"outcome": found.proposed_outcome})
        if may_move and found.status == ClaimStatus.EXAMINATION
        else None,
        "proposed": found.get_proposed_outcome_display() if own and found.proposed_outcome else "",
        "can_approve": can_approve,
        "can_refer": own and viewer.may(Permission.REFERRAL_MAKE),
        "reference": form if viewer.may(Permission.CLAIM_MOVE) else None,
        "entries": story(viewer=viewer, subjects=[found.pk], statuses={acts.MOVED: ClaimStatus}),
        "crumbs": [(_("Cases"), reverse("claims"))],
    }


def _moves(found: Claim) -> list[dict[str, Any]]:
    """Return the buttons for what may happen next; a decision has its own form."""
    buttons = []
    for to, (label, _words, final) in MOVES.items():
        if to in CLAIM_MOVES[found.status]:
            again = to == ClaimStatus.EXAMINATION and found.status == ClaimStatus.SUSPENDED
            buttons.append(
                {"to": to, "label": _("Resume the examination") if again else label, "final": final}
            )
    return buttons


@access.requires(Permission.CLAIM_OPEN)
@require_http_methods(["GET", "POST"])
def claim_new(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Open a claim for a person."""
    viewer, now = request.viewer, timezone.now()
    person = get_object_or_404(Individual.objects.visible_to(viewer).with_shown_classes(viewer), pk=pk)
    form = forms.ClaimForm(request.POST or None, initial={"made_on": now.date()})
    refused = ""
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            made = acts.open_claim(
                individual=person, made_on=form.cleaned_data["made_on"], by=viewer, now=now
            )
            messages.success(request, _("Claim %(number)s is open.") % {"number": made.number})
            return redirect("claim", made.pk)
    elif request.method == "GET":
        try:
            policies.check_open(individual=person, by=viewer)
        except NotPermitted as refusal:
            refused = str(refusal)
        reads.record(viewer=viewer, rows=[person], view="claim_new", now=now)
    line = reports.person_line(person, viewer, today=now.date())
    return render(
        request,
        "cases/claim_new.html",
        {
            "form": form,
            "refused": refused,
            "person": line,
            "facts": [(_("Age"), line.born), (_("Sex"), line.sex), (_("Nationality"), line.nationality)],
            "crumbs": [(_("People"), reverse("people"))],
        },
    )


@access.requires(Permission.CLAIM_MOVE)
@require_http_methods(["GET", "POST"])
def claim_move(request: ViewedRequest, pk: uuid.UUID, to: str) -> HttpResponse:
    """Move a claim to another status; what cannot be taken back is asked first."""
    if to not in MOVES:
        raise Http404
    found: Claim = get_object_or_404(_visible(request), pk=pk)
    label, words, _final = MOVES[to]
    try:
        policies.check_move(claim=found, by=request.viewer)
        if request.method == "POST":
            acts.change_status(claim=found, to=to, by=request.viewer, now=timezone.now())
    except (NotPermitted, TransitionNotAllowed) as refusal:
        messages.error(request, str(refusal))
        return redirect("claim", found.pk)
    if request.method == "POST":
        messages.success(request, _("Status: %(status)s.") % {"status": found.get_status_display()})
        return redirect("claim", found.pk)
    return render(
        request,
        "cases/claim_move.html",
        {
            "claim": found,
            "label": label,
            "words": words,
            "crumbs": [(_("Cases"), reverse("claims")), (found.number, reverse("claim", args=[found.pk]))],
        },
    )


@access.requires(Permission.CLAIM_MOVE)
@require_POST
def claim_propose(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Propose a decision; a second person approves it."""
    found = _own_for_update(request, pk)
    form = forms.DecisionForm(request.POST)
    outcome = form.cleaned_data["outcome"] if form.is_valid() else ""
    with told_to(request):
        acts.propose_decision(claim=found, outcome=outcome, by=request.viewer, now=timezone.now())
        messages.success(
            request,
            _("Proposed: %(outcome)s. A decision maker has to approve it.")
            % {"outcome": found.get_proposed_outcome_display()},
        )
    return redirect("claim", found.pk)


@access.requires(Permission.CLAIM_MOVE)
@require_POST
def claim_approve(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Approve the decision that was read on the page; another one in its place is refused."""
    found = _own_for_update(request, pk)
    with told_to(request):
        policies.check_approve(claim=found, by=request.viewer)
        if request.POST.get("outcome") != found.proposed_outcome:
            raise NotPermitted(
                _("The proposal has changed since you read it. Read it again before you approve it.")
            )
        acts.approve_decision(claim=found, by=request.viewer, now=timezone.now())
        messages.success(request, _("Decided: %(outcome)s.") % {"outcome": found.get_outcome_display()})
    return redirect("claim", found.pk)


@access.requires(Permission.CLAIM_MOVE)
@require_POST
def claim_reference(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Note our own number for a claim that we may see."""
    found: Claim = get_object_or_404(_visible(request), pk=pk)
    form = forms.ReferenceForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Type your agency's number for this claim, up to 80 characters."))
        return redirect("claim", found.pk)
    with told_to(request):
        acts.set_reference(
            claim=found, value=form.cleaned_data["value"], by=request.viewer, now=timezone.now()
        )
        messages.success(
            request,
            _("Noted. Your systems can ask for this claim by %(value)s.")
            % {"value": form.cleaned_data["value"]},
        )
    return redirect("claim", found.pk)
