"""Which signs of trafficking in persons or smuggling are asked for, how much does each weigh, and when is somebody referred?

Trafficking is an act (recruiting, moving, harbouring, receiving), a means (force, fraud, abuse of power or of a vulnerability) and the
purpose of exploitation; of children no means is asked, and consent counts for nothing (Palermo Protocol of 2000, article 3). Who was
smuggled paid for an illegal entry, and may be a victim of a crime as well. A sum of weights is a reason to look, not a finding.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from registration.rules.columns import gettext_noop

REFER_FROM = 2  # law-and-practice.md 5.4: two or more indicators
REFERRED_AS = (
    "LP-AN"  # the need as which somebody is referred, restricted: "violence, abuse or neglect" (1.5)
)
PALERMO, SCREENING = "Palermo Protocol, art. 3", "SR 17(2)(d); AMMR 22(6)"


class Indicator(NamedTuple):
    """One line of the checklist. `weight`: 2 is what shows means and purpose by itself, in our reading of the Protocol."""

    code: str
    text: str
    weight: int
    source: str


INDICATORS = (
    Indicator("documents_withheld", gettext_noop("Somebody else keeps their documents"), 1, PALERMO),
    Indicator("debt_bondage", gettext_noop("They work off a debt"), 2, PALERMO),
    Indicator("movement_controlled", gettext_noop("Somebody accompanies them everywhere or controls where they go"), 1, PALERMO),
    Indicator("scripted_answers", gettext_noop("Their answers sound learned by heart"), 1, SCREENING),
    Indicator("signs_of_abuse", gettext_noop("There are signs of abuse"), 1, PALERMO),
    Indicator("unrelated_adult", gettext_noop("A child travels with an adult who is no relative"), 1, PALERMO),
    Indicator("shared_contact", gettext_noop("Many cases give the same address, telephone or sponsor"), 1, SCREENING),
    Indicator("threats_to_family", gettext_noop("Their family is threatened"), 1, PALERMO),
    Indicator("unpaid_work", gettext_noop("They work or worked without pay"), 1, PALERMO),
    Indicator("ransom", gettext_noop("They were held for ransom"), 2, PALERMO),
)  # fmt: skip
CODES = {one.code: one for one in INDICATORS}


def refers(codes: Collection[str]) -> bool:
    """Answer whether somebody of whom these were seen is referred."""
    return len(set(codes)) >= REFER_FROM or sum(CODES[one].weight for one in set(codes)) >= REFER_FROM
