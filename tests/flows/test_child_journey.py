"""A child without its parents, in a real browser: a representative is appointed, the date explained, a relative looked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agencies.actions import agencies as founding
from agencies.enums import Role
from refugeecm.core.models import User
from registration.actions import children
from registration.models import Deadline, Guardian, Safeguard
from tests.conftest import FAMILY, Cast, Person, acting_as, register
from tests.flows.conftest import System, page_of
from tests.flows.test_every_page import WAYS
from tests.flows.test_exercise_journey import checked


@pytest.fixture
def supervisor(cast: Cast) -> Person:
    user = User.objects.create_user("sami@border.example", name="Sami")
    return Person(user, founding.enrol(agency=cast.border, user=user, role=Role.SUPERVISOR))


@pytest.mark.parametrize("language", sorted(WAYS))
def test_somebody_acts_for_the_child(
    language: str, cast: Cast, event: Any, supervisor: Person, system: System, browser: Any
) -> None:
    """From the list to the page of the child, a form with its declaration, why the date is so; then her mother is looked for."""
    born = (timezone.localdate() - timedelta(days=3650)).isoformat()
    alone = {
        "given_name": "Zahra",
        "relationship_to_head": "head",
        "date_of_birth": born,
        "marital_status": "single",
    }
    (child,) = register(cast.caseworker, event, [alone])
    register(cast.caseworker, event, FAMILY)
    viewer, now = supervisor.viewer, timezone.now()
    with acting_as(viewer):
        found = Safeguard.objects.get(individual=child)
        rahma = children.add_representative(
            name="Rahma Osman",
            organisation="Guardians",
            checked_on=now.date(),
            user_id=None,
            by=viewer,
            now=now,
        )
        children.record_step(
            safeguard=found, kind="care", what="foster", outcome="", on=now.date(), review_by=now.date() - timedelta(days=1),
            involved="Hawa", text="Two rooms", by=viewer, now=now,
        )  # fmt: skip
        first = Deadline.objects.get(individual=child, rule__endswith="-1")
    page = page_of(browser, system, supervisor, language=language, **WAYS[language])
    checked(page, "/children/", "/representatives/", f"/deadlines/{first.pk}/", f"/children/{found.pk}/")
    page.locator(f"a[href='/children/{found.pk}/guardian/']").click()
    page.locator("[name=role]").select_option("representative")
    page.locator("[name=representative]").select_option(str(rahma.pk))
    page.locator("[name=since]").fill(now.date().isoformat())
    page.locator("[name=no_conflict]").check()
    with page.expect_navigation():
        page.locator("main form button[type=submit]").click()
    checked(page, "")
    with acting_as(viewer):
        assert Guardian.objects.get(individual=child).representative_id == rahma.pk
    checked(page, f"/people/{child.pk}/tracing/new/")
    for name, text in {
        "given_name": "Mariam", "father_name": "Idris", "family_name": "Abakar", "consent_language": "Arabic",
        "consent_on": now.date().isoformat(),
    }.items():  # fmt: skip
        page.locator(f"[name={name}]").fill(text)
    page.locator("[name=relationship]").select_option("PRF")
    with page.expect_navigation():
        page.locator("main form button[type=submit]").click()
    checked(page, "")
    assert page.locator("button[name=to][value=confirmed]").count() >= 1
    with page.expect_navigation():
        page.locator("button[name=to][value=confirmed]").first.click()
    checked(page, "/tracing/")
    page.locator("a[href^='/tracing/matches/']").first.click()
    page.wait_for_url("**/tracing/matches/**")
    checked(page, "")
    assert page.problems == []
