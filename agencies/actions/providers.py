"""Which identity provider may open the accounts of an agency's people, and whose?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from agencies.actions import invitations
from agencies.models import AgencyKey, IdentityProvider, Membership
from agencies.policies import NotPermitted
from refugeecm.core import crypto, events
from refugeecm.core.ids import of_number
from refugeecm.core.models import User

CHANGED = events.declare("agencies.provider.changed", "An agency's identity provider was set or changed.")
REMOVED = events.declare("agencies.provider.removed", "An agency's identity provider was removed.")
SHOWN = 50  # names on the sign-in page


@transaction.atomic
def configure(
    *, by: Viewer, issuer: str, client_id: str, secret: str, domains: str, now: datetime
) -> IdentityProvider:
    """Set the provider of the viewer's agency. `domains` has blanks between; without a secret the known one stays."""
    _check(by)
    known = IdentityProvider.objects.select_for_update().filter(agency=by.agency).first()
    if not secret and (known is None or known.issuer != issuer):
        raise NotPermitted(_("Type the client secret: it belongs to this issuer."))
    made = known or IdentityProvider(agency=by.agency)
    if secret:
        key = AgencyKey.objects.get(agency=by.agency).plain()
        made.secret = crypto.seal(secret.encode(), key=key, place=made.place)
    made.issuer, made.client_id, made.domains = issuer, client_id, domains
    made.changed_by_id, made.changed_at = by.user_id or 0, now
    made.save()
    _record(CHANGED, by, now, {"issuer": issuer})
    return made


@transaction.atomic
def remove(*, by: Viewer, now: datetime) -> None:
    """Remove the provider of the viewer's agency: its people sign in with password or passkey again."""
    _check(by)
    if IdentityProvider.objects.filter(agency=by.agency).delete()[0]:
        _record(REMOVED, by, now, {})


@transaction.atomic
def admit(*, provider: IdentityProvider, claims: Mapping[str, object], now: datetime) -> User:
    """Return the account that the provider's word opens, or raise NotPermitted. It never makes one.

    Only verified addresses in the agency's domains, only people who are members of this agency or invited to it, and neither of
    another: the word of one agency must not open what another entrusts to the same person. The second factor is asked for after it.
    """
    email = str(claims.get("email") or "").strip().lower()
    try:
        validate_email(email)
    except ValidationError as error:
        raise NotPermitted("no address") from error
    if claims.get("email_verified") is not True or not provider.vouches_for(email):
        raise NotPermitted("not an address that this provider vouches for")
    user: User | None = User.objects.select_for_update().filter(email=email, is_active=True).first()
    if user is None:
        raise NotPermitted("nobody of that address")
    working = set(Membership.objects.in_force().filter(user=user).values_list("agency_id", flat=True))
    waiting = list(invitations.open_for(user_id=user.pk, now=now))
    if (working | {one.agency_id for one in waiting}) - {provider.agency_id}:
        raise NotPermitted("works for another agency too, or is to")
    if not working and not waiting:
        raise NotPermitted("neither a member nor invited")
    if not working:
        invitations.accept(invitation=waiting[0], user=user, now=now)
    return user


def provider_of(agency_id: int) -> IdentityProvider | None:
    """Return the provider of an agency."""
    return IdentityProvider.objects.select_related("agency").filter(agency_id=agency_id).first()


def offered() -> list[IdentityProvider]:
    """Return the providers whose agencies stand on the sign-in page, by name."""
    return list(IdentityProvider.objects.select_related("agency").order_by("agency__name")[:SHOWN])


def _check(by: Viewer) -> None:
    if not by.may(Permission.MEMBER_MANAGE):
        raise NotPermitted(_("Only an administrator can change the identity provider."))


def _record(name: str, by: Viewer, now: datetime, details: dict[str, Any]) -> None:
    events.note(name, "agency", of_number(by.agency_id), by=by, now=now, **details)
