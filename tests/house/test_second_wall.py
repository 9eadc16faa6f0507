"""If every filter of the application were forgotten, what would PostgreSQL alone still show? (trust.md P7)

The same addresses and markers as in the matrix, with `visible_to` returning everything: the only thing that is ever patched, because
it models the mistake that row-level security is there for. Real transactions, connected as the application.
"""

from __future__ import annotations

import pytest
from django.test import Client

from agencies.access import OwnedQuerySet
from agencies.access.declaration import OPEN, SIGNED_IN
from agencies.models.agreement import AgreementQuerySet
from agencies.models.notification import NotificationQuerySet
from tests.house.addresses import addresses
from tests.house.asking import Asking
from tests.house.rounds import ROUNDS, SMALL, Variation, note
from tests.house.world import NONE, OWN, RELATIONS, Actor, World

ROLES = ("caseworker", "administrator", "system")
ACTORS = [f"{relation}-{role}" for relation in RELATIONS for role in ROLES]
if SMALL:  # the database knows no roles: one person of each relation, and three systems
    ACTORS = [
        one
        for one in ACTORS
        if "-caseworker" in one or one in {f"{OWN}-system", "full-system", f"{NONE}-system"}
    ]


@pytest.fixture(scope="module")
def asking(world: World) -> Asking:
    return Asking(world)


@pytest.fixture
def filters_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is visible, as far as the application is concerned."""
    for queryset in (OwnedQuerySet, AgreementQuerySet, NotificationQuerySet):
        monkeypatch.setattr(queryset, "visible_to", lambda self, viewer: self.all())


def _browser(actor: Actor) -> Client:
    client = actor.browser()
    client.raise_request_exception = False
    return client


def test_the_connection_is_the_applications(db):
    """Row-level security does not bind a superuser or an owner that is not forced."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == ("app", False, False)


@pytest.mark.parametrize("turn", range(ROUNDS))
@pytest.mark.parametrize("who", ACTORS)
def test_the_database_alone_holds_the_border(asking, filters_forgotten, who, turn):
    relation, _dash, role = who.partition("-")
    asking.round = turn
    actor = asking.world.actor(relation, role)
    client = _browser(actor)
    asking.wrong.clear()
    for address in addresses():
        if address.name in OPEN | SIGNED_IN:
            continue
        kind = address.kind
        asking.vary(actor, address)
        for _whose, key in asking.targets(actor, kind) if kind else [("", None)]:
            for place in range(address.places()):
                path = address.at(key, place)
                asking.counts["cases"] += 1
                asking.read(actor, client, path, case=f"GET {address.name} {path}")
    asking.round, asking.variation = 0, Variation()
    asking.counts["leaks"] += len(asking.wrong)
    assert asking.wrong == []


def test_the_patch_models_the_mistake(asking, filters_forgotten):
    """Without filters a partner is answered for what its agreement covers, and the owner for everything: rows are left to the wall."""
    world = asking.world
    key = world.records[OWN].first("household")
    assert _browser(world.actor("full", "caseworker")).get(f"/households/{key}/").status_code == 200
    assert _browser(world.actor(NONE, "caseworker")).get(f"/households/{key}/").status_code == 404


def test_the_run_was_large_enough(asking, capsys):
    with capsys.disabled():
        print(  # noqa: T201 - the figures of the run
            f"\nsecond wall: {dict(asking.counts)}, answers {dict(sorted(asking.statuses.items()))}"
        )
    note("second wall", cases=asking.counts["cases"], leaks=asking.counts["leaks"])
    assert asking.counts["cases"] >= 50 * len(ACTORS)
    assert asking.statuses[200] >= 200
