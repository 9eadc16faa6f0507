"""Is what is known of a person completed and corrected field by field, and does nobody overwrite another's work?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Sum
from django.test import Client
from django.urls import reverse

from agencies.models import Agreement
from refugeecm.core.models import Event
from registration import search
from registration.actions import corrections
from registration.actions.sealing import Opener
from registration.models import AdminArea, FurtherName, Individual, LedgerLine
from tests.conftest import NOW, Cast, Person, acting_as

EVERYTHING = {
    "given_name": "Maryam-Zahra",
    "father_name": "Idris",
    "family_name": "Abakar",
    "native_name": "مريم إدريس أبكر",
    "mother_name": "Zahra ✶ O'Neil",
    "grandfather": "Haroun",
    "second_family": "Tidjani",
    "maiden": "Salamat",
    "alias": "Umm Yusuf\nMaimouna",
    "spelling": "Meriem",
    "sex": "F",
    "born": "1990-05",
    "birth_estimated": "on",
    "birth_place": "El Geneina",
    "birth_country": "SDN",
    "birth_area": "SD04",
    "nationality": "SDN",
    "nationality_status": "PENDING",
    "other_nationalities": "TCD, LBY",
    "origin_country": "SDN",
    "origin_area": "SD04",
    "languages": "mls, ara",
    "education": "6",
    "occupation": "Tailor",
    "marital_status": "MA",
    "religion": "SUN",
    "ethnicity": "Masalit",
    "phone": "+235 66 12 34 57",
    "email": "m@example.org",
}


@pytest.fixture
def area(db: None) -> AdminArea:
    return AdminArea.objects.create(pcode="SD04", country="SDN", level=1, name="West Darfur")


def typed(browser: Client, person: Individual, level: str = "") -> dict[str, Any]:
    """Return the page's form as it stands."""
    page = browser.get(reverse("correct", args=[person.pk]), {"level": level} if level else {})
    form = page.context["form"]
    given = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in given.items() if value not in (None, "", False)}


def save(browser: Client, person: Individual, **changes: Any) -> Any:
    given = typed(browser, person) | changes
    return browser.post(reverse("correct", args=[person.pk]), given, follow=True)


def now_of(person: Person, individual: Individual) -> Individual:
    with acting_as(person.viewer):
        return Individual.objects.select_related("household").get(pk=individual.pk)


def test_every_field_comes_back_as_it_was_given(
    cast: Cast, family: list[Individual], area: AdminArea
) -> None:
    browser, mother = cast.caseworker.browser(), family[0]
    page = save(browser, mother, **EVERYTHING, level="IND_BASIC", reason="said")
    assert page.redirect_chain, page.context["form"].errors
    kept = typed(browser, mother)
    assert kept | EVERYTHING | {"birth_area": "SD04"} == kept, {
        name: (kept.get(name), value) for name, value in EVERYTHING.items() if kept.get(name) != value
    }
    assert kept["level"] == "IND_BASIC"
    person = now_of(cast.caseworker, mother)
    assert b"Masalit" not in bytes(person.ethnicity)
    assert b"example.org" not in bytes(person.email)
    said = page.content.decode()
    assert "What is known of this person is saved." in said
    assert "A person was registered to a higher level." in said
    with acting_as(cast.caseworker.viewer):
        told = Event.objects.get(name=corrections.COMPLETED)
        assert set(told.details) == {"fields", "reason"}
        assert "ethnicity" in told.details["fields"]
        assert "Masalit" not in str(told.details)
    # And all of it can be taken away again but for a name, the sex, and the level.
    emptied = dict.fromkeys(EVERYTHING, "") | {"native_name": "مريم", "sex": "F", "reason": "typing"}
    assert save(browser, mother, **emptied).redirect_chain
    left = set(typed(browser, mother)) - {"version", "level"}
    assert left == {"native_name", "sex"}


