"""What does one fill in for a receiver of webhooks?"""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from agencies import channels
from agencies.enums import DeliveryStatus
from agencies.forms.fields import narrowed_by


class WebhookForm(forms.Form):
    """Adds a receiver: where it is, and what it wants to be told of."""

    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        help_text=gettext_lazy("Where your system listens, for example https://cases.example.org/hooks."),
        widget=forms.TextInput(
            attrs={"class": "ltr", "inputmode": "url", "spellcheck": "false", "autocomplete": "off"}
        ),
        error_messages={"required": gettext_lazy("Give the address at which your system listens.")},
    )
    topics = forms.MultipleChoiceField(
        label=gettext_lazy("Events"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one event.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        topics = self.fields["topics"]
        assert isinstance(topics, forms.MultipleChoiceField)  # noqa: S101 - tells the type checker
        topics.choices = list(channels.offered().items())


class PauseForm(forms.Form):
    """Pauses or ends a receiver."""

    why = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        help_text=gettext_lazy("Your colleagues read it. Name no person."),
    )


class DeliveryFilter(forms.Form):
    """Narrows the list of deliveries."""

    status = narrowed_by(gettext_lazy("Status"), gettext_lazy("Any status"), DeliveryStatus.choices)
