"""Are areas loaded whole, once, and with a clear word about what is wrong; and are groups counted before they are registered?"""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from refugeecm.demonstration.world import AREAS
from registration.actions import people
from registration.models import AdminArea, Household, Individual, InfluxEvent, LedgerLine
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
    assert browser.get(reverse("household", args=[group.pk])).status_code == 200
    with acting_as(viewer):
        members = people.Arrival(members=[arrival(given_name="Halima")], ordinals=[1], joins=group.pk)
        people.register(arrivals=[members], by=viewer, now=NOW, event=event)
        assert Individual.objects.get().is_focal_point
        assert Household.objects.get().level == "IND_EMERGENCY"
    assert browser.get(reverse("groups")).context["rows"] == []
    assert cast.stranger.browser().get(reverse("groups")).context["rows"] == []
    assert cast.decider.browser().get(reverse("groups")).status_code == 403


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
