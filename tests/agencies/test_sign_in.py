"""Who gets in, by which steps, and who is out at the next request?"""

from __future__ import annotations

import base64
import hmac
import re
import struct
import time
from typing import Any

import pytest
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from agencies.access.declaration import OPEN, SIGNED_IN
from agencies.actions import agencies as founding
from agencies.enums import Role
from agencies.models import Membership
from refugeecm.core import links
from refugeecm.core import mail as mails
from refugeecm.core.ids import uuid7
from refugeecm.core.models import MailOut, User
from tests.conftest import NOW, Cast

PASSWORD = "a long and dull password"


def totp(secret: str, *, at: float) -> str:
    """Return the six digits of RFC 6238 (SHA-1, 30 seconds)."""
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", int(at) // 30), "sha1")
    start = digest[-1] & 0x0F
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


@pytest.fixture
def address() -> str:
    """An IP address of this test alone: attempts are counted by address, in a cache that outlives the test."""
    chance = uuid7(NOW).bytes[-3:]
    return f"10.{chance[0]}.{chance[1]}.{chance[2]}"


@pytest.fixture
def newcomer(cast: Cast) -> User:
    """A caseworker of the border office who has a password and no second factor yet."""
    user = User.objects.create_user(f"nadia.{uuid7(NOW).hex[-12:]}@border.example", PASSWORD, name="Nadia")
    founding.enrol(agency=cast.border, user=user, role=Role.CASEWORKER)
    return user


def sign_in(browser: Client, email: str, password: str = PASSWORD, **more: Any) -> Any:
    return browser.post(reverse("account_login"), {"login": email, "password": password}, **more)


def set_up(browser: Client) -> str:
    """Turn the second factor on and return its secret."""
    page = browser.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    answer = browser.post(reverse("mfa_activate_totp"), {"code": totp(secret, at=time.time())})
    assert answer.status_code == 302, answer.context["form"].errors
    return secret


