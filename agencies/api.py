"""How does a partner's system sign in, and what may it do? OAuth2 client credentials, bound to an agency."""

from __future__ import annotations

import base64
import logging
from contextlib import ExitStack
from typing import Any
from urllib.parse import unquote_plus

from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.models import Client, Token
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample, extend_schema
from redis.exceptions import RedisError
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied, UnsupportedMediaType
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from agencies.access import Permission, Viewer, enter
from agencies.access import viewer as viewers
from agencies.actions import clients
from agencies.models import ApiClient
from agencies.serializers import (
    GrantSerializer,
    SealFilterSerializer,
    SealSerializer,
    TokenErrorSerializer,
    TokenSerializer,
)
from refugeecm.core import seals
from refugeecm.core.api import PROBLEM, ProblemSerializer, StrictSerializer, TooLarge
from refugeecm.core.models import Seal

logger = logging.getLogger(__name__)
FORMS = (FormParser.media_type, MultiPartParser.media_type)


class ClientAuthentication(BaseAuthentication):
    """Reads the bearer token and finds the agency behind its client, in one statement."""

    def authenticate(self, request: Request) -> tuple[Viewer, Token] | None:
        """Return (viewer, token). Raises AuthenticationFailed for a token that is wrong, expired or of a revoked client."""
        scheme, _space, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = (
            Token.objects.valid()
            .by_value(value.strip())
            .filter(type=Token.Type.ACCESS_TOKEN, client__api_client__is_active=True)
            .select_related("client__api_client__agency")
            .first()
        )
        if token is None:
            raise AuthenticationFailed(
                _("The token is wrong or has expired. Ask for a new one at /api/v1/token.")
            )
        api_client: ApiClient = token.client.api_client  # type: ignore[union-attr]
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
            raise PermissionDenied(_("This client may not do that."))
        scope = getattr(view, "scope", "")
        if not isinstance(request.auth, Token) or scope not in request.auth.get_scopes():
            raise PermissionDenied(_("The token lacks the scope %s. Ask for a token with it.") % scope)
        return True


class WindowThrottle(SimpleRateThrottle):
    """So many requests a minute, counted in the cache. Without the cache the API still answers: a throttle is no wall."""

    num_requests: int
    duration: int
    now: float

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count, and answer whether the limit is kept."""
        key = self.get_cache_key(request, view)
        if key is None:
            return True
        self.now = self.timer()
        key = f"{key}-{int(self.now // self.duration)}"
        try:
            return bool(self.cache.add(key, 1, self.duration) or self.cache.incr(key) <= self.num_requests)
        except (
            RedisError,
            OSError,
            ValueError,
        ) as error:  # ValueError: the key ended between the two commands
            logger.warning("A request was not counted: %s", type(error).__name__)
            return True

    def wait(self) -> float:
        """Return the seconds until the next window."""
        return self.duration - self.now % self.duration


class ClientThrottle(WindowThrottle):
    """A limit for each client."""

    scope = "client"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        """Return the key that is counted."""
        return f"throttle-{request.user.client_id}" if isinstance(request.user, Viewer) else None


class ClientScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes ClientAuthentication in the OpenAPI document."""

    target_class = ClientAuthentication
    name = "oauth2"

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]]:
        """Return the scope that the view declares."""
        return {self.name: [auto_schema.view.scope]}

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Return the flow by which a token is got."""
        scopes = {name: str(says) for name, says in get_adapter().scope_display.items()}
        return {
            "type": "oauth2",
            "description": "An administrator of your agency issues the client. Tokens are valid for ten minutes.",
            "flows": {"clientCredentials": {"tokenUrl": "/api/v1/token", "scopes": scopes}},
        }


def _credentials(request: Request) -> tuple[str, str]:
    """Return client and secret of a token request, from HTTP Basic authentication or from the form; empty where they are missing."""
    scheme, _space, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        form = request._request.POST
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        name, _colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote_plus(name), unquote_plus(secret)


class TokenThrottle(WindowThrottle):
    """A limit for guesses at one client's secret from one address."""

    rate = "60/min"

    def get_cache_key(self, request: Request, view: Any) -> str:
        """Return the key that is counted."""
        return (
            f"throttle-token-{request.META.get('REMOTE_ADDR')}-{_credentials(request)[0].encode().hex()[:80]}"
        )


