"""Does an agency's review of access end what nobody confirms, and only that?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from agencies.actions import reviews
from agencies.enums import ReviewKind, Role, Verdict
from agencies.models import Agency, Agreement, ApiClient, Membership, Notification, Review, ReviewLine
from agencies.policies import NotPermitted
from refugeecm.core import outbox, wall
from tests.conftest import Cast, acting_as


@pytest.fixture
def opened(cast: Cast, agree: Callable[..., Agreement], api_client: Any) -> Review:
    """A review of BORDER, which has members, an API client and an agreement."""
    agree()
    api_client(cast.admin)
    browser = cast.admin.browser()
    answer = browser.post(reverse("review-new"), follow=True)
    assert answer.status_code == 200
    with acting_as(cast.admin.viewer):
        return Review.objects.get()


def line_of(cast: Cast, **conditions: Any) -> ReviewLine:
    with acting_as(cast.admin.viewer):
        return ReviewLine.objects.select_related("review").get(**conditions)


def later(cast: Cast, now: datetime) -> None:
    with acting_as(cast.admin.viewer):
        wall.enter(agency_id=cast.border.pk, user_id=None, reason="test")
        reviews.look_after(agency=Agency.objects.get(pk=cast.border.pk), now=now)


def test_every_access_is_listed_and_decided_with_a_reason(cast: Cast, opened: Review) -> None:
    with acting_as(cast.admin.viewer):
        kinds = list(opened.lines.values_list("kind", flat=True))
    assert {kind: kinds.count(kind) for kind in kinds} == {"member": 5, "client": 1, "agreement": 1}
    browser = cast.admin.browser()
    caseworker = line_of(cast, membership=cast.caseworker.membership)
    address = reverse("review-decide", args=[caseworker.pk])
    assert (
        "Give the reason" in browser.post(address, {"keep": "1", "reason": ""}, follow=True).content.decode()
    )
    said = browser.post(address, {"keep": "1", "reason": "Works at the desk"}, follow=True).content.decode()
    assert "Confirmed." in said
    assert "Works at the desk" in said
    assert (
        "no longer possible"
        in browser.post(address, {"keep": "0", "reason": "Again"}, follow=True).content.decode()
    )
    own = line_of(cast, membership=cast.admin.membership)
    assert f"reason-{own.pk}" not in said
    refused = browser.post(
        reverse("review-decide", args=[own.pk]), {"keep": "1", "reason": "Me"}, follow=True
    )
    assert "Nobody confirms their own access" in refused.content.decode()
    for kind in (ReviewKind.CLIENT, ReviewKind.AGREEMENT):
        line = line_of(cast, kind=kind)
        browser.post(reverse("review-decide", args=[line.pk]), {"keep": "0", "reason": "Not needed"})
    assert not ApiClient.objects.get(agency=cast.border).is_active
    with acting_as(cast.admin.viewer):
        assert Agreement.objects.get().status == "terminated"
    assert "already" in browser.post(reverse("review-new"), follow=True).content.decode()


def test_what_nobody_confirms_ends_with_the_due_day(cast: Cast, opened: Review) -> None:
    kept = line_of(cast, membership=cast.caseworker.membership)
    cast.admin.browser().post(reverse("review-decide", args=[kept.pk]), {"keep": "1", "reason": "Needed"})
    start = opened.opened_at
    for days, reminded in ((1, 0), (7, 7), (8, 7), (13, 13), (14, 13)):
        later(cast, start + timedelta(days=days))
        with acting_as(cast.admin.viewer):
            opened.refresh_from_db()
            assert (opened.reminded_days, opened.status) == (reminded, "open"), days
    later(cast, start + timedelta(days=15))
    with acting_as(cast.admin.viewer):
        opened.refresh_from_db()
        assert opened.status == "closed"
        found = {(one.membership_id or one.kind): one.status for one in opened.lines.all()}
    assert found[cast.caseworker.membership.pk] == Verdict.CONFIRMED
    assert found[cast.colleague.membership.pk] == found["client"] == found["agreement"] == Verdict.LAPSED
    admins = {found[cast.admin.membership.pk], found[cast.second_admin.membership.pk]}
    assert admins == {Verdict.LAPSED, Verdict.KEPT}
    # Adam has been here, his colleague never.
    left = Membership.objects.in_force().filter(agency=cast.border).values_list("user_id", flat=True)
    assert set(left) == {cast.caseworker.user.pk, cast.admin.user.pk}
    assert cast.colleague.browser().get(reverse("people")).status_code == 403
    with acting_as(cast.partner_admin.viewer):
        assert Agreement.objects.get().status == "expired"
    page = cast.admin.browser().get(reverse("review", args=[opened.pk])).content.decode()
    assert "Kept: the last administrator" in page
    assert "Not confirmed, ended" in page
    outbox.drain(now=start + timedelta(days=16))
    with acting_as(cast.admin.viewer):
        told = list(Notification.objects.filter(subject_type="review").values_list("event", flat=True))
    assert told.count("agencies.review.reminded") == 2
    assert told.count("agencies.review.closed") == 1


def test_the_last_decision_closes_the_review(cast: Cast, opened: Review) -> None:
    with acting_as(cast.admin.viewer):
        lines = list(opened.lines.all())
    for line in lines:
        by = cast.second_admin if line.membership_id == cast.admin.membership.pk else cast.admin
        by.browser().post(reverse("review-decide", args=[line.pk]), {"keep": "1", "reason": "Needed"})
    with acting_as(cast.admin.viewer):
        opened.refresh_from_db()
    assert opened.closed_at is not None
    later(cast, opened.opened_at + timedelta(days=90))
    with acting_as(cast.admin.viewer):
        assert Review.objects.count() == 1
    later(cast, opened.opened_at + timedelta(days=91))
    with acting_as(cast.admin.viewer):
        assert Review.objects.count() == 2
        assert Review.objects.order_by("-opened_at")[0].opened_by is None
    assert "Reviews of access" in cast.admin.browser().get(reverse("reviews")).content.decode()


def test_a_review_is_the_agencys_own(cast: Cast, opened: Review) -> None:
    line = line_of(cast, membership=cast.caseworker.membership)
    for person, status in ((cast.partner_admin, 404), (cast.caseworker, 403)):
        browser = person.browser()
        assert browser.get(reverse("review", args=[opened.pk])).status_code == status
        answer = browser.post(reverse("review-decide", args=[line.pk]), {"keep": "0", "reason": "x"})
        assert answer.status_code == status
    with acting_as(cast.admin.viewer), pytest.raises(NotPermitted):
        reviews.open_review(agency=cast.border, by=cast.partner_admin.viewer, now=timezone.now())


def test_a_line_cannot_be_decided_after_the_due_day(cast: Cast, opened: Review) -> None:
    line = line_of(cast, membership=cast.caseworker.membership)
    with acting_as(cast.admin.viewer), pytest.raises(NotPermitted, match="due day has passed"):
        reviews.decide(
            line=line,
            keep=True,
            reason="Late",
            by=cast.admin.viewer,
            now=opened.opened_at + timedelta(days=15),
        )
    assert Membership.objects.get(pk=cast.caseworker.membership.pk).role == Role.CASEWORKER
