"""Does a file of rows hold what its owner may see, for as long as they may, and nothing that runs?"""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from agencies.actions import exports
from agencies.channels import lists, sheets
from agencies.channels.lists import LISTS, Chunk, Listing
from agencies.enums import Role
from agencies.models import ExportJob, ExportPiece, ExportTurn, Membership
from agencies.policies import NotPermitted
from cases.actions import claims
from refugeecm.core import wall
from refugeecm.core.models import Event, ReadEvent
from registration.models import Household, Individual
from resettlement.actions import handovers
from tests.conftest import FAMILY, NOW, Cast, Person, acting_as, end, register

ASKED = {"purpose": "casework", "reason": "Visits next week"}


def ask(by: Person, listing: str = "people", *, now: Any = NOW, **more: Any) -> ExportJob:
    viewer = by.viewer
    with acting_as(viewer):
        return exports.ask(
            listing=LISTS[listing], by=viewer, now=now, **{"query": {}, "format": "csv", **ASKED, **more}
        )


def work(now: Any = NOW) -> None:
    while exports.run_one(now=now):
        pass


def now_of(job: ExportJob, by: Person) -> ExportJob:
    with acting_as(by.viewer):
        return ExportJob.objects.select_related("agency").get(pk=job.pk)


def content(job: ExportJob, by: Person, *, now: Any = NOW) -> bytes | None:
    job = now_of(job, by)
    with acting_as(by.viewer):
        return exports.open_file(job=job, now=now)


def table(job: ExportJob, by: Person) -> list[list[str]]:
    found = content(job, by)
    assert found is not None
    assert found.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(found.decode("utf-8-sig"))))


def pieces(by: Person) -> int:
    with acting_as(by.viewer):
        return ExportPiece.objects.count()


@pytest.fixture
def few(monkeypatch: Any) -> None:
    """Chunks of two rows, so that a family needs several."""
    monkeypatch.setattr(lists, "SIZE", 2)


# ---- what is in it


def test_a_caseworker_takes_a_filtered_list_out(cast: Cast, family: list[Individual]) -> None:
    browser = cast.caseworker.browser()
    page = browser.get(reverse("people"), {"sex": "F", "page": "1"}).content.decode()
    assert "/exports/new/?sex=F&amp;list=people" in page
    form = browser.get(reverse("export-new"), {"list": "people", "sex": "F", "nonsense": "1"})
    assert "Female" in form.content.decode()
    assert form.context["crumbs"] == [("People", "/people/?sex=F")]
    answer = browser.post(
        reverse("export-new"), {"list": "people", "query": "sex=F", "format": "csv", **ASKED}, follow=True
    )
    assert "Waiting" in answer.content.decode()
    assert "Not finished" in answer.content.decode()
    assert "Not finished" in browser.get(reverse("exports")).content.decode()
    work(timezone.now())
    path = answer.redirect_chain[-1][0]
    assert "Your file is ready" in browser.get(path).content.decode()
    assert browser.get(path + "file/").status_code == 405
    file = browser.post(path + "file/")
    assert file["Content-Disposition"].startswith('attachment; filename="people-')
    assert file["Cache-Control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [(one["Given name"], one["Date of birth"], one["Sex"]) for one in rows] == [
        ("Mariam", "1990-05-17", "Female"),
        ("Halima", "2018-11-30", "Female"),
    ]
    assert {one["Agency"] for one in rows} == {"Border Office"}
    with acting_as(cast.caseworker.viewer):
        read = ReadEvent.objects.get(view="export")
        assert set(read.subject_ids) == {family[0].pk, family[2].pk}
        names = Event.objects.filter(subject_type="export").order_by("at").values_list("name", flat=True)
        assert list(names) == [exports.ASKED, exports.READY, exports.DOWNLOADED]
        told = Event.objects.get(name=exports.READY).details
    assert told == {"list": "people", "purpose": "casework", "format": "csv", "rows": 2}


def test_a_search_is_exported_as_it_was_found(cast: Cast, family: list[Individual]) -> None:
    job = ask(cast.caseworker, query={"q": ["Mariam Abakar"]})
    work()
    assert [line[1] for line in table(job, cast.caseworker)[1:]][:1] == ["Mariam"]


def test_a_filter_that_means_nothing_exports_nobody(cast: Cast, family: list[Individual]) -> None:
    job = ask(cast.caseworker, query={"sex": ["Q"]})
    work()
    assert now_of(job, cast.caseworker).problem == "filter"


