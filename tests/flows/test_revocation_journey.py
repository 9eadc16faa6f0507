"""The end of a partnership, by every door at once: page, token, download, running export, webhook (journey 5)."""

from __future__ import annotations

import time
from base64 import b64encode
from datetime import date
from typing import Any

from django.utils import timezone

from agencies.actions import exports, halting, webhooks
from agencies.channels.lists import LISTS
from agencies.enums import DeliveryStatus, ExportStatus
from agencies.models import ExportJob, WebhookDelivery
from cases.actions import claims
from cases.models import Claim
from refugeecm.core.models import Event
from registration.models import Individual
from tests.conftest import NOW, Cast, Person, acting_as
from tests.flows.conftest import System, page_of
from tests.flows.test_main_job import no_serious_findings

AT_REST = {ExportStatus.READY, ExportStatus.FAILED, ExportStatus.CANCELLED, ExportStatus.EXPIRED}


def test_a_partner_is_cut_off_by_every_door(
    cast: Cast, family: list[Individual], system: System, browser: Any, agree: Any, api_client: Any
) -> None:
    viewer, partner = cast.caseworker.viewer, cast.partner.viewer
    agree(classes=["C1", "C2"], channels=["pages", "api", "webhooks", "export"])
    with acting_as(viewer):
        claim = claims.open_claim(individual=family[0], made_on=date(2026, 2, 25), by=viewer, now=NOW)
    with acting_as(cast.partner_admin.viewer):
        webhooks.add(
            url="https://partner.example/hook",
            topics=["cases.claim.status_changed"],
            by=cast.partner_admin.viewer,
            now=NOW,
        )
    page = page_of(browser, system, cast.partner)
    page.goto(f"/people/{family[0].pk}/")
    assert "Mariam" in page.content()
    api, secret = api_client()
    token = _token(system, api.client_id, secret)
    status = f"/api/v1/claims/{claim.pk}/status"
    assert system.call(status, Authorization=f"Bearer {token}").status == 200
    ready = _ask(cast.partner)
    assert _wait_for(cast.partner, ready).status == ExportStatus.READY
    assert "Mariam" in _fetch(page, ready)
    with acting_as(viewer):
        claims.change_status(
            claim=Claim.objects.get(pk=claim.pk), to="examination", by=viewer, now=timezone.now()
        )
    _wait_for_delivery(cast.partner_admin)

    admin = page_of(browser, system, cast.admin, language="ar", viewport={"width": 390, "height": 800})
    admin.goto(f"/agencies/{cast.help.pk}/")
    admin.locator(f"a[href='/agencies/{cast.help.pk}/cut/']").click()
    no_serious_findings(admin)
    admin.locator("#id_reason").fill("A breach")
    queued = _ask(cast.partner)
    began = time.monotonic()
    admin.locator("button.danger").click()
    admin.locator("#last").wait_for()
    assert time.monotonic() - began < 5, "the machine of the tests is slow; a second is what is promised"
    no_serious_findings(admin)

    assert page.reload().status == 404
    assert "Mariam" not in page.content()
    assert system.call(status, Authorization=f"Bearer {token}").status == 404
    assert "Mariam" not in _fetch(page, ready)
    _wait_for(cast.partner, queued)
    assert "Mariam" not in _fetch(page, queued)
    with acting_as(cast.partner_admin.viewer):
        assert {one.status for one in WebhookDelivery.objects.all()} == {DeliveryStatus.CANCELLED}
    with acting_as(partner):
        ended = {one.pk: (one.status, one.problem) for one in ExportJob.objects.all()}
    assert ended == dict.fromkeys([ready.pk, queued.pk], (ExportStatus.FAILED, "ended")), (
        "whoever asked reads why"
    )
    with acting_as(cast.admin.viewer):
        cut = Event.objects.get(name=halting.CUT_OFF)
        assert cut.actor_id == cast.admin.user.pk
        assert cut.details["opened"][0]["people"] == 3
        assert cut.details["clients"] == 1
        # The export that waits is counted, unless a worker has just taken it up: then it stops at its next step.
        assert sorted(cut.details["stopped"].values()) in ([1, 1], [1, 2])


def _ask(person: Person) -> ExportJob:
    viewer = person.viewer
    with acting_as(viewer):
        return exports.ask(
            listing=LISTS["people"], query={}, purpose="casework", reason="Visits", format="csv", by=viewer,
            now=timezone.now(),
        )  # fmt: skip


def _wait_for(person: Person, job: ExportJob) -> ExportJob:
    for _try in range(120):
        with acting_as(person.viewer):
            found = ExportJob.objects.get(pk=job.pk)
        if found.status in AT_REST:
            return found
        time.sleep(0.5)
    raise AssertionError(f"The export is still {found.status}")


def _wait_for_delivery(person: Person) -> None:
    for _try in range(120):
        with acting_as(person.viewer):
            if WebhookDelivery.objects.filter(status=DeliveryStatus.WAITING).exists():
                return
        time.sleep(0.5)
    raise AssertionError("No delivery waits")


def _token(system: System, client: str, secret: str) -> str:
    basic = b64encode(f"{client}:{secret}".encode()).decode()
    answer = system.call(
        "/api/v1/token",
        form={"grant_type": "client_credentials", "scope": "claims.status:read"},
        Authorization=f"Basic {basic}",
    )
    return str(answer.json()["access_token"])


def _fetch(page: Any, job: ExportJob) -> str:
    """Ask for the file of an export as its button does; return what comes."""
    beside = page.context.new_page()
    beside.goto("/exports/")
    token = beside.locator("input[name=csrfmiddlewaretoken]").first.get_attribute("value")
    answer = beside.request.post(
        f"/exports/{job.pk}/file/", form={"csrfmiddlewaretoken": token}, headers={"Referer": beside.url}
    )
    beside.close()
    return str(answer.text())
