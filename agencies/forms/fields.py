"""Which choices and inputs do several forms share?"""

from __future__ import annotations

from typing import Any

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


def narrowed_by(label: Any, every: Any, choices: Any = ()) -> forms.ChoiceField:
    """Return the filter of a list by one of these choices; `every` stands for none of them."""
    return forms.ChoiceField(label=label, required=False, choices=[("", every), *choices])


def words(label: Any, length: int, *, rows: int = 3, **given: Any) -> forms.CharField:
    """Return a text in any script, of so many rows; 0 is a single line."""
    kind, size = (forms.Textarea, {"rows": rows}) if rows else (forms.TextInput, {})
    return forms.CharField(
        label=label, max_length=length, widget=kind(attrs={**size, "dir": "auto"}), **given
    )


def errors_of(form: forms.Form) -> str:
    """Return all that is wrong with a small form, for a message above the page it was sent from."""
    return " ".join(
        f"{form[name].label}: {text}" if name in form.fields else str(text)
        for name, errors in form.errors.items()
        for text in errors
    )
