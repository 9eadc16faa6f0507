"""Does anybody, by any address and any method, see or change what no agreement opens to them? (trust.md P2 and P3)

The matrix is made from the URLconf: every address, every method, every role, every relation of agencies. Markers stand in every
sensitive field of every agency's records; answers are searched for those that the asker may not see.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import resolve

from agencies.access import enter
from agencies.access.declaration import OPEN, SIGNED_IN
from registration.models import Household
from tests.house.addresses import METHODS, Address, addresses
from tests.house.asking import Asking, Form, Lines, forms_of
from tests.house.world import NONE, NOWHERE, OWN, RELATIONS, Actor, World

ROLES = ("caseworker", "decision_maker", "supervisor", "administrator", "auditor", "system")
SOME = ("caseworker", "administrator", "system")
ACTORS = [
    f"{relation}-{role}" for relation in RELATIONS for role in (ROLES if relation in {OWN, "full"} else SOME)
]
ACTORS.append(f"{NOWHERE}-outsider")
# Who shows the run which forms there are: among them they may use every one.
TEACHERS = [
    (OWN, "caseworker"),
    (OWN, "decision_maker"),
    (OWN, "administrator"),
    ("full", "caseworker"),
    ("proposed", "administrator"),
]
# Bodies that systems send, by address; pages tell themselves what they send.
BODIES = {
    "api-claim-reference": {"value": "ZQ-ANOTHER-NUMBER"},
    "api-referral-answer": {"to": "accepted"},
}
IDENTIFIER = re.compile(r"\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def asking(world: World) -> Asking:
    """One run over the world, which first learns the forms of every page from those who may use them."""
    run = Asking(world)
    for relation, role in TEACHERS:
        actor = world.actor(relation, role)
        client = _browser(actor)
        for address in addresses():
            for _whose, key in run.targets(actor, address.kind) if address.kind else [("", None)]:
                answer = client.get(address.at(key))
                if answer.status_code == 200 and "html" in answer.headers["Content-Type"]:
                    for form in forms_of(answer.content.decode()):
                        _learn(run, form, address.at(key))
            if address.name in OPEN | SIGNED_IN:
                client = _browser(actor)
    run.remember()
    return run


def _browser(actor: Actor) -> Client:
    client = actor.browser()
    client.raise_request_exception = False
    return client


def _learn(run: Asking, form: Form, page: str) -> None:
    path = (form.action or page).split("?")[0]
    name = resolve(path).view_name
    known = run.forms.setdefault(name, form)
    for choice, values in form.choices.items():
        known.choices.setdefault(choice, values)
    known.fields = form.fields | known.fields


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler = Lines()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def test_the_connection_is_the_applications(db):
    """The matrix proves nothing as owner; and this test makes the database for the others."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("app",)


@pytest.mark.parametrize("who", ACTORS)
def test_nobody_sees_or_changes_what_is_not_theirs(asking, lines, who):
    relation, _dash, role = who.partition("-")
    actor = asking.world.actor(relation, role)
    client = _browser(actor)
    mail.outbox.clear() if hasattr(mail, "outbox") else None
    asking.wrong.clear()
    for address in addresses():
        own_account = address.name in OPEN | SIGNED_IN
        if own_account and who not in {f"{OWN}-caseworker", f"{NONE}-administrator"}:
            continue  # about one's own account and the same for everybody; asked twice, as a check
        _ask(asking, actor, client, address)
        if own_account:  # they sign out, or ask for another proof of who one is
            client = _browser(actor)
    asking.quiet(lines)
    assert asking.wrong == []


def _ask(run: Asking, actor: Actor, client: Any, address: Address) -> None:
    kind = address.kind
    sent = BODIES.get(address.name) or (run.forms[address.name].fields if address.name in run.forms else {})
    if not kind:
        for place in range(address.places()):
            for method in METHODS if place == 0 else ("GET",):
                _one(run, actor, client, method, address, address.at(place=place), sent)
        return
    gone = run.missing(kind)
    nothing = {
        method: _one(run, actor, client, method, address, address.at(gone), sent)
        for method in ("GET", "POST", "PUT")
    }
    for whose, key in run.targets(actor, kind):
        shown = run.visible(actor, kind, key)
        for method in (
            ("GET", "POST", "PUT") if whose != actor.relation or address.name in BODIES else ("GET", "POST")
        ):
            found = _one(run, actor, client, method, address, address.at(key), sent)
            if not shown:
                run.compare(actor, address, kind, key, found, nothing[method], gone)
        if shown:
            for place in range(1, address.places()):
                _one(run, actor, client, "GET", address, address.at(key, place), sent)
    for method in ("PATCH", "DELETE"):
        _one(run, actor, client, method, address, address.at(gone), sent)


