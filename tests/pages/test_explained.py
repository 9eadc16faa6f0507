"""Does the explanation say what the pages really do, and why, without telling anybody what they may not know?"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agencies.access.viewer import member
from agencies.actions import agencies as founding
from agencies.models import Membership
from refugeecm.core import outbox
from refugeecm.core.models import Event, User
from refugeecm.pages.explained import explain
from registration.actions import consents, exceptions
from registration.models import Household, Individual
from tests.conftest import NOW, Cast, Person, acting_as, end, viewer_of

pytestmark = pytest.mark.usefixtures("transactional_db")


def _join(cast: Cast, name: str, role: str) -> Person:
    user = User.objects.create_user(f"{name}@border.example", name=name.title())
    return Person(user, founding.enrol(agency=cast.border, user=user, role=role))


@pytest.fixture
def supervisor(cast: Cast) -> Person:
    return _join(cast, "sonia", "supervisor")


def _ask(asker: Person, number: str, who: str, door: str = "") -> Any:
    """Return what the page answers, and the text of all reasons."""
    answer = asker.browser().get(reverse("explained"), {"person": number, "who": who, "door": door})
    assert answer.status_code == 200
    found = answer.context.get("found")
    said = " | ".join(f"{one.kind}: {one.label} {one.hint}" for one in found.reasons) if found else ""
    return found, said


def _pages_answer(person: Person, individual: Individual) -> bool:
    return person.browser().get(reverse("individual", args=[individual.pk])).status_code == 200


def test_the_verdict_is_what_the_page_of_the_person_answers(
    cast: Cast, supervisor: Person, family: list[Individual], agree: Any
) -> None:
    agreement = agree(classes=["C1", "C2"])
    mother = family[0]
    colleagues = (cast.caseworker, cast.colleague, cast.decider, cast.admin, supervisor)

    def hold_true() -> list[bool]:
        seen = []
        for one in colleagues:
            found, _said = _ask(supervisor, mother.number, f"member:{one.membership.pk}")
            seen.append(found.sees)
            assert found.sees == _pages_answer(one, mother), one.user.name
        for agency, one in ((cast.help, cast.partner), (cast.other, cast.stranger)):
            found, _said = _ask(supervisor, mother.number, f"agency:{agency.pk}", one.membership.role)
            seen.append(found.sees)
            assert found.sees == _pages_answer(one, mother), one.user.name
        return seen

    assert hold_true() == [True, True, True, False, True, True, False]
    viewer = supervisor.viewer
    with acting_as(viewer):
        household = Household.objects.get(pk=mother.household_id)
        exceptions.declare_conflict(
            household=household, user_id=cast.colleague.user.pk, reason="Her cousin.", by=viewer, now=NOW
        )
    assert hold_true() == [True, False, True, False, True, True, False]
    with acting_as(viewer):
        exceptions.seal(
            household=household, reason="Threatened", readers=[cast.decider.user.pk], by=viewer, now=NOW
        )
    assert hold_true() == [False, False, True, False, True, False, False]
    with acting_as(viewer):
        exceptions.lift(household=household, by=viewer, now=NOW)
    end(agreement, cast.admin)
    assert hold_true() == [True, False, True, False, True, False, False]
    Membership.objects.filter(pk=cast.caseworker.membership.pk).update(
        expires_on=date.today() - timedelta(days=2)
    )
    found, said = _ask(supervisor, mother.number, f"member:{cast.caseworker.membership.pk}")
    assert not found.sees
    assert "It ended on" in said


def test_an_agreement_is_explained_by_reference_fields_door_and_end(
    cast: Cast, supervisor: Person, family: list[Individual], agree: Any
) -> None:
    agreement = agree(classes=["C1", "C2"], channels=["pages"], ends_on=date(2031, 5, 6))
    found, said = _ask(supervisor, family[0].number, f"agency:{cast.help.pk}", "caseworker")
    assert f"{agreement.reference}, version 1" in said
    assert "By: Pages." in said
    assert "6 May 2031" in said
    assert "influx event" in said
    person = next(one for one in found.shown if str(one.record) == "Person")
    assert "given name" in person.full
    assert "phone" not in [*person.full, *person.masked]
    found, said = _ask(supervisor, family[0].number, f"agency:{cast.help.pk}", "system")
    assert not found.sees
    assert "does not open this door: API" in said
    end(agreement, cast.admin)
    found, said = _ask(supervisor, family[0].number, f"agency:{cast.help.pk}", "caseworker")
    assert not found.sees
    assert "not in force: Ended. No longer needed" in said
    _found, said = _ask(supervisor, family[0].number, f"agency:{cast.other.pk}", "caseworker")
    assert "no agreement" in said


def test_why_not_names_the_part_that_does_not_fit_only_to_who_reads_files(
    cast: Cast, supervisor: Person, family: list[Individual], agree: Any
) -> None:
    agree(classes=["C1"], origin="SSD")
    who = f"agency:{cast.help.pk}"
    _found, said = _ask(supervisor, family[0].number, who, "caseworker")
    assert "does not fit: country of origin" in said
    for one in (cast.admin, _join(cast, "ada", "auditor")):
        found, said = _ask(one, family[0].number, who, "caseworker")
        assert not found.sees
        assert "A supervisor can see why" in said
        assert "origin" not in said


def test_consent_opens_and_its_withdrawal_is_the_reason(
    cast: Cast, supervisor: Person, family: list[Individual], agree: Any
) -> None:
    agree(classes=["C1"], legal_basis="consent", purpose="reunification")
    who, viewer = f"agency:{cast.help.pk}", cast.caseworker.viewer
    _found, said = _ask(supervisor, family[0].number, who, "caseworker")
    assert "has given none for this purpose" in said
    with acting_as(viewer):
        consents.record(
            individual=family[0], purpose="reunification", recipient=cast.help, text_version="2026-1", language="Arabic",
            given_on=NOW.date(), witness="", by=viewer, now=NOW,
        )  # fmt: skip
        consent = family[0].consents.get()
    outbox.drain(now=NOW)
    found, said = _ask(supervisor, family[0].number, who, "caseworker")
    assert found.sees
    assert "consent of 2 Mar 2026, text 2026-1" in said
    with acting_as(viewer):
        consents.withdraw(consent=consent, how="By word of mouth", by=viewer, now=NOW)
    found, said = _ask(supervisor, family[0].number, who, "caseworker")
    assert not found.sees
    assert "withdrew the consent on 2 Mar 2026" in said


def test_a_sealed_person_is_a_number_that_does_not_exist_unless_one_reads_the_file(
    cast: Cast, supervisor: Person, family: list[Individual]
) -> None:
    other = _join(cast, "selma", "supervisor")
    with acting_as(supervisor.viewer):
        household = Household.objects.get(pk=family[0].household_id)
        exceptions.seal(
            household=household,
            reason="Threatened",
            readers=[cast.decider.user.pk],
            by=supervisor.viewer,
            now=NOW,
        )
    who = f"member:{cast.decider.membership.pk}"
    for asker in (other, cast.admin):
        browser = asker.browser()
        pages = []
        for number in (family[0].number, "BOR-26-9999999-Z"):
            page = browser.get(reverse("explained"), {"person": number, "who": who}).content.decode()
            pages.append(re.sub(r"[A-Za-z0-9]{64}", "", page.replace(number, "NUMBER")))  # tokens of forms
        assert pages[0] == pages[1]
        assert "No person of your agency has this number" in pages[0]
    found, said = _ask(supervisor, family[0].number, who)
    assert found.sees
    assert "named reader" in said
    found, said = _ask(supervisor, family[0].number, f"member:{cast.caseworker.membership.pk}")
    assert not found.sees
    assert "not among the readers" in said
    with acting_as(cast.caseworker.viewer):
        exceptions.break_glass(
            number=family[0].number, reason="She is in labour and needs her papers.", by=cast.caseworker.viewer, now=timezone.now()
        )  # fmt: skip
    found, said = _ask(supervisor, family[0].number, f"member:{cast.caseworker.membership.pk}")
    assert found.sees == _pages_answer(cast.caseworker, family[0]) is True
    assert "opened it in an emergency Until" in said


def test_administrators_read_no_names_and_others_may_not_ask(cast: Cast, family: list[Individual]) -> None:
    asked = {"person": family[0].number, "who": f"member:{cast.colleague.membership.pk}"}
    page = cast.admin.browser().get(reverse("explained"), asked).content.decode()
    assert family[0].number in page
    assert not [one for one in ("Mariam", "Abakar", "Idris") if one in page]
    assert f"/people/{family[0].pk}/" not in page
    assert cast.caseworker.browser().get(reverse("explained"), asked).status_code == 403
    foreign = cast.partner_admin.browser().get(reverse("explained"), asked).content.decode()
    assert "Select a valid choice" in foreign
    assert Event.objects.filter(name="access.explained").count() in {0, 1}
    with acting_as(cast.admin.viewer):
        event = Event.objects.get(name="access.explained")
    assert (event.subject_id, event.details["who"]) == (family[0].pk, asked["who"])
    file = cast.caseworker.browser().get(reverse("individual", args=[family[0].pk])).content.decode()
    assert "who oversees" not in file, "whom those who oversee look into is read in the audit list only"


def test_the_asker_is_back_in_their_own_place_and_few_statements_were_needed(
    cast: Cast, supervisor: Person, family: list[Individual], agree: Any, api_client: Any
) -> None:
    for title in ("One", "Two", "Three"):
        agree(classes=["C1"], title=title)
    system, asker = viewer_of(api_client()[0]), supervisor.viewer
    with acting_as(asker), CaptureQueriesContext(connection) as queries:
        person = Individual.objects.select_related("event").get(pk=family[0].pk)
        found = explain(person, system, viewer=asker)
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('app.agency'), current_setting('app.user')")
            assert cursor.fetchone() == (str(cast.border.pk), str(supervisor.user.pk))
        assert Individual.objects.count() == 3
    assert found.sees
    assert len(found.opening) == 3
    assert len(queries) <= 20
    assert member(cast.caseworker.membership).agency_id == cast.border.pk
