"""Do the pages about claims show the right people the right things, and lead from one step to the next?"""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cases.actions import claims as acts
from cases.models import Claim, ClaimReference
from refugeecm.core.models import ReadEvent
from registration.models import Individual
from tests.conftest import NOW, Cast, Person, acting_as, end, register

CHANGING = rb"[A-Za-z0-9]{64}|[0-9a-f-]{36}"  # the token of a form, and the address itself


def open_for(person: Person, individual: Individual) -> Claim:
    with acting_as(person.viewer):
        return acts.open_claim(individual=individual, made_on=NOW.date(), by=person.viewer, now=NOW)


@pytest.fixture
def claim(cast: Cast, family: list[Individual]) -> Claim:
    """Mariam's claim."""
    return open_for(cast.caseworker, family[0])


def test_a_claim_is_opened_from_a_persons_file(cast: Cast, family: list[Individual]) -> None:
    browser, address = cast.caseworker.browser(), reverse("claim-new", args=[family[0].pk])
    page = browser.get(address).content.decode()
    assert "Mariam Idris Abakar" in page
    tomorrow = timezone.now().date() + timedelta(days=1)
    answer = browser.post(address, {"made_on": tomorrow.isoformat()})
    assert "cannot lie in the future" in answer.content.decode()
    assert browser.post(address, {"made_on": "yesterday"}).context["form"].errors["made_on"]
    answer = browser.post(address, {"made_on": "2026-02-20"}, follow=True)
    page = answer.content.decode()
    assert re.search(r"Claim BOR-C-\d\d-\d{7}-\w is open", page)
    assert "Registered" in page
    assert "Yusuf" in page
    assert "Examine the claim" in page
    assert "What happened" in page
    again = browser.get(address).content.decode()
    assert "has an open claim already" in again
    assert '<form class="block"' not in again
    assert "has an open claim already" in browser.post(address, {"made_on": "2026-02-20"}).content.decode()


def test_the_list_finds_and_narrows(cast: Cast, claim: Claim, family: list[Individual]) -> None:
    other = open_for(cast.colleague, family[1])
    browser = cast.caseworker.browser()

    def listed(**chosen: str) -> set[str]:
        page = browser.get(reverse("claims"), chosen).content.decode()
        return {one for one in (claim.number, other.number) if one in page}

    both = {claim.number, other.number}
    assert listed() == both
    assert listed(q=f" {claim.number.lower()} ") == {claim.number}
    assert listed(q=claim.number[:-1]) == set()
    assert listed(status="registered") == both
    assert listed(status="decided") == set()
    assert listed(whose="mine") == {claim.number}
    assert listed(whose="agency") == both
    assert listed(whose="shared") == set()
    assert listed(whose="nonsense") == both
    assert "No claim fits" in browser.get(reverse("claims"), {"q": "nothing"}).content.decode()
    assert "No claims yet" in cast.stranger.browser().get(reverse("claims")).content.decode()
    browser.post(reverse("claim-reference", args=[other.pk]), {"value": "K-77"})
    assert listed(q="K-77") == {other.number}


def test_the_list_costs_the_same_however_long(cast: Cast, event: Any, claim: Claim) -> None:
    browser = cast.caseworker.browser()
    browser.get(reverse("claims"))

    def statements() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert browser.get(reverse("claims")).status_code == 200
        return len(found)

    one = statements()
    for number in range(5):
        open_for(
            cast.caseworker, register(cast.caseworker, event, [{"given_name": f"Person{'abcde'[number]}"}])[0]
        )
    assert statements() == one
    assert one <= 14


def test_the_partner_sees_status_without_names_then_with(cast: Cast, claim: Claim, agree: Any) -> None:
    agree(classes=["C1"])
    browser = cast.partner.browser()
    page = browser.get(reverse("claims")).content.decode()
    assert claim.number in page
    assert "Mariam" not in page
    assert "not shared" in page
    page = browser.get(reverse("claim", args=[claim.pk])).content.decode()
    assert claim.number in page
    assert "Registered" in page
    assert "Shared by Border Office" in page
    for secret in ("Mariam", "Abakar", "Sudan", "Yusuf", "1990", "Amina"):
        assert secret not in page
    for button in ("Start the examination", "Refer to a partner", "Propose"):
        assert button not in page
    agree(classes=["C1", "C2"], title="Identity too")
    page = browser.get(reverse("claim", args=[claim.pk])).content.decode()
    assert "Mariam Idris Abakar" in page
    assert "Sudan" in page
    assert "Yusuf" in page


