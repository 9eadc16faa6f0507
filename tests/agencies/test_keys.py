"""Do values stay readable while keys are changed, whoever writes meanwhile and wherever it stops?"""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.core.management import CommandError, call_command
from django.db import models

from agencies.actions import keys
from agencies.models import AgencyKey
from refugeecm.core import crypto, mail
from refugeecm.core.models import Event, MailOut
from registration.actions import imports, sealing
from registration.actions.imports import content
from registration.models import Individual, PersonKey
from tests.conftest import NOW, Cast, acting_as, register

pytestmark = pytest.mark.django_db


def phone_of(cast: Cast, person: Individual) -> str:
    with acting_as(cast.caseworker.viewer):
        return sealing.Opener([person.pk]).phone(person)


def test_an_agency_gets_a_new_key_while_its_people_work(cast: Cast, event, family, monkeypatch) -> None:
    monkeypatch.setattr(keys, "CHUNK", 2)
    with acting_as(cast.caseworker.viewer):
        batch = imports.receive(
            data=b"given_name\nAmal\n", file_name="a.csv", event=event, by=cast.caseworker.viewer, now=NOW
        )
        old = cast.border.key.plain()
    keys.begin(agency=cast.border, now=NOW)
    keys.begin(agency=cast.border, now=NOW)  # whoever was interrupted here gets no third key
    assert phone_of(cast, family[0]) == "+235 66 12 34 56", "sealed with the key of before"
    (late,) = register(cast.caseworker, event, [{"given_name": "Late", "phone": "+235 66 00 00 00"}])
    # Killed after the first chunk: what is left is found again, what is done is not done twice.
    person_keys = next(one for one in keys.sealed_columns() if one[0] is PersonKey)
    assert len(keys._chunk(cast.border, *person_keys, None)) == 2
    done = keys.rotate(agency=cast.border, now=NOW)
    assert done["registration_personkey.wrapped"] == 1, "of three old ones; who came late has the new key"
    assert done["registration_importbatch.key"] == 1
    assert [phone_of(cast, one) for one in (family[0], late)] == ["+235 66 12 34 56", "+235 66 00 00 00"]
    with acting_as(cast.caseworker.viewer):
        batch.refresh_from_db()
        assert content.pieces(batch) == b"given_name\nAmal\n"
        with pytest.raises(crypto.Unreadable, match="given up"):
            crypto.unseal(batch.key, key=old, place=content.key_place(batch.pk))
        assert keys.left(agency=cast.border) == 0
    kept = AgencyKey.objects.get(agency=cast.border)
    assert (kept.number, kept.previous, kept.rotated_at) == (1, b"", NOW)
    with acting_as(cast.admin.viewer):
        assert [one.name for one in Event.objects.filter(name__startswith="agencies.key.").order_by("at", "id")] == [
            keys.BEGUN, keys.CHANGED]  # fmt: skip


def test_the_old_key_stays_as_long_as_something_needs_it(cast: Cast, family) -> None:
    keys.begin(agency=cast.border, now=NOW)
    keys.finish(agency=cast.border, now=NOW)
    assert AgencyKey.objects.get(agency=cast.border).previous, "three people's keys are still wrapped by it"


def test_the_key_encryption_key_is_changed(cast: Cast, family, settings) -> None:
    TOTP.activate(cast.caseworker.user, "ABCDEFGH")
    mail.queue(to="a@b.example", subject="News", text="A link", now=NOW)
    was, new = settings.KEY_ENCRYPTION_KEYS, {"7": crypto.new_key()}
    settings.KEY_ENCRYPTION_KEYS = new | was
    keys.begin(agency=cast.help, now=NOW)
    call_command("rotate_keys")
    assert keys.rewrap_all() == {"agencies": 0, "second_factors": 0, "mails": 0}, "nothing is left to do"
    settings.KEY_ENCRYPTION_KEYS = new
    assert phone_of(cast, family[0]) == "+235 66 12 34 56"
    assert len(AgencyKey.objects.get(agency=cast.help).plain().keys) == 2
    assert Authenticator.objects.get(user=cast.caseworker.user).wrap().validate_code("000000") is False
    assert bytes(MailOut.objects.get().sealed)[1] == 7


def test_a_key_that_is_not_configured_is_named(cast: Cast, settings) -> None:
    settings.KEY_ENCRYPTION_KEYS = {"7": crypto.new_key()}
    with pytest.raises(CommandError, match="key 1 is not configured"):
        call_command("rotate_keys")
    with pytest.raises(CommandError, match="no agency NOBODY"):
        call_command("rotate_keys", agency="NOBODY")


def test_what_is_sealed_by_an_agency_is_found_by_its_own_name() -> None:
    found = list(keys.sealed_columns())
    assert len(found) >= 8
    for model, column, place in found:
        assert isinstance(model._meta.get_field(column), models.BinaryField)
        assert place.endswith("|{pk}")
        assert any(one.column == "agency_id" for one in model._meta.concrete_fields)
