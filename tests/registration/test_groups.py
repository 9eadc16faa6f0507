"""Do people come into a group, move, divide it and lead it as a clerk says, and does history know until when they were what?"""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

import pytest
from django.db.models import Sum

from agencies.actions import agencies as founding
from agencies.enums import Role
from refugeecm.core.models import Event, User
from registration.actions import exceptions, groups, status
from registration.enums import COUNTED, Flow
from registration.models import Household, Individual, InfluxEvent, LedgerLine, PastMembership, SealedFile
from registration.policies import NotPermitted
from tests.conftest import NOW, Cast, Person, acting_as, arrival, register

TODAY = NOW.date()
BEFORE = TODAY - timedelta(days=3)
ADULTS = [
    {"given_name": "Hawa", "relationship_to_head": "head", "date_of_birth": "1980-01-01"},
    {"given_name": "Omar", "relationship_to_head": "spouse", "sex": "M", "date_of_birth": "1978-01-01"},
    {"given_name": "Zeinab", "relationship_to_head": "child", "date_of_birth": "2003-06-01"},
    {"given_name": "Ali", "relationship_to_head": "child", "sex": "M", "date_of_birth": "2012-06-01"},
]


@pytest.fixture
def supervisor(cast: Cast) -> Person:
    """Somebody who may close records."""
    user = User.objects.create_user("sonia@border.example", name="Sonia")
    return Person(user, founding.enrol(agency=cast.border, user=user, role=Role.SUPERVISOR))


@pytest.fixture
def home(cast: Cast, event: InfluxEvent) -> list[Individual]:
    """Hawa, her husband Omar, their grown-up daughter Zeinab and Ali, who is thirteen."""
    return register(cast.caseworker, event, ADULTS)


def act(by: Person, verb: Any, **given: Any) -> Any:
    """Do something as one of the cast, in the database's context of their agency."""
    viewer = by.viewer
    with acting_as(viewer):
        return verb(by=viewer, now=NOW, **{"on": TODAY, **given})


def codes(by: Person, household: uuid.UUID | Household) -> dict[str, str]:
    """Return {given name: relationship} of the active members."""
    pk = getattr(household, "pk", household)
    with acting_as(by.viewer):
        found = Individual.objects.filter(household=pk).active()
        return dict(found.values_list("given_name", "relationship"))


def balanced(by: Person) -> bool:
    """Answer whether the ledger says of every kind of people what the register says."""
    kind = ("origin", "asylum", "status", "place", "sex")
    with acting_as(by.viewer):
        said = {
            tuple(one[name] for name in kind): one["total"]
            for one in LedgerLine.objects.values(*kind).annotate(total=Sum("people"))
            if one["total"]
        }
        counted: dict[tuple[Any, ...], int] = {}
        for one in Individual.objects.filter(process_status__in=COUNTED).select_related("event"):
            assert one.event is not None
            key = (one.origin, one.event.country, one.legal_status, one.site, one.sex)
            counted[key] = counted.get(key, 0) + 1
    return said == counted


def test_another_focal_point_and_everybody_is_what_they_are_to_him(
    cast: Cast, home: list[Individual]
) -> None:
    hawa, omar, zeinab, ali = home
    house = hawa.household
    act(
        cast.caseworker,
        groups.arrange,
        household=house,
        focal_point=omar,
        relationships={ali.pk: "SCM"},
        reason="focal_point",
    )
    assert codes(cast.caseworker, house) == {"Hawa": "WIF", "Omar": "PA", "Zeinab": "DAU", "Ali": "SCM"}
    with acting_as(cast.caseworker.viewer):
        past = {one.individual_id: one for one in PastMembership.objects.all()}
        assert {past[hawa.pk].relationship, past[omar.pk].relationship} == {"PA", "HUS"}
        assert zeinab.pk not in past, "who stays what they were has no line"
        assert (past[hawa.pk].since, past[hawa.pk].until) == (date(2026, 2, 20), TODAY)
        assert past[hawa.pk].noted_by_id == cast.caseworker.user.pk
        told = Event.objects.get(name=groups.ARRANGED, subject_id=house.pk)
        assert told.details == {"reason": "focal_point", "on": TODAY.isoformat()}


