"""May this be done with a referral or a hand-over now? `check_…` raises the sentence for the screen, `can_…` answers templates."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db.models import Q
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from agencies.enums import AgencyKind
from agencies.models import Agency, Agreement
from cases.models import Claim
from refugeecm.core.refusals import NotPermitted as NotPermitted
from refugeecm.core.refusals import allows
from registration.models import Household, Individual, PersonAccess
from resettlement.enums import HandoverKind, HandoverStatus, ReferralStatus
from resettlement.models import Handover, Referral

CLOSED = (ReferralStatus.DECLINED, ReferralStatus.DONE, ReferralStatus.REVOKED)


def check_refer(*, claim: Claim, agreement: Agreement, by: Viewer) -> None:
    """A case leaves only through a live agreement that covers its person."""
    if claim.agency_id != by.agency_id or not by.may(Permission.REFERRAL_MAKE):
        raise NotPermitted(
            _("Only a caseworker of the agency that is responsible for this case can refer it.")
        )
    if agreement.provider_id != by.agency_id or not _covers(agreement, [claim.individual_id]):
        raise NotPermitted(
            _("No agreement in force lets that partner see this person. An administrator can propose one.")
        )


def _covers(agreement: Agreement, individuals: Sequence[uuid.UUID]) -> bool:
    """Answer whether the agreement is in force and covers every one of them, by their own consent where it rests on that."""
    wanted = set(individuals)
    consented = Q(consent_id=None) | Q(consent__withdrawn_at=None)
    rows = PersonAccess.objects.filter(consented, agreement=agreement, individual_id__in=wanted)
    return (
        bool(wanted)
        and Agreement.objects.live().filter(pk=agreement.pk).exists()
        and wanted == set(rows.values_list("individual_id", flat=True))
    )


def check_answer(*, referral: Referral, by: Viewer) -> None:
    """Only the agency it was sent to answers."""
    if referral.recipient_id != by.agency_id or not by.may(Permission.REFERRAL_ANSWER):
        raise NotPermitted(_("Only the agency to which the case was referred can answer."))


def check_revoke(*, referral: Referral, by: Viewer) -> None:
    """Only the agency that sent it takes it back."""
    if referral.agency_id != by.agency_id or not by.may(Permission.REFERRAL_MAKE):
        raise NotPermitted(_("Only the agency that referred the case can take it back."))


def check_write(*, referral: Referral, by: Viewer) -> None:
    """Both parties write to each other while the referral is open."""
    party = by.agency_id in {referral.agency_id, referral.recipient_id}
    if not party or not (by.may(Permission.REFERRAL_ANSWER) or by.may(Permission.REFERRAL_MAKE)):
        raise NotPermitted(_("Only caseworkers of the two agencies write here."))
    if referral.status in CLOSED:
        raise NotPermitted(_("This referral is closed. Make a new one if there is more to ask."))


def can_write(*, referral: Referral, by: Viewer) -> bool:
    """Answer whether the form for a message is shown."""
    return allows(check_write, referral=referral, by=by)


# ---- hand-overs


def check_propose(*, household: Household, agreement: Agreement, by: Viewer) -> None:
    """The responsible agency offers a household, or a partner asks for one that an agreement shows it."""
    if not by.may(Permission.REFERRAL_MAKE):
        raise NotPermitted(_("Your role does not allow this. Ask a caseworker of your agency."))
    if by.agency_id not in {agreement.provider_id, agreement.recipient_id} or (
        agreement.provider_id != household.agency_id
    ):
        raise NotPermitted(_("Choose an agreement between your agency and the one that is responsible."))
    check_people(household_id=household.pk, agreement=agreement, by=by)


def check_people(*, household_id: uuid.UUID, agreement: Agreement, by: Viewer) -> None:
    """Whoever deals with a household sees everybody in it; all are covered; nobody goes to the authorities of their own country.

    Asylum Procedures Regulation (EU) 2024/1348 article 7(2)(a); the function in the database checks both once more.
    """
    people = list(Individual.objects.filter(household_id=household_id).values_list("pk", "nationality"))
    seen = Individual.objects.visible_to(by).filter(household_id=household_id).count()
    if seen < len(people):
        raise NotPermitted(
            _("Somebody in this household is closed to you. Ask a colleague who may see them.")
        )
    recipient = Agency.objects.get(pk=agreement.recipient_id)
    if recipient.kind == AgencyKind.GOVERNMENT and recipient.country in {origin for _pk, origin in people}:
        raise NotPermitted(_("Nobody is handed over to the authorities of their own country of origin."))
    if not agreement.hands_over:
        raise NotPermitted(
            _("This agreement does not let cases change hands. An administrator can propose a new version.")
        )
    if not _covers(agreement, [pk for pk, _origin in people]):
        raise NotPermitted(
            _("No agreement in force covers everybody in this household. An administrator can propose one.")
        )


def check_reply(*, handover: Handover, by: Viewer) -> None:
    """The agency that did not begin accepts or declines."""
    asked = handover.recipient_id if handover.kind == HandoverKind.HAND_OVER else handover.agency_id
    if asked != by.agency_id or not by.may(Permission.REFERRAL_ANSWER):
        raise NotPermitted(_("Only the agency that was asked can answer."))


def check_withdraw(*, handover: Handover, by: Viewer) -> None:
    """Whoever began takes it back; the responsible agency may, until a supervisor has approved."""
    began = handover.agency_id if handover.kind == HandoverKind.HAND_OVER else handover.recipient_id
    if by.agency_id not in {began, handover.agency_id} or not by.may(Permission.REFERRAL_MAKE):
        raise NotPermitted(_("Only the agency that began, or the responsible one, can take it back."))


def check_approve(*, handover: Handover, by: Viewer) -> None:
    """A supervisor of the giving agency, who neither proposed nor accepted it, lets the household go."""
    if handover.agency_id != by.agency_id or not by.may(Permission.HANDOVER_APPROVE):
        raise NotPermitted(_("Only a supervisor of the responsible agency can approve a hand-over."))
    if by.user_id in {handover.made_by_id, handover.answered_by_id}:
        raise NotPermitted(_("Whoever proposed or accepted a hand-over cannot approve it. Ask a colleague."))
    if handover.status == HandoverStatus.ACCEPTED:
        check_people(household_id=handover.household_id, agreement=handover.agreement, by=by)
        people = Individual.objects.filter(household_id=handover.household_id).values("pk")
        waiting = Referral.objects.owned_by(by).filter(individual_id__in=people).exclude(status__in=CLOSED)
        if waiting.exclude(recipient_id=handover.recipient_id).exists():
            raise NotPermitted(
                _(
                    "Another partner still works on a referral of this family. Take it back or let it finish first."
                )
            )


def can_approve(*, handover: Handover, by: Viewer) -> bool:
    """Answer whether the button of the approval is shown; why it may be refused is said when it is pressed."""
    return (
        handover.status == HandoverStatus.ACCEPTED
        and handover.agency_id == by.agency_id
        and by.may(Permission.HANDOVER_APPROVE)
        and by.user_id not in {handover.made_by_id, handover.answered_by_id}
    )
