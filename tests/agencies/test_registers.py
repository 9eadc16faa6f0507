"""Are breaches and requests by law enforcement written down, with their clocks, and never answered by themselves or by one person?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from agencies.actions import agencies as founding
from agencies.actions import registers
from agencies.enums import Role
from agencies.models import Breach, LawRequest
from agencies.policies import NotPermitted
from agencies.views.registers import time_left
from refugeecm.core.models import Event, User
from refugeecm.core.transitions import TransitionNotAllowed
from tests.conftest import NOW, Person, acting_as

pytestmark = pytest.mark.django_db
BREACH = {"what": "A laptop was stolen", "whose": "Families of the event east-2026"}
ASKED = {
    "asked_by": "Police of N'Djamena, 12/2026",
    "legal_basis": "Article 5 of their law",
    "asked_for": "Who lives in CAMP-A",
}


@pytest.fixture
def second(cast) -> Person:
    user = User.objects.create_user("anna@border.example", name="Anna")
    return Person(user, founding.enrol(agency=cast.border, user=user, role=Role.ADMINISTRATOR))


def local(moment) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%dT%H:%M}"


def test_a_breach_from_its_notice_to_its_close(cast):
    """An administrator writes it down, contains it, tells the authority and the people, and closes it."""
    browser, noticed = cast.admin.browser(), timezone.now() - timedelta(hours=50)
    answer = browser.post(
        "/registers/breaches/new/", {**BREACH, "noticed_at": local(noticed), "people": "120"}, follow=True
    )
    page = answer.content.decode()
    assert "A laptop was stolen" in page
    assert "21 hours left" in page
    with acting_as(cast.admin.viewer):
        breach = Breach.objects.get()
    assert breach.authority_due_at - breach.noticed_at == timedelta(hours=72)
    here = f"/registers/breaches/{breach.pk}/"
    assert "Write down what was done" in browser.post(here, {"to": "closed"}, follow=True).content.decode()
    browser.post(here, {"measures": "Passwords changed", "not_told_because": "Nobody is at risk"})
    refused = browser.post(here, {"to": "closed"}, follow=True).content.decode()
    assert "no longer possible" in refused, "open breaches are contained first"
    browser.post(here, {"to": "contained"})
    browser.post(here, {"measures": "Passwords changed"})
    assert "why it was not" in browser.post(here, {"to": "closed"}, follow=True).content.decode()
    told = {
        "measures": "Passwords changed",
        "authority_told_at": local(timezone.now()),
        "people_told_at": local(timezone.now()),
    }
    assert "left" not in browser.post(here, told, follow=True).content.decode()
    browser.post(here, {"to": "closed"})
    with acting_as(cast.admin.viewer):
        breach.refresh_from_db()
        assert (breach.status, breach.closed_by_id) == ("closed", cast.admin.user.pk)
        names = list(
            Event.objects.filter(subject_id=breach.pk).order_by("at", "id").values_list("name", flat=True)
        )
        assert names == [
            registers.NOTED,
            registers.KEPT,
            registers.MOVED,
            registers.KEPT,
            registers.KEPT,
            registers.MOVED,
        ]
        with pytest.raises(NotPermitted, match="closed"):
            registers.keep_breach(
                breach=breach, by=cast.admin.viewer, now=NOW, measures="", authority_told_at=None, not_told_because="",
                people_told_at=None,
            )  # fmt: skip


def test_wrong_values_are_explained(cast):
    browser = cast.admin.browser()
    ahead = browser.post(
        "/registers/breaches/new/", {**BREACH, "noticed_at": local(timezone.now() + timedelta(days=1))}
    )
    assert "This lies in the future" in ahead.content.decode()
    assert "There is a problem" in browser.post("/registers/requests/new/", {"asked_by": ""}).content.decode()


def test_a_request_goes_to_the_focal_point_and_a_second_person_refuses_it(cast, second):
    browser, now = cast.admin.browser(), timezone.now()
    given = {**ASKED, "received_at": local(now), "answer_by": local(now + timedelta(days=5, hours=1))}
    page = browser.post("/registers/requests/new/", given, follow=True).content.decode()
    assert "5 days left" in page
    assert "Focal point" in page
    with acting_as(cast.admin.viewer):
        request = LawRequest.objects.get()
        with pytest.raises(TransitionNotAllowed):
            registers.decide_request(
                request=request, to="answered", answer="All of it", by=second.viewer, now=NOW
            )
    here = f"/registers/requests/{request.pk}/"
    page = browser.post(here, {"to_whom": "Legal officer"}, follow=True).content.decode()
    assert "Waiting for a colleague" in page
    answer = {"to": "refused", "answer": "No legal basis; privileges and immunities"}
    assert "cannot also answer it" in browser.post(here, answer, follow=True).content.decode()
    page = second.browser().post(here, answer, follow=True).content.decode()
    assert "Refused" in page
    with acting_as(cast.admin.viewer):
        request.refresh_from_db()
        assert (request.status, request.referred_to, request.decided_by_id) == (
            "refused",
            "Legal officer",
            second.user.pk,
        )
    assert "no longer possible" in second.browser().post(here, answer, follow=True).content.decode()


def test_the_database_too_wants_two_people(cast):
    with pytest.raises(IntegrityError, match="law_request_two_people"), acting_as(cast.admin.viewer):
        request = registers.receive_request(
            by=cast.admin.viewer, now=NOW, received_at=NOW, answer_by=NOW, **ASKED
        )
        LawRequest.objects.filter(pk=request.pk).update(
            status="answered", decided_by=cast.admin.user, decided_at=NOW
        )


def test_what_was_withdrawn_needs_nobody_else(cast):
    with acting_as(cast.admin.viewer):
        request = registers.receive_request(
            by=cast.admin.viewer, now=NOW, received_at=NOW, answer_by=NOW, **ASKED
        )
    page = cast.admin.browser().post(f"/registers/requests/{request.pk}/", {"to": "withdrawn"}, follow=True)
    assert "Withdrawn" in page.content.decode()


def test_registers_are_the_agencys_own(cast, second):
    with acting_as(cast.admin.viewer):
        breach = registers.note_breach(by=cast.admin.viewer, now=NOW, noticed_at=NOW, **BREACH)
    user = User.objects.create_user("sana@border.example", name="Sana")
    supervisor = Person(user, founding.enrol(agency=cast.border, user=user, role=Role.SUPERVISOR))
    page = supervisor.browser().get(f"/registers/breaches/{breach.pk}/").content.decode()
    assert BREACH["what"] in page
    assert "What comes next" not in page
    refused = supervisor.browser().post(f"/registers/breaches/{breach.pk}/", {"to": "contained"}, follow=True)
    assert "Only an administrator" in refused.content.decode()
    assert supervisor.browser().get("/registers/breaches/new/").status_code == 403
    assert cast.caseworker.browser().get("/registers/").status_code == 403
    assert cast.partner_admin.browser().get(f"/registers/breaches/{breach.pk}/").status_code == 404
    assert breach.reference not in cast.partner_admin.browser().get("/registers/").content.decode()
    assert breach.reference in second.browser().get("/registers/").content.decode()
    assert "No requests" in second.browser().get("/registers/?register=requests").content.decode()


@pytest.mark.parametrize(
    ("hours", "said"),
    [(71.5, ("info", "71 hours left")), (23, ("warn", "23 hours left")), (1, ("warn", "1 hour left")), (100, ("info", "4 days left")),
     (-3, ("bad", "3 hours late")), (-80, ("bad", "3 days late"))],
)  # fmt: skip
def test_clocks(hours, said):
    assert time_left(NOW + timedelta(hours=hours), now=NOW) == said
