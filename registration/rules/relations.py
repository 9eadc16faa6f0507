"""If somebody else becomes the focal point of a group, what are the others to them? A proposal, which a person confirms.

Codes are UNHCR's (eRRF, table Relationship). What cannot be told from two relationships to a third person is "U", to be defined:
the sister of a husband's cousin, a grandchild seen by one of two sons.
"""

from __future__ import annotations

FOCAL, UNKNOWN = "PA", "U"
# Kinds of relation, with the code of a man and of a woman.
_CODES = {
    "spouse": ("HUS", "WIF"), "common-law": ("CLH", "CLW"), "partner": ("PTM", "PTF"), "ex": ("EXM", "EXF"),
    "child": ("SON", "DAU"), "stepchild": ("SCM", "SCF"), "foster child": ("FCM", "FCF"),
    "child-in-law": ("CLM", "CLF"), "grandchild": ("GCM", "GCF"),
    "parent": ("PRM", "PRF"), "stepparent": ("SPM", "SPF"), "foster parent": ("FPM", "FPF"),
    "parent-in-law": ("PLM", "PLF"), "grandparent": ("GPM", "GPF"),
    "sibling": ("SBM", "SBF"), "half-sibling": ("HAB", "HAS"), "stepsibling": ("SPB", "SPS"), "sibling-in-law": ("BIL", "SIL"),
    "uncle": ("UNC", "ANT"), "nephew": ("NEP", "NCE"), "cousin": ("COM", "COF"),
    "in-law": ("ILM", "ILF"), "blood": ("ORM", "ORF"), "no blood": ("NRM", "NRF"), "unsaid": ("UKM", "UKF"),
}  # fmt: skip
_KINDS = {code: kind for kind, codes in _CODES.items() for code in codes} | {"FP": "foster parent"}

# What the focal point of before is to the new one, by what the new one was to them.
_BACK = {
    **{one: one for one in ("spouse", "common-law", "partner", "ex", "sibling", "half-sibling", "stepsibling",
                            "sibling-in-law", "cousin", "in-law", "blood", "no blood")},
    "child": "parent", "stepchild": "stepparent", "foster child": "foster parent", "child-in-law": "parent-in-law",
    "grandchild": "grandparent", "parent": "child", "stepparent": "stepchild", "foster parent": "foster child",
    "parent-in-law": "child-in-law", "grandparent": "grandchild", "uncle": "nephew", "nephew": "uncle",
}  # fmt: skip
_PARTNERED = {
    "child": "child", "stepchild": "child", "foster child": "foster child", "child-in-law": "child-in-law",
    "grandchild": "grandchild", "parent": "parent-in-law", "parent-in-law": "parent", "sibling": "sibling-in-law",
    "uncle": "in-law", "nephew": "in-law", "cousin": "in-law", "grandparent": "in-law",
}  # fmt: skip
# What the others are to the new focal point: by what that one was, then by what they were, to the one of before.
_OTHERS = {
    "spouse": _PARTNERED,
    "common-law": _PARTNERED,
    "partner": _PARTNERED,
    "child": {
        "spouse": "parent", "common-law": "parent", "partner": "parent", "ex": "parent", "child": "sibling",
        "stepchild": "stepsibling", "parent": "grandparent", "parent-in-law": "grandparent", "sibling": "uncle",
        "nephew": "cousin", "grandparent": "blood", "uncle": "blood", "cousin": "blood",
    },
    "parent": {
        "spouse": "child-in-law", "child": "grandchild", "parent": "spouse", "sibling": "child", "nephew": "grandchild",
        "parent-in-law": "in-law", "grandchild": "blood", "cousin": "blood",
    },
    "sibling": {
        "spouse": "sibling-in-law", "child": "nephew", "sibling": "sibling", "parent": "parent", "grandparent": "grandparent",
        "uncle": "uncle", "cousin": "cousin", "grandchild": "blood", "parent-in-law": "in-law", "child-in-law": "in-law",
    },
    "grandchild": {"parent": "blood", "sibling": "blood", "uncle": "blood", "cousin": "blood", "nephew": "blood"},
    "grandparent": {"sibling": "grandchild", "child": "blood", "grandchild": "blood", "nephew": "blood", "spouse": "in-law"},
    "uncle": {"sibling": "nephew", "child": "blood", "grandchild": "blood", "spouse": "in-law"},
    "nephew": {"child": "cousin", "parent": "grandparent", "grandchild": "blood", "cousin": "blood", "spouse": "in-law"},
}  # fmt: skip


def seen_from(new_focal: str, *, who: str, sex: str) -> str:
    """Return the code of what somebody of this sex is to a new focal point.

    `new_focal` and `who` are what both were to the focal point of before; "PA" or "HR1" is that one.
    """
    n = _KINDS.get(new_focal, "")
    if who in (FOCAL, "HR1"):
        kind = _BACK.get(n, "")
    elif _KINDS.get(who) == "no blood":
        kind = "no blood"
    else:
        kind = _OTHERS.get(n, {}).get(_KINDS.get(who, ""), "")
    return coded(kind, sex)


def child_of(mother: str, *, sex: str) -> str:
    """Return the code of a newborn of this sex, by what the mother is to the focal point."""
    if mother in (FOCAL, "HR1"):
        return coded("child", sex)
    kinds = {
        "spouse": "child", "common-law": "child", "partner": "child", "child": "grandchild", "child-in-law": "grandchild",
        "sibling": "nephew", "sibling-in-law": "nephew", "parent": "sibling", "no blood": "no blood",
        "grandchild": "blood", "cousin": "blood", "nephew": "blood", "uncle": "cousin",
    }  # fmt: skip
    return coded(kinds.get(_KINDS.get(mother, ""), ""), sex)


def coded(kind: str, sex: str) -> str:
    """Return the code of a kind of relation for a man or a woman; "U" where kind or sex is not known."""
    if kind not in _CODES or sex not in ("M", "F"):
        return UNKNOWN
    return _CODES[kind][sex == "F"]
