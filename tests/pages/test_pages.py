"""Does everybody see on the roof's pages what waits for them, whom they may see, and nothing else?"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agencies.models import Agreement
from cases.actions import claims
from cases.models import Claim
from refugeecm.core import outbox
from refugeecm.core.ids import uuid7
from refugeecm.core.models import ReadEvent
from registration import search
from registration.models import Individual, InfluxEvent, MatchCandidate
from resettlement.actions import referrals
from tests.conftest import NOW, Cast, acting_as, end, proposed, register

Agree = Callable[..., Agreement]

NOBODY = "0191b6a0-0000-7000-8000-000000000000"


def bare(answer: Any, key: str) -> str:
    """Return the text of an answer without what differs between any two requests: tokens, and the address itself."""
    return re.sub(r"[A-Za-z0-9]{64}", "", answer.content.decode()).replace(key, "")


def page(browser: Client, name: str, *args: Any, **query: str) -> str:
    """Return the text of a page that answers with success, in at most twenty statements."""
    with CaptureQueriesContext(connection) as queries:
        answer = browser.get(reverse(name, args=args), query)
    assert answer.status_code == 200, (answer.status_code, answer.content.decode()[:2000])
    said = [one["sql"] for one in queries if "SAVEPOINT" not in one["sql"]]
    assert len(said) <= 20, "\n".join(one[:200] for one in said)
    return answer.content.decode()


@pytest.fixture
def claim(cast: Cast, family: list[Individual]) -> Claim:
    """The mother's claim."""
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        return claims.open_claim(individual=family[0], made_on=date(2026, 2, 25), by=viewer, now=NOW)


def test_people_newest_and_found_in_another_spelling_and_script(cast: Cast, family: list[Individual]) -> None:
    clerk = cast.caseworker.browser()
    everyone = page(clerk, "people")
    assert all(one.given_name in everyone for one in family)
    for text in ("Maryam Abaker", "مريم ابكر", "MARIAM"):
        found = page(clerk, "people", q=text)
        assert family[0].number in found, text
    assert "Nobody found" in page(clerk, "people", q="Wolfgang Amadeus")
    with acting_as(cast.caseworker.viewer):
        assert ReadEvent.objects.filter(view="people").count() == 4


def test_people_by_number(cast: Cast, family: list[Individual], claim: Claim) -> None:
    clerk = cast.caseworker.browser()
    mother, son = family[0], family[1]
    assert mother.given_name in page(clerk, "people", q=mother.number.lower())
    assert son.number in page(clerk, "people", q=mother.household.number)
    by_claim = page(clerk, "people", q=claim.number)
    assert mother.number in by_claim
    assert son.number not in by_claim
    assert mother.number in page(clerk, "people", q="p-01234567"), (
        "a document number, as typed by somebody else"
    )


def test_people_filters(cast: Cast, family: list[Individual], event: InfluxEvent) -> None:
    clerk = cast.caseworker.browser()
    boys = page(clerk, "people", sex="M", nationality="SDN", event=event.slug, born="2014")
    assert family[1].number in boys
    assert family[0].number not in boys
    assert "Nobody found" in page(clerk, "people", nationality="UKR")
    assert "There is a problem" in page(clerk, "people", born="abc")


