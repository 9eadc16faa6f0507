"""Are specific needs suggested by rule, recorded, reviewed by who may, and restricted ones hidden from everybody else?"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from refugeecm.core.models import Event, ReadEvent
from refugeecm.core.transitions import TransitionNotAllowed
from registration.actions import needs
from registration.actions.sealing import Opener
from registration.enums import NeedStatus
from registration.models import Individual, InfluxEvent, SpecificNeed
from registration.policies import NotPermitted
from registration.rules.needs import FAMILIES, NEEDS, REPLACED_BY, GroupMember, is_restricted, suggested
from tests.conftest import NOW, Cast, Person, acting_as, register

pytestmark = pytest.mark.usefixtures("db")

Member = GroupMember


# ---- the rules, each with its worked example


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        # A boy of 15 who came alone.
        ([Member(15, "PA")], [(0, "SC-UC")]),
        # He has his uncle with him.
        ([Member(40, "PA"), Member(15, "NEP")], [(0, "SP-CG")]),
        # He was registered with neighbours.
        ([Member(40, "PA"), Member(38, "WIF"), Member(15, "NRM")], [(2, "SC-UC")]),
        # Two sisters of 16 and 9: the elder heads the household, and neither has an adult.
        ([Member(16, "PA"), Member(9, "SBF")], [(0, "SC-UC"), (0, "CR-CH"), (1, "SC-UC")]),
        # A mother with two children, and with her husband.
        ([Member(35, "PA"), Member(10, "SON"), Member(7, "DAU")], [(0, "SP-PT")]),
        ([Member(35, "PA"), Member(36, "HUS"), Member(10, "SON")], []),
        # A grandmother with her grandson; a boy in whose name his mother was registered.
        ([Member(66, "PA"), Member(10, "GCM")], [(0, "SP-GP")]),
        ([Member(12, "PA"), Member(34, "PRF")], [(0, "CR-CH"), (1, "SP-PT")]),
        # A man of 60 alone, and one of 59; a couple of 70.
        ([Member(60, "PA")], [(0, "ER-NF")]),
        ([Member(59, "PA")], []),
        ([Member(70, "PA"), Member(70, "WIF")], []),
        # A girl of 16, the wife of the focal point: he is no single parent of hers.
        ([Member(24, "PA", "MA"), Member(16, "WIF", "MA")], [(1, "CR-MS")]),
        # Of whom the age is not known, nothing is suggested; they may be the adult.
        ([Member(None, "PA")], []),
        ([Member(None, "PA"), Member(9, "SON")], [(0, "SP-PT")]),
        # What is recorded or was dismissed is not suggested again, under whatever code the same need has had.
        ([Member(15, "PA", known=frozenset({"SC-UM"}))], []),
        ([Member(15, "PA", known=frozenset({"SC-SC"}))], []),
        ([Member(16, "PA", "MA", known=frozenset({"CR-NE", "SC-UC"}))], [(0, "CR-MS")]),
    ],
)
def test_what_the_composition_of_a_group_suggests(group: list[Member], expected: list[Any]) -> None:
    assert suggested(group) == expected


def test_the_codes_hold_together() -> None:
    assert set(FAMILIES) == {"CR", "SC", "WR", "ER", "SP", "DS", "SM", "FU", "LP", "TR", "SV", "PG"}
    assert all(code[:2] == top for top, codes in FAMILIES.items() for code in codes)
    assert set(REPLACED_BY) | set(REPLACED_BY.values()) <= set(NEEDS)
    assert not set(REPLACED_BY) & set(REPLACED_BY.values())
    hidden = {code for code in NEEDS if is_restricted(code)}
    assert {"SV", "SV-VO", "TR-PI", "SM", "SM-MI", "LP-AP", "LP-CR", "LP-VO", "LP-TO"} <= hidden
    assert not hidden & {"SC-UC", "SP-PT", "LP-ND", "DS-BD", "LP"}


# ---- a need of somebody


def _flag(by: Person, person: Individual, code: str, **more: Any) -> int:
    viewer = by.viewer
    with acting_as(viewer):
        return needs.flag(flags=[needs.Flag(person.pk, code, **more)], by=viewer, now=NOW)


def _need(by: Person, code: str) -> SpecificNeed:
    with acting_as(by.viewer):
        return SpecificNeed.objects.get(code=code)


def _review(by: Person, need: SpecificNeed, to: str) -> None:
    with acting_as(by.viewer):
        needs.review(need=need, to=to, by=by.viewer, now=NOW)


def test_a_need_is_recorded_reviewed_confirmed_and_resolved(cast: Cast, family: list[Individual]) -> None:
    assert _flag(cast.caseworker, family[1], "DS-BD", note="Sees shapes only", priority="urgent") == 1
    need = _need(cast.caseworker, "DS-BD")
    assert b"shapes" not in bytes(need.note)
    with acting_as(cast.caseworker.viewer):
        assert Opener([family[1].pk]).fact(need, "note") == "Sees shapes only"
    assert _flag(cast.colleague, family[1], "DS-BD") == 0, "it is open already"
    for to in ("pending_review", "confirmed", "resolved"):
        _review(cast.colleague, need, to)
    with pytest.raises(TransitionNotAllowed):
        _review(cast.colleague, need, "confirmed")
    assert _flag(cast.caseworker, family[1], "DS-BD") == 1, "it came back"
    with acting_as(cast.caseworker.viewer):
        told = Event.objects.filter(subject_id=family[1].pk, name__startswith="registration.need")
        assert told.count() == 5
        versions = SpecificNeed.pgh_event_model.objects.filter(pgh_obj_id=need.pk)
        assert list(versions.order_by("pgh_id").values_list("status", flat=True)) == [
            "flagged", "pending_review", "confirmed", "resolved",
        ]  # fmt: skip


def test_what_cannot_be_recorded_is_refused(cast: Cast, family: list[Individual]) -> None:
    for code, more, word in (
        ("XX-YY", {}, "no code"),
        ("DS-BD", {"identified_on": NOW.date().replace(year=2027)}, "future"),
    ):
        with pytest.raises(NotPermitted, match=word):
            _flag(cast.caseworker, family[0], code, **more)
    with pytest.raises(NotPermitted, match="responsible"):
        _flag(cast.partner, family[0], "DS-BD")
    with pytest.raises(NotPermitted, match="role"):
        _flag(cast.admin, family[0], "DS-BD")
    assert _flag(cast.caseworker, family[0], "SC-UM") == 1
    assert _need(cast.caseworker, "SC-UC").status == NeedStatus.FLAGGED, "under the code of today"
    need = _need(cast.caseworker, "SC-UC")
    with pytest.raises(IntegrityError), transaction.atomic(), acting_as(cast.caseworker.viewer):
        need.pk = None
        need.save(force_insert=True)


def test_a_batch_of_needs_costs_the_same_as_one(
    cast: Cast, family: list[Individual], django_assert_num_queries: Any
) -> None:
    viewer = cast.caseworker.viewer
    flags = [
        needs.Flag(one.pk, code, note="said so")
        for one in family
        for code in ("DS-BD", "DS-DF", "SV-VO", "LP-ND")
    ]
    with acting_as(viewer), django_assert_num_queries(8):  # two of them a savepoint, two the events
        assert needs.flag(flags=flags, by=viewer, now=NOW) == 12


# ---- restricted ones


def test_who_registers_people_records_restricted_needs_and_neither_reads_nor_confirms_them(
    cast: Cast, family: list[Individual]
) -> None:
    page, restricted = (reverse(name, args=[family[0].pk]) for name in ("individual", "needs-restricted"))
    assert _flag(cast.caseworker, family[0], "SV-VO", note="At the river") == 1
    assert _flag(cast.caseworker, family[0], "SV-VO") == 0, "without a refusal that would tell"
    with acting_as(cast.colleague.viewer):
        assert not SpecificNeed.objects.visible_to(cast.colleague.viewer).exists()
    shown = cast.colleague.browser().get(page).content.decode()
    assert "SV-VO" not in shown
    assert "restricted need" not in shown
    assert "specific need was recorded" not in shown
    assert cast.colleague.browser().get(restricted).status_code == 403
    need = _need(cast.decider, "SV-VO")
    with pytest.raises(NotPermitted, match="restricted"):
        _review(cast.caseworker, need, "confirmed")
    address = reverse("need-review", args=[need.pk])
    assert cast.caseworker.browser().post(address, {"to": "confirmed"}).status_code == 404

    browser = cast.decider.browser()
    shown = browser.get(page).content.decode()
    assert "Open 1 restricted need" in shown
    assert "SV-VO" not in shown
    with acting_as(cast.decider.viewer):
        assert not ReadEvent.objects.filter(view="needs-restricted").exists()
    opened = browser.get(restricted).content.decode()
    assert "At the river" in opened
    assert "Sexual violence at home" in opened
    with acting_as(cast.decider.viewer):
        assert ReadEvent.objects.get(view="needs-restricted").subject_ids == [need.pk]
    assert browser.post(address, {"to": "confirmed"}, follow=True).redirect_chain[0][0] == restricted
    assert _need(cast.decider, "SV-VO").status == NeedStatus.CONFIRMED


def test_no_agreement_shares_a_restricted_need(cast: Cast, family: list[Individual], agree: Any) -> None:
    for code in ("SV-VO", "DS-BD"):
        _flag(cast.caseworker, family[0], code, note=f"About {code}")
    agree(classes=["C1", "C2", "C3", "C4"], channels=["pages", "api", "export"])
    viewer = cast.partner.viewer
    with acting_as(viewer):
        assert [one.code for one in SpecificNeed.objects.visible_to(viewer)] == ["DS-BD"]
        assert [one.code for one in SpecificNeed.objects.all()] == ["DS-BD"], "nor does the database"
    shown = cast.partner.browser().get(reverse("individual", args=[family[0].pk])).content.decode()
    assert "About DS-BD" in shown
    assert "SV-VO" not in shown
    assert "restricted need" not in shown


def test_without_protection_data_a_partner_sees_no_need_at_all(
    cast: Cast, family: list[Individual], agree: Any
) -> None:
    _flag(cast.caseworker, family[0], "DS-BD")
    agree(classes=["C1", "C2"])
    browser = cast.partner.browser()
    for name, key in (("individual", family[0].pk), ("household", family[0].household_id)):
        shown = browser.get(reverse(name, args=[key])).content.decode()
        assert "DS-BD" not in shown
        assert "Visual" not in shown


# ---- on the pages


def test_a_suggestion_is_confirmed_or_dismissed_and_not_made_again(
    cast: Cast, family: list[Individual]
) -> None:
    browser = cast.caseworker.browser()
    house = reverse("household", args=[family[0].household_id])
    answer = reverse("need-suggested", args=[family[0].pk])
    assert "SP-PT" in browser.get(house).content.decode()
    with acting_as(cast.caseworker.viewer):
        assert not SpecificNeed.objects.exists(), "a suggestion alone records nothing"
    told = browser.post(answer, {"code": "ER-NF", "answer": "confirm"}, follow=True)
    assert "no longer suggested" in told.content.decode()
    told = browser.post(answer, {"code": "SP-PT", "answer": "dismiss", "family": "1"}, follow=True)
    assert told.redirect_chain[0][0] == house
    assert "Suggested needs" not in told.content.decode()
    assert _need(cast.caseworker, "SP-PT").status == NeedStatus.DISMISSED
    told = browser.post(answer, {"code": "SP-PT", "answer": "confirm"}, follow=True)
    assert "no longer suggested" in told.content.decode()


def test_a_confirmed_suggestion_is_a_need_with_its_chip(cast: Cast, event: InfluxEvent) -> None:
    alone = register(cast.caseworker, event, [{"date_of_birth": "1950-01-01"}])[0]
    browser = cast.caseworker.browser()
    told = browser.post(
        reverse("need-suggested", args=[alone.pk]), {"code": "ER-NF", "answer": "confirm"}, follow=True
    ).content.decode()
    assert '<abbr title="Unaccompanied older person">ER-NF</abbr>' in told
    assert _need(cast.caseworker, "ER-NF").status == NeedStatus.CONFIRMED
    house = browser.get(reverse("household", args=[alone.household_id])).content.decode()
    assert 'title="Unaccompanied older person">ER-NF</abbr>' in house


def test_the_form_keeps_what_was_typed_and_says_what_is_wrong(cast: Cast, family: list[Individual]) -> None:
    address = reverse("need-new", args=[family[2].pk])
    browser = cast.caseworker.browser()
    assert "SC-UC · Unaccompanied child" in browser.get(address).content.decode()
    given = {"code": "PG-HR", "priority": "urgent", "identified_on": "2031-01-01", "note": "سبعة أشهر"}
    refused = browser.post(address, given).content.decode()
    assert "cannot lie in the future" in refused
    assert "سبعة أشهر" in refused
    done = browser.post(address, given | {"identified_on": ""}, follow=True).content.decode()
    assert "High-risk pregnancy" in done
    assert "سبعة أشهر" in done
    assert cast.stranger.browser().get(address).status_code == 404
    assert cast.admin.browser().get(address).status_code == 403


def test_the_page_of_a_family_costs_one_statement_for_needs(
    cast: Cast, family: list[Individual], django_assert_max_num_queries: Any
) -> None:
    browser, house = cast.caseworker.browser(), reverse("household", args=[family[0].household_id])
    browser.get(house)
    for code in ("DS-BD", "DS-DF", "LP-ND", "PG-LC"):
        for one in family:
            _flag(cast.caseworker, one, code, note="said so")
    with django_assert_max_num_queries(32):
        browser.get(house)
