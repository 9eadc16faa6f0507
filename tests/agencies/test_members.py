"""How do people come to an agency, what do its administrators decide about them, and how do they go?"""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core import mail as sent
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agencies.access import Permission
from agencies.actions import agencies as founding
from agencies.actions import agreements, clients, invitations, members
from agencies.actions.invitations import Invitee
from agencies.enums import Role
from agencies.models import Agency, Invitation, Membership, Notification
from agencies.policies import NotPermitted
from agencies.tasks import look_after_members
from refugeecm.core import mail, outbox
from refugeecm.core.ids import of_number
from refugeecm.core.models import Event, User
from refugeecm.core.templatetags.ui import fmt_time
from tests.agencies.test_sign_in import PASSWORD, set_up, sign_in
from tests.conftest import NOW, Cast, Person, acting_as

GUEST = Invitee("noor@help.example", "Noor Haddad", Role.CASEWORKER)


def invite(cast: Cast, *invitees: Invitee) -> list[Invitation]:
    with acting_as(cast.partner_admin.viewer):
        return invitations.invite(
            invitees=invitees or [GUEST], by=cast.partner_admin.viewer, now=timezone.now()
        )


def link() -> str:
    """Send what waits and return the path in the last mail."""
    mail.send_due(clock=timezone.now)
    return "/" + re.findall(r"https?://[^/]+/(\S*)", str(sent.outbox[-1].body))[-1]


def choose(path: str, password: str = PASSWORD) -> Any:
    """Open the link of an invitation and choose a password."""
    browser = Client()
    page = browser.get(path, follow=True)
    if page.context.get("token_fail"):
        return page
    return browser.post(
        page.redirect_chain[-1][0], {"password1": password, "password2": password}, follow=True
    )


def fresh(person: Person) -> Membership:
    return Membership.objects.select_related("user", "agency").get(pk=person.membership.pk)


# ---- coming


def test_an_invited_person_chooses_a_password_sets_up_a_second_factor_and_works(cast: Cast) -> None:
    [invitation] = invite(cast)
    path = link()
    assert sent.outbox[-1].to == ["noor@help.example"]
    for name in ("Noor", "Haddad", "Helping", "caseworker", cast.partner_admin.user.name):
        assert name not in f"{sent.outbox[-1].subject} {sent.outbox[-1].body}"
    assert not Membership.objects.filter(user=invitation.user).exists()
    page = Client().get(path, follow=True).content.decode()
    for known in (
        "Helping Hands",
        cast.partner_admin.user.name,
        "Caseworker",
        fmt_time(invitation.expires_at),
    ):
        assert known in page
    assert choose(path).status_code == 200
    member = Membership.objects.get(user=invitation.user)
    assert (member.agency, member.role, member.is_active) == (cast.help, Role.CASEWORKER, True)
    browser = Client()
    assert sign_in(browser, "noor@help.example").status_code == 302
    assert browser.get(reverse("people"))["Location"] == reverse("mfa_activate_totp")
    set_up(browser)
    assert browser.get(reverse("people")).status_code == 200
    outbox.drain(now=timezone.now())
    with acting_as(cast.partner_admin.viewer):
        told = Notification.objects.get(event="agencies.member.joined")
    assert told.subject_id == of_number(member.pk)
    assert "Noor Haddad" in cast.partner_admin.browser().get(reverse("home")).content.decode()
    assert "invitation" not in cast.partner.browser().get(reverse("home")).content.decode()


