"""What does a partner's system send to get a token (RFC 6749, sections 4.4 and 5) or the seals, and what comes back?"""

from typing import Any

from drf_spectacular.utils import OpenApiResponse, OpenApiWebhook, extend_schema
from rest_framework import serializers

from refugeecm.core import seals
from refugeecm.core.api import PageSerializer
from refugeecm.core.models import Seal


class GrantSerializer(serializers.Serializer[Any]):
    """The form of a token request. Identifier and secret go here or, better, into HTTP Basic authentication."""

    grant_type = serializers.ChoiceField(choices=[("client_credentials", "Client credentials")])
    scope = serializers.CharField(
        required=False, help_text="Scopes, separated by spaces; all of the client's when left out."
    )
    client_id = serializers.CharField(required=False)
    client_secret = serializers.CharField(required=False)


class TokenSerializer(serializers.Serializer[Any]):
    """A token; send it as `Authorization: Bearer …`."""

    access_token = serializers.CharField()
    token_type = serializers.CharField(help_text="Bearer")
    expires_in = serializers.IntegerField(help_text="Seconds: ten minutes.")
    scope = serializers.CharField()


class TokenErrorSerializer(serializers.Serializer[Any]):
    """An error in the form that OAuth2 prescribes (RFC 6749, section 5.2)."""

    error = serializers.CharField(help_text="invalid_client, invalid_scope, unsupported_grant_type …")
    error_description = serializers.CharField(required=False)


class SealFilterSerializer(PageSerializer):
    """Which seals."""

    after = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        help_text="The number of the last seal that you hold.",
    )


class SealSerializer(serializers.Serializer[Any]):
    """A signed head of the audit trail. Keep it: by it you can hold us to what was written. It bears nothing of anybody."""

    number = serializers.IntegerField(help_text="1, 2, 3 …, without gaps.")
    head = serializers.CharField(
        help_text="What is signed, in UTF-8: lines that end with the SHA-256 of the head before."
    )
    hash = serializers.CharField(help_text="SHA-256 of the head, hexadecimal; the next head refers to it.")
    signature = serializers.CharField(help_text="Ed25519 over the head, hexadecimal.")
    key = serializers.IntegerField(help_text="Number of the key that signed.")
    public_key = serializers.CharField(
        help_text="Its public key, hexadecimal. Compare it with the one you hold."
    )

    def to_representation(self, instance: Seal) -> dict[str, Any]:
        """Return what is told of a seal."""
        public = self.context["public_keys"].get(instance.key, b"")
        return {**seals.told(instance), "public_key": public.hex()}


class TellingSubjectSerializer(serializers.Serializer[Any]):
    """What an event is about."""

    id = serializers.UUIDField(help_text="Our id of the claim or referral: ask the API for the rest.")
    change_seq = serializers.IntegerField(help_text="Grows with the changes of the subject.")


class TellingSerializer(serializers.Serializer[Any]):
    """The body of a webhook (Standard Webhooks 1.0). Holds no personal data."""

    type = serializers.CharField(help_text="For example `cases.claim.status_changed`.")
    timestamp = serializers.DateTimeField(help_text="When it happened.")
    data = TellingSubjectSerializer()  # type: ignore[assignment]


telling = OpenApiWebhook(
    "event",
    extend_schema(
        summary="Something happened to a claim or referral that your agency may see",
        description="Signed by the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`; the same id may come twice.",
        request=TellingSerializer,
        responses={
            204: OpenApiResponse(description="Taken. Any other 2xx will do."),
            410: OpenApiResponse(description="Send nothing here any more."),
            429: OpenApiResponse(description="Later; `Retry-After` is obeyed."),
        },
        auth=[],
    ),
)
