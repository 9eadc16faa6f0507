"""Does a backup bring everything back on other servers when the first are lost, and is every damaged file refused?

A small world on servers of its own, with files of arrivals as they were sent; a backup; the database destroyed; the backup restored
on a second set of servers, with only the file and the keys of the environment. Then every sealed value is opened and compared,
somebody signs in with password and second factor, and reads a file.
"""

from __future__ import annotations

import hashlib
import io
import random
import re
import secrets
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.test import Client
from django.urls import reverse

from agencies.models import Membership
from refugeecm.core import backups, seals
from refugeecm.core.models import Event, User
from refugeecm.demonstration import world
from refugeecm.demonstration.proofs.imports import Say, servers
from refugeecm.demonstration.scratch import Ground
from registration.actions import sealing
from registration.actions.imports import content
from registration.models import Document, ImportBatch, ImportChunk, Individual

CLERK, PASSWORD = "amina@border.example", "a long and dull password"


def prove(*, people: int, flips: int, seed: int, now: Callable[[], datetime], say: Say) -> dict[str, Any]:
    """Lose a world of so many people and bring it back, and damage its backup in so many ways; return figures, and `proven`."""
    started, key = time.monotonic(), secrets.token_urlsafe(32)
    with (
        servers("proof") as (here, redis_url),
        servers("elsewhere") as (there, other_redis_url),
        tempfile.TemporaryDirectory() as directory,
    ):
        file = Path(directory) / "refugeecm.backup"
        first = Ground(sockets=str(here.sockets), redis_url=redis_url, now=now())
        second = Ground(sockets=str(there.sockets), redis_url=other_redis_url, now=now())
        try:
            world_of, factor = _world(first, people=people, seed=seed, now=now())
            with first.using(world_of, role="postgres"):
                before = _contents()
            say(f"{before['people']:,} people; dumping")
            begun = time.monotonic()
            first.manage(world_of, "dump", str(file), BACKUP_KEY=key)
            dumped = time.monotonic()
            first.close()
            say("the first database is gone; restoring on other servers")
            name = second.name("restored")
            said = second.manage(name, "restore", str(file), BACKUP_KEY=key)
            restored = time.monotonic()
            with second.using(name, role="postgres"):
                after = _contents()
            with second.using(name):
                entered = _enters(factor)
                made, verdict = seals.seal(now=now()), seals.verify()
            say("damaging the file")
            damage = _damage(file, key=key, flips=flips, chance=random.Random(seed))  # noqa: S311 - reproducible
            bytes_of_file = file.stat().st_size
            refused = _refused_whole(second, file, key)
        finally:
            first.close()
            second.close()
    return {
        **before,
        "same_after_restore": before == after,
        "found": [line.strip() for line in said.splitlines()[1:]],
        "signs_in_and_reads": entered,
        "seals": verdict.last,
        "sealed_rows": verdict.rows,
        "seals_go_on": made is not None and made.number == 2 and not verdict.problems,
        **damage,
        "damaged_file_made_no_database": refused,
        "bytes": bytes_of_file,
        "dump_seconds": round(dumped - begun, 1),
        "restore_seconds": round(restored - dumped, 1),
        "seconds": round(time.monotonic() - started, 1),
        "proven": before == after
        and before["people"] > 0
        and entered
        and made is not None
        and not verdict.problems
        and refused
        and damage["refused"] == damage["damaged"],
    }


def _world(ground: Ground, *, people: int, seed: int, now: datetime) -> tuple[str, str]:
    """Make the world, and a clerk who can sign in; return the database's name and the secret of the second factor."""
    name = ground.database("world")
    ground.run(name, "TRUNCATE agencies_agency CASCADE")  # the world brings its own border office
    factor = generate_totp_secret()
    with ground.using(name):
        world.make(people=people, seed=seed, now=now)
        clerk = User.objects.get(email=CLERK)
        clerk.set_password(PASSWORD)
        clerk.save()
        TOTP.activate(clerk, factor)
        seals.seal(now=now)
    return name, factor


