"""What happens to nonsense that is sent as a passkey? It is a wrong answer, whatever the libraries stumble over."""

import struct
from collections.abc import Callable
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn import forms
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from django.forms import BooleanField, CharField
from django.utils.translation import gettext_lazy as _

_STUMBLES = (
    AttributeError, LookupError, TypeError, ValueError, OverflowError, AssertionError, struct.error, InvalidSignature,
    UnsupportedAlgorithm,
)  # fmt: skip


def _carefully(step: Callable[[], Any]) -> Any:
    try:
        return step()
    except _STUMBLES as error:
        raise get_adapter().validation_error("incorrect_code") from error


class AddForm(forms.AddWebAuthnForm):
    """Adds a passkey to the account of somebody who is signed in."""

    name = CharField(label=_("Name"), required=False)
    passwordless = BooleanField(
        label=_("Sign in with it alone, without password and code"),
        required=False,
        help_text=_("For a device that asks for your fingerprint, your face or a PIN of its own."),
    )

    def clean(self) -> Any:
        """Return the cleaned data."""
        return _carefully(super().clean)


class EditForm(forms.EditWebAuthnForm):
    """Gives a passkey another name."""

    name = CharField(label=_("Name"))


class LoginForm(forms.LoginWebAuthnForm):
    """Signs in by a passkey alone."""

    def clean_credential(self) -> Any:
        """Return the passkey that was used."""
        return _carefully(super().clean_credential)


class FactorForm(forms.AuthenticateWebAuthnForm):
    """Takes a passkey as the second factor."""

    def clean_credential(self) -> Any:
        """Return the passkey that was used."""
        return _carefully(super().clean_credential)


class AgainForm(forms.ReauthenticateWebAuthnForm):
    """Takes a passkey as the proof that it is still the same person."""

    def clean_credential(self) -> Any:
        """Return the passkey that was used."""
        return _carefully(super().clean_credential)