def _one(
    run: Asking, actor: Actor, client: Any, method: str, address: Address, path: str, sent: dict[str, str]
) -> tuple[int, str]:
    run.counts["cases"] += 1
    case = f"{method} {address.name} {path}"
    if method == "GET":
        return run.read(actor, client, path, case=case)
    return run.write(actor, client, method, path, sent, case=case)


# ---- ids in bodies, trust.md P3


@pytest.mark.parametrize(
    "who",
    [f"{relation}-{role}" for relation in (OWN, "full", NONE) for role in ("caseworker", "administrator")],
)
def test_an_id_in_a_body_opens_nothing(asking, who):
    """Every field of every form that bears an id takes every foreign id and one that does not exist: the same answer."""
    relation, _dash, role = who.partition("-")
    world, actor = asking.world, asking.world.actor(relation, role)
    client = _browser(actor)
    asking.wrong.clear()
    for address in addresses():
        form = asking.forms.get(address.name)
        if form is None or address.name.startswith(("account_", "mfa_", "set_language")):
            continue
        key = (
            next(
                (
                    key
                    for whose, key in asking.targets(actor, address.kind)
                    if asking.visible(actor, address.kind, key)
                ),
                None,
            )
            if address.kind
            else None
        )
        if address.kind and key is None:
            continue
        path = address.at(key)
        for name, value in form.fields.items():
            if not IDENTIFIER.fullmatch(value):
                continue
            absent = "987654321" if value.isdigit() else "018f0000-0000-7000-8000-000000000001"
            none = asking.write(
                actor, client, "POST", path, form.fields | {name: absent}, case=f"{address.name} {name}=none"
            )
            for foreign in _foreign(asking, actor, whole=value.isdigit()):
                if foreign in form.choices.get(name, ()):
                    continue  # offered to those who may choose it
                found = asking.write(
                    actor,
                    client,
                    "POST",
                    path,
                    form.fields | {name: foreign},
                    case=f"{address.name} {name}={foreign}",
                )
                asking.counts["ids"] += 1
                same = found[1] in {none[1], none[1].replace(absent, foreign)}
                if found[0] != none[0] or not same:
                    asking.wrong.append(
                        f"{actor} {address.name}: {name}={foreign} is answered unlike one that does not exist"
                    )
    assert asking.wrong == []
    assert world is asking.world


def _foreign(run: Asking, actor: Actor, *, whole: bool) -> list[str]:
    keys = []
    for relation, records in run.world.records.items():
        if relation in {OWN, NONE, "status"} - {actor.relation}:
            for kind, found in records.of.items():
                keys += [str(one) for one in found[:2] if not run.visible(actor, kind, one)]
    public = {str(one.pk) for one in run.world.agencies.values()}
    return [
        one
        for one in dict.fromkeys(keys)
        if IDENTIFIER.fullmatch(one) and one.isdigit() == whole and one not in public
    ]


def test_the_run_was_large_enough(asking, capsys):
    """A matrix that asks nothing finds nothing."""
    with capsys.disabled():
        print(  # noqa: T201 - the figures of the run
            f"\naccess matrix: {dict(asking.counts)}, answers {dict(sorted(asking.statuses.items()))}, {len(asking.forms)} forms"
        )
    assert asking.counts["cases"] >= 100 * len(ACTORS)
    assert asking.counts["compared"] >= 500
    assert asking.statuses[200] >= 500
    assert len(asking.forms) >= 12


def test_a_leak_and_a_foreign_change_would_be_found(asking):
    """The oracle itself: one shown marker and one changed row are noted."""
    world, stranger = asking.world, asking.world.actor(NONE, "caseworker")
    name = next(
        one
        for one in world.markers
        if one.field == "individual.given_name" and one.agency_id == world.agencies[OWN].pk
    )
    asking.wrong.clear()
    asking._answered(
        stranger, HttpResponse(f"<p>{name.texts[0].upper()}</p>"), "/somewhere/", {}, "GET somewhere"
    )
    assert asking.wrong == [
        f"{stranger} GET somewhere: shows C2 individual.given_name of agency {name.agency_id}"
    ]
    asking.wrong.clear()
    with transaction.atomic():
        enter(world.actor(OWN, "caseworker").viewer, reason="test")
        Household.objects.filter(agency_id=world.agencies[OWN].pk).update(site="elsewhere")
        asking._unchanged(stranger, OWN, "POST somewhere")
        transaction.set_rollback(True)
    assert asking.wrong == [f"{stranger} POST somewhere: changed registration_household of own"]
