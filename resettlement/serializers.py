"""What do partners' systems get and send about referrals?"""

from __future__ import annotations

from datetime import UTC

from rest_framework import serializers

from cases.serializers import ShownSerializer
from refugeecm.core.api import PageSerializer, StrictSerializer
from resettlement.enums import ReferralOutcome, ReferralStatus, Urgency
from resettlement.models import Referral


class ReferralSerializer(ShownSerializer):
    """A referral as both parties read it; its person and claim are seen through the agreement."""

    agency = serializers.CharField(
        source="agency.code", read_only=True, help_text="Code of the agency that refers."
    )
    recipient = serializers.CharField(
        source="recipient.code", read_only=True, help_text="Code of the agency that is asked."
    )
    claim = serializers.UUIDField(
        source="claim_id", read_only=True, help_text="Ask for its status at /api/v1/claims/{id}/status."
    )
    due_at = serializers.DateTimeField(
        read_only=True, default_timezone=UTC, help_text="By when an answer is expected."
    )
    status_since = serializers.DateTimeField(read_only=True, default_timezone=UTC)
    made_at = serializers.DateTimeField(read_only=True, default_timezone=UTC)

    class Meta:
        model = Referral
        fields = (
            "id",
            "agency",
            "recipient",
            "claim",
            "service",
            "urgency",
            "message",
            "made_at",
            "due_at",
            "status",
            "status_since",
            "answer",
            "outcome",
        )
        read_only_fields = fields
        extra_kwargs = {"outcome": {"help_text": "Empty until the referral is done."}}


class ReferralFilterSerializer(PageSerializer):
    """Which referrals, and how many at once?"""

    side = serializers.ChoiceField(
        choices=["received", "sent"], required=False, help_text="Both when it is left out."
    )
    status = serializers.ChoiceField(choices=ReferralStatus.choices, required=False)
    urgency = serializers.ChoiceField(choices=Urgency.choices, required=False)


class AnswerSerializer(StrictSerializer):
    """An answer to a referral."""

    to = serializers.ChoiceField(
        choices=[
            ReferralStatus.ACCEPTED,
            ReferralStatus.DECLINED,
            ReferralStatus.IN_PROGRESS,
            ReferralStatus.DONE,
        ]
    )
    answer = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=500,
        help_text="Read by the agency that referred the case. Needed to decline.",
    )
    outcome = serializers.ChoiceField(
        choices=ReferralOutcome.choices, required=False, default="", help_text="Needed with `done`."
    )