def test_a_filter_does_not_tell_what_the_page_hides(cast: Cast, claim: Claim, agree: Any) -> None:
    agree(classes=["C2"])
    browser = cast.partner.browser()
    page = browser.get(reverse("claim", args=[claim.pk])).content.decode()
    assert "Mariam Idris Abakar" in page
    assert claim.number not in page
    assert "Registered</" not in page
    for chosen in ({}, {"status": "registered"}, {"q": claim.number}):
        assert str(claim.pk) not in browser.get(reverse("claims"), chosen).content.decode()


def test_the_stranger_gets_the_404_of_nothing(
    cast: Cast, claim: Claim, family: list[Individual], agree: Any
) -> None:
    made = agree()
    browser = cast.stranger.browser()
    for name in ("claim", "claim-new", "referral-new"):
        key = family[0].pk if name == "claim-new" else claim.pk
        here, nowhere = (
            browser.get(reverse(name, args=[key])),
            browser.get(reverse(name, args=[uuid.uuid4()])),
        )
        assert here.status_code == nowhere.status_code == 404
        assert re.sub(CHANGING, b"", here.content) == re.sub(CHANGING, b"", nowhere.content)
    for name in ("claim-propose", "claim-approve", "claim-reference"):
        assert (
            browser.post(reverse(name, args=[claim.pk]), {"value": "x", "outcome": "rejected"}).status_code
            == 404
        )
    partner = cast.partner.browser()
    assert partner.get(reverse("claim", args=[claim.pk])).status_code == 200
    end(made, cast.admin)
    assert partner.get(reverse("claim", args=[claim.pk])).status_code == 404
    assert claim.number not in partner.get(reverse("claims")).content.decode()


def test_the_partner_changes_nothing_but_its_own_number(cast: Cast, claim: Claim, agree: Any) -> None:
    agree()
    browser = cast.partner.browser()
    answer = browser.post(reverse("claim-move", args=[claim.pk, "examination"]), follow=True)
    assert "Only a caseworker of the agency that is responsible" in answer.content.decode()
    for name in ("claim-propose", "claim-approve"):
        assert browser.post(reverse(name, args=[claim.pk]), {"outcome": "rejected"}).status_code == 404
    answer = browser.post(reverse("claim-reference", args=[claim.pk]), {"value": "HH-12"}, follow=True)
    assert "Your systems can ask for this claim by HH-12" in answer.content.decode()
    assert 'value="HH-12"' in answer.content.decode()
    assert "HH-12" not in cast.caseworker.browser().get(reverse("claim", args=[claim.pk])).content.decode()
    with acting_as(cast.partner.viewer):
        assert ClaimReference.objects.get().value == "HH-12"


def test_looking_is_recorded_with_the_classes_that_were_shown(cast: Cast, claim: Claim, agree: Any) -> None:
    agree()
    cast.partner.browser().get(reverse("claim", args=[claim.pk]))
    cast.partner.browser().get(reverse("claims"))
    with acting_as(cast.caseworker.viewer):  # the owner reads who looked
        seen = list(ReadEvent.objects.filter(agency_id=cast.help.pk).order_by("at", "subject_type"))
    assert [(one.view, one.subject_type) for one in seen] == [
        ("claim", "cases.claim"),
        ("claim", "registration.individual"),
        ("claims", "registration.individual"),
    ]
    assert seen[0].subject_ids == [claim.pk]
    assert seen[0].classes == ["C0", "C1"]
    assert len(seen[1].subject_ids) == 3


def test_an_administrator_reads_no_claims(cast: Cast, claim: Claim) -> None:
    assert cast.admin.browser().get(reverse("claims")).status_code == 403
    assert cast.admin.browser().get(reverse("claim", args=[claim.pk])).status_code == 403
