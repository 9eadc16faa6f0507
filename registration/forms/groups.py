"""What does somebody fill in about a group: where it lives, and how many it counts?"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.forms.fields import Day
from registration.enums import Sex
from registration.forms.people import AreaField, Words, countries
from registration.models import InfluxEvent

BANDS = ("0-4", "5-11", "12-17", "18-59", "60+")  # of UNHCR's Refugee Data Finder
COUNTED = (Sex.FEMALE, Sex.MALE)


class PlaceForm(forms.Form):
    """Where a group lives, and from which country it came."""

    area = AreaField(_("Place of residence"))
    origin_country = forms.ChoiceField(label=_("Country of origin"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["origin_country"].choices = [("", "–"), *countries()]  # type: ignore[attr-defined]


class GroupForm(forms.Form):
    """Core facts of a group (UNHCR Registration Guidance 6.5), and how many of each sex and age."""

    event = forms.ModelChoiceField(
        InfluxEvent.objects.order_by("-created_at"), label=_("Event"), empty_label=_("Choose")
    )
    focal_name = Words(
        _("Whom to ask for"), required=True, help_text=_("The name of one adult of the group.")
    )
    arrived_on = forms.DateField(label=_("Arrived on"), widget=Day())
    origin_country = forms.ChoiceField(label=_("Country of origin"))
    site = Words(_("Registration site"), 80)
    area = AreaField(_("Place of residence"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["origin_country"].choices = [("", "–"), *countries()]  # type: ignore[attr-defined]
        for sex in COUNTED:
            for band in BANDS:
                self.fields[f"{sex}_{band}"] = forms.IntegerField(
                    label=f"{sex.label} {band}",
                    required=False,
                    min_value=0,
                    max_value=5_000,
                    widget=forms.TextInput(attrs={"class": "ltr short", "inputmode": "numeric", "size": 5}),
                )

    def table(self) -> list[tuple[str, list[Any]]]:
        """Return the rows of the count: a band, and the field of each sex."""
        return [(band, [self[f"{sex}_{band}"] for sex in COUNTED]) for band in BANDS]

    def plain(self) -> list[Any]:
        """Return the fields besides the count."""
        return [self[name] for name in self.base_fields]

    def clean_focal_name(self) -> str:
        """Somebody has to be asked for."""
        name: str = self.cleaned_data["focal_name"]
        if not name:
            raise forms.ValidationError(_("Give one name at least."))
        return name

    def facts(self) -> dict[str, Any]:
        """Return the arguments of preregistration.count_group."""
        given = {name: self.cleaned_data[name] for name in self.base_fields}
        counted = {
            str(sex): {band: self.cleaned_data[f"{sex}_{band}"] or 0 for band in BANDS} for sex in COUNTED
        }
        return {**given, "counted": counted}
