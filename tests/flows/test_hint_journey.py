"""Who is typed in English and stands in the register in Arabic: is the clerk told while typing, and is a relative told apart?"""

from __future__ import annotations

import re
from typing import Any

import pytest

from registration.models import Individual
from tests.conftest import Cast, register
from tests.flows.conftest import System, page_of
from tests.flows.test_desk_journeys import stand
from tests.flows.test_every_page import WAYS
from tests.flows.test_main_job import no_serious_findings

SAYS = {
    "en": {"day": "Date of birth: the same day", "phone": "Phone: the same"},
    "ar": {"day": "اليوم نفسه", "phone": "الهاتف"},
}


@pytest.fixture
def fatima(cast: Cast, event: Any) -> Individual:
    """A woman who was registered with her brother, in Arabic letters."""
    woman = {
        "given_name": "فاطمة",
        "father_name": "محمد",
        "family_name": "عبد الله",
        "date_of_birth": "1988-02-14",
        "phone": "+235 66 55 44 33",
    }
    brother = {
        "given_name": "أحمد",
        "sex": "M",
        "date_of_birth": "1985-07-01",
        "relationship_to_head": "sibling",
    }
    return register(cast.caseworker, event, [woman, woman | brother | {"phone": ""}])[0]


@pytest.mark.parametrize("language", sorted(WAYS))
def test_a_hint_comes_while_typing_and_goes_with_the_name(
    language: str, cast: Cast, fatima: Individual, event: Any, system: System, browser: Any
) -> None:
    """Fatima herself, then her sister, then somebody else, typed into one form that is never loaded again."""
    page = page_of(browser, system, cast.caseworker, language=language, **WAYS[language])
    stand(page, event.name)
    page.locator("button[autofocus]").click()
    page.wait_for_url(re.compile("/registration/families/[0-9a-f-]{36}/$"))
    page.evaluate("window.stayed = true")
    page.locator("#id_h-country").select_option("SDN")
    page.locator("#id_h-phone").fill("+235 66 55 44 33")

    def write(**member: str) -> None:
        for name, text in member.items():
            page.locator(f"[id='id_0-{name}']").fill("")
            page.locator(f"[id='id_0-{name}']").press_sequentially(text)

    page.locator("[id='id_0-sex']").select_option("F")
    write(given_name="Fatima", father_name="Mohamed", family_name="Abdallah", date_of_birth="1988-02-14")
    hint = page.locator("#person-0 .hint-line.strong")
    hint.wait_for()
    told = hint.inner_text()
    for part in (fatima.full_name, fatima.number, "99", *SAYS[language].values()):
        assert part in told, (part, told)
    agrees = page.locator("#person-0 .hint-line.strong p").inner_text()
    assert not re.search("Sex|Nationality|الجنس|الجنسية", agrees), "half the register shares these"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing overflows"
    no_serious_findings(page)

    with page.context.expect_page() as opened:
        hint.locator("a").click()
    assert opened.value.url.endswith(f"/people/{fatima.pk}/")
    opened.value.close()
    assert page.locator("[id='id_0-given_name']").input_value() == "Fatima"

    write(given_name="Ikhlas", date_of_birth="1990-05-20")
    sister = page.locator("#person-0 .hint-line.kin")
    sister.wait_for()
    assert fatima.number in sister.inner_text()
    assert page.locator("#person-0 .hint-line").count() == page.locator("#person-0 .hints .kind").count() == 1
    assert not page.locator("#person-0 .hints input").count(), "a relative is nobody to rule out"
    no_serious_findings(page)

    page.locator("#id_h-phone").fill("")
    write(given_name="Nyandeng", father_name="Deng", family_name="Bol")
    page.locator("#person-0 .hint-line").wait_for(state="detached")
    assert page.evaluate("window.stayed"), "all of it without a page being loaded"
    assert not page.problems, page.problems
