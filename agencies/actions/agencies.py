"""How does an agency come to be, who joins it, and when does it go live?"""

from datetime import date, datetime

from django.db import transaction
from django.db.models.functions import Now

from agencies.models import Agency, AgencyKey, Membership
from refugeecm.core import crypto
from refugeecm.core.models import User

ADMINISTRATORS = 2  # with fewer an agency can neither agree with others nor have API clients


@transaction.atomic
def found(
    *, code: str, name: str, kind: str, country: str, now: datetime, parent: Agency | None = None
) -> Agency:
    """Set up an agency with its key; `parent` is the agency of which it is a branch, which opens nothing."""
    agency = Agency.objects.create(code=code, name=name, kind=kind, country=country, parent=parent)
    wrapped = crypto.wrap_with_master(crypto.new_key(), place=f"agencies_agencykey.wrapped|{agency.pk}")
    AgencyKey.objects.create(agency=agency, wrapped=wrapped)
    return agency


@transaction.atomic
def enrol(*, agency: Agency, user: User, role: str, expires_on: date | None = None) -> Membership:
    """Make a user a member of an agency, or change what they are there."""
    membership, _new = Membership.objects.update_or_create(
        agency=agency,
        user=user,
        defaults={"role": role, "expires_on": expires_on, "is_active": True, "closed_for": ""},
    )
    go_live(agency)
    return membership


def go_live(agency: Agency) -> None:
    """Note the moment from which the agency has two administrators; it stays live when one of them leaves."""
    if agency.live_since is None:
        administrators = Membership.objects.in_force().administrators().filter(agency=agency)
        if administrators.count() >= ADMINISTRATORS:
            Agency.objects.filter(pk=agency.pk, live_since=None).update(live_since=Now())
            agency.refresh_from_db(fields=["live_since"])
