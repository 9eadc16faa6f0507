"""Can a clerk register a family at the desk, is what they type kept, and is nobody registered twice?"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies import tasks
from refugeecm.core.models import Event
from registration.actions import desk
from registration.models import (
    DeskDraft,
    Document,
    Household,
    Individual,
    InfluxEvent,
    MatchCandidate,
    QueueToken,
    SpecificNeed,
)
from tests.conftest import FAMILY, NOW, Cast, acting_as, register

TYPED = {
    "h-country": "SDN",
    "h-phone": "+235 66 12 34 56",
    "h-language": "ara",
    "h-consent": "on",
    "0-given_name": "Hawa",
    "0-father_name": "Musa",
    "0-family_name": "Adam",
    "0-sex": "F",
    "0-date_of_birth": "٣٤",
    "0-document_type": "PASSPORT",
    "0-document_number": "X7654321",
    "1-given_name": "Idris",
    "1-sex": "M",
    "1-date_of_birth": "2014",
    "1-relationship_to_head": "child",
    "2-given_name": "Zara",
    "2-sex": "F",
    "2-date_of_birth": "2016-05-01",
    "2-relationship_to_head": "child",
    "2-family_name": "-",
    "2-nationality": "Tchad",
}


@pytest.fixture
def clerk(cast: Cast, event: InfluxEvent) -> Client:
    """A clerk whose desk stands at the eastern border."""
    browser = cast.caseworker.browser()
    answer = browser.post(
        reverse("registration"),
        {"event": event.pk, "site": "CAMP-A", "level": "IND_BASIC", "language": "ara"},
    )
    assert answer.status_code == 302
    return browser


def begin(browser: Client) -> str:
    """Open a form for a family; return its address."""
    return str(browser.post(reverse("family-new"))["Location"])


def draft_of(address: str) -> str:
    return address.rstrip("/").rsplit("/", 1)[1]


def test_a_family_is_registered_once_with_what_members_inherit(clerk: Client, cast: Cast) -> None:
    address = begin(clerk)
    assert 'value="ara" selected' in clerk.get(address).content.decode()
    ticked = {"0-needs": ["PG", "XX", "SV"], "1-needs": ["DS", "SM"], "3-needs": "ER"}
    nobody = clerk.post(address, {**TYPED, **ticked, "2-nationality": "TCD", "do": "register"})
    assert 'href="#id_3-given_name"' in nobody.content.decode(), "a need of nobody is not lost"
    assert len(re.findall(r'value="DS"\s+checked', nobody.content.decode())) == 1
    del ticked["3-needs"]
    first = clerk.post(address, {**TYPED, **ticked, "2-nationality": "TCD", "do": "register"})
    assert first.status_code == 302, re.findall(
        r'class="problem".*?</div>', first.content.decode(), re.DOTALL
    )
    again = clerk.post(address, {**TYPED, "do": "register"})
    assert again["Location"] == first["Location"]
    with acting_as(cast.caseworker.viewer):
        household = Household.objects.get()
        hawa, idris, zara = sorted(
            household.members.all(), key=lambda one: one.birth_date or timezone.localdate()
        )
        assert (household.origin_country, household.level, household.site) == ("SDN", "IND_BASIC", "CAMP-A")
        assert hawa.is_focal_point
        assert (hawa.birth_precision, hawa.birth_estimated) == ("YEAR", True)
        assert (idris.family_name, idris.nationality, idris.relationship) == ("Adam", "SDN", "SON")
        assert (zara.family_name, zara.nationality, zara.origin_country) == ("", "TCD", "SDN")
        assert hawa.languages == zara.languages == ["ara"]
        assert Document.objects.get().individual_id == hawa.pk
        said = Event.objects.get(name=desk.REGISTERED, subject_id=household.pk)
        assert said.details["consent"] == desk.CONSENT_TEXT
        assert not DeskDraft.objects.exists()
        noted = SpecificNeed.objects.order_by("code").values_list(
            "individual", "code", "status", "restricted"
        )
        assert list(noted) == [
            (idris.pk, "DS", "flagged", False),
            (hawa.pk, "PG", "flagged", False),
            (idris.pk, "SM", "flagged", True),
        ]
    shown = clerk.get(reverse("individual", args=[idris.pk])).content.decode()
    assert "Disability" in shown
    assert "Serious medical condition" not in shown, "restricted: written by whoever registers, read by few"
    slip = clerk.get(first["Location"]).content.decode()
    assert household.number in slip
    assert 'lang="ar"' in slip
    assert 'dir="rtl"' in slip
    assert "Hawa Musa Adam" in slip
    assert "<svg" in slip


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(clerk: Client, cast: Cast) -> None:
    address = begin(clerk)
    wrong = {
        **TYPED,
        "h-consent": "",
        "1-date_of_birth": "2014-13-45",
        "0-given_name": "",
        "2-nationality": "Atlantis",
    }
    answer = clerk.post(address, {**wrong, "do": "register"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert text.count("errorlist") >= 3
    assert 'href="#id_1-date_of_birth"' in text
    assert 'href="#id_2-nationality"' in text
    assert 'href="#id_h-consent"' in text
    for kept in ("2014-13-45", "Atlantis", "X7654321", "Musa"):
        assert kept in text
    shown = clerk.get(address).content.decode()
    assert "2014-13-45" in shown
    assert "Zara" in shown
    with acting_as(cast.caseworker.viewer):
        assert not Individual.objects.exists()


def test_without_a_script_buttons_add_and_remove_members(clerk: Client) -> None:
    address = begin(clerk)
    more = clerk.post(address, {**TYPED, "do": "add"})
    text = clerk.get(more["Location"].partition("#")[0]).content.decode()
    assert "id_3-given_name" in text
    fewer = clerk.post(address, {**TYPED, "do": "remove-1"})
    text = clerk.get(fewer["Location"].partition("#")[0]).content.decode()
    assert "Idris" not in text
    assert "Zara" in text.partition("id_1-given_name")[2].partition("person-2")[0]


def test_a_draft_is_kept_for_its_clerk_alone_and_two_windows_do_not_overwrite_each_other(
    clerk: Client, cast: Cast
) -> None:
    address = begin(clerk)
    keep = f"{address}keep/"
    assert clerk.post(keep, {**TYPED, "window": "a", "version": "0"}).status_code == 204
    assert (
        clerk.post(keep, {**TYPED, "0-given_name": "Hawwa", "window": "a", "version": "0"}).status_code == 204
    )
    assert clerk.post(keep, {"0-given_name": "Other", "window": "b", "version": "0"}).status_code == 409
    page = clerk.post(address, {"0-given_name": "Other", "window": "b", "version": "0", "do": "register"})
    assert page.status_code == 409
    assert "Other" in page.content.decode()
    assert "Hawwa Musa Adam" in clerk.get(reverse("registration")).content.decode()
    elsewhere = cast.caseworker.browser()
    assert "Hawwa" in elsewhere.get(address).content.decode()
    for other in (cast.colleague, cast.partner):
        assert other.browser().get(address).status_code == 404
        assert other.browser().post(keep, TYPED).status_code == 404
    with acting_as(cast.caseworker.viewer):
        sealed = bytes(DeskDraft.objects.get().sealed)
    assert b"Hawwa" not in sealed


def test_who_resembles_somebody_is_shown_and_asked_about_once(
    clerk: Client, cast: Cast, family: list[Individual]
) -> None:
    address, known = begin(clerk), family[1]
    row = {
        "0-given_name": "Yussuf",
        "0-father_name": "Idris",
        "0-family_name": "Abakar",
        "0-sex": "M",
        "0-date_of_birth": "2015-03-04",
        "h-country": "SDN",
        "h-consent": "on",
    }
    hints = clerk.post(f"{address}hints/?row=0", row).content.decode()
    assert known.full_name in hints
    assert "Date of birth: the same day" in hints
    assert str(known.pk) in hints
    asked = clerk.post(address, {**row, "do": "register"})
    text = asked.content.decode()
    assert asked.status_code == 422
    assert "may be registered already" in text
    decided = clerk.post(address, {**row, "0-not_same": str(known.pk), "do": "register"})
    assert decided.status_code == 302
    with acting_as(cast.caseworker.viewer):
        made = Individual.objects.exclude(pk__in=[one.pk for one in family]).get()
        said = Event.objects.get(name=desk.REGISTERED)
        assert said.details["not_same"] == {str(made.pk): [str(known.pk)]}
        pair = MatchCandidate.objects.get(individual=made, other=known)
        assert (pair.state, pair.decided_by_id) == ("different", cast.caseworker.user.pk)
    for number in (known.number, known.household.number.lower()):
        card = {"0-given_name": "Somebody", "0-document_number": number}
        text = clerk.post(f"{begin(clerk)}hints/?row=0", card).content.decode()
        assert "Document number: the same" in text
        assert (known.full_name if number == known.number else family[0].full_name) in text
    again = begin(clerk)
    page = clerk.post(again, {**row, "do": "register"}).content.decode()
    keys = re.findall(r'name="asked"\s+value="([^"]+)"', page)
    assert clerk.post(again, {**row, "asked": keys, "do": "next"}).status_code == 302
    with acting_as(cast.caseworker.viewer):
        assert MatchCandidate.objects.open().filter(other=known).count() == 1


def test_a_record_that_leads_to_one_nobody_here_may_see_is_no_error(
    clerk: Client, cast: Cast, event: InfluxEvent, family: list[Individual]
) -> None:
    theirs = register(cast.partner, event, [FAMILY[0]])[0]
    with acting_as(cast.caseworker.viewer):
        Individual.objects.filter(pk=family[0].pk).update(merged_into=theirs.pk)
    names = {"given_name": "Mariam", "father_name": "Idris", "family_name": "Abakar"}
    row = {**names, "sex": "F", "date_of_birth": "1990-05-17"}
    answer = clerk.post(f"{begin(clerk)}hints/?row=0", {f"0-{name}": text for name, text in row.items()})
    assert answer.status_code == 200
    assert theirs.number not in answer.content.decode()
    assert family[0].number in answer.content.decode()


def test_an_empty_draft_is_not_listed_and_old_ones_go(clerk: Client, cast: Cast, event: Any) -> None:
    empty, address = begin(clerk), begin(clerk)
    assert empty not in clerk.get(reverse("registration")).content.decode()
    clerk.post(address, TYPED)
    assert "Throw this draft away" in clerk.get(f"{address}discard/").content.decode()
    with acting_as(cast.caseworker.viewer):
        DeskDraft.objects.update(saved_at=timezone.now() - timedelta(days=29))
    tasks.purge()
    with acting_as(cast.caseworker.viewer):
        assert [str(one.pk) for one in DeskDraft.objects.all()] == [draft_of(address)]
        DeskDraft.objects.update(saved_at=timezone.now() - timedelta(days=31))
    tasks.purge()
    with acting_as(cast.caseworker.viewer):
        assert not DeskDraft.objects.exists()


def test_a_desk_that_stands_nowhere_is_asked_first(cast: Cast, event: InfluxEvent) -> None:
    browser = cast.caseworker.browser()
    assert browser.post(reverse("family-new"))["Location"] == reverse("registration")
    assert "Where this desk stands" in browser.get(reverse("registration")).content.decode()
    assert cast.admin.browser().get(reverse("registration")).status_code == 403


def test_who_waits_is_called_in_turn_and_served_by_registration(clerk: Client, cast: Cast) -> None:
    queue = reverse("queue")
    for people, priority in (("4", ""), ("2", ""), ("1", "on")):
        paper = clerk.post(queue, {"people": people, "priority": priority}, follow=True).content.decode()
        assert "Keep this paper" in paper
    assert "from 1 to 200" in clerk.post(queue, {"people": "900"}).content.decode()
    clerk.post(reverse("queue-next"))
    with acting_as(cast.caseworker.viewer):
        called = QueueToken.objects.get(status="called")
        assert (called.number, called.people) == (3, 1)
    page = cast.colleague.browser()
    page.post(reverse("registration"), {"event": called.event_id, "site": "CAMP-A", "level": "IND_BASIC"})
    page.post(reverse("queue-next"))
    assert "Nobody came" in clerk.get(queue).content.decode()
    address = str(clerk.post(reverse("family-new"), {"token": called.pk})["Location"])
    assert "Number 3" in clerk.get(address).content.decode()
    made = clerk.post(address, {**TYPED, "2-nationality": "TCD", "do": "register"})
    with acting_as(cast.caseworker.viewer):
        called.refresh_from_db()
        assert called.status == "served"
        first = QueueToken.objects.get(number=1)
        assert (first.status, called.household_id) == ("called", Household.objects.get().pk)
    clerk.post(reverse("queue-token", args=[first.pk]), {"to": "missed"})
    clerk.post(reverse("queue-token", args=[first.pk]), {"to": "called"})
    answer = clerk.post(reverse("queue-token", args=[called.pk]), {"to": "called"}, follow=True)
    assert "no longer possible" in answer.content.decode()
    assert cast.partner.browser().get(reverse("queue-token", args=[first.pk])).status_code == 404
    again = f"{made['Location'].replace('slip', 'appointment')}"
    assert "over" in clerk.post(again, {"day": "2020-01-01", "place": "CAMP-A"}).content.decode()
    slip = clerk.post(again, {"day": "2999-01-01", "place": "OFFICE-7"}, follow=True).content.decode()
    assert "OFFICE-7" in slip
    with acting_as(cast.caseworker.viewer):
        assert QueueToken.objects.get(place="OFFICE-7").people == 3
        QueueToken.objects.update(day=NOW.date() - timedelta(days=31))
    tasks.purge()
    with acting_as(cast.caseworker.viewer):
        assert not QueueToken.objects.exists()


def test_an_address_that_was_made_up_opens_nothing(cast: Cast) -> None:
    made_up = reverse("family", args=["ffffffff-b26c-4264-acd3-c5d69e7297d8"])
    assert cast.caseworker.browser().get(made_up).status_code == 404
    assert cast.caseworker.browser().post(made_up, {"do": "register"}).status_code == 404
