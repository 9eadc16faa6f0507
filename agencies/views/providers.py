"""How does an agency name its identity provider, and what does signing in by it let in?"""

from __future__ import annotations

import logging
import time

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.account.utils import get_next_redirect_url
from allauth.core.internal import ratelimit
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agencies import access
from agencies.access import Permission
from agencies.access.declaration import ViewedRequest
from agencies.actions import providers as acts
from agencies.forms.providers import ProviderForm
from agencies.models import IdentityProvider
from agencies.policies import NotPermitted
from refugeecm.core import openid
from refugeecm.core.refusals import told_on

UNDERWAY = 600  # seconds in which one has to come back from the provider
logger = logging.getLogger(__name__)


@access.requires(Permission.MEMBER_MANAGE)
@require_http_methods(["GET", "POST"])
@reauthentication_required
def provider(request: ViewedRequest) -> HttpResponse:
    """Set the identity provider of one's agency, or change it."""
    known = acts.provider_of(request.viewer.agency_id)
    given = {"issuer": known.issuer, "client_id": known.client_id, "domains": known.domains} if known else {}
    form = ProviderForm(request.POST or None, initial=given)
    if request.method == "POST" and form.is_valid():
        with told_on(form, "secret"):
            acts.configure(by=request.viewer, now=timezone.now(), **form.cleaned_data)
            messages.success(request, _("Your people can sign in by your identity provider now."))
            return redirect("identity-provider")
    context = {
        "form": form,
        "known": known,
        "back": _back(request, request.viewer.agency_id),
        "crumbs": [(_("Members"), reverse("members"))],
    }
    return render(request, "agencies/provider.html", context)


@access.requires(Permission.MEMBER_MANAGE)
@require_POST
def provider_remove(request: ViewedRequest) -> HttpResponse:
    """Remove the identity provider of one's agency."""
    acts.remove(by=request.viewer, now=timezone.now())
    messages.success(request, _("Your people sign in with password or passkey again."))
    return redirect("identity-provider")


@require_GET
def sign_in_by(request: HttpRequest, pk: int) -> HttpResponse:
    """Send somebody to their agency's provider, and let in whom it sends back: one address for both steps."""
    if request.user.is_authenticated:
        return redirect("home")
    one = acts.provider_of(pk)
    if one is None:
        raise Http404
    if not ratelimit.consume(request, app="allauth.account", action="login", limit_get=True):
        return ratelimit.respond_429(request)
    try:
        return _come_back(request, one) if "state" in request.GET else _leave(request, one)
    except (openid.Untrusted, NotPermitted) as refusal:
        logger.info("The provider of agency %s opened no account: %s", pk, refusal)
        messages.error(
            request,
            _("Your agency's identity provider did not open an account here. Ask your administrator."),
        )
        return redirect("account_login")


def _leave(request: HttpRequest, one: IdentityProvider) -> HttpResponse:
    where, kept = openid.begin(_client(request, one), now=timezone.now())
    kept["next"] = get_next_redirect_url(request) or ""
    request.session["provider_underway"] = {"agency": one.agency_id, "at": time.time(), **kept}
    return redirect(where)


def _come_back(request: HttpRequest, one: IdentityProvider) -> HttpResponse:
    kept = request.session.pop("provider_underway", None)  # good for one answer, right or wrong
    if not kept or kept["agency"] != one.agency_id or time.time() - kept["at"] > UNDERWAY:
        raise openid.Untrusted("nobody was sent there")
    now = timezone.now()
    claims = openid.finish(_client(request, one), kept=kept, given=request.GET.dict(), now=now)
    user = acts.admit(provider=one, claims=claims, now=now)
    request.session["provider"] = one.agency_id  # access.viewer_of: this session sees this agency alone
    record_authentication(request, user, method="provider", provider=one.issuer)
    return perform_login(request, Login(user=user, email=user.email, redirect_url=kept["next"] or None))


def _client(request: HttpRequest, one: IdentityProvider) -> openid.Client:
    return openid.Client(one.issuer, one.client_id, _back(request, one.agency_id), one.plain_secret())


def _back(request: HttpRequest, agency_id: int) -> str:
    return request.build_absolute_uri(reverse("sign-in-by", args=[agency_id]))
