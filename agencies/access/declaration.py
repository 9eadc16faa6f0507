"""How does a view say what it needs? It declares a permission; a view that declares nothing is refused.

`requires` opens the transaction, finds out who is looking, sets the database context inside the transaction, and renders the page
before the transaction ends. It stands on every view of ours; views of libraries are named in OPEN and SIGNED_IN below.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Protocol, cast

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import SimpleTemplateResponse
from django.utils import timezone

from agencies.access import desks
from agencies.access import viewer as viewers
from agencies.access.permissions import Permission
from agencies.access.viewer import Viewer
from agencies.models import Membership
from refugeecm.core import wall
from refugeecm.core.models import User

# The only addresses that answer somebody who has not signed in; a test holds this list to thirteen names.
OPEN = frozenset(
    {
        "account_login",
        "account_reset_password",
        "account_reset_password_from_key",
        "mfa_authenticate",
        "mfa_login_webauthn",
        "sign-in-by",
        "set_language",
        "health",
        "verify-document",
        "token",
        "openapi",
        "openapi-page",
        "demonstration-enter",
    }
)
# Library views about the signed-in person's own account; they need no agency.
SIGNED_IN = frozenset(
    {
        "account_logout",
        "account_change_password",
        "account_set_password",
        "account_reauthenticate",
        "desk-lock",
        "desk-unlock",
        "mfa_index",
        "mfa_activate_totp",
        "mfa_deactivate_totp",
        "mfa_generate_recovery_codes",
        "mfa_view_recovery_codes",
        "mfa_download_recovery_codes",
        "mfa_reauthenticate",
        "mfa_list_webauthn",
        "mfa_add_webauthn",
        "mfa_edit_webauthn",
        "mfa_remove_webauthn",
        "mfa_reauthenticate_webauthn",
    }
)
NOTED_EVERY = timedelta(hours=1)


class ViewedRequest(HttpRequest):
    """A request that passed `requires`: it knows who is looking."""

    viewer: Viewer


class View(Protocol):
    """A function view."""

    def __call__(self, request: ViewedRequest, *args: Any, **kwargs: Any) -> HttpResponseBase: ...


def viewer_of(request: HttpRequest) -> Viewer | None:
    """Return who is looking, from the membership that the session chose or the first in force; None without any.

    Notes that the membership is used, at most once an hour.
    """
    memberships = Membership.objects.in_force().filter(user_id=request.user.pk or 0).select_related("agency")
    if by := request.session.get("provider"):  # the word of one agency's provider opens nothing of another's
        memberships = memberships.filter(agency_id=by)
    chosen = request.session.get("membership")
    found = (memberships.filter(pk=chosen).first() if chosen else None) or memberships.order_by("pk").first()
    if found is None:
        return None
    now = timezone.now()
    if found.last_seen_at is None or now - found.last_seen_at > NOTED_EVERY:
        Membership.objects.filter(pk=found.pk).update(last_seen_at=now, reminded_days=0)
    return viewers.member(found)


def enter(viewer: Viewer, *, reason: str) -> None:
    """Set the database context of the transaction to the viewer's agency; history will name them."""
    wall.enter(
        agency_id=viewer.agency_id, user_id=viewer.user_id, reason=reason, request_id=viewer.request_id
    )


def requires(permission: Permission) -> Callable[[View], Callable[..., HttpResponseBase]]:
    """Declare the permission that a function view needs. The view gets `request.viewer` and runs in one transaction."""

    def declare(view: View) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def declared(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            with transaction.atomic():
                viewer = viewer_of(request)
                if viewer is None or not viewer.may(permission):
                    raise PermissionDenied
                enter(viewer, reason=view.__name__)  # type: ignore[attr-defined]
                request.viewer = viewer  # type: ignore[attr-defined]
                response = view(cast(ViewedRequest, request), *args, **kwargs)
                if isinstance(response, SimpleTemplateResponse):
                    response.render()  # its queries need this transaction's context
                return response

        declared.access = permission  # type: ignore[attr-defined]
        return declared

    return declare


class AccessMiddleware:
    """Refuses views that declare nothing, people without a second factor, and sessions left alone; forbids caches to keep pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and mark every answer that is not public as not to be stored (shared desks)."""
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        """Return None to let the view answer, or the refusal."""
        name = request.resolver_match.view_name if request.resolver_match else ""
        declared = getattr(view, "access", None) or getattr(getattr(view, "cls", None), "access", None)
        if not declared and name not in OPEN | SIGNED_IN:
            raise PermissionDenied(f"{name or view} declares no access")
        if hasattr(view, "cls"):
            return None  # the API signs in by token, in agencies.api
        if request.user.is_authenticated:
            return self._signed_in(request, name)
        return None if name in OPEN or declared else redirect_to_login(request.get_full_path())

    def _signed_in(self, request: HttpRequest, name: str) -> HttpResponseBase | None:
        now = int(time.time())
        idle = now - request.session.get("seen", now)
        late = now - request.session.setdefault("began", now) > settings.SESSION_COOKIE_AGE
        locked = desks.locked(request, idle=idle)
        if late or (idle > settings.IDLE_SECONDS and not locked):
            logout(request)
            return redirect_to_login(request.get_full_path())
        if now - request.session.get("seen", 0) > 30:
            request.session["seen"] = now
        if locked and name not in desks.WHEN_LOCKED:
            return redirect("desk-unlock")
        if name in {"mfa_deactivate_totp", "mfa_remove_webauthn"}:
            request.session.pop("second_factor", None)  # looked up anew at the next request
        if name in OPEN | SIGNED_IN or request.session.get("second_factor"):
            return None
        if not is_mfa_enabled(cast(User, request.user)):
            return redirect("mfa_activate_totp")
        desks.recognise(request)
        request.session["second_factor"] = True  # allauth lets nobody in past an enabled factor
        return None
