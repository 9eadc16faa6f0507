"""Can a clerk send a list of arrivals, see what is wrong with it, correct it and accept it, in a browser without JavaScript?"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agencies.actions import agencies as founding
from agencies.actions import exports
from agencies.channels.lists import LISTS
from agencies.enums import Role
from agencies.models import ExportJob
from refugeecm.core.models import ReadEvent, User
from registration.actions import exceptions, imports
from registration.enums import BatchStatus
from registration.models import ImportBatch, Individual, InfluxEvent
from tests.conftest import NOW, Cast, Person, acting_as

HEADER = (
    "record_id,household_id,relationship_to_head,given_name,father_name,family_name,sex,date_of_birth,nationality,"
    "document_type,document_number"
)
ROWS = [
    "R1,H1,head,Hawa,Musa,Adam,F,1988-02-03,SDN,passport,X7654321",
    "R2,H1,child,Idris,Musa,Adam,M,2014-09-09,SDN,,",
    "R3,H2,head,Mariam,Idris,Abakar,F,1990-05-17,SDN,passport,P01234567",
    "R4,H3,head,Saleh,Omar,Issa,M,1975-13-45,SDN,,",
    "R5,H3,spouse,Zenab,Ali,Issa,F,1980-01-20,SDN,,",
    "R6,H4,head,=cmd(),Bashir,Deby,X9,1970-01-20,ZZZ,,",
    "R7,H5,head,Khadija,Oumar,Tahir,F,1999-06-01,SDN,,",
]


def upload(browser: Client, rows: list[str], event: InfluxEvent | None = None, **fields: str) -> Any:
    """Send rows as a CSV file."""
    text = "\r\n".join([HEADER, *rows]) + "\r\n"
    file = SimpleUploadedFile("arrivals.csv", text.encode(), content_type="text/csv")
    return browser.post(
        reverse("import-new"), {"file": file, "event": event.pk if event else "new", **fields}
    )


def work() -> None:
    """Do what workers do, until there is nothing left."""
    while imports.run_one(now=NOW):
        pass


@pytest.fixture
def clerk(cast: Cast) -> Client:
    return cast.caseworker.browser()


@pytest.fixture
def checked(clerk: Client, cast: Cast, event: InfluxEvent, family: list[Individual]) -> ImportBatch:
    """A file with everything in it, checked: family holds the Mariam Abakar of row three already."""
    answer = upload(clerk, ROWS, event)
    assert answer.status_code == 302, answer.content.decode()
    work()
    return the_batch(cast)


def the_batch(cast: Cast) -> ImportBatch:
    with acting_as(cast.caseworker.viewer):
        return ImportBatch.objects.select_related("event").get()


NOBODY = "0191b6a0-0000-7000-8000-000000000000"


def bare(answer: Any, key: str) -> str:
    """Return the text of an answer without what differs between any two requests: tokens, and the address itself."""
    return re.sub(r"[A-Za-z0-9]{64}", "", answer.content.decode()).replace(key, "")


def page(browser: Client, name: str, *args: Any, **query: str) -> str:
    """Return the text of a page that answers with success."""
    answer = browser.get(reverse(name, args=args), query)
    assert answer.status_code == 200, (answer.status_code, answer.content.decode()[:2000])
    return answer.content.decode()


def test_story_of_a_file(clerk: Client, cast: Cast, checked: ImportBatch, event: InfluxEvent) -> None:
    assert checked.status == BatchStatus.REVIEW
    text = page(clerk, "import-detail", checked.pk)
    assert "Register 3 people" in text
    assert "Download the rows with errors" in text

    answer = clerk.post(reverse("import-accept", args=[checked.pk]))
    assert answer.status_code == 302
    running = page(clerk, "import-detail", checked.pk)
    assert "Registering people" in running
    assert 'http-equiv="refresh"' in running
    work()
    text = page(clerk, "import-detail", checked.pk)
    assert "Registered: 3 people, 2 new households." in text
    assert reverse("people") + f"?event={event.slug}" in text
    with acting_as(cast.caseworker.viewer):
        assert set(
            Individual.objects.filter(event=event).exclude(source_ref="").values_list("source_ref", flat=True)
        ) == {
            "R1",
            "R2",
            "R7",
        }


def test_rows_of_every_outcome(
    clerk: Client, checked: ImportBatch, family: list[Individual], cast: Cast
) -> None:
    new = page(clerk, "import-rows", checked.pk, "new")
    assert "Hawa Musa Adam" in new
    assert "Sudan" in new
    assert "Saleh" not in new
    registered = page(clerk, "import-rows", checked.pk, "registered")
    assert family[0].number in registered
    errors = page(clerk, "import-rows", checked.pk, "error")
    assert "1975-13-45" in errors
    assert "is not a date" in errors
    assert "Another member of this household has an error" in errors
    assert "No rows here" in page(clerk, "import-rows", checked.pk, "possible")
    with acting_as(cast.caseworker.viewer):
        looks = ReadEvent.objects.filter(view="import-rows")
        assert {one.subject_type for one in looks} == {"registration.importbatch", "registration.individual"}


def test_new_rows_are_paged_over_chunks(clerk: Client, cast: Cast, event: InfluxEvent) -> None:
    rows = [f"N{at},F{at},head,Name{at},Father{at},Family{at},F,1990-01-01,SDN,," for at in range(60)]
    upload(clerk, rows, event)
    work()
    batch = the_batch(cast)
    first, last = (
        page(clerk, "import-rows", batch.pk, "new"),
        page(clerk, "import-rows", batch.pk, "new", page="3"),
    )
    assert "N0<" in first
    assert "1 to 25 of 60" in first
    assert "N59<" in last
    assert "51 to 60 of 60" in last
    assert "N24<" not in last


def test_possible_duplicates_stand_side_by_side(
    clerk: Client, cast: Cast, event: InfluxEvent, family: list[Individual]
) -> None:
    upload(clerk, ["P1,G1,head,Maryam,,Abakar,F,1991,SDN,,"], event)
    work()
    batch = the_batch(cast)
    text = page(clerk, "import-rows", batch.pk, "possible")
    assert "Maryam Abakar" in text
    assert "Mariam Idris Abakar" in text
    assert family[0].number in text
    assert "differs" in text
    assert "P01234567" in text, "the number of her passport, opened for her own agency"


def test_a_family_that_a_partner_registered_is_shown_as_one_and_reviewed_after(
    cast: Cast, event: InfluxEvent, family: list[Individual], agree: Callable[..., Any]
) -> None:
    agree(classes=["C1", "C2"])
    clerk = cast.partner.browser()
    rows = [
        "1,G1,head,Maryam,Idris,Abakar,F,1990-05-17,SDN,,",
        "2,G1,child,Yussuf,Idris,Abakar,M,2015-03-04,SDN,,",
        "3,G2,head,Mariam,Saleh,Abakar,F,1990-05-17,SDN,,",
    ]
    assert upload(clerk, rows, name="Arrivals in the west", slug="west-2026").status_code == 302
    work()
    with acting_as(cast.partner.viewer):
        batch = ImportBatch.objects.get()
    text = page(clerk, "import-rows", batch.pk, "possible")
    assert "2 of its rows resemble one registered family" in text
    assert re.search("badge warn.>Father&#x27;s name: different", text), (
        "what speaks against it looks otherwise"
    )
    assert "Sex: the same" not in text
    assert "Compare and decide" not in text
    assert text.index("Maryam") < text.index("Yussuf")
    clerk.post(reverse("import-accept", args=[batch.pk]))
    work()
    text = page(clerk, "import-rows", batch.pk, "possible")
    for address in re.findall(r'href="(/duplicates/[0-9a-f-]{36}/)"', text):
        assert "Side by side" in clerk.get(address).content.decode()
    assert text.count("Compare and decide") == 3

    lead = User.objects.create_user("vera@border.example", name="Vera")
    lead = Person(lead, founding.enrol(agency=cast.border, user=lead, role=Role.SUPERVISOR))
    with acting_as(lead.viewer):
        exceptions.seal(
            household=family[0].household, reason="Threatened", readers=[], by=lead.viewer, now=NOW
        )
    text = page(clerk, "import-rows", batch.pk, "possible")
    assert text.count("The other record can no longer be seen") == 3
    for part in ("the same", "of 100", "Compare and decide", family[0].number):
        assert part not in text.partition("</nav>")[2], "nothing is said of somebody whose file was sealed"


def test_errors_can_be_corrected_and_sent_back(
    clerk: Client, cast: Cast, checked: ImportBatch, event: InfluxEvent
) -> None:
    answer = clerk.get(reverse("import-errors", args=[checked.pk]))
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "arrivals-errors.csv" in answer.headers["Content-Disposition"]
    text = answer.content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["record_id"] for row in rows] == ["R4", "R5", "R6"]
    assert rows[2]["given_name"].startswith("'="), "no cell that a spreadsheet runs"
    assert "1975-13-45" in rows[0]["_message"]
    assert "held_back" in rows[1]["_code"]

    clerk.post(reverse("import-accept", args=[checked.pk]))
    work()
    fixed = SimpleUploadedFile("fixed.csv", text.replace("1975-13-45", "1975-12-25").encode())
    assert clerk.post(reverse("import-new"), {"file": fixed, "event": event.pk}).status_code == 302
    work()
    with acting_as(cast.caseworker.viewer):
        again = ImportBatch.objects.get(file_name="fixed.csv")
    assert "Register 2 people" in page(clerk, "import-detail", again.pk)


def test_same_file_again_leads_to_the_first(clerk: Client, checked: ImportBatch, event: InfluxEvent) -> None:
    answer = upload(clerk, ROWS, event)
    assert answer.url == reverse("import-detail", args=[checked.pk])
    assert "This very file was sent before" in page(clerk, "import-detail", checked.pk)


def test_a_new_event_is_named_with_the_file(clerk: Client, cast: Cast) -> None:
    answer = upload(clerk, ROWS, None)
    assert answer.status_code == 200
    assert "There is a problem" in answer.content.decode()
    answer = upload(clerk, ROWS, None, name="Arrivals in the west", slug="west-2026")
    assert answer.status_code == 302
    assert the_batch(cast).event.slug == "west-2026"
    assert (
        "There is an event with this short name"
        in upload(clerk, ROWS, None, name="X", slug="west-2026").content.decode()
    )


def test_an_unreadable_file_says_what_to_do(clerk: Client, cast: Cast, event: InfluxEvent) -> None:
    file = SimpleUploadedFile("list.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    clerk.post(reverse("import-new"), {"file": file, "event": event.pk})
    work()
    text = page(clerk, "import-detail", the_batch(cast).pk)
    assert "This file could not be read" in text
    assert "Save it as .xlsx without a password" in text


def test_an_empty_file_is_refused_in_the_form(clerk: Client, event: InfluxEvent) -> None:
    answer = clerk.post(reverse("import-new"), {"file": SimpleUploadedFile("e.csv", b""), "event": event.pk})
    assert answer.status_code == 200
    assert "There is a problem" in answer.content.decode()


def test_cancelling_asks_first_and_destroys_the_content(
    clerk: Client, cast: Cast, checked: ImportBatch
) -> None:
    assert "Cancel this file?" in page(clerk, "import-cancel", checked.pk)
    answer = clerk.post(reverse("import-cancel", args=[checked.pk]), follow=True)
    assert "Nobody from it was registered" in answer.content.decode()
    assert clerk.get(reverse("import-rows", args=[checked.pk, "new"])).status_code == 404
    assert clerk.get(reverse("import-errors", args=[checked.pk])).status_code == 404
    answer = clerk.post(reverse("import-accept", args=[checked.pk]), follow=True)
    assert "This is no longer possible" in answer.content.decode()


def test_progress_is_a_fragment_until_the_work_is_done(clerk: Client, cast: Cast, event: InfluxEvent) -> None:
    upload(clerk, ROWS, event)
    batch = the_batch(cast)
    url = reverse("import-progress", args=[batch.pk])
    assert clerk.get(url).status_code == 302, "without JavaScript the page itself is loaded again"
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = clerk.get(url, headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert "<progress" in text
    assert "<html" not in text
    assert len(text.encode()) < 4096
    assert len([one for one in queries if "SAVEPOINT" not in one["sql"]]) <= 12
    work()
    answer = clerk.get(url, headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"


@pytest.mark.parametrize("name", ["import-detail", "import-progress", "import-errors", "import-cancel"])
def test_other_agencies_get_the_same_404(name: str, cast: Cast, checked: ImportBatch) -> None:
    stranger = cast.stranger.browser()
    there = stranger.get(reverse(name, args=[checked.pk]))
    nowhere = stranger.get(reverse(name, args=[NOBODY]))
    assert there.status_code == nowhere.status_code == 404
    assert bare(there, str(checked.pk)) == bare(nowhere, NOBODY)
    assert cast.partner.browser().post(reverse("import-accept", args=[checked.pk])).status_code == 404


def test_roles(cast: Cast, checked: ImportBatch) -> None:
    decider, admin = cast.decider.browser(), cast.admin.browser()
    assert "Register 3 people" not in page(decider, "import-detail", checked.pk)
    assert decider.post(reverse("import-accept", args=[checked.pk])).status_code == 403
    assert decider.get(reverse("import-new")).status_code == 403
    assert admin.get(reverse("imports")).status_code == 403


def test_the_list(clerk: Client, cast: Cast, checked: ImportBatch) -> None:
    text = page(clerk, "imports")
    assert "arrivals.csv" in text
    assert "Waiting for you" in text
    assert "No list has been sent yet" in page(cast.stranger.browser(), "imports")


def test_an_event_is_not_chosen_and_named_at_once(clerk: Client, event: InfluxEvent) -> None:
    answer = upload(clerk, ROWS, event, name="Another", slug="another")
    assert "Keep one of the two" in answer.content.decode()


def test_the_rows_of_a_file_are_exported_as_the_clerk_sees_them(
    clerk: Client, cast: Cast, checked: ImportBatch
) -> None:
    address = reverse("import-rows", args=[checked.pk, "error"])
    assert f"batch={checked.pk}&amp;outcome=error" in clerk.get(address).content.decode()
    found = {}
    for outcome in ("new", "error", "registered", "possible"):
        with acting_as(cast.caseworker.viewer):
            job = exports.ask(
                listing=LISTS["import-rows"],
                query={"batch": [str(checked.pk)], "outcome": [outcome]},
                purpose="casework",
                reason="Correcting rows",
                format="csv",
                by=cast.caseworker.viewer,
                now=NOW,
            )
        while exports.run_one(now=NOW):
            pass
        with acting_as(cast.caseworker.viewer):
            job = ExportJob.objects.select_related("agency").get(pk=job.pk)
            content = exports.open_file(job=job, now=NOW)
        assert content is not None, job.problem
        found[outcome] = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
        assert job.total == len(found[outcome])
    assert sum(len(rows) for rows in found.values()) == len(ROWS)
    assert "'=cmd() Bashir Deby" in {one["Name in the file"] for one in found["error"]}
    assert all(one["What to correct"] for one in found["error"])
    assert [one["Your reference"] for one in found["new"]] == ["R1", "R2", "R7"]
