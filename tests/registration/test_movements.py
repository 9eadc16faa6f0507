"""Do movements stand as people told them, do they move record, stock and coverage, and does a gate know who is here?"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone

from agencies.actions import agencies as founding
from agencies.actions import purging
from agencies.enums import Role
from refugeecm.core.models import Event, User
from registration.actions import movements, status
from registration.enums import Flow, MovementKind
from registration.models import (
    Household,
    Individual,
    LedgerLine,
    Movement,
    PastMembership,
    PersonAccess,
    Presence,
)
from registration.policies import NotPermitted
from registration.rules.numbers import is_slip, numbers_in
from registration.search import people_numbered
from tests.conftest import FAMILY, NOW, Cast, Person, acting_as, register

TODAY = NOW.date()


@pytest.fixture
def supervisor(cast: Cast) -> Person:
    user = User.objects.create_user("sami@border.example", name="Sami")
    return Person(user, founding.enrol(agency=cast.border, user=user, role=Role.SUPERVISOR))


def moved(
    by: Person, people: list[Individual], kind: str, on: date = TODAY, **given: Any
) -> list[Individual]:
    with acting_as(by.viewer):
        return movements.record(people=people, kind=kind, on=on, by=by.viewer, now=NOW, **given)


def stock() -> dict[str, int]:
    lines = LedgerLine.objects.values_list("place").annotate(n=Sum("people"))
    return {place: n for place, n in lines if n}


def test_a_family_arrives_leaves_and_comes_back(cast, family, supervisor):
    """Mariam's family arrives at another site, leaves on its own, and comes back: same people, same numbers, stock balanced."""
    mother, son, daughter = family
    moved(cast.caseworker, family, MovementKind.ARRIVAL, TODAY - timedelta(days=9), site="CAMP-A")
    with acting_as(cast.caseworker.viewer):
        assert stock() == {"CAMP-A": 3}
    # to another site: one line out and one in, the group's own site goes along with the last of them
    moved(cast.caseworker, [mother, son], MovementKind.TRANSFER, TODAY - timedelta(days=8), site="CAMP-B")
    with acting_as(cast.caseworker.viewer):
        assert stock() == {"CAMP-A": 1, "CAMP-B": 2}
        assert Household.objects.get(pk=mother.household_id).site == "CAMP-A"
        assert Movement.objects.get(individual=son, kind="transfer").from_site == "CAMP-A"
    moved(cast.caseworker, [daughter], MovementKind.TRANSFER, TODAY - timedelta(days=7), site="CAMP-B")
    with acting_as(cast.caseworker.viewer):
        assert stock() == {"CAMP-B": 3}
        assert Household.objects.get(pk=mother.household_id).site == "CAMP-B"
    # away for some days, which changes nothing of the record
    moved(cast.caseworker, [son], MovementKind.DEPARTURE, TODAY - timedelta(days=6))
    with acting_as(cast.caseworker.viewer):
        assert Individual.objects.get(pk=son.pk).process_status == "A"
    # gone for good, all of them: inactive with the reason, a departure in the ledger, the group closed
    moved(cast.caseworker, family, MovementKind.SPONTANEOUS, TODAY - timedelta(days=5), country="LBY")
    with acting_as(cast.caseworker.viewer):
        rows = Individual.objects.filter(pk__in=[one.pk for one in family])
        assert set(rows.values_list("process_status", "process_reason", "process_status_on")) == {
            ("I", "departed", TODAY - timedelta(days=5))
        }
        assert LedgerLine.objects.filter(flow=Flow.DEPARTURE).aggregate(n=Sum("people"))["n"] == -3
        assert stock() == {}
        assert Household.objects.get(pk=mother.household_id).closed_on == TODAY - timedelta(days=5)
    # back at a third site: active, counted there, the mother leads again
    assert moved(cast.caseworker, family, MovementKind.RETURNED, site="CAMP-C") == []
    with acting_as(cast.caseworker.viewer):
        again = {one.pk: one for one in rows.all()}
        assert {one.process_status for one in again.values()} == {"A"}
        assert [again[one.pk].number for one in family] == [one.number for one in family]
        assert again[mother.pk].is_focal_point
        assert not again[son.pk].is_focal_point
        assert stock() == {"CAMP-C": 3}
        assert Household.objects.get(pk=mother.household_id).closed_on is None
        assert PastMembership.objects.filter(individual__in=rows).count() == 3
        told = Event.objects.filter(name=movements.MOVED, subject_id=mother.pk)
        assert {one.details["kind"] for one in told} == {"arrival", "transfer", "spontaneous", "returned"}


