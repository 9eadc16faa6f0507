"""How does an agency's own system send a list of arrivals, follow it, and accept it?"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from typing import IO, Any

import orjson
from django.http import Http404
from django.utils import timezone
from django.utils.http import parse_etags
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from agencies.access import Permission
from agencies.actions import reads
from agencies.api import AgencyView
from agencies.channels import sheets
from refugeecm.core.api import (
    HIDDEN,
    PROBLEM,
    PROBLEMS,
    WRONG,
    Conflict,
    ProblemSerializer,
    StrictSerializer,
    id_from,
)
from refugeecm.core.idempotency import first_time
from refugeecm.core.transitions import TransitionNotAllowed
from registration import policies, reports
from registration.actions import imports
from registration.actions.imports.content import LIMIT
from registration.enums import BatchStatus, Outcome
from registration.importers.errors_file import error_lines
from registration.models import ImportBatch, InfluxEvent
from registration.views.rows import error_rows

ID = OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="Our id of the list.")
KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="Your own mark of this request, kept for 24 hours.",
)
CONFLICT: dict[Any, Any] = {
    (409, PROBLEM): OpenApiResponse(ProblemSerializer, "No longer, or not yet, possible.")
}


class CsvBody(BaseParser):
    """A file as the whole body."""

    media_type = "text/csv"

    def parse(  # type: ignore[override]
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Return the bytes."""
        return bytes(stream.read(LIMIT + 1))


class SheetBody(CsvBody):
    """A workbook as the whole body."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class CsvAnswer(BaseRenderer):
    """Rows as CSV; problems stay JSON."""

    media_type = "text/csv"
    format = "csv"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        """Return the bytes."""
        return data if isinstance(data, bytes) else orjson.dumps(data)


class SentSerializer(StrictSerializer):
    """What goes with a file."""

    event = serializers.SlugField(help_text="Short name of the event; it exists already.")
    file_name = serializers.CharField(
        required=False, max_length=200, help_text="For people, and for the error file."
    )
    file = serializers.FileField(
        required=False, help_text="CSV or XLSX, up to 300 MB, where it is not the body."
    )


class CountsSerializer(serializers.Serializer[Any]):
    """Rows by what was found out."""

    new = serializers.IntegerField()
    registered = serializers.IntegerField(help_text="Known already; nothing is added.")
    possible = serializers.IntegerField(help_text="Possible duplicates; registered, and compared later.")
    error = serializers.IntegerField(help_text="Left out with their whole household until corrected.")


class ImportSerializer(serializers.Serializer[Any]):
    """Where a list of arrivals stands."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(BatchStatus.choices)
    paused = serializers.BooleanField()
    event = serializers.CharField()
    file_name = serializers.CharField()
    rows = serializers.IntegerField(help_text="0 until the file is read.")
    households = serializers.IntegerField()
    counts = CountsSerializer()
    done = serializers.IntegerField(help_text="Rows of the present stage that are done,")
    total = serializers.IntegerField(help_text="of so many; 0: not known yet.")
    created = serializers.IntegerField(help_text="People registered.")
    problem = serializers.CharField(help_text="Why the file could not be read, and what to do; else empty.")
    created_at = serializers.DateTimeField()
    accepted_at = serializers.DateTimeField(allow_null=True)
    done_at = serializers.DateTimeField(allow_null=True)


EXAMPLE = OpenApiExample(
    "Checked",
    value={
        "id": "019cad70-8a00-7000-8000-0000000000f1",
        "status": "review",
        "paused": False,
        "event": "east-2026",
        "file_name": "arrivals.csv",
        "rows": 1200,
        "households": 260,
        "counts": {"new": 1150, "registered": 10, "possible": 12, "error": 28},
        "done": 1200,
        "total": 1200,
        "created": 0,
        "problem": "",
        "created_at": "2026-03-02T09:30:00Z",
        "accepted_at": None,
        "done_at": None,
    },
    response_only=True,
    status_codes=["200", "202"],
)
ERRORS = OpenApiExample(
    "One row",
    value="Name,Sex,Nationality,_row,_column,_code,_message\r\n"
    "Amina,F9,SDN,12,Sex,sex,“F9” is not a known sex. Write F, M or U (unknown).\r\n",
    media_type="text/csv",
    response_only=True,
)


