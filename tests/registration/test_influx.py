"""Is an influx declared by three people, does the board count without scanning, and does the score only advise?"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from math import inf
from typing import Any

import pytest
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from agencies.actions import agencies as founding
from refugeecm.core.models import Event, User
from refugeecm.core.transitions import TransitionNotAllowed
from refugeecm.pages.board import Batches, batches, registered
from registration.actions import events, imports, influx, people
from registration.forms import ImportForm
from registration.models import AdminArea, EntryPoint, Household, InfluxEvent
from registration.policies import NotPermitted
from registration.rules.influx import influx_score
from tests.conftest import NOW, Cast, Person, acting_as, arrival, register

pytestmark = pytest.mark.usefixtures("db")
PROPOSAL: dict[str, Any] = {
    "basis": "PRIMA_FACIE", "origins": ["SDN"], "expected": 5000, "level": "IND_BASIC", "registered_within": 15,
}  # fmt: skip


@pytest.fixture
def supervisor(cast: Cast) -> Person:
    """Somebody who may approve, and propose too."""
    user = User.objects.create_user("sonia@border.example", name="Sonia")
    return Person(user, founding.enrol(agency=cast.border, user=user, role="supervisor"))


def _propose(by: Person, event: InfluxEvent, **changed: Any) -> None:
    with acting_as(by.viewer):
        influx.propose(event=event, by=by.viewer, now=NOW, **PROPOSAL | changed)


def _approve(by: Person, event: InfluxEvent) -> None:
    with acting_as(by.viewer):
        influx.approve(event=InfluxEvent.objects.get(pk=event.pk), by=by.viewer, now=NOW)


def _change(by: Person, event: InfluxEvent, to: str) -> None:
    with acting_as(by.viewer):
        influx.change(event=InfluxEvent.objects.get(pk=event.pk), to=to, by=by.viewer, now=NOW)


def _declared(cast: Cast, event: InfluxEvent, supervisor: Person) -> InfluxEvent:
    _propose(cast.caseworker, event)
    _approve(supervisor, event)
    _approve(cast.decider, event)
    event.refresh_from_db()
    return event


# ---- declaring


def test_three_people_declare_and_what_they_said_holds(
    cast: Cast, event: InfluxEvent, supervisor: Person
) -> None:
    _propose(cast.caseworker, event)
    with pytest.raises(NotPermitted, match="role"):
        _approve(cast.colleague, event)
    _approve(supervisor, event)
    with pytest.raises(NotPermitted, match="no part"):
        _approve(supervisor, event)
    event.refresh_from_db()
    assert event.status == "alert"
    _approve(cast.decider, event)
    event.refresh_from_db()
    assert (event.status, event.declared_at, event.level) == ("declared", NOW, "IND_BASIC")
    assert event.register_by(date(2026, 3, 2)) == date(2026, 3, 17)
    mother = register(cast.caseworker, event, [{}])[0]
    with acting_as(cast.caseworker.viewer):
        assert Household.objects.get(pk=mother.household_id).level == mother.level == "IND_BASIC"
        told = Event.objects.filter(
            subject_type="event", subject_id__gt="00000000-0000-0000-0000-000000000000"
        )
        assert [one.name.rpartition(".")[2] for one in told.order_by("at", "id")].count("approved") == 1


def test_whoever_proposed_never_approves(cast: Cast, event: InfluxEvent, supervisor: Person) -> None:
    _propose(supervisor, event)
    with pytest.raises(NotPermitted, match="no part"):
        _approve(supervisor, event)
    with pytest.raises(NotPermitted, match="Two people"):
        _change(supervisor, event, "declared")
    with pytest.raises(IntegrityError), transaction.atomic():
        InfluxEvent.objects.filter(pk=event.pk).update(
            status="declared",
            declared_at=NOW,
            approved_by=supervisor.user,
            approved_again_by=cast.decider.user,
        )


def test_a_proposal_that_is_sent_back_loses_its_approval(
    cast: Cast, event: InfluxEvent, supervisor: Person
) -> None:
    _propose(cast.caseworker, event)
    _approve(supervisor, event)
    _change(cast.decider, event, "draft")
    event.refresh_from_db()
    assert (event.status, event.approved_by_id, event.proposed_by_id) == ("draft", None, None)
    _propose(cast.colleague, event, expected=9000)
    _approve(supervisor, event)
    event.refresh_from_db()
    assert event.status == "alert"


def test_a_declared_event_is_scaled_down_up_and_closed(
    cast: Cast, event: InfluxEvent, supervisor: Person
) -> None:
    _declared(cast, event, supervisor)
    with pytest.raises(NotPermitted, match="role"):
        _change(cast.caseworker, event, "closed")
    for to in ("scaled_down", "declared", "closed"):
        _change(supervisor, event, to)
    event.refresh_from_db()
    assert event.ended_at == NOW
    assert event.register_by(NOW.date()) is None
    with pytest.raises(TransitionNotAllowed):
        _change(supervisor, event, "declared")


def test_another_agency_reads_of_an_event_and_changes_nothing(
    cast: Cast, event: InfluxEvent, supervisor: Person
) -> None:
    with pytest.raises(NotPermitted, match="keeps this event"):
        _propose(cast.partner, event)
    browser = cast.partner.browser()
    assert event.name in browser.get(reverse("events")).content.decode()
    shown = browser.get(reverse("event", args=[event.pk])).content.decode()
    assert "Border Office" in shown
    assert "Propose to declare" not in shown
    for name in ("event-propose", "entry-point-new"):
        assert browser.get(reverse(name, args=[event.pk])).status_code == 404


def test_declared_events_are_offered_first_and_closed_ones_not(
    cast: Cast, event: InfluxEvent, supervisor: Person
) -> None:
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        for slug in ("later", "over"):
            events.draft(slug=slug, name=slug.title(), by=viewer, now=NOW + timedelta(days=1))
    InfluxEvent.objects.filter(slug="over").update(status="closed")
    _declared(cast, event, supervisor)
    choices = [name for _pk, name in ImportForm().fields["event"].choices]  # type: ignore[attr-defined]
    assert choices[:2] == [event.name, "Later"]
    assert "Over" not in choices


def test_the_pages_lead_from_the_draft_to_the_declaration(cast: Cast, supervisor: Person) -> None:
    clerk = cast.caseworker.browser()
    refused = clerk.post(reverse("event-new"), {"name": "At the river", "slug": "no good"})
    assert "slug" in refused.content.decode()
    made = clerk.post(reverse("event-new"), {"name": "At the river", "slug": "river-2026"}, follow=True)
    event = InfluxEvent.objects.get(slug="river-2026")
    assert "Propose to declare" in made.content.decode()
    proposal = {
        "basis": "EU_CRISIS", "origin": "SDN", "origin_2": "SSD", "expected": "5000", "level": "IND_EMERGENCY",
        "registered_within": "28",
    }  # fmt: skip
    address = reverse("event-propose", args=[event.pk])
    assert "article 27(5)" in clerk.get(address).content.decode()
    assert "article 10" in clerk.post(address, proposal | {"expected": "0"}).content.decode()
    told = clerk.post(address, proposal, follow=True).content.decode()
    assert "two more people have to approve" in told
    assert "Sudan, South Sudan" in told
    approve = reverse("event-approve", args=[event.pk])
    assert clerk.post(approve).status_code == 403
    assert "One more person" in supervisor.browser().post(approve, follow=True).content.decode()
    told = cast.decider.browser().post(approve, follow=True).content.decode()
    assert "The event is declared." in told
    assert "within 28 days of arrival" in told
    change = reverse("event-change", args=[event.pk])
    told = cast.decider.browser().post(change, {"to": "nonsense"}, follow=True).content.decode()
    assert "no longer possible" in told
    told = cast.decider.browser().post(change, {"to": "closed"}, follow=True).content.decode()
    assert "Closed" in told
    assert "At the river" in clerk.get(f"{reverse('events')}?closed=1").content.decode()


def test_an_entry_point_has_its_site_once(cast: Cast, event: InfluxEvent) -> None:
    AdminArea.objects.create(pcode="TD07", country="TCD", level=1, name="Ouaddaï")
    browser, address = cast.caseworker.browser(), reverse("entry-point-new", args=[event.pk])
    given = {"name": "The bridge", "site": "CAMP-A", "capacity": "400", "area": "td07", "is_open": "on"}
    assert "Ouaddaï" in browser.post(address, given, follow=True).content.decode()
    assert "already" in browser.post(address, given).content.decode()
    assert "P-code" in browser.post(address, given | {"site": "B", "area": "XX99"}).content.decode()
    point = EntryPoint.objects.get()
    change = reverse("entry-point", args=[point.pk])
    assert 'value="TD07"' in browser.get(change).content.decode()
    browser.post(change, given | {"capacity": "250", "is_open": ""})
    point.refresh_from_db()
    assert (point.capacity, point.is_open) == (250, False)
    assert cast.partner.browser().get(change).status_code == 404


# ---- the score


def test_the_influx_score_by_its_worked_example() -> None:
    """4,200 people in a week after weeks of 700, 600 a day where 400 can be received, 900 claims where 1,200 are decided."""
    score = influx_score(arrivals=4200, before=[700] * 8, need=600, capacity=400, pending=900, decided=1200)
    assert [(one.letter, one.value, one.met) for one in score] == [
        ("N", 4200.0, True), ("R", 6.0, True), ("A", 1.5, True), ("P", 0.75, False),
    ]  # fmt: skip


def test_the_score_says_when_it_cannot_say() -> None:
    quiet = influx_score(arrivals=0, before=[0] * 8, need=0, capacity=0, pending=0, decided=0)
    assert [one.value for one in quiet] == [0.0, None, None, None]
    assert not any(one.met for one in quiet)
    sudden = influx_score(arrivals=1000, before=[0] * 8, need=143, capacity=0, pending=1, decided=0)
    assert [one.value for one in sudden] == [1000.0, inf, inf, inf]
    assert all(one.met for one in sudden)
    edge = influx_score(arrivals=999, before=[333] * 8, need=1, capacity=1, pending=1, decided=1)
    assert [one.met for one in edge] == [False, True, True, True]


# ---- the board


def _arrive(by: Person, event: InfluxEvent, at: datetime, count: int, site: str = "CAMP-A") -> None:
    viewer = by.viewer
    groups = [
        people.Arrival(members=[arrival(registration_site=site)], ordinals=[one]) for one in range(count)
    ]
    with acting_as(viewer):
        people.register(arrivals=groups, by=viewer, now=at, event=event)


@pytest.mark.usefixtures("transactional_db")  # workers read the list
def test_people_are_counted_by_hour_and_site_and_lists_by_themselves(cast: Cast, event: InfluxEvent) -> None:
    _arrive(cast.caseworker, event, NOW - timedelta(hours=2), 3)
    _arrive(cast.caseworker, event, NOW - timedelta(minutes=5), 2)
    _arrive(cast.caseworker, event, NOW - timedelta(minutes=5), 1, site="BRIDGE")
    header = (
        "given_name,family_name,sex,date_of_birth,nationality,relationship_to_head,household_id,record_id\n"
    )
    rows = "".join(f"Ali{'abcdefgh'[one]},Omar,M,199{one}-01-01,SDN,head,{one},R{one}\n" for one in range(4))
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        batch = imports.receive(
            data=(header + rows).encode(), file_name="list.csv", event=event, by=viewer, now=NOW - timedelta(minutes=6)
        )  # fmt: skip
    while imports.run_one(now=NOW):
        pass
    with acting_as(viewer):
        batch.refresh_from_db()
        imports.accept(batch=batch, by=viewer, now=NOW)
    while imports.run_one(now=NOW):
        pass
    _arrive(cast.caseworker, event, NOW - timedelta(minutes=4), 1)
    bounds = [NOW - timedelta(hours=one) for one in (3, 2, 1, 0)]
    with acting_as(viewer):
        lists = batches(event, viewer)
        assert lists == Batches([(batch.created_at, 4)])
        assert lists.between(bounds[2], bounds[3]) == 4
        assert lists.between(bounds[0], bounds[2]) == 0
        assert registered(event, viewer, lists, bounds) == {(1, ""): 3, (2, ""): 4}
        assert registered(event, viewer, lists, bounds, by_site=True) == {
            (1, "CAMP-A"): 3, (2, "CAMP-A"): 3, (2, "BRIDGE"): 1,
        }  # fmt: skip
    other = cast.partner.viewer
    with acting_as(other):
        assert registered(event, other, batches(event, other), bounds) == {}, "figures are one's own"


def test_counting_goes_by_the_index_and_over_no_list(cast: Cast, event: InfluxEvent) -> None:
    _arrive(cast.caseworker, event, NOW - timedelta(hours=2), 40)
    viewer = cast.caseworker.viewer
    asked: list[str] = []

    def explain(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "unnest" in sql:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan = off")
            execute(f"EXPLAIN {sql}", params, many, context)
            asked.append("\n".join(one[0] for one in context["cursor"].fetchall()))
        return execute(sql, params, many, context)

    with acting_as(viewer), connection.execute_wrapper(explain):
        sent = Batches([(NOW - timedelta(hours=2), 100_000)])
        found = registered(event, viewer, sent, [NOW - timedelta(hours=3), NOW])
    assert found == {}, "what came of a list, by its millisecond, is left out"
    assert "Index" in asked[0]
    assert "Seq Scan" not in asked[0]


def test_the_board_shows_capacity_expectation_and_advice(
    cast: Cast, event: InfluxEvent, supervisor: Person, django_assert_max_num_queries: Any
) -> None:
    cache.clear()
    now = timezone.now()
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        influx.set_entry_point(
            event=event, point=None, name="The bridge", site="CAMP-A", capacity=1, by=viewer, now=NOW
        )
    _propose(cast.caseworker, event, expected=40)
    _arrive(cast.caseworker, event, now, 9)
    _arrive(cast.caseworker, event, now, 1, site="FORD")
    browser, address = cast.caseworker.browser(), reverse("event-board", args=[event.pk])
    with django_assert_max_num_queries(22):
        shown = browser.get(address).content.decode()
    assert "25% of 40 expected" in shown
    assert "The bridge" in shown
    assert "Other sites" in shown
    assert shown.count("<rect") == 24
    assert "2 of 4" in shown  # R: none in the weeks before; A: more than one a day
    assert "consider declaring" not in shown
    with django_assert_max_num_queries(18):
        live = browser.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in live
    assert "of 1 that the entry points take" in live
    assert "Other sites" not in cast.partner.browser().get(address).content.decode()
    assert cast.admin.browser().get(address).status_code == 403
    assert "25%" in browser.get(address, headers={"Accept-Language": "ar"}).content.decode()


def test_three_of_four_advise_and_nothing_declares_itself(cast: Cast, event: InfluxEvent) -> None:
    cache.clear()
    _arrive(cast.caseworker, event, timezone.now(), 1000)
    shown = cast.caseworker.browser().get(reverse("event-board", args=[event.pk])).content.decode()
    assert "3 of 4" in shown
    assert "consider declaring" in shown
    event.refresh_from_db()
    assert event.status == "draft"
