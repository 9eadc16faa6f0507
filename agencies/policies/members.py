"""May this be done with a member, an invitation or an agency now? `check_…` raises the sentence for the screen."""

from django.utils.translation import gettext as _

from agencies.access import Viewer
from agencies.access.permissions import Permission
from agencies.enums import Role
from agencies.models import Agency, Membership
from refugeecm.core.refusals import NotPermitted


def check_live(agency: Agency) -> None:
    """Refuse an agency that has never had two administrators: nothing leaves it or reaches it (issue 3, "Agencies")."""
    if agency.live_since is None:
        raise NotPermitted(
            _("%(agency)s needs two administrators first. Invite the second on the page of members.")
            % {"agency": agency.name}
        )


def check_member(*, membership: Membership, by: Viewer, permission: Permission) -> None:
    """Refuse who is not an administrator of the member's agency, and everybody over themselves (trust.md T2)."""
    if membership.agency_id != by.agency_id or not by.may(permission):
        raise NotPermitted(_("Only an administrator of the member's agency can do this."))
    if membership.user_id == by.user_id:
        raise NotPermitted(_("Nobody decides about themselves. Ask another administrator."))


def check_keeps_an_administrator(membership: Membership) -> None:
    """Refuse to take the last administrator from an agency; the rows are locked, so that two cannot go at once."""
    if membership.role != Role.ADMINISTRATOR or not membership.is_active:
        return
    Agency.objects.select_for_update(no_key=True).get(pk=membership.agency_id)
    others = Membership.objects.in_force().administrators().filter(agency_id=membership.agency_id)
    if not others.exclude(pk=membership.pk).exists():
        raise NotPermitted(_("This is the last administrator of the agency. Invite another one first."))


def check_address(*, email: str, agency: Agency) -> None:
    """Refuse an e-mail address outside the domains that the agency allows, if it names any."""
    domain = email.rpartition("@")[2].lower()
    allowed = agency.invite_domains.split()
    if allowed and domain not in allowed:
        raise NotPermitted(
            _("Addresses at %(domain)s are not allowed. Allowed: %(domains)s.")
            % {"domain": domain, "domains": ", ".join(allowed)}
        )
