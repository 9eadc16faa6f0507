"""On which database are benchmarks and proofs run? On new ones beside the user's, with the same roles and tables, thrown away."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from fnmatch import fnmatch
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import psycopg2  # type: ignore[import-untyped]
from django.db import connection

from agencies.actions import agencies
from agencies.enums import AgencyKind
from refugeecm import services
from refugeecm.keeper import ROLES

_MAKING = 7_263_548_102  # the advisory lock of whoever makes the database that others are copied from


class NotHere(Exception):
    """The servers are not ours: making databases and measuring as superuser needs servers that manage.py started."""

    def __init__(self) -> None:
        super().__init__(
            "This works only on servers that manage.py started by itself: leave DATABASE_URL unset."
        )


class Ground:
    """A directory of sockets, a template with all tables and the agency BORDER, and databases made from it."""

    def __init__(self, *, sockets: str, redis_url: str, now: datetime) -> None:
        self.sockets, self.redis_url = sockets, redis_url
        self._prefix = f"scratch_{os.getpid()}"
        self.names: list[str] = []
        self._now, self._template = now, ""

    def admin(self, name: str) -> Any:
        """Return a connection as superuser, each statement by itself. A server that was just killed is waited for."""
        for patience in range(100, -1, -1):
            try:
                made = psycopg2.connect(host=self.sockets, user="postgres", dbname=name)
                break
            except psycopg2.OperationalError:
                if not patience:
                    raise
                time.sleep(0.2)
        made.autocommit = True
        return made

    def run(self, name: str, *statements: str) -> list[Any]:
        """Run statements as superuser; return the rows of the last one that has any."""
        rows: list[Any] = []
        made = self.admin(name)
        try:
            with made.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                    rows = cursor.fetchall() if cursor.description else rows
        finally:
            made.close()
        return rows

    def database(self, kind: str) -> str:
        """Make a database with all tables and the agency BORDER; return its name."""
        name = self.name(kind)
        self._template = self._template or self._make_template(self._now)
        self.run(
            "postgres",
            f"DROP DATABASE IF EXISTS {name} WITH (FORCE)",
            f"CREATE DATABASE {name} TEMPLATE {self._template}",
        )
        return name

    def name(self, kind: str) -> str:
        """Return the name of a database that will be thrown away with the others, whoever makes it."""
        self.names.append(f"{self._prefix}_{kind}")
        return self.names[-1]

    def environment(self, name: str) -> Mapping[str, str]:
        """Return the environment of a process that uses one of these databases."""
        where = f"@/{name}?host={quote(self.sockets, safe='')}"
        return {
            **os.environ,
            "DATABASE_URL": f"postgres://app{where}",
            "MIGRATE_DATABASE_URL": f"postgres://owner{where}",
            "REDIS_URL": self.redis_url,
        }

    def manage(self, name: str, *arguments: str, **environment: str) -> str:
        """Run a Django command on one of these databases; return its output. Raises RuntimeError with what it said."""
        command = [sys.executable, str(services.ROOT / "manage.py"), *arguments]
        done = subprocess.run(
            command,
            env={**self.environment(name), **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        return done.stdout

    @contextmanager
    def using(self, name: str, *, role: str = "app") -> Iterator[None]:
        """Let Django's own connection go to one of these databases for a while; as `postgres`, past all policies."""
        was = dict(connection.settings_dict)
        connection.close()
        connection.settings_dict.update(
            NAME=name, USER=role, PASSWORD="", HOST=self.sockets, PORT="", OPTIONS={}
        )
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict.update(was)

    def kept(self, name: str, make: Callable[[str], None]) -> bool:
        """Let there be a database that outlives this command: made by `make(its name)` once, migrated each time.

        Returns whether it was made now. What was left half made is not taken for whole: it has another name until it is done.
        """
        known = {row[0] for row in self.run("postgres", "SELECT datname FROM pg_database")}
        if name not in known:
            building = f"{name}_unfinished"
            self.run("postgres", f"DROP DATABASE IF EXISTS {building} WITH (FORCE)")
            self._empty(building)
            make(building)
            self.run("postgres", f"ALTER DATABASE {building} RENAME TO {name}")
            return True
        self.manage(name, "migrate", "--noinput")
        return False

    def drop(self, pattern: str, *, but: str) -> None:
        """Throw away the databases whose name fits the pattern (as a shell reads it), but one."""
        rows = self.run("postgres", "SELECT datname FROM pg_database")
        for name in [row[0] for row in rows if fnmatch(row[0], pattern) and row[0] != but]:
            self.run("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def tables(self) -> str:
        """Return a database with all tables and nobody in it, made once for as long as the tables stay as they are.

        Others are made from it: Django takes twenty seconds to play the migrations, PostgreSQL half a second to copy their result.
        """
        name = f"tables_{_shape()}"
        waiting = self.admin("postgres")
        try:
            with waiting.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(%s)", [_MAKING])
            if not self.run("postgres", f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):  # noqa: S608 - our own name
                building = f"{name}_unfinished"
                self.drop("tables_*", but="")
                self.run("postgres", f"CREATE DATABASE {building}")
                self.run(building, ROLES.read_text())
                self.manage(building, "migrate", "--noinput")
                self.run("postgres", f"ALTER DATABASE {building} RENAME TO {name}")
        finally:
            waiting.close()
        return name

    def _empty(self, name: str) -> None:
        self.run("postgres", f"CREATE DATABASE {name} TEMPLATE {self.tables()}")
        self.run(name, ROLES.read_text())  # what is granted on a database is not copied

    def _make_template(self, now: datetime) -> str:
        name = self.name("template")
        self._empty(name)
        with self.using(name):
            agencies.found(
                code="BORDER", name="Border Office", kind=AgencyKind.GOVERNMENT, country="TCD", now=now
            )
        return name

    def close(self) -> None:
        """Throw all of it away."""
        for name in self.names[::-1]:
            self.run("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _shape() -> str:
    """Return a digest of all that decides what the tables and the wall are: migrations, models, the core, the packages."""
    digest, root = hashlib.sha256(), services.ROOT
    patterns = (
        "*/migrations/*.py",
        "*/models.py",
        "*/models/*.py",
        "*/*/migrations/*.py",
        "refugeecm/core/**/*.py",
        "refugeecm/core/sql/*",
        "requirements/*",
    )
    for path in sorted({one for pattern in patterns for one in root.glob(pattern)}):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


@contextmanager
def ground(*, now: datetime) -> Iterator[Ground]:
    """Make databases beside the user's, on the servers that this command uses. Raises NotHere where they are not our own."""
    if not services.started_here():
        raise NotHere
    sockets = parse_qs(urlsplit(os.environ["DATABASE_URL"]).query)["host"][0]
    made = Ground(sockets=sockets, redis_url=os.environ["REDIS_URL"], now=now)
    try:
        yield made
    finally:
        made.close()
