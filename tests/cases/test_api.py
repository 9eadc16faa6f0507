"""What do partners' systems learn about claims, and what does everybody else not?"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from jsonschema import Draft202012Validator

from agencies.access import OwnedQuerySet
from agencies.models import Agreement
from cases import api
from cases.actions import claims as actions
from cases.models import Claim, ClaimReference
from refugeecm.core.models import Event, ReadEvent
from registration.models import Individual
from tests.conftest import NOW, Cast, Person, acting_as, end, register, terms

LIST = "/api/v1/claims"
IDENTITY = {"given_name", "father_name", "family_name", "native_name", "sex", "birth_date", "nationality"}


class System:
    """A partner's system with its token."""

    def __init__(self, client_id: str, secret: str) -> None:
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        self.token = Client().post("/api/v1/token", form).json()["access_token"]

    def ask(self, path: str, *, method: str = "get", **headers: str) -> Any:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return getattr(Client(), method)(path, headers={"Authorization": f"Bearer {self.token}", **given})

    def put(self, path: str, body: Any, **headers: str) -> Any:
        """Send a number, or a whole body given as a dictionary or as bytes."""
        given = {name.replace("_", "-"): value for name, value in headers.items() if name != "Content_Type"}
        sent = (
            body
            if isinstance(body, bytes)
            else json.dumps(body if isinstance(body, dict) else {"value": body})
        )
        return Client().put(
            path,
            sent,
            content_type=headers.get("Content_Type", "application/json"),
            headers={"Authorization": f"Bearer {self.token}", **given},
        )

    def seen(self) -> list[str]:
        """The numbers of all claims in the list."""
        return [one["number"] for one in self.ask(LIST).json()["results"]]


