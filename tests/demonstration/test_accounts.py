"""Are the doors of the demonstration open only where manage.py started its own servers?"""

import io
import re

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from agencies.actions import agencies as founding
from agencies.enums import Role
from refugeecm.core.models import User
from refugeecm.demonstration import accounts
from tests.conftest import NOW, Cast

FOREIGN = "postgres://app@db.example.org/refugeecm"


def plain(page: str, address: str) -> str:
    """A page without what differs from request to request: its own address and the form token."""
    return re.sub(r"\b\w{64}\b", "", page).replace(address, "")


@pytest.fixture
def amina(cast: Cast) -> User:
    user = User.objects.get(email="amina@border.example")  # of the cast, and of the demonstration world
    founding.enrol(agency=cast.border, user=user, role=Role.CASEWORKER)
    return user


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "here", lambda: True)


@pytest.mark.usefixtures("ours")
def test_one_click_enters_with_a_second_factor(amina: User) -> None:
    browser = Client()
    page = browser.get(reverse("account_login"))
    assert reverse("demonstration-enter", args=["caseworker"]) in page.text
    answer = browser.post(reverse("demonstration-enter", args=["caseworker"]))
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("home"))
    assert browser.session["second_factor"] is True
    assert int(browser.session["_auth_user_id"]) == amina.pk
    assert browser.get(reverse("home")).status_code == 200


@pytest.mark.usefixtures("ours", "amina")
def test_a_door_needs_the_token_of_our_own_page() -> None:
    assert (
        Client(enforce_csrf_checks=True).post(reverse("demonstration-enter", args=["caseworker"])).status_code
        == 403
    )


@pytest.mark.usefixtures("amina")
def test_with_another_database_there_is_no_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", FOREIGN)
    browser = Client(enforce_csrf_checks=True)
    door, nowhere = reverse("demonstration-enter", args=["caseworker"]), "/demonstration/caseworker/nothing/"
    answer, nothing = browser.post(door), browser.post(nowhere)
    assert (answer.status_code, nothing.status_code) == (404, 404)
    assert plain(answer.text, door) == plain(nothing.text, nowhere)
    assert "sessionid" not in browser.cookies
    assert "demonstration" not in browser.get(reverse("account_login")).text.lower()


@pytest.mark.usefixtures("ours", "amina")
def test_a_newcomer_is_told_who_to_be() -> None:
    out = io.StringIO()
    call_command("demo_accounts", stdout=out)
    assert "Caseworker, border office" in out.getvalue()


def test_elsewhere_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", FOREIGN)
    out = io.StringIO()
    call_command("demo_accounts", stdout=out)
    assert out.getvalue() == ""


def test_no_key_for_another_database(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", FOREIGN)
    assert accounts.partner_key(now=NOW) is None
    assert accounts.accounts() == []
