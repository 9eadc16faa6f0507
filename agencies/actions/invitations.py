"""How are people invited to an agency, and how do they come?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from agencies import policies
from agencies.access import Permission, Viewer
from agencies.actions.agencies import enrol
from agencies.enums import InvitationStatus, Role
from agencies.models import Agency, Invitation, Membership
from agencies.models.invitation import VALID_FOR
from agencies.policies import NotPermitted
from refugeecm.core import events, mail, wall
from refugeecm.core.ids import of_number, uuid7
from refugeecm.core.links import invited
from refugeecm.core.models import User
from refugeecm.core.transitions import move

INVITED = events.declare("agencies.member.invited", "Somebody was invited to the agency.")
WITHDRAWN = events.declare("agencies.member.withdrawn", "An invitation was withdrawn.")
JOINED = events.declare("agencies.member.joined", "Somebody accepted an invitation and is a member now.")


@dataclass(frozen=True)
class Invitee:
    """Who is invited as what; `until` is the last day of the membership."""

    email: str
    name: str
    role: str
    until: date | None = None


class NotInvited(NotPermitted):
    """Nobody was invited, because of some of them: `errors` says (place in the list from 0, sentence)."""

    def __init__(self, errors: list[tuple[int, str]]) -> None:
        super().__init__("\n".join(text for _place, text in errors))
        self.errors = errors


@transaction.atomic
def invite(*, invitees: Sequence[Invitee], by: Viewer, now: datetime) -> list[Invitation]:
    """Invite people to the viewer's agency: all, or nobody and NotInvited."""
    if not by.may(Permission.MEMBER_MANAGE):
        raise NotPermitted(_("Only an administrator can invite people."))
    return _invite(by.agency, invitees, by=by, now=now)


@transaction.atomic
def invite_first(*, agency: Agency, email: str, by: Viewer, now: datetime, name: str = "") -> Invitation:
    """Invite the first administrator of a partner agency that has nobody yet, for an agency that wants to agree with it."""
    if not by.may(Permission.AGREEMENT_PROPOSE):
        raise NotPermitted(_("Only an administrator can invite people."))
    policies.check_live(by.agency)
    Agency.objects.select_for_update(no_key=True).get(pk=agency.pk)
    waiting = Invitation.objects.open(now=now).filter(agency=agency).exists()
    if waiting or Membership.objects.filter(agency=agency).exists():
        raise NotPermitted(_("%(agency)s has people already; they invite others.") % {"agency": agency.name})
    first = Invitee(email, name or email.partition("@")[0], Role.ADMINISTRATOR)
    return _invite(agency, [first], by=by, now=now)[0]


@transaction.atomic
def invite_founders(*, agency: Agency, invitees: Sequence[Invitee], now: datetime) -> list[Invitation]:
    """Invite the administrators of an agency that an operator has just founded."""
    wall.enter(agency_id=agency.pk, user_id=None, reason="agency.found")
    return _invite(agency, invitees, by=None, now=now)


def _invite(
    agency: Agency, invitees: Sequence[Invitee], *, by: Viewer | None, now: datetime
) -> list[Invitation]:
    addresses = [one.email.strip().lower() for one in invitees]
    users = {one.email: one for one in User.objects.filter(email__in=addresses)}
    _check(agency, invitees, addresses, users, now=now)
    fresh = [
        User(email=email, name=one.name.strip(), password=make_password(None))
        for email, one in zip(addresses, invitees, strict=True)
        if email not in users
    ]
    users |= {one.email: one for one in User.objects.bulk_create(fresh)}
    # What ran out makes room for the new one.
    stale = Invitation.objects.filter(agency=agency, user__in=users.values(), status=InvitationStatus.OPEN)
    stale.update(status=InvitationStatus.WITHDRAWN)
    made = Invitation.objects.bulk_create(
        Invitation(
            id=uuid7(now, ordinal=place),
            agency=agency,
            user=users[email],
            role=one.role,
            member_until=one.until,
            invited_by_id=by.user_id if by else None,
            invited_at=now,
            expires_at=now + VALID_FOR,
        )
        for place, (email, one) in enumerate(zip(addresses, invitees, strict=True))
    )
    working = set(
        Membership.objects.in_force().filter(user__in=users.values()).values_list("user_id", flat=True)
    )
    for invitation in made:
        _write(invitation, working=invitation.user_id in working, now=now)
    events.record(
        INVITED,
        subject_type="member",
        subjects=[one.pk for one in made],
        agency_id=by.agency_id if by else agency.pk,
        by=by.user_id if by else None,
        now=now,
        details={"agency": agency.pk, "tell": [by.agency_id] if by and len(made) == 1 else []},
    )
    return made


