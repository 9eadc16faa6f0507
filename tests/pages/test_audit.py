"""Do those who oversee see what was done, changed and read, of their own agency only, without anybody's name?"""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from agencies.access.viewer import member
from agencies.actions import agencies as founding
from agencies.actions import reads
from agencies.channels.sheets import guarded
from agencies.enums import Role
from refugeecm.core import events, seals
from refugeecm.core.models import Event, ReadEvent, SealCheck, User
from refugeecm.pages import trail
from registration.models import Individual
from tests.conftest import NOW, Person, acting_as

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(cast) -> Person:
    user = User.objects.create_user("ada@border.example", name="Ada")
    return Person(user, founding.enrol(agency=cast.border, user=user, role=Role.AUDITOR))


@pytest.fixture
def dealings(cast, family) -> None:
    """A caseworker changes the mother's name of Mariam; a partner's caseworker looks at her file."""
    with acting_as(cast.caseworker.viewer):
        Individual.objects.filter(pk=family[0].pk).update(mother_name="Zahra")
        reads.record(viewer=cast.caseworker.viewer, rows=family[:1], view="individual", now=NOW)
    with acting_as(cast.partner.viewer):
        family[0].shared_classes = ["C1"]
        reads.record(viewer=cast.partner.viewer, rows=family[:1], view="individual", now=NOW)


def page(browser: Client, **asked: str) -> str:
    answer = browser.get("/audit/", asked)
    assert answer.status_code == 200
    return answer.content.decode()


def shown(browser: Client, **asked: str) -> list:
    return browser.get("/audit/", asked).context.get("lines", [])


def test_an_auditor_reads_what_happened_without_a_name(cast, family, dealings, auditor):
    browser = auditor.browser()
    text = page(browser)
    assert family[0].number in text
    assert "mother&#x27;s name" in text
    assert "Helping Hands" in text
    assert "reference and status" in text
    assert not [one for one in ("C1", "Mariam", "Zahra", "Abakar", "Paula") if one in text]
    assert f"/people/{family[0].pk}/" not in text, "an auditor opens no files"
    kinds = [one.kind for one in shown(browser)]
    assert {"What was done", "What was changed", "What was read"} == set(kinds)
    times = [one.at for one in shown(browser)]
    assert times == sorted(times, reverse=True)


def test_a_supervisor_may_go_on_to_the_file_and_others_may_not_look(cast, family, dealings):
    user = User.objects.create_user("sana@border.example", name="Sana")
    supervisor = Person(user, founding.enrol(agency=cast.border, user=user, role=Role.SUPERVISOR))
    assert f"/people/{family[0].pk}/" in page(supervisor.browser())
    assert cast.admin.browser().get("/audit/").status_code == 200
    assert cast.caseworker.browser().get("/audit/").status_code == 403
    assert cast.caseworker.browser().get("/audit/file/").status_code == 403


def test_the_partner_sees_its_own_reads_and_nothing_of_the_border(cast, family, dealings):
    found = shown(cast.partner_admin.browser())
    assert [
        (one.kind, one.who, one.agency, one.about, one.others) for one in found if one.kind == "What was read"
    ] == [("What was read", "Paula", "Helping Hands", [], 1)]
    assert family[0].number not in page(cast.partner_admin.browser())
    assert not [one for one in shown(cast.stranger_admin.browser()) if one.kind == "What was read"]


def test_filters_are_the_address(cast, family, dealings, auditor):
    browser = auditor.browser()
    mine = shown(browser, person=family[0].number)
    assert {one.kind for one in mine} == {"What was changed", "What was read", "What was done"}
    assert all(family[0].number in {number for number, _url in one.about} or one.kind == "What was done" for one in mine
               if "ocument" not in one.what and "ousehold" not in one.what)  # fmt: skip
    assert shown(browser, person="BOR-26-9999999-9") == []
    reads_of_others = shown(browser, agency=str(cast.help.pk), action="reads")
    assert [(one.agency, one.who) for one in reads_of_others] == [("Helping Hands", "")]
    assert {one.who for one in shown(browser, user=str(cast.caseworker.membership.pk))} == {"Amina"}
    assert shown(browser, user=str(cast.colleague.membership.pk)) == []
    done = shown(browser, action="did:registration.household.registered")
    assert {one.what for one in done} == {str(events.CATALOGUE["registration.household.registered"])}
    assert {one.kind for one in shown(browser, action="changes")} == {"What was changed"}
    assert {one.kind for one in shown(browser, since="2026-03-02", until="2026-03-02")} <= {
        "What was done",
        "What was read",
    }
    assert shown(browser, until="2026-03-01") == []
    wrong = browser.get("/audit/", {"user": str(cast.partner.membership.pk)})
    assert "lines" not in wrong.context
    assert wrong.status_code == 200


