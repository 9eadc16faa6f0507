"""Does a shared desk lock, say nothing while it is locked, and open to nobody but the one who locked it?"""

from __future__ import annotations

import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.test import Client
from django.urls import reverse

from agencies.access.declaration import OPEN, SIGNED_IN
from agencies.access.desks import COOKIE, WHEN_LOCKED
from agencies.models import DeskPin
from refugeecm.core.models import Event
from tests.conftest import Cast, Person
from tests.house.addresses import ARGUMENTS

PIN = "271828"


def pages() -> list[str]:
    return ["home", "people", "claims", "mfa_index", "account_change_password", "desk", "mfa_list_webauthn"]


def fresh(person: Person) -> Client:
    """A browser in which the person has just signed in."""
    browser = person.browser()
    session = browser.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "email": "x"}]
    session.save()
    return browser


@pytest.fixture
def desk(cast: Cast) -> Client:
    browser = fresh(cast.caseworker)
    answer = browser.post(reverse("desk"), {"pin": PIN, "again": PIN})
    assert answer.status_code == 302, answer.context and answer.context["form"].errors
    return browser


def test_a_desk_is_locked_and_unlocked(desk: Client, cast: Cast) -> None:
    assert reverse("desk-lock") in desk.get(reverse("home")).content.decode()
    assert desk.post(reverse("desk-lock")).headers["Location"] == reverse("desk-unlock")
    for name in pages():
        assert desk.get(reverse(name)).headers["Location"] == reverse("desk-unlock"), name
    page = desk.get(reverse("desk-unlock")).content.decode()
    assert "<bdi>A</bdi>" in page
    for word in ("Amina", "amina", "Border", "Caseworker"):
        assert word not in page
    before = desk.session.session_key
    assert desk.post(reverse("desk-unlock"), {"pin": PIN}).headers["Location"] == reverse("home")
    desk.post(reverse("desk-lock"), headers={"Referer": "http://testserver//people/?q=Mariam"})
    assert desk.post(reverse("desk-unlock"), {"pin": PIN}).headers["Location"] == "/people/?q=Mariam"
    assert desk.session.session_key != before
    assert desk.get(reverse("people")).status_code == 200
    assert Event.objects.filter(name="agencies.desk.enrolled", actor_id=cast.caseworker.user.pk).count() == 1


def test_a_locked_desk_answers_nothing_else(desk: Client) -> None:
    desk.post(reverse("desk-lock"))
    for name in sorted((OPEN | SIGNED_IN) - WHEN_LOCKED - {"health", "token", "openapi", "openapi-page"}):
        if name in ARGUMENTS:
            continue
        for method in (desk.get, desk.post):
            assert method(reverse(name)).headers["Location"] == reverse("desk-unlock"), name


def test_five_wrong_pins_end_the_session(desk: Client, cast: Cast) -> None:
    desk.post(reverse("desk-lock"))
    for left in (4, 3, 2, 1):
        page = desk.post(reverse("desk-unlock"), {"pin": "999111"}).content.decode()
        assert f"Tries left: {left}" in page
    assert desk.post(reverse("desk-unlock"), {"pin": "999111"}).headers["Location"] == reverse(
        "account_login"
    )
    assert "_auth_user_id" not in desk.session
    assert Event.objects.filter(name="agencies.desk.shut").count() == 1
    assert (
        desk.post(reverse("desk-unlock"), {"pin": PIN})
        .headers["Location"]
        .startswith(reverse("account_login"))
    )
    pin = DeskPin.objects.get(user=cast.caseworker.user)
    assert pin.failures == 5
    assert PIN not in pin.pin
    assert pin.pin.startswith("scrypt$")


def test_after_the_fifth_the_right_one_does_not_help_a_second_session(desk: Client) -> None:
    desk.post(reverse("desk-lock"))
    DeskPin.objects.update(failures=5)
    assert desk.post(reverse("desk-unlock"), {"pin": PIN}).headers["Location"] == reverse("account_login")


def test_idleness_locks_an_enrolled_desk_and_ends_any_other(desk: Client, cast: Cast) -> None:
    for browser, idle, leads_to in (
        (desk, settings.DESK_LOCK_SECONDS + 60, reverse("desk-unlock")),
        (cast.colleague.browser(), settings.IDLE_SECONDS + 60, reverse("account_login")),
    ):
        session = browser.session
        session["seen"] = int(time.time()) - idle
        session.save()
        assert browser.get(reverse("people")).headers["Location"].startswith(leads_to)
    session = desk.session
    session["seen"] = int(time.time()) - 3 * 3600
    session.save()
    assert desk.post(reverse("desk-unlock"), {"pin": PIN}).headers["Location"] == reverse("home")
    session = desk.session
    session["began"] = int(time.time()) - settings.SESSION_COOKIE_AGE - 5
    session.save()
    assert desk.get(reverse("people")).headers["Location"].startswith(reverse("account_login"))
    assert "_auth_user_id" not in desk.session


def test_the_next_session_on_this_browser_knows_the_desk_and_no_other_browser_does(
    desk: Client, cast: Cast
) -> None:
    again = cast.caseworker.browser()
    session = again.session
    session.pop("second_factor", None)
    session.save()
    Authenticator.objects.get_or_create(
        user=cast.caseworker.user, type="recovery_codes", defaults={"data": {}}
    )
    again.cookies[COOKIE] = desk.cookies[COOKIE].value
    assert reverse("desk-lock") in again.get(reverse("home")).content.decode()
    other = cast.caseworker.browser()
    assert reverse("desk-lock") not in other.get(reverse("home")).content.decode()
    assert other.post(reverse("desk-lock")).headers["Location"] == reverse("desk")
    stolen = cast.colleague.browser()
    stolen.cookies[COOKIE] = desk.cookies[COOKIE].value
    session = stolen.session
    session["locked"], session["desk"] = True, desk.session["desk"]
    session.save()
    assert stolen.post(reverse("desk-unlock"), {"pin": PIN}).headers["Location"] == reverse("account_login")


@pytest.mark.parametrize(
    ("pin", "again"),
    [("12345", "12345"), ("123456", "123456"), ("987654", "987654"), ("111111", "111111"), ("121212", "121212"),
     ("٢٧١٨٢٨", "٢٧١٨٢٨"), ("abcdef", "abcdef"), (PIN, "271829"), ("", "")],
)  # fmt: skip
def test_a_pin_that_is_guessed_is_refused(cast: Cast, pin: str, again: str) -> None:
    page = fresh(cast.caseworker).post(reverse("desk"), {"pin": pin, "again": again})
    assert page.status_code == 200
    assert page.context["form"].errors
    assert not DeskPin.objects.exists()


def test_setting_a_pin_asks_again_who_it_is_and_giving_up_is_for_oneself(cast: Cast, desk: Client) -> None:
    cast.colleague.user.set_password("a long and dull password")
    cast.colleague.user.save()
    stale = cast.colleague.browser()
    session = stale.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time() - 3600, "email": "x"}
    ]
    session.save()
    answer: Any = stale.post(reverse("desk"), {"pin": PIN, "again": PIN})
    assert answer.headers["Location"].startswith(reverse("account_reauthenticate"))
    assert stale.post(reverse("desk-forget")).status_code == 404
    assert desk.post(reverse("desk-forget")).status_code == 302
    assert not DeskPin.objects.exists()
    assert reverse("desk-lock") not in desk.get(reverse("home")).content.decode()
