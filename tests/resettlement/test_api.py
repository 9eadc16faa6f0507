"""What does a partner's system read of referrals, and does an answer that is sent twice happen once?"""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from agencies.actions import clients
from cases.actions import claims
from cases.models import Claim
from refugeecm.core import outbox
from refugeecm.core.models import Event
from registration.models import Individual
from resettlement.actions import referrals
from resettlement.models import Referral
from tests.conftest import NOW, Cast, acting_as, end

LIST = "/api/v1/referrals"


@pytest.fixture
def agreement(agree: Any) -> Any:
    """Status only, by both doors."""
    return agree()


@pytest.fixture
def referral(cast: Cast, family: list[Individual], agreement: Any) -> Referral:
    """Mariam's case, referred to HELP."""
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        claim = claims.open_claim(individual=family[0], made_on=NOW.date(), by=viewer, now=NOW)
        return referrals.refer(
            claim=Claim.objects.get(pk=claim.pk),
            agreement=agreement,
            service="legal_aid",
            urgency="urgent",
            message="Before the interview",
            by=viewer,
            now=NOW,
        )


@pytest.fixture
def system(api_client: Any) -> Any:
    """Return a maker of partner's systems, each with a token."""

    def make(admin: Any = None, scopes: tuple[str, ...] = ()) -> Client:
        api, secret = api_client(admin)
        token, _scopes = clients.grant(
            client_id=api.client_id, secret=secret, scopes=scopes, now=timezone.now()
        )
        return Client(headers={"Authorization": f"Bearer {token}"})

    return make


def answer(system: Client, referral: Referral, key: str = "k1", **said: str) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    path = f"{LIST}/{referral.pk}/answer"
    return system.post(path, said, content_type="application/json", headers=headers)


def test_both_parties_list_and_read_it(cast: Cast, referral: Referral, system: Any) -> None:
    for admin, side, other in ((cast.partner_admin, "received", "sent"), (cast.admin, "sent", "received")):
        api = system(admin)
        (row,) = api.get(LIST, {"side": side}).json()["results"]
        assert row == api.get(f"{LIST}/{referral.pk}").json()
        assert (row["agency"], row["recipient"], row["message"]) == ("BORDER", "HELP", "Before the interview")
        assert (row["made_at"], row["due_at"]) == ("2026-03-02T09:30:00Z", "2026-03-05T09:30:00Z")
        assert "Mariam" not in str(row)
        assert api.get(LIST, {"side": other}).json()["results"] == []
        assert api.get(LIST, {"status": "done"}).json()["results"] == []
        assert api.get(LIST, {"colour": "red"}).status_code == 400


def test_an_answer_sent_twice_happens_once(cast: Cast, referral: Referral, system: Any) -> None:
    api = system(cast.partner_admin)
    first = answer(api, referral, to="accepted", answer="On Monday")
    again = answer(api, referral, key='"k1"', to="accepted", answer="On Monday")
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert first.json()["status"] == "accepted"
    assert answer(api, referral, to="declined", answer="No").status_code == 422
    with acting_as(cast.partner.viewer):
        assert Event.objects.filter(name=referrals.ANSWERED, subject_id=referral.pk).count() == 1
    assert answer(api, referral, key="k2", to="done", outcome="given").json()["outcome"] == "given"
    refused = answer(api, referral, key="k3", to="accepted")
    assert (refused.status_code, refused["Content-Type"]) == (409, "application/problem+json")
    outbox.drain(now=timezone.now())
    with acting_as(cast.caseworker.viewer):
        assert Event.objects.filter(name=referrals.ANSWERED, subject_id=referral.pk).count() == 2


def test_what_is_missing_is_said(cast: Cast, referral: Referral, system: Any) -> None:
    api = system(cast.partner_admin)
    assert answer(api, referral, key="", to="accepted").json()["errors"][0]["pointer"] == "/Idempotency-Key"
    assert answer(api, referral, to="revoked").status_code == 400
    assert "Say why you decline" in answer(api, referral, to="declined").json()["detail"]
    assert "what came of it" in answer(api, referral, to="done").json()["detail"]
    assert answer(api, referral, to="accepted", outcome="given").status_code == 409
    assert answer(api, referral, to="accepted").status_code == 200, "what was refused has used up no key"


def test_only_the_receiver_answers_and_only_with_the_scope(
    cast: Cast, referral: Referral, system: Any
) -> None:
    assert "Only the agency to which" in answer(system(cast.admin), referral, to="accepted").json()["detail"]
    reading = system(cast.partner_admin, scopes=("referrals:read",))
    assert answer(reading, referral, to="accepted").status_code == 403
    stranger = system(cast.stranger_admin)
    nobody = Referral(pk="00000000-0000-7000-8000-000000000000")
    hidden, absent = answer(stranger, referral, to="accepted"), answer(stranger, nobody, to="accepted")
    assert (
        (hidden.status_code, hidden.content) == (absent.status_code, absent.content) == (404, absent.content)
    )
    assert stranger.get(LIST).json()["results"] == []


def test_after_the_end_the_key_opens_nothing(
    cast: Cast, referral: Referral, agreement: Any, system: Any
) -> None:
    api = system(cast.partner_admin)
    assert answer(api, referral, to="accepted").status_code == 200
    end(agreement, cast.admin)
    assert answer(api, referral, to="accepted").status_code == 404
    assert api.get(f"{LIST}/{referral.pk}").status_code == 404


def test_an_agreement_for_pages_only_is_not_for_systems(
    cast: Cast, family: list[Individual], agree: Any, system: Any
) -> None:
    pages = agree(channels=["pages"])
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        claim = claims.open_claim(individual=family[0], made_on=NOW.date(), by=viewer, now=NOW)
        made = referrals.refer(
            claim=claim, agreement=pages, service="shelter", urgency="normal", message="", by=viewer, now=NOW
        )
    api = system(cast.partner_admin)
    assert api.get(LIST).json()["results"] == []
    assert answer(api, made, to="accepted").status_code == 404
