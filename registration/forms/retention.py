"""What does somebody fill in about keeping, holding and erasing?"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.forms.fields import words
from registration.enums.retention import ErasureOrigin, Keeping
from registration.models import InfluxEvent


class ProposeForm(forms.Form):
    """Why a person is to be erased."""

    origin = forms.ChoiceField(
        label=_("Why"),
        choices=[(one.value, one.label) for one in (ErasureOrigin.REQUEST, ErasureOrigin.SUPERVISOR)],
    )
    reason = words(_("Reason"), 300, help_text=_("It goes with the person. Name nobody else."))


class ApproveForm(forms.Form):
    """The number of the person, typed by whoever approves."""

    number = forms.CharField(
        label=_("Number of the person"),
        max_length=24,
        help_text=_("Type it, so that you erase whom you mean."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "ltr"}),
    )


class HoldForm(forms.Form):
    """Why nobody erases these records for now."""

    reason = words(
        _("Reason for the legal hold"),
        300,
        help_text=_("Such as a procedure before a court, or a complaint."),
    )


class EventHoldForm(HoldForm):
    """Everybody of an event."""

    event = forms.ModelChoiceField(label=_("Event"), queryset=InfluxEvent.objects.none())
    field_order = ("event", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["event"].queryset = InfluxEvent.objects.order_by("name")  # type: ignore[attr-defined]


class RuleForm(forms.Form):
    """How long an agency keeps records of a kind, and what then."""

    months = forms.IntegerField(label=_("Months"), min_value=0, max_value=1200)
    keeping = forms.ChoiceField(label=_("Then"), choices=Keeping.choices)
    reason = words(_("Reason"), 300)
