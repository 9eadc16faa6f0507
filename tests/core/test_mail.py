"""Does every mail go out at least once, and does nothing of it stay behind?"""

from datetime import timedelta
from smtplib import SMTPException

import pytest
from django.core import mail as sent
from django.core.mail.backends.locmem import EmailBackend
from django.test import override_settings

from refugeecm.core import mail
from refugeecm.core.models import MailOut
from tests.conftest import NOW

pytestmark = pytest.mark.django_db(transaction=True)


class Refusing(EmailBackend):
    """A mail server that is down."""

    def send_messages(self, messages):
        raise SMTPException("550 of amina@border.example: no")


class Dying(EmailBackend):
    """The mail goes out, and then the worker dies."""

    def send_messages(self, messages):
        super().send_messages(messages)
        raise SystemExit


def queue(to="amina@border.example", **more):
    mail.queue(to=to, subject="News", text="Look: https://cases.example/", now=NOW, **more)


def due(after=timedelta(0)):
    return mail.send_due(clock=lambda: NOW + after)


def test_a_mail_waits_sealed_and_leaves_nothing_behind():
    queue()
    row = MailOut.objects.get()
    assert b"amina" not in bytes(row.sealed)
    assert (due(), due()) == (1, 0)
    assert [(one.to, one.subject, one.body) for one in sent.outbox] == [
        (["amina@border.example"], "News", "Look: https://cases.example/")
    ]
    row.refresh_from_db()
    assert (bytes(row.sealed), row.sent_at) == (b"", NOW)


def test_a_mail_to_nobody_costs_the_same_and_goes_nowhere():
    queue(to="")
    assert due() == 1
    assert sent.outbox == []


def test_one_of_a_key_waits_at_a_time():
    queue(key="digest:1")
    queue(key="digest:1")
    assert due() == 1
    queue(key="digest:1")
    assert due() == 1


def test_a_refused_mail_is_tried_again_ever_later_and_set_aside_in_the_end():
    queue()
    with override_settings(EMAIL_BACKEND=f"{__name__}.Refusing"):
        assert due() == 0
        assert due() == 0
        row = MailOut.objects.get()
        assert (row.attempts, row.last_error) == (1, "SMTPException")  # what servers say may bear addresses
        for turn in range(1, 9):
            due(mail.PAUSE * 2**turn)
    row.refresh_from_db()
    assert (row.attempts, row.dead_at is not None, bytes(row.sealed)) == (8, True, b"")
    assert due(timedelta(days=9)) == 0


def test_a_worker_that_dies_after_sending_sends_again_under_the_same_id():
    queue()
    with override_settings(EMAIL_BACKEND=f"{__name__}.Dying"), pytest.raises(SystemExit):
        due()
    assert due() == 0
    assert due(mail.PAUSE) == 1
    assert len({one.extra_headers["Message-ID"] for one in sent.outbox}) == 1
    assert len(sent.outbox) == 2
