"""May this be done with a file or a person now? `check_…` raises the sentence for the screen, `can_…` answers for the template."""

from collections.abc import Mapping
from datetime import date

from django.db.models import Q
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from agencies.enums import Role
from agencies.models import Agreement, Membership
from refugeecm.core.refusals import NotPermitted as NotPermitted
from refugeecm.core.refusals import allows
from registration.enums import BATCH_MOVES, COUNTED, BatchStatus, InfluxStatus, MergeStatus, Outcome
from registration.enums.rights import KEEPS_APART, RightsStatus
from registration.models import (
    ConflictOfInterest,
    Guardian,
    ImportBatch,
    Individual,
    InfluxEvent,
    Merge,
    PersonAccess,
    Representative,
    RightsRequest,
    Safeguard,
    SealedFile,
    VerificationExercise,
)
from registration.rules.children import may_carry
from registration.rules.needs import is_restricted

MOST_ERRORS, MOST_DUPLICATES = 20, 50  # of a hundred rows
SHARES_FROM = 20  # rows; of fewer, a share says nothing


def check_may(by: Viewer, permission: Permission) -> None:
    """Refuse who lacks the permission."""
    if not by.may(permission):
        raise NotPermitted(_("Your role does not allow this. Ask a supervisor of your agency."))


def check_review(*, code: str, by: Viewer) -> None:
    """Whoever registers people confirms no restricted need, such as of violence or torture (law-and-practice.md 8.3)."""
    check_may(by, Permission.NEED_RECORD)
    if is_restricted(code) and not by.may(Permission.NEED_RESTRICTED):
        raise NotPermitted(
            _("This need is restricted. A supervisor or a decision maker of your agency reviews it.")
        )


def check_close_exercise(*, exercise: VerificationExercise, by: Viewer, today: date) -> None:
    """Whoever did not come becomes inactive only after the notice, and on the word of a second person."""
    if exercise.notice_until is None or today <= exercise.notice_until:
        raise NotPermitted(_("The notice is not over yet: people may still come."))
    if exercise.ended_by_id == by.user_id:
        raise NotPermitted(_("You ended this exercise. Another supervisor has to confirm it."))


def check_guardian(
    *, safeguard: Safeguard, representative: Representative, since: date, no_conflict: bool
) -> None:
    """Who acts for a child has no conflict of interest, a checked record, and not too many children (APR 23(9) and (10))."""
    if not no_conflict:
        raise NotPermitted(
            _("Only somebody who declares no conflict of interest is appointed."), field="no_conflict"
        )
    if representative.ended_on or representative.checked_on > since:
        raise NotPermitted(
            _("They are not available, or their criminal record was not checked by that day."),
            field="representative",
        )
    if representative.user_id and _decides(representative, safeguard):
        raise NotPermitted(
            _(
                "They decide claims of your agency, or have a conflict of interest in this file. Choose somebody else."
            ),
            field="representative",
        )
    others = Guardian.objects.filter(representative=representative, until=None).exclude(
        individual=safeguard.individual_id
    )
    children = others.values("individual").distinct().count()
    if not may_carry(children, disproportionate=safeguard.disproportionate):
        raise NotPermitted(
            _("They act for %(count)s children, which is as many as the law allows. Choose somebody else.")
            % {"count": children},
            field="representative",
        )


def _decides(representative: Representative, safeguard: Safeguard) -> bool:
    user = representative.user_id
    deciding = Membership.objects.in_force().filter(
        agency_id=safeguard.agency_id, user=user, role=Role.DECISION_MAKER
    )
    conflict = ConflictOfInterest.objects.filter(
        individual_id=safeguard.individual_id, user=user, ended_at=None
    )
    return deciding.exists() or conflict.exists()


def check_withdraw_request(*, request: RightsRequest) -> None:
    """Of what was granted only an objection or a restriction goes on, and can be withdrawn; the rest was done."""
    if request.status == RightsStatus.GRANTED and request.kind not in KEEPS_APART:
        raise NotPermitted(_("This was granted and done. Write down a new request instead."))


