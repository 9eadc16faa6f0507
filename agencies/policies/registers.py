"""May this be done with an entry of a register now?"""

from __future__ import annotations

from django.utils.translation import gettext as _

from agencies.access import Viewer
from agencies.access.permissions import Permission
from agencies.models import Breach, LawRequest
from refugeecm.core.refusals import NotPermitted


def check_person(by: Viewer) -> int:
    """Return the user who writes; a register is kept by people, never by a worker or a system."""
    if by.user_id is None:
        raise NotPermitted(_("A register is kept by people."))
    return by.user_id


def check_keep(*, by: Viewer, agency_id: int) -> None:
    """Only administrators of the agency keep its registers."""
    if not by.may(Permission.REGISTER_KEEP) or by.agency_id != agency_id:
        raise NotPermitted(_("Only an administrator of the agency keeps this register."))


def check_open(*, changed: int) -> None:
    """Of a closed breach nothing changes any more."""
    if not changed:
        raise NotPermitted(_("This breach is closed. Write down a new one, and refer to it."))


def check_close(*, breach: Breach) -> None:
    """A breach is closed when it says what was done, and that the authority was told or why not (GDPR article 33(1) and (5))."""
    if not breach.measures:
        raise NotPermitted(_("Write down what was done before you close it."))
    if breach.authority_told_at is None and not breach.not_told_because:
        raise NotPermitted(_("Say when the authority was told, or why it was not, before you close it."))


def check_decide(*, request: LawRequest, by: Viewer) -> None:
    """Who wrote the request down does not also answer it: what is disclosed cannot be taken back (design.md, rule 8)."""
    check_keep(by=by, agency_id=request.agency_id)
    if request.recorded_by_id == by.user_id:
        raise NotPermitted(_("Whoever wrote a request down cannot also answer it. Ask a colleague."))


def can_decide(*, request: LawRequest, by: Viewer) -> bool:
    """Answer whether the form of an answer is shown."""
    try:
        check_decide(request=request, by=by)
    except NotPermitted:
        return False
    return True
