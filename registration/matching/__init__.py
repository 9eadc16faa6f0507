"""Who in the register may this person be? The one entrance for the desk, the API, imports, hand-overs, corrections and the sweep."""

from registration.matching.engine import HINT, KIN, POSSIBLE, SAME, Known, found_by_keys
from registration.matching.register import (
    Candidate,
    RowKeys,
    VisibleRegister,
    candidates,
    pairs_within,
    probe_of,
    within,
)
from registration.matching.trained import weights_for

__all__ = [
    "HINT", "KIN", "POSSIBLE", "SAME", "Candidate", "Known", "RowKeys", "VisibleRegister", "candidates", "found_by_keys",
    "pairs_within", "probe_of", "weights_for", "within",
]  # fmt: skip
