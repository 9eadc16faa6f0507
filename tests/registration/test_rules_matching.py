"""Are twins kept apart and re-registrations found?"""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration.rules.keys import Person
from registration.rules.matching import POINTS, POSSIBLE, REASONS, SAME, score

GIRL = Person(
    given_name="Fatima",
    father_name="Khaled",
    family_name="Al-Sayed",
    native_name="فاطمة خالد السيد",
    mother_name="Salma Haddad",
    sex="F",
    birth_date=date(2012, 8, 19),
    birth_precision="DAY",
    nationality="SYR",
    phones=("962791234567",),
    documents=("FB1234567",),
    document_types=("FAMILY_BOOKLET",),
)


@pytest.mark.parametrize(
    "again",
    [
        GIRL,
        GIRL._replace(given_name="Fatemeh", family_name="Alsayed", native_name=""),
        GIRL._replace(given_name="FATMA", father_name="KHALID", phones=("905301112233",)),
        GIRL._replace(given_name="Al-Sayed", family_name="Fatima", documents=(), document_types=()),
        GIRL._replace(birth_date=date(2012, 1, 1), birth_precision="YEAR"),
    ],
)
def test_the_same_girl_is_taken_for_the_same(again: Person) -> None:
    points, reasons = score(GIRL, again)
    assert points >= SAME
    assert reasons
    assert reasons[0] in REASONS


@pytest.mark.parametrize(
    "relative",
    [
        GIRL._replace(given_name="Maryam", native_name="مريم خالد السيد"),
        GIRL._replace(given_name="Hassan", sex="M", native_name="حسن خالد السيد"),
        GIRL._replace(given_name="Fatin", native_name="فاتن خالد السيد"),
        GIRL._replace(
            given_name="Khaled", father_name="Omar", sex="M", birth_date=date(1980, 1, 1), mother_name=""
        ),
    ],
)
def test_twins_and_parents_are_never_taken_for_the_same(relative: Person) -> None:
    assert score(GIRL, relative)[0] < SAME


def test_twins_with_one_skeleton_are_left_to_people() -> None:
    twin = GIRL._replace(given_name="Hassan", native_name="حسن خالد السيد", sex="M")
    other = twin._replace(given_name="Hussein", native_name="حسين خالد السيد")
    assert POSSIBLE <= score(twin, other)[0] < SAME


def test_strangers_with_a_common_name_are_not_even_possible() -> None:
    one = Person("Mohamed", "Ahmed", "Ali", sex="M", birth_date=date(1990, 1, 1), mother_name="Amina Saleh")
    other = Person("Mohammed", "Ahmad", "Aly", sex="M", birth_date=date(1994, 6, 7), mother_name="Hawa Osman")
    assert score(one, other)[0] < POSSIBLE


def test_a_passport_speaks_for_itself() -> None:
    one = Person(
        "Olena",
        "",
        "Shevchenko",
        birth_date=date(1990, 5, 24),
        documents=("AB123456",),
        document_types=("PASSPORT",),
    )
    other = Person(
        "Елена",
        "",
        "Шевченко",
        birth_date=date(1990, 5, 24),
        documents=("ab 123456",),
        document_types=("PASSPORT",),
    )
    points, reasons = score(one, other)
    assert points >= SAME
    assert "document" in reasons


def test_every_piece_of_evidence_has_points_and_a_sentence() -> None:
    assert set(POINTS) == set(REASONS)
    assert all(REASONS.values())


people = st.builds(
    Person,
    given_name=st.text(max_size=12),
    family_name=st.text(max_size=12),
    native_name=st.text(max_size=12),
    sex=st.sampled_from(["F", "M", "U", ""]),
    birth_date=st.none() | st.dates(date(1900, 1, 1), date(2026, 1, 1)),
    phones=st.lists(st.text(max_size=12), max_size=2).map(tuple),
    documents=st.lists(st.text(max_size=8), max_size=1).map(tuple),
    document_types=st.just(("OTHER",)),
)


@given(people, people)
def test_the_score_is_symmetric_and_bounded(a: Person, b: Person) -> None:
    forth, back = score(a, b), score(b, a)
    assert 0.0 <= forth[0] <= 1.0
    assert abs(forth[0] - back[0]) < 1e-9
    assert set(forth[1]) == set(back[1]) <= set(REASONS)
