"""Do many rows arrive as they were given, whatever their types, in one statement?"""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from refugeecm.core import wall
from refugeecm.core.bulk import insert
from refugeecm.core.models import HandledMessage, ReadEvent
from registration.models import Document, ImportChunk, Individual, LedgerLine
from tests.conftest import acting_as

NOW = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)


def test_nothing_is_no_statement(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert insert(HandledMessage, []) == 0


def test_many_rows_are_one_statement(db, django_assert_num_queries):
    rows = [{"message_id": uuid.uuid4(), "handler": f"h{n}"} for n in range(500)]
    with django_assert_num_queries(1):
        assert insert(HandledMessage, rows) == 500
    assert HandledMessage.objects.count() == 500


def test_arrays_moments_and_ids_come_back(db):
    row = {
        "id": uuid.uuid4(), "agency_id": 7, "actor_id": None, "client_id": "مريم \\ \" ' 	", "at": NOW, "view": "v",
        "subject_type": "claim", "subject_ids": [str(uuid.uuid4()), str(uuid.uuid4())], "owner_agency_ids": [7, 8],
        "classes": ["C1", "C2"],
    }  # fmt: skip
    wall.enter(agency_id=7, user_id=1, reason="test")
    insert(
        ReadEvent, [row, row | {"id": uuid.uuid4(), "subject_ids": [], "owner_agency_ids": [], "classes": []}]
    )
    stored = ReadEvent.objects.get(pk=row["id"])
    assert {name: getattr(stored, name) for name in row} == row | {
        "subject_ids": [uuid.UUID(one) for one in row["subject_ids"]]
    }
    assert ReadEvent.objects.exclude(pk=row["id"]).get().subject_ids == []


def test_bytes_come_back(cast, family):
    blob = bytes(range(256))
    with acting_as(cast.caseworker.viewer):
        row = {
            "id": uuid.uuid4(), "agency_id": cast.border.pk, "individual_id": family[0].pk, "kind": "PASSPORT", "number": blob,
            "number_index": b"",
        }  # fmt: skip
        insert(Document, [row])
        stored = Document.objects.get(pk=row["id"])
        assert (bytes(stored.number), bytes(stored.number_index)) == (blob, b"")


def test_days_numbers_and_long_integers_come_back(cast, family):
    with acting_as(cast.caseworker.viewer):
        line = {
            "day": date(2026, 2, 20), "agency_id": cast.border.pk, "flow": "registration", "origin": "SDN", "asylum": "TCD",
            "status": "REFUGEE", "place": "كاكوما", "sex": "F", "age_band": "0-4", "people": -3,
        }  # fmt: skip
        insert(LedgerLine, [line])
        stored = LedgerLine.objects.filter(place="كاكوما").get()
        assert (stored.day, stored.people, stored.origin) == (date(2026, 2, 20), -3, "SDN")
        keys = Individual.objects.get(pk=family[0].pk).keys
        assert keys
        assert all(-(2**63) <= one < 2**63 for one in keys)


def test_who_stands_already_is_left_out_only_on_request(db):
    row = {"message_id": uuid.uuid4(), "handler": "once"}
    assert insert(HandledMessage, [row]) == 1
    assert (
        insert(HandledMessage, [row, {"message_id": uuid.uuid4(), "handler": "once"}], ignore_conflicts=True)
        == 1
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(HandledMessage, [row])


def test_what_has_no_form_in_json_is_refused(db):
    with pytest.raises(TypeError):
        insert(HandledMessage, [{"message_id": uuid.uuid4(), "handler": object()}])
    assert connection.in_atomic_block
    assert ImportChunk._meta.get_field("raw").db_type(connection) == "bytea"
