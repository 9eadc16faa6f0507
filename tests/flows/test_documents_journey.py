"""A certificate in a real browser: issued, printed, handed over, checked at a checkpoint by its code, renewed with many others."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from django.utils import timezone

from registration.models import Individual
from tests.conftest import Cast, acting_as
from tests.flows.conftest import System, page_of
from tests.flows.test_every_page import WAYS
from tests.flows.test_main_job import no_serious_findings


def _scanned(path: Path) -> str:
    (found,) = zxingcpp.read_barcodes(pypdfium2.PdfDocument(path)[0].render(scale=3).to_pil())
    return "/v/" + str(found.text).rsplit("/v/", 1)[1]


@pytest.mark.parametrize("language", sorted(WAYS))
def test_issued_printed_checked_and_renewed(
    language: str, cast: Cast, family: list[Individual], system: System, browser: Any, tmp_path: Path
) -> None:
    """Two clicks and a check of the answers issue a paper; its code tells a guard, who is not signed in, the truth each time."""
    with acting_as(cast.caseworker.viewer):
        Individual.objects.update(legal_status="ASYLUM_SEEKER", registered_on=timezone.localdate())
    page = page_of(browser, system, cast.caseworker, language=language, **WAYS[language])
    guard: Any = browser.new_context(base_url=system.address, locale=language, **WAYS[language]).new_page()
    guard.problems = []

    def seen(at: Any = page, name: str = "") -> None:
        no_serious_findings(at)
        assert at.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{at.url} overflows"
        assert at.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
        if os.environ.get("SHOTS"):
            at.screenshot(path=f"{os.environ['SHOTS']}/{language}-{name}.png", full_page=True)

    def says(address: str, name: str = "") -> str:
        guard.goto(address)
        if name:
            seen(guard, name)
        return str(guard.locator("section[data-state]").get_attribute("data-state"))

    def printed() -> Path:
        with page.expect_download() as waiting:
            page.locator("form[action$='/print/'] button").first.click()
        kept = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(kept)
        return kept

    page.goto(f"/people/{family[0].pk}/")
    page.locator(f"a[href='/people/{family[0].pk}/documents/']").click()
    page.locator("a[href$='/documents/new/']").click()
    page.locator("#id_kind").select_option("ASC")
    seen(name="new")
    page.locator("main form button.primary").click()
    page.locator("button[name=confirm]").click()
    page.wait_for_url(re.compile("/documents/$"))
    address = _scanned(printed())
    assert says(address) == "withdrawn", "nobody holds it yet"
    page.reload()
    page.locator("td details summary").click()
    page.locator("input[name=stock]").fill("A 000123")
    seen(name="give")
    page.locator("form[action$='/give/'] button").click()
    page.locator(".badge.good").wait_for()
    assert says(address, "valid") == "valid"
    assert says(f"{address[:-3]}AA/") == "not_ours"

    page.goto("/documents/")
    seen(name="list")
    page.goto("/documents/batches/new/")
    page.locator("#id_kind").select_option("ASC")
    page.locator("main form button.primary").click()
    page.locator("button[name=confirm]").click()
    page.locator("form[action$='/file/'] button").wait_for()
    seen(name="batch")
    with page.expect_download() as waiting:
        page.locator("form[action$='/file/'] button").click()
    waiting.value.save_as(tmp_path / "batch.pdf")
    assert len(pypdfium2.PdfDocument(tmp_path / "batch.pdf")) == 2, "the children have none yet"
    page.locator("form[action^='/documents/batches/'][action$='/give/'] button").click()
    page.wait_for_load_state()
    page.goto("/documents/batches/")

    page.goto(f"/people/{family[0].pk}/documents/new/")
    page.locator("#id_kind").select_option("ASC")
    page.locator("main form button.primary").click()
    page.locator("button[name=confirm]").click()
    page.wait_for_url(re.compile("/documents/$"))
    newer = _scanned(printed())
    page.reload()
    page.locator("td details summary").first.click()
    page.locator("form[action$='/give/'] button").first.click()
    page.locator(".badge.neutral").first.wait_for()
    assert (says(address), says(newer)) == ("replaced", "valid")
    page.locator("main a[href$='/change/']").first.click()
    page.locator("input[value=lost]").check()
    seen(name="change")
    page.locator("main form button.primary").click()
    page.wait_for_url(re.compile("/documents/$"))
    assert says(newer) == "withdrawn"
    assert not page.problems, page.problems
