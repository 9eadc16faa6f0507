"""How does an agency come to be, and who joins it?"""

from datetime import datetime

from django.db import transaction

from agencies.models import Agency, AgencyKey, Membership
from refugeecm.core import crypto
from refugeecm.core.models import User


@transaction.atomic
def found(*, code: str, name: str, kind: str, country: str, now: datetime) -> Agency:
    """Set up an agency with its key."""
    agency = Agency.objects.create(code=code, name=name, kind=kind, country=country)
    wrapped = crypto.wrap_with_master(crypto.new_key(), place=f"agencies_agencykey.wrapped|{agency.pk}")
    AgencyKey.objects.create(agency=agency, wrapped=wrapped)
    return agency


@transaction.atomic
def enrol(*, agency: Agency, user: User, role: str) -> Membership:
    """Make a user a member of an agency, or change the role they have there."""
    membership, _new = Membership.objects.update_or_create(
        agency=agency, user=user, defaults={"role": role, "is_active": True}
    )
    return membership
