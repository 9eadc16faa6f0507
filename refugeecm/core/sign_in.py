"""How does somebody prove who they are? allauth does it; here is what we tell it."""

import io
import secrets
import time
from typing import Any

import segno
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context as current
from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.sites.shortcuts import get_current_site
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language, gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from refugeecm.core import crypto, mail
from refugeecm.core.models import User

PLACE = "mfa_authenticator.data"
# Labels of the library's own forms, named so that our catalogues have them: they say the same words as our pages.
LABELS = (
    gettext_noop("Authenticator code"),
    gettext_noop("Email"),
    gettext_noop("Password (again)"),
    gettext_noop("Current Password"),
    gettext_noop("New Password (again)"),
)


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up by themselves: an administrator of their agency invites them."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("The e-mail address or the password is not correct. Type both again."),
        "incorrect_password": _("The password is not correct. Type it again."),
        "enter_current_password": _("The password that you have now is not correct. Type it again."),
        "too_many_login_attempts": _("Too many failed attempts to sign in. Try again in five minutes."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False always."""
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Return the user; a disabled account gets the answer of an unknown one."""
        user = super().authenticate(request, **credentials)
        return user if user is not None and user.is_active else None

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        """Send a disabled account with a passkey back to the sign-in page; nothing there says that it exists."""
        self.add_message(
            request, messages.ERROR, message=gettext("This did not open an account. Try another way.")
        )
        return redirect("account_login")

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse:
        """Remember in which language the person works, for the mails that they get."""
        User.objects.filter(pk=user.pk).update(language=get_language() or "")
        return super().post_login(request, user, **kwargs)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write the mail down instead of sending it: an answer that waits for a mail server tells who exists."""
        request = current.request
        given = {"request": request, "email": email, "current_site": get_current_site(request), **context}
        message = self.render_mail(template_prefix, email, given)
        known = getattr(context.get("user"), "pk", None) != 0  # see refugeecm.core.forms
        mail.queue(
            to=email if known else "",
            subject=str(message.subject),
            text=str(message.body),
            now=timezone.now(),
        )

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Answer, except while the second factor is set up: who has just typed the password is not asked for it again.

        Only in the session that sets it up is there a password without a second factor in the records.
        """
        records = get_authentication_records(current.request, current.request.user)
        first_time = bool(records) and all(one["method"] == "password" for one in records)
        if first_time and time.time() - records[-1]["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
            return False
        return bool(super().is_reauthentication_required(app=app, **kwargs))


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factors are stored sealed."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("The code is wrong or was used before. Type the one that the app shows now.")
    }

    def build_totp_svg(self, url: str) -> str:
        """Return the QR code of a new second factor, drawn here."""
        drawn = io.BytesIO()
        segno.make(url).save(
            drawn, kind="svg", xmldecl=False, svgns=False, omitsize=True, svgclass=None, lineclass=None
        )
        return drawn.getvalue().decode()

    def encrypt(self, text: str) -> str:
        """Return the sealed secret as hexadecimal text."""
        return crypto.wrap_with_master(text.encode(), place=PLACE).hex()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret."""
        return crypto.unwrap_with_master(bytes.fromhex(encrypted_text), place=PLACE).decode()


class ClientAdapter(DefaultOIDCAdapter):
    """The scopes that a REST client may ask for."""

    scope_display = {
        "claims.status:read": _("Read the status of claims shared with the agency"),
        "claims.reference:write": _("Note the agency's own number for such a claim"),
        "imports:read": _("Follow the lists of arrivals that the agency sent"),
        "imports:write": _("Send lists of arrivals, accept and cancel them"),
        "referrals:read": _("Read the referrals that the agency made or received"),
        "referrals:write": _("Answer the referrals that the agency received"),
    }

    def generate_client_secret(self) -> str:
        """Return a secret of 256 bits that survives shells, forms and HTTP Basic authentication unquoted."""
        return secrets.token_urlsafe(32)

    def get_claims(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return no claims: clients act for an agency, not for a person."""
        return {}
