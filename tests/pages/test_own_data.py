"""Is a person told all that is kept about them, and nothing that is about others or would be dangerous on paper?"""

from __future__ import annotations

from typing import Any

import pghistory.models
import pytest
from django.apps import apps
from django.urls import reverse

from agencies.access.terms import kinds
from refugeecm.core.classes import FieldClass
from refugeecm.pages import own_data
from registration.actions import attachments, corrections, further_facts, needs, photos, rights
from registration.models import Individual
from tests.conftest import NOW, Cast, acting_as
from tests.registration.test_attachments import pdf, picture

pytestmark = pytest.mark.usefixtures("db")


def test_every_field_that_is_kept_is_told_or_has_a_reason_why_not() -> None:
    """Of a person, and of every kind of record that agreements can share, and of those that none can."""
    assert set(kinds().values()) <= set(own_data.TOLD)
    for model, (_heading, fields) in own_data.TOLD.items():
        told, label = set(fields.split()), model._meta.label_lower
        kept = {name for name, cls in model.field_classes.items() if cls != FieldClass.INTERNAL}
        assert told <= kept, (label, told - kept)
        reasons = {name for name in kept if {f"{label}.{name}", f"*.{name}"} & set(own_data.LEFT_OUT)}
        assert kept == told | reasons, (label, kept - told - reasons)
        assert not told & {name for name in kept if f"{label}.{name}" in own_data.LEFT_OUT}, label
    about = {
        model._meta.label_lower
        for model in apps.get_models()
        if "individual_id" in {one.column for one in model._meta.concrete_fields}
        and not issubclass(model, pghistory.models.Event)
    }
    told_of = {model._meta.label_lower for model in own_data.TOLD} - {
        "registration.individual",
        "registration.household",
    }
    assert about == told_of | set(own_data.KINDS_LEFT_OUT), (
        "a kind of record that names people and is not told of"
    )
    named = {f"{model._meta.label_lower}.{name}" for model in own_data.TOLD for name in model.field_classes}
    assert {one for one in own_data.LEFT_OUT if one[0] != "*"} <= named, "a reason for what is not there"


@pytest.fixture
def known(cast: Cast, family: list[Individual]) -> list[Individual]:
    """Mariam, of whom everything is recorded."""
    by, person = cast.caseworker.viewer, family[0]
    with acting_as(by):
        corrections.correct(
            individual=person, further={"alias": ["Umm Yusuf"]}, level=person.level, reason="",
            columns={"ethnicity": "Masalit", "email": "mariam@own.example", "occupation": "Teacher"},
            version=corrections.version_of(person), by=by, now=NOW,
        )  # fmt: skip
        further_facts.add_relative(
            individual=person, relationship="SIB", name="Ibrahim Cousin", country="LBY", whereabouts="Behind the harbour",
            number="", by=by, now=NOW,
        )  # fmt: skip
        further_facts.add_biometric(
            individual=person, system="BIMS", reference="B-77-123", result="none", checked_on=NOW.date(), by=by, now=NOW
        )  # fmt: skip
        photos.take(individual=person, data=picture(), by=by, now=NOW)
        for code, note in (("DS-BD", "Needs new glasses"), ("SV-VO", "By her uncle")):
            needs.flag(flags=[needs.Flag(person.pk, code, note=note)], by=by, now=NOW)
        for kind, title in (("medical", "Clinic"), ("letter", "School")):
            attachments.add(
                individual=person, kind=kind, title=title, data=pdf(kind.encode()), by=by, now=NOW
            )  # fmt: skip
        rights.receive(
            individual=person, kind="access", channel="person", asked_by="self", what="All of it, please",
            received_on=NOW.date(), by=by, now=NOW,
        )  # fmt: skip
    return family


def test_the_statement_opens_what_is_sealed_and_leaves_out_what_is_not_theirs_to_read(
    cast: Cast, known: list[Individual], django_assert_max_num_queries: Any
) -> None:
    address, given = reverse("statement", args=[known[0].pk]), {"identity": "paper", "language": "en"}
    browser = cast.caseworker.browser()
    browser.post(address, given)
    with django_assert_max_num_queries(45):
        page = browser.post(address, given).content.decode()
    # By the way: a supervisor or decision maker who opens restricted needs prints the same paper.
    for text in (
        "Mariam", "Idris", "Umm Yusuf", "Masalit", "mariam@own.example", "Teacher", "+235 66 12 34 56", "P01234567",
        "17 May 1990", "Sudan", "BIMS", "B-77-123", "Visual impairment", "Needs new glasses", "data:image/jpeg;base64,",
        "All of it, please", "We answer by: Access to their data", "2 Apr 2026", "Letter",
    ):  # fmt: skip
        assert text in page, text
    for text in ("Ibrahim", "harbour", "By her uncle", "SV-VO", "Medical", "Clinic", "Yusuf Idris", "Halima"):
        assert text not in page, text
    always = "may have been left out. Ask for it in a private talk."
    assert always in page
    other = browser.post(reverse("statement", args=[known[2].pk]), given).content.decode()
    assert always in other, "the sentence stands there whether anything was left out or not"


def test_the_statement_is_given_by_who_keeps_files_after_a_check(cast: Cast, known: list[Individual]) -> None:
    address = reverse("statement", args=[known[0].pk])
    for who, status in ((cast.partner, 404), (cast.stranger, 404), (cast.admin, 403), (cast.decider, 403)):
        assert who.browser().get(address).status_code == status
        assert who.browser().post(address, {"identity": "paper", "language": "en"}).status_code == status
    page = cast.caseworker.browser().post(address, {"language": "ar"}).content.decode()
    assert "There is a problem" in page
    assert "P01234567" not in page