class ListView(AgencyView):
    """What the views of lists of arrivals have in common."""

    access = Permission.IMPORT_RUN
    scope = "imports:write"

    def one(self, text: str) -> ImportBatch:
        """Return the list of the client's agency with this id. Raises Http404."""
        self.no_parameters()
        found = ImportBatch.objects.visible_to(self.viewer).select_related("agency", "event")
        batch: ImportBatch | None = found.filter(pk=id_from(text)).first()
        if batch is None:
            raise Http404
        return batch

    def shown(self, batch: ImportBatch, *, status: int = 200) -> Response:
        """Answer with where the list stands, or 304 to who knows it already."""
        how = reports.progress(batch)
        body = {
            **{name: getattr(batch, name) for name in ("id", "status", "file_name", "rows", "households")},
            **{name: getattr(batch, name) for name in ("created_at", "accepted_at", "done_at")},
            "paused": batch.paused_at is not None,
            "event": batch.event.slug,
            "counts": {str(one): how.counts[one] for one in Outcome},
            "done": how.done,
            "total": how.total,
            "created": how.created,
            "problem": reports.problem(batch) if batch.problem else "",
        }
        answer = ImportSerializer(body).data
        tag = f'"{hashlib.sha256(orjson.dumps(answer)).hexdigest()[:32]}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        known = {one.removeprefix("W/") for one in parse_etags(self.request.headers.get("If-None-Match", ""))}
        if status == 200 and self.request.method == "GET" and known & {tag, "*"}:
            return Response(status=304, headers=headers)
        return Response(answer, status=status, headers=headers)

    def decided(self, text: str, act: Callable[..., None]) -> Response:
        """Accept or cancel, and answer with where the list stands then."""
        batch = self.one(text)
        try:
            act(batch=batch, by=self.viewer, now=timezone.now())
        except (policies.NotPermitted, TransitionNotAllowed) as refused:
            raise Conflict(str(refused)) from refused
        return self.shown(batch)


