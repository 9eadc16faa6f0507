"""A clerk's day: thirty families, two who come late, a birth, a death, a correction, a division; who did what and why is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from registration.actions import groups, people, status
from registration.models import Household, Individual, InfluxEvent
from tests.conftest import NOW, Cast, acting_as, arrival
from tests.registration.test_group_pages import post
from tests.registration.test_groups import act, balanced, codes

TODAY = NOW.date()


def _families() -> list[people.Arrival]:
    """Return thirty families of one to five: a mother, a father, a grown-up daughter, two boys."""
    found = []
    for number in range(30):
        members = [
            arrival(given_name=f"Mother {number}", relationship_to_head="head", date_of_birth="1975-01-01"),
            arrival(
                given_name=f"Father {number}",
                relationship_to_head="spouse",
                sex="M",
                date_of_birth="1973-01-01",
            ),
            arrival(
                given_name=f"Daughter {number}", relationship_to_head="child", date_of_birth="2002-01-01"
            ),
            *[
                arrival(
                    given_name=f"Boy {one} of {number}",
                    relationship_to_head="child",
                    sex="M",
                    date_of_birth=f"201{one}-05-01",
                )
                for one in (2, 6)
            ],
        ][: 1 + number % 5]
        found.append(
            people.Arrival(members=members, ordinals=[number * 5 + place for place in range(len(members))])
        )
    return found


def test_a_clerks_day(cast: Cast, event: InfluxEvent) -> None:
    clerk, viewer = cast.caseworker, cast.caseworker.viewer
    with acting_as(viewer):
        people.register(arrivals=_families(), by=viewer, now=NOW, event=event)
        assert Household.objects.count() == 30
        large = Household.objects.get(members__given_name="Mother 4")
        other = Household.objects.get(members__given_name="Mother 9")
        by_name: dict[str, Any] = {
            one.given_name: one for one in Individual.objects.filter(household__in=[large, other])
        }
    # Two who were not there this morning: an uncle, and the sister of the other family's mother.
    uncle = arrival(given_name="Uncle", sex="M", relationship_to_head="uncle", date_of_birth="1960-01-01")
    aunt = arrival(given_name="Aunt", relationship_to_head="sister", date_of_birth="1979-01-01")
    act(clerk, groups.add, household=large, members=[uncle], reason="late")
    act(clerk, groups.add, household=other, members=[aunt], reason="late")
    # The daughter of the house has a child, who was born two days ago.
    child = arrival(
        given_name="Noor",
        registration_date=TODAY.isoformat(),
        arrival_date="",
        relationship_to_head="granddaughter",
        date_of_birth=(TODAY - timedelta(days=2)).isoformat(),
    )
    act(clerk, groups.add, household=large, members=[child], reason="birth", mother=by_name["Daughter 4"],
        on=TODAY - timedelta(days=2))  # fmt: skip
    # The father of the other family has died; a colleague writes it down. The mother led the group, and does.
    act(
        cast.colleague,
        status.change_record,
        individual=by_name["Father 9"],
        to="C",
        reason="deceased",
        on=TODAY - timedelta(days=1),
    )
    # One boy is her sister's, not her own: his place in the group is corrected, on the page.
    boy, mother = by_name["Boy 6 of 9"], by_name["Mother 9"]
    with acting_as(viewer):
        places = {f"is_{one.pk}": one.relationship for one in groups.active(other) if one.pk != mother.pk}
    page = post(
        clerk.browser(), "group-arrange", other.pk, f"?focal={mother.pk}", reason="correction", on=TODAY.isoformat(),
        **(places | {f"is_{boy.pk}": "NEP"}),
    )  # fmt: skip
    # The daughter and her child live by themselves from today on.
    with acting_as(viewer):
        noor = Individual.objects.get(given_name="Noor")
    act(
        clerk,
        groups.split,
        members=[by_name["Daughter 4"], noor],
        focal_point=by_name["Daughter 4"],
        reason="marriage",
    )

    assert balanced(clerk)
    assert codes(clerk, large) == {
        "Mother 4": "PA",
        "Father 4": "HUS",
        "Boy 2 of 4": "SON",
        "Boy 6 of 4": "SON",
        "Uncle": "UNC",
    }
    assert codes(clerk, other)["Boy 6 of 9"] == "NEP"
    browser, me, colleague = clerk.browser(), cast.caseworker.user.name, cast.colleague.user.name
    page = browser.get(f"/households/{other.pk}/").content.decode()
    for told in (
        "Registered late",
        "Deceased",
        "Correction",
        "Closed · Deceased · 1 Mar 2026",
        "Son → Nephew",
        me,
        colleague,
    ):
        assert told in page, told
    page = browser.get(f"/households/{large.pk}/").content.decode()
    for told in ("Registered late", "A registration group was divided.", "Marriage", "Noor", me):
        assert told in page, told
    page = browser.get(f"/people/{noor.pk}/").content.decode()
    for told in (
        "Somebody joined a registration group.",
        "Birth",
        "Places in groups before",
        large.number,
        "Granddaughter",
    ):
        assert told in page, told
