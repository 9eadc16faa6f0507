"""How does the API answer, whatever the app? Problems as RFC 9457, lists by cursor, everything JSON."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.pagination import CursorPagination
from rest_framework.response import Response
from rest_framework.views import set_rollback

PROBLEM = "application/problem+json"


class CursorPage(CursorPagination):
    """Pages by cursor, newest last, no totals."""

    page_size = 100
    max_page_size = 1000
    page_size_query_param = "limit"
    ordering = "id"


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the answer to an exception as application/problem+json, or None for what is not foreseen.

    What may not be seen and what does not exist have the same body.
    """
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    if not isinstance(error, exceptions.APIException):
        return None
    set_rollback()
    code = error.status_code
    body: dict[str, Any] = {"type": "about:blank", "title": _title(code), "status": code}
    if isinstance(error, exceptions.ValidationError):
        body["detail"] = _("Some values are missing or wrong. Correct them and send the request again.")
        body["errors"] = list(_pointers(error.get_full_details(), ""))
    elif not isinstance(error, exceptions.NotFound):
        body["detail"] = str(error.detail)
    headers = {}
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, exceptions.Throttled):
        headers["Retry-After"] = str(int(getattr(error, "wait", None) or 0) + 1)
    return Response(body, status=code, headers=headers, content_type=PROBLEM)


def _title(code: int) -> str:
    return {
        status.HTTP_400_BAD_REQUEST: "Bad request",
        status.HTTP_401_UNAUTHORIZED: "Sign in first",
        status.HTTP_403_FORBIDDEN: "Not allowed",
        status.HTTP_404_NOT_FOUND: "Not found",
        status.HTTP_405_METHOD_NOT_ALLOWED: "Method not allowed",
        status.HTTP_429_TOO_MANY_REQUESTS: "Too many requests",
    }.get(code, "Error")


def _pointers(details: Any, path: str) -> Any:
    if isinstance(details, dict) and {"message", "code"} == set(details):
        yield {"pointer": path or "/", "code": details["code"], "detail": str(details["message"])}
    elif isinstance(details, dict):
        for name, inner in details.items():
            yield from _pointers(inner, f"{path}/{name}")
    elif isinstance(details, list):
        for inner in details:
            yield from _pointers(inner, path)
