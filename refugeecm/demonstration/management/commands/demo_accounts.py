"""What does `./manage.py up` tell a newcomer? Whom they can be, and a line that asks the API as a partner would."""

import os
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from refugeecm.demonstration import accounts

CURL = (
    "curl -s -H \"Authorization: Bearer $(curl -s -u '{id}:{secret}' -d grant_type=client_credentials {address}api/v1/token"
    ' | sed \'s/.*"access_token": *"\\([^"]*\\)".*/\\1/\')" {address}api/v1/claims'
)


class Command(BaseCommand):
    """Print the demonstration accounts and a working curl line; nothing where there is no demonstration."""

    help = "Print the demonstration accounts and a curl line for the API."
    requires_system_checks = []

    def handle(self, **_options: Any) -> None:
        """Print them."""
        found = accounts.accounts()
        if not found:
            return
        address = os.environ.get("REFUGEECM_ADDRESS", "http://localhost:8000/")
        self.stdout.write("The people in it are invented. On the sign-in page, one click enters as:")
        for one in found:
            self.stdout.write(f"  {one.label!s:<32}{one.description}")
        self.stdout.write("A list of arrivals to send:  ./manage.py sample arrivals.csv")
        key = accounts.partner_key(now=timezone.now())
        if key:
            self.stdout.write("The UN agency's system asks for the status of the claims that it may see:")
            self.stdout.write("  " + CURL.format(id=key.client_id, secret=key.secret, address=address))