def test_a_spreadsheet_in_arabic_reads_from_the_right(cast: Cast, family: list[Individual]) -> None:
    with translation.override("ar"):
        job = ask(cast.caseworker, format="xlsx")
    work()
    found = content(job, cast.caseworker)
    assert found is not None
    sheet = openpyxl.load_workbook(io.BytesIO(found)).active
    assert sheet is not None
    assert sheet.sheet_view.rightToLeft
    assert sheet.freeze_panes == "A2"
    assert {cell.data_type for line in sheet.iter_rows() for cell in line if cell.value} == {"s"}
    read = CalamineWorkbook.from_filelike(io.BytesIO(found)).get_sheet_by_index(0).to_python()
    assert [line[1] for line in read[1:]] == ["Mariam", "Yusuf", "Halima"]


def test_claims_and_referrals_and_agreements(cast: Cast, family: list[Individual], agree: Any) -> None:
    agreement = agree()
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        claim = claims.open_claim(individual=family[0], made_on=date(2026, 2, 25), by=viewer, now=NOW)
    jobs = [ask(cast.caseworker, one) for one in ("claims", "referrals", "agreements")]
    work()
    found = [table(one, cast.caseworker) for one in jobs]
    assert found[0][1][0] == claim.number
    assert "Mariam" in found[0][1]
    assert len(found[1]) == 1
    assert found[2][1][0] == agreement.reference
    assert all(len({len(line) for line in one}) == 1 for one in found)


def test_hand_overs_as_the_inbox_shows_them(cast: Cast, family: list[Individual], agree: Any) -> None:
    agreement, viewer = agree(channels=["pages", "export"], hands_over=True), cast.caseworker.viewer
    with acting_as(viewer):
        house = Household.objects.get(pk=family[0].household_id)
        handovers.propose(
            household=house, agreement=agreement, urgency="urgent", reason="They moved.", by=viewer, now=NOW
        )
    browser = cast.partner.browser()
    page = browser.get(reverse("referrals"), {"urgency": "urgent"}).content.decode()
    assert "/exports/new/?urgency=urgent&amp;list=handovers" in page
    form = browser.get(reverse("export-new"), {"urgency": "urgent", "list": "handovers"}).content.decode()
    assert "/referrals/?urgency=urgent" in form
    sent, taken = ask(cast.caseworker, "handovers", query={"side": ["sent"]}), ask(cast.partner, "handovers")
    others = [
        ask(cast.caseworker, "handovers"),
        ask(cast.partner, "handovers", query={"urgency": ["normal"]}),
        ask(cast.partner, "handovers", query={"kind": ["referral"]}),
    ]
    work()
    assert table(sent, cast.caseworker) == table(taken, cast.partner)
    assert table(sent, cast.caseworker)[1][:4] == [house.number, "Hand-over", "Urgent", "Proposed"]
    assert table(sent, cast.caseworker)[1][-2:] == ["Border Office", "Helping Hands"]
    assert [len(table(others[0], cast.caseworker)), len(table(others[1], cast.partner))] == [1, 1]
    assert len(table(others[2], cast.partner)) == 1
    with acting_as(viewer):
        read = ReadEvent.objects.get(view="export", agency_id=cast.help.pk)
    assert read.subject_type == "resettlement.handover"
    end(agreement, cast.admin)
    assert content(taken, cast.partner) is None


def test_an_auditor_takes_out_who_works_there(cast: Cast) -> None:
    Membership.objects.filter(pk=cast.colleague.membership.pk).update(role=Role.AUDITOR)
    Membership.objects.filter(pk=cast.decider.membership.pk).update(is_active=False)
    browser = cast.colleague.browser()
    assert "/exports/new/?list=members" in browser.get(reverse("members")).content.decode()
    assert "/exports/new/" not in cast.admin.browser().get(reverse("members")).content.decode()
    job = ask(cast.colleague, "members")
    work()
    found = {line[0]: line for line in table(job, cast.colleague)[1:]}
    assert set(found) == {"Amina", "Boris", "Dana", "Adam", "Alma"}, "of one agency"
    assert (found["Dana"][1], found["Dana"][2], found["Dana"][-1]) == (
        "dana@border.example", "Decision maker", "Closed",
    )  # fmt: skip
    with pytest.raises(NotPermitted):
        ask(cast.caseworker, "members")


# ---- whose rows


