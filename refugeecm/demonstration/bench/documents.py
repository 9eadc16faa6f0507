"""How long does one job take that prints certificates, from being asked for to the sealed file, with a photo on each?"""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

from django.db import transaction
from django.utils import timezone
from PIL import Image

from agencies.access import Viewer, enter
from agencies.access.viewer import member
from agencies.actions import agencies as founding
from agencies.enums import Role
from agencies.models import Agency, Membership
from refugeecm.core.models import User
from refugeecm.demonstration.scratch import Ground
from registration.actions import batches, people, photos
from registration.actions import events as influx
from registration.models import Individual, PrintBatch
from registration.rules.arrivals import read_row
from registration.rules.issued import usual_end

TARGETS = {"seconds_for_100": 10.0}
_NAMES = ("مريم إدريس أبكر", "حليمة آدم عثمان", "يوسف أحمد موسى", "فاطمة عبد الله")


def measure(
    ground: Ground, *, sizes: Sequence[int], now: datetime, say: Callable[[str], None]
) -> dict[str, Any]:
    """Return for each size: seconds of asking, of the worker, and per document; size of the file; the peak of memory."""
    name, found = ground.database("documents"), {}
    with ground.using(name):
        agency = Agency.objects.get(code="BORDER")
        user = User.objects.create_user("printer@border.example", name="Printer")
        founding.enrol(agency=agency, user=user, role=Role.CASEWORKER)
        viewer = member(Membership.objects.select_related("agency").get(user=user))
        for size in sizes:
            _register(size, viewer, now)
            say(f"{size} people registered")
            found[str(size)] = _print(size, viewer, now)
    return {"targets": TARGETS, "documents": found}


def _print(size: int, viewer: Viewer, now: datetime) -> dict[str, Any]:
    started = time.monotonic()
    with transaction.atomic():
        enter(viewer, reason="bench")
        waiting = list(batches.waiting_for("ASC", by=viewer)[:size])
        until = usual_end("ASC", dated=timezone.localdate(now))
        batch = batches.ask(kind="ASC", people=waiting, until=until, by=viewer, now=now)
    asked = time.monotonic()
    batches.run_one(now=now)
    done = time.monotonic()
    with transaction.atomic():
        enter(viewer, reason="bench")
        batch = PrintBatch.objects.get(pk=batch.pk)
        if (batch.status, batch.done) != ("ready", size):
            raise RuntimeError(f"The batch is {batch.status} with {batch.done} of {size} documents.")
        batches.hand_over(batch=batch, by=viewer, now=now)
    return {
        "asked_seconds": round(asked - started, 2),
        "job_seconds": round(done - asked, 2),
        "milliseconds_each": round(1000 * (done - started) / size, 1),
        "kilobytes": len(batch.file) // 1024,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _register(size: int, viewer: Viewer, now: datetime) -> None:
    """Register so many people who ask for asylum, half of them Arabic speakers, each with a photo of its own."""
    chance = random.Random(size)  # noqa: S311 - invented people
    with transaction.atomic():
        enter(viewer, reason="bench")
        event = influx.draft(slug=f"documents-{size}", name="Documents", by=viewer, now=now)
        arrivals = [
            people.Arrival(
                members=[_row(size, number, now)], ordinals=[number], source_ref=f"{size}-{number}"
            )
            for number in range(size)
        ]
        people.register(arrivals=arrivals, by=viewer, now=now, event=event)
        people_now = Individual.objects.filter(event=event)
        people_now.update(legal_status="ASYLUM_SEEKER", birth_place="El Geneina")
        for place, one in enumerate(people_now.order_by("pk")):
            drawn = BytesIO()
            shades = Image.effect_noise((600, 800), 20 + chance.random() * 20).convert("RGB")
            shades.save(drawn, "JPEG", quality=70)
            photos.take(individual=one, data=drawn.getvalue(), by=viewer, now=now)
            if place % 2:
                Individual.objects.filter(pk=one.pk).update(
                    languages=["ara"], native_name=_NAMES[place % len(_NAMES)]
                )


def _row(size: int, number: int, now: datetime) -> Any:
    given = {
        "given_name": "Amal", "father_name": "Idris", "family_name": f"N{number}", "sex": "F", "nationality": "SDN",
        "record_id": f"{size}-{number}", "relationship_to_head": "head", "registration_date": now.date().isoformat(),
        "date_of_birth": "1990-05-17",
    }  # fmt: skip
    row, errors = read_row(given, today=now.date())
    if row is None:
        raise ValueError(f"An invented row is wrong: {errors}")
    return row
