"""How do members change what they are, go and come back, and who is away too long?"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override

from agencies import policies
from agencies.access import ROLES, Permission, Viewer
from agencies.actions.agencies import go_live
from agencies.enums import ClosedFor
from agencies.models import Agency, Membership
from agencies.policies import NotPermitted
from refugeecm.core import events, mail, sessions
from refugeecm.core.ids import of_number

CHANGED = events.declare("agencies.member.changed", "The role or the last day of a member was changed.")
CLOSED = events.declare("agencies.member.closed", "A membership was closed; it gives nothing any more.")
OPENED = events.declare("agencies.member.opened", "A closed membership was opened again.")
SESSIONS_ENDED = events.declare(
    "agencies.member.sessions_ended", "An administrator ended sessions of a member."
)
AWAY = events.declare("agencies.member.away", "A member has not been seen for long and was reminded.")
DOMAINS = events.declare(
    "agencies.member.domains", "The domains of addresses that may be invited were changed."
)
SCANNING = events.declare(
    "agencies.member.scanning", "It was changed whether uploaded files go to the virus scanner."
)

# Days of being away after which somebody is reminded, and suspended (experience.md 2, "Partner users").
REMINDED_AFTER, SUSPENDED_AFTER = (30, 60), 90


def still_may(user_id: int | None, agency_id: int, permission: Permission) -> bool:
    """Answer whether the user is a member of the agency now and their role has the permission: for work that runs on.

    An export or a delivery that a person asked for asks again before each step; a page need not, `requires` does.
    """
    found = Membership.objects.in_force().filter(user_id=user_id or 0, agency_id=agency_id)
    role = found.values_list("role", flat=True).first()
    return role is not None and permission in ROLES.get(role, frozenset())


@transaction.atomic
def change(*, membership: Membership, role: str, expires_on: date | None, by: Viewer, now: datetime) -> None:
    """Give a member another role or another last day."""
    policies.check_member(membership=membership, by=by, permission=Permission.MEMBER_MANAGE)
    if expires_on and expires_on < now.date():
        raise NotPermitted(_("The last day has passed. Close the membership instead."))
    if role != membership.role:
        policies.check_keeps_an_administrator(membership)
    was = membership.role
    membership.role, membership.expires_on = role, expires_on
    membership.save(update_fields=["role", "expires_on"])
    go_live(membership.agency)
    _record(CHANGED, membership, by=by.user_id, now=now, was=was, role=role)


@transaction.atomic
def close(*, membership: Membership, by: Viewer, now: datetime) -> None:
    """Close a membership: at the next request it gives nothing, and the member's sessions are over."""
    policies.check_member(membership=membership, by=by, permission=Permission.MEMBER_MANAGE)
    shut(membership, why=ClosedFor.ADMINISTRATOR, by=by.user_id, now=now)


def shut(membership: Membership, *, why: str, by: int | None, now: datetime) -> None:
    """Close a membership for the reason given. Raises NotPermitted for the last administrator."""
    policies.check_keeps_an_administrator(membership)
    membership.is_active, membership.closed_for = False, why
    membership.save(update_fields=["is_active", "closed_for"])
    sessions.end(membership.user_id)
    _record(CLOSED, membership, by=by, now=now, why=why)


@transaction.atomic
def open_again(*, membership: Membership, by: Viewer, now: datetime) -> None:
    """Open a closed membership; being away counts from today, and a last day that has passed is taken off."""
    policies.check_member(membership=membership, by=by, permission=Permission.MEMBER_MANAGE)
    if membership.expires_on and membership.expires_on < now.date():
        membership.expires_on = None
    membership.is_active, membership.closed_for = True, ""
    membership.created_at, membership.reminded_days = now, 0
    membership.save()
    go_live(membership.agency)
    _record(OPENED, membership, by=by.user_id, now=now)


@transaction.atomic
def end_sessions(*, membership: Membership, by: Viewer, now: datetime, only: int | None = None) -> int:
    """End one session of a member of the viewer's agency, or all; return how many."""
    policies.check_member(membership=membership, by=by, permission=Permission.MEMBER_MANAGE)
    ended = sessions.end(membership.user_id, only=None if only is None else [only])
    if ended:
        _record(SESSIONS_ENDED, membership, by=by.user_id, now=now, sessions=ended)
    return ended


@transaction.atomic
def set_domains(*, agency: Agency, domains: str, by: Viewer, now: datetime) -> None:
    """Say at which domains addresses may be invited to the viewer's agency; "" allows any."""
    if not by.may(Permission.MEMBER_MANAGE) or agency.pk != by.agency_id:
        raise NotPermitted(_("Only an administrator of the agency can do this."))
    Agency.objects.filter(pk=agency.pk).update(invite_domains=domains)
    events.note(DOMAINS, "member", of_number(agency.pk), by=by, now=now, domains=len(domains.split()))


@transaction.atomic
def set_scanning(*, agency: Agency, scans: bool, by: Viewer, now: datetime) -> None:
    """Say whether what the agency's people upload goes to the deployment's virus scanner."""
    if not by.may(Permission.MEMBER_MANAGE) or agency.pk != by.agency_id:
        raise NotPermitted(_("Only an administrator of the agency can do this."))
    Agency.objects.filter(pk=agency.pk).update(scans_uploads=scans)
    events.note(SCANNING, "member", of_number(agency.pk), by=by, now=now, scans=scans)


@transaction.atomic
def look_after(*, agency: Agency, now: datetime) -> tuple[int, int]:
    """Remind who has been away for 30 and for 60 days, suspend after 90; return how many of each. In the agency's context.

    Each is reminded once per step, however often this runs. The last administrator is reminded and stays.
    """
    away = Membership.objects.in_force().filter(agency=agency).select_related("user", "agency")
    suspended = 0
    for one in away.unseen_since(now - timedelta(days=SUSPENDED_AFTER)).select_for_update(of=("self",)):
        try:
            shut(one, why=ClosedFor.DORMANT, by=None, now=now)
        except NotPermitted:
            continue
        suspended += 1
    reminded = 0
    for days in reversed(REMINDED_AFTER):
        due = away.unseen_since(now - timedelta(days=days)).filter(reminded_days__lt=days)
        for one in due.select_for_update(of=("self",)):
            one.reminded_days = days
            one.save(update_fields=["reminded_days"])
            _remind(one, now=now)
            _record(AWAY, one, by=None, now=now, days=days)
            reminded += 1
    return reminded, suspended


def _remind(membership: Membership, *, now: datetime) -> None:
    with override(membership.user.language or None):
        said = _(
            "You have not signed in for a while. After 90 days your access is suspended. Sign in:\n\n%(link)s\n"
        )
        mail.queue(
            to=membership.user.email,
            subject=_("Your access"),
            text=said % {"link": mail.link(reverse("home"))},
            now=now,
        )


def _record(name: str, membership: Membership, *, by: int | None, now: datetime, **details: Any) -> None:
    events.record(
        name,
        subject_type="member",
        subjects=[of_number(membership.pk)],
        agency_id=membership.agency_id,
        by=by,
        now=now,
        details={"tell": [membership.agency_id], **details},
    )
