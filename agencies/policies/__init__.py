"""What may be done now on the first floor, by what it is done to."""

from agencies.policies.agreements import can_answer, can_end, check_answer, check_recipient
from agencies.policies.members import (
    check_address,
    check_keeps_an_administrator,
    check_live,
    check_member,
)
from refugeecm.core.refusals import NotPermitted

__all__ = [
    "NotPermitted",
    "can_answer",
    "can_end",
    "check_address",
    "check_answer",
    "check_keeps_an_administrator",
    "check_live",
    "check_member",
    "check_recipient",
]
