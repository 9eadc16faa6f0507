"""Does a backup come back to life? Into a new database, with the wall written anew and everything looked at before anybody uses it."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import psycopg2  # type: ignore[import-untyped]
from django.conf import settings
from django.core.management import call_command
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.dispatch import Signal
from psycopg2 import sql

from refugeecm.core import seals, wall
from refugeecm.core.backups import envelope
from refugeecm.core.backups.dumping import BackupFailed, connected, counts, dump, owner, secret, start
from refugeecm.core.models import RestoreDrill

# Sent while Django is connected to a restored database as its owner. A receiver looks at what its floor keeps and returns Findings.
restored = Signal()
_WHERE = (
    "HOST",
    "PORT",
    "OPTIONS",
    "USER",
    "PASSWORD",
)  # MIGRATE_DATABASE_URL may name other servers than DATABASE_URL


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at in a restored database: a line for the administrator, and whether it is as it must be."""

    says: str
    good: bool = True


@dataclass
class Restored:
    """Where the backup is now, and what was found there."""

    database: str
    made_at: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether everything is as it must be."""
        return all(one.good for one in self.findings)


def restore(path: Path, *, into: str = "", force: bool = False, now: datetime) -> Restored:
    """Restore into a database that is new or empty; return what was found. Raises Damaged, BackupFailed and OSError.

    into: the database, by default that of MIGRATE_DATABASE_URL. force: where it is in use, the restored one takes its name and the
    old one keeps its rows as NAME_until_<time>; nothing is deleted. A backup that fails a check never takes a name.
    """
    wanted = into or owner()["NAME"]
    with path.open("rb") as file:
        manifest = envelope.verify(file, secret=secret())
        _refuse_newer(manifest)
        there = _tables(wanted)
        if there and not force:
            raise BackupFailed(
                f"The database {wanted} is in use, with {there} tables. Name another with --into, or stop web, workers and beat and"
                " use --force, which keeps the old one under another name."
            )
        moment = now.strftime("%Y%m%d%H%M%S")
        target = f"{wanted}_restored_{moment}" if there else wanted
        made = there != 0 and _create(target)  # an empty one was made by an administrator
        try:
            file.seek(0)
            _load(target, file)
            done = Restored(target, manifest["made_at"], _look(target, manifest))
        except BaseException:
            if made:
                drop(target)
            raise
    if there and done.good:
        _take_name(target, wanted, f"{wanted}_until_{moment}")
        done.database = wanted
    return done


def drop(database: str) -> None:
    """Throw a database away, whoever is connected."""
    with connected("postgres") as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


@contextmanager
def looking_at(database: str) -> Iterator[None]:
    """Let Django be connected to a database as its owner for a while: settings.DATABASES says so too until then."""
    was = dict(connection.settings_dict)
    who = owner()
    connection.close()
    connection.settings_dict.update({key: who[key] for key in _WHERE if key in who}, NAME=database)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(was)


def _refuse_newer(manifest: dict[str, Any]) -> None:
    known = MigrationLoader(None).disk_migrations
    unknown = [f"{app}.{name}" for app, name in manifest["migrations"] if (app, name) not in known]
    if unknown:
        raise BackupFailed(
            f"The backup was made by another version of refugeecm: it knows {', '.join(unknown[:3])}. Restore with that version."
        )


def _tables(database: str) -> int | None:
    """Return how many tables a database has, None where there is no such database."""
    with connected("postgres") as cursor:
        cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname IN ('owner', 'app', 'search')")
        if cursor.fetchone()[0] < 3:
            raise BackupFailed(
                "The roles are missing: run refugeecm/core/sql/roles.sql in the new database first."
            )
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [database])
        if cursor.fetchone() is None:
            return None
    with connected(database) as cursor:
        return len(counts(cursor))


def _create(database: str) -> bool:
    name = sql.Identifier(database)
    app = sql.Identifier(str(settings.DATABASES["default"]["USER"]))
    try:
        with connected("postgres") as cursor:
            cursor.execute(sql.SQL("CREATE DATABASE {}").format(name))
            cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
            cursor.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, app))
    except psycopg2.Error as error:
        raise BackupFailed(
            f"The database {database} cannot be made: {error} An administrator of PostgreSQL makes an empty one with"
            f" `createdb {database} && psql -d {database} -f refugeecm/core/sql/roles.sql`; name it with --into."
        ) from error
    return True


def _load(database: str, file: IO[bytes]) -> None:
    """Let pg_restore load the dump in one transaction. Who owns and who may read is written anew afterwards."""
    _manifest, pieces = envelope.read(file, secret=secret())
    arguments = [
        "--no-owner",
        "--no-privileges",
        "--exit-on-error",
        "--single-transaction",
    ]
    with tempfile.TemporaryFile() as errors:
        with start("pg_restore", database, *arguments, errors=errors, stdin=subprocess.PIPE) as process:
            assert process.stdin is not None  # noqa: S101 - asked for
            try:
                for piece in pieces:
                    process.stdin.write(piece)
                process.stdin.close()
            except BrokenPipeError:
                pass  # it has ended, and says why
            except BaseException:
                process.kill()
                raise
        errors.seek(0)
        said = errors.read().decode(errors="replace")
    if process.returncode:
        raise BackupFailed(f"pg_restore failed: {said[-2000:]}")


def _look(database: str, manifest: dict[str, Any]) -> list[Finding]:
    with connected(database) as cursor:
        found = counts(cursor)
        cursor.execute("ANALYZE")
    wrong = sorted(
        table for table in manifest["rows"] | found if found.get(table) != manifest["rows"].get(table)
    )
    findings = [
        Finding(f"{sum(found.values()):,} rows in {len(found)} tables, as when the backup was made")
        if not wrong
        else Finding(f"another number of rows than when the backup was made: {', '.join(wrong)}", good=False)
    ]
    with looking_at(database):
        before = len(manifest["migrations"])
        call_command("migrate", interactive=False, verbosity=0)  # and the wall, which no dump of ours carries
        after = len(MigrationLoader(connection).applied_migrations)
        findings.append(Finding(f"migrations at head, {after - before} new; wall and grants written"))
        findings.append(_seals())
        for receiver, answer in restored.send_robust(sender=Restored):
            if isinstance(answer, Exception):
                name = getattr(receiver, "__name__", receiver)
                findings.append(Finding(f"{name} could not look: {answer}", good=False))
            else:
                findings += answer or []
    findings.insert(2, _wall(database))
    return findings


def _seals() -> Finding:
    """Check every seal of the audit trail against the restored rows."""
    verdict = seals.verify()
    wrong = [f"{one.what} (seal {one.seal})" for one in verdict.problems[:3]]
    return Finding(
        f"{verdict.last} seals hold over {verdict.rows:,} rows"
        if not wrong
        else f"seals broken: {', '.join(wrong)}",
        good=not wrong,
    )


def _wall(database: str) -> Finding:
    """Ask as the application's role: it signs in, and every walled table is walled."""
    app = settings.DATABASES["default"]
    tables = [model._meta.db_table for model in wall.walled_models()]
    try:
        with connected(database, owner() | {key: app[key] for key in ("USER", "PASSWORD")}) as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_class WHERE relname = ANY (%s) AND relrowsecurity AND relforcerowsecurity"
                " AND relnamespace = 'public'::regnamespace AND has_table_privilege(oid, 'SELECT')",
                [tables],
            )
            standing = cursor.fetchone()[0]
            cursor.execute("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole")
            owned = cursor.fetchone()[0]
    except psycopg2.Error as error:
        return Finding(f"the application cannot sign in: {error}", good=False)
    good = standing == len(tables) and not owned
    return Finding(
        f"the application signs in and owns {owned} tables; {standing} of {len(tables)} walls stand", good
    )


