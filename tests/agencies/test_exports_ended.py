"""Does an export end with what it rests on: a right, an agreement, a consent, a file that was open; and is its owner told why?"""

from __future__ import annotations

import threading
from datetime import date
from typing import Any

import pytest
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from agencies.access import Permission
from agencies.actions import agencies as founding
from agencies.actions import exports, members
from agencies.channels import lists
from agencies.enums import Role
from agencies.models import Agreement, ExportTurn, Membership
from refugeecm.core.models import User
from registration.actions import consents, exceptions
from registration.models import Household, Individual
from tests.agencies.test_exports import ask, content, now_of, pieces, table, work
from tests.conftest import NOW, Cast, Person, acting_as, end


@pytest.fixture
def few(monkeypatch: Any) -> None:
    """Chunks of two rows, so that a family needs several."""
    monkeypatch.setattr(lists, "SIZE", 2)


# ---- agreements


def test_when_the_agreement_ends_the_file_is_refused_and_destroyed(
    cast: Cast, family: list[Individual], agree: Any
) -> None:
    agreement = agree(channels=["pages", "export"])
    job = ask(cast.partner, now=timezone.now())
    work(timezone.now())
    assert pieces(cast.partner) == 2, "the file, and who is in it"
    end(agreement, cast.admin)
    browser = cast.partner.browser()
    answer = browser.post(reverse("export-file", args=[job.pk]), follow=True)
    assert "has ended or changed" in answer.content.decode()
    assert pieces(cast.partner) == 0
    gone = now_of(job, cast.partner)
    assert (gone.status, bytes(gone.key), gone.query) == ("failed", b"", {})


def test_when_the_agreement_ends_a_running_export_stops(
    cast: Cast, family: list[Individual], agree: Any, few: None
) -> None:
    agreement = agree(channels=["export"])
    job = ask(cast.partner)
    assert exports.run_one(now=NOW)
    assert now_of(job, cast.partner).rows == 2
    end(agreement, cast.admin)
    work()
    stopped = now_of(job, cast.partner)
    assert (stopped.status, stopped.problem, pieces(cast.partner)) == ("failed", "ended", 0)


@pytest.mark.parametrize("told", [True, False])
def test_an_export_that_waits_fails_with_its_agreement(
    cast: Cast, family: list[Individual], agree: Any, told: bool
) -> None:
    """At once when somebody ends it; when its last day has passed and nobody has noted it yet, at its turn."""
    agreement = agree(channels=["export"])
    job, of_own = ask(cast.partner, now=timezone.now()), ask(cast.partner, "agreements", now=timezone.now())
    if told:
        end(agreement, cast.admin)
        assert now_of(job, cast.partner).status == "failed"
    else:
        with acting_as(cast.admin.viewer):
            Agreement.objects.filter(pk=agreement.pk).update(ends_on=date(2026, 1, 2))
    work(timezone.now())
    failed = now_of(job, cast.partner)
    assert (failed.status, failed.problem, failed.rows) == ("failed", "ended", 0)
    page = cast.partner.browser().get(reverse("export", args=[job.pk])).content.decode()
    assert "has ended or changed" in page
    assert "No file" in page
    assert now_of(of_own, cast.partner).status == "ready", "rows of others are never in it"


def test_an_agreement_without_exports_ends_none(cast: Cast, family: list[Individual], agree: Any) -> None:
    agreement = agree(channels=["pages"])
    job = ask(cast.partner)
    end(agreement, cast.admin)
    work()
    assert now_of(job, cast.partner).status == "ready"


@pytest.mark.django_db(transaction=True)
def test_whoever_ends_an_agreement_does_not_wait_for_a_worker(
    cast: Cast, family: list[Individual], agree: Any
) -> None:
    agreement = agree(channels=["export"])
    job = ask(cast.partner)
    at_it, ended = threading.Event(), threading.Event()

    def worker() -> None:
        with transaction.atomic():
            ExportTurn.objects.select_for_update().get(pk=job.pk)
            at_it.set()
            ended.wait(20)
        connection.close()

    thread = threading.Thread(target=worker)
    thread.start()
    assert at_it.wait(20)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '2s'")
    try:
        end(agreement, cast.admin)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
        ended.set()
        thread.join()
    work()
    assert now_of(job, cast.partner).problem == "ended"


