"""How is a file of arrivals imported from the command line? `./manage.py import FILE --agency CODE --event SLUG [--accept]`."""  # noqa: N999 - the command is called so

from __future__ import annotations

import json
import multiprocessing
import resource
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, models, transaction
from django.utils import timezone

from agencies.access import Viewer, enter, worker_for
from agencies.models import Agency
from refugeecm.celery import collect_garbage_seldom
from refugeecm.core.models import User
from registration import policies, reports
from registration.actions import events, imports
from registration.enums import BatchStatus, Outcome, StepKind, StepStatus
from registration.models import ImportBatch, ImportRow, ImportStep

PAUSE = 0.1  # seconds, while another worker does the last step


class Command(BaseCommand):
    """Import a file of arrivals, with progress on standard error and a report in JSON on standard output."""

    help = "Import a file of arrivals (CSV or XLSX) for an agency; without --accept it is only checked."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options; their form is kept, people measure with them."""
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--agency", required=True, metavar="CODE", help="agency that registers the people"
        )
        parser.add_argument(
            "--event",
            required=True,
            metavar="SLUG",
            help="occasion of arrival; an unknown one is made as a draft",
        )
        parser.add_argument("--accept", action="store_true", help="register everything that has no error")
        parser.add_argument("--report", type=Path, help="write the report to this file, too")
        parser.add_argument(
            "--workers",
            type=int,
            default=1,
            help="processes that do the work, besides those that run already",
        )

    def handle(self, **options: Any) -> None:
        """Receive the file, do or await its steps, and report."""
        started = time.monotonic()
        viewer = self._viewer(options["agency"])
        batch = self._receive(options["file"], options["event"], viewer)
        before, received = _created(batch), time.monotonic()
        work(batch, viewer, workers=options["workers"], say=self._progress)
        checked = time.monotonic()
        if batch.status == BatchStatus.REVIEW and options["accept"]:
            with transaction.atomic():
                enter(viewer, reason="import")
                imports.accept(batch=batch, by=viewer, now=timezone.now())
            work(batch, viewer, workers=options["workers"], say=self._progress)
        if batch.status in {BatchStatus.FAILED, BatchStatus.MAPPING}:
            raise CommandError(reports.problem(batch))
        ended = time.monotonic()
        figures = _report(batch, viewer, before, ended - started)
        figures["wall"] = {
            "receive": received - started,
            "read_check_compare": checked - received,
            "accept": ended - checked,
        }
        figures["wall"] = {name: round(seconds, 2) for name, seconds in figures["wall"].items()}
        report = json.dumps(figures, indent=1)
        if options["report"]:
            options["report"].write_text(report + "\n", encoding="utf-8")
        self.stdout.write(report)

    def _viewer(self, code: str) -> Viewer:
        agency = Agency.objects.filter(code=code).first()
        if agency is None:
            codes = ", ".join(Agency.objects.order_by("code").values_list("code", flat=True))
            raise CommandError(
                f"There is no agency {code}. Known: {codes or 'none; ./manage.py seed makes some'}."
            )
        # History names the command line, not a colleague who was not there. The account cannot sign in.
        user, _new = User.objects.get_or_create(
            email="command.line@refugeecm.invalid",
            defaults={"name": "Command line", "is_active": False, "password": "!"},
        )
        return worker_for(agency, user_id=user.pk)

    def _receive(self, file: Path, slug: str, viewer: Viewer) -> ImportBatch:
        try:
            data = file.read_bytes()
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        now = timezone.now()
        try:
            with transaction.atomic():
                enter(viewer, reason="import")
                event = events.draft(slug=slug, name=slug, by=viewer, now=now)
                return imports.receive(data=data, file_name=file.name, event=event, by=viewer, now=now)
        except imports.AlreadyReceived as again:
            self.stderr.write(str(again))
            return again.batch
        except policies.NotPermitted as error:
            raise CommandError(str(error)) from error

    def _progress(self, batch: ImportBatch, done: int, total: int) -> None:
        line = (
            f"{batch.get_status_display()}: {done:,} / {total:,}"
            if total
            else str(batch.get_status_display())
        )
        end = "\r" if sys.stderr.isatty() else "\n"
        self.stderr.write(f"{line:<60}", ending=end)


def work(batch: ImportBatch, viewer: Viewer, *, workers: int = 1, say: Any = None) -> None:
    """Do open steps, with `workers` processes in all, until the file waits for a person or is finished."""
    collect_garbage_seldom()
    helpers = []
    if workers > 1:
        connection.close()  # a connection is not shared with a forked process
        context = multiprocessing.get_context("fork")
        helpers = [
            context.Process(target=work, args=(batch, viewer), daemon=True) for _one in range(workers - 1)
        ]
        for one in helpers:
            one.start()
    said = time.monotonic()
    while _current(batch, viewer).status in reports.RUNNING:
        if not imports.run_one(now=timezone.now()):
            time.sleep(PAUSE)
        if say and time.monotonic() - said > 0.5:
            said = time.monotonic()
            say(batch, *_done(batch))
    for one in helpers:
        one.join()


def _current(batch: ImportBatch, viewer: Viewer) -> ImportBatch:
    with transaction.atomic():
        enter(viewer, reason="import")
        batch.refresh_from_db()
    return batch


def _done(batch: ImportBatch) -> tuple[int, int]:
    """Return (rows done, rows) of the stage that the file is in."""
    kind = StepKind.ACCEPT if batch.status == BatchStatus.ACCEPTING else StepKind.CHECK
    steps = ImportStep.objects.filter(batch_id=batch.pk, kind=kind)
    sums = steps.aggregate(
        all=models.Sum("rows", default=0),
        open=models.Sum("rows", default=0, filter=models.Q(status=StepStatus.OPEN)),
    )
    return sums["all"] - sums["open"], batch.rows or sums["all"]


def _created(batch: ImportBatch) -> int:
    steps = ImportStep.objects.filter(batch_id=batch.pk, kind=StepKind.ACCEPT)
    return sum(int(counts.get("created", 0)) for counts in steps.values_list("counts", flat=True))


def _report(batch: ImportBatch, viewer: Viewer, before: int, seconds: float) -> dict[str, Any]:
    """Return the figures; people whom an earlier run of the same file has created are registered already."""
    with transaction.atomic():
        enter(viewer, reason="import")
        found = ImportRow.objects.filter(batch=batch).values_list("outcome").annotate(n=models.Count("id"))
        outcomes: dict[str, int] = dict(found.order_by())
    spent = ImportStep.objects.filter(batch_id=batch.pk).values_list("kind").annotate(s=models.Sum("seconds"))
    kilobytes = sum(
        resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {
        "rows": batch.rows,
        "households": batch.households,
        "created": _created(batch) - before,
        "already_registered": outcomes.get(Outcome.REGISTERED, 0) + before,
        "possible_duplicates": outcomes.get(Outcome.POSSIBLE, 0),
        "errors": outcomes.get(Outcome.ERROR, 0),
        "seconds": round(seconds, 2),
        "peak_mb": round(kilobytes / 1024, 1),  # this process and its largest child
        "import": str(batch.pk),
        "busy": {
            kind[1:]: round(seconds, 2) for kind, seconds in spent.order_by("kind")
        },  # seconds of workers, by stage
        "status": str(batch.status),
    }
