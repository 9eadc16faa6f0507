"""What do partners' systems send about claims, and what do they get? Only the fields that the agreement shows."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.db.models import Model
from rest_framework import serializers

from agencies.access import Viewer, mask, masked_fields, shown_fields
from cases.enums import ClaimStatus
from cases.models import Claim
from refugeecm.core.api import PageSerializer, StrictSerializer
from registration.models import Individual

NUMBER = "Your agency's own number for the claim."


class ShownSerializer(serializers.ModelSerializer[Any]):
    """The fields of a row that the viewer in the context may see; the others are absent, not empty."""

    def to_representation(self, instance: Model) -> dict[str, Any]:
        """Return {name: value}; agencies.access decides."""
        viewer: Viewer = self.context["viewer"]
        seen = shown_fields(instance, viewer) | getattr(self.Meta, "always", frozenset())
        masked = masked_fields(instance, viewer)
        given: dict[str, Any] = super().to_representation(instance)
        shown = {}
        for name, value in given.items():
            source = str(self.fields[name].source).partition(".")[0]
            if {source, source.removesuffix("_id")} & seen:
                shown[name] = value
            elif source in masked:
                shown[name] = mask(getattr(instance, source))
        return shown


class ApplicantSerializer(ShownSerializer):
    """The person who asks for asylum. Numbers are class C1, all the rest is identity, class C2."""

    class Meta:
        model = Individual
        fields = (
            "id",
            "number",
            "given_name",
            "father_name",
            "family_name",
            "native_name",
            "sex",
            "birth_date",
            "birth_precision",
            "birth_estimated",
            "nationality",
        )
        extra_kwargs = {name: {"required": False} for name in fields[2:]} | {
            "birth_date": {
                "help_text": "Read it with birth_precision: the first day of the month or year when only that is known."
            },
            "nationality": {"help_text": "ISO 3166-1 alpha-3; XXA stateless, XXX unknown."},
        }


class StatusSerializer(ShownSerializer):
    """Where a claim stands."""

    status_since = serializers.DateTimeField(read_only=True, default_timezone=UTC)
    reference = serializers.CharField(read_only=True, allow_null=True, help_text=NUMBER)

    class Meta:
        model = Claim
        fields: tuple[str, ...] = ("id", "number", "status", "status_since", "outcome", "reference")
        read_only_fields: tuple[str, ...] = fields
        always = frozenset({"reference"})  # the viewer's own word, annotated by cases.api
        extra_kwargs = {"outcome": {"help_text": "Empty until the claim is decided."}}


class ClaimSerializer(StatusSerializer):
    """A claim and its applicant."""

    agency = serializers.CharField(
        source="agency.code", read_only=True, help_text="Code of the agency responsible for the claim."
    )
    applicant = ApplicantSerializer(source="individual", read_only=True)

    class Meta(StatusSerializer.Meta):
        fields = (*StatusSerializer.Meta.fields, "made_on", "agency", "applicant")
        read_only_fields = fields


class ClaimFilterSerializer(PageSerializer):
    """Which claims, and how many at once?"""

    status = serializers.ChoiceField(choices=ClaimStatus.choices, required=False)
    updated_after = serializers.DateTimeField(
        required=False,
        default_timezone=UTC,
        help_text="Claims whose status changed at this moment or later (ISO 8601; UTC unless it says otherwise).",
    )
    reference = serializers.CharField(required=False, max_length=80, help_text=NUMBER)
    number = serializers.CharField(required=False, max_length=24, help_text="The claim number.")


class ReferenceSerializer(StrictSerializer):
    """The number under which the partner's own system knows a claim."""

    value = serializers.CharField(max_length=80, help_text=NUMBER)
