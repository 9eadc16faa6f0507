"""Does any file that somebody may send to hurt us make a page fail, or leave work that never ends?"""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from refugeecm.demonstration.hostile import CORPUS, READ
from registration.enums import BatchStatus, StepStatus
from registration.models import ImportBatch, ImportStep, InfluxEvent
from tests.conftest import Cast, acting_as
from tests.registration.test_imports import work

pytestmark = pytest.mark.django_db(transaction=True)

LISTS = {path.name: path.read_bytes() for path in (Path(__file__).parent / "hxl").glob("*-*.*")}


def test_every_hostile_file_and_every_list_of_something_else_is_answered(
    cast: Cast, event: InfluxEvent
) -> None:
    clerk = cast.caseworker.browser()
    files = {name: make() for name, (make, _code) in CORPUS.items()} | LISTS
    for name, content in files.items():
        file = SimpleUploadedFile("list.xlsx", content)
        answer = clerk.post(reverse("import-new"), {"file": file, "event": event.pk})
        assert answer.status_code == (302 if content else 200), name
        work()
        if not content:
            continue
        page = clerk.get(answer.url, follow=True)
        assert page.status_code == 200, name
        with acting_as(cast.caseworker.viewer):
            status = ImportBatch.objects.get(pk=answer.url.strip("/").split("/")[-1]).status
        if name in CORPUS and CORPUS[name][1] == READ:
            assert status == BatchStatus.REVIEW, name
        else:
            assert status in {BatchStatus.FAILED, BatchStatus.MAPPING}, name
    assert not ImportStep.objects.exclude(status=StepStatus.DONE).exists()
