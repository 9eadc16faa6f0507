"""Is somebody else's id taken anywhere, or answered unlike one that does not exist? (trust.md P3)

In paths: every address that names a record and changes something. In bodies: every field of our own forms that bears an id, hidden or
chosen from a list. At the API: every operation of the OpenAPI document, its parameters, the members of its bodies, and members that it
does not know. Each takes foreign ids of every kind; the answer must be that for an id under which there is nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from registration.models import InfluxEvent
from tests.house.addresses import addresses, missing
from tests.house.asking import Asking, browser
from tests.house.rounds import ROUNDS, SMALL, chance, note
from tests.house.world import NONE, OWN, RELATIONS, Actor, World

IDENTIFIER = re.compile(r"\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PEOPLE = [
    f"{relation}-{role}"
    for relation in (OWN, "full", "status", "ended", NONE)
    for role in ("caseworker", "administrator")
]
SYSTEMS = [f"{relation}-system" for relation in RELATIONS]
if SMALL:  # administrators of two agencies, and systems of those that differ in what they may ask
    PEOPLE = [one for one in PEOPLE if "administrator" not in one or one.partition("-")[0] in {OWN, NONE}]
    SYSTEMS = [f"{relation}-system" for relation in (OWN, "full", "status", "ended", NONE)]
ABSENT = {True: "987654321", False: "018f0000-0000-7000-8000-000000000001"}
LIKE_IDS = (
    "id",
    "claim",
    "individual",
    "agency",
    "agreement",
    "household",
    "reference",
    "number",
)  # members that nobody knows


@pytest.fixture(scope="module")
def asking(world: World) -> Asking:
    """One run, which knows the forms."""
    return Asking(world).taught()


def test_the_connection_is_the_applications(db):
    """Also makes the database that the world is built in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("app",)


def _foreign(run: Asking, actor: Actor, *, whole: bool, turn: int) -> list[str]:
    """Return ids that the actor may not know of, of every kind and agency: some in the suite, others in each round."""
    keys = {
        str(one)
        for records in run.world.records.values()
        for kind, found in records.of.items()
        for one in found
        if not run.visible(actor, kind, one)
    } - _public(run.world)
    fitting = sorted(one for one in keys if IDENTIFIER.fullmatch(one) and one.isdigit() == whole)
    which = chance("foreign", actor, turn)
    which.shuffle(fitting)
    return fitting[: 3 if SMALL else 12]


def _public(world: World) -> set[str]:
    """Return the ids of agencies and events, which everybody may know; others may be the same number."""
    events = {str(one) for one in InfluxEvent.objects.values_list("pk", flat=True)}
    return events | {str(one.pk) for one in world.agencies.values()}


def _same(
    run: Asking,
    actor: Actor,
    what: str,
    foreign: tuple[str, tuple[int, str]],
    none: tuple[str, tuple[int, str]],
) -> None:
    """Note a difference between the answer for a foreign id and that for none."""
    (key, found), (absent, nothing) = foreign, none
    run.counts["ids"] += 1
    if found[0] != nothing[0] or found[1] not in {nothing[1], nothing[1].replace(absent, key)}:
        run.counts["accepted"] += 1
        place = next((n for n, (a, b) in enumerate(zip(found[1], nothing[1], strict=False)) if a != b), 0)
        words = (
            f"{found[1][max(place - 60, 0) : place + 60]!r} / {nothing[1][max(place - 60, 0) : place + 60]!r}"
        )
        run.wrong.append(
            f"{actor} {what}: {key} is answered {found[0]}, one that does not exist {nothing[0]}; {words}"
        )


@pytest.mark.parametrize("turn", range(ROUNDS))
@pytest.mark.parametrize("who", PEOPLE)
def test_an_id_in_a_form_opens_nothing(asking, who, turn):
    relation, _dash, role = who.partition("-")
    actor = asking.world.actor(relation, role)
    client = browser(actor)
    asking.wrong.clear()
    for path, fields, name, value in _fields(asking, actor):
        absent = ABSENT[value.isdigit()]
        sent = fields | {name: absent}
        none = asking.write(actor, client, "POST", path, sent, case=f"{path} {name}=none")
        for foreign in _foreign(asking, actor, whole=value.isdigit(), turn=turn):
            case = f"{path} {name}={foreign}"
            found = asking.write(actor, client, "POST", path, fields | {name: foreign}, case=case)
            _same(asking, actor, f"{path} {name}", (foreign, found), (absent, none))
    assert asking.wrong == []


