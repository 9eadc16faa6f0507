"""Is what was written sealed, whenever it was committed, and is a change named?"""

from __future__ import annotations

import hashlib
import threading
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.core import mail as sent
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from django.utils import timezone

from agencies import tasks
from agencies.actions import clients
from agencies.models import ApiClient
from refugeecm.core import events, mail, outbox, positions, seals
from refugeecm.core.models import Event, OutboxMessage, Seal, SealCheck
from registration.models import Individual
from tests.conftest import NOW, acting_as

pytestmark = pytest.mark.django_db(transaction=True)


def as_owner(*statements: str) -> None:
    """What a database administrator could do, on the application's own connection and for good."""
    owner = settings.MIGRATE_DATABASE
    was = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(USER=owner["USER"], PASSWORD=owner["PASSWORD"])
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()
        connection.settings_dict.update(was)


def change(cast, person, name: str = "Zahra") -> None:
    with acting_as(cast.caseworker.viewer):
        Individual.objects.filter(pk=person.pk).update(mother_name=name)


@pytest.mark.parametrize(
    ("leaves", "root"),
    [
        ([], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ([""], "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (["", "00", "10"], "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        (
            [
                "",
                "00",
                "10",
                "2021",
                "3031",
                "40414243",
                "5051525354555657",
                "606162636465666768696a6b6c6d6e6f",
            ],
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ),
    ],
)
def test_trees_are_those_of_certificate_transparency(leaves, root):
    """The vectors of the reference implementation of RFC 6962."""
    hashed = [hashlib.sha256(b"\x00" + bytes.fromhex(one)).digest() for one in leaves]
    assert seals.merkle(hashed).hex() == root


def test_what_a_family_left_behind_is_sealed_and_holds(cast, family):
    first = seals.seal(now=NOW)
    assert first is not None
    assert first.number == 1
    assert seals.seal(now=NOW) is None, "a seal of nothing but the seal before is not made"
    change(cast, family[0])
    second = seals.seal(now=NOW + timedelta(minutes=10))
    assert second is not None
    assert second.rows == 2, "a line of history, and the event of the first seal"
    verdict = seals.verify()
    assert (verdict.first, verdict.last, verdict.rows, verdict.problems) == (1, 2, first.rows + 2, [])
    message = OutboxMessage.objects.get(topic=seals.MADE, payload__number=2)
    assert message.payload["hash"] == seals.head_hash(second)
    assert seals.head_hash(first) in message.payload["head"]


def test_a_late_commit_is_not_missed(cast, family):
    """A transaction that began before a seal and commits after it stands in the next one."""
    seals.seal(now=NOW)
    written, go_on = threading.Event(), threading.Event()

    def slowly():
        try:
            with acting_as(cast.colleague.viewer):
                Individual.objects.filter(pk=family[1].pk).update(mother_name="Late")
                written.set()
                go_on.wait(20)
        finally:
            connection.close()

    late = threading.Thread(target=slowly)
    late.start()
    assert written.wait(20)
    change(cast, family[0])  # later, and committed earlier
    between = seals.seal(now=NOW)
    assert between is None, "what is newer than an open transaction waits for it"
    go_on.set()
    late.join()
    after = seals.seal(now=NOW)
    assert after is not None
    assert after.rows == 3
    assert seals.verify().problems == []


@pytest.mark.parametrize(
    ("tamper", "what", "table"),
    [
        (
            "UPDATE registration_individualevent SET mother_name = 'Nobody'",
            "row changed",
            "registration_individualevent",
        ),
        ("DELETE FROM core_event WHERE name LIKE 'registration.%'", "row removed", "core_event"),
        (
            "UPDATE core_event SET at = at - interval '1 day' WHERE agency_id IS NOT NULL",
            "row changed",
            "core_event",
        ),
        ("UPDATE core_event SET xact = 2 ^ 61", "row removed", "core_event"),
        ("UPDATE core_seal SET made_at = made_at - interval '1 day'", "seal changed", ""),
        ("DELETE FROM core_sealedrows; DELETE FROM core_seal", "seal removed", ""),
    ],
)
def test_what_an_administrator_of_the_database_changes_is_named(cast, family, tamper, what, table):
    seals.seal(now=NOW)
    assert seals.verify().problems == []
    as_owner(tamper)
    found = seals.check(now=NOW)
    assert found is not None
    first = found.problems[0]
    assert (first["seal"], first["what"], first["table"]) == (1, what, table)
    assert bool(first["row"]) == bool(table)
    assert SealCheck.objects.get().problems == found.problems
    assert Event.objects.filter(name=seals.BROKEN).count() == 1


def test_the_newest_seal_removed_with_its_rows_is_known_to_who_holds_its_head(cast, family):
    seals.seal(now=NOW)
    change(cast, family[0])
    second = seals.seal(now=NOW)
    assert second is not None
    heads = {second.number: seals.head_hash(second)}
    as_owner(
        "DELETE FROM core_sealedrows WHERE seal_id = (SELECT id FROM core_seal WHERE number = 2)",
        "DELETE FROM core_seal WHERE number = 2",
        f"DELETE FROM core_event WHERE xact >= {second.low}",
        f"DELETE FROM registration_individualevent WHERE xact >= {second.low}",
    )
    assert seals.verify().problems == [], "from inside nothing is to be seen"
    assert [(one.seal, one.what) for one in seals.verify(heads=heads).problems] == [(2, "seal removed")]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE core_seal SET rows = 0",
        "DELETE FROM core_seal",
        "DELETE FROM core_sealedrows",
        "UPDATE core_sealcheck SET problems = '[]'",
        "INSERT INTO core_sealshape (of_table, key, columns) VALUES ('core_event', 't.id', 't.name')",
    ],
)
def test_the_application_may_only_add(sql):
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(sql)


