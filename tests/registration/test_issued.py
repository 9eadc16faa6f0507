"""Are papers prepared, printed, handed over, replaced and withdrawn as their law says, and does their code tell the truth of each?"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from PIL import Image

from agencies.actions import agencies as founding
from agencies.enums import Role
from refugeecm.core.models import Event, User
from refugeecm.core.transitions import TransitionNotAllowed
from registration.actions import batches, issued, merging, photos, printing, status, verifying
from registration.channels import papers
from registration.enums import ISSUED_MOVES, IssuedKind, IssuedStatus, ProcessReason, ProcessStatus
from registration.models import Individual, InfluxEvent, IssuedDocument, PrintBatch
from registration.policies import NotPermitted
from registration.rules import mrz
from registration.rules.issued import KINDS, after, bounds, may_issue, usual_end
from registration.rules.papers import holder, printable
from tests.conftest import NOW, Cast, Person, acting_as, register

pytestmark = pytest.mark.usefixtures("db")
TODAY = NOW.date()


@pytest.fixture
def supervisor(cast: Cast) -> Person:
    user = User.objects.create_user("vera@border.example", name="Vera")
    return Person(user, founding.enrol(agency=cast.border, user=user, role=Role.SUPERVISOR))


def legal(people: list[Individual], value: str, by: Person) -> None:
    with acting_as(by.viewer):
        Individual.objects.filter(pk__in=[one.pk for one in people]).update(legal_status=value)


@pytest.fixture
def asking(cast: Cast, family: list[Individual]) -> list[Individual]:
    """Mariam and her children, who ask for asylum."""
    legal(family, "ASYLUM_SEEKER", cast.caseworker)
    return family


def prepare(by: Person, kind: str, person: Individual, **more: Any) -> IssuedDocument:
    given = {"now": NOW, **more}
    if "until" not in given:
        given["until"] = usual_end(kind, dated=TODAY)
    with acting_as(by.viewer):
        (made,) = issued.prepare(kind=kind, people=[person], by=by.viewer, **given)
        return IssuedDocument.objects.get(pk=made)


def give(by: Person, kind: str, person: Individual, *, now: datetime = NOW, **more: Any) -> IssuedDocument:
    """Prepare, print and hand over."""
    made = prepare(by, kind, person, now=now, **more)
    with acting_as(by.viewer):
        if KINDS[kind].design:
            printing.print_again(document=made, by=by.viewer)
        issued.hand_over(documents=[made], by=by.viewer, now=now)
        made.refresh_from_db()
    return made


def ends(document: IssuedDocument, to: str, by: Person, reason: str = "") -> None:
    with acting_as(by.viewer):
        document.refresh_from_db()
        issued.change(document=document, to=to, reason=reason, by=by.viewer, now=NOW)


def says(document: IssuedDocument, today: date = TODAY) -> str:
    """Return what the public page says: asked by nobody in particular."""
    return verifying.state_of(verifying.address(document.code).rstrip("/").rsplit("/", 1)[1], today=today)


# ---- the rules


def test_every_type_says_who_issues_it_to_whom_and_for_how_long() -> None:
    assert set(KINDS) == set(IssuedKind)
    for kind, one in KINDS.items():
        first, last = bounds(kind, dated=TODAY)
        end = usual_end(kind, dated=TODAY)
        assert end is None or (first or TODAY) <= end <= (last or end), kind
        assert one.ends <= set(KINDS)
    assert usual_end("ASC", dated=date(2026, 3, 2)) == date(2027, 3, 2)
    assert bounds("APR_APPL_DOC", dated=date(2026, 6, 12))[1] == date(
        2027, 6, 12
    )  # APR 29(4): at most twelve months
    assert bounds("EU_RP_REF", dated=date(2026, 3, 2))[0] == date(2029, 3, 2)  # QR 24: at least three years
    assert usual_end("BIRTH", dated=TODAY) is None
    assert after(date(2026, 8, 31), "6m") == date(2027, 2, 28)
    assert after(date(2028, 2, 29), "12m") == date(2029, 2, 28)
    with pytest.raises(ValueError, match="no length"):
        after(TODAY, "3y")
    assert may_issue("ASC", issuer="un", country="CHE")
    assert not may_issue("ASC", issuer="ngo", country="TCD")
    assert may_issue("APR_APPL_DOC", issuer="government", country="GRC")
    assert not may_issue("APR_APPL_DOC", issuer="government", country="DNK"), "not bound by the Regulation"


def test_what_is_printed_in_which_letters() -> None:
    assert printable("Mariam مريم Маріам Ελένη Ngô") == "Mariam مريم Маріам Ελένη Ngô"
    assert printable("ሀብቶም").isascii()
    assert printable("a\u202eb\x00") == "ab", "what turns the direction of a text is left out"
    who = {
        "given": "",
        "family": "",
        "native": "Suharto",
        "sex": "M",
        "nationality": "",
        "born": None,
        "precision": "",
    }
    assert holder(legal_status="REFUGEE", **who).nationality == mrz.REFUGEE
    assert holder(legal_status="OIP", **who).nationality == mrz.OTHER_REFUGEE
    assert holder(legal_status="STATELESS", **who).nationality == mrz.STATELESS
    assert holder(legal_status="ASYLUM_SEEKER", **who).nationality == mrz.UNSPECIFIED
    assert holder(legal_status="REFUGEE", **who).primary == "Suharto"


# ---- the life of a paper


def test_prepared_printed_handed_over_renewed(cast: Cast, asking: list[Individual]) -> None:
    mariam, by = asking[0], cast.caseworker
    first = prepare(by, "ASC", mariam)
    assert (first.status, first.until, first.language, says(first)) == (
        "draft",
        date(2027, 3, 2),
        "en",
        "withdrawn",
    )
    with pytest.raises(NotPermitted, match="in preparation already"):
        prepare(by, "ASC", mariam)
    with pytest.raises(NotPermitted, match="not printed yet"), acting_as(by.viewer):
        issued.hand_over(documents=[first], by=by.viewer, now=NOW)
    with acting_as(by.viewer):
        for times in (1, 2):
            printing.print_again(document=first, by=by.viewer)
            first.refresh_from_db()
            assert (first.status, first.prints) == ("printed", times)
        issued.hand_over(documents=[first], stock="A 0001", by=by.viewer, now=NOW)
        first.refresh_from_db()
    assert (first.status, first.stock, first.issued_by_id, says(first)) == (
        "issued",
        "A 0001",
        by.user.pk,
        "valid",
    )
    assert says(first, date(2027, 3, 2)) == "valid"
    assert says(first, date(2027, 3, 3)) == "expired", "no sweep is needed"
    second = give(by, "ASC", mariam, now=NOW + timedelta(days=300), until=date(2027, 6, 1))
    assert (says(first), says(second)) == ("replaced", "valid")
    child = give(by, "ASC", asking[1])
    assert says(second) == says(child) == "valid", "another person's is another paper"
    with acting_as(by.viewer):
        assert issued.expire(agency=cast.border, now=NOW + timedelta(days=500)) == 2
    with acting_as(by.viewer):
        names = list(
            Event.objects.filter(subject_id=mariam.pk, name__startswith="registration.issued").values_list(
                "name", flat=True
            )
        )
    assert sorted(names) == sorted(["registration.issued.prepared", "registration.issued.handed_over"] * 2)


def test_who_may_have_what_and_until_when(cast: Cast, asking: list[Individual], supervisor: Person) -> None:
    mariam, by = asking[0], cast.caseworker
    for kind, more, why in [
        ("RC", {}, "does not fit the legal status"),
        ("APR_APPL_DOC", {}, "Your agency does not issue"),
        ("nonsense", {"until": TODAY}, "Your agency does not issue"),
        ("ASC", {"until": date(2027, 3, 3)}, "at the longest"),
        ("ASC", {"until": date(2026, 3, 1)}, "at least"),
        ("ASC", {"until": None}, "Say until when"),
    ]:
        with pytest.raises(NotPermitted, match=why):
            prepare(by, kind, mariam, **{"until": TODAY, **more})
    with pytest.raises(NotPermitted, match="focal point"):
        prepare(by, "POR_GROUP", asking[1])
    with pytest.raises(NotPermitted, match="Your role"):
        prepare(cast.decider, "ASC", mariam)
    with pytest.raises(NotPermitted, match="does not issue"):
        prepare(cast.partner, "ASC", mariam)
    with pytest.raises(NotPermitted, match="can no longer be seen"):
        prepare(cast.stranger, "TOKEN", mariam)
    # What is printed elsewhere is noted here without a print.
    legal(asking, "REFUGEE", by)
    travel = give(by, "CTD", mariam)
    assert (travel.status, travel.prints, says(travel)) == ("issued", 0, "valid")
    with pytest.raises(NotPermitted, match="not printed here"), acting_as(by.viewer):
        printing.print_again(document=travel, by=by.viewer)


def test_one_in_force_whoever_writes_it(cast: Cast, asking: list[Individual]) -> None:
    one, two = give(cast.caseworker, "ASC", asking[0]), prepare(cast.caseworker, "ASC", asking[0])
    with pytest.raises(IntegrityError), acting_as(cast.caseworker.viewer), transaction.atomic():
        IssuedDocument.objects.filter(pk=two.pk).update(status="issued", given_at=NOW)
    assert says(one) == "valid"


def test_the_applicants_document_ends_the_one_of_registration(cast: Cast, asking: list[Individual]) -> None:
    cast.border.country = "GRC"
    cast.border.save()
    first = give(cast.caseworker, "APR_REG_DOC", asking[0])
    second = give(cast.caseworker, "APR_APPL_DOC", asking[0])
    assert (says(first), says(second)) == ("replaced", "valid")  # APR 29(3)
    with acting_as(cast.caseworker.viewer):
        (content,) = printing.contents([second.pk], by=cast.caseworker.viewer).values()
    assert ["Area of movement", "Greece"] in [list(one[:2]) for one in content["facts"]]


@pytest.mark.parametrize(
    "to", sorted(set(IssuedStatus) - {"draft", "printed", "issued", "renewed", "expired"})
)
def test_what_became_of_it_is_told_at_once(
    cast: Cast, asking: list[Individual], supervisor: Person, to: str
) -> None:
    made = give(cast.caseworker, "ASC", asking[0])
    if to in {"withdrawn", "confiscated", "invalidated"}:
        with pytest.raises(NotPermitted, match="Ask a supervisor"):
            ends(made, to, cast.caseworker, "Forged papers")
        with pytest.raises(NotPermitted, match="Say why"):
            ends(made, to, supervisor, " ")
    ends(made, to, supervisor, "As the law says")
    assert says(made) == "withdrawn"
    with pytest.raises((TransitionNotAllowed, NotPermitted)):
        ends(made, "issued", supervisor, "no way back")
    if to in {"lost", "stolen"}:
        ends(made, "returned", cast.caseworker)
        assert says(made) == "withdrawn", "what was found again stays invalid"


def test_moves_are_those_of_the_table(cast: Cast, asking: list[Individual], supervisor: Person) -> None:
    """From each status everything that is not in the table is refused."""
    made = prepare(cast.caseworker, "ASC", asking[0])
    for was, allowed in ISSUED_MOVES.items():
        with acting_as(supervisor.viewer):
            IssuedDocument.objects.filter(pk=made.pk).update(status=was, given_at=NOW)
        for to in set(IssuedStatus) - allowed:
            with pytest.raises((TransitionNotAllowed, NotPermitted)):
                ends(made, to, supervisor, "why not")


# ---- the record of the holder ends


@pytest.mark.parametrize("reason", [ProcessReason.DECEASED, ProcessReason.DEPARTED, ProcessReason.REJECTED])
def test_a_closed_record_withdraws_its_papers(
    cast: Cast, asking: list[Individual], supervisor: Person, reason: str
) -> None:
    mariam, viewer = asking[0], supervisor.viewer
    wanted = [("POR_GROUP", mariam), ("ASC", mariam), ("ASC", asking[1])]
    group, own, child = (give(cast.caseworker, kind, one) for kind, one in wanted)
    draft = prepare(cast.caseworker, "ASC", mariam)
    with acting_as(viewer):
        status.change_record(
            individual=mariam,
            to=ProcessStatus.CLOSED,
            reason=reason,
            on=TODAY,
            by=viewer,
            now=NOW,
            successor=asking[1],
            child_headed=True,
        )
    assert [says(one) for one in (group, own, draft, child)] == [
        "withdrawn",
        "withdrawn",
        "withdrawn",
        "valid",
    ]
    with pytest.raises(NotPermitted, match="closed or inactive"):
        prepare(cast.caseworker, "ASC", mariam)
    with acting_as(viewer):
        person = Individual.objects.get(pk=mariam.pk)
        status.change_record(
            individual=person,
            to=ProcessStatus.ACTIVE,
            reason=ProcessReason.REOPENED,
            on=TODAY,
            by=viewer,
            now=NOW,
        )
    assert says(own) == "withdrawn", "opening the record again brings nothing back"


def test_a_merged_record_loses_its_papers(
    cast: Cast, event: InfluxEvent, asking: list[Individual], supervisor: Person
) -> None:
    (again,) = register(cast.caseworker, event, [{"given_name": "Maryam"}])
    legal([again], "ASYLUM_SEEKER", cast.caseworker)
    kept, lost = give(cast.caseworker, "ASC", asking[0]), give(cast.caseworker, "ASC", again)
    with acting_as(supervisor.viewer):
        merge = merging.merge(
            survivor=asking[0], merged=again, taken=[], reason="The same", by=supervisor.viewer, now=NOW
        )
    assert (says(kept), says(lost)) == ("valid", "withdrawn")
    with acting_as(supervisor.viewer):
        merging.part(merge=merge, reason="Two sisters", by=supervisor.viewer, now=NOW)
    assert says(lost) == "withdrawn"


# ---- what is printed


def _pages(content: bytes) -> list[Any]:
    return list(pypdfium2.PdfDocument(content))


def _scanned(page: Any) -> str:
    (found,) = zxingcpp.read_barcodes(page.render(scale=3).to_pil())
    return str(found.text)


def test_the_code_on_the_page_leads_to_the_truth(
    cast: Cast, asking: list[Individual], supervisor: Person
) -> None:
    """Certificate, group and card, drawn in two languages, scanned from the drawn page, asked by somebody who is not signed in."""
    by, mariam = cast.caseworker, asking[0]
    with acting_as(by.viewer):
        drawn = BytesIO()
        Image.new("RGB", (600, 800), "teal").save(drawn, "JPEG")
        photos.take(individual=mariam, data=drawn.getvalue(), by=by.viewer, now=NOW)
        Individual.objects.filter(pk=mariam.pk).update(
            native_name="مريم إدريس أبكر", birth_place='#set page("x") $1 ሀ'
        )
    documents = [
        prepare(by, "ASC", mariam),
        prepare(by, "POR_GROUP", mariam, language="ar"),
        prepare(by, "ASC", asking[1], language="ar"),
    ]
    legal([mariam], "REFUGEE", by)
    documents.append(prepare(by, "RC", mariam))
    with acting_as(by.viewer):
        content = [one for made in documents for one in printing.print_again(document=made, by=by.viewer)]
        issued.hand_over(documents=documents, by=by.viewer, now=datetime(2026, 3, 2, 10, tzinfo=NOW.tzinfo))
    pages = _pages(papers.draw(content))
    certificate, group, child, front, back = pages
    said = certificate.get_textpage().get_text_range()
    assert "Asylum-seeker certificate" in said
    assert "#set page" in said, "what people write is never markup"
    assert "This is not a travel document." in said
    assert [row[0] for row in content[1]["people"]] == [one.number for one in asking]
    assert "مريم" in content[0]["facts"][1][1]
    assert mariam.number in front.get_textpage().get_text_range()
    zone = [line for line in back.get_textpage().get_text_range().split() if len(line) == 30]
    read = mrz.read_td1(zone)
    assert (read.number, read.nationality, read.issuer, read.wrong) == (documents[3].number, "XXB", "TCD", ())
    browser = cast.stranger.browser()
    browser.logout()
    for page, document in zip((certificate, group, child, back), documents, strict=True):
        address = _scanned(page)
        assert not {document.number, str(document.pk), mariam.number} & set(address.split("/"))
        path = address.removeprefix("https://localhost")
        answer = browser.get(path)
        assert "This document is valid" in answer.content.decode()
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Mariam" not in answer.content.decode()
    ends(documents[0], "withdrawn", supervisor, "Fraud")
    path = _scanned(certificate).removeprefix("https://localhost")
    assert "This document is not valid" in browser.get(path).content.decode()
    code = path.split("/")[2]
    forged = [
        f"{code[:-1]}{'A' if code[-1] != 'A' else 'B'}",
        "A" * 24,
        "nonsense",
        "ü",
        code[:-2],
        code + code,
    ]
    shapes = {browser.get(f"/v/{one}/").content.decode().count("<") for one in forged}
    assert len(shapes) == 1
    for one in forged:
        assert "This is not one of ours" in browser.get(f"/v/{one}/").content.decode()
    with translation.override("en"):  # the language of a request stays with the thread
        assert 'dir="rtl"' in browser.get(path, headers={"accept-language": "ar"}).content.decode()


# ---- many at once


@pytest.fixture
def crowd(cast: Cast, event: InfluxEvent) -> list[Individual]:
    """Twelve families of one, all asking for asylum."""
    people = [
        register(cast.caseworker, event, [{"given_name": f"Mariam {one}"}])[0] for one in "abcdefghijkl"
    ]
    legal(people, "ASYLUM_SEEKER", cast.caseworker)
    return people


def _ask(by: Person, people: list[Individual], **more: Any) -> PrintBatch:
    with acting_as(by.viewer):
        return batches.ask(kind="ASC", people=people, until=date(2027, 3, 2), by=by.viewer, now=NOW, **more)


def test_a_batch_is_printed_handed_over_and_renewed(cast: Cast, crowd: list[Individual]) -> None:
    by = cast.caseworker
    with acting_as(by.viewer):
        assert batches.waiting_for("ASC", by=by.viewer).count() == 12
    batch = _ask(by, crowd)
    with pytest.raises(NotPermitted, match="being printed"):
        _ask(by, crowd)
    with acting_as(by.viewer):
        assert batches.open_file(batch=batch, by=by.viewer, now=NOW) is None
        assert not batches.waiting_for("ASC", by=by.viewer).exists(), "they are prepared"
    assert batches.run_one(now=NOW)
    assert not batches.run_one(now=NOW)
    with acting_as(by.viewer):
        batch = PrintBatch.objects.get()
        assert (batch.status, batch.done, batch.total) == ("ready", 12, 12)
        assert b"%PDF" not in bytes(batch.file)
        content = batches.open_file(batch=batch, by=by.viewer, now=NOW)
        assert content is not None
        assert batches.hand_over(batch=batch, by=by.viewer, now=NOW) == 12
        soon = date(2027, 2, 20)
        assert not batches.waiting_for("ASC", by=by.viewer, until=soon).exists()
        assert batches.waiting_for("ASC", by=by.viewer, until=date(2027, 3, 2)).count() == 12
        assert not batches.waiting_for("ASC", by=by.viewer, until=date(2027, 3, 2), site="NOWHERE").exists()
    assert len(_pages(content)) == 12
    later = NOW + timedelta(hours=24)
    with acting_as(by.viewer):
        assert batches.open_file(batch=batch, by=by.viewer, now=later) is None
        batch.refresh_from_db()
        assert (batch.status, bytes(batch.file), bytes(batch.key)) == ("expired", b"", b"")


def test_a_batch_ends_with_its_day_its_rights_or_by_hand(
    cast: Cast, crowd: list[Individual], supervisor: Person
) -> None:
    by = cast.caseworker
    first = _ask(by, crowd[:3])
    with acting_as(by.viewer):
        batches.cancel(batch=first, by=by.viewer, now=NOW)
        assert set(IssuedDocument.objects.filter(batch=first).values_list("status", flat=True)) == {
            "invalidated"
        }
    assert not batches.run_one(now=NOW)
    second = _ask(by, crowd[:3])
    batches.run_one(now=NOW)
    # One of them dies: their paper stays in the file, and the file with it; one whom the clerk may not see any more ends it.
    with acting_as(supervisor.viewer):
        status.change_record(
            individual=crowd[0],
            to=ProcessStatus.CLOSED,
            reason=ProcessReason.DECEASED,
            on=TODAY,
            by=supervisor.viewer,
            now=NOW,
        )
    with acting_as(by.viewer):
        second.refresh_from_db()
        assert batches.open_file(batch=second, by=by.viewer, now=NOW) is not None
        assert batches.hand_over(batch=second, by=by.viewer, now=NOW) == 2
        IssuedDocument.objects.filter(individual=crowd[1]).update(batch=None)
        assert batches.open_file(batch=second, by=by.viewer, now=NOW) is None
    third = _ask(by, crowd[3:6])
    by.membership.is_active = False
    by.membership.save()
    batches.run_one(now=NOW)
    with acting_as(supervisor.viewer):
        third = PrintBatch.objects.get(pk=third.pk)
        assert (third.status, bytes(third.key)) == ("failed", b"")
    erased = _ask(supervisor, crowd[8:10])
    batches.run_one(now=NOW)
    with acting_as(supervisor.viewer):
        batches.end_with([crowd[9].pk], now=NOW)
        erased.refresh_from_db()
        assert (erased.status, bytes(erased.file), bytes(erased.key)) == ("failed", b"", b"")
    fourth = _ask(supervisor, crowd[6:8])
    batches.run_one(now=NOW)
    assert batches.end_due(agency=cast.border, now=NOW + timedelta(hours=25)) == 1
    with acting_as(supervisor.viewer):
        fourth.refresh_from_db()
        assert fourth.status == "expired"
        assert batches.purge(agency=cast.border, now=NOW + timedelta(days=400), at_most=50) == 5
        assert IssuedDocument.objects.filter(individual=crowd[6]).get().batch_id is None


def test_a_batch_takes_the_same_number_of_statements_whatever_its_size(
    cast: Cast, crowd: list[Individual]
) -> None:
    def asked(people: list[Individual]) -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            batch = _ask(cast.caseworker, people)
            batches.run_one(now=NOW)
            with acting_as(cast.caseworker.viewer):
                batches.hand_over(batch=batch, by=cast.caseworker.viewer, now=NOW)
        return len(seen)

    few = asked(crowd[:2])
    assert asked(crowd[2:]) == few
