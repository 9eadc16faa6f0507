"""May this be done with an agreement now? `check_…` raises the sentence for the screen, `can_…` answers for the template."""

from django.utils.translation import gettext as _

from agencies.access import Viewer
from agencies.access.permissions import Permission
from agencies.enums import AGREEMENT_MOVES, AgencyKind, AgreementStatus
from agencies.models import Agency, Agreement
from refugeecm.core.refusals import NotPermitted


def check_recipient(*, provider: Agency, recipient: Agency, origin: str) -> None:
    """Refuse a recipient that is the people's country of origin, or the provider itself.

    Asylum Procedures Regulation (EU) 2024/1348 article 7(2)(a): nothing is disclosed to alleged actors of persecution.
    Who is individually of that nationality is left out again when the rows of a population are written.
    """
    if provider.pk == recipient.pk:
        raise NotPermitted(_("An agreement needs two agencies. Choose another recipient."))
    if origin and recipient.kind == AgencyKind.GOVERNMENT and recipient.country == origin:
        raise NotPermitted(
            _(
                "Nothing is shown to the authorities of people's own country of origin. Choose another recipient or population."
            )
        )


def check_answer(*, agreement: Agreement, by: Viewer) -> None:
    """Only the recipient answers a proposal, and not the person who made it."""
    if agreement.recipient_id != by.agency_id or not by.may(Permission.AGREEMENT_ANSWER):
        raise NotPermitted(_("Only an administrator of the receiving agency can answer this proposal."))
    if agreement.proposed_by_id == by.user_id:
        raise NotPermitted(_("Whoever proposed an agreement cannot also accept it. Ask a colleague."))


def can_answer(*, agreement: Agreement, by: Viewer) -> bool:
    """Answer whether the buttons of an answer are shown."""
    try:
        check_answer(agreement=agreement, by=by)
    except NotPermitted:
        return False
    return agreement.status == AgreementStatus.PROPOSED


def can_end(*, agreement: Agreement, by: Viewer) -> bool:
    """Answer whether the viewer may end the agreement: either party may, at any time."""
    return (
        by.may(Permission.AGREEMENT_END) and AgreementStatus.TERMINATED in AGREEMENT_MOVES[agreement.status]
    )
