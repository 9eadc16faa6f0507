"""Does a clerk say what unknown columns are, once, and are her lists read by it from then on?"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from registration.enums import BatchStatus
from registration.models import ColumnMapping, ImportBatch, ImportChunk, ImportStep, Individual, InfluxEvent
from tests.conftest import Cast, acting_as
from tests.registration.test_importers import xlsx_bytes
from tests.registration.test_imports import work

pytestmark = pytest.mark.django_db(transaction=True)

ODD = "Ism;Familiya;Jins;Tug'ilgan;Davlat;Rang\nAli;Saleh;M;03/04/1990;SUD;blue\nHawa;Adam;F;05/06/1992;SUD;red\n"


@pytest.fixture
def clerk(cast: Cast) -> Client:
    return cast.caseworker.browser()


def send(clerk: Client, event: InfluxEvent, data: bytes, **more: str) -> ImportBatch:
    file = SimpleUploadedFile("list.csv", data)
    answer = clerk.post(reverse("import-new"), {"file": file, "event": event.pk, **more})
    assert answer.status_code == 302, answer.content.decode()
    work()
    return ImportBatch.objects.get(pk=answer.url.strip("/").split("/")[-1])


def current(cast: Cast, batch: ImportBatch) -> ImportBatch:
    with acting_as(cast.caseworker.viewer):
        batch.refresh_from_db()
    return batch


def choice(**columns: str) -> dict[str, str]:
    return {"press": "choose", "country_scheme": "UNHCR", "date_order": "month", "remember": "on", **columns}


def sent(cast: Cast, clerk: Client, event: InfluxEvent, data: bytes, **more: str) -> ImportBatch:
    with acting_as(cast.caseworker.viewer):
        return send(clerk, event, data, **more)


def test_story_of_unknown_columns(cast: Cast, clerk: Client, event: InfluxEvent) -> None:
    batch = sent(cast, clerk, event, ODD.encode())
    assert batch.status == BatchStatus.MAPPING
    assert clerk.get(reverse("import-detail", args=[batch.pk])).url == reverse(
        "import-columns", args=[batch.pk]
    )
    url = reverse("import-columns", args=[batch.pk])
    page = clerk.get(url).content.decode()
    for words in ("Familiya", "Ali", "Hawa", "not recognised", "Semicolon"):
        assert words in page
    refused = clerk.post(url, choice(column_2="sex")).content.decode()
    assert "Choose a column with a name" in refused
    twice = clerk.post(url, choice(column_0="given_name", column_1="given_name")).content.decode()
    assert "has this meaning already" in twice
    chosen = choice(
        column_0="given_name",
        column_1="family_name",
        column_2="sex",
        column_3="date_of_birth",
        column_4="nationality",
    )
    assert clerk.post(url, chosen).status_code == 302
    work()
    assert current(cast, batch).status == BatchStatus.REVIEW
    clerk.post(reverse("import-accept", args=[batch.pk]))
    work()
    with acting_as(cast.caseworker.viewer):
        ali = Individual.objects.get(given_name="Ali", family_name="Saleh")
        assert (ali.birth_date, ali.nationality) == (date(1990, 3, 4), "SDN")
    shown = clerk.get(reverse("import-detail", args=[batch.pk])).content.decode()
    assert "UNHCR" in shown
    assert "Rang" in shown, "what was left out is listed"


def test_the_next_list_with_this_header_is_read_without_a_question(
    cast: Cast, clerk: Client, event: InfluxEvent
) -> None:
    first = sent(cast, clerk, event, ODD.encode())
    clerk.post(
        reverse("import-columns", args=[first.pk]), choice(column_0="given_name", column_4="nationality")
    )
    work()
    second = sent(cast, clerk, event, ("A list of May;;;;;\n" + ODD.replace("Ali", "Omar")).encode())
    assert second.status == BatchStatus.REVIEW
    assert second.columns == ["given_name", None, None, None, "nationality", None]
    assert second.wishes["country_scheme"] == "UNHCR"
    third = sent(cast, clerk, event, ODD.replace("Ali", "Nur").encode(), ask="on")
    assert third.status == BatchStatus.MAPPING
    page = clerk.get(reverse("import-columns", args=[third.pk])).content.decode()
    assert '<option value="given_name" selected>' in page
    with acting_as(cast.caseworker.viewer):
        assert ColumnMapping.objects.count() == 1


def test_another_sheet_is_looked_at_before_it_is_chosen(
    cast: Cast, clerk: Client, event: InfluxEvent
) -> None:
    data = xlsx_bytes([["Ism", "Jins"], *[["x", "M"]] * 9], [["one", "two", "three"], ["Ali", "Saleh", "M"]])
    batch = sent(cast, clerk, event, data)
    assert (batch.status, batch.found_format["sheet"]) == (BatchStatus.MAPPING, "Sheet0")
    url = reverse("import-columns", args=[batch.pk])
    assert clerk.post(url, {"press": "again", "sheet": "Sheet1", "header_row": "0"}).status_code == 200
    assert clerk.post(url, {"press": "again", "sheet": "Sheet1", "header_row": "1"}).status_code == 302
    work()
    assert "Saleh" in clerk.get(url).content.decode()
    clerk.post(url, choice(column_0="given_name", column_1="family_name", column_2="sex"))
    work()
    assert current(cast, batch).status == BatchStatus.REVIEW
    assert (batch.rows, batch.found_format["sheet"]) == (1, "Sheet1")


def test_a_checked_file_is_read_anew_until_somebody_is_registered(
    cast: Cast, clerk: Client, event: InfluxEvent
) -> None:
    data = "given name,sex,dob\nAli,M,03/04/1990\nOmar,M,05/06/1991\n"
    batch = sent(cast, clerk, event, data.encode())
    assert batch.status == BatchStatus.REVIEW
    page = clerk.get(reverse("import-detail", args=[batch.pk])).content.decode()
    assert "whether days or months come first" in page
    clerk.post(reverse("import-ask", args=[batch.pk]))
    work()
    assert current(cast, batch).status == BatchStatus.MAPPING
    with acting_as(cast.caseworker.viewer):
        assert list(ImportStep.objects.filter(batch_id=batch.pk).values_list("kind", flat=True)) == ["1read"]
        assert ImportChunk.objects.filter(batch=batch).count() == 1
    url = reverse("import-columns", args=[batch.pk])
    clerk.post(
        url, choice(column_0="given_name", column_1="sex", column_2="date_of_birth", country_scheme="ISO3")
    )
    work()
    page = clerk.get(reverse("import-detail", args=[batch.pk])).content.decode()
    assert "whether days or months come first" not in page
    clerk.post(reverse("import-accept", args=[batch.pk]))
    work()
    clerk.post(reverse("import-ask", args=[batch.pk]))
    assert current(cast, batch).status == BatchStatus.DONE


def test_a_list_of_activities_asks_and_can_be_thrown_away(
    cast: Cast, clerk: Client, event: InfluxEvent
) -> None:
    data = (Path(__file__).parent / "hxl" / "input-valid.csv").read_bytes()
    batch = sent(cast, clerk, event, data)
    assert batch.status == BatchStatus.MAPPING
    page = clerk.get(reverse("import-columns", args=[batch.pk])).content.decode()
    assert "Organización" in page
    assert clerk.post(reverse("import-cancel", args=[batch.pk])).status_code == 302
    assert current(cast, batch).status == BatchStatus.CANCELLED
    assert clerk.get(reverse("import-columns", args=[batch.pk])).status_code == 302


def test_what_is_no_table_is_refused_as_before(cast: Cast, clerk: Client, event: InfluxEvent) -> None:
    batch: Any = sent(cast, clerk, event, b"Dear all,\nplease find the list below.\nRegards\n")
    assert batch.status == BatchStatus.FAILED
