"""Does a question tell by its answer that there is somebody, where nothing may be seen? (trust.md P4, in small)

Every list with a search or a filter is asked for the words and numbers of hidden records; the answer must be that for nonsense.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils.html import escape

from agencies.access.declaration import OPEN, SIGNED_IN
from tests.house.addresses import addresses
from tests.house.asking import _TOKENS
from tests.house.world import OWN, Actor, Marker, World

ASKERS = ["none-caseworker", "status-caseworker", "none-system", "ended-system", "door-system"]
# The fields by which people are looked for; one marker of each.
SOUGHT = {
    "individual.given_name",
    "individual.family_name",
    "individual.full_name_native",
    "individual.number",
    "individual.source_ref",
    "individual.phone",
    "document.number",
    "household.number",
    "household.site",
    "claim.number",
    "claim_reference.value",
    "import.file_name",
    "referral.message",
    "agreement.reference",
}
# What systems may ask, by address; pages show their fields.
PARAMETERS = {"api-claims": {"number", "reference"}}


class _Fields(HTMLParser):
    """Collects the text fields of the forms that only ask."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.asks = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        if tag == "form":
            self.asks = (given.get("method") or "get").lower() == "get"
        elif tag == "input" and self.asks and given.get("type", "text") in {"text", "search", "number"}:
            self.found.add(given.get("name") or "")

    def handle_endtag(self, tag: str) -> None:
        self.asks = self.asks and tag != "form"


def _questions(actor: Actor, client: Client) -> list[tuple[str, str]]:
    """Return (path, parameter) of everything that can be asked for with words."""
    found: set[tuple[str, str]] = set()
    for address in addresses():
        if address.kind or address.arguments or address.name in OPEN | SIGNED_IN:
            continue
        path = address.at()
        if actor.api:
            found |= {(path, name) for name in PARAMETERS.get(address.name, ())}
            continue
        answer = client.get(path)
        if answer.status_code == 200 and "html" in answer.headers["Content-Type"]:
            fields = _Fields()
            fields.feed(answer.content.decode())
            found |= {
                (path, name) for name in fields.found if name and name not in {"page", "csrfmiddlewaretoken"}
            }
    return sorted(found)


def _hidden(world: World, actor: Actor) -> list[Marker]:
    """Return one hidden marker of BORDER for every field."""
    border = world.agencies[OWN].pk
    hidden = [one for one in world.markers if one.agency_id == border and not actor.may_see(one)]
    return list({one.field: one for one in hidden if one.field in SOUGHT}.values())


def _nonsense(text: str) -> str:
    """Return a text of the same shape that stands nowhere: other letters and digits, as many."""
    return re.sub(r"\d", "0", re.sub(r"[a-z]", "x", re.sub(r"[A-Z]", "X", text)))


def test_the_connection_is_the_applications(db):
    """Also makes the database that the world is built in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("app",)


@pytest.mark.parametrize("who", ASKERS)
def test_the_answer_for_somebody_hidden_is_that_for_nobody(world, who):
    relation, _dash, role = who.partition("-")
    actor = world.actor(relation, role)
    client = actor.browser()
    wrong, asked = [], 0
    for path, parameter in _questions(actor, client):
        for marker in _hidden(world, actor):
            text = marker.texts[0]
            answers = []
            for one in (text, _nonsense(text)):
                answer = client.get(path, {parameter: one})
                answers.append((answer.status_code, _without(answer.content.decode(), one)))
                asked += 1
            if answers[0] != answers[1]:
                wrong.append(
                    f"{path}?{parameter}= tells of {marker.cls} {marker.field}: {answers[0][0]}, {answers[1][0]}"
                )
        cache.clear()
    assert wrong == []
    assert asked >= 12


def _without(body: str, text: str) -> str:
    body = _TOKENS.sub("", body)
    for one in (text, escape(text), quote(text), quote_plus(text), quote(text, safe="")):
        body = body.replace(one, "TEXT")
    return body


@pytest.mark.parametrize(
    "name", ["individual.given_name", "individual.number", "household.number", "claim.number"]
)
def test_the_owner_is_answered(world, name):
    """Otherwise the questions above would ask nothing."""
    text = next(
        one.texts[0] for one in world.markers if one.field == name and one.agency_id == world.agencies[OWN].pk
    )
    client = world.actor(OWN, "caseworker").browser()
    path = "/claims/" if name == "claim.number" else "/people/"
    number = str(world.records[OWN].first("claim" if name == "claim.number" else "household"))
    answer = client.get(path, {"q": text}, follow=True)
    assert (
        number in answer.content.decode()
        or str(world.records[OWN].first("individual")) in answer.content.decode()
    )
