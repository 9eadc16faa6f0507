"""What does one fill in for an agency's identity provider?"""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agencies.forms.members import DomainsForm
from refugeecm.core import http

_PLAIN = {"class": "ltr", "spellcheck": "false", "autocomplete": "off"}


class ProviderForm(DomainsForm):
    """Names an OpenID Connect provider and the client that was registered there."""

    issuer = forms.CharField(
        label=gettext_lazy("Issuer"),
        max_length=300,
        help_text=gettext_lazy(
            "The https address that your provider calls “issuer”, exactly as it writes it."
        ),
        widget=forms.TextInput(attrs={**_PLAIN, "inputmode": "url"}),
    )
    client_id = forms.CharField(
        label=gettext_lazy("Client id"), max_length=200, widget=forms.TextInput(attrs=_PLAIN)
    )
    secret = forms.CharField(
        label=gettext_lazy("Client secret"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("Kept sealed and never shown. Leave it empty to keep the one that is known."),
        widget=forms.PasswordInput(attrs={**_PLAIN, "autocomplete": "new-password"}),
    )
    domains = forms.CharField(
        label=gettext_lazy("E-mail domains"),
        max_length=500,
        help_text=gettext_lazy(
            "The provider vouches for addresses in these alone. With spaces between, for example help.example relief.example."
        ),
        widget=forms.TextInput(attrs=_PLAIN),
    )
    field_order = ("issuer", "client_id", "secret", "domains")

    def clean_issuer(self) -> str:
        """Return the address as it was typed: it is compared letter by letter."""
        value: str = self.cleaned_data["issuer"]
        try:
            http.check(value)
        except http.Refused as refusal:
            raise ValidationError(_("Type an address that begins with https://")) from refusal
        if not value.isascii() or "?" in value or "#" in value:
            raise ValidationError(_("Type an address that begins with https://"))
        return value
