"""Which administrative areas are there? Loads a table with P-codes, such as OCHA's Common Operational Datasets."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from registration.actions import places
from registration.rules.areas import read_areas


class Command(BaseCommand):
    """./manage.py load_areas FILE.csv: loads the areas of a file; once more changes nothing."""

    help = "Loads administrative areas from a CSV file: pcode, country, level, parent, name, local_name; or HXL tags."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Load all areas of the file, or none."""
        try:
            lines = options["file"].read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['file']} cannot be read as UTF-8 text: {error}") from error
        areas, problems = read_areas(lines)
        if problems:
            told = "\n".join(f"  line {line}: {what}" for line, what in problems[:20])
            raise CommandError(f"Nothing was loaded. {len(problems)} problem(s):\n{told}")
        try:
            fresh, changed = places.load(areas)
        except ValueError as error:
            raise CommandError(f"Nothing was loaded. {error}") from error
        self.stdout.write(f"{len(areas)} areas read: {fresh} new, {changed} changed.")