def test_seals_hold_through_a_new_column_and_a_restore(cast, family):
    seals.seal(now=NOW)
    owner = "core_event ADD COLUMN later text DEFAULT 'x'"
    as_owner(f"ALTER TABLE {owner}")
    try:
        assert seals.verify().problems == [], "checked by the columns of its time"
    finally:
        as_owner("ALTER TABLE core_event DROP COLUMN later")
    with connection.cursor() as cursor:
        cursor.execute("SELECT core_xact('0')")
        added = cursor.fetchone()[0]
    # A restored database: its seals end above the numbers of the new server's transactions.
    as_owner(
        "CREATE OR REPLACE FUNCTION core_xact(number xid8) RETURNS bigint LANGUAGE sql IMMUTABLE AS"
        f" $$ SELECT number::text::bigint + {added - 1_000_000} $$"
    )
    change(cast, family[0])
    with pytest.raises(seals.NotPrepared):
        seals.seal(now=NOW)
    as_owner("DELETE FROM registration_individualevent WHERE mother_name = 'Zahra'")
    _migrated()
    change(cast, family[0], "Amna")
    made = seals.seal(now=NOW)
    assert made is not None
    assert seals.verify().problems == []


def _migrated() -> None:
    owner, was = settings.MIGRATE_DATABASE, dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(USER=owner["USER"], PASSWORD=owner["PASSWORD"])
    with transaction.atomic():
        positions.prepare()
    connection.close()
    connection.settings_dict.update(was)


def test_workers_seal_and_check(cast, family):
    assert tasks.seal_what_was_written() is True
    assert tasks.seal_what_was_written() is False
    assert tasks.check_seals(days=1) is True
    as_owner("UPDATE core_event SET actor_id = 1 + coalesce(actor_id, 0)")
    assert tasks.check_seals() is False


def test_a_broken_seal_is_told_once_to_who_oversees_and_mailed_at_once(cast, family):
    outbox.drain(now=NOW, limit=1000)
    tasks.seal_what_was_written()
    change(cast, family[0])
    tasks.seal_what_was_written()
    drained = timezone.now()
    outbox.drain(now=drained, limit=1000)
    mail.send_due(clock=timezone.now, limit=1000)
    sent.outbox.clear()
    as_owner("UPDATE registration_individualevent SET mother_name = 'Nobody' WHERE mother_name <> 'Zahra'")

    def told(person):
        page = person.browser().get("/notifications/").content.decode()
        return page.count("Something was changed after it was sealed. Keep the database as it is.</a>")

    for _hour in range(3):
        tasks.check_seals()
        outbox.drain(now=timezone.now(), limit=1000)
    assert SealCheck.objects.count() == 3
    told_of = Event.objects.filter(name=seals.BROKEN).values_list("details__seals", flat=True)
    assert list(told_of) == [[1]]
    assert (told(cast.admin), told(cast.partner_admin), told(cast.caseworker)) == (1, 1, 0)
    mail.send_due(clock=timezone.now, limit=1000)
    assert {cast.admin.user.email, cast.partner_admin.user.email} <= {one.to[0] for one in sent.outbox}
    assert cast.caseworker.user.email not in {one.to[0] for one in sent.outbox}
    # Another batch is another line; the page of the first says so still.
    as_owner("UPDATE registration_individualevent SET mother_name = 'Nobody' WHERE mother_name = 'Zahra'")
    tasks.check_seals()
    outbox.drain(now=timezone.now(), limit=1000)
    assert told(cast.admin) == 2
    assert "Seal 2" in cast.admin.browser().get("/notifications/").content.decode()


def test_a_partner_fetches_the_heads_and_verifies_them(cast, family):
    seals.seal(now=NOW)
    change(cast, family[0])
    seals.seal(now=NOW)
    with acting_as(cast.partner_admin.viewer):
        api, secret = clients.issue(by=cast.partner_admin.viewer, name="Case system", now=NOW)
    api = ApiClient.objects.get(pk=api.pk)
    token, _scopes = clients.grant(client_id=api.client_id, secret=secret, scopes=[], now=timezone.now())
    browser = Client(headers={"Authorization": f"Bearer {token}"})
    answer = browser.get("/api/v1/seals")
    assert answer.status_code == 200
    first, second = answer.json()["results"]
    for one in (first, second):
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(one["public_key"])).verify(
            bytes.fromhex(one["signature"]), one["head"].encode()
        )
        assert hashlib.sha256(one["head"].encode()).hexdigest() == one["hash"]
    assert second["head"].splitlines()[-1] == first["hash"]
    assert [one["number"] for one in browser.get("/api/v1/seals?after=1&limit=5").json()["results"]] == [2]
    assert browser.get("/api/v1/seals?after=x").status_code == 400
    assert Client().get("/api/v1/seals").status_code == 401


def test_events_of_the_seals_are_declared():
    assert {seals.MADE, seals.BROKEN} <= set(events.CATALOGUE)
    assert Seal.objects.count() == 0
