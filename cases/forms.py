"""What do people fill in about a claim?"""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from agencies.forms.fields import Day, narrowed_by
from cases.enums import ClaimStatus, Outcome


class ClaimFilter(forms.Form):
    """Narrows the list of claims."""

    q = forms.CharField(label=_("Claim number"), required=False, max_length=80)
    whose = narrowed_by(
        _("Whose"),
        _("All"),
        [("agency", _("Our agency")), ("mine", _("Opened by me")), ("shared", _("Shared with us"))],
    )
    status = narrowed_by(_("Status"), _("Any status"), ClaimStatus.choices)


class ClaimForm(forms.Form):
    """Opens a claim."""

    made_on = forms.DateField(
        label=_("Made on"),
        help_text=_(
            "The day on which this person asked for protection, in any form; deadlines count from it."
        ),
        widget=Day(),
    )


class DecisionForm(forms.Form):
    """Proposes how to decide a claim."""

    outcome = forms.ChoiceField(
        label=_("Outcome"),
        widget=forms.RadioSelect,
        choices=[(one.value, one.label) for one in Outcome if one.value],
    )


class ReferenceForm(forms.Form):
    """Notes the number under which our own system knows a claim."""

    value = forms.CharField(
        label=_("Our own number"),
        max_length=80,
        help_text=_("Only your agency sees it. Your systems can ask the API by it."),
        widget=forms.TextInput(attrs={"class": "ltr short", "autocomplete": "off", "spellcheck": "false"}),
    )
