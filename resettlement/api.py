"""What may partners' systems do about referrals? List and read those of their agency, and answer those it received."""

from __future__ import annotations

from typing import Any

import orjson
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from agencies.access import Permission
from agencies.actions import reads
from agencies.api import AgencyView
from refugeecm.core.api import (
    HIDDEN,
    PROBLEM,
    PROBLEMS,
    WRONG,
    Conflict,
    ProblemSerializer,
    id_from,
)
from refugeecm.core.idempotency import first_time
from refugeecm.core.transitions import TransitionNotAllowed
from resettlement import policies
from resettlement.actions import referrals as actions
from resettlement.models import Referral
from resettlement.serializers import AnswerSerializer, ReferralFilterSerializer, ReferralSerializer

ID = OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH, description="Our id of the referral.")
REFERRAL = {
    "id": "019cad70-8a00-7000-8000-0000000000d1",
    "agency": "BORDER",
    "recipient": "HELP",
    "claim": "019cad70-8a00-7000-8000-0000000000c1",
    "service": "legal_aid",
    "urgency": "urgent",
    "message": "She asks for a lawyer before the interview.",
    "made_at": "2026-03-02T09:30:00Z",
    "due_at": "2026-03-05T09:30:00Z",
    "status": "proposed",
    "status_since": "2026-03-02T09:30:00Z",
    "answer": "",
    "outcome": "",
}
EXAMPLE = OpenApiExample("Waits for an answer", value=REFERRAL, response_only=True, status_codes=["200"])


class ReferralView(AgencyView):
    """What the views of referrals have in common."""

    access = Permission.REFERRAL_READ
    scope = "referrals:read"

    def visible(self) -> QuerySet[Referral]:
        """Return the referrals that the client's agency made, and those made to it under an agreement for the API."""
        found: QuerySet[Referral] = Referral.objects.visible_to(self.viewer).with_shown_classes(self.viewer)
        return found.select_related("agency", "recipient")

    def one(self, text: str) -> Referral:
        """Return the visible referral with this id. Raises Http404, for what is hidden as for what is not there."""
        self.no_parameters()
        found = self.visible().filter(pk=id_from(text)).first()
        if found is None:
            raise Http404
        return found

    def shown(self, referral: Referral) -> Response:
        """Answer with one referral; what was shown is recorded."""
        reads.record(viewer=self.viewer, rows=[referral], view="api-referral", now=timezone.now())
        return Response(ReferralSerializer(referral, context={"viewer": self.viewer}).data)


class ReferralsView(ReferralView):
    """Referrals received and sent."""

    @extend_schema(
        operation_id="referrals",
        tags=["referrals"],
        summary="List referrals",
        description="Referrals that your agency made, and those made to it under an agreement for the API that is in force at "
        "this moment. Oldest first; follow `next` until it is null.",
        parameters=[ReferralFilterSerializer],
        responses={200: ReferralSerializer(many=True), **WRONG, **PROBLEMS},
        examples=[EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        """Answer with a page of referrals; what was shown is recorded."""
        asked = ReferralFilterSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        chosen: dict[str, Any] = {
            name: value for name, value in asked.validated_data.items() if name in {"status", "urgency"}
        }
        side = asked.validated_data.get("side")
        if side:
            chosen["recipient_id" if side == "received" else "agency_id"] = self.viewer.agency_id
        page = self.paginate_queryset(self.visible().filter(**chosen)) or []
        reads.record(viewer=self.viewer, rows=page, view="api-referrals", now=timezone.now())
        return self.get_paginated_response(
            ReferralSerializer(page, many=True, context={"viewer": self.viewer}).data
        )


class OneReferralView(ReferralView):
    """One referral."""

    @extend_schema(
        operation_id="referral",
        tags=["referrals"],
        summary="Read a referral",
        description="What is asked, by when, and where it stands. Its claim has addresses of its own.",
        parameters=[ID],
        responses={200: ReferralSerializer, **WRONG, **HIDDEN, **PROBLEMS},
        examples=[EXAMPLE],
    )
    def get(self, request: Request, id: str) -> Response:  # noqa: A002 - the name in the address
        """Answer with the referral."""
        return self.shown(self.one(id))


class ReferralAnswerView(ReferralView):
    """The answer to a referral."""

    access = Permission.REFERRAL_ANSWER
    scope = "referrals:write"

    @extend_schema(
        operation_id="referral_answer",
        tags=["referrals"],
        summary="Answer a referral",
        description="Accept, decline with a reason, begin, or finish with an outcome. Send the same request with the same "
        "`Idempotency-Key` again when you got no answer: it happens once, and you get the referral as it stands.",
        parameters=[
            ID,
            OpenApiParameter(
                "Idempotency-Key",
                str,
                OpenApiParameter.HEADER,
                required=True,
                description="Your own mark of this request, kept for 24 hours.",
            ),
        ],
        request=AnswerSerializer,
        responses={
            200: ReferralSerializer,
            **WRONG,
            **HIDDEN,
            **PROBLEMS,
            (409, PROBLEM): OpenApiResponse(ProblemSerializer, "Not yours to answer, or no longer possible."),
            (422, PROBLEM): OpenApiResponse(ProblemSerializer, "The key was used for another request."),
        },
        examples=[
            OpenApiExample(
                "Accepted", value={"to": "accepted", "answer": "We meet her on Monday."}, request_only=True
            ),
            EXAMPLE,
        ],
    )
    def post(self, request: Request, id: str) -> Response:  # noqa: A002 - the name in the address
        """Answer once, and show the referral as it stands."""
        found, now = self.one(id), timezone.now()
        sent = AnswerSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = dict(sent.validated_data)
        if not first_time(
            given=request.headers.get("Idempotency-Key"),
            said=f"{request.path} ".encode() + orjson.dumps(values, option=orjson.OPT_SORT_KEYS),
            agency_id=self.viewer.agency_id,
            client_id=self.viewer.client_id,
            now=now,
        ):
            return self.shown(found)
        try:
            actions.answer(referral=found, by=self.viewer, now=now, **values)
        except (policies.NotPermitted, TransitionNotAllowed) as refused:
            raise Conflict(str(refused)) from refused
        return self.shown(found)
