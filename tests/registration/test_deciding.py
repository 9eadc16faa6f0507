"""May a person hold, stop and share out the work on files, and does a bad file wait for a second person?"""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from agencies.access import Viewer
from refugeecm.core.refusals import NotPermitted
from refugeecm.core.transitions import TransitionNotAllowed
from registration import reports
from registration.actions import imports
from registration.enums import BatchStatus, StepKind, StepStatus
from registration.models import ImportBatch, ImportStep
from tests.conftest import NOW, Cast, acting_as
from tests.registration.test_imports import accept, content, current, people, send, through, work

pytestmark = pytest.mark.django_db(transaction=True)


def act(what: str, viewer: Viewer, batch: ImportBatch) -> ImportBatch:
    """Pause, resume, stop or cancel a file."""
    with acting_as(viewer):
        batch.refresh_from_db()
        getattr(imports, what)(batch=batch, by=viewer, now=NOW)
    return batch


def test_a_paused_file_waits_and_then_goes_on_where_it_was(cast: Cast) -> None:
    viewer = cast.caseworker.viewer
    batch = send(viewer, content(2500))
    assert imports.run_one(now=NOW), "the file is read"
    assert imports.run_one(now=NOW), "the first chunk is checked"
    act("pause", viewer, batch)
    assert work() == 0
    with acting_as(viewer):
        how = reports.progress(current(viewer, batch))
    assert 0 < how.done < how.total == 2500
    with pytest.raises(NotPermitted):
        act("pause", viewer, batch)
    act("resume", viewer, batch)
    work()
    accept(viewer, batch)
    act("pause", viewer, batch)
    assert (work(), people(viewer)) == (0, 0)
    act("resume", viewer, batch)
    work()
    assert (current(viewer, batch).status, people(viewer)) == (BatchStatus.DONE, 2500)
    assert batch.paused_at is None
    with pytest.raises(NotPermitted):
        act("resume", viewer, batch)


def test_a_worker_that_chose_a_step_before_the_pause_does_not_do_it(cast: Cast) -> None:
    viewer = cast.caseworker.viewer
    batch = send(viewer, content(60))
    assert imports.run_one(now=NOW)
    act("pause", viewer, batch)
    ImportStep.objects.filter(status=StepStatus.HELD).update(status=StepStatus.OPEN)
    assert work() == 1
    assert ImportStep.objects.get(kind=StepKind.CHECK).status == StepStatus.HELD
    act("resume", viewer, batch)
    work()
    assert current(viewer, batch).status == BatchStatus.REVIEW


def test_who_is_registered_when_a_file_is_stopped_stays_and_the_rest_can_be_sent_again(cast: Cast) -> None:
    viewer = cast.caseworker.viewer
    data = content(2500)
    batch = send(viewer, data)
    work()
    with pytest.raises(TransitionNotAllowed):
        act("stop", viewer, batch)
    accept(viewer, batch)
    assert imports.run_one(now=NOW), "one chunk is registered"
    some = people(viewer)
    act("stop", viewer, batch)
    assert (work(), people(viewer)) == (0, some)
    assert current(viewer, batch).status == BatchStatus.STOPPED
    assert 0 < some < 2500
    with pytest.raises(NotPermitted):
        act("cancel", viewer, batch)
    assert through(viewer, data).status == BatchStatus.DONE
    assert people(viewer) == 2500


def test_agencies_take_turns(cast: Cast) -> None:
    """A large file that came first, and one of another agency: from then on neither waits more than twice its time alone."""
    one, two = cast.caseworker.viewer, cast.stranger.viewer
    send(one, content(6500))
    clock = itertools.count()
    assert imports.run_one(now=NOW + timedelta(seconds=next(clock))), "the large file is read"
    little = send(two, content(2500, seed=2))
    begun = 0
    while current(two, little).status != BatchStatus.REVIEW:
        imports.run_one(now=NOW + timedelta(seconds=next(clock)))
        begun += 1
    alone = ImportStep.objects.filter(batch_id=little.pk).count()
    assert alone == begun - ImportStep.objects.exclude(batch_id=little.pk).filter(seconds__gt=0).count() + 1
    assert begun <= 2 * alone
