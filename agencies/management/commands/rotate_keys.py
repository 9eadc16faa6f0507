"""How does an operator change the keys? `./manage.py rotate_keys`, `./manage.py rotate_keys --agency CODE`."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from agencies.actions import keys
from agencies.models import Agency
from refugeecm.core import crypto


class Command(BaseCommand):
    """Wraps anew by the newest key of KEY_ENCRYPTION_KEYS, or gives an agency a new key. Interrupted, it is run again."""

    help = "Change keys, while everybody works. Prints what was wrapped anew as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "--agency", default="", help="the agency that gets a new key; else all are wrapped anew"
        )

    def handle(self, *args: Any, **given: Any) -> None:
        """Change the keys and say how much was wrapped anew."""
        try:
            if given["agency"]:
                agency = Agency.objects.filter(code=given["agency"]).first()
                if agency is None:
                    raise CommandError(f"There is no agency {given['agency']}.")
                done: dict[str, Any] = keys.rotate(agency=agency, now=timezone.now())
            else:
                done = {"key": crypto.newest_master(), **keys.rewrap_all()}
        except (crypto.Unreadable, keys.StillOpen) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(done, indent=1))