def test_used_expired_withdrawn_and_forged_links_get_one_answer(cast: Cast, settings: Any) -> None:
    used = link() if invite(cast) else ""
    choose(used)
    withdrawn = link() if (made := invite(cast, Invitee("w@help.example", "W", Role.AUDITOR))) else ""
    with acting_as(cast.partner_admin.viewer):
        invitations.withdraw(
            invitation=Invitation.objects.select_related("user").get(pk=made[0].pk),
            by=cast.partner_admin.viewer,
            now=timezone.now(),
        )
    expired = link() if invite(cast, Invitee("e@help.example", "E", Role.AUDITOR)) else ""
    forged = re.sub(r"-[^/]+/$", "-abcdef-0123456789abcdef0123456789abcdef/", expired)
    unknown = forged.replace(forged.split("/")[-2].split("-")[0] + "-", "zzzz-")
    answers = [Client().get(one, follow=True) for one in (used, withdrawn, forged, unknown)]
    settings.PASSWORD_RESET_TIMEOUT = -1
    answers.append(Client().get(expired, follow=True))
    tokens = re.compile(r'csrf[^>]*>|value="[^"]*"|X-CSRFToken[^}]*}')
    assert {one.status_code for one in answers} == {200}
    assert "no longer good" in answers[0].content.decode()
    assert len({tokens.sub("", one.content.decode()) for one in answers}) == 1


def test_a_password_chosen_after_the_72_hours_of_the_invitation_makes_no_member(cast: Cast) -> None:
    [invitation] = invite(cast)
    Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    choose(link())
    assert not Membership.objects.filter(user=invitation.user).exists()


def test_who_works_elsewhere_accepts_signed_in_and_nobody_else_can(cast: Cast) -> None:
    [invitation] = invite(cast, Invitee(cast.stranger.user.email, "ignored", Role.SUPERVISOR))
    path = link()
    assert path == reverse("invitation-accept", args=[invitation.pk])
    assert cast.caseworker.browser().get(path).status_code == 404
    assert cast.caseworker.browser().post(path).status_code == 404
    browser = cast.stranger.browser()
    page = browser.get(path).content.decode()
    for known in (
        "Helping Hands",
        cast.partner_admin.user.name,
        "Supervisor",
        fmt_time(invitation.expires_at),
    ):
        assert known in page
    assert "You now work for Helping Hands." in browser.post(path, follow=True).content.decode()
    assert browser.get(path).status_code == 404
    assert cast.stranger.user.memberships.count() == 2


def test_only_allowed_domains_are_invited_and_nobody_twice(cast: Cast) -> None:
    browser = cast.partner_admin.browser()
    page = browser.post(reverse("members-domains"), {"domains": "Help.Example, relief.example"}, follow=True)
    assert "help.example relief.example" in page.content.decode()
    assert (
        "is no domain"
        in browser.post(reverse("members-domains"), {"domains": "@help"}, follow=True).content.decode()
    )
    data = {"email": "a@evil.example", "name": "A", "role": "caseworker", "until": ""}
    said = browser.post(reverse("member-invite"), data).content.decode()
    assert "Addresses at evil.example are not allowed. Allowed: help.example, relief.example." in said
    assert (
        "Invited."
        in browser.post(
            reverse("member-invite"), data | {"email": "a@relief.example"}, follow=True
        ).content.decode()
    )
    assert (
        "open invitation"
        in browser.post(reverse("member-invite"), data | {"email": "A@relief.example"}).content.decode()
    )
    assert (
        "list of members already"
        in browser.post(reverse("member-invite"), data | {"email": cast.partner.user.email}).content.decode()
    )
    assert Invitation.objects.count() == 1


def send(browser: Client, text: str | bytes) -> str:
    data = text.encode() if isinstance(text, str) else text
    answer = browser.post(
        reverse("members-invite"), {"file": SimpleUploadedFile("people.csv", data)}, follow=True
    )
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_list_is_invited_whole_or_not_at_all(cast: Cast) -> None:
    browser = cast.partner_admin.browser()
    head = "email,name,role,until\n"
    good = "".join(f"p{n}@help.example,Person {n},caseworker,2099-12-31\n" for n in range(30))
    bad = "nonsense,X,caseworker,\nx@help.example,,caseworker,\ny@help.example,Y,boss,\nz@help.example,Z,auditor,soon\n"
    said = send(browser, head + good + bad)
    for row, text in ((32, "is not one"), (33, "Give a name"), (34, "role is unknown"), (35, "2026-12-31")):
        assert re.search(rf"Row {row}: [^<]*{text}", said), (row, text)
    twice = send(browser, head + good + "p3@help.example,Again,auditor,\n")
    assert "Row 32: The address stands in the list twice." in twice
    assert not Invitation.objects.exists()
    assert not User.objects.filter(email__startswith="p").exclude(memberships__isnull=False).exists()
    assert "30 people were invited." in send(browser, head + good)
    assert mail.send_due(clock=timezone.now) == 30
    assert Invitation.objects.filter(member_until="2099-12-31").count() == 30


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", b"\xff\xfe\x00", "email,name,role\n", 'email,name,role\n"']
)
def test_what_is_no_list_is_said_so(cast: Cast, text: str | bytes) -> None:
    assert "There is a problem" in send(cast.partner_admin.browser(), text)