@pytest.fixture(autouse=True)
def _quick_secrets(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def system(api_client: Any) -> Callable[[Person], System]:
    def make(admin: Person) -> System:
        client, secret = api_client(admin)
        return System(client.client_id, secret)

    return make


@pytest.fixture
def claim(cast: Cast, family: list[Individual]) -> Claim:
    """The mother's claim."""
    return open_claim(cast, family[0])


def open_claim(cast: Cast, individual: Individual) -> Claim:
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        return actions.open_claim(individual=individual, made_on=date(2026, 3, 1), by=viewer, now=NOW)


def examine(cast: Cast, claim: Claim) -> None:
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        actions.change_status(claim=claim, to="examination", by=viewer, now=NOW + timedelta(hours=1))


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the statements that reach the tables; where a transaction begins and ends is no statement."""
    statements: list[str] = []
    with CaptureQueriesContext(connection) as queries:
        yield statements
    statements += [one["sql"] for one in queries if one["sql"] not in {"BEGIN", "COMMIT", "ROLLBACK"}]


def status_of(claim: Claim | uuid.UUID) -> str:
    return f"{LIST}/{getattr(claim, 'pk', claim)}/status"


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


# Lists


def test_pages_follow_a_cursor_there_and_back(cast: Cast, event: Any, agree: Any, system: Any) -> None:
    people = [register(cast.caseworker, event, [{"given_name": f"Person {n}"}])[0] for n in range(5)]
    numbers = [
        one.number for one in sorted((open_claim(cast, one) for one in people), key=lambda one: one.pk)
    ]
    agree(classes=["C1"])
    partner = system(cast.partner_admin)
    found, link = [], f"{LIST}?limit=2"
    while link:
        page = partner.ask(link).json()
        found.append([one["number"] for one in page["results"]])
        link, before = page["next"], page["previous"]
    assert found == [numbers[:2], numbers[2:4], numbers[4:]]
    assert [one["number"] for one in partner.ask(before).json()["results"]] == numbers[2:4]
    assert "count" not in page


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.parametrize("many", [1, 12])
def test_a_list_takes_the_same_few_statements_for_any_length(
    many: int, cast: Cast, event: Any, agree: Any, system: Any
) -> None:
    for n in range(many):
        open_claim(cast, register(cast.caseworker, event, [{"given_name": f"Person {n}"}])[0])
    agree(classes=["C1", "C2"])
    partner = system(cast.partner_admin)
    with counted() as queries:
        assert len(partner.seen()) == many
    assert len(queries) <= 6, queries
    with acting_as(cast.admin.viewer):
        reads = {one.subject_type: one for one in ReadEvent.objects.filter(view="api-claims")}
    assert {name: len(one.subject_ids) for name, one in reads.items()} == {
        "cases.claim": many,
        "registration.individual": many,
    }
    assert reads["registration.individual"].classes == ["C0", "C1", "C2"]


def test_filters(cast: Cast, family: list[Individual], claim: Claim, agree: Any, system: Any) -> None:
    other = open_claim(cast, family[1])
    examine(cast, other)
    agree(classes=["C1"])
    partner = system(cast.partner_admin)
    partner.put(f"{LIST}/{other.pk}/reference", "HH/12 & more")
    later = (NOW + timedelta(hours=1)).isoformat().replace("+00:00", "Z")

    def numbers(query: str) -> list[str]:
        return [one["number"] for one in partner.ask(f"{LIST}?{query}").json()["results"]]

    assert numbers("status=examination") == [other.number]
    assert numbers(f"updated_after={later}") == [other.number]
    assert set(numbers("updated_after=2026-03-02")) == {claim.number, other.number}
    assert numbers("updated_after=2026-03-02T13:30:00%2B03:00") == [other.number]
    assert numbers("reference=HH%2F12%20%26%20more") == [other.number]
    assert numbers(f"number={claim.number}") == [claim.number]
    assert numbers(f"number={claim.number}&status=examination") == []
    assert numbers("reference=nobody") == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("state=open", "/state"),
        ("status=open", "/status"),
        ("status=", "/status"),
        ("number=", "/number"),
        ("status=decided&status=closed", "/status"),
        ("updated_after=yesterday", "/updated_after"),
        ("updated_after=2026-03-02T10:30:00 01:00", "/updated_after"),
        ("limit=0", "/limit"),
        ("limit=1001", "/limit"),
        ("limit=many", "/limit"),
        ("cursor=x", "/cursor"),
        ("cursor=cD1hYmM%3D", "/cursor"),  # p=abc
        ("reference=a%00b", "/reference"),
        ("individual__family_name__startswith=A", "/individual__family_name__startswith"),
        ("ordering=individual__family_name", "/ordering"),
    ],
)
def test_what_is_not_understood_is_refused_with_what_to_do(
    query: str, pointer: str, cast: Cast, system: Any
) -> None:
    answer = system(cast.partner_admin).ask(f"{LIST}?{query}")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    body = answer.json()
    assert {"type", "title", "status", "detail", "errors"} == set(body)
    assert [one["pointer"] for one in body["errors"]] == [pointer]
    assert body["errors"][0]["detail"].endswith(".")


def test_the_status_takes_no_parameters(cast: Cast, claim: Claim, system: Any) -> None:
    assert (
        system(cast.admin).ask(f"{status_of(claim)}?fields=all").json()["errors"][0]["pointer"] == "/fields"
    )


# The partner's own number


def test_a_partner_asks_by_its_own_number(cast: Cast, claim: Claim, agree: Any, system: Any) -> None:
    agree(classes=["C1"])
    partner, own = system(cast.partner_admin), system(cast.admin)
    for value in ("HH/2026/12", "حالة ١٢", "a b%2F&?#"):
        answer = partner.put(f"{LIST}/{claim.pk}/reference", value)
        assert (answer.status_code, answer.json()) == (200, {"value": value})
        asked = partner.ask(f"{LIST}/by-reference/{quote(value)}/status")
        assert (asked.status_code, asked.json()["reference"]) == (200, value)
        assert asked.json() == partner.ask(status_of(claim)).json()
        assert (
            partner.ask(f"{LIST}/by-reference/{quote(value)}/status", If_None_Match=asked["ETag"]).status_code
            == 304
        )
    assert own.ask(status_of(claim)).json()["reference"] is None  # nobody else sees it
    assert own.ask(f"{LIST}/by-reference/HH/2026/12/status").status_code == 404
    with acting_as(cast.partner.viewer):
        assert ClaimReference.objects.count() == 1


def test_the_same_number_again_changes_nothing(cast: Cast, claim: Claim, agree: Any, system: Any) -> None:
    agree(classes=["C1"])
    partner = system(cast.partner_admin)
    for _ in range(2):
        assert partner.put(f"{LIST}/{claim.pk}/reference", "HELP-1").status_code == 200
    with acting_as(cast.partner.viewer):
        assert Event.objects.filter(name="cases.claim.reference_set").count() == 1


def test_one_number_for_one_claim(
    cast: Cast, family: list[Individual], claim: Claim, agree: Any, system: Any
) -> None:
    agree(classes=["C1"])
    other = open_claim(cast, family[1])
    partner, own = system(cast.partner_admin), system(cast.admin)
    assert partner.put(f"{LIST}/{claim.pk}/reference", "17").status_code == 200
    refused = partner.put(f"{LIST}/{other.pk}/reference", "17")
    assert (refused.status_code, refused["Content-Type"]) == (409, "application/problem+json")
    assert own.put(f"{LIST}/{other.pk}/reference", "17").status_code == 200  # each agency has its own numbers
    assert partner.ask(f"{LIST}/by-reference/17/status").json()["id"] == str(claim.pk)
    assert own.ask(f"{LIST}/by-reference/17/status").json()["id"] == str(other.pk)


def test_a_number_is_set_only_on_what_was_read(cast: Cast, claim: Claim, agree: Any, system: Any) -> None:
    agree(classes=["C1"])
    partner = system(cast.partner_admin)
    tag = partner.ask(status_of(claim))["ETag"]
    assert partner.put(f"{LIST}/{claim.pk}/reference", "1", If_Match=tag).status_code == 200
    late = partner.put(f"{LIST}/{claim.pk}/reference", "2", If_Match=tag)
    assert (late.status_code, late["Content-Type"]) == (412, "application/problem+json")
    assert partner.put(f"{LIST}/{claim.pk}/reference", "2", If_Match="*").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"value": ""},
        {"value": "x" * 81},
        {"value": "a\0b"},
        {"value": "\ud800"},
        {"value": None},
        {"value": ["17"]},
        {},
        {"value": "17", "agency": 1},
        b"[]",
        b"{",
        b"17",
        b"\xff",
    ],
)
def test_a_number_that_is_none_is_refused(body: Any, cast: Cast, claim: Claim, system: Any) -> None:
    answer = system(cast.admin).put(f"{LIST}/{claim.pk}/reference", body)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["detail"]


# Form


@pytest.mark.parametrize("classes", [["C1"], ["C1", "C2"]])
def test_answers_are_what_the_openapi_document_says(
    classes: list[str], cast: Cast, claim: Claim, agree: Any, system: Any
) -> None:
    agree(classes=classes)
    partner = system(cast.partner_admin)
    components = Client().get("/api/v1/openapi.json").json()["components"]
    answers = {
        "PaginatedClaimList": partner.ask(LIST),
        "Status": partner.ask(status_of(claim)),
        "Reference": partner.put(f"{LIST}/{claim.pk}/reference", "17"),
        "Problem": partner.ask(f"{LIST}?limit=many"),
    }
    for name, answer in answers.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": components}
        Draft202012Validator(schema).validate(answer.json())


def test_every_error_is_a_problem(cast: Cast, claim: Claim, system: Any) -> None:
    own = system(cast.admin)
    path = f"{LIST}/{claim.pk}/reference"
    answers = {
        401: Client().get(LIST),
        405: own.ask(LIST, method="post"),
        406: own.ask(LIST, Accept="text/html"),
        415: own.put(path, b"value=17", Content_Type="application/x-www-form-urlencoded"),
    }
    for code, answer in answers.items():
        assert (answer.status_code, answer["Content-Type"]) == (code, "application/problem+json")
        body = answer.json()
        assert (body["type"], body["status"]) == ("about:blank", code)
        assert body["title"] != "Error"
        assert body["detail"]
        assert str(claim.pk) not in answer.text
    assert answers[405]["Allow"] == "GET, HEAD"


def test_answers_are_not_kept_by_caches(cast: Cast, claim: Claim, system: Any) -> None:
    own = system(cast.admin)
    for answer in (own.ask(LIST), own.ask(status_of(uuid.uuid4())), Client().get(LIST)):
        assert answer["Cache-Control"] == "no-store"
        assert "Authorization" in answer["Vary"]
