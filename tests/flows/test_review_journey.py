"""An afternoon of duplicates in a real browser: fifty pairs by keyboard alone, two records merged, and taken apart again."""

from __future__ import annotations

import re
from typing import Any

import pytest

from agencies.actions import agencies as founding
from agencies.enums import Role
from refugeecm.core.models import User
from registration.actions import candidates
from registration.models import Individual, MatchCandidate
from tests.conftest import NOW, Cast, Person, acting_as, register
from tests.flows.conftest import System, page_of
from tests.flows.test_every_page import WAYS
from tests.flows.test_main_job import no_serious_findings

FAMILIES, PAIRS = 25, 50
EVIDENCE = [
    ["given_name", "same", 8.2, 0.4],
    ["birth_date", "day", 10.1, 7.3],
    ["sex", "differs", -5.8, -1.2],
]


@pytest.fixture
def queue(cast: Cast, event: Any) -> list[Individual]:
    """Families of two who are registered twice; the fifty pairs wait, those of one family more likely than others."""
    viewer, pairs, older = cast.caseworker.viewer, [], []
    for place in range(FAMILIES):
        rows = [
            {"given_name": f"Mariam {'abcdefghijklmnopqrstuvwxyz'[place]}"},
            {
                "given_name": "Yusuf",
                "relationship_to_head": "child",
                "sex": "M",
                "date_of_birth": "2015-03-04",
            },
        ]
        one, two = register(cast.caseworker, event, rows), register(cast.caseworker, event, rows)
        older += one
        pairs += [
            candidates.Pair(new.pk, old.pk, 20.0 - place / 2 - at, EVIDENCE)
            for at, (new, old) in enumerate(zip(two, one, strict=True))
        ]
    with acting_as(viewer):
        assert candidates.note(pairs, found_by="sweep", by=viewer, now=NOW) == PAIRS
    return older


@pytest.mark.parametrize("language", sorted(WAYS))
def test_fifty_pairs_by_keyboard_then_merged_and_taken_apart(
    language: str, cast: Cast, queue: list[Individual], system: System, browser: Any
) -> None:
    """One key decides and brings the next pair; a slip is taken back; nothing is asked again."""
    user = User.objects.create_user("vera@border.example", name="Vera")
    supervisor = Person(user, founding.enrol(agency=cast.border, user=user, role=Role.SUPERVISOR))
    page = page_of(browser, system, supervisor, language=language, **WAYS[language])
    page.goto("/duplicates/")
    no_serious_findings(page)
    page.locator("main h2 a").first.click()
    page.wait_for_url(re.compile("/duplicates/[0-9a-f-]{36}/$"))
    no_serious_findings(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing overflows"

    def press(key: str) -> None:
        with page.expect_navigation():
            page.keyboard.press(key)

    first = page.url
    press("d")  # a slip
    press("z")
    assert page.url == first, "the pair is shown again"
    seen = []
    for key in ("s", "d", "u", "r", *"s" * (PAIRS - 4)):
        seen.append(page.url)
        press(key)
    assert len(set(seen)) == PAIRS, "no pair is asked twice"
    assert page.url.endswith("/duplicates/"), "the queue is empty"
    with acting_as(supervisor.viewer):
        states = list(MatchCandidate.objects.values_list("state", flat=True))
        pair = MatchCandidate.objects.filter(state="same").order_by("-score").first()
        assert pair is not None
    assert sorted(states) == ["different", "relative", *["same"] * (PAIRS - 3), "unsure"]
    press_tab = page.goto("/duplicates/?tab=same")
    assert press_tab is not None
    page.goto(f"/duplicates/{pair.pk}/")
    page.locator(f"a[href='/duplicates/{pair.pk}/merge/']").click()
    no_serious_findings(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing overflows"
    page.locator("#id_reason").fill("Same fingerprints")
    page.locator("main form button.primary").click()
    page.wait_for_url(re.compile("/merges/"))
    no_serious_findings(page)
    merge = page.url
    page.goto(f"/people/{pair.individual_id}/")
    assert page.url.endswith(f"/people/{pair.other_id}/")
    no_serious_findings(page)
    page.goto(merge)
    page.locator("#id_reason").fill("Two sisters")
    page.locator("main form button").click()
    page.locator(".notice, .messages").first.wait_for()
    page.goto(f"/people/{pair.individual_id}/")
    assert page.url.endswith(f"/people/{pair.individual_id}/")
    assert not page.problems, page.problems