def test_the_departure_of_one_is_never_refused_for_want_of_a_successor(cast, family):
    mother, son, _daughter = family
    moved(cast.caseworker, [mother], MovementKind.SPONTANEOUS)
    with acting_as(cast.caseworker.viewer):
        assert Individual.objects.get(pk=son.pk).is_focal_point, "the eldest leads"
    moved(cast.caseworker, [mother], MovementKind.RETURNED)
    with acting_as(cast.caseworker.viewer):
        assert not Individual.objects.get(pk=mother.pk).is_focal_point


def test_whoever_is_on_record_as_dead_or_closed_comes_back_as_a_fact(cast, family, supervisor):
    """The fact stands; a closed record is opened by a supervisor, and by nobody else."""
    with acting_as(cast.caseworker.viewer):
        status.change_record(
            individual=family[1], to="C", reason="deceased", on=TODAY, by=cast.caseworker.viewer, now=NOW
        )
    assert [one.pk for one in moved(cast.caseworker, [family[1]], MovementKind.RETURNED)] == [family[1].pk]
    with acting_as(cast.caseworker.viewer):
        assert Individual.objects.get(pk=family[1].pk).process_status == "C"
        assert Movement.objects.filter(individual=family[1]).count() == 1
    assert moved(supervisor, [family[1]], MovementKind.RETURNED, site="CAMP-A") == []
    with acting_as(cast.caseworker.viewer):
        assert Individual.objects.get(pk=family[1].pk).process_status == "A"


@pytest.mark.parametrize(
    ("kind", "given", "says"),
    [
        ("arrival", {"on": TODAY + timedelta(days=1)}, "in the future"),
        ("transfer", {}, "to which site"),
    ],
)
def test_what_cannot_be_is_refused(cast, family, kind, given, says):
    with pytest.raises(NotPermitted, match=says):
        moved(cast.caseworker, family, kind, **given)
    moved(cast.caseworker, family, MovementKind.ARRIVAL)
    with pytest.raises(NotPermitted, match="recorded already"):
        moved(cast.caseworker, family, MovementKind.ARRIVAL)
    with pytest.raises(NotPermitted, match="Choose people of your agency"):
        moved(cast.stranger, family, MovementKind.ARRIVAL)


def test_who_moves_is_covered_by_other_agreements_and_no_partner_reads_where_to(cast, family, event, agree):
    register(cast.caseworker, event, [{"given_name": "Amal", "registration_site": "CAMP-B"}])
    agree(classes=["C1", "C2", "C3"], site="CAMP-B")
    with acting_as(cast.caseworker.viewer):
        assert not PersonAccess.objects.filter(individual_id=family[0].pk).exists()
    moved(cast.caseworker, family, MovementKind.TRANSFER, site="CAMP-B")
    with acting_as(cast.partner.viewer):
        assert Individual.objects.visible_to(cast.partner.viewer).filter(pk=family[0].pk).exists()
        assert not Movement.objects.visible_to(cast.partner.viewer).exists()
        assert not Movement.objects.exists(), "nor by SQL"
    page = cast.partner.browser().get(reverse("movements", args=[family[0].household_id]))
    assert page.status_code == 404


