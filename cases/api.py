"""What may partners' systems ask about claims? Where they stand, by our id or by the partner's own number."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import Http404
from django.utils import timezone
from django.utils.http import parse_etags
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from agencies.access import Permission, Viewer, masked_fields, shown_fields
from agencies.actions import reads
from agencies.api import AgencyView
from cases import policies
from cases.actions import claims as actions
from cases.models import Claim, ClaimReference
from cases.serializers import (
    ApplicantSerializer,
    ClaimFilterSerializer,
    ClaimSerializer,
    ReferenceSerializer,
    StatusSerializer,
)
from refugeecm.core.api import HIDDEN, PROBLEM, PROBLEMS, WRONG, Changed, Conflict, ProblemSerializer, id_from
from registration.models import Individual

STATUS_FIELDS = ("agency_id", "number", "status", "status_since", "outcome", "version")
ETAG = OpenApiParameter("ETag", str, OpenApiParameter.HEADER, response=[200, 304])
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="ETag of the status you know."
)
ID = OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="Our id of the claim.")
STATUS = {
    "id": "019cad70-8a00-7000-8000-0000000000c1",
    "number": "BOR-C-26-0000017-K",
    "status": "examination",
    "status_since": "2026-03-02T09:30:00Z",
    "outcome": "",
    "reference": "HH/2026/12",
}
STATUS_ANSWERS: dict[str, Any] = {
    "responses": {
        200: StatusSerializer,
        304: OpenApiResponse(description="Nothing has changed."),
        **WRONG,
        **HIDDEN,
        **PROBLEMS,
    },
    "examples": [OpenApiExample("Under examination", value=STATUS, response_only=True, status_codes=["200"])],
}
APPLICANT = {
    "id": "019cad70-8a00-7000-8000-0000000000a1",
    "number": "BOR-I-26-0000044-7",
    "given_name": "Mariam",
    "father_name": "Idris",
    "family_name": "Abakar",
    "native_name": "",
    "sex": "F",
    "birth_date": "1990-05-17",
    "birth_precision": "DAY",
    "birth_estimated": False,
    "nationality": "SDN",
}


def claims_for(viewer: Viewer) -> QuerySet[Claim]:
    """Return the claims the viewer may know of, with the classes shown and the viewer's own number as `reference`."""
    own = ClaimReference.objects.owned_by(viewer).filter(claim=OuterRef("pk")).values("value")
    found: QuerySet[Claim] = Claim.objects.visible_to(viewer).with_shown_classes(viewer)
    return found.annotate(reference=Subquery(own))


def status_shown(viewer: Viewer) -> Q:
    """Return the condition that a claim's status is shown: without it there is nothing to say about a claim."""
    return Q(agency_id=viewer.agency_id) | Q(shared_grants__contains=["status"])


def by_reference(viewer: Viewer, value: str) -> Q:
    """Return the condition that the viewer's agency knows a claim by this number."""
    return Q(pk__in=ClaimReference.objects.owned_by(viewer).filter(value=value).values("claim"))


def etag_of(claim: Claim, viewer: Viewer) -> str:
    """Return the entity tag of the status as this viewer sees it: it changes with the claim, the agreement and the reference."""
    parts = [
        viewer.client_id,
        str(claim.pk),
        str(claim.version),
        claim.status_since.isoformat(),
        ",".join(sorted(shown_fields(claim, viewer))),
        ",".join(sorted(masked_fields(claim, viewer))),
        claim.reference or "",  # type: ignore[attr-defined]
    ]
    return f'"{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}"'


class ClaimView(AgencyView):
    """What the views of claims have in common."""

    access = Permission.API_STATUS
    scope = "claims.status:read"

    def one(self, condition: Q) -> Claim:
        """Return the visible claim that fits, in one statement. Raises Http404, for what is hidden as for what is not there."""
        claim = claims_for(self.viewer).filter(condition).only(*STATUS_FIELDS).first()
        if claim is None or "status" not in shown_fields(claim, self.viewer):
            raise Http404
        return claim

    def by_id(self, text: str) -> Claim:
        """Return the claim with this id."""
        return self.one(Q(pk=id_from(text)))

    def status_of(self, claim: Claim) -> Response:
        """Answer with the status, or 304 to who knows it already; only what is shown is recorded as a read."""
        tag = etag_of(claim, self.viewer)
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        known = {one.removeprefix("W/") for one in parse_etags(self.request.headers.get("If-None-Match", ""))}
        if known & {tag, "*"}:
            return Response(status=304, headers=headers)
        reads.record(viewer=self.viewer, rows=[claim], view="api-claim-status", now=timezone.now())
        return Response(StatusSerializer(claim, context={"viewer": self.viewer}).data, headers=headers)


