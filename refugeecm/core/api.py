"""How does the API answer, whatever the app? Problems as RFC 9457, lists by cursor, everything JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiResponse
from rest_framework import exceptions, serializers, status
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

PROBLEM = "application/problem+json"
_TITLES = {
    status.HTTP_400_BAD_REQUEST: "Bad request",
    status.HTTP_401_UNAUTHORIZED: "Sign in first",
    status.HTTP_403_FORBIDDEN: "Not allowed",
    status.HTTP_404_NOT_FOUND: "Not found",
    status.HTTP_405_METHOD_NOT_ALLOWED: "Method not allowed",
    status.HTTP_406_NOT_ACCEPTABLE: "Not acceptable",
    status.HTTP_409_CONFLICT: "Conflict",
    status.HTTP_412_PRECONDITION_FAILED: "Changed meanwhile",
    status.HTTP_413_REQUEST_ENTITY_TOO_LARGE: "Too large",
    status.HTTP_415_UNSUPPORTED_MEDIA_TYPE: "Unsupported media type",
    status.HTTP_422_UNPROCESSABLE_ENTITY: "Does not fit together",
    status.HTTP_429_TOO_MANY_REQUESTS: "Too many requests",
}


class Conflict(exceptions.APIException):
    """What is asked for does not fit what is there; `detail` says what to do."""

    status_code = status.HTTP_409_CONFLICT


class Changed(exceptions.APIException):
    """The record is no longer the one that `If-Match` names."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = gettext_lazy("This has changed since you read it. Read it again and send the new ETag.")


class TooLarge(exceptions.APIException):
    """The body is longer than any honest one."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = gettext_lazy("The body is too large. Send less at a time.")


class StrictSerializer(serializers.Serializer[Any]):
    """Values from outside: what is not known is refused, so that a misspelt filter never means "everything"."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the values. Raises ValidationError that names what is unknown or given twice."""
        errors: dict[str, list[str]] = {}
        if isinstance(data, QueryDict):
            twice = _("Given more than once. Give it once.")
            errors = {name: [twice] for name, values in data.lists() if len(values) > 1}
            data = data.dict()  # a form would take an empty value for none; here "number=" is a mistake
        if isinstance(data, Mapping):
            unknown = _("Unknown. Use one of: %s.") % ", ".join(self.fields)
            errors |= {str(name): [unknown] for name in data if name not in self.fields}
        if errors:
            raise serializers.ValidationError(errors)
        return super().to_internal_value(data)


class PageSerializer(StrictSerializer):
    """Which page of a list."""

    limit = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=1000,
        help_text="How many on a page; 100 unless said otherwise.",
    )
    cursor = serializers.CharField(required=False, help_text="Comes with the links `next` and `previous`.")


def id_from(text: str) -> UUID:
    """Return the id that stands in an address; for what is none, one that nothing has, so that it takes as long to look for."""
    with suppress(ValueError):
        if str(found := UUID(text)) == text.lower():
            return found
    return UUID(int=0)


class CursorPage(CursorPagination):
    """Pages by cursor over `id` (UUIDv7: in order of creation), newest last, no totals."""

    page_size = 100
    max_page_size = 1000
    page_size_query_param = "limit"
    ordering = "id"

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Return the place in the list. Raises ValidationError for a cursor that we did not make."""
        try:
            cursor = super().decode_cursor(request)
            if cursor is not None and cursor.position is not None:
                UUID(str(cursor.position))
        except (exceptions.NotFound, ValueError) as error:
            told = _(
                "This is not a cursor. Follow the links `next` and `previous` as they are, or leave it out."
            )
            raise exceptions.ValidationError({"cursor": [told]}) from error
        return cursor

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe a page for the OpenAPI document."""
        links = {
            "type": ["string", "null"],
            "format": "uri",
            "description": "Follow it as it is; null where the list ends.",
        }
        there = "https://refugees.example/api/v1/claims?cursor=cD0wMTljYWQ3MC04YTAw"
        properties = {
            "next": {**links, "example": there},
            "previous": {**links, "example": None},
            "results": schema,
        }
        return {"type": "object", "required": list(properties), "properties": properties}


class ProblemPointerSerializer(serializers.Serializer[Any]):
    """One wrong value."""

    pointer = serializers.CharField(help_text="Where: /name of the parameter or of the member of the body.")
    code = serializers.CharField()
    detail = serializers.CharField(help_text="What is wrong and what to send instead.")


class ProblemSerializer(serializers.Serializer[Any]):
    """An error (RFC 9457). Holds no personal data."""

    type = serializers.CharField(help_text="`about:blank`: the status says it all.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(
        required=False, help_text="What to do. A 404 never has one: hidden and absent look the same."
    )
    errors = ProblemPointerSerializer(many=True, required=False)  # type: ignore[assignment]


# What the OpenAPI document says of refusals: any of them, of what is hidden, of what is wrong.
PROBLEMS: dict[Any, Any] = {
    (401, PROBLEM): OpenApiResponse(ProblemSerializer, "No valid token; `WWW-Authenticate: Bearer`."),
    (403, PROBLEM): OpenApiResponse(ProblemSerializer, "The token lacks the scope."),
    (429, PROBLEM): OpenApiResponse(
        ProblemSerializer, "Too many requests; `Retry-After` says when to come back."
    ),
    ("default", PROBLEM): OpenApiResponse(ProblemSerializer, "Any other error."),
}
HIDDEN: dict[Any, Any] = {
    (404, PROBLEM): OpenApiResponse(ProblemSerializer, "Nothing that this client may know of.")
}
WRONG: dict[Any, Any] = {
    (400, PROBLEM): OpenApiResponse(ProblemSerializer, "Unknown or wrong values; `errors` names each.")
}


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
    code = error.status_code
    body: dict[str, Any] = {"type": "about:blank", "title": _TITLES.get(code, "Error"), "status": code}
    if isinstance(error, exceptions.ValidationError):
        body["detail"] = _("Some values are missing or wrong. Correct them and send the request again.")
        body["errors"] = list(_pointers(error.get_full_details(), ""))
    elif not isinstance(error, exceptions.NotFound):
        body["detail"] = str(error.detail)
    headers = {}
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, exceptions.Throttled):
        headers["Retry-After"] = str(getattr(error, "wait", None) or 60)
    return Response(body, status=code, headers=headers, content_type=PROBLEM)


def _pointers(details: Any, path: str) -> Iterator[dict[str, str]]:
    if isinstance(details, dict) and {"message", "code"} == set(details):
        yield {"pointer": path or "/", "code": details["code"], "detail": str(details["message"])}
    elif isinstance(details, dict):
        for name, inner in details.items():
            yield from _pointers(inner, f"{path}/{name}")
    elif isinstance(details, list):
        for inner in details:
            yield from _pointers(inner, path)