def test_pages_go_on_where_the_last_one_ended_and_miss_nothing(cast, family, dealings, auditor, monkeypatch):
    """Many entries of the same moment, in several tables, one after the other and each once."""
    viewer = member(auditor.membership)
    with acting_as(cast.caseworker.viewer):
        for _turn in range(3):
            reads.record(viewer=cast.caseworker.viewer, rows=family, view="household", now=NOW)
    with acting_as(viewer):
        start = trail.Place(timezone.now() + timedelta(days=1))
        whole = trail.look(viewer, trail.Asked(), before=start, limit=1000)
        assert whole.back_to is None
        seen, place = [], start
        while place is not None:
            part = trail.look(viewer, trail.Asked(), before=place, limit=2)
            assert len(part.entries) <= 2
            seen += part.entries
            place = part.back_to and trail.Place.read(str(part.back_to))
        assert [(one.source, one.key) for one in seen] == [(one.source, one.key) for one in whole.entries]
        assert len({(one.source, one.key) for one in seen}) == len(seen) >= 12
        patient = trail.look(viewer, trail.Asked(user_id=1), before=start, limit=2, patience=-1)
        assert (patient.entries, patient.paused) == ([], True)
        assert patient.back_to.at < start.at


MOMENT = "2026-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "9" * 400,
        "2026-01-01T00:00:00_~_",
        f"{MOMENT}_core_event_1",
        f"{MOMENT}_core_event_",
        f"{MOMENT}_registration_individualevent_018f0000-0000-7000-8000-000000000001",
        f"{MOMENT}_registration_individualevent_{10**40}",
        f"{MOMENT}_pg_authid_1",
        f"{MOMENT}_~_1",
    ],
)
def test_nonsense_as_a_place_is_the_first_page(auditor, text):
    assert trail.Place.read(text) is None
    assert auditor.browser().get("/audit/", {"before": text}).status_code == 200


def test_the_list_is_taken_away_as_a_file_without_live_formulas(cast, family, dealings, auditor):
    with acting_as(cast.caseworker.viewer):
        reads.record(viewer=cast.caseworker.viewer, rows=family[:1], view="=HYPERLINK(1)", now=NOW)
    answer = auditor.browser().get("/audit/file/", {"action": "reads"})
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][:3] == ["Time", "Kind", "Action"]
    assert len(rows) == 4
    assert "'=HYPERLINK(1)" in {row[2] for row in rows}
    with acting_as(cast.admin.viewer):
        assert Event.objects.filter(name="agencies.audit.exported", actor_id=auditor.user.pk).count() == 1
    for text in ("=1", "+1", "-1", "@x", "|x", "%x", "\t=1", " =1", "\u200b=1", "\ufeff@x", "\r1"):
        assert guarded(text) == f"'{text}"
    assert guarded("BOR-26-0000001-K") == "BOR-26-0000001-K"


def test_the_page_says_whether_the_seals_hold(auditor):
    browser = auditor.browser()
    assert "Nothing is sealed yet" in page(browser)


@pytest.mark.django_db(transaction=True)
def test_the_page_names_the_row_that_was_changed(cast, family, auditor):
    seals.seal(now=timezone.now())
    browser = auditor.browser()
    assert "Sealed, not checked yet" in page(browser)
    seals.check(now=timezone.now())
    assert "Sealed and checked" in page(browser)
    SealCheck.objects.create(
        at=timezone.now(), first=1, last=1, rows=1,
        problems=[{"seal": 1, "what": "row changed", "table": "core_event", "row": "018f"}],
    )  # fmt: skip
    text = page(browser)
    assert "Something was changed after it was sealed" in text
    assert "Seal 1: the row 018f of core_event was changed after it was sealed" in text


def test_a_page_asks_a_bounded_number_of_times(
    cast, family, dealings, auditor, django_assert_max_num_queries
):
    browser = auditor.browser()
    page(browser)
    with django_assert_max_num_queries(51):
        page(browser, person=family[0].number)
    with acting_as(cast.caseworker.viewer):
        assert ReadEvent.objects.count() == 2
