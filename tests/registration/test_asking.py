"""Do two agencies find out that they know the same person by asking each other, and nothing by anything else?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from agencies.actions import agencies as founding
from agencies.enums import Role
from agencies.models import Agreement
from refugeecm.core import outbox
from refugeecm.core.models import ReadEvent, User
from registration.actions import asking, exceptions
from registration.enums import QuestionState
from registration.models import Household, Individual, InfluxEvent, MatchQuestion
from registration.policies import NotPermitted
from tests.conftest import NOW, Cast, Person, acting_as, end, register

Agree = Callable[..., Agreement]
HINT = "may know this person"


@pytest.fixture
def pair(cast: Cast, event: InfluxEvent, family: list[Individual]) -> tuple[Individual, Individual]:
    """Mariam Abakar as BORDER has registered her, and as HELP has, who see nothing of each other's people."""
    theirs = register(cast.partner, event, [{"given_name": "Maryam", "family_name": "Abaker"}])
    return family[0], theirs[0]


@pytest.fixture
def supervisor(cast: Cast) -> Person:
    """The supervisor at the border."""
    user = User.objects.create_user("sami@border.example", name="Sami")
    return Person(user, founding.enrol(agency=cast.border, user=user, role=Role.SUPERVISOR))


def note(*pairs: tuple[Individual, Individual]) -> int:
    return asking.note_possible([(one.pk, other.pk) for one, other in pairs], NOW)


