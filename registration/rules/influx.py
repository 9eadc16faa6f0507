"""Is this a mass influx? Four indicators that advise and never act: a person declares (law-and-practice.md 5.1).

They make countable what ExCom conclusion 100 (LV) of 2004 names: considerable numbers, a rapid rate of arrival, inadequate capacity to
absorb, and asylum procedures unable to deal with the numbers. Thresholds are 5.1's defaults.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registration.rules.columns import gettext_noop

WINDOW = 7  # days
BEFORE = 8  # windows that this one is compared with
MANY = 1000  # arrivals in a window
RAPID = 3.0  # times the mean of the windows before
FULL = 1.0  # need for reception over capacity
STUCK = 1.0  # claims that wait over those that 90 days decide
DECIDED_DAYS = 90
ALERT = 3  # indicators out of four


@dataclass(frozen=True)
class Indicator:
    """One of the four: what it asks (a message id), its value and from which value on it counts; None where it cannot be said."""

    letter: str
    asks: str
    value: float | None
    threshold: float

    @property
    def met(self) -> bool:
        """Whether it speaks for a mass influx."""
        return self.value is not None and self.value >= self.threshold


def influx_score(
    *, arrivals: int, before: Sequence[int], need: float, capacity: int, pending: int, decided: int
) -> list[Indicator]:
    """Return N, R, A and P.

    arrivals: people in the window; before: in each of the windows before it; need and capacity: people a day who are, and can be,
    received; pending: open claims; decided: claims decided in 90 days. A ratio to nothing is infinite, nothing to nothing unknown.
    """
    mean = sum(before) / len(before) if before else 0.0
    return [
        Indicator("N", gettext_noop("Considerable numbers: people in seven days"), float(arrivals), MANY),
        Indicator("R", gettext_noop("Rapid rate: times the mean of eight weeks before"), _ratio(arrivals, mean), RAPID),
        Indicator("A", gettext_noop("Reception: need over capacity a day"), _ratio(need, capacity), FULL),
        Indicator("P", gettext_noop("Procedures: waiting claims over those decided in 90 days"), _ratio(pending, decided), STUCK),
    ]  # fmt: skip


def _ratio(value: float, over: float) -> float | None:
    if over:
        return value / over
    return float("inf") if value else None
