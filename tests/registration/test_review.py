"""Do people settle who is one person: whole families first, once and for all, and across two agencies together?"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.utils import IntegrityError
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agencies.actions import agencies as founding
from agencies.enums import Role
from refugeecm.core import outbox
from refugeecm.core.models import ReadEvent, User
from registration import matching
from registration.actions import candidates, exceptions, merging, review
from registration.models import Individual, MatchCandidate, Merge, Relative
from registration.policies import NotPermitted
from registration.rules.arrivals import person_of
from tests.conftest import FAMILY, NOW, Cast, Person, acting_as, arrival, proposed, register, signed

LATER = NOW + timedelta(days=3)
EVIDENCE = [
    ["given_name", "same", 8.2, 0.4],
    ["birth_date", "day", 10.1, 7.3],
    ["phone", "differs", -3.0, -4.5],
]


@pytest.fixture
def supervisor(cast: Cast) -> Person:
    user = User.objects.create_user("vera@border.example", name="Vera")
    return Person(user, founding.enrol(agency=cast.border, user=user, role=Role.SUPERVISOR))


@pytest.fixture
def again(cast: Cast, event: Any, family: list[Individual]) -> list[Individual]:
    """The family once more, as they are registered at another place."""
    return register(cast.caseworker, event, [one | {"document_number": ""} for one in FAMILY])


def noted(by: Person, *pairs: Any, found_by: str = "sweep") -> list[MatchCandidate]:
    with acting_as(by.viewer):
        candidates.note(
            [candidates.Pair(one.pk, other.pk, bits, EVIDENCE, *more) for one, other, bits, *more in pairs],
            found_by=found_by, by=by.viewer, now=NOW,
        )  # fmt: skip
        return list(MatchCandidate.objects.order_by("-score"))


def test_the_same_pair_is_never_asked_twice(
    cast: Cast, family: list[Individual], again: list[Individual]
) -> None:
    (pair,) = noted(cast.caseworker, (again[0], family[0], 9.0))
    for state in ("open", "unsure", "same", "relative", "different"):
        with acting_as(cast.caseworker.viewer):
            MatchCandidate.objects.filter(pk=pair.pk).update(
                state=state,
                **({} if state == "open" else {"decided_by": cast.caseworker.user, "decided_at": NOW}),
            )
        for found_by in ("desk", "api", "import", "edit", "handover", "sweep"):
            for two in ((again[0], family[0], 3.0), (family[0], again[0], 4.0)):
                (same,) = noted(cast.caseworker, two, found_by=found_by)
                assert (same.pk, same.state) == (pair.pk, state)
    assert same.score == 9.0 or same.state == "different"
    with pytest.raises(IntegrityError), acting_as(cast.caseworker.viewer):
        MatchCandidate.objects.create(
            agency=cast.border,
            other_agency=cast.border,
            individual=family[0],
            other=again[0],
            score=1,
            found_by="api",
            found_at=NOW,
        )


def test_whole_families_come_first_and_are_decided_at_once(
    cast: Cast, family: list[Individual], again: list[Individual], event: Any
) -> None:
    alone = register(cast.caseworker, event, [{"given_name": "Mariama"}])[0]
    noted(
        cast.caseworker, (alone, family[0], 15.0), (again[0], family[0], 9.0), (again[1], family[1], 8.0), (again[2], family[2], 7.5),
        (again[2], family[1], 0.5), (again[1], family[2], 2.0, "relative"),
    )  # fmt: skip
    clerk = cast.caseworker.browser()
    page = clerk.get(reverse("duplicates")).content.decode()
    assert "This family is already registered: 3 of 3" in page
    assert page.index(again[0].number) < page.index(alone.number), "24.5 bits in all before 15"
    assert "+9.0" in page
    with acting_as(cast.caseworker.viewer):
        first = MatchCandidate.objects.get(individual=again[0])
    address = reverse("duplicate", args=[first.pk])
    text = clerk.get(address).content.decode()
    assert "Given name: the same" in text
    assert "+10.1" in text
    assert re.search(r"−3\.0</span>\s*<span[^>]*>against<", text), "in words, for who sees no bar"
    assert '<rect x="-25" y="1" width="25" height="8" class="against" />' in text
    assert "all 3 of this family" in text
    answer = clerk.post(address, {"to": "family", "reason": "Same booklet"})
    with acting_as(cast.caseworker.viewer):
        assert MatchCandidate.objects.filter(state="same", reason="Same booklet").count() == 3
        weak = MatchCandidate.objects.get(individual=again[2], other=family[1])
        assert (weak.state, answer["Location"]) == ("open", reverse("duplicate", args=[weak.pk]))
        looks = ReadEvent.objects.filter(view="duplicate").first()
        assert looks is not None
        assert set(looks.subject_ids) == {again[0].pk, family[0].pk}
    back = clerk.post(reverse("duplicates-back"))
    assert back["Location"] == address
    with acting_as(cast.caseworker.viewer):
        assert not MatchCandidate.objects.exclude(state="open").exists()
    assert (
        "There is no decision of yours"
        in clerk.post(reverse("duplicates-back"), follow=True).content.decode()
    )


def test_a_page_of_many_families_takes_as_many_statements_as_one_of_one(
    cast: Cast, family: list[Individual], again: list[Individual], event: Any
) -> None:
    noted(cast.caseworker, (again[0], family[0], 9.0))
    clerk, counts = cast.caseworker.browser(), []
    for _turn in range(2):
        with CaptureQueriesContext(connection) as asked:
            assert clerk.get(reverse("duplicates")).status_code == 200
        counts.append(len(asked))
        more = [register(cast.caseworker, event, [FAMILY[0]])[0] for _one in range(12)]
        noted(cast.caseworker, *[(one, family[0], 8.0) for one in more])
    assert counts[1] <= counts[0] <= 16, counts


def test_relatives_have_a_list_of_their_own_and_become_links(
    cast: Cast, family: list[Individual], again: list[Individual]
) -> None:
    (pair,) = noted(cast.caseworker, (again[1], family[0], 6.0, "relative"))
    clerk, address = cast.caseworker.browser(), reverse("duplicate", args=[pair.pk])
    likely = re.search(r'button primary"\s+name="to"\s+value="(\w+)"', clerk.get(address).content.decode())
    assert likely is not None
    assert likely[1] == "relative"
    assert again[1].number not in clerk.get(reverse("duplicates")).content.decode()
    assert again[1].number in clerk.get(reverse("duplicates") + "?tab=relatives").content.decode()
    assert clerk.post(address, {"to": "relative", "relationship": "PRF"}).status_code == 302
    with acting_as(cast.caseworker.viewer):
        links = {(one.individual_id, one.relationship, one.number) for one in Relative.objects.all()}
        assert links == {(again[1].pk, "PRF", family[0].number), (family[0].pk, "SON", again[1].number)}
    clerk.post(reverse("duplicates-back"))
    with acting_as(cast.caseworker.viewer):
        assert not Relative.objects.exists()
        assert MatchCandidate.objects.labels().count() == 0
    wrong = clerk.post(address, {"to": "relative", "relationship": "XX"})
    assert wrong.status_code == 200
    assert "Select a valid choice" in wrong.content.decode()


def test_the_strongest_are_decided_by_one_press_but_merged_by_none(
    cast: Cast, family: list[Individual], again: list[Individual]
) -> None:
    noted(
        cast.caseworker,
        (again[0], family[0], 14.0),
        (again[1], family[1], 9.0),
        (again[2], family[2], 12.0, "relative"),
    )
    clerk, address = cast.caseworker.browser(), reverse("duplicates-bulk")
    assert "1 pair of your agency" in clerk.get(address, {"bits": "10"}).content.decode()
    assert "Below 10 bits" in clerk.post(address, {"bits": "3"}).content.decode()
    assert clerk.post(address, {"bits": "10"}).status_code == 302
    with acting_as(cast.caseworker.viewer):
        assert MatchCandidate.objects.get(state="same").score == 14.0
        assert not Merge.objects.exists()
    assert again[0].number in clerk.get(reverse("duplicates") + "?tab=same").content.decode()


def test_merged_from_the_page_the_record_leads_to_the_one_that_goes_on(
    cast: Cast, supervisor: Person, family: list[Individual], again: list[Individual]
) -> None:
    (pair,) = noted(supervisor, (again[0], family[0], 9.0))
    browser, address = supervisor.browser(), reverse("duplicate-merge", args=[pair.pk])
    page = browser.get(address).content.decode()
    assert f"Keep {again[0].number} instead" in page
    assert browser.post(address, {"keep": "older"}).status_code == 200, "a reason is asked for"
    answer = browser.post(
        address, {"keep": "older", "take_family_name": "theirs", "reason": "Same fingerprints"}
    )
    merge = browser.get(answer["Location"]).content.decode()
    assert "Family name" in merge
    assert merge.count(family[0].full_name) == 2, "both are named, not only numbered"
    assert "say so of the pair" not in merge
    here, there = reverse("individual", args=[again[0].pk]), reverse("individual", args=[family[0].pk])
    assert browser.get(here)["Location"] == there
    assert "Closed" in browser.get(f"{here}?record=1").content.decode()
    assert again[0].number in browser.get(there).content.decode()
    people = browser.get(reverse("people"), {"q": again[0].number}).content.decode()
    assert there in people
    assert here not in people
    assert here not in browser.get(reverse("people")).content.decode()
    with acting_as(supervisor.viewer):
        known = person_of(arrival(**FAMILY[0]))
        hits = matching.candidates([known], viewer=supervisor.viewer)[0]
        assert {one.individual_id for one in hits} & {again[0].pk, family[0].pk} == {family[0].pk}
    assert "merged since" in browser.post(reverse("duplicates-back"), follow=True).content.decode()
    parted = browser.post(answer["Location"], {"reason": "Two sisters"}, follow=True).content.decode()
    assert "Both stand as before" in parted
    assert "say so of the pair" in parted
    assert reverse("duplicate", args=[pair.pk]) in parted
    assert browser.get(here).status_code == 200
    clerk = cast.caseworker.browser()
    assert clerk.post(address, {"keep": "older", "reason": "x"}).status_code == 403


def test_two_agencies_decide_together_and_each_keeps_its_record(
    cast: Cast, supervisor: Person, family: list[Individual], agree: Callable[..., Any], event: Any
) -> None:
    agree(classes=["C1", "C2"])
    theirs = register(cast.partner, event, [{"given_name": "Maryam"}])[0]
    (pair,) = noted(cast.partner, (theirs, family[0], 9.0))
    with acting_as(supervisor.viewer):
        assert not MatchCandidate.objects.visible_to(supervisor.viewer).exists(), (
            "their record is not shown to us"
        )
    lead = User.objects.create_user("lina@help.example", name="Lina")
    lead = Person(lead, founding.enrol(agency=cast.help, user=lead, role=Role.SUPERVISOR))
    address = reverse("duplicate-merge", args=[pair.pk])
    assert (
        "may not see your record"
        in lead.browser().post(address, {"keep": "older", "reason": "x"}).content.decode()
    )
    back = proposed(
        [cast.partner_admin, cast.partner_second], other=cast.border, title="Back", purpose="protection", legal_basis="mandate",
        classes=["C1", "C2"], channels=["pages"], starts_on=NOW.date(), event_slug=event.slug,
    )  # fmt: skip
    signed(back, cast.admin, cast.second_admin)
    outbox.drain(now=NOW)
    answer = lead.browser().post(address, {"keep": "older", "reason": "Same passport"})
    with acting_as(lead.viewer):
        made = Merge.objects.get()
        with pytest.raises(NotPermitted, match="Your agency proposed"):
            merging.confirm(merge=made, by=lead.viewer, now=LATER)
    outbox.drain(now=timezone.now())
    asked = cast.caseworker.browser()
    assert answer["Location"] in asked.get(reverse("notifications")).content.decode()
    assert "Confirm: one person" in asked.get(answer["Location"]).content.decode()
    assert asked.post(answer["Location"], {"do": "confirm"}).status_code == 302
    with acting_as(cast.partner.viewer):
        one = Individual.objects.get(pk=theirs.pk)
        assert (one.agency_id, one.process_reason, one.merged_into_id) == (
            cast.help.pk,
            "duplicate",
            family[0].pk,
        )
    here = reverse("individual", args=[theirs.pk])
    assert cast.partner.browser().get(here)["Location"] == reverse("individual", args=[family[0].pk])
    assert cast.partner.browser().get(f"{here}?record=1").status_code == 200
    with acting_as(lead.viewer):
        assert (
            merging.part(
                merge=Merge.objects.get(), reason="No", by=lead.viewer, now=LATER + timedelta(days=1)
            )
            == []
        )
        one = Individual.objects.get(pk=theirs.pk)
        assert (one.process_status, one.merged_into_id) == ("A", None)


def test_what_is_sealed_is_no_pair_for_those_who_may_not_read_it(
    cast: Cast, supervisor: Person, family: list[Individual], again: list[Individual]
) -> None:
    (pair,) = noted(supervisor, (again[0], family[0], 9.0))
    with acting_as(supervisor.viewer):
        exceptions.seal(
            household=family[0].household, reason="Threatened", readers=[], by=supervisor.viewer, now=NOW
        )
    clerk = cast.caseworker.browser()
    assert family[0].number not in clerk.get(reverse("duplicates")).content.decode()
    gone = clerk.get(reverse("duplicate", args=[family[0].pk]))
    shut = clerk.get(reverse("duplicate", args=[pair.pk]))
    assert (gone.status_code, shut.status_code) == (404, 404)
    assert supervisor.browser().get(reverse("duplicate", args=[pair.pk])).status_code == 200
    with acting_as(cast.caseworker.viewer), pytest.raises(NotPermitted):
        review.take_back(by=cast.caseworker.viewer, now=NOW)


def test_of_two_who_decide_the_second_replaces_nothing_that_she_did_not_see(
    cast: Cast, supervisor: Person, family: list[Individual], again: list[Individual]
) -> None:
    noted(supervisor, (again[0], family[0], 9.0), (again[1], family[1], 8.0), (again[2], family[2], 7.0))
    with acting_as(supervisor.viewer):
        first, second, third = MatchCandidate.objects.order_by("-score")
    address = reverse("duplicate", args=[first.pk])
    amina, boris = cast.caseworker.browser(), cast.colleague.browser()
    shown = dict(re.findall(r'name="(was|of)" value="(\w+)"', boris.get(address).content.decode()))
    assert shown == {"was": "open", "of": "3"}
    amina.post(reverse("duplicate", args=[third.pk]), {"to": "different"})
    assert "These pairs changed" in boris.post(address, {"to": "family", **shown}).content.decode()
    assert amina.post(address, {"to": "family", "was": "open", "of": "2"}).status_code == 302
    told = boris.post(address, {"to": "different", "reason": "Looks younger", **shown}).content.decode()
    assert "These pairs changed" in told
    assert "Looks younger" in told, "what was typed stays"
    assert 'name="was" value="same"' in told, "looked at again, it may be decided otherwise"
    assert "None of these pairs waits" in boris.post(address, {"to": "family"}).content.decode()
    with acting_as(supervisor.viewer):
        assert {one.pk: (one.state, one.decided_by_id) for one in MatchCandidate.objects.all()} == {
            first.pk: ("same", cast.caseworker.user.pk),
            second.pk: ("same", cast.caseworker.user.pk),
            third.pk: ("different", cast.caseworker.user.pk),
        }
    lead = supervisor.browser()
    apart = reverse("duplicate-merge", args=[third.pk])
    page = lead.post(apart, {"keep": "older", "reason": "x"}, follow=True).content.decode()
    assert "decided that these are two people" in page
    assert lead.post(reverse("duplicate-merge", args=[first.pk]), {"reason": "x"}).status_code == 302
    assert "merged since" in lead.post(address, {"to": "different"}).content.decode()
    with acting_as(supervisor.viewer):
        assert MatchCandidate.objects.get(pk=first.pk).state == "same"
        assert Merge.objects.count() == 1
