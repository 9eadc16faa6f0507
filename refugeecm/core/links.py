"""For how long is the link good by which somebody chooses a password?

An invitation waits for people who may be in the field: settings.PASSWORD_RESET_TIMEOUT, 72 hours. A forgotten password is asked for by
somebody who sits there and waits: an hour (OWASP Forgot Password Cheat Sheet: short-lived, used once).
"""

from datetime import timedelta
from typing import Any

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils.http import base36_to_int

FORGOTTEN = timedelta(hours=1)


class _Invited(PasswordResetTokenGenerator):
    key_salt = "refugeecm.core.links.invited"


invited = _Invited()


class Links(PasswordResetTokenGenerator):
    """Makes the links of forgotten passwords; takes those of invitations as well, for both lead to the same page."""

    def check_token(self, user: Any, token: str | None) -> bool:
        """Answer whether a link is good, of either kind."""
        if invited.check_token(user, token):
            return True
        if not super().check_token(user, token):
            return False
        made = base36_to_int(str(token).partition("-")[0])
        age: int = self._num_seconds(self._now()) - made
        return age <= FORGOTTEN.total_seconds()
