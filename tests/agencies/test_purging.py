"""Do the rows of work that is over go after their time, and does nothing go before, or at all that the audit needs?"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from allauth.idp.oidc.models import Token
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from agencies import tasks
from agencies.actions import webhooks
from agencies.enums import DeliveryStatus, ExportStatus, InvitationStatus, Role
from agencies.models import ExportJob, ExportPiece, Invitation, Notification, WebhookDelivery
from refugeecm.core import outbox
from refugeecm.core.models import (
    Event,
    HandledMessage,
    IdempotencyKey,
    MailOut,
    OutboxMessage,
    ReadEvent,
    User,
)
from tests.conftest import Cast, acting_as


def ago(days: float) -> Any:
    return timezone.now() - timedelta(days=days)


def test_deliveries_go_after_a_month_dead_ones_after_a_quarter_exports_after_a_year(cast: Cast) -> None:
    viewer = cast.partner_admin.viewer
    with acting_as(viewer):
        endpoint, _secret = webhooks.add(
            url="https://help.example/hook", topics=["cases.claim.opened"], by=viewer, now=ago(400)
        )
    with acting_as(viewer):
        for status, days in (
            ("delivered", 31), ("delivered", 29), ("cancelled", 31), ("dead", 31), ("dead", 91), ("waiting", 400),
        ):  # fmt: skip
            WebhookDelivery.objects.create(
                event_id=uuid.uuid4(), endpoint=endpoint, agency=cast.help, topic="cases.claim.opened",
                subject_id=uuid.uuid4(), case=uuid.uuid4(), change_seq=1, happened_at=ago(days), status=status,
                next_at=ago(days), give_up_at=ago(days), finished_at=None if status == "waiting" else ago(days),
            )  # fmt: skip
        for status, days in (("expired", 366), ("expired", 364), ("ready", 366)):
            job = ExportJob.objects.create(
                agency=cast.help, user=cast.partner_admin.user, listing="people", purpose="casework", reason="Visits",
                format="csv", language="en", status=status, created_at=ago(days),
            )  # fmt: skip
            ExportPiece.objects.create(agency=cast.help, job=job, part="file", seq=0, sealed=b"")
    events = Event.objects.count()
    assert tasks.purge() == 3 + 2, "a file's piece goes with it"
    with acting_as(viewer):
        left = list(WebhookDelivery.objects.order_by("pk").values_list("status", flat=True))
        assert left == [DeliveryStatus.DELIVERED, DeliveryStatus.DEAD, DeliveryStatus.WAITING]
        assert list(ExportJob.objects.order_by("-created_at").values_list("status", flat=True)) == [
            ExportStatus.EXPIRED,
            ExportStatus.READY,
        ]
    assert Event.objects.count() == events
    assert tasks.purge() == 0


def test_messages_go_with_the_marks_of_their_handlers(cast: Cast, family: Any) -> None:
    outbox.drain(now=timezone.now())
    older = OutboxMessage.objects.get()
    newest = OutboxMessage.objects.create(
        topic="x.y", created_at=ago(29), available_at=ago(29), done_at=ago(29)
    )
    with acting_as(cast.admin.viewer):
        events, reads = Event.objects.count(), ReadEvent.objects.count()
    assert events
    OutboxMessage.objects.filter(pk=older.pk).update(done_at=ago(31))
    dead = OutboxMessage.objects.create(
        topic="x.y", created_at=ago(80), available_at=ago(80), dead_at=ago(80)
    )
    for one in (newest, older):
        HandledMessage.objects.create(message_id=one.message_id, handler="tests")
    assert tasks.purge() > 0
    assert set(OutboxMessage.objects.values_list("pk", flat=True)) == {newest.pk, dead.pk}
    assert set(HandledMessage.objects.values_list("message_id", flat=True)) <= {newest.message_id}
    assert HandledMessage.objects.filter(handler="tests").count() == 1
    with acting_as(cast.admin.viewer):
        assert (Event.objects.count(), ReadEvent.objects.count()) == (events, reads)


def test_mails_invitations_and_what_has_run_out(cast: Cast, api_client: Any) -> None:
    for sent, dead in ((31, None), (29, None), (None, 89), (None, 91), (None, None)):
        MailOut.objects.create(
            sealed=b"", created_at=ago(100), available_at=ago(100),
            sent_at=sent and ago(sent), dead_at=dead and ago(dead),
        )  # fmt: skip
    for status, days in (
        (InvitationStatus.ACCEPTED, 91),
        (InvitationStatus.OPEN, 91),
        (InvitationStatus.OPEN, 89),
    ):
        Invitation.objects.create(
            agency=cast.border if days == 89 else cast.help, user=cast.stranger.user, role=Role.AUDITOR,
            invited_at=ago(days + 3), expires_at=ago(days), status=status,
        )  # fmt: skip
    api, _token = api_client(cast.partner_admin)
    Token.objects.filter(client=api.client).update(expires_at=ago(2))
    IdempotencyKey.objects.create(agency_id=cast.help.pk, client_id="x", key="k", digest="d", at=ago(2))
    browser = cast.partner.browser()
    browser.get("/")
    kept = browser.session.session_key
    Session.objects.create(session_key="old", session_data="", expire_date=ago(2))
    UserSession.objects.create(
        user=cast.partner.user, session_key="old", ip="127.0.0.1", created_at=ago(3), last_seen_at=ago(3)
    )
    tasks.purge()
    assert MailOut.objects.count() == 3
    assert Invitation.objects.get().status == InvitationStatus.OPEN
    assert not Token.objects.filter(client=api.client).exists()
    assert not IdempotencyKey.objects.exists()
    assert Session.objects.filter(session_key=kept).exists()
    assert not Session.objects.filter(session_key="old").exists()
    assert not UserSession.objects.filter(session_key="old").exists()


def test_news_go_a_quarter_after_they_were_read_unread_ones_after_a_year(cast: Cast) -> None:
    with acting_as(cast.partner_admin.viewer):
        for kind, at, read in (
            ("webhook", 100, 91), ("webhook", 400, 89), ("webhook", 366, None), ("webhook", 364, None),
            ("agreement", 400, 399),
        ):  # fmt: skip
            Notification.objects.create(
                agency=cast.help, event="x.y", subject_type=kind, subject_id=uuid.uuid4(),
                at=ago(at), read_at=read and ago(read),
            )  # fmt: skip
    tasks.purge()
    with acting_as(cast.partner_admin.viewer):
        left = [(one.subject_type, one.read_at is None) for one in Notification.objects.all()]
        assert sorted(left) == [("agreement", False), ("webhook", False), ("webhook", True)]


def test_who_was_invited_and_never_came_is_forgotten(cast: Cast) -> None:
    """The account goes with its invitations a month after the last of them; nobody goes who works here, came once or may come."""
    people = {
        name: User.objects.create_user(f"{name}@new.example", name=name)
        for name in ("gone", "twice", "late", "came", "loose")
    }
    User.objects.filter(pk=people["came"].pk).update(last_login=ago(40))
    for user, days in (
        (people["gone"], 31), (people["late"], 29), (people["twice"], 60), (people["twice"], 2), (people["came"], 31),
        (cast.stranger.user, 31),
    ):  # fmt: skip
        Invitation.objects.create(
            agency=cast.help if days != 2 else cast.border, user=user, role=Role.AUDITOR,
            invited_at=ago(days + 3), expires_at=ago(days),
        )  # fmt: skip
    tasks.purge()
    left = set(User.objects.filter(email__endswith="@new.example").values_list("name", flat=True))
    assert left == {"twice", "late", "came", "loose"}
    assert Invitation.objects.filter(user=people["twice"]).count() == 2
    assert Invitation.objects.filter(user=cast.stranger.user).exists()
    assert not Invitation.objects.filter(user_id=people["gone"].pk).exists()
