"""The main job, as its people do it: a real browser, a real web server, a real worker, a real partner's system."""

from __future__ import annotations

import csv
import re
import time
from base64 import b64encode
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe

from agencies.models import ApiClient
from registration.rules.arrivals import FIELDS
from tests.conftest import Cast
from tests.flows.conftest import Answer, System, page_of

HEADER = list(FIELDS)[:21]
FAMILY = [
    {
        "given_name": "Mariam",
        "father_name": "Idris",
        "family_name": "Abakar",
        "full_name_native": "مريم إدريس أبكر",
        "sex": "F",
        "relationship_to_head": "head",
        "date_of_birth": "1990-05-17",
        "phone": "+235 66 12 34 56",
        "document_type": "passport",
        "document_number": "P01234567",
    },
    {
        "given_name": "Yusuf",
        "father_name": "Ahmat",
        "family_name": "Abakar",
        "sex": "M",
        "relationship_to_head": "child",
        "date_of_birth": "2015-03-04",
    },
]
NAMES = [
    "Ahmat",
    "Brahim",
    "Claudine",
    "Deborah",
    "Emeline",
    "Fanta",
    "Gisele",
    "Hassan",
    "Ildephonse",
    "Josephine",
    "Kaltuma",
]
NAMES2 = [
    "Ndoubayo",
    "Rimtebaye",
    "Tchadjara",
    "Wazina",
    "Zoulikha",
    "Mbaikoua",
    "Kagonbe",
    "Loubana",
    "Passiri",
    "Senoussi",
]


