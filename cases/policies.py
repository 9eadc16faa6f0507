"""May this be done with a claim now? `check_…` raises the sentence for the screen, `can_…` answers for the template."""

from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from cases.enums import ClaimStatus
from cases.models import Claim
from refugeecm.core.refusals import NotPermitted as NotPermitted
from refugeecm.core.refusals import allows
from registration.models import Individual


def check_open(*, individual: Individual, by: Viewer) -> None:
    """Only the agency that is responsible for a person opens a claim for them, and one at a time."""
    if individual.agency_id != by.agency_id or not by.may(Permission.CLAIM_OPEN):
        raise NotPermitted(_("Only a caseworker of the agency that registered this person can open a claim."))
    if Claim.objects.open().filter(individual=individual).exists():
        raise NotPermitted(_("This person has an open claim already. Open it from the family file."))


def check_move(*, claim: Claim, by: Viewer) -> None:
    """Only the responsible agency moves a claim."""
    if claim.agency_id != by.agency_id or not by.may(Permission.CLAIM_MOVE):
        raise NotPermitted(
            _("Only a caseworker of the agency that is responsible for this claim can do this.")
        )


def check_approve(*, claim: Claim, by: Viewer) -> None:
    """Whoever proposed a decision never approves it (UNHCR Procedural Standards: separation of duties)."""
    check_move(claim=claim, by=by)
    if not claim.proposed_outcome:
        raise NotPermitted(_("Nobody has proposed a decision yet."))
    if by.role != "decision_maker" or claim.proposed_by_id == by.user_id:
        raise NotPermitted(
            _("A decision maker other than the person who proposed the decision has to approve it.")
        )


def can_approve(*, claim: Claim, by: Viewer) -> bool:
    """Answer whether the approval button is shown."""
    return claim.status == ClaimStatus.EXAMINATION and allows(check_approve, claim=claim, by=by)
