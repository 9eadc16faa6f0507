"""May this be done with a file or a person now? `check_…` raises the sentence for the screen, `can_…` answers for the template."""

from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from refugeecm.core.refusals import NotPermitted as NotPermitted
from registration.enums import BATCH_MOVES, BatchStatus
from registration.models import ImportBatch


def check_may(by: Viewer, permission: Permission) -> None:
    """Refuse who lacks the permission."""
    if not by.may(permission):
        raise NotPermitted(_("Your role does not allow this. Ask a supervisor of your agency."))


def can_accept(*, batch: ImportBatch, by: Viewer) -> bool:
    """Answer whether the file waits for somebody to accept it, and this person may."""
    return batch.status == BatchStatus.REVIEW and by.may(Permission.IMPORT_RUN)


def can_cancel(*, batch: ImportBatch, by: Viewer) -> bool:
    """Answer whether the file can still be cancelled: before anybody from it is registered."""
    return BatchStatus.CANCELLED in BATCH_MOVES[batch.status] and by.may(Permission.IMPORT_RUN)
