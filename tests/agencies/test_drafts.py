"""Does drawing up an agreement refuse what is not there, and can its first step be corrected without leaving anything behind?"""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from agencies.actions import agencies as founding
from agencies.actions import agreements
from agencies.enums import AgencyKind, InvitationStatus
from agencies.models import Agreement, Invitation
from agencies.policies import NotPermitted
from tests.conftest import NOW, Cast, Person, acting_as, proposed, register, signed

TERMS: dict[str, Any] = {
    "title": "Status", "purpose": "protection", "legal_basis": "mandate", "classes": ["C1"], "channels": ["pages"],
    "starts_on": NOW.date(),
}  # fmt: skip


def drawn(cast: Cast, **terms: Any) -> Agreement:
    with acting_as(cast.admin.viewer):
        return agreements.draft(by=cast.admin.viewer, now=NOW, **{"other": cast.help, **TERMS, **terms})


def fresh(cast: Cast, made: Agreement) -> Agreement:
    with acting_as(cast.admin.viewer):
        return Agreement.objects.select_related("provider", "recipient").get(pk=made.pk)


def step(person: Person, made: Agreement, name: str, **sent: Any) -> Any:
    return person.browser().post(reverse("agreement-step", args=[made.pk, name]), sent)


def test_an_event_that_does_not_exist_is_refused_with_those_that_do(cast: Cast, event: Any) -> None:
    made = drawn(cast)
    form = step(cast.admin, made, "population", event_slug="east-2062").context["form"]
    (said,) = form.errors["event_slug"]
    assert "“east-2062”" in said
    assert "east-2026" in said
    assert fresh(cast, made).event_slug == ""
    with acting_as(cast.admin.viewer), pytest.raises(NotPermitted, match="no influx event"):
        agreements.change(agreement=made, by=cast.admin.viewer, now=NOW, event_slug="west")
    with pytest.raises(NotPermitted, match="no influx event"):
        drawn(cast, event_slug="west")
    page = cast.admin.browser().get(reverse("agreement-step", args=[made.pk, "population"])).content.decode()
    assert '<option value="east-2026">' in page


def test_a_site_at_which_nobody_is_registered_is_refused(cast: Cast, event: Any) -> None:
    made = drawn(cast)
    assert step(cast.admin, made, "population", site="CAMP-B").status_code == 302, "before the first arrival"
    for _family in range(10):
        register(cast.caseworker, event, [{"registration_site": "CAMP-A"}])
    register(cast.caseworker, event, [{"registration_site": "HOUSE-7"}])
    (said,) = step(cast.admin, made, "population", site="camp-a").context["form"].errors["site"]
    assert "“camp-a”" in said
    assert "CAMP-A" in said
    page = cast.admin.browser().get(reverse("agreement-step", args=[made.pk, "population"])).content.decode()
    assert '<option value="CAMP-A">' in page
    assert "HOUSE-7" not in page + said, "one family lives there, and administrators read no files"
    assert step(cast.admin, made, "population", site="HOUSE-7").status_code == 302
    assert fresh(cast, made).site == "HOUSE-7"


def test_who_asks_learns_no_sites_and_the_provider_cannot_sign_for_one_that_is_not_there(
    cast: Cast, event: Any
) -> None:
    for _family in range(10):
        register(cast.caseworker, event, [{"registration_site": "CAMP-A"}])
    asked = {**TERMS, "other": cast.border, "direction": "ask"}
    made = proposed([cast.partner_admin, cast.partner_second], site="CAMP-Z", **asked)
    draft = reverse("agreement-step", args=[made.pk, "population"])
    assert "CAMP-A" not in cast.partner_admin.browser().get(draft, follow=True).content.decode()
    with pytest.raises(NotPermitted, match=r"CAMP-Z.*CAMP-A"):
        signed(made, cast.admin)
    signed(
        proposed([cast.partner_admin, cast.partner_second], site="CAMP-A", **asked),
        cast.admin,
        cast.second_admin,
    )


