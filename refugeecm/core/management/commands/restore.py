"""How does a backup become a database again? `./manage.py restore FILE [--into NAME] [--force]`."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from refugeecm.core import backups


class Command(BaseCommand):
    """Restore into a new or empty database, write the wall anew, and look whether everything is there and opens."""

    help = "Restore an encrypted backup. Needs BACKUP_KEY and MIGRATE_DATABASE_URL."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--into", default="", help="the database, new or empty (that of MIGRATE_DATABASE_URL)"
        )
        parser.add_argument(
            "--force", action="store_true", help="take the name of one in use; that is renamed, not deleted"
        )

    def handle(self, **options: Any) -> None:
        """Restore, and say what was found; exit with 1 unless all is well."""
        try:
            done = backups.restore(
                options["file"], into=options["into"], force=options["force"], now=timezone.now()
            )
        except (backups.BackupFailed, backups.Damaged, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{done.database}: the backup of {done.made_at}.")
        for one in done.findings:
            self.stdout.write(f"{'  ok ' if one.good else ' BAD '} {one.says}")
        if not done.good:
            self.stderr.write("Do not use this database.")
            sys.exit(1)