def test_a_person_is_found_by_every_name_and_no_longer_by_one_that_was_removed(
    cast: Cast, family: list[Individual], area: AdminArea
) -> None:
    browser, mother = cast.caseworker.browser(), family[0]
    save(browser, mother, **EVERYTHING, reason="said")

    def found(text: str, by: Person = cast.caseworker) -> bool:
        with acting_as(by.viewer):
            return mother.pk in search.named(text, viewer=by.viewer)

    for text in ("Umm Yusuf", "Salamat", "Mariam Tidjani", "Meriem", "Maryam Idris Haroun", "مريم أبكر"):
        assert found(text), text
    save(browser, mother, alias="", reason="typing")
    assert not found("Maimouna")
    with acting_as(cast.caseworker.viewer):
        assert FurtherName.objects.filter(individual=mother).count() == 4


@pytest.mark.parametrize(
    ("said", "born", "estimated"),
    [
        ("34", "1992", "on"),
        ("٣٤", "1992", "on"),
        ("1990", "1990", ""),
        ("١٧/٥/١٩٩٠", "1990-05-17", ""),
        ("5.1990", "1990-05", ""),
        ("", "", ""),
    ],
)
def test_a_birth_is_read_as_people_say_it(
    cast: Cast, family: list[Individual], said: str, born: str, estimated: str
) -> None:
    viewer, child = cast.caseworker.viewer, family[1]
    from registration.rules.arrivals import read_birth

    (day, precision, guess), errors = read_birth(said, estimated=False, today=NOW.date())
    assert not errors
    with acting_as(viewer):
        corrections.correct(
            individual=child,
            columns={"birth_date": day, "birth_precision": precision, "birth_estimated": guess},
            level=child.level, reason="said", version=corrections.version_of(child), by=viewer, now=NOW,
        )  # fmt: skip
    kept = typed(cast.caseworker.browser(), child)
    assert (kept.get("born", ""), bool(kept.get("birth_estimated"))) == (born, bool(estimated))


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("born", "soon", "is not a date"),
        ("born", "2090", "in the future"),
        ("born", "121", "not an age"),
        ("phone", "12", "does not look like a phone number"),
        ("birth_area", "SD99", "no area with the P-code"),
        ("languages", "ara, martian", "“martian” is not known"),
        ("other_nationalities", "ZZZ", "“ZZZ” is not known"),
        ("nationality_status", "STATELESS", "is not stateless"),
        ("email", "nowhere", "valid email"),
        ("sex", "X", "valid choice"),
        ("level", "IND_BASIC", "asks for more"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    cast: Cast, family: list[Individual], area: AdminArea, field: str, value: str, says: str
) -> None:
    page = save(cast.caseworker.browser(), family[0], **{field: value, "reason": "said"})
    assert page.status_code == 200
    assert not page.redirect_chain
    assert says in str(page.context["form"].errors[field])
    assert now_of(cast.caseworker, family[0]).keys == family[0].keys


def test_what_stood_changes_with_a_reason_and_what_was_missing_without(
    cast: Cast, family: list[Individual]
) -> None:
    browser, mother = cast.caseworker.browser(), family[0]
    assert save(browser, mother, occupation="Tailor", alias="Meri").redirect_chain
    page = save(browser, mother, occupation="Teacher")
    assert "Say why" in str(page.context["form"].errors["reason"])
    page = save(browser, mother, alias="Mimi")
    assert "Say why" in str(page.context["form"].errors["reason"])
    assert save(browser, mother, occupation="Teacher", reason="changed").redirect_chain


def test_of_two_editors_the_second_chooses(cast: Cast, family: list[Individual]) -> None:
    mother = family[0]
    hers, his = cast.caseworker.browser(), cast.colleague.browser()
    opened = typed(his, mother)
    save(hers, mother, given_name="Maryam", occupation="Tailor", reason="typing")
    address = reverse("correct", args=[mother.pk])
    mine = opened | {"given_name": "Miriam", "birth_place": "Nyala", "reason": "document"}
    page = his.post(address, mine)
    assert page.status_code == 409
    rows = {row["name"]: row for row in page.context["rows"]}
    assert {name: (row["was"], row["theirs"], row["mine"], row["chosen"]) for name, row in rows.items()} == {
        "given_name": ("Mariam", "Maryam", "Miriam", ""),
        "occupation": ("–", "Tailor", "–", "theirs"),
        "birth_place": ("–", "–", "Nyala", "mine"),
    }
    assert now_of(cast.caseworker, mother).given_name == "Maryam"
    again = dict(page.context["sent"])
    chosen = {"keep_given_name": "mine", "keep_occupation": "theirs", "keep_birth_place": "mine"}
    assert his.post(address, {**again, **chosen}).status_code == 302
    person = now_of(cast.caseworker, mother)
    assert (person.given_name, person.occupation, person.birth_place) == ("Miriam", "Tailor", "Nyala")
    assert his.post(address, opened | {"version": "nonsense"}).status_code == 409


