"""What becomes of people who are registered together, and to whom can nothing of theirs ever go?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from agencies.enums import AgencyKind
from agencies.models import Agency, Agreement
from registration.actions import access_rows, people
from registration.actions.sealing import Opener
from registration.enums import Level, Relationship
from registration.models import Individual, InfluxEvent, PersonAccess
from tests.conftest import NOW, Cast, acting_as, arrival


def registered(cast: Cast, event: InfluxEvent, **given: Any) -> list[Individual]:
    """Return the members of one new group, registered by the caseworker."""
    one = people.Arrival(ordinals=range(1, len(given["members"]) + 1), **given)
    with acting_as(cast.caseworker.viewer):
        people.register(arrivals=[one], by=cast.caseworker.viewer, now=NOW, event=event)
        found = {person.pk: person for person in Individual.objects.filter(pk__in=one.individuals)}
    return [found[pk] for pk in one.individuals]


def test_a_group_has_one_focal_point_whatever_the_file_said(cast: Cast, event: InfluxEvent) -> None:
    child = arrival(relationship_to_head="child", date_of_birth="2015-03-04", given_name="Yusuf")
    adult = arrival(relationship_to_head="sister", given_name="Hawa")
    yusuf, hawa = registered(cast, event, members=[child, adult])
    assert (yusuf.relationship, hawa.relationship) == ("U", Relationship.PA) or hawa.is_focal_point
    (late,) = registered(cast, event, members=[arrival(given_name="Zara")], joins=hawa.household_id)
    assert late.relationship == Relationship.UNKNOWN
    with acting_as(cast.caseworker.viewer):
        assert Individual.objects.filter(household=hawa.household_id).focal_points().get() == hawa
        with pytest.raises(IntegrityError, match="one_focal_point"), transaction.atomic():
            Individual.objects.filter(pk=late.pk).update(relationship=Relationship.HR1)


def test_what_only_one_member_tells_is_kept_with_that_one(cast: Cast, event: InfluxEvent) -> None:
    mother, son = registered(
        cast,
        event,
        members=[arrival(), arrival(relationship_to_head="child", given_name="Yusuf", sex="M")],
        details=[{"languages": ["ara", "fra"], "religion": "SUN", "level": Level.BASIC}, {}],
    )
    assert (mother.languages, mother.level) == (["ara", "fra"], Level.BASIC)
    assert (son.languages, son.level, bytes(son.religion)) == ([], Level.EMERGENCY, b"")
    with acting_as(cast.caseworker.viewer):
        assert b"SUN" not in bytes(mother.religion)
        assert Opener([mother.pk]).value(mother, "religion") == "SUN"


@pytest.mark.parametrize("where", [{"other_nationalities": ["ERI"]}, {"origin_country": "ERI"}])
def test_no_country_that_a_person_may_have_fled_is_ever_covered(
    cast: Cast, event: InfluxEvent, agree: Callable[..., Agreement], where: dict[str, Any]
) -> None:
    """Asylum Procedures Regulation (EU) 2024/1348 article 7(2)(a): a second nationality and the former residence count, too."""
    Agency.objects.filter(pk=cast.help.pk).update(kind=AgencyKind.GOVERNMENT, country="ERI")
    agreement = agree()
    (fled,) = registered(cast, event, members=[arrival()], details=[where])
    (other,) = registered(cast, event, members=[arrival(given_name="Zara")])
    with acting_as(cast.caseworker.viewer):
        assert not PersonAccess.objects.filter(individual_id=fled.pk).exists()
        assert PersonAccess.objects.filter(individual_id=other.pk, agreement=agreement).exists()
        Individual.objects.filter(pk=other.pk).update(**where)
        access_rows.cover_individuals([other.pk])
        assert not PersonAccess.objects.filter(individual_id=other.pk).exists()
        with (
            pytest.raises(DatabaseError, match="country of origin"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "INSERT INTO registration_personaccess (agency_id, owner_id, agreement_id, individual_id, household_id)"
                " VALUES (%s, %s, %s, %s, %s)",
                [cast.help.pk, cast.border.pk, agreement.pk, fled.pk, fled.household_id],
            )
