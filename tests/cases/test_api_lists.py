"""How do partners' systems ask for lists, by their own numbers, and in which form do they get answers?"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from jsonschema import Draft202012Validator

from cases.models import Claim, ClaimReference
from refugeecm.core.models import Event, ReadEvent
from registration.models import Individual
from tests.cases.systems import LIST, counted, examine, open_claim, status_of
from tests.conftest import NOW, Cast, acting_as, register

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
        assert [one.message for one in Draft202012Validator(schema).iter_errors(answer.json())] == [], name


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
