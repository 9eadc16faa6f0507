"""Does every way into the register ask whether the person is in it already, and is the register asked against itself?"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection

from registration import matching
from registration.actions import corrections, duplicates, further_facts, normalising
from registration.actions.corrections import version_of
from registration.enums import FoundBy
from registration.matching import trained
from registration.models import Individual, InfluxEvent, MatchCandidate, MatchSweep, MatchWeights
from registration.rules.keys import Person as Somebody
from tests.conftest import NOW, Cast, acting_as, register

ZAHRA = {
    "given_name": "Zahra", "father_name": "Osman", "family_name": "Wubshet", "mother_name": "Halima Tesfai", "sex": "F",
    "date_of_birth": "1994-03-17", "nationality": "SDN", "phone": "+235 66 70 80 90",
}  # fmt: skip

KOFI = {
    "given_name": "Kofi", "father_name": "Kwame", "family_name": "Mensah", "mother_name": "Abena Owusu", "sex": "M",
    "date_of_birth": "1961-02-03", "nationality": "SDN",
}  # fmt: skip


def pairs(cast: Cast) -> list[MatchCandidate]:
    with acting_as(cast.caseworker.viewer):
        return list(MatchCandidate.objects.order_by("pk"))


@pytest.fixture
def zahra(cast: Cast, event: InfluxEvent) -> Individual:
    return register(cast.caseworker, event, [ZAHRA])[0]


def test_a_correction_that_makes_two_records_alike_is_noticed(
    cast: Cast, event: InfluxEvent, zahra: Individual
) -> None:
    other = register(
        cast.caseworker,
        event,
        [{**ZAHRA, "given_name": "Mariam", "date_of_birth": "1970-01-01", "phone": ""}],
    )[0]
    assert not pairs(cast)
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        said = {"given_name": "زهراء", "birth_date": date(1994, 3, 17), "birth_precision": "DAY"}
        corrections.correct(
            individual=other,
            columns=said,
            level="",
            reason="heard wrongly",
            version=version_of(other),
            by=viewer,
            now=NOW,
        )
    (pair,) = pairs(cast)
    assert {pair.individual_id, pair.other_id} == {zahra.pk, other.pk}
    assert (pair.found_by, pair.kind, pair.state) == ("edit", "same", "open")
    assert pair.score >= matching.SAME
    assert {"given_name", "birth_date", "mother_name"} <= {field for field, *_rest in pair.evidence}


def test_a_paper_that_somebody_else_showed_is_noticed(
    cast: Cast, event: InfluxEvent, zahra: Individual
) -> None:
    other = register(
        cast.caseworker,
        event,
        [{"given_name": "Z.", "family_name": "Wubshet", "sex": "F", "nationality": "SDN"}],
    )[0]
    viewer = cast.caseworker.viewer
    for person in (zahra, other):
        with acting_as(viewer):
            further_facts.add_document(
                individual=person, kind="PASSPORT", number="P 7654321", by=viewer, now=NOW
            )
    assert [(pair.found_by, pair.evidence[0][:2]) for pair in pairs(cast)] == [("edit", ["document", "same"])]


def test_the_register_is_compared_with_itself_once_a_day(
    cast: Cast, event: InfluxEvent, zahra: Individual, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever came in by a way that did not ask is found the next night; nobody is asked about twice, whatever was decided."""
    register(
        cast.caseworker,
        event,
        [KOFI, {**KOFI, "given_name": "Ama", "date_of_birth": "1990-10-30", "sex": "F"}],
    )
    again = register(
        cast.caseworker,
        event,
        [
            {**ZAHRA, "father_name": "Uthman", "phone": ""},
            {**KOFI, "given_name": "Esi", "father_name": "Yaw", "family_name": "Boateng", "sex": "F"},
        ],
    )
    assert not pairs(cast)
    monkeypatch.setattr(duplicates, "HOUSEHOLDS", 2)
    assert duplicates.sweep(agency=cast.border, now=NOW) == 2
    assert duplicates.sweep(agency=cast.border, now=NOW) == 1, "a worker goes on where the last one stopped"
    assert duplicates.sweep(agency=cast.border, now=NOW) == 0, "and is done for today"
    (pair,) = pairs(cast)
    assert {pair.individual_id, pair.other_id, pair.found_by} == {again[0].pk, zahra.pk, "sweep"}
    with acting_as(cast.caseworker.viewer):
        state = MatchSweep.objects.get()
        assert (state.done_at, state.pairs) == (NOW, 1)
        MatchCandidate.objects.update(state="different", decided_by=cast.caseworker.user, decided_at=NOW)
    later = NOW + timedelta(days=1)
    while duplicates.sweep(agency=cast.border, now=later):
        pass
    assert [one.state for one in pairs(cast)] == ["different"]


def test_after_an_upgrade_the_register_is_compared_once_everybody_can_be_found(
    cast: Cast, event: InfluxEvent, zahra: Individual
) -> None:
    register(cast.caseworker, event, [{**ZAHRA, "father_name": "Uthman", "phone": ""}])
    with acting_as(cast.caseworker.viewer):
        Individual.objects.update(keys=[], normalised_by=0)
    assert duplicates.sweep(agency=cast.border, now=NOW) == 0
    while normalising.renew(agency=cast.border):
        pass
    assert duplicates.sweep(agency=cast.border, now=NOW) == 2, "the same day"
    assert len(pairs(cast)) == 1


