"""Who supervises at the border, and of whom is much known under words that stand nowhere else?"""

from __future__ import annotations

import pytest

from agencies.actions import agencies as founding
from agencies.enums import Role
from refugeecm.core.models import User
from registration.actions import further_facts, needs, status
from registration.models import FurtherName, Individual
from tests.conftest import NOW, Cast, Person, acting_as


@pytest.fixture
def supervisor(cast: Cast) -> Person:
    user = User.objects.create_user("samir@border.example", name="Samir")
    return Person(user, founding.enrol(agency=cast.border, user=user, role=Role.SUPERVISOR))


@pytest.fixture
def known(cast: Cast, supervisor: Person, family: list[Individual]) -> Individual:
    """The mother, of whom much is known under names that stand nowhere else; her record is closed."""
    viewer, mother = supervisor.viewer, family[0]
    with acting_as(viewer):
        FurtherName.objects.create(agency=cast.border, individual=mother, kind="alias", name="Zqalias")
        further_facts.add_relative(
            individual=mother, relationship="SBF", name="Zqsister", country="FRA", whereabouts="Zqlyon", number="",
            by=viewer, now=NOW,
        )  # fmt: skip
        needs.flag(flags=[needs.Flag(mother.pk, "DS-BD", note="Zqnote")], by=viewer, now=NOW)
        mother.refresh_from_db()
        Individual.objects.filter(pk=mother.pk).update(given_name="Zqmariam", birth_place="Zqgeneina")
        Individual.objects.filter(pk=mother.pk).update(given_name="Zqmaryam", father_name="Zqidris")
        mother.refresh_from_db()
        status.change_record(
            individual=mother,
            to="C",
            reason="repatriated",
            on=NOW.date(),
            successor=family[1],
            child_headed=True,
            by=viewer,
            now=NOW,
        )
        mother.refresh_from_db()
    return mother
