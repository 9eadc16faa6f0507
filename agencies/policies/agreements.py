"""May this be done with an agreement now? `check_…` raises the sentence for the screen, `can_…` answers for the template."""

from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.access import Viewer
from agencies.access.permissions import Permission
from agencies.enums import AGREEMENT_MOVES, AgencyKind, AgreementStatus, LegalBasis, Purpose
from agencies.models import Agreement, AgreementSignature
from agencies.models.agreement import signers
from agencies.policies.members import check_live
from agencies.signals import population_asked
from refugeecm.core.refusals import NotPermitted, allows


def check_parties(agreement: Agreement) -> None:
    """Refuse terms that may not even be drawn up: one agency with itself, or people's own authorities.

    Asylum Procedures Regulation (EU) 2024/1348 article 7(2)(a): nothing is disclosed to alleged actors of persecution. The one
    exception is a voluntary return (UNHCR Handbook Voluntary Repatriation, 1996: the refugee's own free and informed choice).
    Who is individually of that nationality is left out again when the rows of a population are written.
    """
    if agreement.provider_id == agreement.recipient_id:
        raise NotPermitted(_("An agreement needs two agencies. Choose another recipient."))
    recipient = agreement.recipient
    to_origin = recipient.kind == AgencyKind.GOVERNMENT and recipient.country == agreement.origin
    if agreement.origin and to_origin and agreement.purpose != Purpose.VOLUNTARY_RETURN:
        raise NotPermitted(
            _(
                "Nothing is shown to the authorities of people's own country of origin. Choose another recipient or population."
            )
        )
    if agreement.purpose == Purpose.VOLUNTARY_RETURN and agreement.legal_basis not in {
        "",
        LegalBasis.CONSENT,
    }:
        raise NotPermitted(_("A return is voluntary: the legal basis is each person's own consent."))
    if agreement.purpose == Purpose.VOLUNTARY_RETURN and not named_only(agreement.matrix):
        raise NotPermitted(
            _("For a return only single fields are shown. Choose them one by one, no whole class.")
        )


_ABSENT = {
    "event_slug": gettext_lazy("There is no influx event “%(value)s”."),
    "site": gettext_lazy("Nobody is registered at a site “%(value)s”."),
}


def populations(agreement: Agreement, *, by: Viewer) -> dict[str, tuple[list[str], bool]]:
    """Return {term: (names to choose from, whether that of the agreement is there)}, as far as the viewer may know."""
    told: list[tuple[Any, Any]] = population_asked.send(sender=Agreement, agreement=agreement, by=by)
    return {term: found for _receiver, answer in told for term, found in answer.items()}


def check_population(agreement: Agreement, *, by: Viewer) -> None:
    """Refuse an influx event or a site that is not there. Sites of the other side are asked for when that side signs."""
    for term, (names, there) in populations(agreement, by=by).items():
        if (value := getattr(agreement, term)) and not there:
            near = _(", ").join(get_close_matches(value, names, n=5, cutoff=0))
            more = _("Choose one that is there: %(names)s.") % {"names": near}
            said = str(_ABSENT[term]) % {"value": value}
            raise NotPermitted(f"{said} {more if near else _('Check how it is written.')}", field=term)


def named_only(matrix: dict[str, Any]) -> bool:
    """Answer whether a matrix names single groups of fields only ("registration.individual.name"), no class."""
    return all(key.count(".") == 2 for key, level in matrix.items() if level != "none")


def unfinished(agreement: Agreement) -> dict[str, str]:
    """Return what is still missing, {step of the wizard: sentence}; an agreement is signed when nothing is."""
    found: dict[str, str] = {}
    if not agreement.purpose or not agreement.legal_basis:
        found["purpose"] = _("Choose the purpose and the legal basis.")
    if not any((agreement.event_slug, agreement.site, agreement.origin, agreement.asylum)):
        found["population"] = _("Say whose data it is: an influx event, a registration site or a country.")
    if not any(agreement.grants.values()):
        found["fields"] = _("Choose at least one field; without it nothing is shown.")
    if not agreement.channels:
        found["terms"] = _("Choose at least one way.")
    return found


def check_draft(*, agreement: Agreement, by: Viewer) -> None:
    """Only whoever draws it up changes it, and only before it is proposed."""
    if agreement.proposer_id != by.agency_id or not by.may(Permission.AGREEMENT_PROPOSE):
        raise NotPermitted(_("Only an administrator of the agency that drew it up can change this."))
    if agreement.status != AgreementStatus.DRAFT:
        raise NotPermitted(_("It has been proposed and stays as it is. Draw up a new version instead."))


def check_correct(*, agreement: Agreement) -> None:
    """Partner and direction are corrected before anybody has signed for them, or put a paper there for both to read."""
    if agreement.replaces_id:
        raise NotPermitted(_("A new version has the partner and the direction of the former."))
    if agreement.signatures.exists() or agreement.documents.exists():
        raise NotPermitted(
            _(
                "It has been signed or has a document, so partner and direction stay. Or give it up and draw up another."
            )
        )


