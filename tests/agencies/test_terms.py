"""Does an agreement open exactly the fields that its matrix says, in full or as a hint?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.urls import reverse

from agencies.access import mask
from agencies.access.terms import class_of, groups_of, kinds, level_of, spelled_out
from cases.models import Claim
from registration.actions import access_rows
from registration.models import Consent, Document, Individual, PersonAccess, SealedFile
from tests.conftest import NOW, Cast, acting_as


def test_the_narrower_key_wins() -> None:
    matrix = {"C2": "see", "registration.individual/C2": "none", "registration.individual.name": "masked"}
    assert level_of(matrix, Individual, "name") == "masked"
    assert level_of(matrix, Individual, "sex") == "none"
    assert level_of(matrix, Claim, "status") == "none"
    spelled = spelled_out(matrix)
    assert "~given_name" in spelled["registration.individual"]
    assert "sex" not in spelled["registration.individual"]
    assert "arrived_on" in spelled["registration.household"]


def test_only_what_has_an_act_can_be_edited() -> None:
    spelled = spelled_out({"C2": "edit", "C3": "edit"})["registration.individual"]
    assert {"phone", "+phone", "given_name"} <= set(spelled)
    assert "+given_name" not in spelled


def test_a_key_that_names_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"registration\.individual\.keys"):
        spelled_out({"registration.individual.keys": "see"})
    with pytest.raises(ValueError, match="internal"):
        spelled_out({"internal": "see"})


def test_fields_shown_as_one_text_have_one_class() -> None:
    for model in kinds().values():
        for group, fields in groups_of(model).items():
            assert {model.field_classes[one] for one in fields} == {class_of(model, group)}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("value", "hint"),
    [("Mariam Idris", "M••• I•••"), ("P01234567", "•••67"), ("1234", "•••"), ("", ""), ("مريم", "م•••")],
)
def test_a_hint_tells_little(value: str, hint: str) -> None:
    assert mask(value) == hint


@pytest.mark.usefixtures("transactional_db")
def test_masked_names_and_hidden_documents_on_the_pages(
    cast: Cast, family: list[Individual], agree: Any
) -> None:
    agree(classes=["C1", "C2"], matrix={"C3": "masked", "registration.individual.name": "masked",
                                        "registration.document.document": "none"})  # fmt: skip
    mother = family[0]
    body = cast.partner.browser().get(reverse("individual", args=[mother.pk])).content.decode()

    assert "M••• I••• A•••" in body
    assert "•••56" in body  # the end of the telephone number
    for hidden in ("Mariam", "Abakar", "66 12 34", "P01234567", "Passport"):
        assert hidden not in body
    # What is masked is not found by it, and the number that the page shows is.
    assert (
        mother.number not in cast.partner.browser().get("/people/", {"q": "Mariam Abakar"}).content.decode()
    )
    assert mother.number in cast.partner.browser().get("/people/", {"q": mother.number}).content.decode()


@pytest.mark.usefixtures("transactional_db")
def test_a_masked_field_is_masked_in_the_api(cast: Cast, family: list[Individual], agree: Any) -> None:
    from cases.actions import claims
    from cases.api import claims_for
    from cases.serializers import ClaimSerializer

    with acting_as(cast.caseworker.viewer):
        claims.open_claim(individual=family[0], made_on=NOW.date(), by=cast.caseworker.viewer, now=NOW)
    agree(matrix={"C1": "see", "registration.individual.name": "masked"}, classes=[])
    viewer = cast.partner.viewer
    with acting_as(viewer):
        rows: Any = claims_for(viewer)
        claim = rows.with_shown_classes(viewer, of=Individual, name="person_grants").get()
        claim.individual.shared_grants = claim.person_grants
        shown = json.loads(json.dumps(ClaimSerializer(claim, context={"viewer": viewer}).data, default=str))
    assert shown["applicant"]["given_name"] == "M•••"
    assert "sex" not in shown["applicant"]
    assert shown["status"] == "registered"


def _consent(cast: Cast, person: Individual, **values: Any) -> Consent:
    return Consent.objects.create(
        agency_id=person.agency_id, individual=person, recorded_at=NOW, text_version="1", language="ar",
        given_on=NOW.date(), **{"purpose": "protection", "recipient": cast.help, **values},
    )  # fmt: skip


@pytest.mark.usefixtures("transactional_db")
def test_where_consent_is_the_basis_it_opens_and_its_withdrawal_closes(
    cast: Cast, family: list[Individual], agree: Any
) -> None:
    mother, son, _daughter = family
    with acting_as(cast.caseworker.viewer):
        consent = _consent(cast, mother)
        _consent(cast, son, recipient=cast.other)  # to somebody else: opens nothing here
    agree(classes=["C1"], legal_basis="consent")
    viewer = cast.partner.viewer
    with acting_as(viewer):
        assert [one.pk for one in Individual.objects.visible_to(viewer)] == [mother.pk]
    with acting_as(cast.caseworker.viewer):
        Consent.objects.filter(pk=consent.pk).update(withdrawn_at=NOW)
    with acting_as(viewer):  # the access row is still there; it opens nothing
        assert PersonAccess.objects.filter(individual_id=mother.pk).exists()
        assert not Individual.objects.visible_to(viewer).exists()
        assert not Individual.objects.exists()


@pytest.mark.usefixtures("transactional_db")
def test_a_sealed_file_is_covered_by_no_agreement_and_closed_to_colleagues(
    cast: Cast, family: list[Individual], agree: Any
) -> None:
    agree(classes=["C1", "C2", "C3"])
    with acting_as(cast.caseworker.viewer):
        for one in family:
            SealedFile.objects.create(
                agency_id=one.agency_id, household_id=one.household_id, individual_id=one.pk,
                reason="A relative works here", sealed_at=NOW,
            )  # fmt: skip
        access_rows.cover_individuals([one.pk for one in family])
    for who in (cast.partner.viewer, cast.colleague.viewer):
        with acting_as(who):
            assert not Individual.objects.visible_to(who).exists()
            assert not Document.objects.visible_to(who).exists()
    with acting_as(cast.partner.viewer):
        assert not Individual.objects.exists()
