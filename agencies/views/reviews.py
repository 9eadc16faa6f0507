"""Which pages are there about the reviews of access?"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Count, F, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import reviews as acts
from agencies.enums import Role, Verdict
from agencies.forms.fields import errors_of
from agencies.forms.members import DecisionForm
from agencies.models import Review, ReviewLine
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_to
from refugeecm.core.templatetags.ui import fmt_date, fmt_time

_KINDS = {Verdict.OPEN: "warn", Verdict.CONFIRMED: "good", Verdict.KEPT: "info"}


@access.requires(Permission.REVIEW)
@require_safe
def reviews(request: ViewedRequest) -> HttpResponse:
    """The reviews of the agency, newest first."""
    found = Review.objects.visible_to(request.viewer).annotate(
        left=Count("lines", filter=Q(lines__status=Verdict.OPEN)), listed=Count("lines")
    )
    page = page_of(found.order_by("-opened_at"), number=request.GET.get("page"))
    return render(request, "agencies/reviews.html", {"page": page})


@access.requires(Permission.REVIEW)
@require_POST
def review_new(request: ViewedRequest) -> HttpResponse:
    """Begin a review now."""
    with told_to(request):
        made = acts.open_review(agency=request.viewer.agency, by=request.viewer, now=timezone.now())
        return redirect("review", made.pk)
    return redirect("reviews")


@access.requires(Permission.REVIEW)
@require_safe
def review(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """One review: what is still to be decided first. Printed, the page is the evidence."""
    found = get_object_or_404(
        Review.objects.visible_to(request.viewer).select_related("agency", "opened_by"), pk=pk
    )
    lines = found.lines.select_related(
        "membership__user", "client", "agreement__recipient", "decided_by"
    ).order_by(F("decided_at").asc(nulls_first=True), "kind", "pk")
    page = page_of(lines, number=request.GET.get("page"), size=200)
    return render(
        request,
        "agencies/review.html",
        {
            "review": found,
            "badges": [("warn" if found.closed_at is None else "good", found.get_status_display())],
            "facts": [
                (_("Opened"), fmt_time(found.opened_at)),
                (_("By"), found.opened_by or _("the calendar: every quarter")),
                (_("Due"), fmt_date(found.due_on)),
                (_("Closed"), fmt_time(found.closed_at) if found.closed_at else _("not yet")),
            ],
            "page": page,
            "rows": [_row(one, by=request.viewer.user_id) for one in page.rows],
            "open": found.closed_at is None,
            "printed": timezone.now(),
            "crumbs": [(_("Reviews of access"), reverse("reviews"))],
        },
    )


def _row(line: ReviewLine, *, by: int | None) -> dict[str, Any]:
    """Return what the table shows of a line."""
    if line.membership:
        what, about = line.membership.user.name, str(Role(line.role).label)
    elif line.client:
        what, about = line.client.name, line.client.client_id
    else:
        assert line.agreement is not None  # noqa: S101 - a constraint of the table; tells the type checker
        what, about = line.agreement.title, f"{line.agreement.reference} · {line.agreement.recipient}"
    return {
        "line": line,
        "what": what,
        "about": about,
        "kind": _KINDS.get(Verdict(line.status), "neutral"),
        "own": bool(line.membership and line.membership.user_id == by),
        "to_decide": line.status == Verdict.OPEN,
    }


@access.requires(Permission.REVIEW)
@require_POST
def review_decide(request: ViewedRequest, pk: uuid.UUID) -> HttpResponse:
    """Confirm an access, or end it."""
    lines = ReviewLine.objects.filter(agency_id=request.viewer.agency_id).select_related(
        "review__agency", "membership__agency", "client", "agreement"
    )
    line, form = get_object_or_404(lines, pk=pk), DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, errors_of(form))
        return redirect("review", line.review_id)
    keep = form.cleaned_data["keep"] == "1"
    with told_to(request):
        acts.decide(
            line=line,
            keep=keep,
            reason=form.cleaned_data["reason"],
            by=request.viewer,
            now=timezone.now(),
        )
        messages.success(request, _("Confirmed.") if keep else _("Ended."))
    return redirect("review", line.review_id)