class ImportsView(ListView):
    """Where lists of arrivals are sent."""

    most = LIMIT + 2**20
    parser_classes = (MultiPartParser, CsvBody, SheetBody)

    @extend_schema(
        operation_id="import_send",
        tags=["imports"],
        summary="Send a list of arrivals",
        description="The file is the body, with `event` in the address, or a part of a form. It is read and checked in the "
        "background: follow `Location`. Nobody is registered before the list is accepted. The same file for the same event is refused "
        "(409); the same request with the same `Idempotency-Key` is answered again.",
        parameters=[
            KEY,
            OpenApiParameter("event", str, description="Short name of the event, when the file is the body."),
            OpenApiParameter("file_name", str, description="Its name, when the file is the body."),
        ],
        request={
            "multipart/form-data": SentSerializer,
            "text/csv": OpenApiTypes.BINARY,
            SheetBody.media_type: OpenApiTypes.BINARY,
        },
        responses={
            202: ImportSerializer,
            **WRONG,
            **PROBLEMS,
            (409, PROBLEM): OpenApiResponse(
                ProblemSerializer, "This very file was sent before for this event."
            ),
            (413, PROBLEM): OpenApiResponse(ProblemSerializer, "More than 300 MB."),
            (422, PROBLEM): OpenApiResponse(ProblemSerializer, "The key was used for another request."),
        },
        examples=[EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        """Keep the file, and say where to follow it."""
        body: Any = request.data
        form = request.content_type.startswith(MultiPartParser.media_type)
        raw = None if form else body or b""
        sent = SentSerializer(data=body if raw is None else request.query_params)
        sent.is_valid(raise_exception=True)
        given = sent.validated_data
        if raw is None and "file" not in given:
            raise serializers.ValidationError(
                {"file": [_("Send the file as the body, or in this part of a form.")]}
            )
        event = InfluxEvent.objects.filter(slug=given["event"]).first()
        if event is None:
            told = _(
                "There is no event with this short name. Somebody of your agency makes it on the page of the import."
            )
            raise serializers.ValidationError({"event": [told]})
        data, now = given["file"].read() if raw is None else raw, timezone.now()
        name = given.get("file_name") or getattr(given.get("file"), "name", "") or "arrivals"
        digest = hashlib.sha256(data).digest()
        if not first_time(
            given=request.headers.get("Idempotency-Key"),
            said=f"{request.path} {event.slug} ".encode() + digest,
            agency_id=self.viewer.agency_id,
            client_id=self.viewer.client_id,
            now=now,
        ):
            before = ImportBatch.objects.owned_by(self.viewer).filter(event=event, sha256=digest)
            return self._accepted(before.select_related("event").order_by("-created_at")[0])
        try:
            batch = imports.receive(data=data, file_name=name, event=event, by=self.viewer, now=now)
        except (imports.AlreadyReceived, policies.NotPermitted) as refused:
            raise Conflict(str(refused)) from refused
        return self._accepted(batch)

    def _accepted(self, batch: ImportBatch) -> Response:
        answer = self.shown(batch, status=202)
        answer["Location"] = f"/api/v1/imports/{batch.pk}"
        return answer


class ImportView(ListView):
    """Where one list stands."""

    access = Permission.IMPORT_READ
    scope = "imports:read"

    @extend_schema(
        operation_id="import_status",
        tags=["imports"],
        summary="Status of a list of arrivals",
        description="Cheap to poll: send the last `ETag` as `If-None-Match`. `review` waits for somebody, or for you, to accept.",
        parameters=[
            ID,
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER),
            OpenApiParameter("ETag", str, OpenApiParameter.HEADER, response=[200, 304]),
        ],
        responses={
            200: ImportSerializer,
            304: OpenApiResponse(description="Nothing has changed."),
            **WRONG,
            **HIDDEN,
            **PROBLEMS,
        },
        examples=[EXAMPLE],
    )
    def get(self, request: Request, id: str) -> Response:  # noqa: A002 - the name in the address
        """Answer with the status."""
        return self.shown(self.one(id))


class ImportErrorsView(ListView):
    """Rows that have to be corrected."""

    access = Permission.IMPORT_READ
    scope = "imports:read"
    renderer_classes = (CsvAnswer,)

    @extend_schema(
        operation_id="import_errors",
        tags=["imports"],
        summary="Rows with errors",
        description="The original columns and `_row`, `_column`, `_code`, `_message`. Corrected, the file can be sent back on the "
        "page of the list.",
        parameters=[ID],
        responses={(200, "text/csv"): OpenApiTypes.BINARY, **WRONG, **HIDDEN, **PROBLEMS},
        examples=[ERRORS],
    )
    def get(self, request: Request, id: str) -> Response:  # noqa: A002 - the name in the address
        """Answer with the rows as CSV."""
        batch, out = self.one(id), io.BytesIO()
        if not batch.key:
            raise Http404
        sheets.write_csv(out, error_lines(batch.header, error_rows(batch)), guard=str)
        reads.record(viewer=self.viewer, rows=[batch], view="api-import-errors", now=timezone.now())
        return Response(out.getvalue(), content_type="text/csv; charset=utf-8")


class ImportAcceptView(ListView):
    """The decision to register a list."""

    @extend_schema(
        operation_id="import_accept",
        tags=["imports"],
        summary="Accept a checked list",
        description="Everybody without an error who is not registered yet is registered, in the background. Where too many rows have "
        "errors or may be duplicates, a supervisor has to allow it first (409).",
        parameters=[ID],
        request=None,
        responses={200: ImportSerializer, **WRONG, **HIDDEN, **PROBLEMS, **CONFLICT},
        examples=[EXAMPLE],
    )
    def post(self, request: Request, id: str) -> Response:  # noqa: A002 - the name in the address
        """Accept it."""
        return self.decided(id, imports.accept)


class ImportCancelView(ListView):
    """The decision not to register a list."""

    @extend_schema(
        operation_id="import_cancel",
        tags=["imports"],
        summary="Cancel a list",
        description="Before anybody of it is registered. Its content becomes unreadable.",
        parameters=[ID],
        request=None,
        responses={200: ImportSerializer, **WRONG, **HIDDEN, **PROBLEMS, **CONFLICT},
        examples=[EXAMPLE],
    )
    def post(self, request: Request, id: str) -> Response:  # noqa: A002 - the name in the address
        """Cancel it."""
        return self.decided(id, imports.cancel)