def test_numbers_as_they_are_typed(cast, family, event, django_assert_max_num_queries):
    """One person, a whole group, a slip in typing, somebody else's; a merged record leads to the one that goes on."""
    assert numbers_in(" a-1,b-2; c-3\nB-2 ") == ["A-1", "B-2", "C-3"]
    assert not is_slip(family[0].number)
    assert is_slip(family[0].number[:-1] + ("A" if family[0].number[-1] != "A" else "B"))
    assert is_slip("Mariam")
    other = register(cast.colleague, event, FAMILY)
    with acting_as(cast.caseworker.viewer):
        Individual.objects.filter(pk=family[2].pk).update(merged_into=other[2])
        house = Household.objects.get(pk=other[0].household_id)
        asked = [family[0].number, family[2].number, house.number, "BOR-26-0000999-X", "NONSENSE"]
        with django_assert_max_num_queries(7):
            found, unknown = people_numbered(asked, viewer=cast.caseworker.viewer)
        assert {one: [who.pk for who in people] for one, people in found.items()} == {
            family[0].number: [family[0].pk],
            family[2].number: [other[2].pk],
            house.number: [one.pk for one in other],
        }
        assert [one.number for one in unknown] == asked[3:]
    with acting_as(cast.stranger.viewer):
        assert people_numbered([family[0].number], viewer=cast.stranger.viewer)[0] == {}


def test_a_morning_at_the_gate(cast, family, event, django_assert_max_num_queries):
    """One field, by number: in, out, in again is one row of the day; a list with errors row by row; who was here, by day."""
    client, now = cast.caseworker.browser(), timezone.now()
    assert "at which site" in client.get(reverse("presence")).content.decode()
    url = reverse("presence") + "?site=CAMP-A"
    answer = client.post(url, {"number": family[0].number.lower()}, follow=True)
    assert f"Here: Mariam Idris Abakar ({family[0].number})" in answer.content.decode()
    client.post(url, {"number": family[0].number, "leaving": "on"})
    with acting_as(cast.caseworker.viewer):
        assert Presence.objects.get().left_at is not None
    client.post(url, {"number": family[0].number})
    with acting_as(cast.caseworker.viewer):
        seen = Presence.objects.get()
        assert (seen.left_at, seen.day) == (None, timezone.localdate(now))
        assert seen.first_seen < seen.last_seen
    moved(cast.caseworker, [family[1]], MovementKind.SPONTANEOUS)
    house = Household.objects.none()
    with acting_as(cast.caseworker.viewer):
        house = Household.objects.get(pk=family[0].household_id)
    answer = client.post(url, {"numbers": f"{house.number}\n{family[1].number} BOR-26-0000999-X"})
    page = answer.content.decode()
    assert "Numbers that were not found" in page
    assert "BOR-26-0000999-X" in page
    assert f"Not active: {family[1].number}" in page
    with acting_as(cast.caseworker.viewer):
        viewer = cast.caseworker.viewer
        found = Presence.objects.visible_to(viewer).seen(site="CAMP-A", since=timezone.localdate(now))
        assert list(found.by_day()) == [(timezone.localdate(now), 3, 0)]
        with django_assert_max_num_queries(8):
            movements.see(people=family, site="CAMP-A", by=viewer, now=now)
    assert "Seen here" in client.get(url + "&days=1").content.decode()
    assert "slip in typing" in client.post(url, {"number": "Mariam"}).content.decode()
    file = client.get(reverse("movements", args=[house.pk])).content.decode()
    assert "Last seen at a site" in file
    assert "clearances do not exist" in file


def test_where_people_were_is_forgotten_after_a_year(cast, family):
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        for days in (400, 200, 0):
            movements.see(people=family, site="CAMP-A", by=viewer, now=NOW - timedelta(days=days))
    purging.of_agency(agency=cast.border, now=NOW)
    with acting_as(viewer):
        assert set(Presence.objects.values_list("day", flat=True)) == {TODAY, TODAY - timedelta(days=200)}


def test_the_page_of_a_family_records(cast, family):
    client, url = cast.caseworker.browser(), reverse("movements", args=[family[0].household_id])
    page = client.get(f"{url}?member={family[1].pk}").content.decode()
    assert page.count("checked") == 1
    sent = {"kind": "returned", "members": [str(family[1].pk)], "on": TODAY.isoformat(), "site": ""}
    assert "Recorded." in client.post(url, sent, follow=True).content.decode()
    assert "Choose at least one person" in client.post(url, sent | {"members": []}).content.decode()
    assert "in the future" in client.post(url, sent | {"on": "2099-01-01"}).content.decode()
