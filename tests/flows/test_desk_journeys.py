"""Two days at the desk in a real browser: five people by keyboard alone, and a family that survives a bad line and a dead browser."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from registration.models import DeskDraft, Household, Individual
from tests.conftest import Cast, acting_as
from tests.flows.conftest import System, page_of
from tests.flows.test_every_page import WAYS
from tests.flows.test_main_job import no_serious_findings

KEYS, SECONDS, BYTES = 200, 90, 60 * 1024  # experience.md 8, journey 1
PER_KEY, THINKING = (
    0.28,
    12 * 1.2,
)  # seconds: the keystroke-level model for an average typist, and the pauses between fields
NAMED = {"Tab": 9, "Enter": 13, "Space": 32}
COUNTER = """
  for (const kind of ["keydown", "pointerdown", "mousedown"])
    addEventListener(kind, () => { localStorage[kind] = Number(localStorage[kind] || 0) + 1; }, true);
  addEventListener("htmx:beforeRequest", () => { window.asked = performance.now(); });
  addEventListener("htmx:afterSwap", () => {
    localStorage.hints = `${localStorage.hints || ""} ${Math.round(performance.now() - window.asked)}`;
  });
"""


class Keyboard:
    """A keyboard on which every letter of every script is a key that goes down and up, as the browser sees it."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.cdp = page.context.new_cdp_session(page)

    def press(self, key: str, *, code: str = "", alt: bool = False, ctrl: bool = False) -> None:
        text = {"Enter": "\r", "Space": " ", "Tab": ""}.get(key, key)
        given: dict[str, Any] = {
            "key": " " if key == "Space" else key,
            "code": code or (key if key in NAMED else ""),
            "windowsVirtualKeyCode": NAMED.get(
                key, ord(key.upper()) if len(key) == 1 and key.isascii() else 0
            ),
            "modifiers": alt + 2 * ctrl,
        }
        held = "Alt" if alt else "Control" if ctrl else ""
        if held:
            self.cdp.send(
                "Input.dispatchKeyEvent", {"type": "rawKeyDown", "key": held, "modifiers": given["modifiers"]}
            )
        down = (
            {**given, "type": "keyDown", "text": text}
            if text and not held
            else {**given, "type": "rawKeyDown"}
        )
        self.cdp.send("Input.dispatchKeyEvent", down)
        self.cdp.send("Input.dispatchKeyEvent", {**given, "type": "keyUp"})
        if held:
            self.cdp.send("Input.dispatchKeyEvent", {"type": "keyUp", "key": held})

    def type(self, text: str) -> None:
        for letter in text:
            self.press("Space" if letter == " " else letter)

    def tab(self, times: int = 1) -> None:
        for _one in range(times):
            self.press("Tab")

    def choose(self, value: str) -> None:
        """Choose in the list that has the focus, by the fewest letters of what the option is called."""
        options = self.page.evaluate(
            "[...document.activeElement.options].map((one) => [one.value, one.text.trim().toLowerCase()])"
        )
        wanted = dict(options)[value]
        for length in range(1, len(wanted) + 1):
            if next(one for one, text in options if text.startswith(wanted[:length])) == value:
                self.type(wanted[:length])
                break
        assert self.page.evaluate("document.activeElement.value") == value
        time.sleep(1.1)  # letters that follow at once would count as more of the same word


def stand(page: Any, event_name: str) -> None:
    """Say where the desk stands."""
    page.goto("/registration/")
    page.locator("#id_event").select_option(label=event_name)
    page.locator("#id_site").fill("GATE-1")
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(re.compile(r"/registration/$"))
    page.locator("button[autofocus]").wait_for()


