"""What do partners' systems learn about claims, and what does everybody else not?"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from agencies.access import OwnedQuerySet
from agencies.models import Agreement
from cases import api
from cases.models import Claim
from refugeecm.core.models import ReadEvent
from tests.cases.systems import IDENTITY, LIST, counted, examine, status_of
from tests.conftest import Cast, acting_as, end, terms

# What is shown


def test_a_partner_gets_the_agreed_fields_and_no_others(
    cast: Cast, claim: Claim, agree: Any, system: Any
) -> None:
    agree(classes=["C1"])
    (item,) = system(cast.partner_admin).ask(LIST).json()["results"]
    assert item == {
        "id": str(claim.pk),
        "number": claim.number,
        "status": "registered",
        "status_since": "2026-03-02T09:30:00Z",
        "outcome": "",
        "made_on": "2026-03-01",
        "agency": "BORDER",
        "reference": None,
        "applicant": {"id": str(claim.individual_id), "number": claim.individual.number},
    }


def test_identity_is_shown_where_agreed_but_never_contact(
    cast: Cast, claim: Claim, agree: Any, system: Any
) -> None:
    agree(classes=["C1", "C2", "C3", "C4"])
    answer = system(cast.partner_admin).ask(LIST)
    applicant = answer.json()["results"][0]["applicant"]
    assert set(applicant) >= IDENTITY
    assert (applicant["given_name"], applicant["birth_date"], applicant["nationality"]) == (
        "Mariam",
        "1990-05-17",
        "SDN",
    )
    for canary in ("66123456", "P01234567", "CAMP-A", "proposed"):
        assert canary not in answer.text


def test_an_agreement_without_status_shows_no_claim(
    cast: Cast, claim: Claim, agree: Any, system: Any
) -> None:
    agree(classes=["C2"])
    partner = system(cast.partner_admin)
    assert partner.seen() == []
    assert partner.ask(status_of(claim)).status_code == 404


def test_an_agreement_for_pages_shows_nothing_here(cast: Cast, claim: Claim, agree: Any, system: Any) -> None:
    agree(classes=["C1"], channels=["pages"])
    partner = system(cast.partner_admin)
    assert partner.seen() == []
    assert partner.ask(status_of(claim)).status_code == 404


def test_classes_of_two_agreements_add_up_and_doors_do_not(
    cast: Cast, claim: Claim, agree: Any, system: Any
) -> None:
    agree(classes=["C1"], channels=["api"])
    agree(classes=["C1", "C2"], channels=["pages"])
    assert "given_name" not in system(cast.partner_admin).ask(LIST).json()["results"][0]["applicant"]
    agree(classes=["C2"], channels=["api"])
    assert "given_name" in system(cast.partner_admin).ask(LIST).json()["results"][0]["applicant"]


def test_the_responsible_agency_asks_about_its_own(cast: Cast, claim: Claim, system: Any) -> None:
    own = system(cast.admin)
    assert own.ask(LIST).json()["results"][0]["applicant"]["family_name"] == "Abakar"
    assert own.ask(status_of(claim)).json()["status"] == "registered"


# What is not there


@pytest.mark.usefixtures("transactional_db")
def test_hidden_absent_and_malformed_look_alike(cast: Cast, claim: Claim, agree: Any, system: Any) -> None:
    agree(classes=["C1"])
    stranger = system(cast.stranger_admin)
    paths = [
        status_of(claim),
        status_of(uuid.uuid4()),
        status_of(uuid.UUID(int=0)),
        f"{LIST}/17/status",
        f"{LIST}/{claim.number}/status",
        f"{LIST}/{{{claim.pk}}}/status",
        f"{LIST}/by-reference/{claim.number}/status",
        f"{LIST}/by-reference/a%00b/status",
        f"{LIST}/by-reference/{'x' * 500}/status",
    ]
    stranger.ask(LIST)  # the first use of a client is written once an hour
    answers, statements = [], []
    for path in paths:
        with counted() as queries:
            answers.append(stranger.ask(path))
        statements.append(len(queries))
    assert {one.status_code for one in answers} == {404}
    assert {one.content for one in answers} == {b'{"type":"about:blank","title":"Not found","status":404}'}
    assert {tuple(sorted(one.items())) for one in answers} == {tuple(sorted(answers[0].items()))}
    assert set(statements) == {3}
    puts = [stranger.put(f"{LIST}/{one}/reference", "X") for one in (claim.pk, uuid.uuid4(), "17")]
    assert {(one.status_code, one.content) for one in puts} == {(404, answers[0].content)}
    assert stranger.ask("/api/v1/nothing/here").content == answers[0].content
    assert stranger.seen() == []


@pytest.mark.usefixtures("transactional_db")
def test_row_level_security_alone_hides(
    cast: Cast, claim: Claim, agree: Any, system: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    agree(classes=["C1"])
    partner, stranger = system(cast.partner_admin), system(cast.stranger_admin)
    monkeypatch.setattr(OwnedQuerySet, "visible_to", lambda self, _viewer: self.all())
    monkeypatch.setattr(OwnedQuerySet, "owned_by", lambda self, _viewer: self.all())
    monkeypatch.setattr(api, "status_shown", lambda _viewer: api.Q())
    monkeypatch.setattr(api, "shown_fields", lambda _row, _viewer: frozenset(Claim.field_classes))
    assert partner.seen() == [claim.number]
    assert stranger.seen() == []
    assert stranger.ask(status_of(claim)).status_code == 404
    assert stranger.put(f"{LIST}/{claim.pk}/reference", "X").status_code == 404


def _suspend(agreement: Agreement, cast: Cast) -> None:
    _change(agreement, cast, status="suspended")


def _expire(agreement: Agreement, cast: Cast) -> None:
    _change(agreement, cast, ends_on=date(2026, 1, 31))


def _narrow(agreement: Agreement, cast: Cast) -> None:
    _change(agreement, cast, **terms(C2="see"))


def _close_the_door(agreement: Agreement, cast: Cast) -> None:
    _change(agreement, cast, channels=["pages"])


def _not_yet(agreement: Agreement, cast: Cast) -> None:
    _change(agreement, cast, starts_on=date(2099, 1, 1))


def _end_by_provider(agreement: Agreement, cast: Cast) -> None:
    end(agreement, cast.admin)


def _end_by_recipient(agreement: Agreement, cast: Cast) -> None:
    end(agreement, cast.partner_admin)


def _change(agreement: Agreement, cast: Cast, **values: Any) -> None:
    with acting_as(cast.admin.viewer):
        assert Agreement.objects.filter(pk=agreement.pk).update(**values) == 1


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.parametrize(
    "happens", [_end_by_provider, _end_by_recipient, _suspend, _expire, _narrow, _close_the_door, _not_yet]
)
def test_what_is_no_longer_agreed_ends_at_the_next_request(
    happens: Callable[[Agreement, Cast], None], cast: Cast, claim: Claim, agree: Any, system: Any
) -> None:
    agreement = agree(classes=["C1"])
    partner = system(cast.partner_admin)
    assert partner.put(f"{LIST}/{claim.pk}/reference", "HELP-1").status_code == 200
    before = partner.ask(status_of(claim))
    assert before.status_code == 200
    happens(agreement, cast)
    assert partner.ask(status_of(claim)).status_code == 404
    assert partner.ask(status_of(claim), If_None_Match=before["ETag"]).status_code == 404
    assert partner.ask(f"{LIST}/by-reference/HELP-1/status").status_code == 404
    assert partner.put(f"{LIST}/{claim.pk}/reference", "HELP-2").status_code == 404
    assert partner.seen() == []
    assert partner.ask(f"{LIST}?number={claim.number}").json()["results"] == []


@pytest.mark.usefixtures("transactional_db")
def test_narrowed_classes_show_less_at_the_next_request(
    cast: Cast, claim: Claim, agree: Any, system: Any
) -> None:
    agreement = agree(classes=["C1", "C2"])
    partner = system(cast.partner_admin)
    tag = partner.ask(status_of(claim))["ETag"]
    assert "given_name" in partner.ask(LIST).json()["results"][0]["applicant"]
    _change(agreement, cast, **terms(C1="see"))
    assert not IDENTITY & set(partner.ask(LIST).json()["results"][0]["applicant"])
    assert (
        partner.ask(status_of(claim), If_None_Match=tag).status_code == 304
    )  # nothing of the status is narrower
    _change(agreement, cast, **terms(**{"C1": "see", "cases.claim.outcome": "none"}))
    narrower = partner.ask(status_of(claim), If_None_Match=tag)
    assert narrower.status_code == 200
    assert "outcome" not in narrower.json()


# Polling


@pytest.mark.usefixtures("transactional_db")
def test_the_status_is_cheap_to_poll_and_a_304_is_no_disclosure(
    cast: Cast, claim: Claim, agree: Any, system: Any
) -> None:
    agree(classes=["C1"])
    partner = system(cast.partner_admin)
    with counted() as first:
        answer = partner.ask(status_of(claim))
    assert len(first) <= 5, first
    assert answer.json() == {
        "id": str(claim.pk),
        "number": claim.number,
        "status": "registered",
        "status_since": "2026-03-02T09:30:00Z",
        "outcome": "",
        "reference": None,
    }
    assert answer["Cache-Control"] == "private, no-cache"
    assert "Authorization" in answer["Vary"]
    with counted() as second:
        unchanged = partner.ask(status_of(claim), If_None_Match=f'"other", W/{answer["ETag"]}')
    assert len(second) <= 5, second
    assert (unchanged.status_code, unchanged.content, unchanged["ETag"]) == (304, b"", answer["ETag"])
    assert (unchanged["Cache-Control"], unchanged["Vary"]) == (answer["Cache-Control"], answer["Vary"])
    with acting_as(cast.admin.viewer):
        (read,) = ReadEvent.objects.filter(view="api-claim-status")
    assert read.subject_ids == [claim.pk]
    assert (read.agency_id, read.owner_agency_ids, read.actor_id) == (cast.help.pk, [cast.border.pk], None)
    assert read.classes == ["C0", "C1"]
    assert read.client_id


def test_the_tag_changes_with_status_number_and_reader(
    cast: Cast, claim: Claim, agree: Any, system: Any
) -> None:
    agree(classes=["C1"])
    partner, own = system(cast.partner_admin), system(cast.admin)
    tags = [partner.ask(status_of(claim))["ETag"], own.ask(status_of(claim))["ETag"]]
    examine(cast, claim)
    changed = partner.ask(status_of(claim), If_None_Match=tags[0])
    assert (changed.status_code, changed.json()["status"]) == (200, "examination")
    tags.append(changed["ETag"])
    partner.put(f"{LIST}/{claim.pk}/reference", "HELP-1")
    noted = partner.ask(status_of(claim), If_None_Match=tags[2])
    assert (noted.status_code, noted.json()["reference"]) == (200, "HELP-1")
    assert len({*tags, noted["ETag"]}) == 4


def test_head_and_options_give_nothing_away(cast: Cast, claim: Claim, agree: Any, system: Any) -> None:
    agree(classes=["C1"])
    partner, stranger = system(cast.partner_admin), system(cast.stranger_admin)
    head = partner.ask(status_of(claim), method="head")
    assert (head.status_code, head.content) == (200, b"")
    assert stranger.ask(status_of(claim), method="head").status_code == 404
    for path in (LIST, status_of(claim), f"{LIST}/{claim.pk}/reference"):
        options = stranger.ask(path, method="options")
        assert (options.status_code, options["Content-Type"]) == (405, "application/problem+json")
        assert "actions" not in options.json()
