"""What does somebody fill in who decides about two records: what they are, and why?"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.forms.fields import words
from registration.enums import MatchState, Relationship, Sex

WHOLE = "family"  # decides all pairs of two families at once


class ReasonForm(forms.Form):
    """Why."""

    reason = words(_("Reason"), 300, rows=0)


class DecisionForm(forms.Form):
    """What two people are; of relatives, what the second is to the first."""

    to = forms.ChoiceField(
        choices=[(one, one) for one in MatchState.values if one != MatchState.OPEN] + [(WHOLE, WHOLE)]
    )
    relationship = forms.ChoiceField(
        label=_("If relatives: the second person is to the first"), choices=Relationship, required=False
    )
    reason = words(_("Reason"), 300, rows=0, required=False)

    def __init__(self, *args: Any, sex: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        blood = {Sex.MALE: Relationship.ORM, Sex.FEMALE: Relationship.ORF}
        self.fields["relationship"].initial = blood.get(Sex(sex), Relationship.UNKNOWN)


class ThresholdForm(forms.Form):
    """From how many bits on."""

    bits = forms.FloatField(
        label=_("From so many bits on"),
        min_value=0,
        max_value=100,
        widget=forms.TextInput(attrs={"class": "ltr short", "inputmode": "decimal", "size": 5}),
    )
