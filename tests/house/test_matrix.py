"""Does anybody, by any address and any method, see or change what no agreement opens to them? (trust.md P2 and P3)

The matrix is made from the URLconf: every address, every method, every role, every relation of agencies. Markers stand in every
sensitive field of every agency's records; answers are searched for those that the asker may not see.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.http import HttpResponse

from agencies.access import enter
from agencies.access.declaration import OPEN, SIGNED_IN
from registration.models import Household
from tests.house.addresses import METHODS, Address, addresses
from tests.house.asking import Asking, Lines, browser
from tests.house.rounds import ROUNDS, SMALL, Variation, note
from tests.house.world import NONE, NOWHERE, OWN, RELATIONS, Actor, World

ROLES = ("caseworker", "decision_maker", "supervisor", "administrator", "auditor", "system")
SOME = ("caseworker", "administrator", "system")
ACTORS = [
    f"{relation}-{role}" for relation in RELATIONS for role in (ROLES if relation in {OWN, "full"} else SOME)
]
if SMALL:  # every address by every role of the owner, by who may see most and by each relation; prove access asks for all of them
    OVER = {"ended", "expired", "suspended", "proposed"}  # who sees nothing: one person each, and one system
    ASKED = {f"{OWN}-{role}" for role in ROLES} | {"full-supervisor", f"{NONE}-administrator", "ended-system"}
    ACTORS = [
        one for one in ACTORS
        if one in ASKED or one.endswith("-caseworker") or (one.endswith("-system") and one.partition("-")[0] not in OVER)
    ]  # fmt: skip
ACTORS.append(f"{NOWHERE}-outsider")
# Which methods a page knows does not depend on who asks: in small these ask by all of them.
CURIOUS = {f"{OWN}-caseworker", f"{OWN}-administrator", "full-caseworker", f"{NONE}-caseworker"}
# Bodies that systems send, by address; pages tell themselves what they send.
BODIES = {
    "api-claim-reference": {"value": "ZQ-ANOTHER-NUMBER"},
    "api-referral-answer": {"to": "accepted"},
}


@pytest.fixture(scope="module")
def asking(world: World) -> Asking:
    """One run over the world, which first learns the forms of every page from those who may use them."""
    return Asking(world).taught()


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


@pytest.mark.parametrize("turn", range(ROUNDS))
@pytest.mark.parametrize("who", ACTORS)
def test_nobody_sees_or_changes_what_is_not_theirs(asking, lines, who, turn):
    relation, _dash, role = who.partition("-")
    asking.round = turn
    actor = asking.world.actor(relation, role)
    client = browser(actor)
    mail.outbox.clear() if hasattr(mail, "outbox") else None
    asking.wrong.clear()
    asking.remember()  # what others looked up or fetched before is on record by now
    for address in addresses():
        own_account = address.name in OPEN | SIGNED_IN
        if own_account and who not in {f"{OWN}-caseworker", f"{NONE}-administrator"}:
            continue  # about one's own account and the same for everybody; asked twice, as a check
        asking.vary(actor, address)
        _ask(asking, actor, client, address)
        if own_account:  # they sign out, or ask for another proof of who one is
            client = browser(actor)
    asking.round, asking.variation = 0, Variation()
    asking.quiet(lines)
    asking.counts["leaks"] += len(asking.wrong)
    assert asking.wrong == []


def _ask(run: Asking, actor: Actor, client: Any, address: Address) -> None:
    kind = address.kind
    methods = METHODS if not SMALL or actor.api or str(actor) in CURIOUS else ("GET", "POST")
    sent = BODIES.get(address.name) or (run.forms[address.name].fields if address.name in run.forms else {})
    if not kind:
        for place in range(address.places()):
            for method in methods if place == 0 else ("GET",):
                _one(run, actor, client, method, address, address.at(place=place), sent)
        return
    gone = run.missing(kind)
    nothing = {
        method: _one(run, actor, client, method, address, address.at(gone), sent) for method in methods[:3]
    }
    for whose, key in run.targets(actor, kind):
        shown = run.visible(actor, kind, key)
        for method in methods[:3] if whose != actor.relation or address.name in BODIES else ("GET", "POST"):
            found = _one(run, actor, client, method, address, address.at(key), sent)
            if not shown:
                run.compare(actor, address, kind, key, found, nothing[method], gone)
        if shown:
            for place in range(1, address.places()):
                _one(run, actor, client, "GET", address, address.at(key, place), sent)
    for method in methods[3:]:
        _one(run, actor, client, method, address, address.at(gone), sent)


def _one(
    run: Asking, actor: Actor, client: Any, method: str, address: Address, path: str, sent: dict[str, str]
) -> tuple[int, str]:
    case = f"{method} {address.name} {path}"
    if method == "GET":
        found = run.read(actor, client, path, case=case)
    else:
        found = run.write(actor, client, method, path, sent, case=case)
    # Of a system that asks for a page nobody knows who it is: that denial proves nothing about agreements.
    run.counts["cases"] += not (actor.api and found[0] in {302, 401})
    return found


def test_the_run_was_large_enough(asking, capsys):
    """A matrix that asks nothing finds nothing."""
    with capsys.disabled():
        print(  # noqa: T201 - the figures of the run
            f"\naccess matrix: {dict(asking.counts)}, answers {dict(sorted(asking.statuses.items()))}, {len(asking.forms)} forms"
        )
    note("matrix", **{name: asking.counts[name] for name in ("cases", "compared", "requests", "leaks")})
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