def test_another_partner_or_direction_begins_anew(cast: Cast, event: Any) -> None:
    made = drawn(cast, event_slug=event.slug, hands_over=True, dpia_reference="D-1", retention_days=9)
    same = {"other": cast.help.pk, "direction": "give"}
    step(cast.admin, made, "parties", title="Better words", **same)
    now = fresh(cast, made)
    assert (now.title, now.event_slug, now.classes) == ("Better words", event.slug, ["C1"])
    for changed, sides in (
        ({"other": cast.other.pk}, (cast.border, cast.other)),
        ({"other": cast.other.pk, "direction": "ask"}, (cast.other, cast.border)),
    ):
        answer = cast.admin.browser().post(
            reverse("agreement-step", args=[made.pk, "parties"]),
            {**same, "title": "Third", **changed},
            follow=True,
        )
        assert "It begins anew" in answer.content.decode()
        now = fresh(cast, made)
        assert (now.provider, now.recipient, now.title) == (*sides, "Third")
        assert not any((now.purpose, now.legal_basis, now.event_slug, now.matrix, now.grants, now.classes))
        assert not any((now.channels, now.hands_over, now.dpia_reference, now.retention_days))
    assert now.reference == made.reference
    page = reverse("agreement", args=[made.pk])
    assert cast.partner_admin.browser().get(page).status_code == 404
    assert cast.stranger_admin.browser().get(page).status_code == 404, "a draft"


def test_what_was_signed_or_has_a_paper_keeps_its_parties_but_not_its_title(cast: Cast, event: Any) -> None:
    for spoil in ("signature", "document"):
        made = drawn(cast, event_slug=event.slug)
        if spoil == "signature":
            signed(made, cast.admin)
        else:
            paper = SimpleUploadedFile("a.pdf", b"%PDF-1.7\n%%EOF", "application/pdf")
            address = reverse("agreement-document-new", args=[made.pk])
            cast.admin.browser().post(address, {"document": paper})
        page = cast.second_admin.browser().get(reverse("agreement-step", args=[made.pk, "parties"]))
        assert "partner and direction stay" in page.content.decode()
        step(cast.second_admin, made, "parties", title="New", other=cast.other.pk, direction="ask")
        now = fresh(cast, made)
        assert (now.title, now.recipient, now.direction) == ("New", cast.help, "give")
        viewer = cast.admin.viewer
        with acting_as(viewer), pytest.raises(NotPermitted, match="partner and direction stay"):
            agreements.correct(
                agreement=now, by=viewer, now=NOW, other=cast.other, direction="give", title="X"
            )


def test_who_signs_what_was_changed_a_moment_ago_is_asked_to_look_again(cast: Cast, event: Any) -> None:
    made = drawn(cast, event_slug=event.slug)
    second = fresh(cast, made)
    with acting_as(cast.admin.viewer):
        agreements.change(agreement=made, by=cast.admin.viewer, now=NOW, classes=["C1", "C2"])
    viewer = cast.second_admin.viewer
    with acting_as(viewer), pytest.raises(NotPermitted, match="changed a moment ago"):
        agreements.sign(agreement=second, by=viewer, now=NOW)


def test_the_invitation_of_a_partner_chosen_by_mistake_is_withdrawn(cast: Cast) -> None:
    empty = founding.found(code="NEW", name="New Aid", kind=AgencyKind.NGO, country="FRA", now=NOW)
    start = {"other": empty.pk, "direction": "give", "title": "T", "first_email": "f@new.example"}
    browser = cast.admin.browser()
    browser.post(reverse("agreement-new"), start)
    assert Invitation.objects.open(now=timezone.now()).filter(agency=empty).exists()
    with acting_as(cast.admin.viewer):
        made = Agreement.objects.get()
    step(cast.admin, made, "parties", other=cast.help.pk, direction="give", title="T", first_email="")
    assert Invitation.objects.get(agency=empty).status == InvitationStatus.WITHDRAWN


def test_that_a_new_version_can_allow_it_is_said_of_what_stands_only(cast: Cast, agree: Any) -> None:
    words = "a new version can allow it"
    made, draft = agree(), drawn(cast)
    browser = cast.admin.browser()
    assert words in browser.get(reverse("agreement", args=[made.pk])).content.decode()
    for address in (
        reverse("agreement", args=[draft.pk]),
        reverse("agreement-step", args=[draft.pk, "check"]),
    ):
        page = browser.get(address).content.decode()
        assert "Not agreed" in page
        assert words not in page
