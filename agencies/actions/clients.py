"""How does a partner's system get and lose its key to the API?"""

from datetime import datetime, timedelta

from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.models import Client, Token
from django.db import transaction
from django.utils.translation import gettext as _

from agencies import policies
from agencies.access import Viewer
from agencies.access.permissions import Permission
from agencies.models import ApiClient

SCOPES = ("claims.status:read",)


@transaction.atomic
def issue(*, by: Viewer, name: str, now: datetime) -> tuple[ApiClient, str]:
    """Make an OAuth2 client for the viewer's agency; return it with its secret, which is never shown again."""
    if not by.may(Permission.CLIENT_ISSUE):
        raise policies.NotPermitted(_("Only an administrator can issue API clients."))
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
    """Shut a client out: its tokens end now."""
    if not by.may(Permission.CLIENT_ISSUE) or api_client.agency_id != by.agency_id:
        raise policies.NotPermitted(_("Only an administrator of the client's agency can revoke it."))
    api_client.is_active = False
    api_client.save(update_fields=["is_active"])
    Token.objects.filter(client=api_client.client).delete()


def used(*, api_client: ApiClient, now: datetime) -> None:
    """Note the use of a client, at most once an hour, so that a poll does not write."""
    if api_client.last_used_at is None or now - api_client.last_used_at > timedelta(hours=1):
        ApiClient.objects.filter(pk=api_client.pk).update(last_used_at=now)
