"""Would the backup come back to life today? `./manage.py drill [FILE]`, for a weekly timer."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from refugeecm.core import backups


class Command(BaseCommand):
    """Restore a backup beside the database in use, look at it, throw it away. The home pages of administrators know the day."""

    help = "Practise the restore. Needs BACKUP_KEY, MIGRATE_DATABASE_URL and an owner who may make databases."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "file", type=Path, nargs="?", help="a backup; without one it is made for the drill"
        )

    def handle(self, **options: Any) -> None:
        """Practise, print figures as JSON, and exit with 1 unless all is well."""
        try:
            kept, findings = backups.drill(options["file"], now=timezone.now())
        except (backups.BackupFailed, backups.Damaged, OSError) as error:
            raise CommandError(str(error)) from error
        figures = {
            "good": kept.good,
            "bytes": kept.bytes,
            "dump_seconds": kept.dump_seconds,
            "seconds": kept.seconds,
            "found": [one.says for one in findings],
        }
        self.stdout.write(json.dumps(figures, indent=1))
        if not kept.good:
            sys.exit(1)
