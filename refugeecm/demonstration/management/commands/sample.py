"""Where does one get a list of arrivals to try the import with? `./manage.py sample arrivals.csv [--rows N]` invents one."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from refugeecm.demonstration import arrivals_file
from refugeecm.demonstration.names import NamesMissing


class Command(BaseCommand):
    """Write a list of invented people, with the faults that real lists have."""

    help = "Write an invented list of arrivals (CSV; XLSX where openpyxl is installed)."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--rows", type=int, default=500, help="how many people, about (500)")
        parser.add_argument("--seed", type=int, default=1, help="the same number makes the same list (1)")
        parser.add_argument(
            "--defects", type=float, default=0.02, help="share of households with a fault (0.02)"
        )
        parser.add_argument(
            "--repeats", type=float, default=0.02, help="share of households that come twice (0.02)"
        )

    def handle(self, **options: Any) -> None:
        """Write the file."""
        try:
            arrivals_file.write(
                options["file"],
                rows=options["rows"],
                seed=options["seed"],
                defects=options["defects"],
                repeats=options["repeats"],
            )
        except (NamesMissing, OSError, ImportError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{options['file']}: {options['rows']:,} invented people.")
