"""Does the daily sweep find whom another agency may know, without telling anybody more than that?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agencies.actions import agencies as founding
from agencies.enums import Role
from agencies.models import Agency, Agreement
from refugeecm.core import crypto, outbox
from refugeecm.core.models import User
from registration.actions import asking, duplicates, exceptions, merging
from registration.enums import QuestionState
from registration.models import Household, Individual, InfluxEvent, MatchQuestion, MatchSweep, SealedFile
from registration.models.asking import OPEN
from registration.rules.keys import Person as Somebody
from registration.rules.likely import shares_of
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


def test_nothing_is_noted_without_the_term_or_with_the_agreement_of_others(
    cast: Cast, event: InfluxEvent, zahra: Individual, agree: Agree
) -> None:
    register(cast.partner, event, [AGAIN])
    register(cast.stranger, event, [AGAIN])
    agree()
    for agency in (cast.border, cast.help, cast.other):
        swept(agency)
    assert not hints(cast.caseworker)
    agree(matches=True, title="Asking")
    for agency in (cast.border, cast.help, cast.other):
        swept(agency, days=1)
    assert hints(cast.caseworker) == [(zahra.pk, "possible")], "of HELP's record alone"
    assert not hints(cast.stranger)


def test_a_sealed_file_leaves_no_trace_at_either_agency(
    cast: Cast, event: InfluxEvent, zahra: Individual, agree: Agree
) -> None:
    """Two worlds: what HELP finds after its sweep is the same with a sealed record, with a namesake, and with none."""
    agree(matches=True)
    theirs = register(cast.partner, event, [AGAIN])[0]
    boss = supervisor(cast)
    with acting_as(boss.viewer):
        house = Household.objects.get(pk=zahra.household_id)
        exceptions.seal(household=house, reason="In danger", readers=[], by=boss.viewer, now=NOW)
    assert seen_after(cast, days=0) == (1, 0, [])
    with acting_as(boss.viewer):
        Individual.objects.filter(pk=zahra.pk).update(keys=[])  # as good as not there
        exceptions.lift(household=house, by=boss.viewer, now=NOW)
    outbox.drain(now=NOW)
    assert seen_after(cast, days=1) == (1, 0, [])
    with acting_as(cast.caseworker.viewer):
        Individual.objects.filter(pk=zahra.pk).update(keys=zahra.keys)
    assert seen_after(cast, days=2) == (1, 0, [(theirs.pk, "possible")]), (
        "the count of the sweep does not tell"
    )


def seen_after(cast: Cast, days: int) -> tuple[int, int, list[tuple[Any, str]]]:
    """Return what HELP can know after its sweep: households compared, new pairs as the sweep counts them, its own rows."""
    done = swept(cast.help, days)
    swept(cast.border, days)
    with acting_as(cast.partner.viewer):
        return done, MatchSweep.objects.get().pairs, hints(cast.partner)


def supervisor(cast: Cast) -> Person:
    user = User.objects.create_user("sami@border.example", name="Sami")
    return Person(user, founding.enrol(agency=cast.border, user=user, role=Role.SUPERVISOR))


def test_a_merged_record_stands_for_the_one_that_goes_on(
    cast: Cast, event: InfluxEvent, zahra: Individual, agree: Agree
) -> None:
    """The one that goes on has another name; of a merged record that is sealed nothing is told."""
    goes_on = register(
        cast.caseworker, event, [{**ZAHRA, "given_name": "Mariam", "mother_name": "", "phone": ""}]
    )[0]
    boss = supervisor(cast)
    with acting_as(boss.viewer):
        merging.merge(survivor=goes_on, merged=zahra, taken=[], reason="One woman", by=boss.viewer, now=NOW)
    theirs = register(cast.partner, event, [AGAIN])[0]
    agree(matches=True)
    with acting_as(boss.viewer):
        house = zahra.household_id
        SealedFile.objects.create(
            agency=cast.border, household_id=house, individual_id=zahra.pk, reason="-", sealed_by=boss.user, sealed_at=NOW
        )  # fmt: skip
    swept(cast.help)
    assert not hints(cast.partner)
    with acting_as(boss.viewer):
        SealedFile.objects.update(lifted_at=NOW, lifted_by=boss.user)
    swept(cast.help, days=1)
    assert hints(cast.partner) == [(theirs.pk, "possible")]
    assert hints(cast.caseworker) == [(goes_on.pk, "possible")]


def test_nobody_learns_by_calling_the_function(
    cast: Cast, event: InfluxEvent, zahra: Individual, agree: Agree
) -> None:
    """It answers nothing, asks for one's own people only, and by no key that does not stand with them."""
    agree(matches=True)
    theirs = register(cast.partner, event, [{"given_name": "Zahra", "family_name": "Else", "phone": ""}])[0]
    secret = crypto.derived("keys")
    shares = shares_of(Somebody("Zahra", "Osman", "Wubshet", phones=("66708090",)), secret=secret)
    assert shares
    assert not set(shares.sure) & set(theirs.keys)

    def called(by: Person, person: Individual) -> list[tuple[Any, ...]]:
        with acting_as(by.viewer), connection.cursor() as cursor:
            kinds = ["{" + ",".join(map(str, zahra.keys)) + "}"]
            cursor.execute(asking._LIKELY, [[person.pk], [shares.given], kinds, kinds, kinds, kinds])
            return list(cursor.fetchall())

    nothing = [called(cast.partner, theirs), called(cast.partner, zahra)]
    assert not hints(cast.partner)
    assert not hints(cast.caseworker)
    register(cast.partner, event, [AGAIN])
    assert [called(cast.caseworker, zahra), called(cast.caseworker, zahra)] == nothing
    assert len(hints(cast.caseworker)) == 1