def check_merge(*, survivor: Individual, merged: Individual, by: Viewer) -> None:
    """Two records of one agency, both sealed or none; the one that stays is the one that counts."""
    _check_two(survivor, merged)
    if {survivor.agency_id, merged.agency_id} != {by.agency_id}:
        raise NotPermitted(_("Only the agency that is responsible for both can merge them."))
    if merged.process_status in COUNTED and survivor.process_status not in COUNTED:
        raise NotPermitted(_("The record that stays is closed. Keep the other one, or open this one first."))
    houses = {survivor.household_id, merged.household_id}
    sealed = SealedFile.objects.filter(household_id__in=houses, lifted_at=None)
    if len(set(sealed.values_list("household_id", flat=True))) not in {0, len(houses)}:
        raise NotPermitted(
            _(
                "One of the files is sealed. Seal the other as well, or lift the seal: else what is sealed would come into the open."
            )
        )


def check_merge_across(*, survivor: Individual, merged: Individual, by: Viewer) -> None:
    """One record is ours, the other a partner's who may see ours: to be asked about it must tell them nothing new."""
    _check_two(survivor, merged)
    own, other = (survivor, merged) if survivor.agency_id == by.agency_id else (merged, survivor)
    if own.agency_id != by.agency_id or other.agency_id == by.agency_id:
        raise NotPermitted(_("One of the two records must be your agency's, and the other a partner's."))
    shown = PersonAccess.objects.filter(
        Q(consent_id=None) | Q(consent__withdrawn_at=None), individual_id=own.pk, agency_id=other.agency_id,
        agreement__in=Agreement.objects.live(),
    )  # fmt: skip
    if not shown.exists():
        raise NotPermitted(_("The other agency may not see your record. An agreement has to cover it first."))


def _check_two(survivor: Individual, merged: Individual) -> None:
    if survivor.pk == merged.pk:
        raise NotPermitted(_("These are not two records."))
    if survivor.merged_into_id or merged.merged_into_id:
        raise NotPermitted(_("One of these records was merged before. Reload the page."))
    if Merge.objects.filter(status=MergeStatus.PROPOSED, merged__in=[survivor, merged]).exists():
        raise NotPermitted(_("The other agency was asked about one of these records already."))


def check_confirm(*, merge: Merge, by: Viewer) -> None:
    """Somebody of the agency that did not propose it confirms."""
    proposer = Membership.objects.filter(user=merge.made_by_id or 0, agency_id=by.agency_id)
    if merge.made_by_id == by.user_id or proposer.exists():
        raise NotPermitted(_("Your agency proposed this. Somebody of the other agency confirms it."))


def check_part(*, merge: Merge, survivor: Individual, merged: Individual) -> None:
    """Only the last of a chain is taken apart, and only while both records are whose they were."""
    if survivor.merged_into_id:
        raise NotPermitted(
            _("%(number)s was merged into another record itself. Take those two apart first.")
            % {"number": survivor.number}
        )
    if survivor.is_erased or merged.is_erased:
        raise NotPermitted(_("One of the two records was erased. They can no longer be taken apart."))
    if (survivor.agency_id, merged.agency_id) != (merge.agency_id, merge.other_agency_id):
        raise NotPermitted(
            _(
                "One of the two records was handed over to another agency since, and only that agency changes it."
                " They can no longer be taken apart."
            )
        )


def check_declare(*, event: InfluxEvent, by: Viewer) -> None:
    """Two supervisors or decision makers of the agency that keeps an event declare it; neither of them proposed it."""
    check_may(by, Permission.EVENT_DECLARE)
    if event.agency_id != by.agency_id:
        raise NotPermitted(_("Only the agency that keeps this event changes it."))
    if event.status == InfluxStatus.ALERT and by.user_id in {event.proposed_by_id, event.approved_by_id}:
        raise NotPermitted(
            _(
                "Two people who did not propose it approve a declaration. Ask a colleague who had no part in it."
            )
        )


def can_accept(*, batch: ImportBatch, by: Viewer, counts: Mapping[str, int]) -> bool:
    """Answer whether the file waits for somebody to accept it, and this person may."""
    waits = batch.status == BatchStatus.REVIEW and by.may(Permission.IMPORT_RUN)
    return waits and allows(check_accept, batch=batch, counts=counts)


