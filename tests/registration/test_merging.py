"""Do two records of one person become one, with all that hangs on them, and two again, as if nothing had been?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from agencies.actions import agencies as founding
from agencies.enums import Role
from cases.actions import claims
from cases.models import Claim
from refugeecm.core.models import User
from registration import search
from registration.actions import (
    consents,
    contact,
    corrections,
    exceptions,
    further_facts,
    groups,
    merging,
    needs,
    sealing,
    status,
)
from registration.models import (
    Document,
    Household,
    Individual,
    LedgerLine,
    MatchCandidate,
    Merge,
    MergeMove,
    PastMembership,
    Relative,
    SpecificNeed,
)
from registration.models.merging import SCOPES
from registration.policies import NotPermitted
from tests.conftest import NOW, Cast, Person, acting_as, register

LATER = NOW + timedelta(days=3)
TWIN = {
    "given_name": "Maryam",
    "native_name": "مريم إدريس أبكر",
    "mother_name": "Zahra Ali",
    "phone": "+235 66 99 99 99",
    "document_type": "national_id",
    "document_number": "N7654321",
}


@pytest.fixture
def supervisor(cast: Cast) -> Person:
    user = User.objects.create_user("vera@border.example", name="Vera")
    return Person(user, founding.enrol(agency=cast.border, user=user, role=Role.SUPERVISOR))


@pytest.fixture
def twin(cast: Cast, event: Any, family: list[Individual]) -> Individual:
    """The mother once more, with another telephone and paper, and a child that nobody else has."""
    return register(
        cast.caseworker,
        event,
        [TWIN, {"given_name": "Amal", "relationship_to_head": "child", "date_of_birth": "2024-05-06"}],
    )[0]


def merged(by: Person, survivor: Individual, other: Individual, **given: Any) -> Merge:
    with acting_as(by.viewer):
        return merging.merge(
            survivor=survivor, merged=other, reason="The same papers", by=by.viewer, now=LATER, **given
        )


def parted(by: Person, merge: Merge, now: Any = LATER + timedelta(days=1)) -> list[MergeMove]:
    with acting_as(by.viewer):
        return merging.part(merge=Merge.objects.get(pk=merge.pk), reason="Two sisters", by=by.viewer, now=now)


def everything(by: Person) -> dict[Any, Any]:
    """Return all rows of the tables that a merge may touch, and who is covered."""
    found: dict[Any, Any] = {}
    with acting_as(by.viewer), connection.cursor() as cursor:
        for table in SCOPES:
            cursor.execute(f"SELECT id::text, to_jsonb(t) - 'version' FROM {table} t")
            found |= {(table, key): row for key, row in cursor.fetchall()}
        cursor.execute(
            "SELECT agreement_id, individual_id, household_id, consent_id FROM registration_personaccess"
        )
        found["cover"] = sorted(map(str, cursor.fetchall()))
        cursor.execute(
            "SELECT origin, status, place, sex, sum(people) FROM registration_ledgerline GROUP BY 1, 2, 3, 4 HAVING sum(people) <> 0"
        )
        found["stock"] = sorted(map(str, cursor.fetchall()))
    return found


def fresh(by: Person, person: Individual) -> Individual:
    with acting_as(by.viewer):
        return Individual.objects.select_related("household").get(pk=person.pk)


def test_a_record_takes_over_what_it_lacks_and_all_that_hangs_on_the_other(
    cast: Cast, supervisor: Person, family: list[Individual], twin: Individual
) -> None:
    mother, viewer = family[0], supervisor.viewer
    with acting_as(viewer):
        claim = claims.open_claim(individual=twin, made_on=NOW.date(), by=viewer, now=NOW)
        needs.flag(flags=[needs.Flag(twin.pk, "DS-BD"), needs.Flag(mother.pk, "DS-BD")], by=viewer, now=NOW)
        needs.flag(flags=[needs.Flag(twin.pk, "SM-CI")], by=viewer, now=NOW)
        further_facts.add_relative(
            individual=twin,
            relationship="SBF",
            name="Hawwa",
            country="SDN",
            whereabouts="El Geneina",
            number="",
            by=viewer,
            now=NOW,
        )
        stood = LedgerLine.objects.count()
    made = merged(supervisor, mother, twin, taken=["mother_name", "phone"])
    with acting_as(viewer):
        one, other = fresh(supervisor, mother), fresh(supervisor, twin)
        opener = sealing.Opener([mother.pk, twin.pk])
        assert one.mother_name == "Zahra Ali"
        assert opener.phone(one) == opener.phone(other) != ""
        assert one.given_name == "Mariam"
        assert {opener.number(paper) for paper in Document.objects.filter(individual=one)} == {
            "P01234567",
            "N7654321",
        }
        assert {(need.code, need.individual_id) for need in SpecificNeed.objects.all()} == {
            ("DS-BD", one.pk),
            ("DS-BD", other.pk),
            ("SM-CI", one.pk),
        }  # what both have stays with the record that is closed
        kin = Relative.objects.get()
        assert (kin.individual_id, opener.fact(kin, "whereabouts")) == (one.pk, "El Geneina")
        assert Claim.objects.get(pk=claim.pk).individual_id == one.pk
        assert (other.process_status, other.process_reason, other.merged_into_id) == (
            "C",
            "duplicate",
            one.pk,
        )
        child = Individual.objects.get(given_name="Amal")
        assert child.is_focal_point, "the group that she led goes on"
        assert PastMembership.objects.filter(individual=twin).count() == 1
        assert [line.people for line in LedgerLine.objects.order_by("pk")[stood:]] == [-1]
        assert made.taken == ["mother_name", "phone"]
        assert search.named("Maryam Idris Abakar", viewer=viewer)[0] == one.pk


def test_taken_apart_nothing_has_ever_been(
    cast: Cast, supervisor: Person, family: list[Individual], twin: Individual, agree: Callable[..., Any]
) -> None:
    agree(classes=["C1", "C2", "C3"])
    viewer = supervisor.viewer
    with acting_as(viewer):
        claims.open_claim(individual=twin, made_on=NOW.date(), by=viewer, now=NOW)
        needs.flag(flags=[needs.Flag(twin.pk, "SM-CI")], by=viewer, now=NOW)
        consents.record(
            individual=twin,
            purpose="protection",
            recipient=cast.help,
            text_version="1",
            language="ara",
            given_on=NOW.date(),
            witness="",
            by=viewer,
            now=NOW,
        )
        MatchCandidate.objects.create(
            agency=cast.border,
            other_agency=cast.border,
            individual=twin,
            other=family[0],
            score=9.0,
            found_by="desk",
            found_at=NOW,
        )
    before = everything(supervisor)
    made = merged(
        supervisor,
        family[0],
        twin,
        taken=["given_name", "birth_date", "phone", "legal_status", "native_name"],
    )
    assert everything(supervisor) != before
    assert parted(supervisor, made) == []
    assert everything(supervisor) == before
    with acting_as(viewer):
        made.refresh_from_db()
        assert (made.status, made.undone_by_id) == ("undone", supervisor.user.pk)
    again = merged(supervisor, twin, family[0])
    assert parted(supervisor, again) == []
    assert everything(supervisor) == before


def test_a_member_of_the_same_group_leads_it_where_the_focal_point_stood_twice(
    cast: Cast, supervisor: Person, event: Any
) -> None:
    house = register(
        cast.caseworker,
        event,
        [
            TWIN,
            {"given_name": "Mariam", "relationship_to_head": "other"},
            {"given_name": "Issa", "relationship_to_head": "child", "date_of_birth": "2015-03-04"},
        ],
    )
    before = everything(supervisor)
    made = merged(supervisor, house[1], house[0])
    assert fresh(supervisor, house[1]).is_focal_point
    assert parted(supervisor, made) == []
    assert everything(supervisor) == before


def test_what_was_changed_since_stays(
    cast: Cast, supervisor: Person, family: list[Individual], twin: Individual
) -> None:
    mother, viewer = family[0], supervisor.viewer
    with acting_as(viewer):
        needs.flag(flags=[needs.Flag(twin.pk, "SM-CI")], by=viewer, now=NOW)
    made = merged(supervisor, mother, twin, taken=["phone", "mother_name"])
    with acting_as(viewer):
        need = SpecificNeed.objects.get(code="SM-CI")
        needs.review(need=need, to="dismissed", by=viewer, now=LATER)
        shown = Individual.objects.visible_to(viewer).with_shown_classes(viewer).get(pk=mother.pk)
        contact.correct_phone(individual=shown, phone="+235 66 11 11 11", by=viewer, now=LATER)
        child = Individual.objects.select_related("household").get(given_name="Amal")
        status.change_record(
            individual=child, to="C", reason="deceased", on=LATER.date(), by=viewer, now=LATER
        )
    stayed = parted(supervisor, made)
    with acting_as(viewer):
        one, other = fresh(supervisor, mother), fresh(supervisor, twin)
        opener = sealing.Opener([one.pk, other.pk])
        assert opener.phone(one) == "+235 66 11 11 11"
        assert one.mother_name == ""
        assert SpecificNeed.objects.get(code="SM-CI").individual_id == one.pk
        assert {move.table for move in stayed} == {
            "registration_individual",
            "registration_specificneed",
            "registration_household",
        } or {move.table for move in stayed} >= {"registration_individual", "registration_specificneed"}
        assert Document.objects.filter(individual=other).count() == 1
        assert (other.process_status, other.is_focal_point) == ("A", True)
        assert Household.objects.get(pk=other.household_id).closed_on is None
        assert MergeMove.objects.filter(merge=made, stayed=True).count() == len(stayed)


def test_who_may_merge_and_what_stands_in_the_way(
    cast: Cast, supervisor: Person, family: list[Individual], twin: Individual
) -> None:
    viewer = supervisor.viewer
    with pytest.raises(NotPermitted, match="role"):
        merged(cast.caseworker, family[0], twin)
    with pytest.raises(NotPermitted, match="not two"):
        merged(supervisor, twin, twin)
    with acting_as(viewer):
        exceptions.seal(household=twin.household, reason="Threatened", readers=[], by=viewer, now=NOW)
    with pytest.raises(NotPermitted, match="sealed"):
        merged(supervisor, family[0], fresh(supervisor, twin))
    with acting_as(viewer):
        exceptions.lift(household=twin.household, by=viewer, now=NOW)
        for one in (family[0], twin):
            claims.open_claim(individual=one, made_on=NOW.date(), by=viewer, now=NOW)
    with pytest.raises(NotPermitted, match="open claim"):
        merged(supervisor, family[0], twin)
    made = merged(supervisor, family[1], family[2])
    for act in (
        lambda: merged(supervisor, family[2], twin),
        lambda: corrections.own_person(family[2], viewer),
        lambda: status.change_record(
            individual=family[2], to="A", reason="reopened", on=LATER.date(), by=viewer, now=LATER
        ),
    ):
        with pytest.raises(NotPermitted, match="merged"), acting_as(viewer):
            act()
    chain = merged(supervisor, family[0], family[1])
    with pytest.raises(NotPermitted, match="Take those two apart first"):
        parted(supervisor, made)
    assert parted(supervisor, chain) == []
    assert parted(supervisor, made) == []


def test_a_conflict_of_interest_goes_along(
    cast: Cast, supervisor: Person, family: list[Individual], twin: Individual
) -> None:
    with acting_as(supervisor.viewer):
        exceptions.declare_conflict(
            household=twin.household,
            user_id=cast.colleague.user.pk,
            reason="A cousin",
            by=supervisor.viewer,
            now=NOW,
        )
    made = merged(supervisor, family[0], twin)
    with acting_as(cast.colleague.viewer):
        assert not Individual.objects.visible_to(cast.colleague.viewer).filter(pk=family[0].pk).exists()
    parted(supervisor, made)
    with acting_as(cast.colleague.viewer):
        assert Individual.objects.visible_to(cast.colleague.viewer).filter(pk=family[0].pk).exists()


def test_places_that_somebody_had_under_the_other_record_stand_on_the_page_of_the_one_that_goes_on(
    cast: Cast, supervisor: Person, family: list[Individual], twin: Individual
) -> None:
    with acting_as(supervisor.viewer):
        groups.move(
            members=list(twin.household.members.all()), household=family[0].household, relationships={twin.pk: "SIB"},
            reason="moved", on=NOW.date(), child_headed=True, by=supervisor.viewer, now=NOW,
        )  # fmt: skip
    merged(supervisor, family[0], fresh(supervisor, twin))
    page = supervisor.browser().get(reverse("individual", args=[family[0].pk]))
    assert twin.household.number in [str(place.name) for place in page.context["earlier"]]
    assert "Places in groups before" in page.content.decode()
