"""Journey 4: a case is referred under an agreement. Does the partner see what was agreed, by no door anything else, and do both
sides end up with the same story?"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest

from cases.actions import claims
from cases.models import Claim
from refugeecm.core.models import Event
from registration.models import Individual, InfluxEvent
from tests.conftest import NOW, Cast, Person, acting_as, register
from tests.flows.conftest import System, page_of
from tests.flows.test_every_page import WAYS
from tests.flows.test_main_job import no_serious_findings

# What stands in one field only, by the class of the field.
IDENTITY = ["Qamarzad", "Wadjirou", "Tchoumbal", "قمرزاد", "Zoubaidatou", "Birakville", "1987", "Kelouzad"]
CONTACT = ["+235 66 71 82 93", "66718293", "PQ7788990", "Camp Oumdjara"]
PROTECTION = ["Complementary protection", "حماية تكميلية"]
FAMILY = [
    {
        "given_name": "Qamarzad", "father_name": "Wadjirou", "family_name": "Tchoumbal", "full_name_native": "قمرزاد",
        "mother_name": "Zoubaidatou", "birth_place": "Birakville", "date_of_birth": "1987-05-17",
        "phone": "+235 66 71 82 93", "document_type": "passport", "document_number": "PQ7788990",
        "registration_site": "Camp Oumdjara",
    },
    {"given_name": "Kelouzad", "relationship_to_head": "child", "date_of_birth": "2015-03-04", "marital_status": "single"},
]  # fmt: skip


@dataclass
class Asker:
    """The partner, with a window, a system and the ids that they know."""

    page: Any
    system: System
    token: str
    ids: dict[str, str]
    person: Person

    def see(self, path: str) -> str:
        """Open a page; return all of it, with what stands in attributes."""
        answer = self.page.goto(path.format(**self.ids))
        assert answer.status == 200, path
        return str(self.page.content())

    def ask(self, path: str) -> str:
        """Ask the API."""
        answer = self.system.call(path.format(**self.ids), Authorization=f"Bearer {self.token}")
        assert answer.status == 200, path
        return answer.body.decode()


def _page(path: str) -> Callable[[Asker], str]:
    return lambda asker: asker.see(path)


def _api(path: str) -> Callable[[Asker], str]:
    return lambda asker: asker.ask(f"/api/v1/{path}")


# Every door by which something of a case reaches a partner. Who builds another one (mail, export, webhook, change feed) adds it here.
DOORS: dict[str, Callable[[Asker], str]] = {
    "home page and notifications": _page("/"),
    "people": _page("/people/"),
    **{f"search for {one}": _page(f"/people/?q={quote(one)}") for one in [*IDENTITY, *CONTACT]},
    "household and its timeline": _page("/households/{household}/"),
    "person": _page("/people/{person}/"),
    "cases": _page("/claims/"),
    "case and its timeline": _page("/claims/{claim}/"),
    "inbox": _page("/referrals/"),
    "referral and its messages": _page("/referrals/{referral}/"),
    "form of a request to hand over": _page("/households/{household}/hand-over/"),
    "API: claims": _api("claims"),
    "API: status": _api("claims/{claim}/status"),
    "API: referrals": _api("referrals"),
    "API: referral": _api("referrals/{referral}"),
}


@pytest.mark.parametrize(("language", "classes"), [("en", ["C1"]), ("en", ["C1", "C2"]), ("ar", ["C1"])])
def test_a_referral_shows_what_was_agreed_and_nothing_else(
    language: str,
    classes: list[str],
    cast: Cast,
    event: InfluxEvent,
    agree: Any,
    api_client: Any,
    system: System,
    browser: Any,
) -> None:
    """Refer, look by every door, write, accept, finish; then both sides read the same story."""
    agree(classes=classes)
    api, secret = api_client(cast.partner_admin)
    mother = register(cast.caseworker, event, FAMILY)[0]
    claim = _claim(cast, mother)
    way = WAYS[language]

    ours = page_of(browser, system, cast.caseworker, language=language, **way)
    ours.goto(f"/claims/{claim.pk}/refer/")
    preview = ours.locator("section[aria-labelledby=preview-1]").inner_text()
    assert ("Qamarzad" in preview) == ("C2" in classes), "the form shows what the partner will see"
    assert "PQ7788990" not in preview
    assert claim.number in preview
    no_serious_findings(ours)
    ours.locator("#id_service").select_option("legal_aid")
    ours.locator("#id_urgency").select_option("emergency")
    ours.locator("#id_message").fill("Before Monday")
    ours.locator("form button.primary").click()
    ours.wait_for_url("**/referrals/*-*/")
    referral = ours.url.rstrip("/").rsplit("/", 1)[1]
    no_serious_findings(ours)

    theirs = page_of(browser, system, cast.partner, language=language, **way)
    ids = {"claim": claim.pk, "person": mother.pk, "household": mother.household_id, "referral": referral}
    asker = Asker(
        theirs, system, _token(system, api, secret), {k: str(v) for k, v in ids.items()}, cast.partner
    )
    hidden = [*CONTACT, *PROTECTION, *([] if "C2" in classes else IDENTITY)]
    seen = {name: door(asker) for name, door in DOORS.items()}
    for name, text in seen.items():
        asked = name.removeprefix("search for ")
        leaked = [one for one in hidden if one in text and one != asked and not _within(one, asked)]
        assert not leaked, f"{name} shows {leaked}"
    assert claim.number in seen["case and its timeline"]
    assert claim.number in seen["API: claims"]
    assert ("Qamarzad" in seen["referral and its messages"]) == ("C2" in classes)

    theirs.goto("/referrals/")
    assert theirs.locator("table .badge.warn").count() >= 1, "less than a day is left"
    no_serious_findings(theirs)
    theirs.goto(f"/referrals/{referral}/")
    theirs.locator("#id_text").fill("Which language does she speak?")
    theirs.locator("section[aria-labelledby=messages] button").click()
    theirs.get_by_text("Which language does she speak?").first.wait_for()
    for to in ("accepted", "under_way"):
        theirs.locator(f"button[name=to][value={to}]").click()
        theirs.locator(f"button[name=to][value={to}]").wait_for(state="detached")
    theirs.locator("#id_outcome").select_option("given")
    theirs.locator("button[name=to][value=done]").click()
    theirs.locator("button[name=to][value=done]").wait_for(state="detached")
    no_serious_findings(theirs)

    stories = _stories(cast, referral)
    assert stories[0] == stories[1]
    assert [one[0].rsplit(".", 1)[1] for one in stories[0]] == [
        "proposed",
        "message",
        "answered",
        "answered",
        "answered",
    ]
    told = []
    for page in (ours, theirs):
        page.goto(f"/referrals/{referral}/")
        told.append(page.locator("section[aria-labelledby=story] .what").all_inner_texts())
    assert told[0] == told[1]
    assert len(told[0]) == 5


def _within(one: str, asked: str) -> bool:
    """Whoever searches reads their own words again; parts of them are no answer."""
    return one in asked or asked.replace(" ", "").endswith(one)


def _claim(cast: Cast, person: Individual) -> Claim:
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        made = claims.open_claim(individual=person, made_on=NOW.date(), by=viewer, now=NOW)
        claims.change_status(claim=made, to="examination", by=viewer, now=NOW)
        claims.propose_decision(claim=made, outcome="complementary", by=viewer, now=NOW)
    return made


def _token(system: System, api: Any, secret: str) -> str:
    basic = b64encode(f"{api.client_id}:{secret}".encode()).decode()
    answer = system.call(
        "/api/v1/token", form={"grant_type": "client_credentials"}, Authorization=f"Basic {basic}"
    )
    return str(answer.json()["access_token"])


def _stories(cast: Cast, referral: str) -> list[list[tuple[str, Any]]]:
    """Return what each side has recorded, once the worker has told everything to the other."""
    stories: list[list[tuple[str, Any]]] = []
    for _try in range(60):
        stories = []
        for person in (cast.caseworker, cast.partner):
            with acting_as(person.viewer):
                found = Event.objects.filter(subject_id=referral).order_by("at", "id")
                stories.append([(one.name, one.at) for one in found])
        if [len(one) for one in stories] == [5, 5]:
            break
        time.sleep(0.5)
    return stories
