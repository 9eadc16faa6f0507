"""What may be done now on the first floor, by what it is done to."""

from agencies.policies.agreements import (
    allows,
    can_answer,
    can_end,
    can_resume,
    can_suspend,
    check_answer,
    check_document,
    check_draft,
    check_parties,
    check_resume,
    check_review,
    check_revise,
    check_sign,
    check_succession,
    unfinished,
)
from agencies.policies.members import (
    check_address,
    check_keeps_an_administrator,
    check_live,
    check_member,
)
from agencies.policies.registers import (
    can_decide,
    check_close,
    check_decide,
    check_keep,
    check_open,
    check_person,
)
from refugeecm.core.refusals import NotPermitted

__all__ = [
    "NotPermitted",
    "allows",
    "can_answer",
    "can_decide",
    "can_end",
    "can_resume",
    "can_suspend",
    "check_address",
    "check_answer",
    "check_close",
    "check_decide",
    "check_document",
    "check_draft",
    "check_keep",
    "check_keeps_an_administrator",
    "check_live",
    "check_member",
    "check_open",
    "check_parties",
    "check_person",
    "check_resume",
    "check_review",
    "check_revise",
    "check_sign",
    "check_succession",
    "unfinished",
]
