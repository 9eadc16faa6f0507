"""What does a partner's system send to get a token, and what comes back? (RFC 6749, sections 4.4 and 5)"""

from typing import Any

from rest_framework import serializers


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