def test_who_follows_no_hint_gets_no_more(
    cast: Cast, event: InfluxEvent, zahra: Individual, agree: Agree
) -> None:
    """An agency that registers people who do not exist has to show some of them before it learns of further ones."""
    agree(matches=True)
    made_up = [register(cast.partner, event, [{"given_name": f"N{n}"}])[0] for n in range(3)]
    for by, person, partner in ((cast.caseworker, zahra, cast.help), (cast.partner, made_up[0], cast.border)):
        with acting_as(by.viewer), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO registration_matchquestion (id, agency_id, individual_id, partner_id, pair, state)"
                " SELECT gen_random_uuid(), %s, %s, %s, md5(n::text)::uuid, 'possible' FROM generate_series(2, %s) AS n",
                [person.agency_id, person.pk, partner.pk, OPEN],
            )
    pairs = [(zahra.pk, one.pk) for one in made_up]
    assert asking.note_possible(pairs, NOW) == 1
    assert asking.note_possible(pairs, NOW) == 0
    with acting_as(cast.partner.viewer):
        Individual.objects.filter(pk=made_up[0].pk).update(process_status="C")
    assert asking.note_possible(pairs, NOW) == 1, "what stood of a closed record makes room"


def test_the_search_is_cheap_whoever_is_asked_about(
    cast: Cast, event: InfluxEvent, zahra: Individual, agree: Agree
) -> None:
    """A few statements for any number of people, and never the whole table (compare the test of the search for candidates)."""
    register(cast.partner, event, [AGAIN])
    viewer = cast.caseworker.viewer
    somebody = Somebody("Zahra", "Osman", "Wubshet", mother_name="Halima Tesfai", birth_date=zahra.birth_date)

    def statements(people: dict[Any, Somebody]) -> int:
        with acting_as(viewer), CaptureQueriesContext(connection) as asked:
            asking.note_likely(people, by=viewer)
        return len(asked)

    many = {zahra.pk: somebody, **{uuid4(): somebody for _one in range(500)}}
    assert statements(many) == 1, "without the term"
    agree(matches=True)
    assert statements(many) == statements({zahra.pk: somebody}) <= 4
    with acting_as(viewer), connection.cursor() as cursor:

        def whole_tables() -> int:
            cursor.execute(
                "SELECT COALESCE(sum(seq_scan), 0) FROM pg_stat_xact_user_tables"
                " WHERE relname IN ('registration_individual', 'registration_matchquestion', 'registration_personaccess')"
            )
            return int(cursor.fetchone()[0])

        before = whole_tables()
        for _time in range(7):  # a plan for any keys is made after five
            asking.note_likely(many, by=viewer)
        assert whole_tables() == before
        cursor.execute("SELECT count(*) FROM registration_individual")
        assert whole_tables() > before, "what would be seen"
    assert len(hints(cast.caseworker)) == 1