def _contents() -> dict[str, Any]:
    """Open everything that is sealed; return how much there is, and a digest of all of it in clear."""
    digest = hashlib.sha256()
    figures = dict.fromkeys(("people", "telephones", "documents", "staged_rows"), 0)
    individuals = list(Individual.objects.order_by("pk"))
    opener = sealing.Opener([one.pk for one in individuals])
    for one in individuals:
        phone = opener.phone(one)
        digest.update(f"{one.pk} {one} {one.birth_date} {phone}\n".encode())
        figures["people"] += 1
        figures["telephones"] += bool(phone)
    for paper in Document.objects.order_by("pk"):
        digest.update(f"{paper.pk} {paper.kind} {opener.number(paper)}\n".encode())
        figures["documents"] += 1
    for batch in ImportBatch.objects.exclude(key=b"").select_related("agency").order_by("pk"):
        key = content.key_of(batch)
        for chunk in ImportChunk.objects.filter(batch=batch).order_by("seq"):
            rows = content.raw_rows(chunk, key)
            digest.update(repr(rows).encode())
            figures["staged_rows"] += len(rows)
    events = list(Event.objects.order_by("pk").values_list("pk", "name", "subject_id"))
    digest.update(repr(events).encode())
    return {**figures, "events": len(events), "digest": digest.hexdigest()[:16]}


def _enters(factor: str) -> bool:
    """Sign in with password and second factor, and read somebody's file; a wrong password must not do."""
    browser = Client(
        SERVER_NAME="localhost", REMOTE_ADDR=f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.9"
    )
    browser.post(reverse("account_login"), {"login": CLERK, "password": "a wrong and dull password"})
    if "_auth_user_id" in browser.session or browser.get(reverse("people")).status_code != 302:
        return False
    browser.post(reverse("account_login"), {"login": CLERK, "password": PASSWORD})
    code = format_hotp_value(hotp_value(factor, next(iter(yield_hotp_counters_from_time()))))
    browser.post(reverse("mfa_authenticate"), {"code": code})
    membership = Membership.objects.get(user__email=CLERK)
    listed = browser.get(reverse("people")).content.decode()
    files = re.findall(r'href="(/people/[0-9a-f-]{36}/)"', listed)
    return (
        browser.session.get("_auth_user_id") == str(membership.user_id)
        and bool(files)
        and browser.get(files[0]).status_code == 200
    )


def _damage(file: Path, *, key: str, flips: int, chance: random.Random) -> dict[str, int]:
    """Flip a bit, cut the file off, add to it, leave a part out, or use another key; count what was refused."""
    whole = file.read_bytes()
    backups.verify(io.BytesIO(whole), secret=key)
    refused = 0
    for turn in range(flips):
        at = chance.randrange(len(whole))
        damaged = bytearray(whole)
        if turn % 5 == 0:
            del damaged[at:]
        elif turn % 5 == 1:
            damaged += chance.randbytes(1 + at % 64)
        elif turn % 5 == 2:
            del damaged[at : at + 1 + chance.randrange(2**20)]
        else:
            damaged[at] ^= 1 << chance.randrange(8)
        try:
            backups.verify(io.BytesIO(damaged), secret=key)
        except backups.Damaged:
            refused += 1
    try:
        backups.verify(io.BytesIO(whole), secret=key[::-1])
    except backups.Damaged:
        refused += 1
    return {"damaged": flips + 1, "refused": refused}


def _refused_whole(ground: Ground, file: Path, key: str) -> bool:
    """Answer whether the command refuses a file without its end and leaves no database behind."""
    with file.open("r+b") as cut:
        cut.truncate(file.stat().st_size - 1)
    name = ground.name("refused")
    try:
        ground.manage(name, "restore", str(file), BACKUP_KEY=key)
    except RuntimeError:
        return not ground.run("postgres", f"SELECT FROM pg_database WHERE datname = '{name}'")
    return False
