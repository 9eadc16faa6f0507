"""How does the schema change? As the owner, one at a time, never waiting long for a lock; then the wall is written anew."""

import time
from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as Migrate
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from refugeecm.core import positions, wall

ADVISORY_LOCK = 7_263_548_101
# The tables were begun anew from fewer migrations. Of a database of before, all of the older ones must have run: the first of them
# that tells it from a newer one, and the last of each app.
BEFORE = ("core", "0002_trigrams")
LAST = {
    ("agencies", "0013_export_hidden"),
    ("cases", "0004_proposals_waiting"),
    ("core", "0010_reads_of_a_person"),
    ("registration", "0015_accepted_by_a_system"),
    ("resettlement", "0002_handover"),
}


def too_old(applied: Collection[tuple[str, str]]) -> bool:
    """Answer whether a database, of which these migrations (app, name) were applied, lacks tables that nothing makes any more."""
    return BEFORE in applied and not LAST.issubset(applied)


class Command(Migrate):
    """`migrate`, connected as the owner, followed by what the seals need and by the wall (grants,
    policies, definer functions, guarded history)."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate and rebuild the wall; a second migrate waits for the first."""
        was = dict(connection.settings_dict)
        if (
            settings.MIGRATE_DATABASE
            and connection.settings_dict["USER"] == settings.DATABASES["default"]["USER"]
        ):
            connection.close()
            owner = settings.MIGRATE_DATABASE
            connection.settings_dict.update(USER=owner["USER"], PASSWORD=owner["PASSWORD"])
        try:
            with connection.cursor() as cursor:
                # Asked again and again: who waits inside a statement holds up an index that is made concurrently.
                while not self._locked(cursor):
                    time.sleep(0.5)
                cursor.execute("SET lock_timeout = '10s'")
            if too_old(MigrationRecorder(connection).applied_migrations()):
                raise CommandError(
                    "This database is older than the migrations that are left. Upgrade it to commit 3192dc5 first:"
                    " docs/operations.md says how."
                )
            super().handle(*args, **options)
            if options.get("app_label") is None:
                with transaction.atomic():
                    positions.prepare()
                    wall.apply()
        finally:
            connection.close()
            connection.settings_dict.update(was)

    def _locked(self, cursor: Any) -> bool:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [ADVISORY_LOCK])
        return bool(cursor.fetchone()[0])
