"""Can a person be told who saw what of them, in their language, and does the list agree with what partners really looked at?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agencies.actions import agencies as founding
from agencies.actions import reads
from agencies.enums import Role
from refugeecm.core.models import Event, User
from registration.actions import consents, merging
from registration.models import Individual
from tests.conftest import NOW, Cast, Person, acting_as, register, viewer_of

pytestmark = pytest.mark.usefixtures("transactional_db")
GIVEN = {"identity": "known", "language": "en"}


@pytest.fixture
def looked_at(cast: Cast, family: list[Individual], agree: Any, api_client: Any) -> list[Individual]:
    """HELP opens Mariam's file twice in the browser, its system reads it once, and a colleague of BORDER reads it too."""
    agree(classes=["C1", "C2"])
    for person in (cast.partner, cast.partner, cast.caseworker):
        assert person.browser().get(reverse("individual", args=[family[0].pk])).status_code == 200
    system = viewer_of(api_client()[0])
    with acting_as(system):
        seen = Individual.objects.visible_to(system).with_shown_classes(system).get(pk=family[0].pk)
        reads.record(viewer=system, rows=[seen], view="api-claims", now=NOW + timedelta(days=400))
    return family


def test_the_ledger_sums_up_what_others_saw_and_leaves_out_the_own_agency(
    cast: Cast, looked_at: list[Individual]
) -> None:
    context = cast.caseworker.browser().get(reverse("disclosures", args=[looked_at[0].pk])).context
    found = {(one.agency, one.door): one for one in context["summary"]}
    assert {key: one.times for key, one in found.items()} == {
        ("Helping Hands", "pages"): 2,
        ("Helping Hands", "api"): 1,
    }
    pages = found["Helping Hands", "pages"]
    assert pages.classes == {"C0": 2, "C1": 2, "C2": 2}
    assert len(pages.kinds) == 2
    assert pages.first < pages.last
    assert [(one.agency, one.door) for one in context["lines"]].count(("Helping Hands", "pages")) == 2
    assert len(context["lines"]) == 3


def test_a_document_shown_beside_the_person_is_named_by_its_own_class(
    cast: Cast, family: list[Individual], agree: Any
) -> None:
    """Of the person the agreement opens nothing of class C3, of documents it does."""
    agree(classes=["C1"], matrix={"C1": "see", "registration.document.document": "see"})
    page = cast.partner.browser().get(reverse("individual", args=[family[0].pk]))
    assert page.context["contact"][-1][1] == "P01234567"
    context = cast.caseworker.browser().get(reverse("disclosures", args=[family[0].pk])).context
    (line,) = (one for one in context["summary"] if one.agency == "Helping Hands")
    assert line.classes == {"C0": 1, "C1": 1, "C3": 1}


def test_a_file_taken_by_the_own_agency_stands_in_the_ledger(cast: Cast, family: list[Individual]) -> None:
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        reads.record(viewer=viewer, rows=family, view="export", now=NOW)
        reads.record(viewer=viewer, rows=family, view="people", now=NOW)
    context = cast.caseworker.browser().get(reverse("disclosures", args=[family[1].pk])).context
    assert [(one.agency, one.door, one.times) for one in context["summary"]] == [
        ("Border Office", "export", 1)
    ]