def test_a_partner_takes_out_only_what_the_agreement_opens_to_exports(
    cast: Cast, family: list[Individual], agree: Any
) -> None:
    agree()  # pages and API
    before = ask(cast.partner)
    work()
    assert len(table(before, cast.partner)) == 1
    agree(channels=["export"])
    job = ask(cast.partner)
    work()
    rows = table(job, cast.partner)
    assert [line[0] for line in rows[1:]] == [one.number for one in family]
    assert {cell for line in rows[1:] for cell in line[1:5]} == {"not shared"}
    assert b"Mariam" not in (content(job, cast.partner) or b"")
    with acting_as(cast.caseworker.viewer):  # the owner reads in the ledger who took whom, and which classes
        read = ReadEvent.objects.filter(view="export").get()
    assert (set(read.subject_ids), read.agency_id) == ({one.pk for one in family}, cast.help.pk)
    assert set(read.classes) <= {"C0", "C1"}


def test_a_file_is_one_persons(cast: Cast, family: list[Individual]) -> None:
    job = ask(cast.caseworker, now=timezone.now())
    work(timezone.now())
    for other in (cast.colleague, cast.partner):
        browser = other.browser()
        assert browser.get(reverse("export", args=[job.pk])).status_code == 404
        assert browser.post(reverse("export-file", args=[job.pk])).status_code == 404
        assert browser.post(reverse("export-cancel", args=[job.pk])).status_code == 404
        assert str(job.pk) not in browser.get(reverse("exports")).content.decode()


def test_an_auditor_exports_no_people(cast: Cast, family: list[Individual]) -> None:
    Membership.objects.filter(pk=cast.colleague.membership.pk).update(role=Role.AUDITOR)
    browser = cast.colleague.browser()
    assert browser.get(reverse("export-new"), {"list": "agreements"}).status_code == 200
    for listing in ("people", "claims", "referrals", "import-rows", "nonsense", ""):
        assert browser.get(reverse("export-new"), {"list": listing}).status_code == 404
    with pytest.raises(NotPermitted):
        ask(cast.colleague)
    assert cast.decider.browser().get(reverse("export-new"), {"list": "people"}).status_code == 403


# ---- how it is written


def test_what_a_killed_worker_left_is_taken_up_again(
    cast: Cast, family: list[Individual], few: None, monkeypatch: Any
) -> None:
    whole = LISTS["people"]
    deaths = iter([False, True, True, False, False])

    def read(viewer: Any, filters: Any, after: str) -> Chunk:
        found = whole.read(viewer, filters, after)
        if next(deaths):
            raise SystemExit
        return found

    monkeypatch.setitem(LISTS, "people", Listing("people", "People", whole.permission, whole.columns, read))
    job = ask(cast.caseworker)
    assert exports.run_one(now=NOW)
    for _death in range(2):
        with pytest.raises(SystemExit):
            exports.run_one(now=NOW)
    assert ExportTurn.objects.get().attempts == 2
    work()
    assert [line[1] for line in table(job, cast.caseworker)[1:]] == ["Mariam", "Yusuf", "Halima"]
    with acting_as(cast.caseworker.viewer):
        read_ids = [one for row in ReadEvent.objects.filter(view="export") for one in row.subject_ids]
    assert sorted(read_ids) == sorted(one.pk for one in family)


def test_a_chunk_that_always_fails_is_set_aside(
    cast: Cast, family: list[Individual], monkeypatch: Any
) -> None:
    def read(viewer: Any, filters: Any, after: str) -> Chunk:
        raise ValueError("broken")

    whole = LISTS["people"]
    monkeypatch.setitem(LISTS, "people", Listing("people", "People", whole.permission, whole.columns, read))
    job, other = ask(cast.caseworker), ask(cast.caseworker, "claims")
    work()
    assert now_of(job, cast.caseworker).problem == "broken"
    assert now_of(other, cast.caseworker).status == "ready"


def test_it_is_sealed_and_ends_after_a_day(cast: Cast, family: list[Individual]) -> None:
    job = ask(cast.caseworker)
    work()
    with acting_as(cast.caseworker.viewer):
        sealed = b"".join(bytes(one.sealed) for one in ExportPiece.objects.all())
    assert b"Mariam" not in sealed
    late = NOW + timedelta(hours=24)
    assert exports.end_due(agency=cast.border, now=late - timedelta(seconds=1)) == 0
    assert content(job, cast.caseworker, now=late) is None
    gone = now_of(job, cast.caseworker)
    assert (gone.status, pieces(cast.caseworker), bytes(gone.key)) == ("expired", 0, b"")
    assert exports.end_due(agency=cast.border, now=late) == 0


