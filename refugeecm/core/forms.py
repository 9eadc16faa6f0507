"""How is a forgotten password asked for, so that nobody learns who has an account?"""

from typing import Any

from allauth.account.forms import ResetPasswordForm
from django.http import HttpRequest

from refugeecm.core.models import User


class ResetForm(ResetPasswordForm):
    """For an unknown address the same is done as for a known one, in the same time: only the mail goes to nobody."""

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Write the mail with the link; a worker sends it."""
        self.users = self.users or [User(pk=0, email=self.cleaned_data["email"])]
        return str(super().save(request, **kwargs))
