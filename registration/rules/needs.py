"""Which specific needs are there by UNHCR's codes, which of them are restricted, and which does a group's composition suggest?

Codes: proGres, guidance of 2009 (IOM/FOM 030-2009), as of law-and-practice.md 1.5. Labels are message ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registration.rules.columns import gettext_noop

# By family, the family's own code first: it is what eRRF exchanges, and what is used while the rest is not known.
FAMILIES: dict[str, dict[str, str]] = {
    "CR": {
        "CR": gettext_noop("Child at risk"),
        "CR-AF": gettext_noop("Child associated with armed forces or groups"),
        "CR-CC": gettext_noop("Child carer"),
        "CR-CH": gettext_noop("Child-headed household"),
        "CR-CL": gettext_noop("Child in conflict with the law"),
        "CR-CP": gettext_noop("Child parent"),
        "CR-CS": gettext_noop("Child spouse"),
        "CR-LO": gettext_noop("Other forms of child labour"),
        "CR-LW": gettext_noop("Worst forms of child labour"),
        "CR-MS": gettext_noop("Minor spouse"),
        "CR-NE": gettext_noop("Child not attending school"),
        "CR-SE": gettext_noop("Child with special education needs"),
        "CR-TP": gettext_noop("Teenage pregnancy"),
    },
    "SC": {
        "SC": gettext_noop("Unaccompanied or separated child"),
        "SC-CH": gettext_noop("Separated child heading a household"),
        "SC-FC": gettext_noop("Child in foster care"),
        "SC-IC": gettext_noop("Child in institutional care"),
        "SC-NC": gettext_noop("Child neglected by extended family"),
        "SC-SC": gettext_noop("Separated child"),
        "SC-UC": gettext_noop("Unaccompanied child"),
        "SC-UF": gettext_noop("Unaccompanied child in foster care"),
        "SC-UM": gettext_noop("Unaccompanied minor"),
    },
    "WR": {
        "WR": gettext_noop("Woman at risk"),
        "WR-GM": gettext_noop("Threat of genital mutilation"),
        "WR-HR": gettext_noop("Single woman representing a household"),
        "WR-LC": gettext_noop("Lactating woman at risk"),
        "WR-PY": gettext_noop("Polygamous marriage"),
        "WR-SF": gettext_noop("Single woman"),
        "WR-UW": gettext_noop("Woman without an adult man of her family"),
        "WR-WF": gettext_noop("Woman associated with fighting forces"),
        "WR-WR": gettext_noop("Woman at risk, not specified"),
    },
    "ER": {
        "ER": gettext_noop("Older person at risk"),
        "ER-FR": gettext_noop("Older person unable to care for themselves"),
        "ER-MC": gettext_noop("Older person with children"),
        "ER-NF": gettext_noop("Unaccompanied older person"),
        "ER-OC": gettext_noop("Older person without younger family members"),
        "ER-SC": gettext_noop("Older person with separated children"),
        "ER-UR": gettext_noop("Single older person without family"),
    },
    "SP": {
        "SP": gettext_noop("Single parent or caregiver"),
        "SP-CG": gettext_noop("Single caregiver"),
        "SP-GP": gettext_noop("Single grandparent"),
        "SP-PT": gettext_noop("Single parent"),
    },
    "DS": {
        "DS": gettext_noop("Disability"),
        "DS-BD": gettext_noop("Visual impairment"),
        "DS-DF": gettext_noop("Hearing impairment"),
        "DS-MM": gettext_noop("Moderate mental disability"),
        "DS-MS": gettext_noop("Severe mental disability"),
        "DS-PM": gettext_noop("Moderate physical disability"),
        "DS-PS": gettext_noop("Severe physical disability"),
        "DS-SD": gettext_noop("Speech impairment"),
    },
    "PG": {
        "PG": gettext_noop("Pregnant or lactating"),
        "PG-HR": gettext_noop("High-risk pregnancy"),
        "PG-LC": gettext_noop("Lactating"),
    },
    "FU": {
        "FU": gettext_noop("Family unity"),
        "FU-FR": gettext_noop("Family reunification required"),
        "FU-TR": gettext_noop("Tracing of family required"),
    },
    "LP": {
        "LP": gettext_noop("Specific legal and physical protection needs"),
        "LP-AF": gettext_noop("Formerly associated with armed forces or groups"),
        "LP-AN": gettext_noop("Violence, abuse or neglect"),
        "LP-AP": gettext_noop("Alleged perpetrator"),
        "LP-BN": gettext_noop("Unmet basic needs"),
        "LP-CR": gettext_noop("Criminal record"),
        "LP-DA": gettext_noop("Held in the country of asylum"),
        "LP-DN": gettext_noop("Detained now in the country of asylum"),
        "LP-DO": gettext_noop("Detained in the country of origin"),
        "LP-DP": gettext_noop("Formerly detained in the country of asylum"),
        "LP-DT": gettext_noop("Detained elsewhere"),
        "LP-ES": gettext_noop("Excluded by society"),
        "LP-FR": gettext_noop("Family reunion required"),
        "LP-IH": gettext_noop("In hiding"),
        "LP-LS": gettext_noop("Lack of prospects of a durable solution"),
        "LP-MD": gettext_noop("Multiple displacements"),
        "LP-MM": gettext_noop("Mixed marriage"),
        "LP-MS": gettext_noop("Marginalised by the community"),
        "LP-NA": gettext_noop("No access to services"),
        "LP-ND": gettext_noop("No legal documentation"),
        "LP-PV": gettext_noop("Vulnerable as to solutions"),
        "LP-RD": gettext_noop("At risk of removal"),
        "LP-RP": gettext_noop("At risk due to profile"),
        "LP-RR": gettext_noop("At risk of refoulement"),
        "LP-ST": gettext_noop("Threat to the security of staff or others"),
        "LP-TA": gettext_noop("Survivor of torture or violence in asylum"),
        "LP-TC": gettext_noop("Tracing required"),
        "LP-TD": gettext_noop("At risk of deportation"),
        "LP-TO": gettext_noop("Survivor of torture or violence at home"),
        "LP-TR": gettext_noop("Threat of refoulement"),
        "LP-UP": gettext_noop("Urgent need of physical protection"),
        "LP-VA": gettext_noop("Domestic or sexual violence in asylum"),
        "LP-VF": gettext_noop("Domestic or sexual violence during flight"),
        "LP-VO": gettext_noop("Domestic or sexual violence at home"),
        "LP-VP": gettext_noop("Alleged perpetrator of violence"),
        "LP-WP": gettext_noop("Absence of witness protection"),
    },
    "SM": {
        "SM": gettext_noop("Serious medical condition"),
        "SM-AD": gettext_noop("Addiction"),
        "SM-CC": gettext_noop("Critical medical condition"),
        "SM-CI": gettext_noop("Chronic illness"),
        "SM-DP": gettext_noop("Difficult pregnancy"),
        "SM-MI": gettext_noop("Mental illness"),
        "SM-MN": gettext_noop("Malnutrition"),
        "SM-OT": gettext_noop("Other medical condition"),
    },
    "SV": {
        "SV": gettext_noop("Sexual or gender-based violence"),
        "SV-FM": gettext_noop("Threat of forced marriage"),
        "SV-GM": gettext_noop("Female genital mutilation"),
        "SV-HK": gettext_noop("Threat of honour killing"),
        "SV-HP": gettext_noop("Harmful traditional practices"),
        "SV-SS": gettext_noop("Survival sex"),
        "SV-VA": gettext_noop("Sexual violence in asylum"),
        "SV-VF": gettext_noop("Sexual violence during flight"),
        "SV-VO": gettext_noop("Sexual violence at home"),
    },
    "TR": {
        "TR": gettext_noop("Torture"),
        "TR-HO": gettext_noop("Forced to egregious acts"),
        "TR-PI": gettext_noop("Impairment due to torture"),
        "TR-WV": gettext_noop("Witness of violence to others"),
    },
}
NEEDS = {code: text for family in FAMILIES.values() for code, text in family.items()}
# One need under two codes, by revisions of the list (1.5, note a). Which of them stays is our reading: the one in its own family.
REPLACED_BY = {
    "SC-UF": "SC-FC", "SC-UM": "SC-UC", "LP-TR": "LP-RR", "LP-TC": "FU-TR", "LP-FR": "FU-FR",
}  # fmt: skip
# Highly restricted by 1.5: SV, TR, SM, LP-AP and LP-CR. The other LP codes say the same as those, in the words of older lists.
_RESTRICTED = {"LP-AP", "LP-CR", "LP-TA", "LP-TO", "LP-VA", "LP-VF", "LP-VO", "LP-VP"}
_SENSITIVE = {"SV", "TR", "SM"}

# What a clerk sees, or is told, while a family is being registered: families of codes, told apart later by who reviews them. That a
# child is there without an adult is suggested by rule; that it is separated from its parents, only somebody who is there can tell.
AT_THE_DESK = ("DS", "SM", "PG", "ER", "SC")

ADULT, OLDER = 18, 60  # completed years; CRC article 1, and the band 60+ of UNHCR's statistics
_FOCAL, _MARRIED = {"PA", "HR1"}, {"MA", "CL"}
_CHILD, _GRANDCHILD = {"SON", "DAU", "SCM", "SCF"}, {"GCM", "GCF"}
_PARENT, _GRANDPARENT = {"PRM", "PRF", "SPM", "SPF"}, {"GPM", "GPF"}
_NO_RELATIVE = {"NRM", "NRF"}
_SPOUSE = {"HUS", "WIF", "CLH", "CLW", "PTM", "PTF"}
_ONE_OF = (
    "SC",
    "SP",
)  # families of which one code describes a person: another one is not suggested beside it


def family_of(code: str) -> str:
    """Return the top-level code of a need."""
    return code[:2]


def is_restricted(code: str) -> bool:
    """Answer whether a need is hidden from all but those who may open it."""
    return family_of(code) in _SENSITIVE or code in _RESTRICTED


def current(code: str) -> str:
    """Return the code that is used now for the same need."""
    return REPLACED_BY.get(code, code)


@dataclass(frozen=True)
class GroupMember:
    """A member of a group as the rules see them: age in completed years (None: not known), codes as of enums, codes of needs known.

    `known`: needs of every status, the dismissed ones too: what somebody has said no to is not suggested again.
    """

    age: int | None
    relationship: str
    marital_status: str = ""
    known: frozenset[str] = frozenset()

    @property
    def is_child(self) -> bool:
        """Whether this is a child for sure; nothing is suggested because of what is not known."""
        return self.age is not None and self.age < ADULT


def suggested(group: Sequence[GroupMember]) -> list[tuple[int, str]]:
    """Return (place in the group, code) of the needs that its composition suggests; a person confirms or dismisses each.

    Our rules (law-and-practice.md 1.5): a child without an adult relative SC-UC; the only adult with children SP-PT (of grandchildren
    SP-GP, of others SP-CG); 60 or older and alone ER-NF; a married child CR-MS; a child in whose name others are registered CR-CH.
    """
    adults = [one for one in group if not one.is_child]
    found = [
        (place, one, code)
        for place, one in enumerate(group)
        for code, applies in (
            ("SC-UC", one.is_child and not _related(one, adults)),
            (
                _single(one, group),
                adults == [one] and any(it.relationship not in _SPOUSE for it in group if it is not one),
            ),
            ("ER-NF", one.age is not None and one.age >= OLDER and len(group) == 1),
            ("CR-MS", one.is_child and one.marital_status in _MARRIED),
            ("CR-CH", one.is_child and one.relationship in _FOCAL and len(group) > 1),
        )
        if applies
    ]
    return [(place, code) for place, one, code in found if not _is_known(code, one)]


def _related(child: GroupMember, adults: Sequence[GroupMember]) -> bool:
    """Answer whether one of the adults is a relative, as far as relations to the focal point tell."""
    if child.relationship in _NO_RELATIVE:
        return False
    return any(one.relationship not in _NO_RELATIVE for one in adults)


def _single(adult: GroupMember, group: Sequence[GroupMember]) -> str:
    children = {one.relationship for one in group if one is not adult}
    leads = adult.relationship in _FOCAL
    if adult.relationship in _PARENT or (leads and children & _CHILD):
        return "SP-PT"
    return "SP-GP" if adult.relationship in _GRANDPARENT or (leads and children & _GRANDCHILD) else "SP-CG"


def _is_known(code: str, one: GroupMember) -> bool:
    known = {current(has) for has in one.known}
    return code in known or any(
        family_of(code) == family_of(has) for has in known if family_of(code) in _ONE_OF
    )
