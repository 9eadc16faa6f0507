"""How is a backup made? `./manage.py dump FILE`, encrypted with BACKUP_KEY (docs/operations.md, Backup)."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from refugeecm.core import backups


class Command(BaseCommand):
    """Write the whole database, as of one moment, into one encrypted file."""

    help = "Make an encrypted backup. Needs BACKUP_KEY and MIGRATE_DATABASE_URL."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "file", type=Path, help="the file to write; it is replaced when the backup is whole"
        )

    def handle(self, **options: Any) -> None:
        """Dump, and say what is in the file and what is not."""
        try:
            done = backups.dump(options["file"], now=timezone.now())
        except (backups.BackupFailed, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{options['file']}: {done.rows:,} rows of {done.tables} tables, {done.bytes / 2**20:,.1f} MiB, encrypted with BACKUP_KEY."
        )
        self.stdout.write(
            "Not in it: KEY_ENCRYPTION_KEYS and BLIND_INDEX_KEY, without which what is sealed stays closed. Keep them and BACKUP_KEY"
            " elsewhere, and on paper. Nor sessions and access tokens: after a restore everybody signs in anew."
        )
