"""Can a clerk do with a family, on its pages, what happens to families; and does the story say who did it and why?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from registration.models import Household, Individual, PastMembership
from tests.conftest import NOW, Cast, Person, acting_as
from tests.registration.test_groups import codes, home, supervisor

__all__ = ["home", "supervisor"]
DAY = NOW.date().isoformat()


def post(browser: Client, name: str, pk: object, query: str = "", **given: object) -> str:
    """Send a form and return the page that follows."""
    answer = browser.post(reverse(name, args=[pk]) + query, given, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_other_parent_leads(cast: Cast, home: list[Individual]) -> None:
    hawa, omar, zeinab, ali = home
    browser, house = cast.caseworker.browser(), hawa.household_id
    first = browser.get(reverse("group-arrange", args=[house])).content.decode()
    assert "Omar" in first
    assert first.count('type="radio"') == 4
    url = f"?focal={omar.pk}"
    page = browser.get(reverse("group-arrange", args=[house]) + url).content.decode()
    assert '<option value="WIF" selected>' in page, "what she is to him is proposed"
    given = {f"is_{hawa.pk}": "WIF", f"is_{zeinab.pk}": "SCF", f"is_{ali.pk}": "SON", "on": DAY}
    assert "There is a problem" in post(browser, "group-arrange", house, url, **given)
    page = post(browser, "group-arrange", house, url, reason="focal_point", **given)
    assert "Former members and places" in page
    assert "Another focal point" in page
    assert cast.caseworker.user.name in page
    assert codes(cast.caseworker, house) == {"Hawa": "WIF", "Omar": "PA", "Zeinab": "SCF", "Ali": "SON"}


def test_a_group_is_divided_on_its_page(cast: Cast, home: list[Individual]) -> None:
    hawa, omar, zeinab, ali = home
    browser, house = cast.caseworker.browser(), hawa.household_id
    given = {"members": [hawa.pk, ali.pk], "focal_point": hawa.pk, "reason": "divorce", "on": DAY}
    assert "Choose who leads" in post(browser, "group-split", house, **given)
    assert "Check what everybody is" in post(browser, "group-split", house, successor=omar.pk, **given)
    assert codes(cast.caseworker, house) == {"Omar": "PA", "Zeinab": "DAU"}
    page = browser.get(reverse("individual", args=[ali.pk])).content.decode()
    assert "Places in groups before" in page
    assert "Divorce or separation" in page
    with acting_as(cast.caseworker.viewer):
        number = Household.objects.get(members=ali.pk).number
    back = {"members": [ali.pk], "reason": "correction", "on": DAY}
    assert "no group with this number" in post(
        browser, "group-move", house, number="X", **(back | {"members": [zeinab.pk]})
    )
    page = post(browser, "group-move", house, number=number.lower(), **(back | {"members": [zeinab.pk]}))
    assert codes(cast.caseworker, house) == {"Omar": "PA"}


def test_a_birth_takes_from_the_mother(cast: Cast, home: list[Individual]) -> None:
    hawa, browser = home[0], cast.caseworker.browser()
    born = NOW.date() - timedelta(days=1)
    given = {
        "reason": "birth", "given_name": "Noor", "sex": "F", "date_of_birth": born.isoformat(), "on": DAY, "father_name": "Omar",
    }  # fmt: skip
    assert "who the mother is" in post(browser, "member-new", hawa.household_id, **given)
    assert "not a date" in post(
        browser, "member-new", hawa.household_id, **(given | {"date_of_birth": "soon"})
    )
    assert "Noor" in post(browser, "member-new", hawa.household_id, mother=home[2].pk, **given)
    with acting_as(cast.caseworker.viewer):
        noor = Individual.objects.get(given_name="Noor")
    assert (noor.relationship, noor.nationality, noor.joined_on, noor.mother_name) == (
        "GCF",
        "SDN",
        born,
        "Zeinab Idris Abakar",
    )


def test_a_clerk_records_a_death_and_asks_a_supervisor_for_the_rest(
    cast: Cast, supervisor: Person, home: list[Individual]
) -> None:
    hawa, omar, zeinab, ali = home
    browser = cast.caseworker.browser()
    page = browser.get(reverse("record-change", args=[hawa.pk])).content.decode()
    assert "Deceased" in page
    assert "Resettled" not in page
    assert "ask a supervisor" in page
    assert browser.get(reverse("legal-change", args=[hawa.pk])).status_code == 403
    page = post(browser, "record-change", hawa.pk, change="C deceased", on=DAY, successor=zeinab.pk)
    assert "Recorded" in page
    assert "Deceased" in page
    assert codes(cast.caseworker, hawa.household_id) == {"Omar": "PRM", "Zeinab": "PA", "Ali": "SBM"}
    assert "Deceased" in post(browser, "record-change", hawa.pk, change="C resettled", on=DAY), (
        "not one of the choices"
    )
    theirs = supervisor.browser()
    page = post(
        theirs, "legal-change", omar.pk, legal_status="REFUGEE", basis="OAU_1969", category="", on=DAY
    )
    assert "OAU Convention" in page
    page = post(theirs, "group-close", hawa.household_id, change="C resettled", on=DAY)
    assert "Closed" in page
    assert "Add a member" in page
    assert "Divide the group" not in page
    with acting_as(cast.caseworker.viewer):
        assert PastMembership.objects.filter(household=hawa.household_id, reason="record_closed").count() == 4


@pytest.mark.parametrize("name", ["group-split", "group-move", "group-close", "group-arrange", "member-new"])
def test_nobody_else_finds_the_pages(cast: Cast, family: list[Individual], name: str) -> None:
    url = reverse(name, args=[family[0].household_id])
    assert cast.stranger.browser().get(url).status_code == 404
    assert cast.decider.browser().get(url).status_code in {403, 404}
    assert cast.caseworker.browser().get(url).status_code == 200