def arrivals_file(path: Path, *, households: int) -> int:
    """Write a list of arrivals: Mariam's family, others, and one family with an impossible date; return the rows."""
    rows: list[dict[str, str]] = []

    def household(number: int, members: list[dict[str, str]]) -> None:
        for member in members:
            rows.append(
                {
                    "record_id": f"B{len(rows) + 1:06}",
                    "registration_date": "2026-02-20",
                    "registration_site": "CAMP-A",
                    "household_id": f"H{number:05}",
                    "household_size": str(len(members)),
                    "nationality": "SDN",
                    "arrival_date": "2026-02-18",
                    **member,
                }
            )

    household(1, FAMILY)
    household(
        2,
        [
            {
                **FAMILY[1],
                "given_name": "Broken",
                "relationship_to_head": "head",
                "date_of_birth": "2031-02-30",
            }
        ],
    )
    for number in range(3, households + 1):
        given, family = NAMES[number % 11], NAMES2[number // 11 % 10] + "aeiou"[number // 110 % 5]
        household(
            number,
            [
                {
                    "given_name": given,
                    "family_name": family,
                    "sex": "F",
                    "relationship_to_head": "head",
                    "date_of_birth": f"{1960 + number % 40}-0{1 + number % 9}-1{number % 9}",
                }
            ],
        )
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def no_serious_findings(page: Any) -> None:
    """Fail on accessibility findings that keep people out, and on anything the browser complained about."""
    found = [
        one for one in Axe().run(page).response["violations"] if one["impact"] in {"serious", "critical"}
    ]
    assert not found, [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found]
    assert not page.problems, page.problems


def test_a_file_of_arrivals_becomes_a_claim_that_a_partner_may_follow(
    cast: Cast, system: System, browser: Any, api_client: Any, tmp_path: Path
) -> None:
    """Upload, look, correct, accept, find, claim; agree; poll; end the agreement."""
    rows = arrivals_file(tmp_path / "arrivals.csv", households=400)
    page = page_of(browser, system, cast.caseworker)

    page.goto("/imports/new/")
    page.get_by_label("List of arrivals").set_input_files(tmp_path / "arrivals.csv")
    page.locator("#id_name").fill("Arrivals in the east")
    page.locator("#id_slug").fill("east-2026")
    page.get_by_role("button", name="Send and check").click()
    accept = page.get_by_role("button", name=re.compile("Register .* people"))
    accept.wait_for()
    assert f"Register {rows - 1}" in accept.inner_text().replace(",", "").replace("\u00a0", " ")
    no_serious_findings(page)

    with page.expect_download() as download:
        page.get_by_role("link", name="Download the rows with errors").click()
    errors = list(csv.DictReader(Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()))
    assert [(one["given_name"], one["_column"]) for one in errors] == [("Broken", "date_of_birth")]

    accept.click()
    page.get_by_role("link", name="See the people of this event").wait_for()
    page.goto("/imports/new/")
    page.get_by_label("List of arrivals").set_input_files(tmp_path / "arrivals.csv")
    page.locator("#id_event").select_option(label="Arrivals in the east")
    page.get_by_role("button", name="Send and check").click()
    page.get_by_text("This very file was sent before").wait_for()

    page.get_by_role("searchbox").last.fill("Maryam Abakkar")
    page.get_by_role("searchbox").last.press("Enter")
    page.goto("/people/?q=Maryam+Abakkar")
    page.get_by_role("link", name="Mariam Idris Abakar").first.click()
    page.get_by_text("مريم إدريس أبكر").first.wait_for()
    assert "P01234567" in page.content()
    no_serious_findings(page)
    page.goto("/people/?q=مريم أبكر")
    page.get_by_role("link", name="Mariam Idris Abakar").first.click()
    page.get_by_role("link", name=re.compile("Open a claim")).first.click()
    page.get_by_role("button", name="Open the claim").click()
    page.wait_for_url(re.compile("/claims/[0-9a-f-]{36}/"))
    claim = page.url.rstrip("/").rsplit("/", 1)[1]
    no_serious_findings(page)

    api, secret = api_client(cast.partner_admin)
    stranger, strangers_secret = api_client(cast.stranger_admin)
    nobody = "00000000-0000-7000-8000-000000000000"
    assert _status(system, api, secret, claim).status == 404

    _agree(browser, system, cast)
    shown = _wait_for_status(system, api, secret, claim)
    assert shown.json()["status"] == "registered"
    assert shown.json()["id"] == claim
    assert "Mariam" not in shown.body.decode(), "the agreement shows reference and status only"
    again = _status(system, api, secret, claim, If_None_Match=shown.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    hidden, absent = (
        _status(system, stranger, strangers_secret, claim),
        _status(system, stranger, strangers_secret, nobody),
    )
    assert hidden.status == absent.status == 404
    assert hidden.body.replace(claim.encode(), b"") == absent.body.replace(nobody.encode(), b"")

    page = page_of(browser, system, cast.admin)
    page.goto("/agreements/")
    page.get_by_role("link", name="Status of claims").click()
    page.get_by_role("link", name="End the agreement").click()
    page.get_by_label("Reason").fill("The project is over.")
    page.get_by_role("button", name=re.compile("End")).click()
    page.wait_for_url(re.compile("/agreements/[0-9a-f-]{36}/$"))
    assert _status(system, api, secret, claim).status == 404


def _agree(browser: Any, system: System, cast: Cast) -> None:
    """An administrator of BORDER draws it up and a second one signs; two of HELP sign, each in their own window."""
    page = page_of(browser, system, cast.admin)
    page.goto("/agreements/new/")
    page.get_by_label("Partner").select_option(label="Helping Hands")
    page.get_by_label("Title").fill("Status of claims")
    no_serious_findings(page)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Purpose").select_option("protection")
    page.get_by_label("Legal basis").select_option("mandate")
    page.get_by_role("button", name="Keep and continue").click()
    page.locator("#id_event_slug").fill("east-2026")
    page.get_by_role("button", name="Keep and continue").click()
    page.get_by_role("button", name="reference and status: Shown", exact=True).click()
    no_serious_findings(page)
    page.get_by_role("button", name="Keep and continue").click()
    page.get_by_label("API").check()
    page.locator("#id_starts_on").fill("2026-01-01")
    page.get_by_role("button", name="Keep and continue").click()
    page.get_by_role("button", name="Sign", exact=True).click()
    for one in (cast.second_admin, cast.partner_admin, cast.partner_second):
        page = page_of(browser, system, one)
        page.goto("/agreements/")
        page.get_by_role("link", name="Status of claims").click()
        if one is cast.second_admin:
            page.get_by_role("link", name="Check and sign").click()
        page.get_by_role("button", name="Sign", exact=True).click()
        page.get_by_role("alert").or_(page.locator(".notice, .message")).first.wait_for()
    page.get_by_text("Active").first.wait_for()


def _status(system: System, api: ApiClient, secret: str, claim: str, **headers: str) -> Answer:
    """Ask for a claim's status as a partner's system does: a token, then the question."""
    basic = b64encode(f"{api.client_id}:{secret}".encode()).decode()
    token = system.call(
        "/api/v1/token",
        form={"grant_type": "client_credentials", "scope": "claims.status:read"},
        Authorization=f"Basic {basic}",
    ).json()["access_token"]
    return system.call(f"/api/v1/claims/{claim}/status", Authorization=f"Bearer {token}", **headers)


def _wait_for_status(system: System, api: ApiClient, secret: str, claim: str) -> Answer:
    for _try in range(60):
        answer = _status(system, api, secret, claim)
        if answer.status == 200:
            return answer
        time.sleep(0.5)
    raise AssertionError(f"The partner never saw the claim: {answer}")
