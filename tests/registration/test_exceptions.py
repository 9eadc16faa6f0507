"""Is a sealed file closed to everybody but its readers, and is each exception told, limited and ended?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.urls import reverse

from agencies.access import Viewer
from agencies.models import Agency, Agreement
from cases.actions import claims
from cases.models import Claim
from refugeecm.core.models import Event
from registration import search
from registration.actions import access_rows, consents, exceptions
from registration.models import (
    Consent,
    Document,
    Household,
    HouseholdReader,
    Individual,
    PersonAccess,
    SealedFile,
)
from registration.policies import NotPermitted
from resettlement.actions import referrals
from resettlement.models import Referral
from tests.conftest import NOW, Cast, Person, acting_as

pytestmark = pytest.mark.usefixtures("transactional_db")
WHY = "Her brother threatens her; he has friends in this office."


@pytest.fixture
def supervisor(cast: Cast) -> Person:
    """Somebody who may seal."""
    from agencies.actions import agencies as founding
    from refugeecm.core.models import User

    user = User.objects.create_user("sonia@border.example", name="Sonia")
    return Person(user, founding.enrol(agency=cast.border, user=user, role="supervisor"))


def _seal(by: Person, family: list[Individual], *readers: Person) -> Household:
    viewer = by.viewer
    with acting_as(viewer):
        household = Household.objects.get(pk=family[0].household_id)
        exceptions.seal(
            household=household, reason=WHY, readers=[one.user.pk for one in readers], by=viewer, now=NOW
        )
    return household


def _sees(viewer: Viewer, family: list[Individual]) -> bool:
    """Answer whether the viewer sees anything of the family, by any of the ways there are."""
    ids = [one.pk for one in family]
    with acting_as(viewer):
        found = [
            Individual.objects.visible_to(viewer).filter(pk__in=ids).exists(),
            Household.objects.visible_to(viewer).filter(pk=family[0].household_id).exists(),
            Claim.objects.visible_to(viewer).filter(individual__in=ids).exists(),
            Document.objects.visible_to(viewer).filter(individual__in=ids).exists(),
            Referral.objects.visible_to(viewer).filter(individual_id__in=ids).exists(),
            bool(search.named("Mariam Idris Abakar", viewer=viewer)),
        ]
    assert len(set(found[:2])) == 1
    return any(found)


def test_only_its_readers_see_a_sealed_file(
    cast: Cast, supervisor: Person, family: list[Individual], agree: Any
) -> None:
    agreement = agree(classes=["C1", "C2", "C3"])
    with acting_as(cast.caseworker.viewer):
        claim = claims.open_claim(
            individual=family[0], made_on=NOW.date(), by=cast.caseworker.viewer, now=NOW
        )
        referrals.refer(
            claim=claim, agreement=agreement, service="legal_aid", urgency="normal", message="",
            by=cast.caseworker.viewer, now=NOW,
        )  # fmt: skip
    assert _sees(cast.partner.viewer, family)
    household = _seal(supervisor, family, cast.caseworker)
    assert not _sees(cast.partner.viewer, family)
    assert not _sees(cast.colleague.viewer, family)
    assert _sees(cast.caseworker.viewer, family)
    assert _sees(supervisor.viewer, family)
    with acting_as(cast.caseworker.viewer):
        assert Referral.objects.get().status == "revoked"
    pages = ("individual", family[0].pk), ("household", household.pk), ("claim", claim.pk)
    for name, key in pages:
        assert cast.colleague.browser().get(reverse(name, args=[key])).status_code == 404
    assert (
        "Sealed" in cast.caseworker.browser().get(reverse("household", args=[household.pk])).content.decode()
    )
    with acting_as(supervisor.viewer):
        exceptions.lift(household=household, by=supervisor.viewer, now=NOW)
    assert _sees(cast.colleague.viewer, family)
    assert _sees(cast.partner.viewer, family)


def test_the_glass_is_broken_for_three_hours_and_the_administrator_is_told(
    cast: Cast, supervisor: Person, family: list[Individual]
) -> None:
    _seal(supervisor, family, cast.caseworker)
    browser = cast.colleague.browser()
    assert not _sees(cast.colleague.viewer, family)
    short = browser.post(reverse("emergency"), {"number": family[0].number, "reason": "please"})
    assert "20 letters" in short.content.decode()
    words = {"reason": "She is in labour and the hospital asks for her papers."}
    wrong = browser.post(reverse("emergency"), {"number": "BOR-I-26-9999999-X", **words}, follow=True)
    right = browser.post(reverse("emergency"), {"number": family[0].number, **words}, follow=True)
    said = "For three hours you see below"
    assert said in wrong.content.decode()
    assert said in right.content.decode()
    assert (
        "Emergency access until" in browser.get(reverse("individual", args=[family[0].pk])).content.decode()
    )
    with acting_as(cast.admin.viewer):
        names = set(
            Event.objects.filter(name__startswith="registration.glass").values_list("name", flat=True)
        )
        reader = HouseholdReader.objects.get(user=cast.colleague.user)
    assert names == {exceptions.GLASS_BROKEN, exceptions.GLASS_TRIED}
    assert reader.expires_at is not None
    with acting_as(cast.colleague.viewer):  # three hours later
        HouseholdReader.objects.filter(pk=reader.pk).update(expires_at=NOW - timedelta(minutes=1))
    assert not _sees(cast.colleague.viewer, family)


def test_somebody_who_keeps_asking_is_stopped(cast: Cast, family: list[Individual]) -> None:
    for turn in range(6):
        answer = cast.colleague.browser().post(
            reverse("emergency"), {"number": f"NO-{turn}", "reason": "I only want to look around here."}
        )
    assert "five times within an hour" in answer.content.decode()


def test_a_conflict_of_interest_closes_the_file_also_to_a_named_reader(
    cast: Cast, supervisor: Person, family: list[Individual]
) -> None:
    household = _seal(supervisor, family, cast.caseworker)
    own = cast.caseworker.browser()
    answer = own.post(
        reverse("conflict-new", args=[household.pk]),
        {"member": cast.caseworker.membership.pk, "reason": "My cousin"},
    )
    assert answer.status_code == 302
    assert not _sees(cast.caseworker.viewer, family)
    with acting_as(supervisor.viewer), pytest.raises(NotPermitted, match="conflict of interest"):
        exceptions.name_reader(
            household=household, user_id=cast.caseworker.user.pk, reason="x", by=supervisor.viewer, now=NOW
        )
    with acting_as(cast.caseworker.viewer), pytest.raises(NotPermitted):
        exceptions.end_conflict(
            household_id=household.pk, user_id=cast.caseworker.user.pk, by=cast.caseworker.viewer, now=NOW
        )
    assert "Amina" in supervisor.browser().get(reverse("conflicts")).content.decode()
    with acting_as(supervisor.viewer):
        exceptions.end_conflict(
            household_id=household.pk, user_id=cast.caseworker.user.pk, by=supervisor.viewer, now=NOW
        )
        exceptions.name_reader(
            household=household, user_id=cast.caseworker.user.pk, reason="x", by=supervisor.viewer, now=NOW
        )
    assert _sees(cast.caseworker.viewer, family)


def test_a_sealed_file_keeps_a_reader(cast: Cast, supervisor: Person, family: list[Individual]) -> None:
    household = _seal(supervisor, family)
    with acting_as(supervisor.viewer), pytest.raises(NotPermitted, match="needs a reader"):
        exceptions.remove_reader(
            household=household, user_id=supervisor.user.pk, by=supervisor.viewer, now=NOW
        )
    page = supervisor.browser().get(reverse("seal", args=[household.pk])).content.decode()
    assert "Sonia" in page


# Consent


def _give(by: Person, person: Individual, recipient: Agency, purpose: str = "protection") -> Consent:
    viewer = by.viewer
    with acting_as(viewer):
        return consents.record(
            individual=person, purpose=purpose, recipient=recipient, text_version="2026-1", language="Arabic",
            given_on=NOW.date(), witness="The interpreter", by=viewer, now=NOW,
        )  # fmt: skip


def test_consent_opens_what_rests_on_it_and_its_withdrawal_closes_it(
    cast: Cast, family: list[Individual], agree: Any
) -> None:
    agree(classes=["C1", "C2"], legal_basis="consent")
    mother = family[0]
    browser, partner = cast.caseworker.browser(), cast.partner.browser()
    address = reverse("individual", args=[mother.pk])
    assert partner.get(address).status_code == 404
    answer = browser.post(
        reverse("consent-new", args=[mother.pk]),
        {"recipient": cast.help.pk, "purpose": "protection", "given_on": "2026-03-01", "language": "Arabic",
         "text_version": "2026-1", "witness": "The interpreter"},
    )  # fmt: skip
    assert answer.status_code == 302, answer.content.decode()
    assert partner.get(address).status_code == 200
    with acting_as(cast.caseworker.viewer):
        consent = Consent.objects.get()
    assert "The interpreter" in browser.get(reverse("consents", args=[mother.pk])).content.decode()
    browser.post(reverse("consent-withdraw", args=[consent.pk]), {"how": "By telephone"})
    assert partner.get(address).status_code == 404
    again = browser.post(reverse("consent-withdraw", args=[consent.pk]), {"how": ""}, follow=True)
    assert "withdrawn already" in again.content.decode()


def _home_agreement(cast: Cast, home: Agency, **terms: Any) -> Agreement:
    """An agreement of BORDER with the authorities of the family's own country, open."""
    from agencies.access.terms import classes_in, spelled_out

    matrix = {"registration.individual.name": "see", "registration.individual.number": "see"}
    grants = spelled_out(matrix)
    with acting_as(cast.admin.viewer):
        made = Agreement.objects.create(
            reference="A-HOME", title="Return", provider=cast.border, recipient=home,
            matrix=matrix, grants=grants, classes=classes_in(grants), channels=["pages"], starts_on="2026-01-01",
            event_slug="east-2026", status="draft", **{"purpose": "voluntary_return", "legal_basis": "consent", **terms},
        )  # fmt: skip
        Agreement.objects.filter(pk=made.pk).update(status="preparing")
        access_rows.cover_agreement(made)
        Agreement.objects.filter(pk=made.pk).update(status="active")
    return made


