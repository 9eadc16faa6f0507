"""What is shown while somebody chooses a new password? All steps but the link itself at one address: fewer stand open."""

from __future__ import annotations

from typing import Any

from allauth.account.views import PasswordResetView
from django.urls import reverse_lazy
from django.utils.text import format_lazy

_DONE = {"mail": "account/password_reset_done.html", "password": "account/password_reset_from_key_done.html"}


def success(step: str) -> Any:
    """Return the address, not looked up before the addresses stand, that says what was done: `mail` or `password`."""
    return format_lazy("{}?done={}", reverse_lazy("account_reset_password"), step)


class ResetView(PasswordResetView):
    """Asks for the address to write to; says afterwards what was done."""

    success_url = success("mail")

    def get_template_names(self) -> list[str]:
        """Return the form, or the page of the step that is done."""
        done = _DONE.get(self.request.GET.get("done", "")) if self.request.method == "GET" else None
        return [done or self.template_name]