def test_the_statement_is_in_the_persons_language_and_names_consents(
    cast: Cast, looked_at: list[Individual]
) -> None:
    with acting_as(cast.caseworker.viewer):
        consents.record(
            individual=looked_at[0], purpose="reunification", recipient=cast.other, text_version="2026-1", language="Arabic",
            given_on=NOW.date(), witness="", by=cast.caseworker.viewer, now=NOW,
        )  # fmt: skip
    browser, address = cast.caseworker.browser(), reverse("statement", args=[looked_at[0].pk])
    asked = browser.get(f"{address}?language=ar").content.decode()
    assert "How did you check who they are?" in asked
    assert "Helping Hands" not in asked
    english = browser.post(address, {"identity": "paper", "language": "en"}).content.decode()
    assert 'lang="en" dir="ltr">' in english
    assert "Helping Hands" in english
    assert "Other Agency" in english
    assert "Family reunification" in english
    assert "within one month" in english
    assert "Paula" not in english, "who it was there is the partner's affair"
    arabic = browser.post(address, {"identity": "known", "language": "ar"}).content.decode()
    assert '<article class="card" lang="ar" dir="rtl">' in arabic
    assert "لم شمل" in arabic or "جمع شمل" in arabic, "the purpose is said in Arabic"
    assert '<html lang="en"' in arabic, "the page around it stays in the caseworker's language"
    for wrong in ({"identity": "", "language": "en"}, {"identity": "known", "language": "tlh"}):
        assert "There is a problem" in browser.post(address, wrong).content.decode()
    with acting_as(cast.caseworker.viewer):
        given = Event.objects.filter(subject_id=looked_at[0].pk, name="registration.statement.given")
        assert list(given.order_by("at").values_list("details__identity", "details__language")) == [
            ("paper", "en"), ("known", "ar"),
        ]  # fmt: skip


def test_neither_partners_nor_those_who_read_no_files_see_the_ledger(
    cast: Cast, looked_at: list[Individual]
) -> None:
    for name in ("disclosures", "statement"):
        address = reverse(name, args=[looked_at[0].pk])
        assert cast.partner.browser().get(address).status_code == 404
        assert cast.stranger.browser().get(address).status_code == 404
        assert cast.admin.browser().get(address).status_code == 403


def test_the_number_of_statements_does_not_grow(cast: Cast, looked_at: list[Individual]) -> None:
    address, browser = reverse("disclosures", args=[looked_at[0].pk]), cast.caseworker.browser()
    browser.get(address)

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            browser.get(address)
        return len(queries)

    few = asked()
    viewer = cast.partner.viewer
    for day in range(60):
        with acting_as(viewer):
            seen = Individual.objects.visible_to(viewer).with_shown_classes(viewer).get(pk=looked_at[0].pk)
            reads.record(viewer=viewer, rows=[seen], view="individual", now=NOW + timedelta(days=day))
    assert asked() <= few + 1, "one more, which counts how many there are"
    second = browser.get(f"{address}?page=2").context
    assert second["summary"] == []
    assert len(second["lines"]) == 25
    with acting_as(cast.caseworker.viewer), connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'readevent_subjects'")
        assert "gin" in cursor.fetchone()[0]


def test_what_was_seen_of_a_record_that_was_merged_stands_in_the_ledger_of_the_one_that_goes_on(
    cast: Cast, looked_at: list[Individual], event: Any
) -> None:
    """Mariam is registered once more, then again: the two older records are merged, one after the other, into the newest."""
    user = User.objects.create_user("vera@border.example", name="Vera")
    lead = Person(user, founding.enrol(agency=cast.border, user=user, role=Role.SUPERVISOR))
    first, second, last = looked_at[0], *(register(cast.caseworker, event, [{}])[0] for _ in "12")
    assert cast.partner.browser().get(reverse("individual", args=[second.pk])).status_code == 200
    with acting_as(lead.viewer):
        for survivor, other in ((second, first), (last, second)):
            merging.merge(
                survivor=survivor, merged=other, taken=[], reason="", by=lead.viewer, now=timezone.now()
            )
    browser = cast.caseworker.browser()
    context = browser.get(reverse("disclosures", args=[last.pk])).context
    found = {(one.agency, one.door): one.times for one in context["summary"]}
    assert found == {("Helping Hands", "pages"): 3, ("Helping Hands", "api"): 1}
    assert len(context["lines"]) == 4
    assert "Helping Hands" in browser.post(reverse("statement", args=[last.pk]), GIVEN).content.decode()
