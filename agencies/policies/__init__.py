"""What may be done now on the first floor, by what it is done to."""

from agencies.policies.agreements import (
    can_answer,
    can_end,
    can_resume,
    can_suspend,
    check_answer,
    check_correct,
    check_document,
    check_draft,
    check_parties,
    check_population,
    check_resume,
    check_review,
    check_revise,
    check_sign,
    check_succession,
    populations,
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
from refugeecm.core.refusals import NotPermitted, allows