def test_it_can_be_thrown_away_at_any_time(cast: Cast, family: list[Individual], few: None) -> None:
    browser = cast.caseworker.browser()
    for turns in (0, 1, 9):
        job = ask(cast.caseworker)
        for _turn in range(turns):
            exports.run_one(now=NOW)
        answer = browser.post(reverse("export-cancel", args=[job.pk]), follow=True)
        assert "thrown away" in answer.content.decode()
        work()
        assert now_of(job, cast.caseworker).status == "cancelled"
        assert (pieces(cast.caseworker), ExportTurn.objects.count()) == (0, 0)
    assert "status is" in browser.post(reverse("export-cancel", args=[job.pk]), follow=True).content.decode()


def test_not_more_than_the_limit_and_not_more_than_three_at_once(
    cast: Cast, family: list[Individual], monkeypatch: Any
) -> None:
    monkeypatch.setattr(lists, "LIMIT", 2)
    job = ask(cast.caseworker)
    work()
    assert now_of(job, cast.caseworker).problem == "too_many"
    for _time in range(3):
        ask(cast.caseworker)
    with pytest.raises(NotPermitted, match="Three"):
        ask(cast.caseworker)


def test_statements_do_not_grow_with_the_rows(
    cast: Cast, family: list[Individual], event: Any, agree: Any, django_assert_max_num_queries: Any
) -> None:
    agree(channels=["export"])
    for _family in range(4):
        register(cast.caseworker, event, FAMILY[:2])
    ask(cast.partner)
    with django_assert_max_num_queries(30):
        exports.run_one(now=NOW)


def test_the_wall_hides_exports_of_other_agencies(cast: Cast, family: list[Individual]) -> None:
    ask(cast.caseworker)
    with transaction.atomic():
        wall.enter(agency_id=cast.help.pk, user_id=None, reason="test")
        assert (ExportJob.objects.count(), ExportPiece.objects.count()) == (0, 0)


# ---- nothing runs (trust.md P27)

HOSTILE = st.text(
    alphabet=st.one_of(
        st.sampled_from("=+-@|%＝＋－＠\t\r\n\ufeff\x00\x1f\x7f \xa0\u200b\u200e\u2028\u202e\xad'\"_x0;,"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=12,
)
LIVE = set("=+-@|%＝＋－＠｜％")
PARTS = {
    "[Content_Types].xml",
    "_rels/.rels",
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/worksheets/sheet1.xml",
    "xl/styles.xml",  # red for what is wrong; it holds no cell
}
ELEMENTS = {
    "worksheet",
    "sheetViews",
    "sheetView",
    "pane",
    "sheetFormatPr",
    "sheetData",
    "row",
    "c",
    "is",
    "t",
}


@settings(max_examples=250)
@given(st.lists(HOSTILE, min_size=40, max_size=40))
def test_no_cell_of_any_text_runs(cells: list[str]) -> None:
    """10,000 texts: in CSV none begins with what runs, behind nothing visible; in a workbook every one is a string, unchanged."""
    out = io.BytesIO()
    sheets.write_csv(out, [cells])
    read = next(csv.reader(io.StringIO(out.getvalue().decode("utf-8-sig"), newline="")), [])
    for cell, back in zip(cells, read, strict=True):
        assert back in {cell, "'" + cell}
        seen = "".join(one for one in back if one.isprintable() and not one.isspace())
        assert back[:1] not in set("\t\r\n")
        assert seen[:1] not in LIVE, ascii(back)
    out = io.BytesIO()
    sheets.write_xlsx(out, [cells])
    for line in openpyxl.load_workbook(io.BytesIO(out.getvalue())).active.iter_rows():
        for cell in line:
            assert cell.data_type in {"s", "n"}
            assert cell.value is None or isinstance(cell.value, str)
            assert cell.hyperlink is None
    back = CalamineWorkbook.from_filelike(io.BytesIO(out.getvalue())).get_sheet_by_index(0).to_python()
    assert all(isinstance(cell, str) for line in back for cell in line)
    with zipfile.ZipFile(out) as package:  # no formula, link, macro or connection: there is no place for one
        assert set(package.namelist()) == PARTS
        sheet = ElementTree.fromstring(package.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - our own
    assert {one.tag.rpartition("}")[2] for one in sheet.iter()} <= ELEMENTS
    assert {one.get("t") for one in sheet.iter() if one.tag.endswith("}c")} <= {"inlineStr"}