def check_accept(*, batch: ImportBatch, counts: Mapping[str, int]) -> None:
    """Refuse a file of which too much is wrong, or known already, until a supervisor allows it.

    Likely a column was taken for another, or the list was sent before. (HOPE stops such imports likewise: peers.md row 19.)
    """
    if batch.allowed_by_id or batch.accepted_at or batch.rows < SHARES_FROM:
        return
    for outcome, most, says in (
        (Outcome.ERROR, MOST_ERRORS, _("%(share)s %% of the rows have errors.")),
        (Outcome.POSSIBLE, MOST_DUPLICATES, _("%(share)s %% of the rows are possible duplicates.")),
    ):
        share = 100 * counts.get(outcome, 0) / batch.rows
        if share > most:
            after = _(
                "Check the file; if it is right, a supervisor who did not send it can allow it, with a reason."
            )
            raise NotPermitted(f"{says % {'share': round(share)}} {after}")


def check_allow(*, batch: ImportBatch, by: Viewer) -> None:
    """Refuse to let a file through for whoever sent it, and where there is nothing to allow."""
    check_may(by, Permission.IMPORT_OVERRULE)
    if batch.status != BatchStatus.REVIEW or batch.allowed_by_id:
        raise NotPermitted(_("There is nothing to allow any more. Reload the page."))
    if batch.created_by_id == by.user_id:
        raise NotPermitted(_("You sent this file. Another supervisor has to look at it."))


def check_undo(*, batch: ImportBatch, by: Viewer) -> None:
    """Refuse to undo what is not registered, and refuse it to whoever accepted it."""
    check_may(by, Permission.IMPORT_OVERRULE)
    if batch.status not in {BatchStatus.DONE, BatchStatus.STOPPED}:
        raise NotPermitted(_("Only a file that is registered can be undone. Reload the page."))
    if batch.accepted_by_id == by.user_id:
        raise NotPermitted(_("You accepted this file. Another supervisor has to undo it."))


def can_cancel(*, batch: ImportBatch, by: Viewer) -> bool:
    """Answer whether the file can still be cancelled: before anybody from it is registered."""
    movable = BatchStatus.CANCELLED in BATCH_MOVES[batch.status]
    return movable and allows(check_cancel, batch=batch) and by.may(Permission.IMPORT_RUN)


def check_cancel(*, batch: ImportBatch) -> None:
    """Refuse to throw a file away from which somebody is registered: what was corrected since just need not be accepted."""
    if batch.accepted_at:
        raise NotPermitted(_("People of this file are registered. It can be undone, but not cancelled."))


def check_reread(*, batch: ImportBatch) -> None:
    """Refuse to read a file anew from which somebody is registered, or that workers are at."""
    if batch.accepted_at or batch.status not in {BatchStatus.MAPPING, BatchStatus.REVIEW}:
        raise NotPermitted(_("The columns of this file can no longer be chosen. Send it again."))


def check_correct(*, batch: ImportBatch) -> None:
    """Refuse corrected rows for a file that is being worked at, or of which nothing can be read any more."""
    if batch.status not in {BatchStatus.REVIEW, BatchStatus.DONE} or not batch.key:
        raise NotPermitted(_("Corrected rows can be sent when the file was checked. Reload the page."))


def check_pause(*, batch: ImportBatch) -> None:
    """Refuse to pause what nobody works at, or what is read: that takes seconds."""
    working = {BatchStatus.CHECKING, BatchStatus.COMPARING, BatchStatus.ACCEPTING, BatchStatus.UNDOING}
    if batch.paused_at or batch.status not in working:
        raise NotPermitted(_("Nobody is at work on this file at the moment. Reload the page."))


def check_resume(*, batch: ImportBatch) -> None:
    """Refuse to resume what is not paused."""
    if not batch.paused_at:
        raise NotPermitted(_("This file is not paused. Reload the page."))


def can_stop(*, batch: ImportBatch, by: Viewer) -> bool:
    """Answer whether registering can be stopped half-way."""
    return batch.status == BatchStatus.ACCEPTING and by.may(Permission.IMPORT_RUN)