# ---- an agency begins


def test_an_agency_goes_live_with_its_second_administrator(cast: Cast) -> None:
    young = founding.found(code="YOUNG", name="Young Agency", kind="ngo", country="FRA", now=NOW)
    with acting_as(cast.admin.viewer):
        invitations.invite_first(
            agency=young, email="first@young.example", by=cast.admin.viewer, now=timezone.now()
        )
        with pytest.raises(NotPermitted, match="has people already"):
            invitations.invite_first(
                agency=young, email="other@young.example", by=cast.admin.viewer, now=timezone.now()
            )
    choose(link())
    membership = Membership.objects.select_related("agency", "user").get(agency=young)
    first = Person(membership.user, membership)
    assert membership.role == Role.ADMINISTRATOR
    for act in (
        lambda: clients.issue(by=first.viewer, name="System", now=NOW),
        lambda: agreements.draft(
            by=first.viewer, now=NOW, other=cast.help, title="T", purpose="protection",
            legal_basis="mandate", classes=["C1"], channels=["pages"], starts_on=NOW.date(), site="CAMP-A",
        ),
    ):  # fmt: skip
        with acting_as(first.viewer), pytest.raises(NotPermitted, match="needs two administrators"):
            act()
    assert "Not live yet" in first.browser().get(reverse("members")).content.decode()
    second = User.objects.create_user("second@young.example", name="Second")
    founding.enrol(agency=young, user=second, role=Role.ADMINISTRATOR)
    with acting_as(first.viewer):
        clients.issue(by=first.viewer, name="System", now=NOW)
    assert Agency.objects.get(pk=young.pk).live_since is not None


def test_an_operator_founds_an_agency_and_a_branch(db: None) -> None:
    told = StringIO()
    call_command(
        "found_agency", "MAIN", "Main Office", kind="ngo", country="FRA", stdout=told,
        administrator=[("a@main.example", "A"), ("b@main.example", "B")],
    )  # fmt: skip
    call_command(
        "found_agency", "MAINKEN", "Main in Kenya", kind="ngo", country="KEN", branch_of="MAIN", stdout=told
    )
    branch = Agency.objects.get(code="MAINKEN")
    assert (branch.parent.code, branch.country) == ("MAIN", "KEN")
    assert Invitation.objects.filter(agency__code="MAIN", role=Role.ADMINISTRATOR).count() == 2
    for code, more in (
        ("x", {}),
        ("MAIN", {}),
        ("NEW", {"branch_of": "NONE"}),
        ("NEW", {"administrator": [("n", "N")]}),
    ):
        with pytest.raises(CommandError):
            call_command("found_agency", code, "Name", kind="ngo", country="FRA", stdout=told, **more)
    assert not Agency.objects.filter(code="NEW").exists()


def test_a_branch_opens_nothing_to_its_parent(cast: Cast, family: Any) -> None:
    Agency.objects.filter(pk=cast.border.pk).update(parent=cast.other)
    assert "Branch of Other Agency" in cast.stranger.browser().get(reverse("agencies")).content.decode()
    assert cast.stranger.browser().get(reverse("individual", args=[family[0].pk])).status_code == 404


# ---- being there


