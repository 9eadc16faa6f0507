"""Journey 4: a case is referred under an agreement. Does the partner see what was agreed, by no door anything else, and do both
sides end up with the same story?"""

from __future__ import annotations

import time
import zipfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from cases.actions import claims
from cases.models import Claim
from refugeecm.core.models import Event, User
from refugeecm.demonstration.receivers import Receiver
from registration.models import Individual, InfluxEvent
from tests.conftest import NOW, Cast, Person, acting_as, register
from tests.flows.conftest import System, page_of
from tests.flows.mailbox import Mailbox
from tests.flows.test_every_page import WAYS
from tests.flows.test_main_job import no_serious_findings

# What stands in one field only, by the class of the field.
IDENTITY = ["Qamarzad", "Wadjirou", "Tchoumbal", "قمرزاد", "Zoubaidatou", "Birakville", "1987", "Kelouzad"]
CONTACT = ["+235 66 71 82 93", "66718293", "PQ7788990", "Camp Oumdjara"]
PROTECTION = ["Complementary protection", "حماية تكميلية"]
FAMILY = [
    {
        "given_name": "Qamarzad", "father_name": "Wadjirou", "family_name": "Tchoumbal", "full_name_native": "قمرزاد",
        "mother_name": "Zoubaidatou", "birth_place": "Birakville", "date_of_birth": "1987-05-17",
        "phone": "+235 66 71 82 93", "document_type": "passport", "document_number": "PQ7788990",
        "registration_site": "Camp Oumdjara",
    },
    {"given_name": "Kelouzad", "relationship_to_head": "child", "date_of_birth": "2015-03-04", "marital_status": "single"},
]  # fmt: skip


@dataclass
class Asker:
    """The partner, with a window, a system and the ids that they know."""

    page: Any
    system: System
    token: str
    ids: dict[str, str]
    admin: Any  # the window of their administrator
    receiver: Receiver
    mailbox: Mailbox

    def see(self, path: str) -> str:
        """Open a page; return all of it, with what stands in attributes."""
        answer = self.page.goto(path.format(**self.ids))
        assert answer.status == 200, path
        return str(self.page.content())

    def ask(self, path: str) -> str:
        """Ask the API."""
        answer = self.system.call(path.format(**self.ids), Authorization=f"Bearer {self.token}")
        assert answer.status == 200, path
        return answer.body.decode()

    def take_out(self, listing: str, kind: str) -> str:
        """Ask for a list as a file and fetch it; return all that its pages and its unpacked parts say."""
        page = self.page
        page.goto(f"/exports/new/?list={listing}")
        said = [page.content()]
        page.locator("#id_purpose").select_option("casework")
        page.locator("#id_reason").fill("Visits")
        page.locator(f"input[name=format][value={kind}]").check()
        page.locator("form button.primary").click()
        download = page.locator("form[action$='/file/'] button")
        download.wait_for(timeout=60_000)
        said.append(page.content())
        with page.expect_download() as fetched:
            download.click()
        path = Path(fetched.value.path())
        if kind == "csv":
            return "\n".join([*said, path.read_text(encoding="utf-8-sig")])
        with zipfile.ZipFile(path) as package:
            return "\n".join([*said, *(package.read(one).decode() for one in package.namelist())])

    def told(self) -> str:
        """Wait until their system is told of the referral; return every body that it got, and the page of what was sent."""
        _wait(lambda: self.ids["referral"] in {one.subject for one in self.receiver.receipts})
        assert not self.receiver.unsigned
        self.admin.goto(f"/webhooks/{self.ids['webhook']}/")
        return "\n".join([*(one.body.decode() for one in self.receiver.receipts), self.admin.content()])

    def mailed(self) -> str:
        """Wait for a mail; return all of them, with their heads."""
        _wait(lambda: bool(self.mailbox.messages))
        heads = [f"{name}: {value}" for one in self.mailbox.messages for name, value in one.items()]
        return "\n".join([*heads, *(one.get_content() for one in self.mailbox.messages)])


def _wait(reached: Callable[[], bool]) -> None:
    for _try in range(240):
        if reached():
            return
        time.sleep(0.25)
    raise AssertionError("Nothing has arrived for a minute.")


def _page(path: str) -> Callable[[Asker], str]:
    return lambda asker: asker.see(path)


def _api(path: str) -> Callable[[Asker], str]:
    return lambda asker: asker.ask(f"/api/v1/{path}")


def _export(listing: str, kind: str) -> Callable[[Asker], str]:
    return lambda asker: asker.take_out(listing, kind)


