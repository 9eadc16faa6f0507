"""What does one type to lock and unlock a shared desk?"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


def _pin(label: Any, **more: Any) -> forms.CharField:
    attributes = {"inputmode": "numeric", "autocomplete": "off", "maxlength": "20", "dir": "ltr"}
    return forms.CharField(
        label=label, min_length=6, max_length=20, widget=forms.PasswordInput(attrs=attributes), **more
    )


class DeskForm(forms.Form):
    """Sets a PIN for this browser."""

    pin = _pin(_("PIN"), help_text=_("At least six digits, for this browser only."))
    again = _pin(_("The same again"))

    def clean(self) -> dict[str, Any]:
        """Return the data; both must be the same."""
        data = super().clean() or {}
        if data.get("pin") and data.get("again") and data["pin"] != data["again"]:
            self.add_error("again", gettext("The two are not the same."))
        return data


class UnlockForm(forms.Form):
    """Opens a locked session again."""

    pin = _pin(_("PIN"))
