"""Do the further columns of a list, and dates of either order, reach the register?"""

from __future__ import annotations

from datetime import date

import pytest

from registration.actions import sealing
from registration.enums import BatchStatus
from registration.models import AdminArea, ImportRow, Individual
from tests.conftest import Cast, acting_as
from tests.registration.test_importers import csv_bytes
from tests.registration.test_imports import through

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
