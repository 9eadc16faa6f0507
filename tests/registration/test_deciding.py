"""May a person hold, stop and share out the work on files, and does a bad file wait for a second person?"""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from agencies.access import Viewer
from agencies.actions import agencies as founding
from agencies.enums import Role
from cases.actions import claims
from refugeecm.core.models import User
from refugeecm.core.refusals import NotPermitted
from refugeecm.core.transitions import TransitionNotAllowed
from refugeecm.demonstration.arrivals_file import HEADER, rows_of
from registration import reports
from registration.actions import imports
from registration.enums import BatchStatus, StepKind, StepStatus
from registration.models import (
    Document,
    Household,
    ImportBatch,
    ImportStep,
    Individual,
    LedgerLine,
    PersonKey,
)
from tests.conftest import NOW, Cast, Person, acting_as
from tests.registration.test_imports import (
    accept,
    content,
    current,
    people,
    send,
    text_of,
    through,
    work,
)

pytestmark = pytest.mark.django_db(transaction=True)


def supervisor(cast: Cast, name: str = "sonia") -> Person:
    """Somebody of BORDER who may overrule."""
    user = User.objects.create_user(f"{name}@border.example", name=name.title())
    return Person(user, founding.enrol(agency=cast.border, user=user, role=Role.SUPERVISOR))


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


def test_a_file_with_many_errors_waits_for_a_supervisor_who_did_not_send_it(cast: Cast) -> None:
    clerk, boss = cast.caseworker.viewer, supervisor(cast)
    rows = list(rows_of(rows=60, seed=1, defects=0, repeats=0))
    for row in rows[:30]:
        row[HEADER.index("sex")] = "?!"
    batch = send(clerk, text_of(rows))
    work()
    with pytest.raises(NotPermitted, match="have errors"):
        accept(clerk, batch)
    page = cast.caseworker.browser().get(f"/imports/{batch.pk}/").content.decode()
    assert "cannot be accepted yet" in page
    assert "Allow it all the same" not in page
    address = f"/imports/{batch.pk}/allow/"
    assert cast.caseworker.browser().post(address, {"reason": "I am in a hurry."}).status_code == 403
    assert "Allow it all the same" in boss.browser().get(f"/imports/{batch.pk}/").content.decode()
    assert boss.browser().post(address, {"reason": ""}).status_code == 422
    boss.browser().post(address, {"reason": "Half of the list is from another office."})
    assert "another office" in cast.caseworker.browser().get(f"/imports/{batch.pk}/").content.decode()
    accept(clerk, batch)
    work()
    assert 0 < people(clerk) < 60
    own = send(boss.viewer, text_of([[*row[:-1], "2026-02-19"] for row in rows]))
    work()
    assert (
        "You sent this file"
        in boss.browser().post(f"/imports/{own.pk}/allow/", {"reason": "Mine."}, follow=True).content.decode()
    )


def test_an_untouched_file_is_undone_without_a_trace_in_the_figures(cast: Cast) -> None:
    viewer, boss = cast.caseworker.viewer, supervisor(cast)
    first = through(viewer, content(60))
    with acting_as(viewer):
        kept = set(Individual.objects.values_list("pk", flat=True))
    second = through(viewer, content(1300, seed=2))
    assert cast.caseworker.browser().post(f"/imports/{second.pk}/undo/").status_code == 403
    assert (
        "are removed from the register" in boss.browser().get(f"/imports/{second.pk}/undo/").content.decode()
    )
    boss.browser().post(f"/imports/{second.pk}/undo/")
    work()
    assert current(viewer, second).status == BatchStatus.UNDONE
    assert "1,300 people were removed" in boss.browser().get(f"/imports/{second.pk}/").content.decode()
    with acting_as(viewer):
        assert set(Individual.objects.values_list("pk", flat=True)) == kept
        assert sum(LedgerLine.objects.values_list("people", flat=True)) == 60
        assert not {*Document.objects.values_list("individual_id", flat=True)} - kept
        assert set(PersonKey.objects.values_list("pk", flat=True)) == kept
        assert Household.objects.exclude(members__in=kept).count() == 0
    assert current(viewer, first).status == BatchStatus.DONE
    assert through(viewer, content(1300, seed=2)).pk != second.pk, "after that it may be sent again"
    assert people(viewer) == 1360


def test_what_was_done_with_people_stands_in_the_way(cast: Cast) -> None:
    viewer, boss = cast.caseworker.viewer, supervisor(cast)
    batch = through(viewer, content(60))
    with acting_as(viewer):
        one, two, *_rest = Individual.objects.order_by("pk")
        claims.open_claim(individual=one, made_on=NOW.date(), by=viewer, now=NOW)
        two.occupation = "Teacher"
        two.save(update_fields=["occupation"])
    page = boss.browser().get(f"/imports/{batch.pk}/undo/").content.decode()
    assert "cannot be undone" in page
    assert one.number in page
    assert two.number in page
    assert "Claim" in page
    assert "Changed" in page
    assert (
        "It is listed below"
        in boss.browser().post(f"/imports/{batch.pk}/undo/", follow=True).content.decode()
    )
    assert (current(viewer, batch).status, people(viewer)) == (BatchStatus.DONE, 60)


def test_a_family_with_whom_something_is_done_meanwhile_stays_whole(cast: Cast) -> None:
    viewer, boss = cast.caseworker.viewer, supervisor(cast).viewer
    batch = through(viewer, content(60))
    act("undo", boss, batch)
    with acting_as(viewer):
        one = Individual.objects.order_by("pk").first()
        assert one is not None
        claims.open_claim(individual=one, made_on=NOW.date(), by=viewer, now=NOW)
        family = Individual.objects.filter(household=one.household).count()
    work()
    assert current(viewer, batch).status == BatchStatus.UNDONE
    assert people(viewer) == family
    with acting_as(viewer):
        assert reports.removed(batch) == (60 - family, family)
        assert sum(LedgerLine.objects.values_list("people", flat=True)) == family


def test_nobody_undoes_what_they_accepted(cast: Cast) -> None:
    boss = supervisor(cast).viewer
    batch = through(boss, content(60))
    with pytest.raises(NotPermitted, match="You accepted"):
        act("undo", boss, batch)


def test_what_a_list_says_otherwise_is_shown_and_fills_only_what_is_empty(cast: Cast) -> None:
    viewer, browser = cast.caseworker.viewer, cast.caseworker.browser()
    rows = list(rows_of(rows=60, seed=1, defects=0, repeats=0))
    mother, place, given = (HEADER.index(one) for one in ("mother_name", "birth_place", "given_name"))
    rows[0][mother] = ""
    through(viewer, text_of(rows))
    rows[0][mother], rows[0][place], rows[1][given] = "Zeinab", "Elsewhere", "Othername"
    for wanted, fills in (("", {}), ("Zeinab", {"fills_empty": "on"})):
        rows[2][HEADER.index("phone")] += "1"  # so that it is another file
        batch = send(viewer, text_of(rows))
        work()
        page = browser.get(f"/imports/{batch.pk}/").content.decode()
        assert "Accept: nobody is new" in page
        assert "2 rows of people who are registered say more" in page
        listed = browser.get(f"/imports/{batch.pk}/rows/registered/").content.decode()
        assert "Zeinab" in listed
        assert "Othername" in listed
        browser.post(f"/imports/{batch.pk}/accept/", fills)
        work()
        with acting_as(viewer):
            one = Individual.objects.get(source_ref=rows[0][0])
            assert one.mother_name == wanted
            assert one.birth_place != "Elsewhere"
            assert not Individual.objects.filter(given_name="Othername").exists()
