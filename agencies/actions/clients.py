"""How does a partner's system get and lose its key to the API?"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.models import Client, Token
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.translation import gettext as _

from agencies import policies
from agencies.access import Viewer
from agencies.access.permissions import Permission
from agencies.models import ApiClient

TOKEN_LIFE = timedelta(minutes=10)
SCOPES = (
    "claims.status:read",
    "claims.reference:write",
    "imports:read",
    "imports:write",
    "referrals:read",
    "referrals:write",
)


@transaction.atomic
def issue(*, by: Viewer, name: str, now: datetime) -> tuple[ApiClient, str]:
    """Make an OAuth2 client for the viewer's agency; return it with its secret, which is never shown again."""
    if not by.may(Permission.CLIENT_ISSUE):
        raise policies.NotPermitted(_("Only an administrator can issue API clients."))
    policies.check_live(by.agency)
    secret: str = get_adapter().generate_client_secret()
    client = Client(name=name, type=Client.Type.CONFIDENTIAL)
    client.set_scopes(list(SCOPES))
    client.set_default_scopes(list(SCOPES))
    client.set_grant_types([Client.GrantType.CLIENT_CREDENTIALS])
    client.set_secret(secret)
    client.save()
    api_client = ApiClient.objects.create(
        client=client, agency=by.agency, name=name, created_by_id=by.user_id, created_at=now
    )
    return api_client, secret


@transaction.atomic
def revoke(*, api_client: ApiClient, by: Viewer) -> None:
    """Shut a client out: its tokens end now, and its secret opens nothing more."""
    if not by.may(Permission.CLIENT_ISSUE) or api_client.agency_id != by.agency_id:
        raise policies.NotPermitted(_("Only an administrator of the client's agency can revoke it."))
    api_client.is_active = False
    api_client.save(update_fields=["is_active"])
    Client.objects.filter(pk=api_client.client_id).update(secret=make_password(None))
    Token.objects.filter(client_id=api_client.client_id).delete()


class WrongClient(Exception):
    """Unknown, revoked or with a wrong secret: which of them is not said."""


class WrongScope(Exception):
    """A scope that the client does not have."""


@transaction.atomic
def grant(*, client_id: str, secret: str, scopes: Sequence[str], now: datetime) -> tuple[str, list[str]]:
    """Give a client a token for the scopes, or for all it has; return both. Raises WrongClient or WrongScope.

    OAuth2 client credentials (RFC 6749, section 4.4) on the tables of the identity provider, which stores tokens hashed.
    """
    client = None
    if client_id.isalnum() and client_id.isascii():
        client = Client.objects.filter(pk=client_id, api_client__is_active=True).first()
    if client is None:
        make_password(secret)  # who is unknown waits as long as who is wrong
        raise WrongClient
    if not client.check_secret(secret):
        raise WrongClient
    granted = list(scopes) or client.get_default_scopes()
    if not set(granted) <= set(client.get_scopes()):
        raise WrongScope
    Token.objects.filter(client=client, expires_at__lte=now).delete()
    value = secrets.token_urlsafe(64)
    token = Token(type=Token.Type.ACCESS_TOKEN, client=client, created_at=now, expires_at=now + TOKEN_LIFE)
    token.set_value(value)
    token.set_scopes(granted)
    token.save()
    return value, granted


def used(*, api_client: ApiClient, now: datetime) -> None:
    """Note the use of a client, at most once an hour, so that a poll does not write."""
    if api_client.last_used_at is None or now - api_client.last_used_at > timedelta(hours=1):
        ApiClient.objects.filter(pk=api_client.pk).update(last_used_at=now)