class TokenView(APIView):
    """Where a client gets its token."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (TokenThrottle,)
    parser_classes = (FormParser, MultiPartParser)
    http_method_names = ["post"]

    @extend_schema(
        operation_id="token",
        tags=["token"],
        summary="Get a token",
        description="OAuth2 client credentials (RFC 6749, section 4.4), with HTTP Basic authentication or the secret in the form. "
        "An unknown client, a wrong secret and a revoked client get the same answer. Ask again when ten minutes are over.",
        request={"application/x-www-form-urlencoded": GrantSerializer},
        responses={
            200: TokenSerializer,
            (400, "application/json"): TokenErrorSerializer,
            (401, "application/json"): TokenErrorSerializer,
            (429, PROBLEM): ProblemSerializer,
        },
        examples=[
            OpenApiExample(
                "Token",
                value={
                    "access_token": "mF_9.B5f-4.1JqM",
                    "expires_in": 600,
                    "scope": "claims.status:read",
                    "token_type": "Bearer",
                },
                response_only=True,
                status_codes=["200"],
            ),
            OpenApiExample(
                "Wrong client", value={"error": "invalid_client"}, response_only=True, status_codes=["401"]
            ),
        ],
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """Answer as OAuth2 prescribes: errors too have its form."""
        if request.content_type.partition(";")[0].strip().lower() not in FORMS:
            raise UnsupportedMediaType(request.content_type)
        form = request._request.POST
        headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
        if form.get("grant_type") != Client.GrantType.CLIENT_CREDENTIALS:
            return Response({"error": "unsupported_grant_type"}, status=400, headers=headers)
        client_id, secret = _credentials(request)
        scopes = form.get("scope", "").split()
        try:
            token, granted = clients.grant(
                client_id=client_id, secret=secret, scopes=scopes, now=timezone.now()
            )
        except clients.WrongClient:
            return Response(
                {"error": "invalid_client"}, status=401, headers={**headers, "WWW-Authenticate": "Basic"}
            )
        except clients.WrongScope:
            return Response({"error": "invalid_scope"}, status=400, headers=headers)
        seconds = int(clients.TOKEN_LIFE.total_seconds())
        body = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": seconds,
            "scope": " ".join(granted),
        }
        return Response(body, headers=headers)


class AgencyView(GenericAPIView[Any]):
    """A view of the API: declared permission and scope, one transaction, the agency's database context."""

    access: Permission
    scope: str
    most = 0  # bytes of a body, where it may be larger than any form
    viewer: Viewer
    authentication_classes = (ClientAuthentication,)
    permission_classes = (Declared,)
    throttle_classes = (ClientThrottle,)
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]  # OPTIONS would list choices

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer inside the transaction that `initial` opens; the body is rendered before it ends."""
        with ExitStack() as self.opened:
            response = super().dispatch(request, *args, **kwargs)
            if isinstance(response, Response):
                response.render()
            return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate, check and count, then open the transaction and set the database context: the order matters."""
        super().initial(request, *args, **kwargs)
        most = self.most or settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if int(request.META.get("CONTENT_LENGTH") or 0) > most:
            raise TooLarge
        self.viewer = request.user  # type: ignore[assignment]
        self.opened.enter_context(transaction.atomic())
        enter(self.viewer, reason=type(self).__name__)

    def no_parameters(self) -> None:
        """Refuse parameters that would be ignored."""
        StrictSerializer(data=self.request.query_params).is_valid(raise_exception=True)

    def handle_exception(self, exc: Exception) -> Response:
        """Answer with a problem; a request that is refused half-way has changed nothing."""
        response = super().handle_exception(exc)
        if hasattr(self, "viewer"):
            transaction.set_rollback(True)
        return response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Say to caches that the answer belongs to whoever holds the token."""
        response = super().finalize_response(request, response, *args, **kwargs)
        patch_vary_headers(response, ["Authorization"])
        return response


class SealsView(AgencyView):
    """The signed heads of the audit trail, for whoever holds a client."""

    access = Permission.API_SEALS
    scope = "claims.status:read"

    @extend_schema(
        operation_id="seals",
        tags=["seals"],
        summary="List signed heads of the audit trail",
        description="Every ten minutes what was written about what happened is sealed: a Merkle root (RFC 6962), chained to the "
        "seal before and signed. Fetch the heads regularly and keep them where nobody here can change them: then not even the owner "
        "of the database can rewrite the past unnoticed. Oldest first; ask with `after` for what is new.",
        parameters=[SealFilterSerializer],
        responses={
            200: SealSerializer(many=True),
            **dict.fromkeys([(code, PROBLEM) for code in (400, 401, 403, 429, "default")], ProblemSerializer),
        },
        examples=[
            OpenApiExample(
                "Seal",
                value={
                    "number": 7,
                    "head": "refugeecm seal 1\n7\n2026-03-02T09:30:00.000000+00:00\n4120 4377 212\n1 2 3\n5f70…\n9a01…",
                    "hash": "c7be…",
                    "signature": "8d11…",
                    "key": 0,
                    "public_key": "d75a…",
                },
                response_only=True,
                status_codes=["200"],
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """Answer with a page of heads."""
        asked = SealFilterSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        found = Seal.objects.filter(number__gt=asked.validated_data.get("after", 0))
        page = self.paginate_queryset(found) or []
        shown = SealSerializer(page, many=True, context={"public_keys": seals.public_keys()})
        return self.get_paginated_response(shown.data)