def test_somebody_of_a_common_name_is_found_with_a_filter(
    cast: Cast, event: InfluxEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of very many of one name: the filter is part of the search, not applied to those who were found first."""
    monkeypatch.setattr(search, "WITHIN_ONE", 1)
    monkeypatch.setattr(search, "WITHIN", 1)
    monkeypatch.setattr(search, "WITHIN_PART", 1)
    sought, other, *_rest = (
        register(cast.caseworker, event, [{"given_name": given, "family_name": family, "nationality": land}])[
            0
        ]
        for given, family, land in [("Khaled", "Haddad", "YEM"), ("Ibrahim", "Haddad", "SDN")]
        + [("Khaled", "Saleh", "SDN")] * 9
    )
    clerk = cast.caseworker.browser()
    assert sought.number in page(clerk, "people", q="Khalid", nationality="YEM")
    assert sought.number in page(clerk, "people", q="Khaled Haddad"), (
        "who has all parts comes before who has one"
    )
    assert other.number in page(clerk, "people", q="Ibrahim Yusuf Hadad"), "one part may be wrong"


def test_a_search_by_name_and_age_tells_no_age_that_is_not_shown(
    cast: Cast, family: list[Individual], agree: Agree
) -> None:
    agree(classes=["C1"], matrix={"registration.individual.name": "see"})
    partner, mother = cast.partner.browser(), family[0]
    assert mother.number in page(partner, "people", q="Mariam Abakar")
    assert "Nobody found" in page(partner, "people", q="Mariam Abakar", born="1990")


def test_partner_sees_status_without_identity(cast: Cast, family: list[Individual], agree: Agree) -> None:
    partner, house = cast.partner.browser(), family[0].household_id
    assert partner.get(reverse("household", args=[house])).status_code == 404
    agreement = agree()
    text = page(partner, "people")
    assert family[0].number in text
    assert "Mariam" not in text
    assert "not shared" in text
    assert "Nobody found" in page(partner, "people", q="Mariam Abakar"), "no name search without the names"
    assert "Nobody found" in page(partner, "people", sex="F"), "no filter by what is not shown"
    assert "Nobody found" in page(partner, "people", q="P01234567")
    for name, key in (("household", house), ("individual", family[0].pk)):
        text = page(partner, name, key)
        assert agreement.reference in text
        assert "Border Office" in text
        assert "not shared" in text
        assert not any(
            secret in text for secret in ("Mariam", "Abakar", "1990", "P01234567", "66 12 34 56", "CAMP-A")
        )
        assert "Open a claim" not in text
    end(agreement, cast.admin)
    assert partner.get(reverse("household", args=[house])).status_code == 404


def test_partner_with_identity_sees_names_but_no_contact(
    cast: Cast, family: list[Individual], agree: Agree
) -> None:
    agree(classes=["C1", "C2"])
    partner = cast.partner.browser()
    assert family[0].number in page(partner, "people", q="Maryam Abaker")
    text = page(partner, "individual", family[0].pk)
    assert "Mariam Idris Abakar" in text
    assert "17 May 1990" in text
    assert not any(secret in text for secret in ("P01234567", "66 12 34 56", "CAMP-A"))


def test_partner_with_contact_reads_the_sealed_values(
    cast: Cast, family: list[Individual], agree: Agree
) -> None:
    agree(classes=["C1", "C2", "C3"])
    text = page(cast.partner.browser(), "individual", family[0].pk)
    assert "P01234567" in text
    assert "+235 66 12 34 56" in text


def test_stranger_gets_the_same_404(cast: Cast, family: list[Individual], agree: Agree) -> None:
    agree()
    stranger = cast.stranger.browser()
    for name, key in (("household", family[0].household_id), ("individual", family[0].pk)):
        there, nowhere = stranger.get(reverse(name, args=[key])), stranger.get(reverse(name, args=[NOBODY]))
        assert there.status_code == nowhere.status_code == 404
        assert bare(there, str(key)) == bare(nowhere, NOBODY)
    assert "Nobody is registered yet" in page(stranger, "people")
    assert "Nobody found" in page(stranger, "people", q=family[0].number)


def test_family_file(
    cast: Cast, family: list[Individual], claim: Claim, agree: Agree, event: InfluxEvent
) -> None:
    agreement = agree()
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        referrals.refer(
            claim=claim,
            agreement=agreement,
            service="legal_aid",
            urgency="urgent",
            message="Please help",
            by=viewer,
            now=NOW,
        )
        Individual.objects.filter(pk=family[1].pk).update(family_name="Abakr")
        Individual.objects.filter(pk=family[1].pk).update(sex="U")
    twin = register(cast.caseworker, event, [{"given_name": "Maryam"}])[0]
    with acting_as(viewer):
        MatchCandidate.objects.create(
            id=uuid7(NOW),
            agency=cast.border,
            other_agency=cast.border,
            individual=twin,
            other=family[0],
            score=5.1,
            evidence=[["given_name", "same", 8.2, 0.0]],
            found_by="desk",
            found_at=NOW,
        )
    clerk = cast.caseworker.browser()
    text = page(clerk, "household", family[0].household_id)
    assert text.index("Mariam") < text.index("Yusuf")
    assert claim.number in text
    assert text.count("Open a claim") == 2, "for both children, not for the mother"
    assert "A household and its members were registered." in text
    assert "A claim for asylum was opened." in text
    assert "Amina" in text
    assert "Legal aid" in text
    assert "Shared with Helping Hands" in text
    assert "Family name: Abakar → Abakr" in text or "family name: Abakar → Abakr" in text
    assert "Male → Unknown" in text
    assert "Maryam Idris Abakar" in text
    assert "Given name: the same" in text
    person = page(clerk, "individual", family[0].pk)
    assert "P01234567" in person
    assert "Sudan" in person
    assert "Halima" in person
    assert "Maryam Idris Abakar" in person
    with acting_as(viewer):
        looks = ReadEvent.objects.filter(view="household").get()
        assert set(looks.subject_ids) == {one.pk for one in family}
        assert "C3" in looks.classes


def test_names_are_text_not_markup(cast: Cast, event: InfluxEvent) -> None:
    odd = register(
        cast.caseworker, event, [{"given_name": "<script>alert(1)</script>", "native_name": '"><b>'}]
    )[0]
    clerk = cast.caseworker.browser()
    for text in (
        page(clerk, "people"),
        page(clerk, "individual", odd.pk),
        page(clerk, "household", odd.household_id),
    ):
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text


def test_home_of_a_caseworker(cast: Cast, family: list[Individual], claim: Claim) -> None:
    clerk = cast.caseworker.browser()
    text = page(clerk, "home")
    assert "Nothing waits for you" in text
    assert reverse("claims") + "?whose=agency&amp;status=registered" in text


def test_home_of_a_partner_and_notifications(cast: Cast, claim: Claim, agree: Agree) -> None:
    agreement, viewer = agree(), cast.caseworker.viewer
    with acting_as(viewer):
        referrals.refer(
            claim=claim,
            agreement=agreement,
            service="legal_aid",
            urgency="urgent",
            message="",
            by=viewer,
            now=NOW,
        )
    outbox.drain(now=NOW)
    partner = cast.partner.browser()
    text = page(partner, "home")
    assert "Answer the referral: Legal aid" in text
    assert "A partner referred a case to your agency." in text
    notified = text.count("Put aside")
    where = text[text.index('action="/notifications/') + 8 :].split('"')[0]
    assert cast.stranger.browser().post(where).status_code == 404
    assert partner.post(where).status_code == 302
    assert page(partner, "home").count("Put aside") == notified - 1


def test_home_of_an_administrator(cast: Cast, agree: Agree, api_client: Callable[..., Any]) -> None:
    agree(ends_on=date(2099, 1, 1))
    api_client()
    admin = cast.partner_admin.browser()
    text = page(admin, "home")
    assert "was never used" in text
    assert "Agreements in force" in text
    assert "Send a list" not in text
    proposed(
        [cast.admin, cast.second_admin], other=cast.help, title="Names too", purpose="protection", legal_basis="mandate",
        classes=["C2"], channels=["pages"], starts_on=date(2026, 1, 1), event_slug="east-2026",
    )  # fmt: skip
    assert "Answer the proposed agreement “Names too”" in page(admin, "home")


def test_home_of_a_decision_maker(cast: Cast, claim: Claim) -> None:
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        claims.change_status(claim=claim, to="examination", by=viewer, now=NOW)
        claims.propose_decision(claim=claim, outcome="recognised", by=viewer, now=NOW)
    assert f"Approve the proposed decision on {claim.number}" in page(cast.decider.browser(), "home")
    assert "Approve the proposed" not in page(cast.colleague.browser(), "home")


def test_administrators_read_no_files(cast: Cast, family: list[Individual]) -> None:
    admin = cast.admin.browser()
    for name, args in (
        ("people", []),
        ("household", [family[0].household_id]),
        ("individual", [family[0].pk]),
    ):
        assert admin.get(reverse(name, args=args)).status_code == 403