# Every door by which something of a case reaches a partner. Who builds another one (change feed) adds it here.
DOORS: dict[str, Callable[[Asker], str]] = {
    "home page and notifications": _page("/"),
    "people": _page("/people/"),
    **{f"search for {one}": _page(f"/people/?q={quote(one)}") for one in [*IDENTITY, *CONTACT]},
    "household and its timeline": _page("/households/{household}/"),
    "person": _page("/people/{person}/"),
    "cases": _page("/claims/"),
    "case and its timeline": _page("/claims/{claim}/"),
    "inbox": _page("/referrals/"),
    "referral and its messages": _page("/referrals/{referral}/"),
    "form of a request to hand over": _page("/households/{household}/hand-over/"),
    "API: claims": _api("claims"),
    "API: status": _api("claims/{claim}/status"),
    "API: referrals": _api("referrals"),
    "API: referral": _api("referrals/{referral}"),
    "file: people, CSV": _export("people", "csv"),
    "file: people, XLSX": _export("people", "xlsx"),
    "file: cases, CSV": _export("claims", "csv"),
    "file: referrals, XLSX": _export("referrals", "xlsx"),
    "webhooks": Asker.told,
    "mail": Asker.mailed,
}


@pytest.fixture
def outside(monkeypatch: Any) -> Iterator[tuple[Receiver, Mailbox]]:
    """The partner's system that is told by webhooks, and their mail server; comes before `system`, which has to know of them."""
    receiver, mailbox = Receiver(), Mailbox()
    monkeypatch.setenv("LOOPBACK_ORIGINS", receiver.origin)
    monkeypatch.setenv("EMAIL_URL", mailbox.url)
    receiver.start()
    yield receiver, mailbox
    receiver.stop()
    mailbox.close()


@pytest.mark.parametrize(("language", "classes"), [("en", ["C1"]), ("en", ["C1", "C2"]), ("ar", ["C1"])])
def test_a_referral_shows_what_was_agreed_and_nothing_else(
    language: str,
    classes: list[str],
    cast: Cast,
    event: InfluxEvent,
    agree: Any,
    api_client: Any,
    outside: tuple[Receiver, Mailbox],
    system: System,
    browser: Any,
) -> None:
    """Refer, look by every door, write, accept, finish; then both sides read the same story."""
    agree(classes=classes, channels=["pages", "api", "webhooks", "export"])
    api, secret = api_client(cast.partner_admin)
    way, (receiver, mailbox) = WAYS[language], outside
    theirs = page_of(browser, system, cast.partner, language=language, **way)
    admin = page_of(browser, system, cast.partner_admin, language=language, **way)
    webhook, receiver.secret = _listen(admin, receiver)
    _mail_me(theirs, cast.partner, language)
    mother = register(cast.caseworker, event, FAMILY)[0]
    claim = _claim(cast, mother)

    ours = page_of(browser, system, cast.caseworker, language=language, **way)
    ours.goto(f"/claims/{claim.pk}/refer/")
    preview = ours.locator("section[aria-labelledby=preview-1]").inner_text()
    assert ("Qamarzad" in preview) == ("C2" in classes), "the form shows what the partner will see"
    assert "PQ7788990" not in preview
    assert claim.number in preview
    no_serious_findings(ours)
    ours.locator("#id_service").select_option("legal_aid")
    ours.locator("#id_urgency").select_option("emergency")
    ours.locator("#id_message").fill("Before Monday")
    ours.locator("form button.primary").click()
    ours.wait_for_url("**/referrals/*-*/")
    referral = ours.url.rstrip("/").rsplit("/", 1)[1]
    no_serious_findings(ours)

    ids = {"claim": claim.pk, "person": mother.pk, "household": mother.household_id, "referral": referral}
    ids |= {"webhook": webhook}
    token = _token(system, api, secret)
    asker = Asker(theirs, system, token, {k: str(v) for k, v in ids.items()}, admin, *outside)
    hidden = [*CONTACT, *PROTECTION, *([] if "C2" in classes else IDENTITY)]
    seen = {name: door(asker) for name, door in DOORS.items()}
    for name, text in seen.items():
        asked = name.removeprefix("search for ")
        leaked = [one for one in hidden if one in text and one != asked and not _within(one, asked)]
        assert not leaked, f"{name} shows {leaked}"
    # By each door came something that was agreed: a scan of empty pages, files and bodies would prove nothing.
    known = [claim.number, mother.number, *asker.ids.values()]
    empty = [name for name, text in seen.items() if not any(one in text for one in known)]
    assert [one for one in empty if "search" not in one] == ["mail"], "which says only where to read the news"
    assert "/notifications/" in seen["mail"]
    assert ("ا" in seen["mail"]) == (language == "ar")
    assert mother.number in seen["file: people, CSV"]
    assert mother.number in seen["file: people, XLSX"]
    assert claim.number in seen["file: cases, CSV"]
    assert mother.number in seen["file: referrals, XLSX"]
    assert ("Qamarzad" in seen["file: people, XLSX"]) == ("C2" in classes)
    assert {one.subject for one in receiver.receipts} == {asker.ids["claim"], referral}
    assert "cases.claim.decision_proposed" not in {one.type for one in receiver.receipts}
    assert [one["To"] for one in mailbox.messages] == [cast.partner.user.email]
    assert claim.number in seen["case and its timeline"]
    assert claim.number in seen["API: claims"]
    assert ("Qamarzad" in seen["referral and its messages"]) == ("C2" in classes)

    theirs.goto("/referrals/")
    assert theirs.locator("table .badge.warn").count() >= 1, "less than a day is left"
    no_serious_findings(theirs)
    theirs.goto(f"/referrals/{referral}/")
    theirs.locator("#id_text").fill("Which language does she speak?")
    theirs.locator("section[aria-labelledby=messages] button").click()
    theirs.get_by_text("Which language does she speak?").first.wait_for()
    for to in ("accepted", "under_way"):
        theirs.locator(f"button[name=to][value={to}]").click()
        theirs.locator(f"button[name=to][value={to}]").wait_for(state="detached")
    theirs.locator("#id_outcome").select_option("given")
    theirs.locator("button[name=to][value=done]").click()
    theirs.locator("button[name=to][value=done]").wait_for(state="detached")
    no_serious_findings(theirs)

    stories = _stories(cast, referral)
    assert stories[0] == stories[1]
    assert [one[0].rsplit(".", 1)[1] for one in stories[0]] == [
        "proposed",
        "message",
        "answered",
        "answered",
        "answered",
    ]
    told = []
    for page in (ours, theirs):
        page.goto(f"/referrals/{referral}/")
        told.append(page.locator("section[aria-labelledby=story] .what").all_inner_texts())
    assert told[0] == told[1]
    assert len(told[0]) == 5


