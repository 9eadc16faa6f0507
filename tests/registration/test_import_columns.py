"""Do the further columns of a list, and dates of either order, reach the register?"""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from refugeecm.demonstration.arrivals_file import HEADER as HEADER_OF_OURS
from refugeecm.demonstration.arrivals_file import rows_of
from registration import search
from registration.actions import imports, needs, sealing
from registration.enums import BatchStatus, NeedStatus
from registration.models import (
    AdminArea,
    Consent,
    FurtherName,
    ImportBatch,
    ImportRow,
    Individual,
    SpecificNeed,
)
from tests.conftest import NOW, Cast, acting_as
from tests.registration.test_deciding import act, supervisor
from tests.registration.test_importers import csv_bytes
from tests.registration.test_imports import accept, current, people, send, through, work

pytestmark = pytest.mark.django_db(transaction=True)

HEADER = [
    "Individual ID", "Case No", "Full name", "Sex", "DOB", "Country of origin", "Nationality", "Languages", "P-code", "E-mail",
    "Education level", "Focal point",
]  # fmt: skip
ALI = [
    "1",
    "H1",
    "Ali Saleh",
    "M",
    "05/24/1990",
    "SDN",
    "TCD",
    "ar, zag",
    "SD01",
    "ali@example.org",
    "9",
    "Y",
]
MARIAM = ["2", "H1", "Mariam Saleh", "F", "01/02/1992", "SDN", "SDN;TCD", "Arabic", "SD99", "", "", ""]


def test_a_list_of_unhcr_brings_all_that_it_says(cast: Cast) -> None:
    viewer = cast.caseworker.viewer
    AdminArea.objects.create(pcode="SD01", country="SDN", level=1, name="Khartoum")
    batch = through(viewer, csv_bytes([HEADER, ALI, MARIAM]))
    with acting_as(viewer):
        assert batch.status == BatchStatus.DONE
        ali, mariam = Individual.objects.owned_by(viewer).order_by("source_ref")
        emails = sealing.Opener([ali.pk, mariam.pk])
        assert emails.value(ali, "email") == "ali@example.org"
        assert (ali.birth_date, mariam.birth_date) == (date(1990, 5, 24), date(1992, 1, 2))
        assert (ali.nationality, ali.origin_country, ali.languages) == ("TCD", "SDN", ["ara", "zag"])
        assert (ali.origin_area.pcode if ali.origin_area else "", ali.education) == ("SD01", "9")
        assert ali.relationship == "PA"
        assert (mariam.nationality, mariam.origin_country) == ("SDN", "")
        assert mariam.other_nationalities == ["TCD"]
        assert mariam.origin_area is None
        warned = ImportRow.objects.get(batch=batch, number=3)
        assert [problem[:2] for problem in warned.problems] == [["origin_pcode", "pcode"]]


MORE = [
    "Individual ID", "Case No", "Given name", "Father name", "Grandfather name", "Family name", "Maiden name", "Also known as",
    "Sex", "Consent", "Specific needs",
]  # fmt: skip
SALMA = [
    "1", "H1", "Salma", "Omar", "Adam", "Saleh", "Haroun", "Um Ali", "F", "Y", "DS-PM; torture survivor; hopeful",
]  # fmt: skip
BILAL = ["2", "H1", "Bilal", "", "", "Saleh", "", "", "M", "", "none"]


def test_needs_and_further_names_of_a_list_and_a_bare_yes(cast: Cast) -> None:
    viewer, browser = cast.caseworker.viewer, cast.caseworker.browser()
    batch = through(viewer, csv_bytes([MORE, SALMA, BILAL]))
    listed = browser.get(f"/imports/{batch.pk}/rows/new/").content.decode()
    assert "known specific need" in listed
    assert "torture" not in listed, "a page repeats no needs that others may not see"
    with acting_as(viewer):
        salma, bilal = Individual.objects.owned_by(viewer).order_by("source_ref")
        named = FurtherName.objects.filter(individual=salma).values_list("kind", "name")
        assert set(named) == {("grandfather", "Adam"), ("maiden", "Haroun"), ("alias", "Um Ali")}
        assert search.named("Salma Haroun", viewer=viewer) == [salma.pk]
        found = SpecificNeed.objects.filter(individual=salma).values_list("code", "restricted", "status")
        assert set(found) == {("DS-PM", False, NeedStatus.FLAGGED), ("TR", True, NeedStatus.FLAGGED)}
        assert [one.code for one in SpecificNeed.objects.visible_to(viewer)] == ["DS-PM"]
        assert (salma.said_to_agree, bilal.said_to_agree) == (True, False)
        assert not Consent.objects.exists(), "a bare yes opens nothing"
    for page, words in (("", "agreed to be registered, says the list"), ("consents/", "no consent to share")):
        shown = browser.get(f"/people/{salma.pk}/{page}").content.decode().lower()
        assert words in shown
        assert words not in browser.get(f"/people/{bilal.pk}/{page}").content.decode().lower()


def test_needs_and_names_are_written_for_a_chunk_and_not_for_each_person(cast: Cast) -> None:
    viewer = cast.caseworker.viewer

    def statements(many: int) -> int:
        rows = rows_of(rows=many, seed=many, defects=0, repeats=0)
        lines = [
            [*HEADER_OF_OURS, "Also known as", "Specific needs"],
            *([*row, "Um Ali", "DS-PM;TR"] for row in rows),
        ]
        batch = send(viewer, csv_bytes(lines))
        work()
        accept(viewer, batch)
        with CaptureQueriesContext(connection) as asked:
            assert imports.run_one(now=NOW)
        assert current(viewer, batch).status == BatchStatus.DONE
        return len(asked)

    assert statements(30) == statements(60)
    assert people(viewer) == 90


def test_needs_and_names_go_when_a_file_is_undone_and_stay_once_somebody_has_confirmed_one(
    cast: Cast,
) -> None:
    viewer, boss = cast.caseworker.viewer, supervisor(cast)
    first = through(viewer, csv_bytes([MORE, SALMA, BILAL]))
    act("undo", boss.viewer, first)
    work()
    assert current(viewer, first).status == BatchStatus.UNDONE
    with acting_as(boss.viewer):
        assert not [*Individual.objects.all(), *FurtherName.objects.all(), *SpecificNeed.objects.all()]
    second = through(viewer, csv_bytes([MORE, SALMA, BILAL]))
    with acting_as(boss.viewer):
        need = SpecificNeed.objects.get(code="TR")
        needs.review(need=need, to=NeedStatus.CONFIRMED, by=boss.viewer, now=NOW)
        (obstacle,) = imports.obstacles(batch=ImportBatch.objects.get(pk=second.pk), viewer=boss.viewer)
        assert (str(obstacle.label), obstacle.people) == ("Changed, or something added", 1)
