"""Does every way of writing leave history that names who did it? (trust.md P19)"""

from __future__ import annotations

import contextlib
import uuid
from datetime import date
from typing import Any

import pgtrigger
import pytest
from django.db import connection

from agencies.models import Agency
from refugeecm.core.bulk import insert
from registration.models import Household
from tests.conftest import acting_as
from tests.house.test_models import HISTORY


def household(agency: Agency, number: str) -> dict:
    return {
        "id": uuid.uuid4(), "agency_id": agency.pk, "number": number, "site": "A", "registered_on": date(2026, 3, 1), "source_ref": "",
    }  # fmt: skip


def by_save(one: Household) -> None:
    one.save()


WRITES = {
    "save": lambda own: Household(**household(own, "T-1")).save(force_insert=True),
    "bulk_create": lambda own: Household.objects.bulk_create(
        [Household(**household(own, f"T-{n}")) for n in range(7)]
    ),
    "bulk.insert": lambda own: insert(Household, [household(own, f"T-{n}") for n in range(7)]),
    "save again": lambda own: _change(Household.objects.first()).save(),
    "bulk_update": lambda own: Household.objects.bulk_update(
        [_change(one) for one in Household.objects.all()], ["site"]
    ),
    "update": lambda own: Household.objects.update(site="B"),
    "raw update": lambda own: _execute("UPDATE registration_household SET site = 'C'"),
    "raw insert": lambda own: _execute(
        "INSERT INTO registration_household (id, agency_id, number, site, registered_on, source_ref)"
        f" SELECT gen_random_uuid(), {own.pk}, 'R-' || n, '', CURRENT_DATE, '' FROM generate_series(1, 9) n"
    ),
    "delete": lambda own: Household.objects.filter(members=None).delete(),
    "raw delete": lambda own: _execute("DELETE FROM registration_household WHERE number LIKE 'EMPTY%%'"),
}


def _change(one: Household) -> Household:
    one.site = f"{one.site}+"
    return one


def standing() -> set[tuple[Any, str]]:
    return {(one[0], repr(one)) for one in Household.objects.values_list()}


def _execute(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.rowcount


@pytest.mark.parametrize("ignoring", [False, True], ids=["", "told to ignore"])
@pytest.mark.parametrize("way", WRITES)
def test_every_way_of_writing_leaves_history(cast, way, ignoring):
    history = next(one for one in HISTORY if one.pgh_tracked_model is Household)
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        insert(Household, [household(cast.border, f"EMPTY-{n}") for n in range(4)])
        before = standing()
        lines = history.objects.count()
        with pgtrigger.ignore() if ignoring else contextlib.nullcontext():
            if ignoring:
                # The setting by hand as well, in the form that pgtrigger reads.
                _execute(
                    "SELECT set_config('pgtrigger.ignore',"
                    " '{registration_household:insert_insert,registration_household:update_update}', true)"
                )
            WRITES[way](cast.border)
        after = standing()
        changed = {one[0] for one in before ^ after}
        assert changed
        made = list(history.objects.order_by("pgh_id")[lines:])
        assert len(made) == len(changed)
        assert {one.pgh_obj_id for one in made} == changed
        for one in made:
            assert (one.pgh_context["agency"], one.pgh_context["user"], one.pgh_context["reason"]) == (
                cast.border.pk,
                cast.caseworker.user.pk,
                "test",
            )
