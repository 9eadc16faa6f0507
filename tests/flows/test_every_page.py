"""Every page in two ways: English on a wide light screen, Arabic on a narrow dark one. Nobody is kept out, nothing overflows."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cases.actions import claims
from registration.models import Individual
from resettlement.actions import referrals
from tests.conftest import NOW, Cast, Person, acting_as
from tests.flows.conftest import System, page_of
from tests.flows.test_main_job import no_serious_findings

WAYS = {
    "en": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "ar": {"viewport": {"width": 390, "height": 800}, "color_scheme": "dark"},
}


@pytest.mark.parametrize("language", sorted(WAYS))
def test_pages_keep_nobody_out(
    language: str,
    cast: Cast,
    family: list[Individual],
    agree: Any,
    api_client: Any,
    system: System,
    browser: Any,
) -> None:
    """No serious accessibility finding, no sideways scrolling, no complaint of the browser, the right direction."""
    agreement = agree(classes=["C1", "C2"])
    api_client()
    with acting_as(cast.caseworker.viewer):
        claim = claims.open_claim(
            individual=family[0], made_on=date(2026, 3, 1), by=cast.caseworker.viewer, now=NOW
        )
        referral = referrals.refer(
            claim=claim,
            agreement=agreement,
            service="legal_aid",
            urgency="urgent",
            message="Please call first.",
            by=cast.caseworker.viewer,
            now=NOW,
        )
    shared = [
        f"/people/{family[0].pk}/",
        f"/households/{family[0].household_id}/",
        f"/claims/{claim.pk}/",
        f"/referrals/{referral.pk}/",
        f"/households/{family[0].household_id}/hand-over/",
    ]
    lists = [
        "/",
        "/people/",
        "/people/?q=Maryam",
        "/registration/",
        "/imports/",
        "/imports/new/",
        "/claims/",
        "/referrals/",
        "/agencies/",
        "/agreements/",
    ]
    visits: list[tuple[Person, list[str]]] = [
        (
            cast.caseworker,
            [f"/households/{family[0].household_id}/{one}/" for one in ("slip", "appointment")],
        ),
        (cast.caseworker, [*lists, *shared, f"/claims/{claim.pk}/refer/", f"/people/{family[1].pk}/claim/"]),
        (cast.partner, ["/", "/people/", *shared]),
        (
            cast.partner_admin,
            [
                "/",
                f"/agreements/{agreement.pk}/",
                f"/agreements/{agreement.pk}/end/",
                "/agreements/new/",
                "/clients/",
                "/clients/new/",
                f"/agencies/{cast.help.pk}/",
            ],
        ),
    ]
    for person, addresses in visits:
        page = page_of(browser, system, person, language=language, **WAYS[language])
        for address in addresses:
            answer = page.goto(address)
            assert answer.status == 200, (address, answer.status)
            assert page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
            assert page.locator("h1").count() == 1, address
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
                f"{address} overflows"
            )
            no_serious_findings(page)


def test_the_sign_in_page_keeps_nobody_out(system: System, browser: Any, cast: Cast) -> None:
    """A wrong password is answered in words, in both languages, without saying whether the address is known."""
    answers = {}
    for language, way in WAYS.items():
        context = browser.new_context(base_url=system.address, **way)
        context.add_cookies([{"name": "django_language", "value": language, "url": system.address}])
        page = context.new_page()
        page.problems = []
        for address in ("amina@border.example", "nobody@border.example"):
            page.goto("/people/")
            page.locator("#id_login").fill(address)
            page.locator("#id_password").fill("wrong")
            page.locator("#id_password").press("Enter")
            answers[language, address] = page.locator("[role=alert]").inner_text()
            no_serious_findings(page)
    english, unknown, arabic, unknown_in_arabic = answers.values()
    assert english == unknown != ""
    assert arabic == unknown_in_arabic != ""
    assert english != arabic
