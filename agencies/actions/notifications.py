"""How are news put aside, and how do they reach people by mail? A mail says that there is something, never what or about whom."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agencies.access import ROLES, Permission, Viewer
from agencies.enums import MailWhen
from agencies.models import Agency, MailChoice, Membership, Notification
from refugeecm.core import mail, wall

# By what the news are about (Notification.subject_type): what it is called, and whose business it is.
KINDS: dict[str, tuple[Promise, Permission]] = {
    "agreement": (_("Agreements"), Permission.AGREEMENT_ANSWER),
    "individual": (_("People"), Permission.PERSON_READ),
    "indicators": (_("Referrals for protection"), Permission.NEED_RESTRICTED),
    "child": (_("Children without their parents"), Permission.NEED_RESTRICTED),
    "traced": (_("Family tracing"), Permission.TRACE),
    "merge": (_("Duplicates"), Permission.MATCH_REVIEW),
    "referral": (_("Referrals"), Permission.REFERRAL_READ),
    "handover": (_("Hand-overs"), Permission.REFERRAL_READ),
    "member": (_("Members"), Permission.MEMBER_MANAGE),
    "review": (_("Reviews of access"), Permission.REVIEW),
    "webhook": (_("Webhooks"), Permission.WEBHOOK_READ),
    "attachment": (_("Uploads"), Permission.MEMBER_MANAGE),
    "seal": (_("Seals"), Permission.AUDIT_READ),
}
URGENT = {"seal"}  # comes by mail at once, or never
DAY = timedelta(hours=20)  # a daily mail that is written an hour earlier than yesterday's is one, too


def kinds_for(permissions: Collection[Permission]) -> list[str]:
    """Return the kinds of news that are the business of somebody with these permissions."""
    return [kind for kind, (_label, permission) in KINDS.items() if permission in permissions]


@transaction.atomic
def put_aside(*, notification: Notification, by: Viewer, now: datetime) -> None:
    """Note that somebody of the agency has seen it; who is faster does not matter."""
    Notification.objects.visible_to(by).unread().filter(pk=notification.pk).update(read_at=now)


@transaction.atomic
def put_all_aside(*, kinds: Sequence[str], by: Viewer, now: datetime) -> int:
    """Put everything of these kinds aside; return how many lines that were."""
    return Notification.objects.visible_to(by).unread().filter(subject_type__in=kinds).update(read_at=now)


def mail_choices(*, by: Viewer) -> dict[str, str]:
    """Return {kind: when a mail comes} of the viewer, for what is their business."""
    own = MailChoice.objects.filter(agency_id=by.agency_id, user_id=by.user_id or 0).first()
    return {kind: _when(own, kind) for kind in kinds_for(by.permissions)}


@transaction.atomic
def choose_mail(*, by: Viewer, chosen: Mapping[str, str]) -> None:
    """Note when mails come, in the language that the viewer works in."""
    lists = {
        "at_once": [kind for kind, how in chosen.items() if how == MailWhen.AT_ONCE],
        "never": [kind for kind, how in chosen.items() if how == MailWhen.NEVER],
    }
    MailChoice.objects.update_or_create(agency_id=by.agency_id, user_id=by.user_id or 0, defaults=lists)


def mail_at_once(*, agency_id: int, kind: str, now: datetime) -> None:
    """Write a mail for each member who wants news of this kind at once; one that still waits is enough. In the agency's context."""
    for member, choice in _members(agency_id):
        if kind in kinds_for(ROLES[member.role]) and _when(choice, kind) == MailWhen.AT_ONCE:
            _write(member, now)


@transaction.atomic
def mail_daily(*, agency: Agency, now: datetime) -> int:
    """Write the daily mails of an agency, to those for whom something new waits; return how many."""
    wall.enter(agency_id=agency.pk, user_id=None, reason="notify.daily")
    written = 0
    for member, choice in _members(agency.pk):
        told = choice.told_at if choice else None
        if told is not None and told > now - DAY:
            continue
        daily = [kind for kind in kinds_for(ROLES[member.role]) if _when(choice, kind) == MailWhen.DAILY]
        news = Notification.objects.filter(
            agency=agency, subject_type__in=daily, at__gt=told or now - timedelta(days=1)
        )
        if news.unread().exists():
            _write(member, now)
            MailChoice.objects.update_or_create(
                agency=agency, user_id=member.user_id, defaults={"told_at": now}
            )
            written += 1
    return written


def _members(agency_id: int) -> Iterator[tuple[Membership, MailChoice | None]]:
    choices = {one.user_id: one for one in MailChoice.objects.filter(agency_id=agency_id)}
    for member in Membership.objects.in_force().filter(agency_id=agency_id).select_related("user"):
        yield member, choices.get(member.user_id)


def _when(choice: MailChoice | None, kind: str) -> str:
    if choice is not None and kind in choice.never:
        return MailWhen.NEVER
    asked = choice is not None and kind in choice.at_once
    return MailWhen.AT_ONCE if asked or kind in URGENT else MailWhen.DAILY


def _write(member: Membership, now: datetime) -> None:
    with translation.override(member.user.language or settings.LANGUAGE_CODE):
        text = gettext(
            "There is news for your agency. Sign in to read it:\n\n%(news)s\n\n"
            "This mail names nobody, so that nobody learns from it. When it comes, you choose here:\n\n%(choice)s"
        ) % {"news": mail.link(reverse("notifications")), "choice": mail.link(reverse("notifications-mail"))}
        mail.queue(
            to=member.user.email,
            subject=gettext("News for your agency"),
            text=text,
            now=now,
            key=f"news:{member.pk}",
        )
