"""What is proven by trying to break it? `./manage.py prove import [--rows 50000] [--kills 20]` prints one JSON object."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from refugeecm.demonstration.proofs import imports
from refugeecm.services import ServersFailed


class Command(BaseCommand):
    """Try to break a promise; exit with 1 when it breaks."""

    help = "Prove. Names: import."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("name", choices=["import"])
        parser.add_argument("--rows", type=int, default=50_000, help="rows of the file (50000)")
        parser.add_argument("--kills", type=int, default=20, help="how many times a worker is killed (20)")
        parser.add_argument("--seed", type=int, default=1, help="moments of the kills (1)")

    def handle(self, **options: Any) -> None:
        """Prove, print the figures, and exit."""
        try:
            figures = imports.prove(
                rows=options["rows"],
                kills=options["kills"],
                seed=options["seed"],
                now=timezone.now,
                say=self.stderr.write,
            )
        except (imports.Stuck, ServersFailed, RuntimeError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps({"prove": "import", **figures}, indent=1))
        if not figures["proven"]:
            sys.exit(1)
