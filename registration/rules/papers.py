"""In which language and in which letters is a paper written, and what stands in the machine-readable zone of whom?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from anyascii import anyascii

from registration.rules import mrz
from registration.rules.family import SPOKEN

WRITTEN = ("en", "ar")  # languages in which there are texts; others get the first
# What IBM Plex Sans and IBM Plex Sans Arabic hold: Latin, Greek, Cyrillic; Arabic, Persian, Pashto, Kurdish, Urdu.
_IN_THE_FONT = re.compile(
    "[\u0020-\u024f\u0300-\u036f\u0370-\u03ff\u0400-\u04ff\u0600-\u06ff\u1e00-\u1eff\u2010-\u2027\u2030-\u203a\ufb50-\ufdff\ufe70-\ufeff]"
)


def spoken_on_paper(languages: Sequence[str]) -> str:
    """Return the language of a paper for somebody who understands these (ISO 639-3, the best first)."""
    code = SPOKEN.get(languages[0], "") if languages else ""
    return code if code in WRITTEN else WRITTEN[0]


def printable(text: str) -> str:
    """Return a text in letters that can be printed: those that no font of ours has, as Latin ones."""
    return "".join(
        one if _IN_THE_FONT.match(one) else anyascii(one) for one in text if one.isprintable()
    ).strip()


def holder(
    *,
    given: str,
    family: str,
    native: str,
    sex: str,
    nationality: str,
    legal_status: str,
    born: date | None,
    precision: str,
) -> mrz.Holder:
    """Return what the zone says of a person of the register.

    Not the nationality but the status stands in its field: XXB for a refugee under the 1951 Convention, XXA for somebody stateless,
    XXC for others who are protected (Doc 9303-3, section 5, part D).
    """
    special = {"REFUGEE": mrz.REFUGEE, "STATELESS": mrz.STATELESS, "OIP": mrz.OTHER_REFUGEE}
    primary, _space, secondary = (family, "", given) if family or given else native.rpartition(" ")[::-1]
    return mrz.Holder(
        primary,
        secondary,
        special.get(legal_status, nationality or mrz.UNSPECIFIED),
        mrz.birth(born, precision),
        sex,
    )