def _within(one: str, asked: str) -> bool:
    """Whoever searches reads their own words again; parts of them are no answer."""
    return one in asked or asked.replace(" ", "").endswith(one)


def _listen(admin: Any, receiver: Receiver) -> tuple[str, str]:
    """Have the partner's system told of everything; return the key and the secret of the receiver."""
    admin.goto("/webhooks/new/")
    admin.locator("#id_url").fill(receiver.url)
    for one in admin.locator("input[name=topics]").all():
        one.check()
    admin.locator("form button.primary").click()
    secret = admin.locator("#webhook-secret").inner_text()
    admin.locator("a.button[href^='/webhooks/']").click()
    admin.wait_for_url("**/webhooks/*-*/")
    return admin.url.rstrip("/").rsplit("/", 1)[1], secret


def _mail_me(page: Any, person: Person, language: str) -> None:
    """Have news of referrals mailed at once, in a language."""
    User.objects.filter(pk=person.user.pk).update(language=language)
    page.goto("/notifications/mail/")
    page.locator("#id_referral").select_option("at_once")
    page.locator("form button.primary").click()
    page.wait_for_url("**/notifications/")


def _claim(cast: Cast, person: Individual) -> Claim:
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        made = claims.open_claim(individual=person, made_on=NOW.date(), by=viewer, now=NOW)
        claims.change_status(claim=made, to="examination", by=viewer, now=NOW)
        claims.propose_decision(claim=made, outcome="complementary", by=viewer, now=NOW)
    return made


def _token(system: System, api: Any, secret: str) -> str:
    basic = b64encode(f"{api.client_id}:{secret}".encode()).decode()
    answer = system.call(
        "/api/v1/token", form={"grant_type": "client_credentials"}, Authorization=f"Basic {basic}"
    )
    return str(answer.json()["access_token"])


def _stories(cast: Cast, referral: str) -> list[list[tuple[str, Any]]]:
    """Return what each side has recorded, once the worker has told everything to the other."""
    stories: list[list[tuple[str, Any]]] = []
    for _try in range(60):
        stories = []
        for person in (cast.caseworker, cast.partner):
            with acting_as(person.viewer):
                found = Event.objects.filter(subject_id=referral).order_by("at", "id")
                stories.append([(one.name, one.at) for one in found])
        if [len(one) for one in stories] == [5, 5]:
            break
        time.sleep(0.5)
    return stories
