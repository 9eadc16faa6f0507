"""Which days does a country work? Its public holidays and its weekend, as one dated version of a published list says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.metadata import version

import holidays

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """The working days of a country (ISO 3166-1, two or three letters), or with no code a week from Monday to Friday.

    Holidays are national ones: regional ones are not known here.
    """

    code: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a list of holidays for this country; without one only weekends are left out."""
        return _listed(self.code) is not None

    @property
    def version(self) -> str:
        """Which list this is."""
        return f"holidays {version('holidays')}" if self.known else "weekends only"

    def closed(self, day: date) -> str:
        """Return why nobody works on a day (the holiday's name, or "weekend"), or nothing."""
        listed = _listed(self.code)
        if listed is None:
            return "weekend" if day.weekday() in {5, 6} else ""
        return listed.get(day) or ("weekend" if listed.is_weekend(day) else "")

    def next_open(self, day: date) -> date:
        """Return the day itself if somebody works on it, or the first one after it."""
        while self.closed(day):
            day += _DAY
        return day


@cache
def _listed(code: str) -> holidays.HolidayBase | None:
    """Return the library's list of a country, which grows by the years that are asked for; None where it has none."""
    try:
        found = holidays.country_holidays(code)
        languages = found.supported_languages
        return holidays.country_holidays(code, language="en_US") if "en_US" in languages else found
    except (NotImplementedError, AttributeError):
        return None
