"""What is proven by trying to break it? `./manage.py prove import [--rows 50000] [--kills 20]` prints one JSON object.

`./manage.py prove erasure [--people 20]`: people marked through every entrance are erased, and nothing is left of them.
`./manage.py prove influx [--rows 50000]`: a large spreadsheet with faults is read, accepted, corrected and accepted again.
`./manage.py prove seals [--tampers 1000] [--batches 30] [--rows 200000]`: every change to what was sealed is found.
`./manage.py prove access [--share 1.0]`: nobody sees, changes or learns of what no agreement opens to them.
`./manage.py prove files`: no hostile file gets through, nor costs more than two seconds and 300 MB.
`./manage.py prove groups [--runs 2000] [--steps 30]`: groups keep their invariants, and the ledger balances, whatever clerks do.
`./manage.py prove keys [--rows 100000] [--kills 10]`: an agency's key is changed, and nobody becomes unreadable.
`./manage.py prove merge [--runs 2000] [--steps 30]`: merged and taken apart, records stand as before, whatever is done meanwhile.
`./manage.py prove restore [--people 2000] [--flips 1000]`: a world is lost and comes back; damaged backups are refused.
`./manage.py prove webhooks [--events 2000] [--kills 10]`: every event is told, in order and signed, however workers die.
"""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from refugeecm.demonstration.proofs import (
    access,
    erasure,
    files,
    imports,
    influx,
    keys,
    restore,
    seals,
    webhooks,
)
from refugeecm.demonstration.scratch import NotHere, ground
from refugeecm.services import ServersFailed


class Command(BaseCommand):
    """Try to break a promise; exit with 1 when it breaks."""

    help = (
        "Prove. Names: access, erasure, files, groups, import, influx, keys, merge, restore, seals, webhooks."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "name",
            choices=[
                "access",
                "erasure",
                "files",
                "groups",
                "import",
                "influx",
                "keys",
                "merge",
                "restore",
                "seals",
                "webhooks",
            ],
        )
        parser.add_argument("--rows", type=int, help="rows of the file (50000), or sealed for speed (200000)")
        parser.add_argument(
            "--kills", type=int, help="how many times a worker is killed (20; 10 for webhooks, 2 for influx)"
        )
        parser.add_argument("--events", type=int, default=2000, help="events that are told (2000)")
        parser.add_argument(
            "--tampers", type=int, default=1000, help="how many rows and seals are changed (1000)"
        )
        parser.add_argument("--batches", type=int, default=30, help="how many seals there are (30)")
        parser.add_argument(
            "--people", type=int, help="people of the world that is lost (2000), or that are erased (20)"
        )
        parser.add_argument(
            "--flips", type=int, default=1000, help="how many times a backup is damaged (1000)"
        )
        parser.add_argument(
            "--share", type=float, default=1.0, help="access: the share of the rounds that is run (1.0)"
        )
        parser.add_argument(
            "--runs", type=int, default=2000, help="groups, merge: how many families live on (2000)"
        )
        parser.add_argument("--steps", type=int, default=30, help="groups, merge: acts in one run (30)")
        parser.add_argument("--only", default="", help="access: the parts whose name holds this")
        parser.add_argument("--seed", type=int, default=1, help="moments of the kills, choice of tampers (1)")

    def handle(self, **options: Any) -> None:
        """Prove, print the figures, and exit."""
        try:
            figures = getattr(self, f"_{options['name']}")(**options)
        except (access.NoTests, imports.Stuck, NotHere, ServersFailed, RuntimeError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps({"prove": options["name"], **figures}, indent=1))
        if not figures["proven"]:
            sys.exit(1)

    def _access(self, *, share: float, seed: int, only: str, **_rest: Any) -> dict[str, Any]:
        return access.prove(share=share, seed=seed, only=only, say=self.stderr.write)

    def _files(self, **_rest: Any) -> dict[str, Any]:
        return files.prove(say=self.stderr.write)

    def _erasure(self, *, people: int | None, **_rest: Any) -> dict[str, Any]:
        now, many = timezone.now(), people or 20
        with ground(now=now) as place:
            return erasure.prove(place, people=many, now=now, say=self.stderr.write)

    def _groups(self, *, runs: int, steps: int, seed: int, **options: Any) -> dict[str, Any]:
        try:
            from refugeecm.demonstration.proofs import groups, merging
        except ImportError as error:
            raise CommandError("This proof needs Hypothesis: start it from a checkout.") from error
        now = timezone.now()
        machine = merging.Mergers if options["name"] == "merge" else None
        with ground(now=now) as place:
            return groups.prove(
                place, runs=runs, steps=steps, number=seed, now=now, say=self.stderr.write, machine=machine
            )

    _merge = _groups

    def _import(self, *, rows: int | None, kills: int | None, seed: int, **_rest: Any) -> dict[str, Any]:
        many = 20 if kills is None else kills
        say = self.stderr.write
        return imports.prove(rows=rows or 50_000, kills=many, seed=seed, now=timezone.now, say=say)

    def _influx(self, *, rows: int | None, kills: int | None, seed: int, **_rest: Any) -> dict[str, Any]:
        many = 2 if kills is None else kills
        say = self.stderr.write
        return influx.prove(rows=rows or 50_000, kills=many, seed=seed, now=timezone.now, say=say)

    def _keys(self, *, rows: int | None, kills: int | None, seed: int, **_rest: Any) -> dict[str, Any]:
        now, many = timezone.now(), 10 if kills is None else kills
        with ground(now=now) as place:
            return keys.prove(
                place, rows=rows or 100_000, kills=many, seed=seed, now=now, say=self.stderr.write
            )

    def _restore(self, *, people: int | None, flips: int, seed: int, **_rest: Any) -> dict[str, Any]:
        return restore.prove(
            people=people or 2000, flips=flips, seed=seed, now=timezone.now, say=self.stderr.write
        )

    def _webhooks(self, *, events: int, kills: int | None, seed: int, **_rest: Any) -> dict[str, Any]:
        many = 10 if kills is None else kills
        return webhooks.prove(events=events, kills=many, seed=seed, now=timezone.now, say=self.stderr.write)

    def _seals(
        self, *, batches: int, rows: int | None, tampers: int, seed: int, **_rest: Any
    ) -> dict[str, Any]:
        now, many = timezone.now(), rows or 200_000
        with ground(now=now) as place:
            return seals.prove(
                place, batches=batches, rows=many, tampers=tampers, seed=seed, now=now, say=self.stderr.write
            )