def _fields(run: Asking, actor: Actor) -> Iterator[tuple[str, dict[str, str], str, str]]:
    """Yield (path, all fields, name, an id) of every field that bears ids, of the forms that the actor may send."""
    for address in addresses():
        form = run.forms.get(address.name)
        if form is None or address.name.startswith(("account_", "mfa_", "set_language")):
            continue
        known = (
            key for _whose, key in run.targets(actor, address.kind) if run.visible(actor, address.kind, key)
        )
        key = next(known, None) if address.kind else None
        if address.kind and key is None:
            continue
        for name, value in form.fields.items():
            offered = [one for one in (value, *form.choices.get(name, ())) if IDENTIFIER.fullmatch(one)]
            if name not in form.numbers and set(offered) - {"0", "1"}:  # those answer yes or no
                yield address.at(key), form.fields, name, offered[0]


@pytest.mark.parametrize("turn", range(ROUNDS))
@pytest.mark.parametrize(
    "who", [one for one in PEOPLE if not SMALL or "administrator" not in one]
)  # the matrix asks for them by every role
def test_an_id_in_a_path_changes_nothing(asking, who, turn):
    relation, _dash, role = who.partition("-")
    actor = asking.world.actor(relation, role)
    client = browser(actor)
    asking.wrong.clear()
    for address in addresses():
        form = asking.forms.get(address.name)
        if form is None or not address.kind:
            continue
        gone = missing(address.kind, asking.world)
        none = asking.write(actor, client, "POST", address.at(gone), form.fields, case=f"{address.name} none")
        whole = isinstance(gone, int)
        for foreign in _foreign(asking, actor, whole=whole, turn=turn)[: 1 if SMALL else 12]:
            found = asking.write(
                actor, client, "POST", address.at(foreign), form.fields, case=f"{address.name} {foreign}"
            )
            _same(asking, actor, address.name, (foreign, found), (str(gone), none))
    assert asking.wrong == []


# ---- the API


def _operations() -> list[tuple[str, str, list[str], list[str]]]:
    """Return (method, path, names in the path and the query, members of the body) of every operation of the document."""
    found = []
    document = Client().get("/api/v1/openapi.json").json()
    for path, operations in document["paths"].items():
        for method, one in operations.items():
            if method == "parameters" or path.endswith("/token"):
                continue
            names = [each["name"] for each in one.get("parameters", []) if each["in"] in {"path", "query"}]
            content = one.get("requestBody", {}).get("content", {})
            schemas = [each["schema"] for each in content.values()]
            members = [
                name
                for schema in schemas
                if "$ref" in schema  # a file as it is has no members
                for name in document["components"]["schemas"][schema["$ref"].split("/")[-1]]["properties"]
            ]
            found.append((method.upper(), path, names, members))
    return found


@pytest.mark.parametrize("turn", range(ROUNDS))
@pytest.mark.parametrize("who", SYSTEMS)
def test_the_api_takes_no_foreign_id(asking, who, turn):
    relation, _dash, role = who.partition("-")
    actor = asking.world.actor(relation, role)
    client = browser(actor)
    asking.wrong.clear()
    own = [key for _whose, key in asking.targets(actor, "claim") if asking.visible(actor, "claim", key)]
    keys = _foreign(asking, actor, whole=False, turn=turn)
    for method, path, names, members in _operations():
        for name in names:
            _compare(asking, actor, client, method, path, name, keys, body=dict.fromkeys(members, "ZQ-FREE"))
        for name in {*members, *LIKE_IDS} if members and own else ():
            at = path.replace("{id}", str(own[0]))
            bodies = [dict.fromkeys(members, "ZQ-FREE") | {name: key} for key in (ABSENT[False], *keys)]
            none, *found = [
                asking.write(actor, client, method, at, body, case=f"{method} {path} {name}")
                for body in bodies
            ]
            for key, one in zip(keys, found, strict=True):
                _same(asking, actor, f"{method} {path} {name}", (key, one), (ABSENT[False], none))
    assert asking.wrong == []


def _compare(
    run: Asking,
    actor: Actor,
    client: Client,
    method: str,
    path: str,
    name: str,
    keys: list[str],
    *,
    body: dict[str, str],
) -> None:
    """Put foreign ids into one place of an address, in the path or behind it, and compare with an id of nothing."""

    def ask(key: str) -> tuple[int, str]:
        at = path.replace(f"{{{name}}}", key) if f"{{{name}}}" in path else f"{path}?{name}={key}"
        at = re.sub(r"{\w+}", ABSENT[False], at)
        if method == "GET":
            return run.read(actor, client, at, case=f"{method} {path} {name}")
        return run.write(actor, client, method, at, body, case=f"{method} {path} {name}")

    none: Any = ask(ABSENT[False])
    for key in keys:
        _same(run, actor, f"{method} {path} {name}", (key, ask(key)), (ABSENT[False], none))


def test_the_run_was_large_enough(asking, capsys):
    note("ids", compared=asking.counts["ids"], leaks=asking.counts["accepted"])
    with capsys.disabled():
        print(f"\nforeign ids: {asking.counts['ids']}, {len(asking.forms)} forms")  # noqa: T201 - the figures of the run
    assert asking.counts["ids"] >= 800 * ROUNDS
