"""Which pages are there about agencies, and how does one go on as a member of another?"""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.models import Agency, Agreement, Membership
from agencies.views.agreements import lines_of
from refugeecm.core.paging import page_of
from refugeecm.core.templatetags.ui import country


@access.requires(Permission.AGENCY_READ)
@require_safe
def agencies(request: ViewedRequest) -> HttpResponse:
    """All agencies of the deployment, and those between which I can switch."""
    page = page_of(Agency.objects.select_related("parent").order_by("name"), number=request.GET.get("page"))
    between = _between(request, page.rows)
    mine = {
        one.agency_id: one
        for one in Membership.objects.in_force().filter(user_id=request.viewer.user_id or 0)
    }
    rows = [
        {
            "agency": one,
            "agreements": between.get(one.pk, 0),
            "membership": mine.get(one.pk),
            "own": one.pk == request.viewer.agency_id,
        }
        for one in page.rows
    ]
    return render(request, "agencies/agencies.html", {"page": page, "rows": rows})


def _between(request: ViewedRequest, rows: list[Agency]) -> dict[int, int]:
    """Return {agency: how many agreements are in force between it and ours}."""
    found: dict[int, int] = {}
    ids = [one.pk for one in rows]
    ours = (
        Agreement.objects.visible_to(request.viewer)
        .live()
        .filter(Q(provider_id__in=ids) | Q(recipient_id__in=ids))
    )
    for provider, recipient in ours.values_list("provider_id", "recipient_id"):
        other = recipient if provider == request.viewer.agency_id else provider
        found[other] = found.get(other, 0) + 1
    return found


@access.requires(Permission.AGENCY_READ)
@require_safe
def agency(request: ViewedRequest, pk: int) -> HttpResponse:
    """One agency: who they are, what we have agreed; of our own also who works there."""
    found = get_object_or_404(Agency.objects.select_related("parent"), pk=pk)
    own = found.pk == request.viewer.agency_id
    members = (
        Membership.objects.in_force()
        .filter(agency_id=request.viewer.agency_id)
        .select_related("user")
        .order_by("user__name")
    )
    between = (
        Agreement.objects.visible_to(request.viewer)
        .select_related("provider", "recipient")
        .order_by("-created_at")
    )
    if not own:
        between = between.filter(Q(provider=found) | Q(recipient=found))
    page = page_of(between, number=request.GET.get("page"))
    return render(
        request,
        "agencies/agency.html",
        {
            "agency": found,
            "own": own,
            "facts": [
                (_("Code"), found.code, "ltr"),
                (_("Kind"), found.get_kind_display()),
                (_("Country"), country(found.country)),
                *([(_("Branch of"), found.parent.name)] if found.parent else []),
            ],
            "members": members[:500] if own else [],
            "page": page,
            "rows": lines_of(page.rows),
            "crumbs": [(_("Agencies"), reverse("agencies"))],
        },
    )


@access.requires(Permission.HOME)
@require_POST
def switch_agency(request: ViewedRequest) -> HttpResponse:
    """Go on as a member of another of my agencies."""
    wanted = request.POST.get("membership", "")
    mine = Membership.objects.in_force().filter(user_id=request.viewer.user_id or 0).select_related("agency")
    membership = get_object_or_404(
        mine, pk=int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 10 else 0
    )
    request.session["membership"] = membership.pk
    messages.success(request, _("You now work for %(agency)s.") % {"agency": membership.agency})
    return redirect("home")
