"""What happens to an agreement after it opened: changed by a version, suspended, resumed, cut off, near its end, under review?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import ProgrammingError
from django.urls import reverse
from django.utils import timezone

from agencies.actions import agreements, documents, halting
from agencies.enums import AgreementStatus
from agencies.models import Agreement, AgreementDocument, AgreementSignature, Notification
from agencies.policies import NotPermitted
from agencies.signals import agreement_closed
from agencies.tasks import end_expired
from refugeecm.core import outbox
from refugeecm.core.models import Event
from registration.models import Consent, Individual
from tests.conftest import NOW, Cast, Person, acting_as, proposed, signed

Agree = Callable[..., Agreement]


def fresh(agreement: Agreement, person: Person) -> Agreement:
    with acting_as(person.viewer):
        return Agreement.objects.select_related("provider", "recipient").get(pk=agreement.pk)


def sees(person: Person, individual: Individual) -> bool:
    return person.browser().get(reverse("individual", args=[individual.pk])).status_code == 200


def test_a_signature_is_for_the_terms_as_they_were(cast: Cast, event: Any) -> None:
    viewer, second = cast.admin.viewer, cast.second_admin.viewer
    with acting_as(viewer):
        made = agreements.draft(
            by=viewer, now=NOW, other=cast.help, title="T", purpose="protection", legal_basis="mandate",
            classes=["C1"], channels=["pages"], starts_on=NOW.date(), event_slug=event.slug,
        )  # fmt: skip
        agreements.sign(agreement=made, by=viewer, now=NOW)
    with acting_as(second):
        agreements.change(agreement=made, by=second, now=NOW, classes=["C1", "C2", "C3"])
        agreements.sign(agreement=made, by=second, now=NOW)
        assert made.status == AgreementStatus.DRAFT, "the first signed something else"
    with acting_as(viewer):
        agreements.sign(agreement=made, by=viewer, now=NOW)
        assert made.status == AgreementStatus.PROPOSED
        with pytest.raises(NotPermitted, match="stays as it is"):
            agreements.change(agreement=made, by=viewer, now=NOW, classes=["C1"])
        assert AgreementSignature.objects.filter(agreement=made).count() == 3


def test_they_show_us_the_provider_answers(cast: Cast, event: Any, family: list[Individual]) -> None:
    made = proposed(
        [cast.partner_admin, cast.partner_second], other=cast.border, direction="ask", title="Asked for",
        purpose="protection", legal_basis="mandate", classes=["C1"], channels=["pages"], starts_on=NOW.date(),
        asylum="TCD",
    )  # fmt: skip
    assert (made.provider_id, made.recipient_id) == (cast.border.pk, cast.help.pk)
    with acting_as(cast.partner_admin.viewer), pytest.raises(NotPermitted, match="whose turn"):
        agreements.sign(agreement=made, by=cast.partner_admin.viewer, now=NOW)
    assert (
        "asks your agency to show"
        in cast.admin.browser().get(reverse("agreement", args=[made.pk])).content.decode()
    )
    signed(made, cast.admin, cast.second_admin)
    assert not sees(cast.partner, family[0])
    outbox.drain(now=NOW)
    assert sees(cast.partner, family[0])


def test_a_country_of_asylum_that_is_not_theirs_covers_nobody(
    cast: Cast, family: list[Individual], agree: Agree
) -> None:
    agree(asylum="KEN", event_slug="")
    assert not sees(cast.partner, family[0])


def test_a_new_version_takes_the_place_of_the_former_at_once(
    cast: Cast, family: list[Individual], agree: Agree
) -> None:
    first = agree(classes=["C1"])
    with acting_as(cast.partner_admin.viewer):
        by = cast.partner_admin.viewer
        second = agreements.revise(agreement=fresh(first, cast.partner_admin), by=by, now=NOW)
        agreements.change(agreement=second, by=by, now=NOW, classes=["C1", "C2"], ends_on=date(2030, 1, 1))
        before = second.digest
        agreements.change(agreement=second, by=by, now=NOW, hands_over=True)
        assert second.digest != before, "handing over is signed like every other term"
    assert second.reference == f"{first.reference}-2"
    signed(second, cast.partner_admin, cast.partner_second)
    page = cast.admin.browser().get(reverse("agreement-versions", args=[second.pk])).content.decode()
    assert "Person: Name" in page
    assert "1 Jan 2030" in page
    assert "Not agreed" in page, "before"
    assert "a new version can allow it" not in page
    assert "Allowed, each time" in page, "after"
    signed(second, cast.admin, cast.second_admin)
    assert fresh(first, cast.admin).status == AgreementStatus.ACTIVE
    heard: list[str] = []

    def hear(why: str, **_: Any) -> None:
        heard.append(why)

    agreement_closed.connect(hear)
    try:
        outbox.drain(now=NOW)
    finally:
        agreement_closed.disconnect(hear)
    assert heard == [AgreementStatus.REPLACED]
    assert fresh(first, cast.admin).status == AgreementStatus.REPLACED
    assert fresh(second, cast.admin).status == AgreementStatus.ACTIVE
    page = cast.partner.browser().get(reverse("individual", args=[family[0].pk])).content.decode()
    assert "Mariam" in page


def test_a_version_that_begins_later_waits_for_its_day(cast: Cast, agree: Agree) -> None:
    first, today = agree(), timezone.now().date()
    with acting_as(cast.admin.viewer):
        by = cast.admin.viewer
        second = agreements.revise(agreement=fresh(first, cast.admin), by=by, now=NOW)
        agreements.change(agreement=second, by=by, now=NOW, starts_on=today + timedelta(days=2))
        with pytest.raises(NotPermitted, match="being drawn up already"):
            agreements.revise(agreement=fresh(first, cast.admin), by=by, now=NOW)
    signed(second, cast.admin, cast.second_admin, cast.partner_admin, cast.partner_second)
    outbox.drain(now=timezone.now())
    assert fresh(first, cast.admin).status == AgreementStatus.ACTIVE
    with acting_as(cast.admin.viewer):
        Agreement.objects.filter(pk=second.pk).update(starts_on=today)
    end_expired()
    assert fresh(first, cast.admin).status == AgreementStatus.REPLACED


def test_suspended_by_one_resumed_by_the_same(cast: Cast, family: list[Individual], agree: Agree) -> None:
    made = agree()
    assert sees(cast.partner, family[0])
    partner = cast.partner_admin.browser()
    partner.post(reverse("agreement-suspend", args=[made.pk]), {"reason": "A laptop was lost"})
    assert not sees(cast.partner, family[0])
    assert (
        "A laptop was lost" in cast.admin.browser().get(reverse("agreement", args=[made.pk])).content.decode()
    )
    resume = reverse("agreement-resume", args=[made.pk])
    assert "only they can resume" in cast.admin.browser().post(resume, follow=True).content.decode()
    partner.post(resume)
    assert fresh(made, cast.admin).status == AgreementStatus.PREPARING
    outbox.drain(now=timezone.now())
    assert sees(cast.partner, family[0])


def test_a_partner_is_cut_off_in_one_act(
    cast: Cast, family: list[Individual], agree: Agree, api_client: Any
) -> None:
    made, other = agree(), agree(title="Names", classes=["C2"], event_slug="", origin="ERI")
    api_client()
    browser, address = cast.admin.browser(), reverse("agency-cut", args=[cast.help.pk])
    assert "Suspends at once" in browser.get(address).content.decode()
    assert browser.post(address, {"reason": ""}).context["form"].errors["reason"]
    page = browser.post(address, {"reason": "A breach"}, follow=True).content.decode()
    assert "Cut off. Helping Hands sees nothing any more." in page
    assert "it covered 3 people" in page
    assert "it covered 0 people" in page
    assert "Exports stopped" in page
    assert {fresh(one, cast.admin).status for one in (made, other)} == {AgreementStatus.SUSPENDED}
    assert not sees(cast.partner, family[0])
    with acting_as(cast.admin.viewer):
        cuts = Event.objects.filter(name=halting.CUT_OFF)
        assert {one.subject_id for one in cuts} == {made.pk, other.pk}
        assert cuts[0].details["clients"] == 1
    assert (
        "there is nothing to cut" in browser.post(address, {"reason": "Again"}, follow=True).content.decode()
    )
    assert cast.caseworker.browser().get(address).status_code == 403
    assert browser.get(reverse("agency-cut", args=[cast.border.pk])).status_code == 404


def test_the_end_is_announced_thrice(cast: Cast, agree: Agree) -> None:
    made = agree(ends_on=date(2026, 12, 31))
    told = []
    for left in (120, 90, 89, 31, 30, 8, 7, 6, 0):
        now = NOW.replace(year=2026, month=12, day=31) - timedelta(days=left)
        with acting_as(cast.admin.viewer):
            if halting.warn(agreement=fresh(made, cast.admin), now=now):
                told.append(left)
    assert told == [90, 30, 7]
    outbox.drain(now=NOW + timedelta(days=400))
    with acting_as(cast.partner_admin.viewer):
        assert Notification.objects.filter(event=halting.ENDING).count() == 3


def test_a_review_is_noted_and_the_next_one_lies_ahead(cast: Cast, agree: Agree) -> None:
    today = timezone.now().date()
    made = agree(review_on=today + timedelta(days=3))
    browser, page = cast.partner_admin.browser(), reverse("agreement", args=[made.pk])
    assert "Review due" in browser.get(page).content.decode()
    keep = reverse("agreement-keep", args=[made.pk])
    assert "lies ahead" in browser.post(keep, {"review_on": today.isoformat()}, follow=True).content.decode()
    later = today + timedelta(days=200)
    browser.post(keep, {"review_on": later.isoformat()})
    assert fresh(made, cast.admin).review_on == later


def test_the_signed_paper_is_sealed_and_read_by_both_parties(cast: Cast, agree: Agree) -> None:
    made, pdf = agree(), b"%PDF-1.7 signed by all"
    add = reverse("agreement-document-new", args=[made.pk])
    answer = cast.admin.browser().post(
        add, {"document": SimpleUploadedFile("notes.txt", b"hello")}, follow=True
    )
    assert "not a PDF" in answer.content.decode()
    assert "required" in cast.admin.browser().post(add, follow=True).content.decode()
    cast.admin.browser().post(add, {"document": SimpleUploadedFile("signed.pdf", pdf)})
    with acting_as(cast.partner.viewer):
        paper = AgreementDocument.objects.get()
        assert pdf not in bytes(paper.sealed)
        with pytest.raises(ProgrammingError, match="permission denied"):
            AgreementDocument.objects.update(name="other.pdf")
    address = reverse("agreement-document", args=[paper.pk])
    answer = cast.partner.browser().get(address)
    assert b"".join(answer.streaming_content) == pdf  # type: ignore[attr-defined]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="signed.pdf"'
    assert cast.stranger_admin.browser().get(address).status_code == 404
    with acting_as(cast.caseworker.viewer), pytest.raises(NotPermitted, match="Only an administrator"):
        documents.add(agreement=made, name="x", content=pdf, by=cast.caseworker.viewer, now=NOW)


@pytest.mark.usefixtures("transactional_db")
def test_a_voluntary_return_opens_named_fields_to_the_country_of_origin_with_consent_confirmed_twice(
    cast: Cast, family: list[Individual]
) -> None:
    mother, son, _daughter = family
    cast.help.kind, cast.help.country = "government", "SDN"
    cast.help.save()
    viewer, terms = cast.admin.viewer, {
        "other": cast.help, "title": "Return", "purpose": "voluntary_return", "channels": ["pages"],
        "starts_on": date(2026, 1, 1), "origin": "SDN",
    }  # fmt: skip
    named = {"registration.individual.name": "see", "registration.individual.birth": "see"}
    for wrong, words in (
        ({"legal_basis": "mandate", "matrix": named}, "legal basis is each person's own consent"),
        ({"legal_basis": "consent", "classes": ["C2"]}, "no whole class"),
        ({"legal_basis": "consent", "matrix": named, "purpose": "protection"}, "own country of origin"),
    ):
        with acting_as(viewer), pytest.raises(NotPermitted, match=words):
            agreements.draft(by=viewer, now=NOW, **{**terms, **wrong})
    with acting_as(cast.caseworker.viewer):
        consents = [
            Consent.objects.create(
                agency_id=one.agency_id, individual=one, recorded_at=NOW, text_version="1", language="ar",
                given_on=NOW.date(), purpose="voluntary_return", recipient=cast.help,
                confirmed_by=cast.caseworker.user, confirmed_again_by=again,
            )
            for one, again in ((mother, cast.colleague.user), (son, None))
        ]  # fmt: skip
    made = proposed([cast.admin, cast.second_admin], **terms, legal_basis="consent", matrix=named)
    signed(made, cast.partner_admin, cast.partner_second)
    outbox.drain(now=NOW)
    page = cast.partner.browser().get(reverse("individual", args=[mother.pk])).content.decode()
    assert "Mariam" in page
    assert "CAMP-A" not in page
    assert "66 12 34 56" not in page
    assert not sees(cast.partner, son), "only one person has confirmed that the consent is free"
    with acting_as(cast.caseworker.viewer):
        Consent.objects.filter(pk=consents[0].pk).update(withdrawn_at=NOW)
    assert not sees(cast.partner, mother)