def test_an_administrator_changes_others_never_themselves_and_others_may_not(cast: Cast) -> None:
    browser, address = cast.admin.browser(), reverse("member-change", args=[cast.caseworker.membership.pk])
    caseworker = cast.caseworker.browser()
    assert caseworker.get(reverse("import-new")).status_code == 200
    assert (
        "Saved."
        in browser.post(address, {"role": "decision_maker", "expires_on": ""}, follow=True).content.decode()
    )
    assert caseworker.get(reverse("import-new")).status_code == 403
    with acting_as(cast.admin.viewer):
        event = Event.objects.get(name="agencies.member.changed")
    assert (event.details["was"], event.details["role"]) == ("caseworker", "decision_maker")
    for what in ("change", "close", "open", "sessions"):
        own = browser.post(
            reverse(f"member-{what}", args=[cast.admin.membership.pk]), {"role": "caseworker"}, follow=True
        )
        assert "Nobody decides about themselves" in own.content.decode(), what
        foreign = reverse(f"member-{what}", args=[cast.partner.membership.pk])
        assert browser.post(foreign, {"role": "caseworker"}).status_code == 404
        assert cast.decider.browser().post(foreign, {"role": "caseworker"}).status_code == 403
    assert fresh(cast.admin).role == Role.ADMINISTRATOR


def test_the_last_administrator_stays(cast: Cast) -> None:
    with acting_as(cast.admin.viewer):
        members.close(membership=fresh(cast.second_admin), by=cast.admin.viewer, now=NOW)
    with acting_as(cast.admin.viewer), pytest.raises(NotPermitted, match="last administrator"):
        members.shut(fresh(cast.admin), why="review", by=None, now=NOW)
    assert fresh(cast.admin).is_active


def test_a_closed_membership_gives_nothing_at_the_next_request_and_signs_out(cast: Cast) -> None:
    cast.caseworker.user.set_password(PASSWORD)
    cast.caseworker.user.save()
    browser = Client()
    sign_in(browser, cast.caseworker.user.email)
    set_up(browser)
    assert browser.get(reverse("people")).status_code == 200
    assert members.still_may(cast.caseworker.user.pk, cast.border.pk, Permission.PERSON_READ)
    page = cast.admin.browser().get(reverse("member", args=[cast.caseworker.membership.pk])).content.decode()
    assert "Unknown device" in page
    cast.admin.browser().post(reverse("member-close", args=[cast.caseworker.membership.pk]))
    assert reverse("account_login") in browser.get(reverse("people"))["Location"]
    assert not members.still_may(cast.caseworker.user.pk, cast.border.pk, Permission.PERSON_READ)
    again = Client()
    sign_in(again, cast.caseworker.user.email)
    assert again.get(reverse("people")).status_code in {302, 403}
    cast.admin.browser().post(reverse("member-open", args=[cast.caseworker.membership.pk]))
    assert members.still_may(cast.caseworker.user.pk, cast.border.pk, Permission.PERSON_READ)


def test_a_membership_runs_out_by_the_query_alone(cast: Cast) -> None:
    browser, today = cast.caseworker.browser(), timezone.now().date()
    for expires_on, status in ((today, 200), (today - timedelta(days=1), 403), (None, 200)):
        Membership.objects.filter(pk=cast.caseworker.membership.pk).update(expires_on=expires_on)
        assert browser.get(reverse("people")).status_code == status
        may = members.still_may(cast.caseworker.user.pk, cast.border.pk, Permission.PERSON_READ)
        assert may == (status == 200)
    User.objects.filter(pk=cast.caseworker.user.pk).update(is_active=False)
    assert not members.still_may(cast.caseworker.user.pk, cast.border.pk, Permission.PERSON_READ)


