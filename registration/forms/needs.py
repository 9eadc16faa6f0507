"""What does somebody fill in about a specific need?"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agencies.forms.fields import Day, words
from registration.enums import NeedPriority
from registration.rules.needs import FAMILIES, REPLACED_BY


class NeedForm(forms.Form):
    """A specific need of a person."""

    code = forms.ChoiceField(label=_("Need"))
    priority = forms.ChoiceField(label=_("Priority"), choices=NeedPriority.choices)
    identified_on = forms.DateField(
        label=_("Identified on"), required=False, widget=Day(), help_text=_("Left empty, it is today.")
    )
    note = words(
        _("Note"), 1000, required=False, help_text=_("What a colleague has to know. It is stored encrypted.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].choices = [  # type: ignore[attr-defined]
            ("", _("Choose")),
            *(
                (gettext(codes[top]), [(code, f"{code} · {gettext(text)}") for code, text in codes.items() if code not in REPLACED_BY])
                for top, codes in FAMILIES.items()
            ),
        ]  # fmt: skip
