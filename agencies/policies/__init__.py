"""What may be done now on the first floor, by what it is done to."""

from agencies.policies.agreements import can_answer, can_end, check_answer, check_recipient
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
    "can_answer",
    "can_decide",
    "can_end",
    "check_address",
    "check_answer",
    "check_close",
    "check_decide",
    "check_keep",
    "check_keeps_an_administrator",
    "check_live",
    "check_member",
    "check_open",
    "check_person",
    "check_recipient",
]
