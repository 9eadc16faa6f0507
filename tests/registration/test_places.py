"""Are areas loaded whole, once, and with a clear word about what is wrong; and are groups counted before they are registered?"""

from __future__ import annotations

from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from refugeecm.demonstration.world import AREAS
from registration.actions import people, preregistration
from registration.models import AdminArea, Household, Individual, InfluxEvent, LedgerLine
from registration.rules.counts import left, total
from tests.conftest import NOW, Cast, acting_as, arrival

HXL = """Country,State code,State,Locality code,Locality,Arabic
#country+code,#adm1+code,#adm1+name,#adm2+code,#adm2+name,#adm2+name+i_ar
SD,SD04,West Darfur,SD04001,El Geneina,الجنينة
SD,SD04,West Darfur,SD04002,Habila,
,,,,,
"""
HEAD = "pcode,country,level,parent,name\n"
BROKEN = {
    "a,b\n1,2\n": "The first row must be",
    "": "The first row must be",
    HEAD + "SD01,XX,1,,Khartoum\n": "line 2: SD01: the country is missing",
    HEAD + "SD01,SDN,9,,Khartoum\n": "the level must be 1, 2, 3 or 4",
    HEAD + "SD01,SDN,one,,Khartoum\n": "the level must be 1, 2, 3 or 4",
    HEAD + "SD0101,SDN,2,,Bahri\n": "an area of level 1 has no parent",
    HEAD + "SD 01,SDN,1,,Khartoum\n": "is no P-code",
    HEAD + "SD01,SDN,1,,\n": "give a name",
    HEAD + "SD01,SDN,1,,A\nSD01,SDN,1,,B\n": "said twice",
    HEAD + "SD0101,SDN,2,SD01,Bahri\n": "SD01 is no area of level 1 of SDN",
    HEAD + "TD01,TCD,1,,Batha\nSD0101,SDN,2,TD01,Bahri\n": "TD01 is no area of level 1 of SDN",
}


def load(path: Path) -> str:
    told = StringIO()
    call_command("load_areas", str(path), stdout=told)
    return told.getvalue()


def test_areas_are_loaded_once(db: None, tmp_path: Path) -> None:
    assert "65 areas read: 65 new, 0 changed." in load(AREAS)
    assert "65 areas read: 0 new, 0 changed." in load(AREAS)
    town = AdminArea.objects.get(pcode="SD04001")
    assert (town.name, town.local_name, town.parent.name) == ("El Geneina", "الجنينة", "West Darfur")
    (tmp_path / "hxl.csv").write_text(HXL.replace("West Darfur", "Gharb Darfur"), encoding="utf-8-sig")
    assert "3 areas read: 0 new, 1 changed." in load(tmp_path / "hxl.csv")


def test_a_broken_table_loads_nothing_and_says_why(db: None, tmp_path: Path) -> None:
    for content, says in BROKEN.items():
        (tmp_path / "areas.csv").write_text(content)
        with pytest.raises(CommandError, match="(?s)Nothing was loaded.*" + says):
            load(tmp_path / "areas.csv")
    (tmp_path / "areas.csv").write_bytes(b"\xff\xfe\x00pcode")
    for path in ("areas.csv", "nowhere.csv"):
        with pytest.raises(CommandError, match="cannot be read"):
            load(tmp_path / path)
    assert not AdminArea.objects.exists()


def test_a_group_is_counted_then_registered_one_by_one(cast: Cast, event: InfluxEvent) -> None:
    browser, viewer = cast.caseworker.browser(), cast.caseworker.viewer
    given: dict[str, Any] = {
        "event": event.pk,
        "focal_name": "حليمة أبكر",
        "arrived_on": "2026-02-18",
        "origin_country": "SDN",
        "site": "CAMP-A",
        "F_0-4": "2",
        "F_18-59": "3",
        "M_60+": "1",
    }
    page = browser.post(reverse("group-new"), given | {"F_0-4": "-1", "focal_name": " "})
    assert {"F_0-4", "focal_name"} == set(page.context["form"].errors)
    nobody = {name: value for name, value in given.items() if name[1:2] != "_"}
    assert "at least one person" in browser.post(reverse("group-new"), nobody).content.decode()
    page = browser.post(reverse("group-new"), given | {"arrived_on": "2099-01-01"})
    assert "arrived_on" in page.context["form"].errors
    listed = browser.post(reverse("group-new"), given, follow=True)
    with acting_as(viewer):
        group = Household.objects.get()
        assert group.counted == {"F": {"0-4": 2, "18-59": 3}, "M": {"60+": 1}}
        assert group.level == "PRE_GROUP"
        assert not LedgerLine.objects.exists(), "nobody is registered by a count"
    assert [(one.number, people) for one, people in listed.context["rows"]] == [(group.number, 6)]
    assert "Nobody else comes" in browser.get(reverse("household", args=[group.pk])).content.decode()
    with acting_as(viewer):
        members = people.Arrival(
            members=[arrival(given_name=name) for name in ("Halima", "Zara", "Asha", "Hawa", "Nadia", "Idris")],
            ordinals=list(range(1, 7)), joins=group.pk,
        )  # fmt: skip
        people.register(arrivals=[members], by=viewer, now=NOW, event=event)
        assert Individual.objects.focal_points().count() == 1
        group.refresh_from_db()
        assert (group.level, group.counted) == ("IND_EMERGENCY", {})
    assert browser.get(reverse("groups")).context["rows"] == []
    assert cast.stranger.browser().get(reverse("groups")).context["rows"] == []
    assert cast.decider.browser().get(reverse("groups")).status_code == 403


