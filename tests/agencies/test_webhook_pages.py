"""What does an administrator see of the agency's receivers, and what can they do there?"""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from agencies.actions import webhooks
from agencies.models import WebhookDelivery, WebhookEndpoint
from tests.conftest import NOW, Cast, Person, acting_as

URL = "https://cases.help.example/hooks"


@pytest.fixture
def endpoint(cast: Cast) -> WebhookEndpoint:
    """HELP's receiver, with one test event on its way."""
    viewer = cast.partner_admin.viewer
    with acting_as(viewer):
        made, _secret = webhooks.add(url=URL, topics=["cases.claim.decided"], by=viewer, now=NOW)
        webhooks.test(endpoint=made, by=viewer, now=NOW)
    return made


def at(name: str, endpoint: WebhookEndpoint) -> str:
    return reverse(name, args=[endpoint.pk])


def stored(whose: Person) -> WebhookEndpoint:
    with acting_as(whose.viewer):
        return WebhookEndpoint.objects.get()


def all_dead(whose: Person) -> None:
    with acting_as(whose.viewer):
        WebhookDelivery.objects.update(status="dead", finished_at=NOW, attempts=10, problem="unreachable")


def test_adding_shows_the_secret_once(cast: Cast) -> None:
    browser = cast.partner_admin.browser()
    assert "No receivers" in browser.get(reverse("webhooks")).content.decode()
    chosen = {"url": URL, "topics": ["cases.claim.opened", "cases.claim.decided"]}
    page = browser.post(reverse("webhook-new"), chosen).content.decode()
    found = re.search(r"whsec_[A-Za-z0-9+/=]{44}", page)
    assert found is not None
    assert stored(cast.partner_admin).topics == chosen["topics"]
    for address in (reverse("webhooks"), at("webhook", stored(cast.partner_admin))):
        text = browser.get(address).content.decode()
        assert URL in text
        assert "whsec_" not in text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"url": "http://cases.help.example/", "topics": ["cases.claim.decided"]}, "begins with https://"),
        ({"url": "https://127.0.0.1/", "topics": ["cases.claim.decided"]}, "public address"),
        ({"url": "https://me:word@cases.help.example/", "topics": ["cases.claim.decided"]}, "no password"),
        ({"url": "", "topics": ["cases.claim.decided"]}, "Give the address"),
        ({"url": URL}, "at least one event"),
        ({"url": URL, "topics": ["agencies.webhook.test"]}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_is_said_in_words(cast: Cast, given: Any, said: str) -> None:
    page = cast.partner_admin.browser().post(reverse("webhook-new"), given)
    assert page.status_code == 200
    assert said in page.content.decode()
    with acting_as(cast.partner_admin.viewer):
        assert not WebhookEndpoint.objects.exists()


def test_ten_receivers_are_enough(cast: Cast) -> None:
    browser = cast.partner_admin.browser()
    pages = [
        browser.post(reverse("webhook-new"), {"url": URL, "topics": ["cases.claim.decided"]})
        for _ in range(11)
    ]
    assert "whsec_" in pages[9].content.decode()
    assert "ten receivers already" in pages[10].content.decode()


def test_a_new_secret_says_that_both_are_valid(cast: Cast, endpoint: WebhookEndpoint) -> None:
    browser = cast.partner_admin.browser()
    assert "whsec_" not in browser.get(at("webhook-rotate", endpoint)).content.decode()
    page = browser.post(at("webhook-rotate", endpoint)).content.decode()
    assert "whsec_" in page
    assert "24 hours" in page
    assert "both secrets sign" in browser.get(at("webhook", endpoint)).content.decode()


def test_pause_resume_and_end(cast: Cast, endpoint: WebhookEndpoint) -> None:
    browser = cast.partner_admin.browser()
    assert "required" in browser.post(at("webhook-pause", endpoint), {}).content.decode()
    page = browser.post(at("webhook-pause", endpoint), {"why": "Moving house"}, follow=True).content.decode()
    assert "Moving house" in page
    assert "Resume" in page
    assert (
        "no longer possible"
        in browser.post(at("webhook-pause", endpoint), {"why": "x"}, follow=True).content.decode()
    )
    assert "Resume it first" in browser.post(at("webhook-test", endpoint), follow=True).content.decode()
    browser.post(at("webhook-resume", endpoint))
    assert stored(cast.partner_admin).status == "active"
    page = browser.post(at("webhook-end", endpoint), {"why": "Replaced"}, follow=True).content.decode()
    assert "Cancelled" in page
    assert "New secret" not in page
    for name in ("webhook-resume", "webhook-rotate", "webhook-replay"):
        assert browser.post(at(name, endpoint)).status_code == 302
    assert stored(cast.partner_admin).status == "ended"


def test_dead_letters_are_sent_again_one_by_one_and_all(cast: Cast, endpoint: WebhookEndpoint) -> None:
    browser = cast.partner_admin.browser()
    with acting_as(cast.partner_admin.viewer):
        webhooks.test(endpoint=endpoint, by=cast.partner_admin.viewer, now=NOW)
    all_dead(cast.partner_admin)
    page = browser.get(at("webhook", endpoint) + "?status=dead").content.decode()
    assert "Send all 2 again" in page
    assert "no connection" in page
    with acting_as(cast.partner_admin.viewer):
        one = WebhookDelivery.objects.order_by("id").first()
    assert one is not None
    address = reverse("delivery-replay", args=[one.pk])
    assert "1 delivery is sent again" in browser.post(address, follow=True).content.decode()
    assert "no longer possible" in browser.post(address, follow=True).content.decode()
    assert (
        "1 delivery is sent again"
        in browser.post(at("webhook-replay", endpoint), follow=True).content.decode()
    )
    assert "No delivery fits" in browser.get(at("webhook", endpoint) + "?status=dead").content.decode()
    assert "no connection" not in browser.get(at("webhook", endpoint)).content.decode(), "not tried anew yet"


def test_who_may(cast: Cast, endpoint: WebhookEndpoint) -> None:
    assert cast.partner.browser().get(reverse("webhooks")).status_code == 403
    stranger = cast.stranger_admin.browser()
    for name in ("webhook", "webhook-rotate", "webhook-pause"):
        assert stranger.get(at(name, endpoint)).status_code == 404
    for name in ("webhook-resume", "webhook-test", "webhook-replay", "webhook-end"):
        assert stranger.post(at(name, endpoint), {"why": "x"}).status_code == 404


def test_a_long_log_takes_few_statements(
    cast: Cast, endpoint: WebhookEndpoint, django_assert_max_num_queries: Any
) -> None:
    with acting_as(cast.partner_admin.viewer):
        for _ in range(30):
            webhooks.test(endpoint=endpoint, by=cast.partner_admin.viewer, now=NOW)
    browser = cast.partner_admin.browser()
    with django_assert_max_num_queries(22):
        assert b"1 to 25 of 31" in browser.get(at("webhook", endpoint)).content
    with django_assert_max_num_queries(16):
        browser.get(reverse("webhooks"))
