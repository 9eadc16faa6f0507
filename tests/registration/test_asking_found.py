"""Does the daily sweep find whom another agency may know, without telling anybody more than that?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from agencies.models import Agency, Agreement
from registration.actions import asking, duplicates
from registration.enums import QuestionState
from registration.models import Individual, InfluxEvent, MatchQuestion
from tests.conftest import NOW, Cast, Person, acting_as, register

Agree = Callable[..., Agreement]
ZAHRA = {
    "given_name": "Zahra", "father_name": "Osman", "family_name": "Wubshet", "mother_name": "Halima Tesfai", "sex": "F",
    "date_of_birth": "1994-03-17", "nationality": "SDN", "phone": "+235 66 70 80 90",
}  # fmt: skip
AGAIN = {
    **ZAHRA,
    "given_name": "Zahraa",
    "father_name": "Uthman",
    "phone": "",
}  # alike: her mother's name, and the day


@pytest.fixture
def zahra(cast: Cast, event: InfluxEvent) -> Individual:
    """Zahra, registered at the border."""
    return register(cast.caseworker, event, [ZAHRA])[0]


def swept(agency: Agency, days: int = 0) -> int:
    """Sweep an agency's whole register, some days later; return how many households were compared."""
    done = 0
    while some := duplicates.sweep(agency=agency, now=NOW + timedelta(days=days)):
        done += some
    return done


def hints(by: Person) -> list[tuple[Any, str]]:
    """Return (person, state) of what stands in an agency's own rows."""
    with acting_as(by.viewer):
        return list(MatchQuestion.objects.order_by("pk").values_list("individual_id", "state"))


def answered(by: Person, person: Individual, partner: Agency) -> None:
    with acting_as(by.viewer):
        says = QuestionState.DIFFERENT
        asking.answer(individual=person, partner=partner, says=says, by=by.viewer, now=NOW)


def test_the_sweep_of_one_notes_it_for_both_and_only_once(
    cast: Cast, event: InfluxEvent, zahra: Individual, agree: Agree
) -> None:
    theirs = register(cast.partner, event, [AGAIN])[0]
    agree(matches=True)
    assert swept(cast.border) == 1
    assert hints(cast.caseworker) == [(zahra.pk, "possible")]
    assert hints(cast.partner) == [(theirs.pk, "possible")]
    swept(cast.help)
    swept(cast.border, days=1)
    assert hints(cast.caseworker) == [(zahra.pk, "possible")], "neither the other's sweep nor the next day's"
    with acting_as(cast.caseworker.viewer):
        asking.ask(individual=zahra, partner=cast.help, fields=["name"], by=cast.caseworker.viewer, now=NOW)
    answered(cast.partner, theirs, cast.border)
    swept(cast.border, days=2)
    swept(cast.help, days=2)
    assert hints(cast.caseworker) == [(zahra.pk, "different")], "what was answered is not noted again"
    assert hints(cast.partner) == [(theirs.pk, "different")]


@pytest.mark.parametrize(
    ("other", "found"),
    [
        ({"mother_name": ""}, True),  # three words of the name on the same day
        ({"mother_name": "", "father_name": "", "phone": ZAHRA["phone"]}, True),  # her telephone, and the day
        (
            {"mother_name": "", "phone": ZAHRA["phone"], "date_of_birth": "1995-01-01"},
            True,
        ),  # and her whole name
        ({"mother_name": "", "date_of_birth": "1994-01-01"}, False),  # a namesake of the same year
        ({"mother_name": "", "father_name": "Bakri"}, False),  # a cousin of the same day
        ({"given_name": "Amna"}, False),  # a twin sister
        (
            {"given_name": "Hassan", "sex": "M", "phone": ZAHRA["phone"]},
            False,
        ),  # a twin brother with one telephone
        (
            {"given_name": "Amna", "date_of_birth": "1997-08-02", "phone": ZAHRA["phone"]},
            False,
        ),  # a younger sister
        ({"nationality": "TCD"}, False),
        (
            {"mother_name": "", "phone": ZAHRA["phone"], "date_of_birth": "1990-01-01"},
            False,
        ),  # of another age
    ],
)
def test_who_is_likely_the_same_person(
    cast: Cast, event: InfluxEvent, zahra: Individual, agree: Agree, other: dict[str, str], found: bool
) -> None:
    register(cast.partner, event, [{**ZAHRA, "phone": "", **other}])
    agree(matches=True)
    swept(cast.border)
    swept(cast.help)
    assert (len(hints(cast.caseworker)), len(hints(cast.partner))) == (found, found)