def check_sign(*, agreement: Agreement, by: Viewer, signatures: Iterable[AgreementSignature]) -> None:
    """Two different administrators sign for each side; whoever drew it up first, the other side then."""
    turn = agreement.proposer_id if agreement.status == AgreementStatus.DRAFT else agreement.answerer_id
    if agreement.status not in {AgreementStatus.DRAFT, AgreementStatus.PROPOSED}:
        raise NotPermitted(_("It is no longer open for signatures. Reload the page to see what changed."))
    permission = (
        Permission.AGREEMENT_PROPOSE
        if agreement.status == AgreementStatus.DRAFT
        else Permission.AGREEMENT_ANSWER
    )
    if turn != by.agency_id or not by.may(permission):
        raise NotPermitted(_("Only administrators of the agency whose turn it is can sign."))
    check_live(by.agency)
    if missing := unfinished(agreement):
        raise NotPermitted(" ".join(missing.values()))
    if by.user_id in signers(signatures, agreement, by.agency_id):
        raise NotPermitted(_("You have signed already. A second administrator of your agency signs next."))


def check_succession(agreement: Agreement, former: Agreement) -> None:
    """A new version is signed while the one that it replaces stands, and while no other version is on its way."""
    if AgreementStatus.REPLACED not in AGREEMENT_MOVES[former.status]:
        raise NotPermitted(_("The version that this one changes has ended. Draw up a new agreement."))
    on_the_way = [AgreementStatus.PROPOSED, AgreementStatus.PREPARING, AgreementStatus.ACTIVE]
    others = Agreement.objects.filter(replaces=former, status__in=on_the_way).exclude(pk=agreement.pk)
    if others.exists():
        raise NotPermitted(_("Another next version has been proposed. Decline or withdraw that one first."))


def check_answer(*, agreement: Agreement, by: Viewer) -> None:
    """Only the agency that was asked answers a proposal."""
    if agreement.answerer_id != by.agency_id or not by.may(Permission.AGREEMENT_ANSWER):
        raise NotPermitted(_("Only an administrator of the agency that was asked can answer this proposal."))


def check_revise(*, agreement: Agreement, by: Viewer) -> None:
    """A new version is drawn up by either party, of what stands."""
    if not by.may(Permission.AGREEMENT_PROPOSE):
        raise NotPermitted(_("Your role does not allow this. Ask an administrator of your agency."))
    check_live(by.agency)
    if AgreementStatus.REPLACED not in AGREEMENT_MOVES[agreement.status]:
        raise NotPermitted(_("Only an agreement in force or suspended is changed by a new version."))


def check_resume(*, agreement: Agreement, by: Viewer) -> None:
    """Only the party that suspended resumes."""
    if agreement.suspended_by_id != by.agency_id:
        raise NotPermitted(_("The other agency suspended it; only they can resume it."))


def check_review(*, agreement: Agreement, by: Viewer, review_on: date, today: date) -> None:
    """Either party notes that it looked at a standing agreement; the next look lies ahead."""
    if not by.may(Permission.AGREEMENT_ANSWER) or agreement.status not in {
        AgreementStatus.ACTIVE,
        AgreementStatus.SUSPENDED,
    }:
        raise NotPermitted(_("Only an administrator can do this, while the agreement stands."))
    if review_on <= today:
        raise NotPermitted(_("The next review lies ahead. Give a later day."))


def check_document(*, agreement: Agreement, by: Viewer) -> None:
    """A party adds a signed paper while the agreement is drawn up, asked for or in force."""
    if not by.may(Permission.AGREEMENT_PROPOSE) or not AGREEMENT_MOVES[agreement.status]:
        raise NotPermitted(_("Only an administrator can add a document, as long as the agreement stands."))


def can_answer(*, agreement: Agreement, by: Viewer) -> bool:
    """Answer whether the buttons of an answer are shown."""
    return allows(check_answer, agreement=agreement, by=by) and agreement.status == AgreementStatus.PROPOSED


def can_end(*, agreement: Agreement, by: Viewer) -> bool:
    """Answer whether the viewer may end the agreement: either party may, at any time."""
    return (
        by.may(Permission.AGREEMENT_END) and AgreementStatus.TERMINATED in AGREEMENT_MOVES[agreement.status]
    )


def can_suspend(*, agreement: Agreement, by: Viewer) -> bool:
    """Answer whether the viewer may suspend the agreement."""
    return by.may(Permission.AGREEMENT_END) and AgreementStatus.SUSPENDED in AGREEMENT_MOVES[agreement.status]


def can_resume(*, agreement: Agreement, by: Viewer) -> bool:
    """Answer whether the viewer may resume the agreement."""
    return (
        by.may(Permission.AGREEMENT_END)
        and agreement.status == AgreementStatus.SUSPENDED
        and allows(check_resume, agreement=agreement, by=by)
    )