def test_own_rows_are_not_lost_with_an_agreement(cast: Cast, family: list[Individual], agree: Any) -> None:
    agreement = agree(channels=["export"])
    job = ask(cast.caseworker)
    work()
    end(agreement, cast.admin)
    assert len(table(job, cast.caseworker)) == 4


@pytest.mark.parametrize(
    "change", [{"role": Role.ADMINISTRATOR}, {"is_active": False}, {"expires_on": date(2026, 1, 1)}]
)
def test_whoever_may_no_longer_gets_nothing(
    cast: Cast, family: list[Individual], few: None, change: dict[str, Any]
) -> None:
    ready = ask(cast.caseworker)
    work()
    running = ask(cast.caseworker)
    exports.run_one(now=NOW)
    queued = ask(cast.caseworker)
    Membership.objects.filter(pk=cast.caseworker.membership.pk).update(**change)
    assert not members.still_may(cast.caseworker.user.pk, cast.border.pk, Permission.EXPORT)
    work()
    assert {now_of(one, cast.colleague).problem for one in (running, queued)} == {"rights"}
    assert exports.end_due(agency=cast.border, now=NOW) == 1
    assert now_of(ready, cast.colleague).problem == "rights"
    assert pieces(cast.colleague) == 0


# ---- single people


def hidden(job: Any, by: Person) -> bool:
    """Answer whether the sweep destroys the file because something in it may no longer be shown."""
    destroyed = exports.end_due(agency=by.viewer.agency, now=NOW)
    found = now_of(job, by)
    assert destroyed == (found.status == "failed")
    assert bool(found.key) == (not destroyed)
    return found.problem == "hidden"


def test_a_withdrawn_consent_destroys_the_file(cast: Cast, family: list[Individual], agree: Any) -> None:
    agree(channels=["export"], classes=["C1", "C2"], legal_basis="consent")
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        given = [
            consents.record(
                individual=one, purpose="protection", recipient=cast.help, text_version="2026-1", language="Arabic",
                given_on=NOW.date(), witness="", by=viewer, now=NOW,
            )
            for one in family[:2]
        ]  # fmt: skip
    job, fetched = ask(cast.partner), ask(cast.partner)
    own = ask(cast.caseworker)
    work()
    assert [line[1] for line in table(job, cast.partner)[1:]] == ["Mariam", "Yusuf"]
    agree(channels=["export"])  # by this one they are still there, with less
    assert not hidden(job, cast.partner)
    with acting_as(viewer):
        consents.withdraw(consent=given[0], how="By telephone", by=viewer, now=NOW)
    assert content(fetched, cast.partner) is None, "at the next request, whenever the sweep comes"
    assert now_of(fetched, cast.partner).problem == "hidden"
    assert hidden(job, cast.partner)
    assert pieces(cast.partner) == 0
    assert not hidden(own, cast.caseworker)
    again = ask(cast.partner)
    work()
    assert [line[1] for line in table(again, cast.partner)[1:]] == ["not shared", "Yusuf", "not shared"]


def test_a_sealed_file_destroys_the_files_of_all_but_its_readers(
    cast: Cast, family: list[Individual], agree: Any, few: None
) -> None:
    agree(channels=["export"])
    theirs, ours, readers = (ask(one) for one in (cast.partner, cast.caseworker, cast.colleague))
    work()
    running = ask(cast.caseworker)
    exports.run_one(now=NOW)
    user = User.objects.create_user("sonia@border.example", name="Sonia")
    sonia = Person(user, founding.enrol(agency=cast.border, user=user, role=Role.SUPERVISOR)).viewer
    with acting_as(sonia):
        household = Household.objects.get(pk=family[0].household_id)
        exceptions.seal(
            household=household, reason="Threats", readers=[cast.colleague.user.pk], by=sonia, now=NOW
        )
    work()
    assert now_of(running, cast.caseworker).problem == "hidden"
    assert hidden(theirs, cast.partner)
    assert hidden(ours, cast.caseworker)
    assert now_of(readers, cast.colleague).status == "ready"
    assert len(table(readers, cast.colleague)) == 4
