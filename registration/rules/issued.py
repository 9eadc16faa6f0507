"""Which papers may an agency issue, to whom, and for how long? (law-and-practice.md 1.10; the articles stand beside each.)

Lengths are written as "12m" or "7d". Where the law names none, the usual length of practice is the default.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

STATE = frozenset({"government"})
STATE_OR_UN = frozenset({"government", "un"})
ANYBODY = frozenset({"government", "un", "intergovernmental", "ngo"})
# Bound by Regulations (EU) 2024/1347 and 2024/1348: the Union without Denmark.
MEMBER_STATES = frozenset(
    "AUT BEL BGR HRV CYP CZE EST FIN FRA DEU GRC HUN IRL ITA LVA LTU LUX MLT NLD POL PRT ROU SVK SVN ESP SWE".split()  # noqa: SIM905 - reads better as one text
)


@dataclass(frozen=True)
class Kind:
    """One type of paper.

    usual, shortest, longest: for how long it is valid; empty: no end, no bound. statuses: legal statuses of who may hold it; empty:
    any. design: the template it is printed by here (registration/channels/papers/*.typ); empty: printed elsewhere, recorded here.
    ends: other types that it replaces when it is handed over. source: the article, or the practice.
    """

    source: str
    issuers: frozenset[str]
    usual: str = ""
    shortest: str = ""
    longest: str = ""
    group: bool = False
    member_state: bool = False
    statuses: frozenset[str] = frozenset()
    design: str = ""
    ends: frozenset[str] = frozenset()
    zone: str = ""  # the two letters with which its machine-readable zone begins, if it is printed with one


_ASKS = frozenset({"ASYLUM_SEEKER"})
_REFUGEE = frozenset({"REFUGEE"})
KINDS: dict[str, Kind] = {
    "TOKEN": Kind("practice", ANYBODY, usual="7d", longest="30d"),
    # UNHCR's proof of registration attests a family, 6 to 24 months.
    "POR_GROUP": Kind("practice", STATE_OR_UN, usual="12m", longest="24m", group=True, design="group_1"),
    # Every person is documented, of whatever age; usually for 6 to 12 months.
    "ASC": Kind("practice", STATE_OR_UN, usual="12m", longest="12m", statuses=_ASKS, design="certificate_1"),
    # First of all the host State's to issue (UNHCR Registration Guidance 5.3).
    "RC": Kind("RG 5.3", STATE_OR_UN, usual="36m", longest="60m", statuses=frozenset({"REFUGEE", "OIP", "STATELESS"}),
               design="card_1", zone="I"),
    # States that an application was made and registered, until the next one takes its place.
    "APR_REG_DOC": Kind("APR 29(1)", STATE, usual="3m", longest="12m", member_state=True, statuses=_ASKS, design="certificate_1"),
    "APR_APPL_DOC": Kind("APR 29(4), (9)", STATE, usual="12m", longest="12m", member_state=True, statuses=_ASKS,
                         design="certificate_1", ends=frozenset({"APR_REG_DOC"})),
    "EU_RP_REF": Kind("QR 24", STATE, usual="36m", shortest="36m", member_state=True, statuses=_REFUGEE),
    "EU_RP_SP": Kind("QR 24(4)", STATE, usual="12m", shortest="12m", member_state=True, statuses=frozenset({"OIP"})),
    # One or two years by paragraph 5 of the Schedule to the 1951 Convention; in the Union more than one (QR 25(1)).
    "CTD": Kind("1951 Convention, Schedule 5; QR 25", STATE, usual="24m", shortest="12m", longest="24m", statuses=_REFUGEE),
    "CTD54": Kind("1954 Convention, Schedule 5", STATE, usual="24m", shortest="3m", longest="24m",
                  statuses=frozenset({"STATELESS"})),
    "LP": Kind("AMMR 46(1)", STATE, usual="30d", longest="6m"),
    "VRF": Kind("practice", frozenset({"un"}), usual="30d", longest="6m", group=True),
    "BIRTH": Kind("RG 5.3", STATE),
}  # fmt: skip


def after(day: date, length: str) -> date:
    """Return the day that lies a length ("12m", "7d") after another; of a shorter month the last day. Raises ValueError."""
    amount, unit = int(length[:-1]), length[-1]
    if unit == "d":
        return day + timedelta(days=amount)
    if unit != "m":
        raise ValueError(f"{length!r} is no length: write 12m or 7d.")
    years, month = divmod(day.month - 1 + amount, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def usual_end(kind: str, *, dated: date) -> date | None:
    """Return until when a paper of this day is valid as a rule; None for one without an end."""
    usual = KINDS[kind].usual
    return after(dated, usual) if usual else None


def bounds(kind: str, *, dated: date) -> tuple[date | None, date | None]:
    """Return the first and the last day that may stand on it as its end; None where nothing bounds it."""
    one = KINDS[kind]
    return (
        after(dated, one.shortest) if one.shortest else None,
        after(dated, one.longest) if one.longest else None,
    )


def may_issue(kind: str, *, issuer: str, country: str) -> bool:
    """Answer whether an agency of this kind and country issues it."""
    one = KINDS[kind]
    return issuer in one.issuers and (not one.member_state or country in MEMBER_STATES)
