"""Which pages are there about the systems that ask the API in an agency's name?"""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import clients as client_acts
from agencies.forms import clients as forms
from agencies.models import ApiClient
from refugeecm.core.paging import page_of
from refugeecm.core.refusals import told_on, told_to


@access.requires(Permission.CLIENT_READ)
@require_safe
def clients(request: ViewedRequest) -> HttpResponse:
    """The systems that ask the API in our agency's name."""
    found = (
        ApiClient.objects.filter(agency_id=request.viewer.agency_id)
        .select_related("created_by")
        .order_by("-is_active", "-pk")
    )
    page = page_of(found, number=request.GET.get("page"))
    return render(
        request,
        "agencies/clients.html",
        {"page": page, "may_issue": request.viewer.may(Permission.CLIENT_ISSUE)},
    )


@access.requires(Permission.CLIENT_ISSUE)
@require_http_methods(["GET", "POST"])
def client_new(request: ViewedRequest) -> HttpResponse:
    """Issue an API client. The answer to the POST is the only page that ever shows the secret, so there is no redirect."""
    form = forms.ClientForm(request.POST or None)
    crumbs = [(_("API clients"), reverse("clients"))]
    if request.method == "POST" and form.is_valid():
        with told_on(form):
            made, secret = client_acts.issue(
                by=request.viewer, name=form.cleaned_data["name"], now=timezone.now()
            )
            return render(
                request,
                "agencies/client_issued.html",
                {
                    "client": made,
                    "secret": secret,
                    **_lines_to_paste(request, made, secret),
                    "crumbs": crumbs,
                },
            )
    return render(request, "agencies/client_new.html", {"form": form, "crumbs": crumbs})


def _lines_to_paste(request: HttpRequest, made: ApiClient, secret: str) -> dict[str, str]:
    token, claims = request.build_absolute_uri("/api/v1/token"), request.build_absolute_uri("/api/v1/claims")
    scope = client_acts.SCOPES[0]
    return {
        "token_line": f"curl -sS -u '{made.client_id}:{secret}' -d grant_type=client_credentials -d scope={scope} {token}",
        "claims_line": f'curl -sS -H "Authorization: Bearer $TOKEN" {claims}',
    }


@access.requires(Permission.CLIENT_ISSUE)
@require_http_methods(["GET", "POST"])
def client_revoke(request: ViewedRequest, pk: int) -> HttpResponse:
    """Say what stops, then shut a client out."""
    found = get_object_or_404(
        ApiClient.objects.filter(agency_id=request.viewer.agency_id).select_related("client"), pk=pk
    )
    if request.method == "POST":
        with told_to(request):
            client_acts.revoke(api_client=found, by=request.viewer)
            messages.success(
                request, _("%(name)s is shut out. Its tokens no longer work.") % {"name": found.name}
            )
        return redirect("clients")
    return render(
        request,
        "agencies/client_revoke.html",
        {"client": found, "crumbs": [(_("API clients"), reverse("clients"))]},
    )