def test_a_child_leads_only_if_the_caseworker_says_that_children_are_alone(
    cast: Cast, home: list[Individual]
) -> None:
    change: dict[str, Any] = {
        "household": home[0].household, "focal_point": home[3], "relationships": {}, "reason": "focal_point",
    }  # fmt: skip
    with pytest.raises(NotPermitted, match="younger than 18"):
        act(cast.caseworker, groups.arrange, **change)
    act(cast.caseworker, groups.arrange, child_headed=True, **change)
    assert codes(cast.caseworker, home[0].household) == {
        "Hawa": "PRF",
        "Omar": "PRM",
        "Zeinab": "SBF",
        "Ali": "PA",
    }


def test_a_group_is_divided_and_those_who_stay_have_a_focal_point(cast: Cast, home: list[Individual]) -> None:
    hawa, omar, zeinab, ali = home
    go: dict[str, Any] = {"members": [hawa, ali], "focal_point": hawa, "reason": "divorce"}
    with pytest.raises(NotPermitted, match="who leads"):
        act(cast.caseworker, groups.split, **go)
    made = act(cast.caseworker, groups.split, successor=omar, **go)
    assert codes(cast.caseworker, made) == {"Hawa": "PA", "Ali": "SON"}
    assert codes(cast.caseworker, hawa.household) == {"Omar": "PA", "Zeinab": "DAU"}
    with acting_as(cast.caseworker.viewer):
        assert made.number != hawa.household.number
        assert (made.event_id, made.site) == (hawa.household.event_id, hawa.household.site)
        was = PastMembership.objects.get(individual=ali)
        assert (was.household_id, was.relationship, was.reason) == (hawa.household_id, "SON", "divorce")
        assert Event.objects.filter(name=groups.DIVIDED, subject_id=ali.pk).exists()


def test_the_last_to_move_closes_the_door(
    cast: Cast, event: InfluxEvent, home: list[Individual], family: list[Individual]
) -> None:
    mariam, yusuf, halima = family
    new_home = home[0].household
    act(
        cast.caseworker,
        groups.move,
        members=[yusuf],
        household=new_home,
        relationships={yusuf.pk: "NEP"},
        reason="reunited",
    )
    assert codes(cast.caseworker, new_home)["Yusuf"] == "NEP"
    act(
        cast.caseworker,
        groups.move,
        members=[halima, mariam],
        household=new_home,
        relationships={mariam.pk: "PA"},
        reason="moved",
    )
    assert codes(cast.caseworker, new_home)["Mariam"] == "U", "nobody comes into a group as its focal point"
    with acting_as(cast.caseworker.viewer):
        left = Household.objects.get(pk=mariam.household_id)
        assert (left.closed_on, left.closing_reason) == (TODAY, "moved")
    with pytest.raises(NotPermitted, match="in this group already"):
        act(
            cast.caseworker,
            groups.move,
            members=[home[1]],
            household=new_home,
            relationships={},
            reason="moved",
        )
    with pytest.raises(NotPermitted, match="Nobody is in that group"):
        act(
            cast.caseworker,
            groups.move,
            members=[home[1]],
            household=mariam.household,
            relationships={},
            reason="moved",
        )
    assert balanced(cast.caseworker)


@pytest.mark.parametrize(
    ("on", "said"), [(TODAY + timedelta(days=1), "in the future"), (date(2026, 2, 19), "not in the group")]
)
def test_a_day_that_cannot_be(cast: Cast, home: list[Individual], on: date, said: str) -> None:
    with pytest.raises(NotPermitted, match=said):
        act(cast.caseworker, groups.split, members=[home[2]], focal_point=home[2], reason="marriage", on=on)