def test_the_first_time_a_second_factor_is_set_up(newcomer: User, address: str) -> None:
    browser = Client(REMOTE_ADDR=address)
    assert (
        browser.get(reverse("claims")).headers["Location"]
        == f"{reverse('account_login')}?next={reverse('claims')}"
    )
    answer = sign_in(browser, newcomer.email.upper(), follow=True)
    assert answer.redirect_chain[-1][0] == reverse("mfa_activate_totp")
    assert b"<svg" in answer.content
    for name in ("claims", "home", "agreements"):
        assert browser.get(reverse(name)).headers["Location"] == reverse("mfa_activate_totp")
    wrong = browser.post(reverse("mfa_activate_totp"), {"code": "000000"})
    assert wrong.context["form"].errors
    secret = wrong.context["form"].secret
    answer = browser.post(reverse("mfa_activate_totp"), {"code": totp(secret, at=time.time())}, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("mfa_view_recovery_codes")
    codes = re.findall(r"<li>([0-9a-f]{8})</li>", answer.content.decode())
    assert len(codes) == 10
    assert browser.get(reverse("claims")).status_code == 200
    kept = str(list(Authenticator.objects.filter(user=newcomer).values_list("data", flat=True)))
    assert secret not in kept


def test_later_both_password_and_code_are_needed(
    newcomer: User, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Client(REMOTE_ADDR=address)
    sign_in(first, newcomer.email)
    secret = set_up(first)
    codes = first.get(reverse("mfa_view_recovery_codes")).context["unused_codes"]

    browser = Client(REMOTE_ADDR=address)
    assert sign_in(browser, newcomer.email).headers["Location"].startswith(reverse("mfa_authenticate"))
    assert browser.get(reverse("claims")).status_code == 302
    assert "_auth_user_id" not in browser.session
    later = time.time() + 60
    right = totp(secret, at=later)
    wrong = browser.post(reverse("mfa_authenticate"), {"code": "999999" if right != "999999" else "888888"})
    assert "code" in wrong.context["form"].errors
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.time.time", lambda: later)
    assert browser.post(reverse("mfa_authenticate"), {"code": right}).headers["Location"] == reverse("home")
    assert browser.get(reverse("claims")).status_code == 200

    replay = Client(REMOTE_ADDR=address)
    sign_in(replay, newcomer.email)
    assert "code" in replay.post(reverse("mfa_authenticate"), {"code": right}).context["form"].errors
    assert replay.post(reverse("mfa_authenticate"), {"code": codes[0]}).status_code == 302
    assert replay.get(reverse("claims")).status_code == 200

    again = Client(REMOTE_ADDR=address)
    sign_in(again, newcomer.email)
    assert "code" in again.post(reverse("mfa_authenticate"), {"code": codes[0]}).context["form"].errors


def test_wrong_passwords_unknown_and_disabled_people_get_one_answer(newcomer: User, address: str) -> None:
    disabled = User.objects.create_user(
        f"d.{uuid7(NOW).hex[-12:]}@border.example", PASSWORD, name="D", is_active=False
    )
    pages = []
    for email, password in (
        (newcomer.email, "wrong"),
        (f"nobody.{uuid7(NOW).hex[-12:]}@border.example", PASSWORD),
        (disabled.email, PASSWORD),
        (disabled.email, "wrong"),
    ):
        answer = sign_in(Client(REMOTE_ADDR=address), email, password)
        assert answer.status_code == 200
        text = answer.content.decode().replace(email, "")
        pages.append(re.sub(r"[A-Za-z0-9]{64}", "", text))
    assert "not correct" in pages[0]
    assert len(set(pages)) == 1


def test_repeated_wrong_passwords_lock_known_and_unknown_alike(newcomer: User, address: str) -> None:
    unknown = f"nobody.{uuid7(NOW).hex[-12:]}@border.example"
    said = []
    for ordinal, email in enumerate((newcomer.email, unknown)):
        browser = Client(REMOTE_ADDR=f"{address.rsplit('.', 1)[0]}.{ordinal}")
        answers = [sign_in(browser, email, "wrong").context["form"].errors.as_text() for _ in range(6)]
        assert len(set(answers[:5])) == 1
        assert answers[5] != answers[0]
        said.append(answers)
    assert said[0] == said[1]
    browser = Client(REMOTE_ADDR=f"{address.rsplit('.', 1)[0]}.77")
    assert sign_in(browser, newcomer.email).context["form"].errors.as_text() == said[0][5]
    assert "_auth_user_id" not in browser.session


def test_wrong_codes_lock_the_second_factor(newcomer: User, address: str) -> None:
    first = Client(REMOTE_ADDR=address)
    sign_in(first, newcomer.email)
    secret = set_up(first)
    browser = Client(REMOTE_ADDR=address)
    sign_in(browser, newcomer.email)
    answers = [
        browser.post(reverse("mfa_authenticate"), {"code": "12345"}).context["form"].errors.as_text()
        for _ in range(6)
    ]
    assert answers[5] != answers[0]
    answer = browser.post(reverse("mfa_authenticate"), {"code": totp(secret, at=time.time())})
    assert answer.context["form"].errors.as_text() == answers[5]


def test_a_session_left_alone_ends(cast: Cast) -> None:
    browser = cast.caseworker.browser()
    assert browser.get(reverse("claims")).status_code == 200
    session = browser.session
    session["seen"] = int(time.time()) - settings.IDLE_SECONDS + 60
    session.save()
    assert browser.get(reverse("claims")).status_code == 200
    assert int(time.time()) - browser.session["seen"] < 60
    session = browser.session
    session["seen"] = int(time.time()) - settings.IDLE_SECONDS - 1
    session.save()
    answer = browser.get(reverse("claims"))
    assert answer.headers["Location"].startswith(reverse("account_login"))
    assert "_auth_user_id" not in browser.session


def test_a_disabled_user_is_out_at_the_next_request(cast: Cast) -> None:
    browser = cast.caseworker.browser()
    assert browser.get(reverse("claims")).status_code == 200
    User.objects.filter(pk=cast.caseworker.user.pk).update(is_active=False)
    assert browser.get(reverse("claims")).headers["Location"].startswith(reverse("account_login"))


def test_a_withdrawn_membership_closes_every_page_at_the_next_request(cast: Cast) -> None:
    browser = cast.caseworker.browser()
    assert browser.get(reverse("claims")).status_code == 200
    Membership.objects.filter(pk=cast.caseworker.membership.pk).update(is_active=False)
    for name in ("claims", "home", "agencies"):
        answer = browser.get(reverse(name))
        assert answer.status_code == 403
        assert "Not allowed" in answer.content.decode()


def test_another_role_counts_from_the_next_request(cast: Cast) -> None:
    browser = cast.caseworker.browser()
    Membership.objects.filter(pk=cast.caseworker.membership.pk).update(role=Role.ADMINISTRATOR)
    assert browser.get(reverse("claims")).status_code == 403
    assert browser.get(reverse("clients")).status_code == 200


def test_a_password_is_reset_by_mail_and_never_says_who_exists(newcomer: User, address: str) -> None:
    browser = Client(REMOTE_ADDR=address)
    pages = []
    for email in (f"nobody.{uuid7(NOW).hex[-12:]}@border.example", newcomer.email):
        answer = browser.post(reverse("account_reset_password"), {"email": email}, follow=True)
        assert answer.status_code == 200
        pages.append(re.sub(r"[A-Za-z0-9]{64}", "", answer.content.decode().replace(email, "")))
    assert pages[0] == pages[1]
    assert mail.outbox == []  # nobody waits for a mail server; the worker sends
    assert MailOut.objects.count() == 2
    assert mails.send_due(clock=timezone.now) == 2
    assert len(mail.outbox) == 1
    assert mail.outbox[0].to == [newcomer.email]
    found = re.search(r"http://testserver(/account/password/reset/key/\S+)", str(mail.outbox[0].body))
    assert found
    form = browser.get(found[1], follow=True)
    new = "another long and dull password"
    answer = browser.post(form.redirect_chain[-1][0], {"password1": new, "password2": new}, follow=True)
    assert answer.redirect_chain[-1][0] == f"{reverse('account_reset_password')}?done=password"
    assert b"Password changed" in answer.content
    assert sign_in(browser, newcomer.email, new).status_code == 302


@pytest.mark.parametrize(("kind", "good_for"), [(links.Links(), 3600), (links.invited, 72 * 3600)])
def test_links_are_good_for_an_hour_those_of_invitations_for_three_days(
    newcomer: User, kind: Any, good_for: int
) -> None:
    browser, now = Client(), kind._num_seconds(kind._now())
    pages = []
    for age in (good_for - 60, good_for + 60):
        token = kind._make_token_with_timestamp(newcomer, now - age, kind.secret)
        path = reverse("account_reset_password_from_key", args=[user_pk_to_url_str(newcomer), token])
        pages.append("no longer good" in browser.get(path, follow=True).content.decode())
    assert pages == [False, True]


def test_asking_for_an_unknown_address_takes_the_same_steps(newcomer: User, address: str) -> None:
    """What would tell them apart: statements and rows. The mail itself is sent later, by a worker."""
    statements: dict[str, list[str]] = {}
    for _turn in range(2):
        for who in (newcomer.email, "nobody@border.example"):
            cache.clear()  # attempts are counted by address
            browser = Client(REMOTE_ADDR=address)
            with CaptureQueriesContext(connection) as asked:
                browser.post(reverse("account_reset_password"), {"email": who})
            statements[who] = [re.sub(r"'[^']*'|\d+", "?", one["sql"])[:60] for one in asked]
    known, unknown = statements.values()
    assert known == unknown
    assert MailOut.objects.count() == 4
    assert len({len(bytes(row.sealed)) // 60 for row in MailOut.objects.all()}) <= 2


def test_the_password_is_asked_again_before_the_second_factor_is_turned_off(
    newcomer: User, address: str
) -> None:
    first, browser = Client(REMOTE_ADDR=address), Client(REMOTE_ADDR=address)
    sign_in(first, newcomer.email)
    secret = set_up(first)
    sign_in(browser, newcomer.email)
    browser.post(reverse("mfa_authenticate"), {"code": totp(secret, at=time.time())})
    assert browser.get(reverse("claims")).status_code == 200
    assert (
        browser.get(reverse("mfa_view_recovery_codes"))
        .headers["Location"]
        .startswith(reverse("account_reauthenticate"))
    )
    answer = browser.get(reverse("mfa_deactivate_totp"), follow=True)
    assert answer.redirect_chain[-1][0].startswith(reverse("account_reauthenticate"))
    answer = browser.post(
        reverse("account_reauthenticate"),
        {"password": PASSWORD, "next": reverse("mfa_deactivate_totp")},
        follow=True,
    )
    assert answer.redirect_chain[-1][0] == reverse("mfa_deactivate_totp")
    browser.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(user=newcomer).exists()
    assert browser.get(reverse("claims")).headers["Location"] == reverse("mfa_activate_totp")


def test_every_page_about_ones_own_account_stands(newcomer: User, address: str) -> None:
    browser = Client(REMOTE_ADDR=address)
    for name in ("account_login", "account_reset_password"):
        assert browser.get(reverse(name)).status_code == 200, name
    for done, title in (
        ("mail", b"Look at your e-mail"),
        ("password", b"Password changed"),
        ("x", b'name="email"'),
    ):
        assert title in browser.get(reverse("account_reset_password"), {"done": done}).content
    broken = browser.get(reverse("account_reset_password_from_key", args=["1", "no-key"]))
    assert broken.status_code == 200
    sign_in(browser, newcomer.email)
    set_up(browser)
    browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    # Pages that lead on, take no GET, or are about one passkey (test_desks, test_passkeys).
    others = {"mfa_activate_totp", "account_set_password", "desk-lock", "desk-unlock"}
    others |= {"mfa_edit_webauthn", "mfa_remove_webauthn", "mfa_reauthenticate_webauthn"}
    for name in sorted(SIGNED_IN - others):
        assert browser.get(reverse(name)).status_code == 200, name
    answer = browser.post(reverse("mfa_generate_recovery_codes"), follow=True)
    assert answer.redirect_chain[-1][0] == reverse("mfa_view_recovery_codes")
    answer = browser.post(
        reverse("account_change_password"),
        {
            "oldpassword": PASSWORD,
            "password1": "yet another dull password",
            "password2": "yet another dull password",
        },
    )
    assert answer.status_code == 302
    assert browser.get(reverse("claims")).status_code == 200
    browser.post(reverse("account_logout"))
    assert browser.get(reverse("claims")).status_code == 302


def test_nobody_can_sign_up(db: None) -> None:
    with pytest.raises(NoReverseMatch):
        reverse("account_signup")
    names = {
        name for name in _names(get_resolver()) if name.startswith(("account_", "mfa_", "socialaccount"))
    }
    assert names <= OPEN | SIGNED_IN
    assert Client().get("/account/signup/").status_code == 404
    assert len(OPEN) <= 13


def _names(resolver: URLResolver) -> set[str]:
    found = set()
    for one in resolver.url_patterns:
        found |= (
            _names(one)
            if isinstance(one, URLResolver)
            else {one.name or "" if isinstance(one, URLPattern) else ""}
        )
    return found


def test_the_language_can_be_chosen_by_anybody(db: None) -> None:
    browser = Client()
    answer = browser.post(reverse("set_language"), {"language": "ar", "next": reverse("account_login")})
    assert answer.headers["Location"] == reverse("account_login")
    assert 'dir="rtl"' in browser.get(reverse("account_login")).content.decode()
    assert (
        browser.post(reverse("set_language"), {"language": "ar", "next": "https://evil.example/"}).headers[
            "Location"
        ]
        == "/"
    )


def test_health(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Client().get(reverse("health"))
    assert (answer.status_code, answer.content) == (200, b"ok")
    assert Client().post(reverse("health")).status_code == 405


def test_one_address_that_tries_many_accounts_is_slowed_down(db: None, address: str) -> None:
    answers = [
        sign_in(Client(REMOTE_ADDR=address), f"nobody{number}.{uuid7(NOW).hex[-12:]}@border.example")
        for number in range(11)
    ]
    said = [one.context["form"].errors.as_text() for one in answers]
    assert len(set(said[:10])) == 1
    assert said[10] != said[0]
    for _ in range(19):
        sign_in(Client(REMOTE_ADDR=address), "x")
    answer = sign_in(Client(REMOTE_ADDR=address), "x")
    assert answer.status_code == 429
    assert "Too many attempts" in answer.content.decode()
