"""Is a relative found with consent alone: the seeker's before anybody is asked, and the other's before anybody is told?"""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from agencies.models import Agreement, Notification
from refugeecm.core import outbox
from refugeecm.core.models import ReadEvent
from registration.actions import tracing
from registration.actions.sealing import Opener
from registration.models import Individual, InfluxEvent, Relative, TracingMatch, TracingRequest
from registration.policies import NotPermitted
from tests.conftest import NOW, Cast, Person, acting_as, end, register

pytestmark = pytest.mark.usefixtures("db")
BROTHER = {
    "given_name": "Ibrahim", "father_name": "Idris", "family_name": "Abakar", "sex": "M", "date_of_birth": "1987-03-09",
    "registration_site": "CAMP-SECRET", "marital_status": "single",
}  # fmt: skip
SOUGHT = {
    "given_name": "Ibraheem",
    "father_name": "Idriss",
    "family_name": "Abakar",
    "sex": "M",
    "nationality": "SDN",
}


@pytest.fixture
def brother(cast: Cast, event: InfluxEvent) -> Individual:
    """Mariam's brother, registered by the same agency in another camp."""
    return register(cast.caseworker, event, [BROTHER])[0]


@pytest.fixture
def asked(cast: Cast, family: list[Individual], brother: Individual) -> TracingRequest:
    """Mariam looks for her brother, whose year of birth she is not sure of."""
    return look_for(cast.caseworker, family[0])


def look_for(who: Person, seeker: Individual, **given: Any) -> TracingRequest:
    with acting_as(who.viewer):
        return tracing.open_request(
            individual=seeker, relationship="SBM", sought={**SOUGHT, **given}, last_seen="At the river", consent_on=NOW.date(),
            consent_language="Arabic", by=who.viewer, now=NOW,
        )  # fmt: skip


def found(who: Person, request: TracingRequest, to: str = "confirmed") -> TracingMatch:
    """The one match of a request, decided."""
    with acting_as(who.viewer):
        match = TracingMatch.objects.get(request=request)
        tracing.decide(match=match, to=to, by=who.viewer, now=NOW)
        return match


def says(who: Person, match: TracingMatch, *, agrees: bool) -> None:
    with acting_as(who.viewer):
        tracing.answer(match=TracingMatch.objects.get(pk=match.pk), agrees=agrees, by=who.viewer, now=NOW)


def links(who: Person, person: Individual) -> list[tuple[str, str, str]]:
    """What stands of relatives elsewhere: (what they are, number, where)."""
    with acting_as(who.viewer):
        opener = Opener([person.pk])
        rows = Relative.objects.filter(individual=person).order_by("pk")
        return [(one.relationship, one.number, opener.fact(one, "whereabouts")) for one in rows]


def test_found_under_another_spelling_and_told_only_when_he_agrees(
    cast: Cast, family: list[Individual], brother: Individual, asked: TracingRequest
) -> None:
    browser = cast.caseworker.browser()
    page = browser.get(reverse("tracing", args=[asked.pk])).content.decode()
    assert brother.number in page
    assert "At the river" in page
    assert "CAMP-SECRET" not in page, "where he is, nobody who searches is told"
    with acting_as(cast.caseworker.viewer):
        match = TracingMatch.objects.get(request=asked)
    assert b"river" not in bytes(asked.last_seen)
    browser.post(reverse("traced-decide", args=[match.pk]), {"to": "confirmed"})
    assert links(cast.caseworker, family[0]) == []
    listed = browser.get(reverse("tracings")).content.decode()
    assert "People of ours to be asked" in listed
    page = browser.get(reverse("traced", args=[match.pk])).content.decode()
    assert "Mariam Idris Abakar" in page
    assert (
        "Recorded."
        in browser.post(reverse("traced", args=[match.pk]), {"agrees": "yes"}, follow=True).content.decode()
    )
    assert links(cast.caseworker, family[0]) == [("SBM", brother.number, "CAMP-SECRET")]
    assert links(cast.caseworker, brother) == [("SBF", family[0].number, "CAMP-A")]
    with acting_as(cast.caseworker.viewer):
        asked.refresh_from_db()
    assert asked.status == "found"


def test_he_wants_no_contact_and_nothing_is_told(
    cast: Cast, family: list[Individual], brother: Individual, asked: TracingRequest
) -> None:
    match = found(cast.caseworker, asked)
    says(cast.colleague, match, agrees=False)
    with acting_as(cast.caseworker.viewer):
        asked.refresh_from_db()
        assert tracing.search(request=asked, by=cast.caseworker.viewer, now=NOW) == 0, (
            "he does not come again"
        )
    assert asked.status == "open", "for the seeker nobody was found so far"
    assert links(cast.caseworker, family[0]) == links(cast.caseworker, brother) == []


def test_ruled_out_he_does_not_come_again_and_the_own_family_never_comes(
    cast: Cast, event: InfluxEvent, family: list[Individual], asked: TracingRequest
) -> None:
    found(cast.caseworker, asked, to="rejected")
    with acting_as(cast.caseworker.viewer):
        assert tracing.search(request=asked, by=cast.caseworker.viewer, now=NOW) == 0
    son = {"given_name": "Yusuf", "father_name": "Idris", "family_name": "Abakar", "sex": "M"}
    with acting_as(cast.caseworker.viewer):
        made = look_for(cast.caseworker, family[0], **son)
        assert not TracingMatch.objects.filter(request=made, individual__in=family).exists()