def test_a_newborn_has_the_mothers_status(cast: Cast, supervisor: Person, home: list[Individual]) -> None:
    hawa, _omar, zeinab, _ali = home
    act(
        supervisor,
        status.change_legal,
        individual=zeinab,
        legal_status="REFUGEE",
        basis="CONVENTION_1951",
        category="INDIVIDUAL",
    )
    with acting_as(cast.caseworker.viewer):
        zeinab.refresh_from_db()
    child = arrival(
        given_name="Noor", relationship_to_head="grandchild", date_of_birth=BEFORE.isoformat(), registration_date=TODAY.isoformat(),
        arrival_date="",
    )  # fmt: skip
    born = {"household": hawa.household, "members": [child], "reason": "birth", "on": BEFORE}
    with pytest.raises(NotPermitted, match="mother"):
        act(cast.caseworker, groups.add, **born)
    (noor_id,) = act(cast.caseworker, groups.add, mother=zeinab, **born)
    with acting_as(cast.caseworker.viewer):
        noor = Individual.objects.get(pk=noor_id)
        assert (noor.legal_status, noor.status_category, noor.joined_on) == ("REFUGEE", "DERIVATIVE", BEFORE)
        assert LedgerLine.objects.get(flow=Flow.BIRTH).status == "REFUGEE"
        assert Event.objects.get(name=groups.JOINED, subject_id=noor_id).details["reason"] == "birth"
    assert balanced(cast.caseworker)


def test_a_death_is_never_refused_and_the_eldest_leads(cast: Cast, home: list[Individual]) -> None:
    hawa, omar, zeinab, ali = home
    early = date(2026, 2, 21)
    act(
        cast.caseworker,
        groups.arrange,
        household=hawa.household,
        focal_point=zeinab,
        relationships={},
        reason="focal_point",
    )
    act(cast.caseworker, status.change_record, individual=zeinab, to="C", reason="deceased", on=early)
    assert codes(cast.caseworker, hawa.household) == {"Hawa": "WIF", "Omar": "PA", "Ali": "SON"}
    with acting_as(cast.caseworker.viewer):
        zeinab.refresh_from_db()
        assert (zeinab.process_status, zeinab.process_status_on) == ("C", early)
        line = LedgerLine.objects.get(flow=Flow.DEATH)
        assert (line.people, line.day, line.sex) == (-1, early, "F")
        last = PastMembership.objects.filter(individual=zeinab).order_by("since", "until").last()
        assert last is not None
        assert (last.relationship, last.reason, last.until) == ("PA", "record_closed", TODAY)
    assert balanced(cast.caseworker)


def test_a_death_that_was_said_by_mistake_is_taken_back_after_the_last_place_only(
    cast: Cast, supervisor: Person, home: list[Individual]
) -> None:
    """Said of a day before her last change of place; until today she had that place, so she has none again before today."""
    zeinab, early = home[2], date(2026, 2, 21)
    changed = {
        "focal_point": zeinab,
        "relationships": {},
        "reason": "focal_point",
        "household": zeinab.household,
    }
    act(cast.caseworker, groups.arrange, **changed)
    act(cast.caseworker, status.change_record, individual=zeinab, to="C", reason="deceased", on=early)
    again = {"individual": zeinab, "to": "A", "reason": "reopened"}
    with pytest.raises(NotPermitted, match="before"):
        act(supervisor, status.change_record, on=BEFORE, **again)
    act(supervisor, status.change_record, **again)
    with acting_as(cast.caseworker.viewer):
        zeinab.refresh_from_db()
        spans = PastMembership.objects.filter(individual=zeinab).order_by("since", "until")
        assert [one.until for one in spans][-1] == zeinab.joined_on == TODAY
    assert balanced(cast.caseworker)


def test_closing_and_opening_again_are_for_supervisors(
    cast: Cast, supervisor: Person, family: list[Individual]
) -> None:
    mariam, yusuf, halima = family
    with pytest.raises(NotPermitted, match="supervisor"):
        act(cast.caseworker, status.change_record, individual=yusuf, to="C", reason="withdrawn")
    with pytest.raises(NotPermitted, match="does not fit"):
        act(supervisor, status.change_record, individual=yusuf, to="C", reason="no_show")
    act(supervisor, status.change_record, individual=yusuf, to="C", reason="withdrawn")
    act(supervisor, status.close_group, household=mariam.household, to="C", reason="repatriated")
    assert codes(supervisor, mariam.household) == {}
    assert balanced(supervisor)
    with acting_as(supervisor.viewer):
        house = Household.objects.get(pk=mariam.household_id)
        assert (house.closed_on, house.closing_reason) == (TODAY, "record_closed")
        assert LedgerLine.objects.filter(flow=Flow.RETURN).aggregate(n=Sum("people"))["n"] == -2
        yusuf.refresh_from_db()
        mariam.refresh_from_db()
    with pytest.raises(NotPermitted, match="supervisor"):
        act(cast.caseworker, status.change_record, individual=yusuf, to="A", reason="reopened")
    act(supervisor, status.change_record, individual=yusuf, to="A", reason="reopened")
    act(supervisor, status.change_record, individual=mariam, to="A", reason="reopened")
    assert codes(supervisor, mariam.household) == {"Mariam": "U", "Yusuf": "PA"}
    with acting_as(supervisor.viewer):
        assert Household.objects.get(pk=mariam.household_id).closed_on is None
    assert balanced(supervisor)


