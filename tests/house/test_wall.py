"""What does PostgreSQL show and let change, whatever the application asks?"""

from __future__ import annotations

import contextlib
import uuid
from datetime import date

import pytest
from django.db import ProgrammingError, models, transaction

from agencies.access import present
from agencies.models import Agreement, AgreementDocument, AgreementSignature
from refugeecm.core import wall
from refugeecm.core.bulk import insert
from refugeecm.core.models import Blanked, Event, ReadEvent
from registration.models import Consent, Household, Individual
from resettlement.models import Handover, Referral
from tests.conftest import acting_as
from tests.house.test_models import HISTORY, WALLED, columns, name_of, rows


@pytest.mark.parametrize("model", WALLED, ids=name_of)
def test_without_a_context_there_is_nothing(world, model):
    with transaction.atomic():
        found = model._base_manager.all()
        if model is Event:
            found = found.filter(agency_id__isnull=False)
        assert not found.exists()


OF_NOBODY = {Blanked}  # leaves of seals: hashes, which whoever checks the seals reads


@pytest.mark.parametrize("model", [one for one in WALLED if one not in OF_NOBODY], ids=name_of)
def test_each_agency_sees_its_own_and_what_is_shared(world, model):
    """Read as SQL would, without any filter of the application: every row is one's own, or shared by a live agreement."""
    own = next(one for one in ("owner_id", "agency_id", "provider_id") if one in columns(model))
    for code, agency in world.agencies.items():
        with acting_as(world.actor(code, "caseworker").viewer):
            owners = set(model._base_manager.values_list(own, flat=True))
        foreign = owners - {agency.pk, None}
        border = world.agencies["own"].pk
        parties = {world.agencies[one].pk for one in world.agreements}
        if model in {AgreementSignature, AgreementDocument}:  # both parties read who signed, and the paper
            assert foreign <= (parties if code == "own" else {border})
            assert not foreign or code in {"own", *world.agreements}
        elif model is Agreement or (model in HISTORY and model.pgh_tracked_model is Agreement):
            assert foreign <= {border}
            assert not foreign or code in world.agreements
        elif model._meta.label == "registration.PersonAccess":
            assert foreign <= {border}  # rows without a live agreement open nothing
        elif code in {"full", "status", "door"} and model not in HISTORY:
            assert foreign <= {border}
        elif model is ReadEvent:
            assert code == "own" or not foreign  # BORDER reads who of its partners looked at its people
        elif model is Consent:
            assert code == "own" or not foreign  # each family of the others consents towards BORDER
        else:
            assert not foreign, f"{code} reads rows of {foreign}"


WITHIN = [one for one in WALLED if one not in HISTORY and "agency_id" in columns(one) and one is not Event]


@pytest.mark.parametrize("model", WITHIN, ids=name_of)
def test_a_partner_reads_what_is_shared_and_changes_none_of_it(world, model):
    border = world.agencies["own"].pk
    with acting_as(world.actor("full", "caseworker").viewer):
        shared = model._base_manager.filter(agency_id=border)
        pk = shared.values_list("pk", flat=True).first()
        if pk is None:
            return
        one = model._base_manager.filter(pk=pk)
        with (
            contextlib.suppress(ProgrammingError),
            transaction.atomic(),
        ):  # append only: not even the attempt is granted
            changed = one.update(agency_id=models.F("agency_id"))
            assert changed == (1 if model in {Handover, Referral} else 0)
        with contextlib.suppress(ProgrammingError), transaction.atomic():
            assert one._raw_delete(one.db) == 0


def test_what_is_shared_is_really_there_to_be_read(world):
    border = world.agencies["own"].pk
    with acting_as(world.actor("full", "caseworker").viewer):
        shared = {one.__name__ for one in WITHIN if one._base_manager.filter(agency_id=border).exists()}
    assert {"Household", "Individual", "Document", "Claim", "Referral", "PersonKey"} <= shared


def test_a_row_cannot_be_moved_to_another_agency(world):
    with acting_as(world.actor("own", "caseworker").viewer):
        for model in (Household, Individual):
            with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
                model._base_manager.update(agency_id=world.agencies["none"].pk)


