"""How does somebody prove who they are? allauth does it; here is what we tell it."""

import io
from typing import Any

import segno
from allauth.account.adapter import DefaultAccountAdapter
from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from refugeecm.core import crypto

_PLACE = "mfa_authenticator.data"


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves: an administrator of their agency invites them."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False always."""
        return False


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factors are stored sealed."""

    def build_totp_svg(self, url: str) -> str:
        """Return the QR code of a new second factor, drawn here."""
        drawn = io.BytesIO()
        segno.make(url).save(drawn, kind="svg", xmldecl=False, svgns=False, omitsize=True, svgclass=None, lineclass=None)
        return drawn.getvalue().decode()

    def encrypt(self, text: str) -> str:
        """Return the sealed secret as hexadecimal text."""
        return crypto.wrap_with_master(text.encode(), place=_PLACE).hex()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret."""
        return crypto.unwrap_with_master(bytes.fromhex(encrypted_text), place=_PLACE).decode()


class ClientAdapter(DefaultOIDCAdapter):
    """The scopes that a REST client may ask for."""

    scope_display = {"claims.status:read": _("Read the status of claims shared with the agency")}

    def get_claims(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return no claims: clients act for an agency, not for a person."""
        return {}