def test_who_was_counted_is_registered_at_the_desk_into_that_group(cast: Cast, event: InfluxEvent) -> None:
    clerk, viewer = cast.caseworker.browser(), cast.caseworker.viewer

    def count(women: int) -> Household:
        with acting_as(viewer):
            return preregistration.count_group(
                event=event, site="FORD", focal_name="Halima", origin_country="SDN", arrived_on=date(2026, 2, 18), area=None,
                counted={"F": {"0-4": 1, "18-59": women}, "M": {"60+": 1}}, by=viewer, now=NOW,
            )  # fmt: skip

    InfluxEvent.objects.filter(pk=event.pk).update(status="declared", registered_within=15)
    group, other = count(3), count(1)
    assert "Groups to register" in clerk.get(reverse("home")).content.decode()
    listed = clerk.get(reverse("groups")).content.decode()
    assert "5 Mar 2026" in listed
    assert "Overdue" in listed
    chosen = {"group": str(group.pk)}
    assert clerk.post(reverse("family-new"), chosen)["Location"] == reverse("registration")
    clerk.post(reverse("registration"), {"event": event.pk, "site": "CAMP-A", "level": "IND_BASIC"})
    address = str(clerk.post(reverse("family-new"), chosen)["Location"])
    page = clerk.get(address).content.decode()
    assert group.number in page
    assert "of whom 5 are still to be registered" in page
    assert "2026-02-18" in page
    assert "is to be registered by" in page
    typed = {"h-country": "SDN", "h-consent": "on", "h-arrival_date": "2026-02-18", "do": "register"}
    woman = {"0-given_name": "Halima", "0-sex": "F", "0-date_of_birth": "34"}
    girl = {"1-given_name": "Zara", "1-sex": "F", "1-date_of_birth": "9", "1-relationship_to_head": "child"}
    made = clerk.post(address, {**typed, **woman, **girl})
    assert made["Location"] == reverse("slip", args=[group.pk])
    assert clerk.post(address, {**typed, **woman})["Location"] == made["Location"], "sent twice"
    with acting_as(viewer):
        group.refresh_from_db()
        assert group.counted == {"F": {"18-59": 2}, "M": {"60+": 1}}, (
            "a girl of 9 took the place of a smaller one"
        )
        assert group.level == "PRE_GROUP"
        halima = Individual.objects.get(given_name="Halima")
        assert (halima.relationship, halima.level, halima.household_id) == ("PA", "IND_BASIC", group.pk)
    address = str(clerk.post(reverse("family-new"), chosen)["Location"])
    assert "Relationships are those to:" in clerk.get(address).content.decode()
    man = {"0-given_name": "Musa", "0-sex": "M", "0-date_of_birth": "70", "0-relationship_to_head": "parent"}
    on = clerk.post(address, {**typed, **man, "do": "next"}, follow=True).content.decode()
    assert "of whom 2 are still to be registered" in on, "the next ones of the same group"
    shown = clerk.get(reverse("household", args=[group.pk])).content.decode()
    assert "3 → 2" in shown
    assert "Register by" in shown
    for house in (group, other):
        told = clerk.post(reverse("count-end", args=[house.pk]), follow=True).content.decode()
        assert "Nobody else of this group is waited for." in told
        assert "Nobody else comes" not in told
    again = clerk.post(reverse("count-end", args=[group.pk]), follow=True).content.decode()
    assert "is waited for any more" in again
    with acting_as(viewer):
        assert Individual.objects.get(given_name="Musa").relationship == "PRM"
        group.refresh_from_db()
        other.refresh_from_db()
        assert (group.level, group.counted, group.closed_on) == ("IND_BASIC", {}, None)
        assert (other.level, other.closing_reason) == ("PRE_GROUP", "group_closed")
    assert clerk.get(reverse("groups")).context["rows"] == []
    for outsider in (cast.partner, cast.stranger):
        assert outsider.browser().post(reverse("family-new"), chosen).status_code == 404
        assert outsider.browser().post(reverse("count-end", args=[group.pk])).status_code == 404


COUNT = {"F": {"0-4": 1, "18-59": 2}, "M": {"5-11": 1}}


@pytest.mark.parametrize(
    ("registered", "rest"),
    [
        ([], COUNT),
        ([("F", "0-4"), ("M", "5-11")], {"F": {"18-59": 2}}),
        ([("F", "60+")], {"F": {"18-59": 2}, "M": {"5-11": 1}}),
        ([("M", ""), ("M", "18-59")], {"F": {"18-59": 2}}),
        ([("U", "")], {"F": {"18-59": 2}, "M": {"5-11": 1}}),
        ([("F", "18-59")] * 9, {}),
    ],
)
def test_a_count_falls_by_one_for_each_person(registered: list[Any], rest: Any) -> None:
    assert left(COUNT, registered) == rest
    assert total(COUNT) == 4


def test_where_a_family_lives_is_written_and_told(cast: Cast, family: list[Individual]) -> None:
    load(AREAS)
    browser, house = cast.caseworker.browser(), family[0].household_id
    address = reverse("place", args=[house])
    page = browser.post(address, {"area": "nowhere"})
    assert "no area with the P-code" in str(page.context["form"].errors["area"])
    page = browser.post(address, {"area": "td1402", "origin_country": "SDN"}, follow=True).content.decode()
    assert "Assoungha (TD1402)" in page
    assert "Where a group lives or comes from was written down." in page
    assert "– → Assoungha (TD1402)" in page
    for outsider in (cast.partner, cast.stranger):
        assert outsider.browser().get(address).status_code == 404