def page(by: Person, person: Individual) -> str:
    answer = by.browser().get(reverse("individual", args=[person.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def hinted(cast: Cast, pair: tuple[Individual, Individual]) -> tuple[bool, bool]:
    return HINT in page(cast.caseworker, pair[0]), HINT in page(cast.partner, pair[1])


def test_one_asks_and_the_other_answers(cast: Cast, pair: Any, agree: Agree) -> None:
    agree(matches=True)
    assert note(pair, pair[::-1]) == 1
    assert note(pair) == 0, "a pair is noted once"
    assert hinted(cast, pair) == (True, True)
    mine, theirs = pair
    text = page(cast.partner, theirs)
    assert "Border Office" in text
    assert mine.number not in text
    assert "Mariam" not in text

    clerk = cast.caseworker.browser()
    ask = reverse("question-ask", args=[mine.pk, cast.help.pk])
    assert "Mariam Idris Abakar" in clerk.get(ask).content.decode()
    assert "Choose at least one" in clerk.post(ask).content.decode()
    assert clerk.post(ask, {"fields_shown": ["name", "birth_date"]}).status_code == 302
    assert clerk.get(ask).status_code == 404, "it is asked once"
    assert "is asked, and has 30 days" in page(cast.caseworker, mine)
    with acting_as(cast.caseworker.viewer):
        read = ReadEvent.objects.get(view="question", agency_id=cast.help.pk)
        assert (read.subject_ids, read.classes) == ([mine.pk], ["C2"])
    told = clerk.get(reverse("disclosures", args=[mine.pk])).content.decode()
    assert "Helping Hands" in told

    outbox.drain(now=timezone.now())
    assert "A partner asks whether" in cast.partner.browser().get(reverse("notifications")).content.decode()
    text = page(cast.partner, theirs)
    assert "Mariam Idris Abakar" in text
    assert "17 May 1990" in text
    assert "Sudan" not in text.split('id="questions"')[1].split("</section>")[0], "what was not chosen"
    answer = reverse("question-answer", args=[theirs.pk, cast.border.pk])
    assert cast.partner.browser().post(answer, {"says": "same"}).status_code == 302
    assert "The same person is known to" in page(cast.caseworker, mine)
    after = page(cast.partner, theirs)
    assert "The same person is known to" in after
    assert "Mariam" not in after
    assert cast.partner.browser().post(answer, {"says": "different"}).status_code == 404


def test_silence_and_cannot_say_are_the_same(
    cast: Cast, pair: Any, agree: Agree, family: list[Individual]
) -> None:
    agree(matches=True)
    other = register(cast.partner, pair[0].event, [{"given_name": "Yusuf"}])[0]
    note(pair, (family[1], other))
    for mine in (family[0], family[1]):
        with acting_as(cast.caseworker.viewer):
            asking.ask(
                individual=mine, partner=cast.help, fields=["name"], by=cast.caseworker.viewer, now=NOW
            )
    with acting_as(cast.partner.viewer):
        asking.answer(individual=pair[1], partner=cast.border, says="unsaid", by=cast.partner.viewer, now=NOW)
    assert states(cast.caseworker) == ["asked", "asked"]
    for days, left in ((29, ["asked", "asked"]), (30, ["unsaid", "unsaid"])):
        for agency in (cast.border, cast.help):
            asking.end_unanswered(agency=agency, now=NOW + timedelta(days=days))
        assert states(cast.caseworker) == left
    with acting_as(cast.partner.viewer):
        assert {tuple(one.shown) for one in MatchQuestion.objects.all()} == {()}, "what was shown is gone"


def states(by: Person) -> list[str]:
    with acting_as(by.viewer):
        return list(MatchQuestion.objects.visible_to(by.viewer).values_list("state", flat=True))


def test_one_line_whatever_the_number_of_records(cast: Cast, pair: Any, agree: Agree) -> None:
    agree(matches=True)
    again = register(cast.partner, pair[0].event, [{"given_name": "Meriem"}])[0]
    note(pair, (pair[0], again))
    assert page(cast.caseworker, pair[0]).count(HINT) == 1
    with acting_as(cast.caseworker.viewer):
        asking.ask(individual=pair[0], partner=cast.help, fields=["name"], by=cast.caseworker.viewer, now=NOW)
    with acting_as(cast.partner.viewer):
        for person, says in ((pair[1], QuestionState.DIFFERENT), (again, QuestionState.SAME)):
            asking.answer(individual=person, partner=cast.border, says=says, by=cast.partner.viewer, now=NOW)
    assert "The same person is known to" in page(cast.caseworker, pair[0])


def test_nothing_without_the_term(cast: Cast, pair: Any, agree: Agree) -> None:
    before = page(cast.caseworker, pair[0])
    agree()
    assert note(pair) == 0
    assert hinted(cast, pair) == (False, False)
    with acting_as(cast.partner.viewer), pytest.raises(NotPermitted):
        asking.ask(individual=pair[1], partner=cast.border, fields=["name"], by=cast.partner.viewer, now=NOW)
    assert HINT not in before


def test_a_hint_ends_with_the_agreement_and_with_a_file(
    cast: Cast, supervisor: Person, pair: Any, agree: Agree
) -> None:
    agreement = agree(matches=True)
    note(pair)
    assert hinted(cast, pair) == (True, True)
    with acting_as(cast.caseworker.viewer):
        Individual.objects.filter(pk=pair[0].pk).update(process_status="C")
    assert hinted(cast, pair) == (False, False), "a closed record"
    with acting_as(cast.caseworker.viewer):
        Individual.objects.filter(pk=pair[0].pk).update(process_status="A")
    assert hinted(cast, pair) == (True, True)
    viewer = supervisor.viewer
    with acting_as(viewer):
        house = Household.objects.get(pk=pair[0].household_id)
        readers = [cast.caseworker.user.pk]
        exceptions.seal(household=house, reason="In danger", readers=readers, by=viewer, now=NOW)
    assert hinted(cast, pair) == (False, False), "a sealed file, even to its reader"
    with acting_as(viewer):
        exceptions.lift(household=house, by=viewer, now=NOW)
    outbox.drain(now=NOW)
    assert hinted(cast, pair) == (True, True)
    end(agreement, cast.admin)
    assert hinted(cast, pair) == (False, False)


def test_whoever_sees_the_name_is_not_hinted_at_it(cast: Cast, pair: Any, agree: Agree) -> None:
    agree(matches=True, classes=["C1", "C2"])
    assert note(pair) == 0


def test_nothing_towards_the_country_of_origin_and_nothing_without_consent(
    cast: Cast, pair: Any, agree: Agree
) -> None:
    agree(matches=True, legal_basis="consent")
    assert note(pair) == 0, "nobody has agreed"
    agree(matches=True, title="By mandate")
    type(cast.border).objects.filter(pk=cast.border.pk).update(country="SDN")
    assert note(pair) == 0, "BORDER is of the government that she fled"
    type(cast.border).objects.filter(pk=cast.border.pk).update(country="TCD")
    assert note(pair) == 1