def _check(
    agency: Agency,
    invitees: Sequence[Invitee],
    addresses: Sequence[str],
    users: dict[str, User],
    *,
    now: datetime,
) -> None:
    """Raise NotInvited with the sentence for each of the list that cannot be invited."""
    known = {one.pk: email for email, one in users.items()}
    members = Membership.objects.filter(agency=agency, user_id__in=known).values_list("user_id", flat=True)
    waiting = Invitation.objects.open(now=now).filter(agency=agency, user_id__in=known)
    taken = {
        known[pk]: _("They are on the list of members already; open their membership there.")
        for pk in members
    }
    for pk in waiting.values_list("user_id", flat=True):
        taken[known[pk]] = _("They have an open invitation. Withdraw it to send another.")
    errors: list[tuple[int, str]] = []
    seen: set[str] = set()
    for place, (email, one) in enumerate(zip(addresses, invitees, strict=True)):
        try:
            policies.check_address(email=email, agency=agency)
        except NotPermitted as refusal:
            errors.append((place, str(refusal)))
        if email in taken:
            errors.append((place, taken[email]))
        elif email in seen:
            errors.append((place, _("The address stands in the list twice.")))
        if one.until and one.until < now.date():
            errors.append((place, _("The last day has passed.")))
        seen.add(email)
    if errors:
        raise NotInvited(errors)


def _write(invitation: Invitation, *, working: bool, now: datetime) -> None:
    """Write the mail: a link and no names. Who works somewhere signs in to accept; anybody else chooses a password."""
    user = invitation.user
    if working:
        path = reverse("invitation-accept", args=[invitation.pk])
    else:
        path = reverse(
            "account_reset_password_from_key",
            kwargs={"uidb36": user_pk_to_url_str(user), "key": invited.make_token(user)},
        )
    with override(user.language or get_language()):
        text = _("You are invited to work in refugeecm. Open this link within 72 hours:\n\n%(link)s\n") % {
            "link": mail.link(path)
        }
        mail.queue(to=user.email, subject=_("An invitation"), text=text, now=now)


@transaction.atomic
def withdraw(*, invitation: Invitation, by: Viewer, now: datetime) -> None:
    """Withdraw an invitation; the link in the mail opens nothing any more."""
    if not by.may(Permission.MEMBER_MANAGE) or invitation.agency_id != by.agency_id:
        raise NotPermitted(_("Only an administrator can withdraw an invitation."))
    _withdraw(invitation)
    _record(WITHDRAWN, invitation, by=by.user_id, now=now)


@transaction.atomic
def withdraw_first(*, agency: Agency, by: Viewer, now: datetime) -> None:
    """Withdraw what `invite_first` sent for the viewer's agency to a partner that still has nobody."""
    if Membership.objects.filter(agency=agency).exists():
        return
    ours = Membership.objects.filter(agency=by.agency).values("user")
    for invitation in Invitation.objects.open(now=now).filter(agency=agency, invited_by__in=ours):
        _withdraw(invitation)
        events.note(WITHDRAWN, "member", invitation.pk, by=by, now=now, tell=[], agency=agency.pk)


def _withdraw(invitation: Invitation) -> None:
    move(invitation, to=InvitationStatus.WITHDRAWN)
    if not invitation.user.has_usable_password():
        invitation.user.set_unusable_password()  # links are bound to it
        invitation.user.save(update_fields=["password"])


def open_for(*, user_id: int, now: datetime) -> QuerySet[Invitation]:
    """Return the invitations that a person can accept, of whichever agency: they belong to who is invited as well."""
    found = Invitation.objects.open(now=now).filter(user_id=user_id)
    return found.select_related("agency", "user", "invited_by")


@transaction.atomic
def accept(*, invitation: Invitation, user: User, now: datetime) -> Membership:
    """Make the invited person a member. Raises NotPermitted for anybody else, and for what has run out or is used."""
    wall.enter(agency_id=invitation.agency_id, user_id=user.pk, reason="invitation.accept")
    if (
        invitation.user_id != user.pk
        or invitation.expires_at <= now
        or invitation.status != InvitationStatus.OPEN
    ):
        raise NotPermitted(_("This invitation is no longer good. Ask for another one."))
    move(invitation, to=InvitationStatus.ACCEPTED)
    membership = enrol(
        agency=invitation.agency, user=user, role=invitation.role, expires_on=invitation.member_until
    )
    _record(JOINED, invitation, by=user.pk, now=now, member=membership)
    return membership


def by_password(user: User, *, now: datetime) -> QuerySet[Invitation]:
    """Return the invitations that a password accepts: all of somebody who works nowhere yet."""
    found = open_for(user_id=user.pk, now=now)
    return found.none() if Membership.objects.in_force().filter(user=user).exists() else found


def accept_by_password(*, user: User, now: datetime) -> None:
    """Accept what waits for somebody who has just chosen a password by the link in their mail, and works nowhere yet."""
    for invitation in by_password(user, now=now):
        accept(invitation=invitation, user=user, now=now)


def _record(
    name: str, invitation: Invitation, *, by: int | None, now: datetime, member: Membership | None = None
) -> None:
    subjects: Iterable[object] = [of_number(member.pk)] if member else [invitation.pk]
    events.record(
        name,
        subject_type="member",
        subjects=subjects,  # type: ignore[arg-type]
        agency_id=invitation.agency_id,
        by=by,
        now=now,
        details={"tell": [invitation.agency_id]},
    )
