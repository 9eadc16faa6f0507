"""How is a demonstration world made? `./manage.py seed --people N [--seed S] [--if-empty]`."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from refugeecm.demonstration import world
from refugeecm.demonstration.names import NamesMissing


class Command(BaseCommand):
    """Make invented people, agencies and cases, in UNHCR's real proportions of origin and asylum."""

    help = "Make a demonstration world in an empty installation."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--people", type=int, default=3000, help="how many people (3000)")
        parser.add_argument("--seed", type=int, default=1, help="the same number makes the same people (1)")
        parser.add_argument(
            "--if-empty", action="store_true", help="do nothing where there is an agency already"
        )

    def handle(self, **options: Any) -> None:
        """Make the world, or say why not."""
        if not world.is_empty():
            if options["if_empty"]:
                return
            raise CommandError(
                "There are agencies already. A demonstration world is only made in an empty installation."
            )
        started = time.monotonic()
        self.stdout.write(f"Making a demonstration world of {options['people']:,} invented people.")
        try:
            figures = world.make(people=options["people"], seed=options["seed"], now=timezone.now())
        except NamesMissing as error:
            raise CommandError(str(error)) from error
        made = ", ".join(f"{count:,} {what}" for what, count in figures.items())
        self.stdout.write(f"Made {made} in {time.monotonic() - started:.0f} s.")