def _take_name(new: str, name: str, old: str) -> None:
    try:
        with connected("postgres") as cursor:
            for was, becomes in ((name, old), (new, name)):
                cursor.execute(
                    sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                        sql.Identifier(was), sql.Identifier(becomes)
                    )
                )
    except psycopg2.Error as error:
        raise BackupFailed(
            f"The backup is restored as {new}, but could not take the name {name}: {error} Stop web, workers and beat, then rename"
            " both databases."
        ) from error


def drill(path: Path | None = None, *, now: datetime) -> tuple[RestoreDrill, list[Finding]]:
    """Restore a backup, by default one made for it, beside the database in use, look, throw it away; keep a line about it.

    Raises Damaged, BackupFailed and OSError, after keeping the line that says so.
    """
    name = f"{owner()['NAME']}_drill_{os.getpid()}"
    begun = time.monotonic()
    kept = RestoreDrill(at=now, good=False)
    findings: list[Finding] = []
    try:
        with tempfile.TemporaryDirectory() as directory:
            file = path or Path(directory) / "drill.backup"
            if path is None:
                dump(file, now=now)
            kept.bytes = file.stat().st_size
            kept.dump_seconds = round(time.monotonic() - begun, 1)
            try:
                findings = restore(file, into=name, now=now).findings
            finally:
                drop(name)
        kept.good = all(one.good for one in findings)
        kept.says = "; ".join(one.says for one in findings)
    except (envelope.Damaged, BackupFailed, OSError, Error) as error:
        kept.says = str(error)
        raise
    finally:
        kept.seconds = round(time.monotonic() - begun, 1)
        kept.save()
    return kept, findings


def last_good() -> datetime | None:
    """Return when a drill last succeeded."""
    return RestoreDrill.objects.filter(good=True).order_by("-at").values_list("at", flat=True).first()
