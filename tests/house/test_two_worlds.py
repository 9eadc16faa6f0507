"""Is there any answer by which somebody learns that a record exists that they may not see? (trust.md P4)

The same script of requests is asked twice, in a world with a hidden family and in one without it; both are taken back afterwards. The
hidden family bears the names, numbers and papers of records that the asker knows, so that lists, counts, searches, duplicate hints
and unique numbers could all tell. The answers must be the same to the byte, but for tokens, nonces and the time of day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client

from agencies.access import enter
from agencies.access.declaration import OPEN, SIGNED_IN
from cases.actions import claims
from registration import matching
from registration.actions import asking, people
from registration.models import Household, Individual, InfluxEvent
from registration.rules.arrivals import person_of
from tests.conftest import arrival
from tests.house.addresses import addresses
from tests.house.asking import _TOKENS
from tests.house.rounds import ROUNDS, SMALL, Variation, chance, note
from tests.house.world import NOW, OWN, Actor, World

ASKERS = [
    "none-caseworker", "status-caseworker", "full-caseworker", "ended-supervisor", "none-system", "status-system", "full-system",
]  # fmt: skip
# What the asker does is an event of their own agency, with an id of its own each time.
_OWN_EVENTS = re.compile(r"core_(?:read)?event [0-9a-f-]{36}")
_CLOCK = re.compile(r"\b\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( [ap]\.m\.)?Z?")
_PASSING = frozenset({"Set-Cookie", "Date", "Content-Security-Policy", "Content-Length"})
_asked = {"requests": 0, "hints": 0, "different": 0}


@dataclass
class Hidden:
    """What the hidden family is known by; the same words are asked for in the world without it."""

    words: list[str] = field(default_factory=list)
    keys: dict[str, list[Any]] = field(default_factory=dict)


def _known(world: World, actor: Actor, turn: int) -> Any:
    """Return a row of an arrivals file that repeats somebody whom the asker's own agency has registered."""
    mine = world.records[actor.relation]
    which = chance("hidden", actor, turn)
    with transaction.atomic():
        enter(world.actor(actor.relation, "caseworker").viewer, reason="test")
        one = Individual.objects.get(pk=which.choice(mine.of["individual"]))
    return arrival(
        given_name=one.given_name,
        father_name=one.father_name,
        family_name=one.family_name,
        full_name_native=one.native_name,
        date_of_birth=one.birth_date.isoformat(),
        record_id=one.source_ref,
        phone="+235 66 98 76 54",
        document_type="passport",
        document_number=f"HIDDEN{which.randrange(10**6):06d}",
        nationality=which.choice(("SDN", "SYR", "AFG")),
    )


def _hide(world: World, actor: Actor, row: Any, reference: str) -> Hidden:
    """Register the family at BORDER, in an event that no agreement covers, with a claim. Within the caller's transaction.

    A worker finds that they may be people whom the asker's agency knows; no agreement says that agencies are told.
    """
    viewer = world.actor(OWN, "caseworker").viewer
    enter(viewer, reason="test")
    group = people.Arrival(members=[row], ordinals=[1], source_ref="Zqhiddenhouseqz")
    people.register(arrivals=[group], by=viewer, now=NOW, event=InfluxEvent.objects.get(slug="zq-hidden"))
    person = Individual.objects.get(pk=group.individuals[0])
    house = Household.objects.get(pk=person.household_id)
    known = world.records[actor.relation].of["individual"]
    assert asking.note_possible([(person.pk, one) for one in known], NOW) == 0
    claim = claims.open_claim(individual=person, made_on=date(2026, 2, 25), by=viewer, now=NOW)
    claims.set_reference(claim=claim, value=reference, by=viewer, now=NOW)
    words = [
        person.given_name, person.full_name, person.native_name, person.number, person.source_ref, house.number, house.source_ref,
        claim.number, reference, row.document_number, row.phone, str(person.pk), str(claim.pk),
    ]  # fmt: skip
    return Hidden(words, {"individual": [person.pk], "household": [house.pk], "claim": [claim.pk]})