def test_nothing_goes_to_the_country_of_origin_but_by_free_consent_confirmed_by_two(
    cast: Cast, supervisor: Person, family: list[Individual]
) -> None:
    from agencies.actions import agencies as founding

    home = founding.found(code="KRT", name="Ministry", kind="government", country="SDN", now=NOW)
    agreement = _home_agreement(cast, home)
    mother = family[0]
    consent = _give(cast.caseworker, mother, home, "voluntary_return")

    def covered() -> bool:
        with acting_as(cast.caseworker.viewer):
            return PersonAccess.objects.filter(agreement=agreement).exists()

    assert not covered()
    with acting_as(cast.caseworker.viewer), pytest.raises(NotPermitted, match="Two more people"):
        consents.confirm(consent=consent, by=cast.caseworker.viewer, now=NOW)
    with acting_as(cast.colleague.viewer):
        consents.confirm(consent=consent, by=cast.colleague.viewer, now=NOW)
    assert not covered()
    with acting_as(cast.colleague.viewer), pytest.raises(NotPermitted):
        consents.confirm(consent=consent, by=cast.colleague.viewer, now=NOW)
    with acting_as(supervisor.viewer):
        consents.confirm(consent=consent, by=supervisor.viewer, now=NOW)
    assert covered()
    with acting_as(cast.caseworker.viewer):
        assert PersonAccess.objects.filter(agreement=agreement).count() == 1  # her children gave none
        consents.withdraw(consent=consent, how="", by=cast.caseworker.viewer, now=NOW)
    assert not covered()


def test_the_database_itself_refuses_the_country_of_origin(cast: Cast, family: list[Individual]) -> None:
    from agencies.actions import agencies as founding

    home = founding.found(code="KRT", name="Ministry", kind="government", country="SDN", now=NOW)
    agreement = _home_agreement(cast, home, purpose="protection", legal_basis="mandate")
    with (
        acting_as(cast.caseworker.viewer),
        pytest.raises((IntegrityError, InternalError), match="country of origin"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO registration_personaccess (agency_id, owner_id, agreement_id, individual_id, household_id)"
            " VALUES (%s, %s, %s, %s, %s)",
            [home.pk, cast.border.pk, agreement.pk, family[0].pk, family[0].household_id],
        )
    with acting_as(cast.caseworker.viewer):
        assert not PersonAccess.objects.exists()
        assert not SealedFile.objects.exists()