@pytest.mark.parametrize("language", sorted(WAYS))
def test_a_family_of_five_by_keyboard_alone(
    language: str, cast: Cast, family: list[Individual], event: Any, system: System, browser: Any
) -> None:
    """Member three resembles somebody: the clerk sees it while typing, says that it is somebody else, saves, and has the slip."""
    page = page_of(browser, system, cast.caseworker, language=language, **WAYS[language])
    stand(page, event.name)
    page.context.add_init_script(COUNTER)
    page.goto("/registration/")
    keys = Keyboard(page)
    keys.press("Enter")
    page.wait_for_url(re.compile("/registration/families/[0-9a-f-]{36}/$"))
    page.locator("#id_h-country:focus").wait_for()
    no_serious_findings(page)
    traffic: list[int] = []
    keys.cdp.send("Network.enable")
    keys.cdp.on("Network.loadingFinished", lambda one: traffic.append(int(one["encodedDataLength"])))
    keys.cdp.on(
        "Network.requestWillBeSent", lambda one: traffic.append(len(one["request"].get("postData") or ""))
    )

    keys.choose("SDN")
    keys.tab()
    keys.type("0661234567")
    keys.tab(3)
    keys.press("Space")
    keys.tab(2)  # past the words to say, which are folded away
    for place, (given, father, sex, born, kin) in enumerate(
        [
            ("Idris", "Musa", "M", "41", ""),
            ("Hawa", "Adam", "F", "34", "spouse"),
            ("Yusuf", "Idris", "M", "2015-03-04", "child"),
            ("Zara", "Idris", "F", "8", "child"),
            ("Kaltuma", "Musa", "F", "66", "parent"),
        ]
    ):
        if place:
            keys.press("n", code="KeyN", alt=True)
        page.locator(f"[id='id_{place}-given_name']:focus").wait_for()
        keys.type(given)
        keys.tab()
        keys.type(father)
        keys.tab()
        if not place:
            keys.type("Abakar")
        keys.tab()
        keys.choose(sex)
        keys.tab()
        keys.type(born)
        keys.tab()
        if kin:
            keys.choose(kin)
        else:
            keys.tab(2)
            keys.type("P7654321")
        if place == 2:
            hint = page.locator("#person-2 .hint-line.strong")
            hint.wait_for()
            assert "Yusuf Idris Abakar" in hint.inner_text()
            no_serious_findings(page)
            keys.tab(5)
            keys.press("Space")
            assert page.locator("#person-2 input[type=checkbox]").first.is_checked()
    counts = page.evaluate("({...localStorage})")
    assert int(counts.get("pointerdown", 0)) == int(counts.get("mousedown", 0)) == 0
    waited = [int(one) for one in counts["hints"].split()]
    assert min(waited) <= 300, f"milliseconds from the question to the hint: {waited}"
    keys.press("Enter", ctrl=True)
    page.wait_for_url(re.compile("/households/[0-9a-f-]{36}/slip/$"))
    page.locator(".slip .qr svg").wait_for()
    pressed = int(page.evaluate("localStorage.keydown"))
    print(f"\n{language}: {pressed} keys, {sum(traffic)} bytes, hints after {waited} ms")  # noqa: T201 - the figures of the journey
    assert pressed <= KEYS
    assert pressed * PER_KEY + THINKING <= SECONDS
    assert sum(traffic) <= BYTES
    no_serious_findings(page)
    with acting_as(cast.caseworker.viewer):
        made = Individual.objects.exclude(pk__in=[one.pk for one in family])
        assert sorted(made.values_list("relationship", flat=True)) == ["DAU", "PA", "PRF", "SON", "WIF"]
        assert set(made.values_list("family_name", "nationality")) == {("Abakar", "SDN")}
        number = Household.objects.get(pk=made[0].household_id).number
    assert number in page.locator(".slip").inner_text()


@pytest.mark.parametrize("language", sorted(WAYS))
def test_a_bad_line_and_a_dead_browser_lose_nothing(
    language: str, cast: Cast, event: Any, system: System, browser: Any
) -> None:
    """The line is slow, then gone, then the browser dies: in another one every field is there, and one family is registered."""
    page = page_of(browser, system, cast.caseworker, language=language, **WAYS[language])
    stand(page, event.name)
    slow = page.context.new_cdp_session(page)
    slow.send("Network.enable")
    line = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
    slow.send("Network.emulateNetworkConditions", line)
    began = time.monotonic()
    page.locator("button[autofocus]").click()
    page.locator("#id_h-country").wait_for()
    assert time.monotonic() - began <= 5
    address = page.url
    typed = {"0-given_name": "Hawa", "0-father_name": "Musa", "0-family_name": "آدم", "0-date_of_birth": "٣٤"}
    page.locator("#id_h-country").select_option("SDN")
    for name, text in typed.items():
        page.locator(f"[id='id_{name}']").fill(text)
    page.context.set_offline(True)
    slow.send("Network.emulateNetworkConditions", {**line, "offline": True})
    page.locator("[id='id_0-document_number']").fill("X7654321")
    page.locator("button[value=add]").click()
    page.locator("[id='id_1-given_name']").fill("Zara")
    page.locator("#unsaved").wait_for()
    page.locator("button[value=register]").click()
    page.wait_for_timeout(1500)
    assert page.url == address, "without a line the page stays"
    page.context.set_offline(False)
    slow.send("Network.emulateNetworkConditions", line)
    page.locator("#unsaved").wait_for(state="hidden")
    page.context.close()

    page = page_of(browser, system, cast.caseworker, language=language, **WAYS[language])
    page.goto("/")
    page.locator(".tasks a", has_text="Hawa Musa").click()
    page.locator("[id='id_1-given_name']").wait_for()
    for name, text in {**typed, "0-document_number": "X7654321", "1-given_name": "Zara"}.items():
        assert page.locator(f"[id='id_{name}']").input_value() == text
    assert page.locator("#id_h-country").input_value() == "SDN"
    no_serious_findings(page)
    page.locator("#id_h-consent").check()
    page.wait_for_timeout(2500)
    answers = page.evaluate(
        """async () => {
          const body = new URLSearchParams([...new FormData(document.getElementById("family")), ["do", "register"]]);
          const all = await Promise.all([1, 2, 3].map(() => fetch(location.href, {method: "POST", body})));
          return all.map((one) => one.url);
        }"""
    )
    assert len(set(answers)) == 1
    assert "/slip/" in answers[0]
    with acting_as(cast.caseworker.viewer):
        assert Household.objects.count() == 1
        assert Individual.objects.count() == 2
        assert not DeskDraft.objects.exists()
