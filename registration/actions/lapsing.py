"""What do workers do for exercises that ended: tell who did not come, and after notice and confirmation make them inactive?

The rows are the work: a chunk is locked, done and marked in one transaction, so that a crash at any moment gives it back.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext

from agencies.access import Viewer, enter
from agencies.access.viewer import worker_for
from agencies.models import Agency
from refugeecm.core import events, mail
from refugeecm.core.transitions import move
from registration.actions import status
from registration.actions.exercises import MOVED
from registration.actions.sealing import Opener
from registration.enums import COUNTED, ExerciseStatus, ProcessReason
from registration.models import Individual, SealedFile, VerificationExercise, VerificationTarget

CHUNK = 500  # people in one transaction: about a second
_SPOKEN = {"ara": "ar"}  # ISO 639-3 of a person, and the language of our texts


@transaction.atomic
def run_one(*, agency: Agency, now: datetime) -> bool:
    """Do the next chunk of an agency's exercises; return False when there is none that nobody else is at."""
    enter(worker_for(agency), reason="exercise")
    ended = VerificationExercise.objects.filter(agency=agency).select_for_update(skip_locked=True)
    closing = ended.filter(status=ExerciseStatus.CLOSING).order_by("confirmed_at").first()
    if closing is not None:
        viewer = worker_for(agency, user_id=closing.confirmed_by_id)
        enter(viewer, reason="exercise.close")
        _lapse(closing, by=viewer, now=now)
        return True
    untold = VerificationTarget.objects.filter(exercise=OuterRef("pk"), told_at=None).lapsing()
    waiting = ended.filter(Exists(untold), status=ExerciseStatus.NOTICE).order_by("ended_at").first()
    if waiting is not None:
        _tell(waiting, now=now)
    return waiting is not None


def _lapse(exercise: VerificationExercise, *, by: Viewer, now: datetime) -> None:
    """Make a chunk of those who did not come inactive, families together; end the exercise with the last of them."""
    # A file that was sealed since is for its readers.
    sealed = SealedFile.objects.filter(individual_id=OuterRef("individual_id"), lifted_at=None)
    missing = VerificationTarget.objects.filter(~Exists(sealed), exercise=exercise).lapsing()
    chunk = list(missing.select_for_update(of=("self",)).order_by("household_id", "pk")[:CHUNK])
    today = timezone.localdate(now)
    if chunk:
        # Who came, died, left or went to another agency since is not meant any more.
        ids = [one.individual_id for one in chunk]
        people = Individual.objects.filter(pk__in=ids, agency_id=by.agency_id, process_status__in=COUNTED)
        status.make_inactive(people=people, reason=ProcessReason.NO_SHOW, on=today, by=by, now=now)
        VerificationTarget.objects.filter(pk__in=[one.pk for one in chunk]).update(lapsed_on=today)
    if len(chunk) < CHUNK:
        move(exercise, to=ExerciseStatus.DONE)
        to = ExerciseStatus.DONE
        events.note(MOVED, "exercise", exercise.pk, by=by, now=now, tell=None, to=to)


def _tell(exercise: VerificationExercise, *, now: datetime) -> None:
    """Write a mail to a chunk of those who did not come and have an address; the others stand on the printed list."""
    untold = VerificationTarget.objects.filter(exercise=exercise, told_at=None).lapsing()
    chunk = list(untold.select_for_update(of=("self",)).select_related("individual").order_by("pk")[:CHUNK])
    people = [one.individual for one in chunk if one.individual.email]
    mailed = _mail(people, exercise, now=now)
    for by_mail in (True, False):
        ids = [one.pk for one in chunk if (one.individual_id in mailed) is by_mail]
        VerificationTarget.objects.filter(pk__in=ids).update(told_at=now, mailed=by_mail)


def _mail(people: Sequence[Individual], exercise: VerificationExercise, *, now: datetime) -> set[uuid.UUID]:
    """Return to whom a mail was written. It names nobody, and not what they are registered for: others may read it."""
    opener, told = Opener([one.pk for one in people]), set[uuid.UUID]()
    for one in people:
        if address := opener.value(one, "email"):
            spoken = next(
                (_SPOKEN[code] for code in one.languages if code in _SPOKEN), settings.LANGUAGE_CODE
            )
            with translation.override(spoken):
                day = date_format(exercise.notice_until, "j M Y") if exercise.notice_until else ""
                said = gettext(
                    "You had an appointment. Please come to our office by %(day)s, or let us know."
                )
                mail.queue(
                    to=address, subject=gettext("Your appointment"), text=said % {"day": day}, now=now,
                    key=f"verify:{exercise.pk.hex}:{one.pk.hex}",
                )  # fmt: skip
            told.add(one.pk)
    return told
