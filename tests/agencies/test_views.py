"""Do the pages about agencies and API clients show the right people the right things?"""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils.html import escape

from agencies.actions import agencies as founding
from agencies.enums import Role
from agencies.models import ApiClient, Membership
from tests.conftest import Cast


def test_everybody_sees_all_agencies_and_what_is_agreed_with_us(cast: Cast, agree: Any) -> None:
    agree()
    page = cast.partner.browser().get(reverse("agencies")).content.decode()
    assert "Border Office" in page
    assert "Other Agency" in page
    assert "1 in force" in page
    assert "Your agency" in page
    assert "in force" not in cast.stranger.browser().get(reverse("agencies")).content.decode()


def test_members_are_shown_to_their_own_agency_only(cast: Cast) -> None:
    address = reverse("agency", args=[cast.border.pk])
    own = cast.decider.browser().get(address).content.decode()
    assert "amina@border.example" in own
    assert "Decision maker" in own
    other = cast.partner.browser().get(address).content.decode()
    assert "Border Office" in other
    assert "amina" not in other.lower()
    assert cast.partner.browser().get(reverse("agency", args=[10**15])).status_code == 404


def test_the_page_of_an_agency_lists_the_agreements_between_us(cast: Cast, agree: Any) -> None:
    made = agree()
    address = reverse("agency", args=[cast.border.pk])
    assert made.reference in cast.partner.browser().get(address).content.decode()
    assert made.reference not in cast.stranger.browser().get(address).content.decode()


def test_somebody_with_two_agencies_can_switch(cast: Cast) -> None:
    second = founding.enrol(agency=cast.help, user=cast.caseworker.user, role=Role.CASEWORKER)
    browser = cast.caseworker.browser()
    assert "Work for this agency" in browser.get(reverse("agencies")).content.decode()
    answer = browser.post(reverse("switch-agency"), {"membership": second.pk}, follow=True)
    assert answer.status_code == 200
    assert "You now work for Helping Hands." in answer.content.decode()
    assert browser.get(reverse("claims")).wsgi_request.viewer.agency_id == cast.help.pk
    Membership.objects.filter(pk=second.pk).update(is_active=False)
    assert browser.get(reverse("claims")).wsgi_request.viewer.agency_id == cast.border.pk


@pytest.mark.parametrize("wanted", ["", "x", "-1", "99999999999999999999", "foreign"])
def test_nobody_switches_to_an_agency_they_do_not_work_for(cast: Cast, wanted: str) -> None:
    browser = cast.caseworker.browser()
    membership = cast.partner.membership.pk if wanted == "foreign" else wanted
    assert browser.post(reverse("switch-agency"), {"membership": membership}).status_code == 404
    assert "membership" not in browser.session


def test_an_administrator_issues_a_client_and_sees_its_secret_once(cast: Cast) -> None:
    browser = cast.partner_admin.browser()
    assert "No API clients" in browser.get(reverse("clients")).content.decode()
    assert browser.post(reverse("client-new"), {"name": " "}).context["form"].errors
    answer = browser.post(reverse("client-new"), {"name": "Case system"})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    made = ApiClient.objects.get()
    secret, page = answer.context["secret"], answer.content.decode()
    assert made.client.check_secret(secret)
    assert made.client_id in page
    assert escape(secret) in page
    assert "grant_type=client_credentials" in page
    assert "scope=claims.status:read" in page
    assert "/api/v1/token" in page
    for name in ("clients", "agencies"):
        assert escape(secret) not in browser.get(reverse(name)).content.decode()
    listed = browser.get(reverse("clients")).content.decode()
    assert made.client_id in listed
    assert "Never" in listed


def test_revoking_asks_first_and_is_final(cast: Cast, api_client: Any) -> None:
    made, _secret = api_client()
    browser, address = cast.partner_admin.browser(), reverse("client-revoke", args=[made.pk])
    assert "Its tokens stop working at once" in browser.get(address).content.decode()
    made.refresh_from_db()
    assert made.is_active
    browser.post(address)
    made.refresh_from_db()
    assert not made.is_active
    assert "Revoked" in browser.get(reverse("clients")).content.decode()


def test_clients_of_another_agency_do_not_exist(cast: Cast, api_client: Any) -> None:
    made, _secret = api_client()
    assert "No API clients" in cast.admin.browser().get(reverse("clients")).content.decode()
    for method in ("get", "post"):
        answer = getattr(cast.admin.browser(), method)(reverse("client-revoke", args=[made.pk]))
        nothing = getattr(cast.admin.browser(), method)(reverse("client-revoke", args=[made.pk + 999]))
        assert answer.status_code == 404
        assert nothing.status_code == 404
    assert cast.partner.browser().get(reverse("clients")).status_code == 403
    assert cast.partner.browser().post(reverse("client-new"), {"name": "x"}).status_code == 403