def test_what_is_missing_is_listed_until_nothing_is(
    cast: Cast, family: list[Individual], area: AdminArea, agree: Callable[..., Agreement]
) -> None:
    browser, mother = cast.caseworker.browser(), family[0]
    page = browser.get(reverse("individual", args=[mother.pk])).content.decode()
    assert "Next level" in page
    assert f"{reverse('correct', args=[mother.pk])}?level=IND_BASIC#id_religion" in page
    assert "religion" not in browser.get(reverse("correct", args=[mother.pk])).context["form"].fields
    save(browser, mother, **EVERYTHING, level="IND_COMPREHENSIVE", reason="said")
    kept = now_of(cast.caseworker, mother)
    assert kept.level == "IND_COMPREHENSIVE"
    assert save(browser, mother, level="IND_EMERGENCY").redirect_chain
    assert now_of(cast.caseworker, mother).level == "IND_COMPREHENSIVE", "never lowered"
    with acting_as(cast.caseworker.viewer):
        assert Opener([kept.pk]).value(kept, "religion") == "SUN"
    assert "Sunni Muslim" in browser.get(reverse("individual", args=[mother.pk])).content.decode()
    for classes, seen in ((["C1", "C2", "C3"], False), (["C1", "C4"], True)):
        agree(classes=classes, title=" ".join(classes))
        file = cast.partner.browser().get(reverse("individual", args=[mother.pk])).content.decode()
        assert ("Sunni Muslim" in file) == seen, classes
    for stranger in (cast.partner, cast.stranger):
        assert stranger.browser().get(reverse("correct", args=[mother.pk])).status_code == 404
    assert cast.decider.browser().get(reverse("correct", args=[mother.pk])).status_code == 403


def test_areas_are_suggested_by_their_first_letters(cast: Cast, area: AdminArea) -> None:
    AdminArea.objects.create(pcode="SD0401", country="SDN", level=2, name="El Geneina", parent=area)
    AdminArea.objects.create(pcode="TD0401", country="TCD", level=2, name="Elwaya")
    browser = cast.caseworker.browser()

    def found(**asked: str) -> list[str]:
        return [one.pcode for one in browser.get(reverse("areas"), asked).context["areas"]]

    assert found(birth_area="el") == ["SD0401", "TD0401"]
    assert found(birth_area="el", birth_country="SDN") == ["SD0401"]
    assert found(area="sd0") == ["SD04", "SD0401"]
    assert found(area="e") == []


def test_the_ledger_and_the_agreements_follow_a_correction(
    cast: Cast, family: list[Individual], agree: Callable[..., Agreement]
) -> None:
    agree(classes=["C1", "C2"], origin="SDN")
    mother = family[0]

    def seen() -> bool:
        return cast.partner.browser().get(reverse("individual", args=[mother.pk])).status_code == 200

    def stock() -> dict[tuple[str, str], int]:
        with acting_as(cast.caseworker.viewer):
            sums = LedgerLine.objects.order_by().values_list("origin", "sex").annotate(people=Sum("people"))
            return {(origin, sex): people for origin, sex, people in sums if people}

    assert seen()
    before = stock()
    save(cast.caseworker.browser(), mother, nationality="TCD", reason="document")
    assert not seen(), "the agreement is about people of Sudan"
    assert stock() == before | {("SDN", "F"): before["SDN", "F"] - 1, ("TCD", "F"): 1}
    save(cast.caseworker.browser(), mother, origin_country="SDN")
    assert seen()
    assert stock() == before
