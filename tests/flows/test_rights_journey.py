"""Somebody's papers and their right to know, as people do it: a scan is added, opened and withdrawn, and a statement given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from registration.models import Individual
from tests.conftest import Cast
from tests.flows.conftest import System, page_of
from tests.flows.test_main_job import no_serious_findings
from tests.registration.test_attachments import pdf

NARROW: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}


def test_a_scan_is_kept_and_a_person_is_told_all_that_is_known_of_them(
    cast: Cast, family: list[Individual], system: System, browser: Any, tmp_path: Path
) -> None:
    """In English on a wide screen, then the person's own statement in Arabic, and once more on a telephone from right to left."""
    page, person, scan = page_of(browser, system, cast.caseworker), family[0], tmp_path / "scan.pdf"
    scan.write_bytes(pdf())
    page.goto(f"/people/{person.pk}/")
    page.get_by_role("link", name="See and add files").click()
    no_serious_findings(page)
    page.get_by_role("link", name="Add a file").click()
    page.get_by_label("Kind of file").select_option("identity")
    page.get_by_label("Title").fill("Passport, first page")
    page.get_by_label("File", exact=True).set_input_files(scan)
    no_serious_findings(page)
    page.get_by_role("button", name="Add").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Passport, first page").first.click()
    assert Path(download.value.path()).read_bytes() == pdf()
    assert download.value.suggested_filename.startswith(f"{person.number}-identity-")
    no_serious_findings(page)

    page.goto(f"/people/{person.pk}/disclosures/")
    page.get_by_role("link", name="Requests about their own data").click()
    page.get_by_role("link", name="Write down a request").click()
    page.get_by_label("Asked for").select_option("access")
    page.get_by_label("What they say").fill("What do you know of me?")
    no_serious_findings(page)
    page.get_by_role("button", name="Write down").click()
    page.get_by_text("What do you know of me?").wait_for()
    no_serious_findings(page)
    page.goto(f"/people/{person.pk}/statement/")
    page.get_by_label("How did you check who they are?").select_option("paper")
    page.get_by_label("Language of the person").select_option("ar")
    no_serious_findings(page)
    page.get_by_role("button", name="Show the statement").click()
    paper = page.locator("article[lang=ar][dir=rtl]")
    paper.get_by_text("P01234567").wait_for()
    assert "data:image" not in page.content()
    no_serious_findings(page)

    page = page_of(browser, system, cast.caseworker, language="ar", **NARROW)
    shown = ("attachments/", "attachments/new/", "requests/", "requests/new/", "statement/")
    for address in (*(f"/people/{person.pk}/{one}" for one in shown), "/requests/"):
        assert page.goto(address).status == 200, address
        assert page.locator("html").get_attribute("dir") == "rtl"
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
            f"{address} overflows"
        )
        no_serious_findings(page)
    page.goto(f"/people/{person.pk}/statement/")
    page.locator("#id_identity").select_option("known")
    page.locator("form[novalidate] button[type=submit]").click()
    page.locator("article[dir=rtl]").get_by_text("P01234567").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    no_serious_findings(page)