def test_a_record_on_hold_still_counts_and_an_inactive_one_does_not(
    cast: Cast, family: list[Individual]
) -> None:
    mariam, yusuf, _halima = family
    act(cast.caseworker, status.change_record, individual=mariam, to="H", reason="identity_doubt")
    assert codes(cast.caseworker, mariam.household)["Mariam"] == "PA"
    with acting_as(cast.caseworker.viewer):
        mariam.refresh_from_db()
    with pytest.raises(NotPermitted, match="who leads"):
        act(cast.caseworker, status.change_record, individual=mariam, to="I", reason="no_show")
    act(
        cast.caseworker, status.change_record, individual=mariam, to="I", reason="no_show", successor=yusuf, child_headed=True
    )  # fmt: skip
    assert codes(cast.caseworker, mariam.household) == {"Yusuf": "PA", "Halima": "SBF"}
    assert balanced(cast.caseworker)


def test_who_comes_into_a_sealed_group_is_sealed_and_a_seal_goes_along(
    cast: Cast, supervisor: Person, home: list[Individual], family: list[Individual]
) -> None:
    house, mariam = home[0].household, family[0]
    viewer = supervisor.viewer
    with acting_as(viewer):
        exceptions.seal(household=house, reason="Threatened", readers=[], by=viewer, now=NOW)
    move = {"members": [family[1]], "household": house, "relationships": {}, "reason": "moved"}
    act(supervisor, groups.move, **move)
    made = act(supervisor, groups.split, members=home[2:], focal_point=home[2], reason="split")
    with acting_as(viewer):
        sealed = dict(SealedFile.objects.filter(lifted_at=None).values_list("individual_id", "household_id"))
        assert sealed == {
            home[0].pk: house.pk, home[1].pk: house.pk, family[1].pk: house.pk, home[2].pk: made.pk, home[3].pk: made.pk,
        }  # fmt: skip
        assert Household.objects.visible_to(viewer).filter(pk=made.pk).exists(), (
            "readers read the new file, too"
        )
        home[1].refresh_from_db()
    with acting_as(cast.caseworker.viewer):
        assert not Household.objects.visible_to(cast.caseworker.viewer).filter(pk=made.pk).exists()
    with pytest.raises(NotPermitted, match="Seal that one first"):
        act(
            supervisor,
            groups.move,
            members=[home[1]],
            household=mariam.household,
            relationships={},
            reason="moved",
        )


def test_a_conflict_of_interest_goes_along(
    cast: Cast, home: list[Individual], family: list[Individual]
) -> None:
    house, colleague = home[0].household, cast.colleague.viewer
    with acting_as(colleague):
        exceptions.declare_conflict(
            household=house, user_id=cast.colleague.user.pk, reason="Cousin", by=colleague, now=NOW
        )
    act(
        cast.caseworker,
        groups.move,
        members=[home[2]],
        household=family[0].household,
        relationships={},
        reason="marriage",
    )
    with acting_as(colleague):
        seen = Individual.objects.visible_to(colleague).filter(pk__in=[one.pk for one in (*home, *family)])
        assert not seen.exists()


def test_only_the_agency_itself(cast: Cast, family: list[Individual]) -> None:
    with acting_as(cast.caseworker.viewer):
        assert family[0].household.number
    with pytest.raises(NotPermitted, match="responsible"):
        act(cast.stranger, groups.split, members=[family[0]], focal_point=family[0], reason="split")
