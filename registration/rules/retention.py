"""How long is what kept, after which day, and who says so?

law-and-practice.md 6.4 and 2.6. A rule of law is not shortened by an agency; one of ours may be, down to a month. Who is the
controller decides: an agency may keep longer or say that its files go to the archive (UNHCR's mandate files).
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from registration.rules.columns import gettext_noop as _


@dataclass(frozen=True)
class Rule:
    """One period: of what, after which outcome (reasons for which a record was closed), how many months, by which source."""

    code: str
    what: str
    reasons: tuple[str, ...]
    months: int
    source: str
    law: bool = False
    statuses: tuple[str, ...] = ("C",)


@dataclass(frozen=True)
class Machine:
    """What goes by itself, since nobody is lost by it: working copies and logs. Days, and where it is done."""

    what: str
    days: int
    source: str


OURS = "refugeecm"
RULES: dict[str, Rule] = {
    one.code: one
    for one in (
        Rule("citizenship", _("Became a citizen"), ("naturalised",), 0, "Regulation (EU) 2024/1348, art. 72", law=True),
        Rule(
            "decided", _("Protection refused, withdrawn or ended"),
            ("rejected", "withdrawn", "cessation", "cancellation", "revocation"), 120, "Regulation (EU) 2024/1348, art. 72", law=True,
        ),
        Rule("resettled", _("Resettled"), ("resettled",), 60, "Regulation (EU) 2024/1350, art. 9(12)", law=True),
        Rule(
            "left", _("Returned, departed, moved, or died"), ("repatriated", "departed", "moved", "deceased"), 120, OURS,
        ),
        Rule("not_of_concern", _("Not of concern, or fraud"), ("not_of_concern", "fraud"), 36, OURS),
        Rule("twice", _("Registered twice"), ("duplicate",), 12, OURS),
        Rule("lapsed", _("Inactive"), ("no_show", "not_renewed", "lost_contact", "long_absence"), 120, OURS, statuses=("I",)),
    )
}  # fmt: skip
MACHINES = (
    Machine(_("Rows of an imported file"), 90, OURS),
    Machine(_("Files of exports"), 1, OURS),
    Machine(_("Messages to partners' systems, without personal fields"), 30, OURS),
    Machine(_("Who looked at whose file"), 6 * 365, OURS),
)
SHORTEST = 1  # month, of what no law says


def rule_of(status: str, reason: str) -> Rule | None:
    """Return the rule for a record of this status, closed or made inactive for this reason; None while it is worked with."""
    return next((one for one in RULES.values() if status in one.statuses and reason in one.reasons), None)


def ends_on(since: date, months: int) -> date:
    """Return the last day of a period of whole months: the same day of the month, or the last one where there is none."""
    year, month = divmod(since.year * 12 + since.month - 1 + months, 12)
    return date(year, month + 1, min(since.day, monthrange(year, month + 1)[1]))
