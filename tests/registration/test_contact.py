"""Who corrects a telephone number, and does the database hold a partner to what its agreement says?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from agencies.models import Agreement, Notification
from refugeecm.core import outbox
from registration.actions.contact import CORRECTED, correct_phone
from registration.actions.sealing import Opener
from registration.models import Individual, PersonAccess
from registration.policies import NotPermitted
from tests.conftest import NOW, Cast, Person, acting_as, end

EDITS = {"C1": "see", "registration.individual.phone": "edit"}


def loaded(person: Person, individual: Individual) -> Individual:
    found: Individual = (
        Individual.objects.visible_to(person.viewer).with_shown_classes(person.viewer).get(pk=individual.pk)
    )
    return found


def phone_of(cast: Cast, individual: Individual) -> str:
    with acting_as(cast.caseworker.viewer):
        return Opener([individual.pk]).phone(Individual.objects.get(pk=individual.pk))


def test_the_own_agency_corrects_a_number_and_finds_by_it(cast: Cast, family: list[Individual]) -> None:
    mother, browser = family[0], cast.caseworker.browser()
    page = reverse("individual", args=[mother.pk])
    assert "Correct the telephone number" in browser.get(page).content.decode()
    answer = browser.post(reverse("individual-phone", args=[mother.pk]), {"phone": "+235 12"})
    assert "does not look like a phone number" in answer.context["phone_form"].errors["phone"][0]
    body = answer.content.decode()
    assert 'value="+235 12"' in body, "what was typed stays"
    assert "<details open>" in body
    assert "There is a problem" in body
    browser.post(reverse("individual-phone", args=[mother.pk]), {"phone": "+235 66 99 99 99"})
    assert phone_of(cast, mother) == "+235 66 99 99 99"
    with acting_as(cast.caseworker.viewer):
        now = Individual.objects.get(pk=mother.pk)
        assert len(now.keys) == len(mother.keys)
        assert set(now.keys) != set(mother.keys)
        correct_phone(individual=now, phone=" ", by=cast.caseworker.viewer, now=NOW)
        assert len(Individual.objects.get(pk=mother.pk).keys) == len(mother.keys) - 1
    assert phone_of(cast, mother) == ""
    assert "Correct the telephone number" not in cast.decider.browser().get(page).content.decode()


def test_a_partner_that_may_edit_changes_the_number_and_the_owner_is_told(
    cast: Cast, family: list[Individual], agree: Callable[..., Agreement]
) -> None:
    agree(classes=[], matrix=EDITS)
    mother = family[0]
    browser = cast.partner.browser()
    assert (
        "Correct the telephone number"
        in browser.get(reverse("individual", args=[mother.pk])).content.decode()
    )
    browser.post(reverse("individual-phone", args=[mother.pk]), {"phone": "0023566111222"})
    assert phone_of(cast, mother) == "0023566111222"
    outbox.drain(now=timezone.now())
    with acting_as(cast.caseworker.viewer):
        assert Notification.objects.get(event=CORRECTED).subject_id == mother.pk
        history: Any = Individual.pgh_event_model  # type: ignore[attr-defined]
        assert history.objects.filter(pgh_obj_id=mother.pk, pgh_label="update").count() == 1
    assert "corrected the telephone number" in cast.caseworker.browser().get(reverse("home")).content.decode()


def test_without_the_level_or_after_the_end_the_database_refuses(
    cast: Cast, family: list[Individual], agree: Callable[..., Agreement]
) -> None:
    mother, viewer = family[0], cast.partner.viewer
    agree(classes=["C1", "C2", "C3"])
    with acting_as(viewer), pytest.raises(NotPermitted, match="No agreement lets"):
        correct_phone(individual=loaded(cast.partner, mother), phone="+235661112", by=viewer, now=NOW)
    assert written(cast.partner, mother) == 0
    edits = agree(classes=[], matrix=EDITS, title="Edits")
    with acting_as(viewer):
        stale = loaded(cast.partner, mother)
    end(edits, cast.admin)
    with acting_as(viewer), pytest.raises(NotPermitted, match="ended a moment ago"):
        correct_phone(individual=stale, phone="+235661112", by=viewer, now=NOW)
    assert written(cast.stranger, mother) == 0
    assert phone_of(cast, mother) == "+235 66 12 34 56"
    agree(classes=[], matrix=EDITS, title="By system only", channels=["api"])
    assert written(cast.partner, mother) == 0
    with acting_as(cast.caseworker.viewer):
        assert PersonAccess.objects.filter(individual_id=mother.pk).exists()


def written(person: Person, individual: Individual) -> int:
    """Call the function of the database past the application, and return how many rows it wrote."""
    with acting_as(person.viewer), connection.cursor() as cursor:
        cursor.execute(
            "SELECT registration_correct_phone(%s, %s, %s::bigint[], %s::bigint[])",
            [individual.pk, b"x", [], []],
        )
        return int(cursor.fetchone()[0])