def _script(world: World, actor: Actor, hidden: Hidden, turn: int) -> list[tuple[str, str, Any]]:
    """Return [(method, path, what is sent)]: every page and list, plainly and varied, and everything that takes words."""
    found: list[tuple[str, str, Any]] = []
    for address in addresses():
        if address.name in OPEN | SIGNED_IN or bool(actor.api) != hasattr(address.view, "cls"):
            continue
        which = chance("script", actor, turn, address.name)
        mine = world.records[actor.relation].of.get(address.kind, [])
        border = world.records[OWN].of.get(address.kind, [])
        keys = [*hidden.keys.get(address.kind, []), *mine[:1], *border[:1]] if address.kind else [None]
        for key in keys:
            path = address.at(key)
            found.append(("GET", path, None))
            if address.name == "individual":
                found += [("GET", address.at(one), None) for one in mine[1:4]]
            found += [
                ("GET", Variation.draw(which, hidden.words).behind(path), None)
                for _one in range((0 if SMALL else 1) if address.kind else 3)
            ]
    if not actor.api:  # with an age, and almost the name: found by other ways through the index
        name = str(hidden.words[1])
        found += [
            ("GET", f"/people/?q={one}".replace(" ", "+"), None)
            for one in (f"{name} 1990", name[:3] + "z" + name[4:])
        ]
    for word in hidden.words:
        asked = (
            ("/api/v1/claims?number=", "/api/v1/claims?reference=")
            if actor.api
            else ("/people/?q=", "/claims/?q=")
        )
        found += [
            ("GET", path + str(word).replace(" ", "+").replace("+235", "%2B235"), None) for path in asked
        ]
    own = world.records[actor.relation].of.get("claim", [])
    for claim in [
        *hidden.keys["claim"],
        *own[:1],
    ]:  # a number that the hidden claim bears at BORDER is free here
        path = f"/api/v1/claims/{claim}/reference" if actor.api else f"/claims/{claim}/reference/"
        found.append(("PUT" if actor.api else "POST", path, {"value": hidden.words[8]}))
    return found


def _answers(actor: Actor, client: Client, script: list[tuple[str, str, Any]]) -> list[tuple[Any, ...]]:
    found = []
    for method, path, sent in script:
        kind = {"content_type": "application/json"} if method == "PUT" else {}
        answer = getattr(client, method.lower())(path, *([sent] if sent else []), **kind)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        heads = {name: value for name, value in answer.headers.items() if name not in _PASSING}
        text = _CLOCK.sub("TIME", _TOKENS.sub("", _OWN_EVENTS.sub("EVENT", body.decode(errors="replace"))))
        found.append((answer.status_code, heads, text))
    return found


def _world(
    world: World, actor: Actor, row: Any, script: list[Any] | None, turn: int, only: str = "/"
) -> tuple[Any, Any, Any, Any]:
    """Ask in one world and take everything back: with the hidden family where there is no script yet, which comes of it."""
    client = actor.browser()
    client.raise_request_exception = False
    cache.clear()
    hidden = None
    with transaction.atomic():
        if script is None:
            hidden = _hide(world, actor, row, f"ZQHIDE{turn}")
            script = [one for one in _script(world, actor, hidden, turn) if one[1].startswith(only)]
        answers = _answers(actor, client, script)
        hints = None
        if not actor.api:
            enter(actor.viewer, reason="test")
            hints = matching.candidates([person_of(row)], viewer=actor.viewer)
        transaction.set_rollback(True)
    cache.clear()
    return hidden, script, answers, hints


def test_the_connection_is_the_applications(db):
    """Also makes the database; the worlds below are real transactions, taken back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("app",)


@pytest.mark.parametrize("turn", range(ROUNDS))
@pytest.mark.parametrize("who", ASKERS)
def test_the_answers_are_those_of_the_world_without(world, who, turn):
    relation, _dash, role = who.partition("-")
    actor = world.actor(relation, role)
    row = _known(world, actor, turn)
    _hidden, script, there, hints = _world(world, actor, row, None, turn)
    _none, _same, without, no_hints = _world(world, actor, row, script, turn)
    _asked["requests"] += len(script)
    _asked["hints"] += len(hints or ())
    different = [
        f"{method} {path}: {one[0]} {other[0]} {_difference(one, other)}"
        for (method, path, _sent), one, other in zip(script, there, without, strict=True)
        if one != other
    ]
    _asked["different"] += len(different)
    assert different == []
    assert hints == no_hints


def _difference(one: tuple[Any, ...], other: tuple[Any, ...]) -> str:
    if one[1] != other[1]:
        return str({name for name in {*one[1], *other[1]} if one[1].get(name) != other[1].get(name)})
    place = next((n for n, (a, b) in enumerate(zip(one[2], other[2], strict=False)) if a != b), 0)
    return f"{one[2][max(place - 60, 0) : place + 60]!r} / {other[2][max(place - 60, 0) : place + 60]!r}"


def test_the_owner_would_notice(world):
    """The oracle itself: to BORDER the two worlds differ."""
    actor = world.actor(OWN, "caseworker")
    row = _known(world, world.actor("none", "caseworker"), 0)
    _hidden, script, there, _hints = _world(world, actor, row, None, 0, only="/people/")
    _none, _same, without, _no_hints = _world(world, actor, row, script, 0)
    assert there != without


def test_the_run_was_large_enough(capsys):
    note("two worlds", requests=_asked["requests"], hints=_asked["hints"], leaks=_asked["different"])
    with capsys.disabled():
        print(f"\ntwo worlds: {_asked}")  # noqa: T201 - the figures of the run
    assert _asked["requests"] >= 300 * ROUNDS
