"""What does one fill in for an API client?"""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy


class ClientForm(forms.Form):
    """Names a new API client."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy("The system that will ask, for example “Case system, test”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