def test_last_seen_is_written_at_most_hourly(cast: Cast, django_assert_num_queries: Any) -> None:
    browser = cast.caseworker.browser()
    browser.get(reverse("agencies"))
    seen = fresh(cast.caseworker).last_seen_at
    assert seen is not None
    browser.get(reverse("agencies"))
    assert fresh(cast.caseworker).last_seen_at == seen
    Membership.objects.filter(pk=cast.caseworker.membership.pk).update(
        last_seen_at=seen - timedelta(hours=2), reminded_days=30
    )
    browser.get(reverse("agencies"))
    assert fresh(cast.caseworker).last_seen_at > seen - timedelta(minutes=1)
    assert fresh(cast.caseworker).reminded_days == 0


def test_sessions_are_listed_and_ended(cast: Cast) -> None:
    cast.caseworker.user.set_password(PASSWORD)
    cast.caseworker.user.save()
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    here, there = (
        Client(HTTP_USER_AGENT=agent),
        Client(HTTP_USER_AGENT="Mozilla/5.0 (Windows NT 10.0) Edg/130"),
    )
    sign_in(there, cast.caseworker.user.email)
    sign_in(here, cast.caseworker.user.email)
    set_up(here)
    assert there.get(reverse("people")).status_code == 200
    page = here.get(reverse("my-sessions")).content.decode()
    assert "Firefox · Linux" in page
    assert "This one" in page
    here.post(reverse("my-sessions"), {"session": "nonsense"})
    assert there.get(reverse("people")).status_code == 200
    assert "Edge · Windows" in here.get(reverse("my-sessions")).content.decode()
    here.post(reverse("my-sessions"))
    assert here.get(reverse("people")).status_code == 200
    assert there.get(reverse("people")).status_code == 302
    cast.admin.browser().post(reverse("member-sessions", args=[cast.caseworker.membership.pk]))
    assert here.get(reverse("people")).status_code == 302
    with acting_as(cast.admin.viewer):
        assert Event.objects.filter(name="agencies.member.sessions_ended").exists()


# ---- being away


def test_who_is_away_is_reminded_at_30_and_60_days_and_suspended_at_90(cast: Cast) -> None:
    now = timezone.now()
    Membership.objects.exclude(pk=cast.caseworker.membership.pk).update(last_seen_at=now)
    steps = ((29, 0, 0, True), (31, 30, 1, True), (45, 30, 1, True), (61, 60, 2, True), (91, 60, 2, False))
    for days, reminded, mails, active in steps:
        gone = now - timedelta(days=days)
        Membership.objects.filter(pk=cast.caseworker.membership.pk).update(created_at=gone, last_seen_at=gone)
        for _twice in range(2):
            look_after_members()
        member = fresh(cast.caseworker)
        assert (member.reminded_days, member.is_active) == (reminded, active), days
        mail.send_due(clock=timezone.now)
        assert len(sent.outbox) == mails
    assert member.closed_for == "dormant"
    assert "amina" not in "".join(str(one.body).lower() for one in sent.outbox)
    page = cast.admin.browser().get(reverse("members")).content.decode()
    assert "Away for 90 days" in page


def test_when_all_administrators_are_away_one_stays(cast: Cast) -> None:
    gone = timezone.now() - timedelta(days=100)
    Membership.objects.update(created_at=gone, last_seen_at=gone)
    look_after_members()
    for agency in (cast.border, cast.help, cast.other):
        left = Membership.objects.in_force().filter(agency=agency)
        assert [one.role for one in left] == [Role.ADMINISTRATOR]


# ---- the pages


def test_auditors_look_and_caseworkers_do_not(cast: Cast) -> None:
    user = User.objects.create_user("aude@border.example", name="Aude")
    auditor = Person(user, founding.enrol(agency=cast.border, user=user, role=Role.AUDITOR))
    page = auditor.browser().get(reverse("members")).content.decode()
    assert "amina@border.example" in page
    assert "Invite" not in page
    one = auditor.browser().get(reverse("member", args=[cast.caseworker.membership.pk])).content.decode()
    assert "Close the membership" not in one
    assert auditor.browser().get(reverse("member-invite")).status_code == 403
    assert cast.caseworker.browser().get(reverse("members")).status_code == 403
