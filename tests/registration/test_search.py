"""Does one box find people by any name, script and number, with an age or a year, and nobody by what is not shown?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.db import connection
from django.urls import reverse

from agencies.models import Agreement
from registration.models import Individual, InfluxEvent, listing
from registration.rules.asked import Asked, asked
from registration.rules.keys import search_keys
from registration.rules.names import fold
from tests.conftest import Cast, Person, acting_as, register

TODAY = date(2026, 3, 2)
NARROWED = (None,) * 5  # no other filter


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("amina hassan", Asked("amina hassan", None, "")),
        ("amina hassan 1994", Asked("amina hassan", 1994, "")),
        ("1994 أمينة حسن", Asked("أمينة حسن", 1994, "")),
        ("أمينة ٣٢", Asked("أمينة", 1994, "")),
        ("amina (32)", Asked("amina", 1994, "")),
        ("amina 17/5/1994", Asked("amina", 1994, "")),
        ("amina 1994-05-17", Asked("amina", 1994, "")),
        ("amina 340", Asked("amina", None, "")),
        ("amina 2050", Asked("amina", None, "")),
        ("amina 45123", Asked("amina", None, "")),
        ("1994", Asked("", None, "1994")),
        ("+235 66 12-34 56", Asked("", None, "+235 66 12-34 56")),
        ("٠٦٦١٢٣٤٥٦", Asked("", None, "066123456")),
        ("BOR-26-000017", Asked("", None, "")),
        ("P 01234567", Asked("P", None, "")),
        ("", Asked("", None, "")),
    ],
)
def test_a_text_is_taken_apart(text: str, found: Asked) -> None:
    assert asked(text, today=TODAY) == found


@pytest.fixture
def people(cast: Cast, event: InfluxEvent) -> dict[str, Individual]:
    """Four women who are called nearly the same, born in different years; one has no Latin name."""
    rows = {
        "amina": {"given_name": "Amina", "father_name": "Hassan", "family_name": "Warsame", "date_of_birth": "1994-02-01"},
        "older": {"given_name": "Amina", "father_name": "Hassan", "family_name": "Warsame", "date_of_birth": "1971-02-01"},
        "native": {"given_name": "", "father_name": "", "family_name": "", "full_name_native": "أمينة حسن ورسمه",
                   "date_of_birth": "1995-01-01"},
        "brzezina": {"given_name": "Katarzyna", "father_name": "", "family_name": "Brzezina", "phone": "+48 601 222 333",
                     "date_of_birth": "1980-01-01"},
    }  # fmt: skip
    return {name: register(cast.caseworker, event, [row])[0] for name, row in rows.items()}


def found(by: Person, text: str, **query: str) -> list[str]:
    """Return the numbers on the page of people, in order."""
    answer = by.browser().get(reverse("people"), {"q": text, **query})
    assert answer.status_code == 200
    return [line.number for line in answer.context["lines"]]


def test_a_name_in_any_script_with_an_age_or_a_year(cast: Cast, people: dict[str, Individual]) -> None:
    number = {name: one.number for name, one in people.items()}
    three = {number["amina"], number["older"], number["native"]}
    for text in ("Amina Hassan Warsame", "AMINAH HASAN", "امينه حسن", "warsame amina"):
        assert set(found(cast.caseworker, text)) == three, text
    year = str(date.today().year - 32)
    for text in ("amina hassan 1994", "حسن امينة ١٩٩٤", "amina hassan 2/1994"):
        assert set(found(cast.caseworker, text)) == three - {number["older"]}, text
    assert found(cast.caseworker, "amina hassan 1994")[0] == number["amina"], "the year that was said first"
    assert set(found(cast.caseworker, "amina 32")) == set(found(cast.caseworker, "amina", born=year))
    assert set(found(cast.caseworker, "amina 1930")) == three, "an age may be wrong; the filter is meant"
    assert not found(cast.caseworker, "amina", born="1930")


def test_a_slip_in_the_consonants(cast: Cast, people: dict[str, Individual]) -> None:
    for text in ("Katarzyna Bzezina", "Katarsyna Brzezima", "Brezzinna", "Brzezona Katazyna"):
        assert found(cast.caseworker, text)[:1] == [people["brzezina"].number], text
    assert not found(cast.caseworker, "Wolfgang Amadeus")


def test_a_telephone_however_it_begins(
    cast: Cast, people: dict[str, Individual], agree: Callable[..., Agreement]
) -> None:
    number = people["brzezina"].number
    for text in ("+48 601 222 333", "0048601222333", "601222333", "٦٠١٢٢٢٣٣٣"):
        assert found(cast.caseworker, text) == [number], text
    assert not found(cast.caseworker, "601222334")
    agree(classes=["C1"], matrix={"C1": "see", "registration.individual.phone": "masked"})
    assert number in found(cast.partner, ""), "they see that she is there"
    assert not found(cast.partner, "601222333"), "a masked number is not searched"
    agree(
        title="Telephones", classes=["C1", "C3"], matrix={"C1": "see", "registration.individual.phone": "see"}
    )
    assert found(cast.partner, "601222333") == [number]


def test_an_almost_right_name_finds_nobody_whose_name_is_not_shown(
    cast: Cast, people: dict[str, Individual], agree: Callable[..., Agreement]
) -> None:
    agreement = agree(classes=["C1"], matrix={"C1": "see", "registration.individual.name": "masked"})
    for text in ("Katarzyna Brzezina", "Katarsyna Brzezima", "Brezzinna"):
        assert not found(cast.partner, text)
    assert not found(cast.stranger, "Katarsyna Brzezima")
    agree(title="Names", classes=["C1"], matrix={"C1": "see", "registration.individual.name": "see"})
    assert found(cast.partner, "Katarsyna Brzezima") == [people["brzezina"].number]
    assert agreement.pk


def test_the_indexes_are_used(cast: Cast, event: InfluxEvent) -> None:
    """The planner's trap: with a limit it would rather read everybody (duplicates.md 3e)."""
    given = [
        f"{first}{second}{third}"
        for first in "BDFKLMNRST"
        for second in "aeio"
        for third in ("ra", "lan", "mid", "ssu", "kut")
    ]
    families = ["Haddad", "Saleh", "Issa", "Warsame", "Abakar"]
    for start in range(0, 200, 20):
        register(
            cast.caseworker,
            event,
            [
                {
                    "given_name": one,
                    "family_name": families[n % 5],
                    "relationship_to_head": "head" if not n else "child",
                }
                for n, one in enumerate(given[start : start + 20])
            ]
            * 10,
        )
    connection.cursor().execute("ANALYZE registration_individual")
    for text, index in [("Baralan Warsame", "keys"), ("Fikut", "keys"), ("Baralan Xqzw", "folded")]:
        with acting_as(cast.caseworker.viewer):
            before = scans(f"individual_{index}")
            if index == "keys":
                listing.people_with([search_keys(text)], 500, [], fold(text), 80, NARROWED)
            else:
                listing.people_almost([], fold(text), 80, NARROWED)
            by_index, one_by_one = (
                now - then for now, then in zip(scans(f"individual_{index}"), before, strict=True)
            )
        assert (by_index, one_by_one) == (1, 0), f"{text}: nobody is read one after the other"


def scans(index: str) -> tuple[int, int]:
    """Return how often, in this transaction, an index was asked and all people were read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_stat_get_xact_numscans(%s::regclass), pg_stat_get_xact_numscans('registration_individual'::regclass)",
            [index],
        )
        return tuple(cursor.fetchone())
