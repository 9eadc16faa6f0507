"""Is what people ask about their own data answered in time, by who may, and does a granted objection end all sharing?"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse

from agencies.actions import agencies as founding
from agencies.enums import Role
from refugeecm.core.models import Event, User
from refugeecm.core.transitions import TransitionNotAllowed
from registration.actions import merging, rights
from registration.actions.sealing import Opener
from registration.models import Individual, PersonAccess, RightsRequest
from registration.policies import NotPermitted
from tests.conftest import NOW, Cast, Person, acting_as, register

pytestmark = pytest.mark.usefixtures("db")
TODAY = NOW.date()


@pytest.fixture
def lead(cast: Cast) -> Person:
    """The supervisor at the border."""
    user = User.objects.create_user("vera@border.example", name="Vera")
    return Person(user, founding.enrol(agency=cast.border, user=user, role=Role.SUPERVISOR))


def _ask(by: Person, person: Individual, kind: str = "objection", *, on: date = TODAY) -> RightsRequest:
    viewer = by.viewer
    with acting_as(viewer):
        return rights.receive(
            individual=person, kind=kind, channel="person", asked_by="self", what="I do not want it", received_on=on,
            by=viewer, now=NOW,
        )  # fmt: skip


def _answer(by: Person, request: RightsRequest, to: str = "granted") -> None:
    with acting_as(by.viewer):
        found = RightsRequest.objects.get(pk=request.pk)
        rights.answer(request=found, to=to, text="As you wish", by=by.viewer, now=NOW)


# ---- the clock


@pytest.mark.parametrize(
    ("received", "country", "month", "three"),
    [
        # 5 March to 5 April, and on to Monday: a Sunday is no last day (Regulation 1182/71, article 3(4)).
        (date(2026, 3, 5), "", date(2026, 4, 6), date(2026, 6, 5)),
        # A month without a 31st ends on its last day (article 3(2)(c)); 28 February 2026 is a Saturday.
        (date(2026, 1, 31), "", date(2026, 3, 2), date(2026, 4, 30)),
        # In a leap year the last day is the 29th.
        (date(2028, 1, 31), "", date(2028, 2, 29), date(2028, 5, 1)),
        (date(2028, 2, 29), "", date(2028, 3, 29), date(2028, 5, 29)),
        # Over the end of a year; 31 December stays the last day in France, 1 May does not.
        (date(2026, 11, 30), "FRA", date(2026, 12, 30), date(2027, 3, 1)),
        (date(2026, 4, 1), "FRA", date(2026, 5, 4), date(2026, 7, 1)),
    ],
)
def test_a_month_is_counted_as_the_regulation_counts(
    received: date, country: str, month: date, three: date
) -> None:
    assert rights.due_on(received, country) == month
    assert rights.due_on(received, country, longer=True) == three


def test_more_time_is_taken_once_with_a_reason_and_within_the_month(
    cast: Cast, family: list[Individual]
) -> None:
    made, viewer = _ask(cast.caseworker, family[0], "access"), cast.caseworker.viewer
    assert made.due_on == date(2026, 4, 2)
    with acting_as(viewer):
        rights.extend(request=made, reason="Four offices", by=viewer, now=NOW + timedelta(days=20))
        made.refresh_from_db()
        assert (made.status, made.due_on) == ("extended", date(2026, 6, 2))
        assert Opener([family[0].pk]).fact(made, "extension") == "Four offices"
        with pytest.raises(TransitionNotAllowed):
            rights.extend(request=made, reason="Again", by=viewer, now=NOW + timedelta(days=21))
    late = _ask(cast.caseworker, family[0], "erasure", on=NOW.date() - timedelta(days=60))
    with pytest.raises(NotPermitted, match="month is over"), acting_as(viewer):
        rights.extend(request=late, reason="Too late", by=viewer, now=NOW)
    with pytest.raises(NotPermitted, match="future"):
        _ask(cast.caseworker, family[0], on=date(2027, 1, 1))


# ---- the answer


def test_a_granted_objection_ends_all_sharing_until_it_is_withdrawn(
    cast: Cast, family: list[Individual], agree: Any, lead: Person
) -> None:
    agree(classes=["C1", "C2"])
    page, partner = reverse("individual", args=[family[0].pk]), cast.partner.browser()
    assert partner.get(page).status_code == 200
    made = _ask(cast.caseworker, family[0])
    assert partner.get(page).status_code == 200, "asking alone changes nothing"
    _answer(lead, made)
    assert partner.get(page).status_code == 404
    assert partner.get(reverse("individual", args=[family[1].pk])).status_code == 200, (
        "it is one person's objection"
    )
    with acting_as(cast.admin.viewer):
        assert not PersonAccess.objects.filter(individual_id=family[0].pk).exists()
    assert cast.colleague.browser().get(page).status_code == 200, "their own agency works on"
    later = _ask(cast.caseworker, family[1], "restriction")
    _answer(lead, later, "refused")
    assert partner.get(reverse("individual", args=[family[1].pk])).status_code == 200
    # A new agreement does not cover her either; her word does.
    agree(classes=["C1", "C2"], title="One more")
    assert partner.get(page).status_code == 404
    with acting_as(cast.caseworker.viewer):
        standing = RightsRequest.objects.get(pk=made.pk)
        rights.withdraw(request=standing, by=cast.caseworker.viewer, now=NOW)
    assert partner.get(page).status_code == 200


def test_an_objection_goes_along_when_records_are_merged(
    cast: Cast, family: list[Individual], agree: Any, lead: Person, event: Any
) -> None:
    agree(classes=["C1", "C2"])
    again = register(cast.caseworker, event, [{}])[0]
    _answer(lead, _ask(cast.caseworker, again))
    with acting_as(lead.viewer):
        merging.merge(survivor=family[0], merged=again, taken=[], reason="", by=lead.viewer, now=NOW)
        carried = RightsRequest.objects.get()
        assert carried.individual_id == family[0].pk
        assert Opener([family[0].pk]).fact(carried, "what") == "I do not want it"
    assert cast.partner.browser().get(reverse("individual", args=[family[0].pk])).status_code == 404


def test_who_answers_and_what_cannot_be_done(cast: Cast, family: list[Individual], lead: Person) -> None:
    made = _ask(cast.caseworker, family[0], "correction")
    with pytest.raises(NotPermitted, match="role"):
        _answer(cast.caseworker, made)
    with pytest.raises(NotPermitted, match="granted or refused"):
        _answer(lead, made, "withdrawn")
    _answer(lead, made)
    with pytest.raises(TransitionNotAllowed):
        _answer(lead, made, "refused")
    with pytest.raises(NotPermitted, match="granted and done"), acting_as(lead.viewer):
        rights.withdraw(request=RightsRequest.objects.get(pk=made.pk), by=lead.viewer, now=NOW)
    with pytest.raises(NotPermitted, match="role"):
        _ask(cast.decider, family[0])
    with pytest.raises(NotPermitted, match="Another agency"):
        _ask(cast.partner, family[0])


# ---- the pages


def test_from_the_first_word_to_the_answer_on_its_pages(
    cast: Cast, family: list[Individual], lead: Person
) -> None:
    browser, person = cast.caseworker.browser(), family[0]
    new = reverse("rights-new", args=[person.pk])
    given = {"kind": "correction", "channel": "person", "asked_by": "self", "received_on": "2026-03-01"}
    assert "There is a problem" in browser.post(new, given).content.decode()
    page = browser.post(new, given | {"what": "وُلدت قبل ذلك بسنة"}, follow=True)
    address = page.redirect_chain[0][0]
    shown = page.content.decode()
    assert "وُلدت قبل ذلك بسنة" in shown
    assert "late" in shown, "the month ended long ago"
    assert "A supervisor of your agency answers it" in shown
    with acting_as(cast.caseworker.viewer):
        assert "سنة".encode() not in bytes(RightsRequest.objects.get().what)
    assert person.number in browser.get(reverse("rights-requests")).content.decode()
    assert person.number in browser.get(reverse("rights-of", args=[person.pk])).content.decode()
    assert "Requests to answer" in browser.get(reverse("home")).content.decode()
    refused = browser.post(
        reverse("rights-longer", args=[address.split("/")[2]]), {"reason": "x"}, follow=True
    )
    assert "The month is over" in refused.content.decode()
    lead.browser().post(address, {"to": "granted", "text": "We correct it"})
    shown = browser.get(address).content.decode()
    assert "We correct it" in shown
    assert f'href="{reverse("correct", args=[person.pk])}"' in shown
    assert person.number not in browser.get(reverse("rights-requests")).content.decode()
    assert person.number in browser.get(reverse("rights-requests") + "?show=all").content.decode()
    with acting_as(cast.caseworker.viewer):
        told = Event.objects.filter(subject_id=person.pk, name__startswith="registration.rights")
        assert told.count() == 2


def test_what_is_asked_of_one_agency_is_no_others_business(
    cast: Cast, family: list[Individual], agree: Any, django_assert_max_num_queries: Any
) -> None:
    made = _ask(cast.caseworker, family[0], "access")
    agree(classes=["C1", "C2", "C3", "C4"], channels=["pages", "api", "export"])
    for who, status in ((cast.partner, 404), (cast.stranger, 404), (cast.admin, 403)):
        for name, key in (("rights-of", family[0].pk), ("rights-request", made.pk)):
            assert who.browser().get(reverse(name, args=[key])).status_code == status
        assert who.browser().post(reverse("rights-withdraw", args=[made.pk])).status_code == status
    with acting_as(cast.partner.viewer):
        assert not RightsRequest.objects.exists(), "nor does the database"
    for person in family:
        for kind in ("access", "correction", "erasure"):
            _ask(cast.caseworker, person, kind)
    browser = cast.caseworker.browser()
    browser.get(reverse("rights-requests"))
    with django_assert_max_num_queries(14):
        browser.get(reverse("rights-requests"))