@pytest.mark.parametrize("inside", [True, False], ids=["as another agency", "without a context"])
def test_a_row_cannot_be_put_into_another_agency(world, inside):
    row = {
        "id": uuid.uuid4(), "agency_id": world.agencies["own"].pk, "number": "ZZ-H-26-0000000-0", "site": "",
        "registered_on": date(2026, 3, 1), "source_ref": "",
    }  # fmt: skip
    with transaction.atomic():
        if inside:
            wall.enter(agency_id=world.agencies["none"].pk, user_id=None, reason="test")
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            insert(Household, [row])


def test_the_context_ends_with_its_transaction(world):
    with acting_as(world.actor("own", "caseworker").viewer):
        assert Individual.objects.exists()
    with transaction.atomic():
        assert not Individual.objects.exists()
    with contextlib.suppress(ZeroDivisionError), acting_as(world.actor("own", "caseworker").viewer):
        1 / 0  # noqa: B018
    assert not Individual.objects.exists()


def test_searching_functions_hold_the_same_border(world):
    with acting_as(world.actor("own", "caseworker").viewer):
        keys = sorted({key for one in Individual.objects.all() for key in one.keys})
        names = sorted({one.folded for one in Individual.objects.all()})
        everybody = set(Individual.objects.values_list("pk", flat=True))
        mine = everybody - set(world.sealed)
        assert everybody - mine
        assert _spelled(names) == mine
        assert _found(keys) == (mine, everybody)  # candidates are read through visible_to afterwards
    for code in world.agencies:
        with acting_as(world.actor(code, "caseworker").viewer):
            visible = set(Individual._base_manager.values_list("pk", flat=True))
            searched, compared = _found(keys)
            assert _spelled(names) <= visible
        assert searched <= visible
        assert compared <= visible
        assert bool(searched & mine) == (code in {"own", "full", "status", "door"}), code
    with transaction.atomic():
        assert _found(keys) == (set(), set())
        assert _spelled(names) == set()


def _spelled(names: list[str]) -> set:
    """Return whom the search for names that are almost these finds."""
    found = rows(
        "SELECT found.listed_id FROM unnest(%s::text[]) AS asked (name), registration_almost("
        "ARRAY(SELECT id FROM agencies_agreement), 1000, name, 1000, NULL, NULL, NULL, NULL, NULL) AS found",
        names,
    )
    return {row[0] for row in found}


def _found(keys: list[int]) -> tuple[set, set]:
    searched = rows(
        "SELECT listed_id FROM unnest(%s::bigint[]) AS asked (key),"
        " registration_listed(ARRAY(SELECT id FROM agencies_agreement), '', 1000, ARRAY[key], NULL, NULL, NULL, NULL, NULL)",
        keys,
    )
    named = rows(
        "SELECT listed_id FROM registration_named(ARRAY(SELECT id FROM agencies_agreement), %s::text[], '', 1000, '', 100000,"
        " NULL, NULL, NULL, NULL, NULL)",
        [f"{{{key}}}" for key in keys],
    )
    assert set(named) == set(searched)
    asked = [f"{{{key}}}" for key in keys]
    compared = rows("SELECT individual_id FROM registration_sharing(%s, %s)", asked, asked)
    return {row[0] for row in searched}, {row[0] for row in compared}


@pytest.mark.parametrize("relation", ["full", "status", "door", "none"])
def test_only_the_agreed_classes_are_presented(world, relation):
    """P5: every model, every scope, every field."""
    viewer = world.actor(relation, "caseworker").viewer
    agreed = {"full": {"C1", "C2", "C3", "C4"}, "status": {"C1"}, "door": {"C1", "C2"}, "none": set()}[
        relation
    ]
    border = world.agencies["own"].pk
    for model in WITHIN:
        declared = model.field_classes
        with acting_as(viewer):
            manager = model._base_manager
            if hasattr(model, "objects") and hasattr(model.objects.all(), "with_shown_classes"):
                manager = model.objects.with_shown_classes(viewer)
            for row in manager.filter(agency_id=border):
                shown = present(row, viewer)
                classes = {declared[name] for name in shown}
                assert classes <= agreed | {"C0"}, (name_of(model), classes)