class ClaimsView(ClaimView):
    """Claims that the client's agency may know of."""

    @extend_schema(
        operation_id="claims",
        tags=["claims"],
        summary="List claims",
        description="Claims of your own agency, and those shared with it by an agreement for the API that is in force at this moment. "
        "Of each only the fields of the agreed classes are there. Oldest first; follow `next` until it is null.",
        parameters=[ClaimFilterSerializer],
        responses={200: ClaimSerializer(many=True), **WRONG, **PROBLEMS},
        examples=[
            OpenApiExample(
                "Classes C1 and C2",
                value={**STATUS, "made_on": "2026-03-02", "agency": "BORDER", "applicant": APPLICANT},
                response_only=True,
                status_codes=["200"],
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """Answer with a page of claims; what was shown is recorded."""
        asked = ClaimFilterSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        claims: Any = self._filtered(asked.validated_data)
        # The agreements that cover the claim are those that cover its person.
        claims = claims.with_shown_classes(self.viewer, of=Individual, name="person_grants")
        page = self.paginate_queryset(claims) or []
        for claim in page:
            claim.individual.shared_grants = claim.person_grants
        now = timezone.now()
        reads.record(viewer=self.viewer, rows=page, view="api-claims", now=now)
        reads.record(viewer=self.viewer, rows=[one.individual for one in page], view="api-claims", now=now)
        return self.get_paginated_response(
            ClaimSerializer(page, many=True, context={"viewer": self.viewer}).data
        )

    def _filtered(self, asked: dict[str, Any]) -> QuerySet[Claim]:
        found = claims_for(self.viewer).filter(status_shown(self.viewer))
        if "status" in asked:
            found = found.filter(status=asked["status"])
        if "updated_after" in asked:
            found = found.filter(status_since__gte=asked["updated_after"])
        if "number" in asked:
            found = found.filter(number=asked["number"])
        if "reference" in asked:
            found = found.filter(by_reference(self.viewer, asked["reference"]))
        applicant = (f"individual__{name}" for name in ("agency_id", *ApplicantSerializer.Meta.fields))
        return found.select_related("agency", "individual").only(
            *STATUS_FIELDS, "made_on", "agency__code", *applicant
        )


class ClaimStatusView(ClaimView):
    """Where one claim stands."""

    @extend_schema(
        operation_id="claim_status",
        tags=["claims"],
        summary="Status of a claim",
        description="Cheap to poll: send the last `ETag` as `If-None-Match` and get 304 with no body while nothing has changed.",
        parameters=[ID, IF_NONE_MATCH, ETAG],
        **STATUS_ANSWERS,
    )
    def get(self, request: Request, id: str) -> Response:  # noqa: A002 - the name in the address
        """Answer with the status of the claim with our id."""
        self.no_parameters()
        return self.status_of(self.by_id(id))


class ClaimStatusByReferenceView(ClaimView):
    """Where the claim stands that the partner knows by its own number."""

    @extend_schema(
        operation_id="claim_status_by_reference",
        tags=["claims"],
        summary="Status of a claim by your own number",
        description="Like the status by id. The number may hold slashes; encode other reserved characters.",
        parameters=[
            OpenApiParameter(
                "value", str, OpenApiParameter.PATH, description="The number your agency gave the claim."
            ),
            IF_NONE_MATCH,
            ETAG,
        ],
        **STATUS_ANSWERS,
    )
    def get(self, request: Request, value: str) -> Response:
        """Answer with the status of the claim that the client's agency knows by this number."""
        self.no_parameters()
        return self.status_of(self.one(by_reference(self.viewer, value.replace("\0", "")[:81])))


class ClaimReferenceView(ClaimView):
    """The partner's own number for a claim."""

    scope = "claims.reference:write"

    @extend_schema(
        operation_id="claim_reference",
        tags=["claims"],
        summary="Set your own number for a claim",
        description="Only your agency sees and uses it. The same request twice changes nothing. "
        "With `If-Match` (the ETag of the status) it is refused when the claim or its number has changed since.",
        parameters=[
            ID,
            OpenApiParameter(
                "If-Match", str, OpenApiParameter.HEADER, description="ETag of the status you know."
            ),
        ],
        request=ReferenceSerializer,
        responses={
            200: ReferenceSerializer,
            **WRONG,
            **HIDDEN,
            **PROBLEMS,
            (409, PROBLEM): OpenApiResponse(
                ProblemSerializer, "Your agency uses the number for another claim."
            ),
            (412, PROBLEM): OpenApiResponse(ProblemSerializer, "Changed since the ETag in `If-Match`."),
        },
        examples=[OpenApiExample("Number", value={"value": "HH/2026/12"})],
    )
    def put(self, request: Request, id: str) -> Response:  # noqa: A002 - the name in the address
        """Note the number and answer with it."""
        self.no_parameters()
        claim = self.by_id(id)
        sent = ReferenceSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        wanted = parse_etags(request.headers.get("If-Match", ""))
        if wanted and not {etag_of(claim, self.viewer), "*"} & set(wanted):
            raise Changed
        value = sent.validated_data["value"]
        if claim.reference != value:  # type: ignore[attr-defined]
            try:
                actions.set_reference(claim=claim, value=value, by=self.viewer, now=timezone.now())
            except policies.NotPermitted as refused:
                raise Conflict(str(refused)) from refused
        return Response({"value": value})


class NothingView(ClaimView):
    """Every other address of the API: a problem like any other, for those who have signed in."""

    schema = None

    def get(self, request: Request, **_rest: str) -> Response:
        """Answer that nothing is here."""
        raise Http404

    post = put = patch = delete = get
