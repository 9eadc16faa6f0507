"""What does somebody fill in about an influx event: its name, what is proposed, and where people come in?"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.forms.fields import country_choices, words
from registration.enums import InfluxBasis, Level
from registration.models import AdminArea, InfluxEvent


def short_name(**given: Any) -> forms.SlugField:
    """Return the box for an event's short name."""
    return forms.SlugField(
        max_length=60,
        help_text=_("Small letters, digits and hyphens, such as east-2026. Agreements refer to it."),
        error_messages={"invalid": _("Use small letters, digits and hyphens, such as east-2026.")},
        widget=forms.TextInput(attrs={"class": "ltr short"}),
        **given,
    )


class EventForm(forms.Form):
    """An occasion on which people arrive."""

    name = words(_("Name"), 200, rows=0)
    slug = short_name(label=_("Short name"))

    def clean_slug(self) -> str:
        """Two events never have one short name: agreements would mean both."""
        slug: str = self.cleaned_data["slug"]
        if InfluxEvent.objects.filter(slug=slug).exists():
            raise forms.ValidationError(_("There is an event with this short name already. Take another."))
        return slug


class ProposalForm(forms.Form):
    """What is proposed for an event: on what basis, for whom, how many, and how they are registered."""

    basis = forms.ChoiceField(label=_("Basis"), choices=[("", _("Choose")), *InfluxBasis.choices])
    origin = forms.ChoiceField(label=_("Country of origin"), choices=country_choices)
    origin_2 = forms.ChoiceField(
        label=_("Another country of origin"), choices=country_choices, required=False
    )
    origin_3 = forms.ChoiceField(label=_("A third one"), choices=country_choices, required=False)
    expected = forms.IntegerField(label=_("Expected arrivals"), min_value=1, max_value=2**31 - 1)
    level = forms.ChoiceField(label=_("Level of registration"), choices=Level.choices[1:])
    registered_within = forms.IntegerField(
        label=_("Days to register"),
        min_value=1,
        max_value=365,
        required=False,
        help_text=_(
            "After arrival. In the Union 15 where arrivals are disproportionate (Regulation (EU) 2024/1348 article 27(5)),"
            " 28 in a crisis (2024/1359 article 10)."
        ),
    )

    def clean(self) -> dict[str, Any]:
        """Give the countries of origin as one list."""
        given = super().clean() or {}
        named = [given.pop(one, "") for one in ("origin", "origin_2", "origin_3")]
        return given | {"origins": list(dict.fromkeys(one for one in named if one))}


class EntryPointForm(forms.Form):
    """Where people come in, and how many a day it can take."""

    name = words(_("Name"), 120, rows=0)
    site = words(
        _("Registration site"), 80, rows=0, help_text=_("As the desk and lists of arrivals write it.")
    )
    capacity = forms.IntegerField(label=_("People a day"), min_value=1, max_value=10**6)
    area = forms.CharField(
        label=_("P-code of the area"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"class": "ltr short"}),
    )
    is_open = forms.BooleanField(label=_("It is open"), required=False, initial=True)

    def clean_area(self) -> AdminArea | None:
        """Return the area of the P-code."""
        pcode = self.cleaned_data["area"].strip().upper()
        area = AdminArea.objects.filter(pcode=pcode).first()
        if pcode and area is None:
            raise forms.ValidationError(
                _("No area has this P-code. Leave it empty, or have the areas loaded.")
            )
        return area