def test_she_takes_her_consent_back_and_nobody_is_asked_any_more(
    cast: Cast, family: list[Individual], brother: Individual, asked: TracingRequest
) -> None:
    match = found(cast.caseworker, asked)
    browser = cast.caseworker.browser()
    assert (
        "Recorded."
        in browser.post(
            reverse("tracing-act", args=[asked.pk]), {"act": "withdraw"}, follow=True
        ).content.decode()
    )
    with acting_as(cast.caseworker.viewer):
        asked.refresh_from_db()
        match.refresh_from_db()
    assert (asked.status, match.status, match.shown) == ("withdrawn", "ended", {})
    page = browser.post(reverse("traced", args=[match.pk]), {"agrees": "yes"}).content.decode()
    assert "took back their consent" in page
    assert links(cast.caseworker, family[0]) == []


@pytest.mark.parametrize("who", ["seeker", "sought"])
def test_consent_taken_back_after_contact_removes_the_links_from_both(
    cast: Cast, family: list[Individual], brother: Individual, asked: TracingRequest, who: str
) -> None:
    match = found(cast.caseworker, asked)
    says(cast.caseworker, match, agrees=True)
    if who == "seeker":
        with acting_as(cast.caseworker.viewer):
            tracing.withdraw(request=asked, by=cast.caseworker.viewer, now=NOW)
    else:
        url = reverse("traced", args=[match.pk])
        page = cast.caseworker.browser().post(url, {"act": "take_back"}, follow=True).content.decode()
        assert "gone from both" in page
    assert links(cast.caseworker, family[0]) == links(cast.caseworker, brother) == []


def test_between_agencies_the_other_one_asks_and_only_its_name_is_told(
    cast: Cast, family: list[Individual], brother: Individual, agree: Any, event: InfluxEvent
) -> None:
    agreement = agree(classes=["C1", "C2"])
    (sister,) = register(
        cast.partner, event, [{"given_name": "Zahra", "father_name": "Idris", "family_name": "Abakar"}]
    )
    made = look_for(cast.partner, sister)
    page = cast.partner.browser().get(reverse("tracing", args=[made.pk])).content.decode()
    assert "Ibrahim" in page
    assert "CAMP-SECRET" not in page
    with acting_as(cast.partner.viewer):
        match = TracingMatch.objects.get(request=made, individual=brother)
    border = cast.caseworker.browser()
    assert border.get(reverse("traced", args=[match.pk])).status_code == 404, (
        "not before somebody there has looked"
    )
    with acting_as(cast.partner.viewer):
        tracing.decide(match=match, to="confirmed", by=cast.partner.viewer, now=NOW)
        with pytest.raises(NotPermitted, match="responsible for this person asks"):
            tracing.answer(match=match, agrees=True, by=cast.partner.viewer, now=NOW)
    outbox.drain(now=NOW)
    with acting_as(cast.caseworker.viewer):
        assert Notification.objects.filter(event=tracing.CONFIRMED).exists()
        assert ReadEvent.objects.filter(view="tracing", subject_type="registration.individual").count() >= 1
    assert "Zahra Idris Abakar" in border.get(reverse("traced", args=[match.pk])).content.decode()
    assert border.get(reverse("tracing", args=[made.pk])).status_code == 404, (
        "her request stays with her agency"
    )
    says(cast.caseworker, match, agrees=True)
    assert links(cast.partner, sister) == [("SBM", brother.number, "Border Office")]
    assert links(cast.caseworker, brother) == [("SBF", sister.number, "Helping Hands")]
    end(Agreement.objects.get(pk=agreement.pk), cast.admin)
    again = cast.partner.browser().get(reverse("tracing", args=[made.pk])).content.decode()
    assert "Ibrahim Idris" not in again, "who is no longer shared is no longer listed"


def test_what_ended_meanwhile_is_not_told_and_nothing_goes_home(
    cast: Cast, brother: Individual, agree: Any, event: InfluxEvent
) -> None:
    agreement = agree(classes=["C1", "C2"])
    people = [
        {"given_name": "Zahra", "father_name": "Idris", "family_name": "Abakar", "nationality": nation}
        for nation in ("SDN", "TCD")
    ]
    zahra, citizen = (register(cast.partner, event, [one])[0] for one in people)
    match = found(cast.partner, look_for(cast.partner, zahra))
    says(cast.caseworker, match, agrees=False)
    listed = cast.partner.browser().get(reverse("tracing", args=[match.request_id])).content.decode()
    assert "Wants no contact" not in listed, "a no would tell that it is he"
    chadian = look_for(cast.partner, citizen)
    with pytest.raises(NotPermitted, match="authorities of their own country"):
        found(cast.partner, chadian)  # the brother's agency is the government of Chad
    end(Agreement.objects.get(pk=agreement.pk), cast.admin)
    with acting_as(cast.partner.viewer):
        TracingMatch.objects.filter(pk=match.pk).update(
            status="confirmed", answered_at=None, answered_by=None
        )
    with pytest.raises(NotPermitted, match="No agreement"):
        says(cast.caseworker, match, agrees=True)
    assert links(cast.partner, zahra) == []


def test_what_is_typed_is_checked(cast: Cast, family: list[Individual]) -> None:
    browser, url = cast.caseworker.browser(), reverse("tracing-new", args=[family[0].pk])
    typed = {"relationship": "SBM", "sex": "U", "consent_on": "2026-03-01", "consent_language": "Arabic"}
    assert "Give at least one name" in browser.post(url, typed).content.decode()
    assert browser.post(url, {**typed, "given_name": "Ali", "born": "someday"}).status_code == 200
    assert (
        "in the future"
        in browser.post(url, {**typed, "given_name": "Ali", "consent_on": "2099-01-01"}).content.decode()
    )
    made = browser.post(
        url, {**typed, "native_name": "إبراهيم", "born": "1987"}, follow=True
    ).content.decode()
    assert "إبراهيم" in made
    assert "1987" in made
    assert cast.decider.browser().get(url).status_code == 403
    assert cast.partner.browser().get(url).status_code == 404
