"""May this be done with a file or a person now? `check_…` raises the sentence for the screen, `can_…` answers for the template."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from refugeecm.core.refusals import NotPermitted as NotPermitted
from refugeecm.core.refusals import allows
from registration.enums import BATCH_MOVES, BatchStatus, InfluxStatus, Outcome
from registration.models import ImportBatch, InfluxEvent
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