def test_nobody_is_compared_with_their_own_family_or_across_a_wall(
    cast: Cast, event: InfluxEvent, zahra: Individual
) -> None:
    register(cast.stranger, event, [ZAHRA])
    twins = [{**ZAHRA, "given_name": "Hassan", "sex": "M"}, {**ZAHRA, "given_name": "Hussein", "sex": "M"}]
    people = register(cast.caseworker, event, [*twins, {**ZAHRA, "given_name": "Zahraa"}])
    with acting_as(cast.caseworker.viewer):
        MatchCandidate.objects.all().delete()
        duplicates.look(people=people, found_by=FoundBy.SWEEP, by=cast.caseworker.viewer, now=NOW)
    found = {frozenset((one.individual_id, one.other_id)): one.kind for one in pairs(cast)}
    assert found[frozenset((people[2].pk, zahra.pk))] == "same"
    assert all(zahra.pk in pair for pair in found), "neither each other nor the stranger's record"


def test_what_a_register_taught_counts_from_the_next_question_on(
    cast: Cast, event: InfluxEvent, zahra: Individual, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of fifty women called Amina Ali each is less sure than before; another agency's weights stay as they were."""
    monkeypatch.setattr("registration.rules.weights.ENOUGH", 20)
    common = {"given_name": "Amina", "family_name": "Ali", "sex": "F", "nationality": "SDN"}
    for year in range(50):
        register(cast.caseworker, event, [{**common, "date_of_birth": f"{1950 + year}-05-0{1 + year % 9}"}])
    probe = Somebody(
        "Amina", "", "Ali", sex="F", birth_date=date(1980, 5, 4), nationality="SDN", mother_name="Nobody Else"
    )

    def best() -> float:
        with acting_as(cast.caseworker.viewer):
            (found,) = matching.candidates([probe], viewer=cast.caseworker.viewer)
        return max((one.score for one in found), default=-99.0)

    before = best()
    kept = duplicates.learn(agency=cast.border, now=NOW)
    assert kept.people == 51
    assert kept.names["counts"][""]["gamina"] == 50
    assert best() < before
    with acting_as(cast.stranger.viewer):
        assert not MatchWeights.objects.exists()
        weights, crowded = trained.weights_for(cast.stranger.viewer)
        assert not weights.names.counts
        assert not crowded


def test_old_weights_are_removed(cast: Cast, zahra: Individual) -> None:
    for _day in range(duplicates.KEPT + 2):
        duplicates.learn(agency=cast.border, now=NOW)
    with acting_as(cast.caseworker.viewer):
        assert MatchWeights.objects.count() == duplicates.KEPT


def test_a_merged_record_stands_for_the_one_that_goes_on(
    cast: Cast, event: InfluxEvent, zahra: Individual
) -> None:
    other = register(cast.caseworker, event, [{**ZAHRA, "given_name": "Zohra"}])[0]
    with acting_as(cast.caseworker.viewer):
        Individual.objects.filter(pk=other.pk).update(merged_into=zahra)
        probe = Somebody(
            "Zohra", "Osman", "Wubshet", sex="F", birth_date=date(1994, 3, 17), nationality="SDN"
        )
        (found,) = matching.candidates([probe], viewer=cast.caseworker.viewer)
    assert [one.individual_id for one in found if one.same] == [zahra.pk]


def test_whoever_comes_under_a_name_of_before_is_found(
    cast: Cast, event: InfluxEvent, zahra: Individual
) -> None:
    viewer = cast.caseworker.viewer
    probe = Somebody("Zahra", "Osman", "Demissie", sex="F", birth_date=date(1994, 3, 17), nationality="SDN")
    with acting_as(viewer):
        (before,) = matching.candidates([probe], viewer=viewer)
        zahra.further_names.create(agency=cast.border, kind="maiden", name="Demissie")
        (after,) = matching.candidates([probe], viewer=viewer)
        also = probe._replace(family_name="Wubshet", further=(("maiden", "Tekle"),))
        (turned,) = matching.candidates([also], viewer=viewer)
    assert after[0].score > before[0].score + 5
    assert ["family_name", "same"] in [one[:2] for one in after[0].evidence]
    assert turned[0].individual_id == zahra.pk


def test_the_search_for_candidates_uses_its_index(cast: Cast, event: InfluxEvent, zahra: Individual) -> None:
    """The planner trap of duplicates.md 3e: with a limit the whole table was read. Statistics of this transaction alone."""
    asked = "SELECT COALESCE(sum({0}), 0) FROM pg_stat_xact_user_{1} WHERE {2} = %s"
    with acting_as(cast.caseworker.viewer), connection.cursor() as cursor:

        def read(column: str, kind: str, name: str, of: str) -> int:
            cursor.execute(asked.format(column, kind, name), [of])
            return int(cursor.fetchone()[0])

        def whole_tables() -> int:
            return read("seq_scan", "tables", "relname", "registration_individual")

        before = whole_tables()
        cursor.execute("SELECT count(*) FROM registration_individual")
        assert whole_tables() > before, "what would be seen"
        before = whole_tables()
        for _time in range(7):  # a plan for any keys is made after five
            cursor.execute(
                "SELECT * FROM registration_sharing(%s, %s)",
                [["{1,2,3}", "{" + str(zahra.keys[0]) + "}"], ["{}", "{}"]],
            )
            assert [row[1] for row in cursor.fetchall()] == [zahra.pk]
        assert whole_tables() == before
