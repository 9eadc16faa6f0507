"""Which choices and inputs do several forms share?"""

from __future__ import annotations

from babel import Locale
from babel.core import get_global
from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext as _

# Codes that ISO 3166-1 has withdrawn, and regions of CLDR that are no country of origin.
_NO_LONGER = {"BUR", "ZAR", "DDR", "FXX", "TMP", "YMD"}
_NO_COUNTRY = {"AC", "CP", "DG", "EU", "TA", "XA", "XB", "ZZ"}


def country_choices() -> list[tuple[str, str]]:
    """Return [("", "Any"), (ISO 3166-1 alpha-3, name in the current language), …], sorted by name; names from CLDR."""
    names = Locale.parse(get_language() or "en", sep="-").territories
    found = [
        (code, names[two[0]])
        for code, two in get_global("territory_aliases").items()
        if len(code) == 3 and code.isalpha() and code not in _NO_LONGER and len(two) == 1 and two[0] in names
        if two[0].isalpha() and two[0] not in _NO_COUNTRY
    ]
    return [("", _("Any country")), *sorted(found, key=lambda one: one[1])]


class Day(forms.DateInput):
    """A day, picked or typed."""

    def __init__(self) -> None:
        super().__init__(attrs={"type": "date"}, format="%Y-%m-%d")


def errors_of(form: forms.Form) -> str:
    """Return all that is wrong with a small form, for a message above the page it was sent from."""
    return " ".join(str(text) for errors in form.errors.values() for text in errors)
