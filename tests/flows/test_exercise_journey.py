"""A morning at the desk of a verification exercise in a real browser, by keyboard alone; and the pages beside it keep nobody out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agencies.actions import agencies as founding
from agencies.enums import Role
from refugeecm.core.models import User
from registration.actions import elsewhere, exercises, incidents, indicators, movements
from registration.models import IndicatorAssessment, Individual, VerificationTarget
from tests.conftest import FAMILY, Cast, Person, acting_as, register
from tests.flows.conftest import System, page_of
from tests.flows.test_every_page import WAYS
from tests.flows.test_main_job import no_serious_findings


@pytest.fixture
def supervisor(cast: Cast) -> Person:
    user = User.objects.create_user("vera@border.example", name="Vera")
    return Person(user, founding.enrol(agency=cast.border, user=user, role=Role.SUPERVISOR))


def checked(page: Any, *addresses: str) -> None:
    """Look at pages: nothing is serious, nothing overflows."""
    for address in addresses:
        if address:
            page.goto(address)
        no_serious_findings(page)
        assert page.locator("h1").count() == 1, address
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{address} overflows"


@pytest.mark.parametrize("language", sorted(WAYS))
def test_results_by_keyboard(
    language: str,
    cast: Cast,
    family: list[Individual],
    event: Any,
    supervisor: Person,
    system: System,
    browser: Any,
) -> None:
    """A number and Enter bring the family, Enter keeps that they came; one key changes a result; a slip is told in words."""
    register(cast.caseworker, event, FAMILY)
    viewer, now = supervisor.viewer, timezone.now()
    today = timezone.localdate(now)
    with acting_as(viewer):
        made = exercises.plan(
            name="Spring at the river", site="CAMP-A", starts_on=today, ends_on=today + timedelta(days=2), capacity=4,
            by=viewer, now=now,
        )  # fmt: skip
        exercises.start(exercise=made, by=viewer, now=now)
    page = page_of(browser, system, cast.caseworker, language=language, **WAYS[language])
    checked(page, f"/registration/exercises/{made.pk}/desk/")

    def enter(text: str = "") -> None:
        with page.expect_navigation():
            page.keyboard.type(text)
            page.keyboard.press("Enter")

    enter(family[1].number)
    checked(page, "")
    enter()
    with acting_as(viewer):
        found = VerificationTarget.objects.filter(exercise=made, individual__in=family)
        assert found.counted() == {"present_no_biometric": 3}
    enter(family[0].number)  # again, for one of them something else is so
    page.keyboard.press("Shift+Tab")  # from "Save" to the last of the family
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    enter()
    with acting_as(viewer):
        assert found.counted() == {"present_no_biometric": 2, "present_biometric_match": 1}
    enter("MARIAM")
    assert page.locator("[role=alert]").inner_text()
    checked(page, "")
    _others(page, family, made.pk, cast, system, browser, supervisor, language)


def _others(
    page: Any,
    family: list[Individual],
    pk: Any,
    cast: Cast,
    system: System,
    browser: Any,
    supervisor: Person,
    language: str,
) -> None:
    """The other pages about where people are and what is known of their way."""
    viewer, now = cast.caseworker.viewer, timezone.now()
    with acting_as(viewer):
        movements.record(
            people=family, kind="arrival", on=timezone.localdate(now), site="CAMP-B", by=viewer, now=now
        )
        movements.see(people=family, site="CAMP-B", by=viewer, now=now)
        elsewhere.record(
            individual=family[0], country="EGY", held="refugee", number="EG-77", evidence="document", reason="family",
            by=viewer, now=now,
        )  # fmt: skip
        facts = {"reference": "SAR 26/0117", "happened_at": now - timedelta(days=1), "disembarked_at": now, "country": "ITA",
                 "port": "Lampedusa", "counted": {"F": {"18-59": 9}, "M": {"0-4": 2}}, "dead": 1}  # fmt: skip
        rescue = incidents.record(facts=facts, by=viewer, now=now)
        incidents.link(incident=rescue, people=family, by=viewer, now=now)
        indicators.assess(individual=family[0], codes=["ransom"], by=viewer, now=now)
    house = f"/households/{family[0].household_id}/movements/"
    person = f"/people/{family[0].pk}/"
    checked(
        page, "/registration/exercises/", f"/registration/exercises/{pk}/", f"/registration/exercises/{pk}/list/", house,
        "/registration/presence/", "/registration/presence/?site=CAMP-B", person, f"{person}protection-elsewhere/",
        "/events/rescues/", "/events/rescues/new/", f"/events/rescues/{rescue.pk}/",
    )  # fmt: skip
    with acting_as(supervisor.viewer):
        signs = IndicatorAssessment.objects.get()
    page = page_of(browser, system, supervisor, language=language, **WAYS[language])
    checked(page, "/registration/exercises/new/", f"{person}indicators/", f"/indicators/{signs.pk}/")
