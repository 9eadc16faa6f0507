"""Do news reach the people whose business they are, on the page and by mail, and does a mail tell nothing?"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from agencies.actions import notifications
from agencies.models import MailChoice, Membership, Notification
from cases.actions import claims
from refugeecm.core import mail as mails
from refugeecm.core import outbox
from refugeecm.core.models import MailOut, User
from registration.models import Individual
from resettlement.actions import referrals
from tests.conftest import NOW, Cast, Person, acting_as


@pytest.fixture
def referred(cast: Cast, family: list[Individual], agree: Any) -> Any:
    """BORDER refers Mariam's case to HELP; the worker has not told anybody yet."""
    agreement = agree(classes=["C1", "C2"], hands_over=True)

    def refer(by: Person = cast.caseworker) -> Any:
        viewer = by.viewer
        with acting_as(viewer):
            claim = claims.open_claim(individual=family[0], made_on=date(2026, 2, 25), by=viewer, now=NOW)
            return referrals.refer(
                claim=claim, agreement=agreement, service="legal_aid", urgency="urgent", message="Please call Mariam",
                by=viewer, now=NOW,
            )  # fmt: skip

    return refer


def told(now: Any = NOW) -> list[tuple[str, str, str]]:
    """Let workers do everything, and return (to, subject, text) of the mails that went out."""
    outbox.drain(now=now)
    mail.outbox.clear()
    mails.send_due(clock=lambda: now)
    return [(one.to[0], one.subject, str(one.body)) for one in mail.outbox]


def choose(who: Person, **chosen: str) -> None:
    browser = who.browser()
    answer = browser.get(reverse("notifications-mail"))
    kinds = notifications.kinds_for(who.viewer.permissions)
    assert all(f'name="{kind}"' in answer.content.decode() for kind in kinds)
    sent = dict.fromkeys(kinds, "daily") | {"seal": "at_once"} | chosen
    assert browser.post(reverse("notifications-mail"), sent).status_code == 302


def test_an_inbox_filters_and_is_put_aside(cast: Cast, referred: Any) -> None:
    referred()
    outbox.drain(now=NOW)
    browser = cast.partner.browser()
    page = browser.get(reverse("notifications")).content.decode()
    assert "A partner referred a case to your agency." in page
    assert "All news" in browser.get(reverse("home")).content.decode()
    assert (
        "referred a case" not in browser.get(reverse("notifications"), {"kind": "handover"}).content.decode()
    )
    # An administrator's news are of agreements; referrals are not their business, and nobody else puts them aside.
    assert cast.partner_admin.browser().post(reverse("notifications-aside")).status_code == 302
    assert (
        cast.stranger.browser().post(reverse("notifications-aside"), {"kind": "referral"}).status_code == 302
    )
    assert "referred a case" in browser.get(reverse("notifications")).content.decode()
    browser.post(reverse("notifications-aside"), {"kind": "handover"})
    assert "referred a case" in browser.get(reverse("notifications")).content.decode()
    browser.post(reverse("notifications-aside"), {"kind": ""})
    assert "Nothing new" in browser.get(reverse("notifications")).content.decode()
    assert "Put aside already" in browser.get(reverse("notifications"), {"all": "1"}).content.decode()


def test_a_mail_at_once_says_nothing_but_where_to_look(
    cast: Cast, family: list[Individual], referred: Any
) -> None:
    choose(cast.partner, referral="at_once")
    User.objects.filter(pk=cast.partner.user.pk).update(language="ar")
    made = referred()
    (to, subject, text), *more = told()
    assert (to, more) == (cast.partner.user.email, [])
    assert reverse("notifications") in text
    with acting_as(cast.caseworker.viewer):
        person = Individual.objects.get(pk=family[0].pk)
    words = [
        *(person.given_name, person.father_name, person.family_name, person.number, str(person.pk)),
        *(
            str(made.pk),
            "legal",
            "Please call",
            cast.border.name,
            cast.border.code,
            cast.partner.user.name,
            "east-2026",
        ),
    ]
    assert [one for one in words if one.casefold() in f"{subject} {text}".casefold()] == []


def test_many_news_are_one_mail_while_it_waits(cast: Cast, referred: Any) -> None:
    choose(cast.partner, referral="at_once")
    made = referred()
    outbox.drain(now=NOW)
    with acting_as(cast.caseworker.viewer):
        referrals.revoke(referral=made, by=cast.caseworker.viewer, now=NOW)
    assert len(told()) == 1


def test_the_daily_mail_comes_once_and_only_for_what_still_waits(cast: Cast, referred: Any) -> None:
    referred()
    assert told() == []
    hour = timedelta(hours=1)
    # The caseworker of the referral, the administrators of the agreement.
    assert notifications.mail_daily(agency=cast.help, now=NOW + hour) == 3
    to = [one for one, *_rest in told(NOW + hour)]
    assert len(to) == 3
    assert {cast.partner.user.email, cast.partner_admin.user.email} < set(to)
    assert notifications.mail_daily(agency=cast.help, now=NOW + 2 * hour) == 0
    assert notifications.mail_daily(agency=cast.help, now=NOW + 26 * hour) == 0  # nothing new since
    assert notifications.mail_daily(agency=cast.other, now=NOW + hour) == 0


def test_who_wants_none_or_is_gone_gets_none(cast: Cast, referred: Any) -> None:
    choose(cast.partner, referral="never")
    Membership.objects.administrators().update(is_active=False)
    referred()
    assert told() == []
    assert notifications.mail_daily(agency=cast.help, now=NOW + timedelta(hours=1)) == 0
    assert MailOut.objects.count() == 0


def test_choices_are_ones_own_and_for_ones_own_business(cast: Cast) -> None:
    choose(cast.partner, referral="at_once")
    browser = cast.partner.browser()
    browser.post(reverse("notifications-mail"), {"agreement": "at_once", "referral": "nonsense"})
    with acting_as(cast.partner.viewer):
        own = MailChoice.objects.get()
        assert (own.user_id, own.at_once) == (cast.partner.user.pk, ["referral"])
    with acting_as(cast.stranger.viewer):
        assert MailChoice.objects.count() == 0


def test_every_kind_of_news_has_a_business(cast: Cast, referred: Any) -> None:
    """What is told (`tell`) under a kind that nobody has would wait for ever."""
    referred()
    outbox.drain(now=timezone.now())
    for who in (cast.caseworker, cast.partner):
        with acting_as(who.viewer):
            assert set(Notification.objects.values_list("subject_type", flat=True)) <= set(
                notifications.KINDS
            )
