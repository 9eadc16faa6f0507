"""Which hints do workers get about files of arrivals? "There may be a step to do": which one, they find in the table."""

import logging
import time

from celery import shared_task
from django.utils import timezone

from agencies.access import Permission
from agencies.models import Agency
from refugeecm.core import scanning as virus_scanner
from registration.actions import (
    asking,
    batches,
    children,
    duplicates,
    erasing,
    imports,
    issued,
    lapsing,
    normalising,
    scanning,
)
from registration.models import ImportStep

log = logging.getLogger(__name__)
SECONDS = 60  # then the worker asks again, so that a long file does not keep it from its other work


@shared_task
def work_imports(**_: object) -> int:
    """Do open steps, one after the other, for a minute at most."""
    end, done = time.monotonic() + SECONDS, 0
    while time.monotonic() < end and imports.run_one(now=timezone.now()):
        done += 1
    return done


@shared_task
def sweep_imports(**_: object) -> int:
    """Wake workers while there are open steps: after an upload, a crash, or a restart of anything."""
    waiting = ImportStep.objects.open().count()
    for _worker in range(min(waiting, 4)):
        work_imports.apply_async(expires=3)
    return waiting


@shared_task
def print_batches(**_: object) -> int:
    """Print the batches of documents that wait, one after the other, for a minute at most."""
    end, done = time.monotonic() + SECONDS, 0
    while time.monotonic() < end and batches.run_one(now=timezone.now()):
        done += 1
    return done


@shared_task
def end_documents(**_: object) -> int:
    """Let documents expire whose last day is over, and files to print whose day is."""
    now = timezone.now()
    return sum(
        issued.expire(agency=one, now=now) + batches.end_due(agency=one, now=now)
        for one in Agency.objects.order_by("pk")
    )


@shared_task
def renew_names(**_: object) -> int:
    """Make anew what older rules have made of names, for a minute at most; return for how many people."""
    end, done = time.monotonic() + SECONDS, 0
    for agency in Agency.objects.order_by("pk"):
        while time.monotonic() < end and (renewed := normalising.renew(agency=agency)):
            done += renewed
    return done


@shared_task
def end_questions(**_: object) -> int:
    """Let questions between agencies end whose time is over."""
    return sum(asking.end_unanswered(agency=one, now=timezone.now()) for one in Agency.objects.order_by("pk"))


@shared_task
def close_exercises(**_: object) -> int:
    """Tell who did not come, and make inactive whom somebody has confirmed, for a minute at most; return how many chunks."""
    end, done = time.monotonic() + SECONDS, 0
    for agency in Agency.objects.order_by("pk"):
        while time.monotonic() < end and lapsing.run_one(agency=agency, now=timezone.now()):
            done += 1
    return done


@shared_task
def sweep_register(**_: object) -> int:
    """Compare registers with themselves, for a minute at most; return how many households were."""
    end, done = time.monotonic() + SECONDS, 0
    for agency in Agency.objects.order_by("pk"):
        while time.monotonic() < end and (compared := duplicates.sweep(agency=agency, now=timezone.now())):
            done += compared
    return done


@shared_task
def learn_weights(**_: object) -> int:
    """Learn the weights of every agency that has registered anybody anew; return of how many."""
    learned = 0
    for agency in Agency.objects.order_by("pk"):
        learned += duplicates.learn(agency=agency, now=timezone.now()).people > 0
    return learned


@shared_task
def scan_uploads(**_: object) -> int:
    """Have uploaded files looked at by the virus scanner, for a minute at most; a scanner that is silent is asked again later."""
    end, done = time.monotonic() + SECONDS, 0
    if not virus_scanner.is_there():
        return done
    for agency in Agency.objects.order_by("pk"):
        try:
            while time.monotonic() < end and scanning.scan_next(agency=agency, now=timezone.now()):
                done += 1
        except virus_scanner.Silent as why:
            log.warning("The virus scanner is silent: %s", why)
            break
    return done


@shared_task
def sweep_deadlines(**_: object) -> int:
    """End what ends with a child's eighteenth birthday, and mark the deadlines that have passed; return how many."""
    done = 0
    for agency in Agency.objects.order_by("pk"):
        while some := children.sweep(agency=agency, now=timezone.now()):
            done += some
    return done


scan_uploads.access = Permission.ATTACHMENT_KEEP


@shared_task
def erase(**_: object) -> int:
    """Erase the people for whom two persons decided it; return how many."""
    return sum(erasing.carry_out(agency=one, now=timezone.now()) for one in Agency.objects.order_by("pk"))


@shared_task
def suggest_erasures(**_: object) -> int:
    """Suggest whose period is over, for some minutes at most; return how many people are new among them."""
    end, found = time.monotonic() + 5 * SECONDS, 0
    for agency in Agency.objects.order_by("pk"):
        while time.monotonic() < end and (
            some := erasing.suggest(agency=agency, now=timezone.now(), today=timezone.localdate())
        ):
            found += some
    return found


erase.access = suggest_erasures.access = Permission.ERASURE
sweep_deadlines.access = Permission.NEED_RESTRICTED
sweep_register.access = learn_weights.access = Permission.PERSON_REGISTER
print_batches.access = end_documents.access = Permission.DOCUMENT_ISSUE
work_imports.access = sweep_imports.access = Permission.IMPORT_RUN
close_exercises.access = Permission.VERIFY_PLAN
renew_names.access = Permission.PERSON_REGISTER
end_questions.access = Permission.MATCH_ASK
