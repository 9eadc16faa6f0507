"""May this be done with a referral now?"""

from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from agencies.models import Agreement
from cases.models import Claim
from refugeecm.core.refusals import NotPermitted as NotPermitted
from registration.models import PersonAccess
from resettlement.models import Referral


def check_refer(*, claim: Claim, agreement: Agreement, by: Viewer) -> None:
    """A case leaves only through a live agreement that covers its person."""
    if claim.agency_id != by.agency_id or not by.may(Permission.REFERRAL_MAKE):
        raise NotPermitted(
            _("Only a caseworker of the agency that is responsible for this case can refer it.")
        )
    live = Agreement.objects.live().filter(pk=agreement.pk, provider_id=by.agency_id).exists()
    covered = PersonAccess.objects.filter(agreement=agreement, individual_id=claim.individual_id).exists()
    if not live or not covered:
        raise NotPermitted(
            _("No agreement in force lets that partner see this person. An administrator can propose one.")
        )


def check_answer(*, referral: Referral, by: Viewer) -> None:
    """Only the agency it was sent to answers."""
    if referral.recipient_id != by.agency_id or not by.may(Permission.REFERRAL_ANSWER):
        raise NotPermitted(_("Only the agency to which the case was referred can answer."))


def check_revoke(*, referral: Referral, by: Viewer) -> None:
    """Only the agency that sent it takes it back."""
    if referral.agency_id != by.agency_id or not by.may(Permission.REFERRAL_MAKE):
        raise NotPermitted(_("Only the agency that referred the case can take it back."))
