"""How does a partner's system sign in, and what may it do? OAuth2 client credentials, bound to an agency."""

from __future__ import annotations

from typing import Any

from allauth.idp.oidc.contrib.rest_framework.authentication import TokenAuthentication
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from agencies.access import Permission, Viewer, enter
from agencies.access import viewer as viewers
from agencies.actions import clients
from agencies.models import ApiClient


class ClientAuthentication(BaseAuthentication):
    """Reads the bearer token and finds the agency behind its client."""

    def authenticate(self, request: Request) -> tuple[Viewer, Any] | None:
        """Return (viewer, token). Raises AuthenticationFailed for a token that is wrong, expired or of a revoked client."""
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return None
        found = TokenAuthentication().authenticate(request._request)
        if found is None or found[1] is None:
            raise AuthenticationFailed(
                "The token is wrong or has expired. Ask for a new one at /api/v1/token."
            )
        token = found[1]
        api_client = (
            ApiClient.objects.select_related("agency")
            .filter(client_id=token.client_id, is_active=True)
            .first()
        )
        if api_client is None:
            raise AuthenticationFailed("This client has been revoked.")
        clients.used(api_client=api_client, now=timezone.now())
        return viewers.client(api_client), token

    def authenticate_header(self, request: Request) -> str:
        """Return the scheme to use."""
        return "Bearer"


class Declared(BasePermission):
    """The view's declared permission and scope, held by the client and by the token."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Answer; an undeclared view is refused."""
        permission: Permission | None = getattr(view, "access", None)
        viewer = request.user
        if not isinstance(viewer, Viewer):
            return False
        if permission is None or not viewer.may(permission):
            raise PermissionDenied("This client may not do that.")
        scope = getattr(view, "scope", "")
        if scope not in request.auth.get_scopes():
            raise PermissionDenied(f"The token lacks the scope {scope}.")
        return True


class ClientThrottle(SimpleRateThrottle):
    """So many requests a minute for each client."""

    scope = "client"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        """Return the key that is counted."""
        return f"throttle-{request.user.client_id}" if isinstance(request.user, Viewer) else None


class AgencyView(GenericAPIView[Any]):
    """A view of the API: declared permission and scope, one transaction, the agency's database context."""

    access: Permission
    scope: str
    viewer: Viewer

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer inside one transaction; the body is rendered before it ends."""
        with transaction.atomic():
            response = super().dispatch(request, *args, **kwargs)
            if hasattr(response, "render"):
                response.render()
            return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate, check, then set the database context: the order matters."""
        super().initial(request, *args, **kwargs)
        self.viewer = request.user  # type: ignore[assignment]
        enter(self.viewer, reason=type(self).__name__)
