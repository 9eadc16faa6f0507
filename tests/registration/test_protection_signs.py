"""Do protection elsewhere, rescues at sea and signs of trafficking stay what they are: known, shown to few, and in nobody's way?"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse

from agencies.actions import agencies as founding
from agencies.channels.lists import LISTS
from agencies.enums import Role
from agencies.models import Notification
from refugeecm.core import outbox
from refugeecm.core.models import Event, User
from registration.actions import elsewhere, incidents, indicators, merging, movements
from registration.actions.sealing import Opener
from registration.enums import LegalStatus
from registration.models import (
    Household,
    IndicatorAssessment,
    Individual,
    Movement,
    PriorProtection,
    SeaIncident,
    SpecificNeed,
    Survivor,
)
from registration.policies import NotPermitted
from registration.rules.indicators import CODES, refers
from tests.conftest import FAMILY, NOW, Cast, Person, acting_as, register

FACTS: dict[str, Any] = {
    "reference": "SAR 26/0117", "happened_at": datetime(2026, 3, 1, 4, 20, tzinfo=UTC), "latitude": 34, "longitude": 13,
    "vessel": "Rubber boat", "flag": "", "mrcc": "Roma", "counted": {"M": {"18-59": 20}, "F": {"0-4": 2}}, "dead": 1, "missing": 3,
}  # fmt: skip


@pytest.fixture
def supervisor(cast: Cast) -> Person:
    user = User.objects.create_user("sami@border.example", name="Sami")
    return Person(user, founding.enrol(agency=cast.border, user=user, role=Role.SUPERVISOR))


# ---- protection elsewhere


def before(by: Person, person: Individual, **given: Any) -> PriorProtection:
    facts = {
        "country": "EGY",
        "held": "refugee",
        "number": "EG-77",
        "evidence": "document",
        "reason": "family",
        **given,
    }
    with acting_as(by.viewer):
        return elsewhere.record(individual=person, by=by.viewer, now=NOW, **facts)


def test_protection_elsewhere_is_known_sealed_shared_as_agreed_and_in_nobodys_way(cast, family, agree):
    made = before(cast.caseworker, family[0])
    with acting_as(cast.caseworker.viewer):
        stored = PriorProtection.objects.get()
        assert b"EG-77" not in bytes(stored.number)
        assert Opener([family[0].pk]).fact(stored, "number") == "EG-77"
        person = Individual.objects.get(pk=family[0].pk)
        assert (person.legal_status, person.process_status) == (family[0].legal_status, "A")
    agree(classes=["C1", "C2"])
    page = cast.partner.browser().get(reverse("elsewhere", args=[family[0].pk])).content.decode()
    assert "Egypt" in page
    assert "EG-77" not in page
    assert "not shared" in page
    assert "Record a country" not in page
    client = cast.caseworker.browser()
    url = reverse("elsewhere", args=[family[0].pk])
    assert "EG-77" in client.get(url).content.decode()
    sent = {"country": "LBY", "held": "registered", "number": "", "evidence": "statement", "reason": ""}
    assert "Nothing follows from it" in client.post(url, sent, follow=True).content.decode()
    assert cast.partner.browser().post(url, sent).status_code in {403, 404}
    assert cast.partner.browser().post(reverse("elsewhere-remove", args=[made.pk])).status_code in {403, 404}
    page = client.post(reverse("elsewhere-remove", args=[made.pk]), follow=True).content.decode()
    assert "Taken back" in page
    assert cast.stranger.browser().get(url).status_code == 404


# ---- rescues at sea


def test_a_rescue_is_written_down_its_people_are_named_and_counted(
    cast, family, event, django_assert_max_num_queries
):
    """Those who are registered by number, the others by sex and age; the dead and missing; the dates that a landing starts."""
    viewer = cast.caseworker.viewer
    with acting_as(viewer):
        made = incidents.record(facts=FACTS, by=viewer, now=NOW)
        with pytest.raises(NotPermitted, match="there already"):
            incidents.record(facts=FACTS, by=viewer, now=NOW)
        for wrong, says in (
            ({"happened_at": NOW + timedelta(days=1)}, "in the future"),
            ({"disembarked_at": FACTS["happened_at"] - timedelta(hours=1)}, "before the rescue"),
            ({"longitude": None}, "Give both"),
        ):
            with pytest.raises(NotPermitted, match=says):
                incidents.record(facts={**FACTS, "reference": "x", **wrong}, by=viewer, now=NOW)
        assert incidents.link(incident=made, people=family, by=viewer, now=NOW) == 3
        assert incidents.link(incident=made, people=family[:1], by=viewer, now=NOW) == 0
    client, url = cast.caseworker.browser(), reverse("incident", args=[made.pk])
    with django_assert_max_num_queries(40):
        page = client.get(url).content.decode()
    assert re.search(r"Rescued</dt>\s*<dd>\s*25", page), "three named, twenty-two counted"
    assert "What the landing starts" not in page
    # a landing in Italy, after the acts on screening and Eurodac began to apply
    with acting_as(viewer):
        landed = {"happened_at": datetime(2026, 7, 3, 4, tzinfo=UTC), "disembarked_at": datetime(2026, 7, 3, 14, tzinfo=UTC),
                  "country": "ITA", "port": "Lampedusa"}  # fmt: skip
        incidents.record(facts=landed, by=viewer, now=datetime(2026, 7, 4, tzinfo=UTC), incident=made)
    page = client.get(url).content.decode()
    assert "SR 8(3)" in page
    assert "10 Jul 2026" in page
    assert "EURODAC 22-24" in page
    assert "6 Jul 2026" in page
    assert "8 Jul 2026" in page, "longer in a sudden influx at sea"
    other = register(cast.colleague, event, FAMILY[:1])
    page = client.post(url, {"numbers": f"{other[0].number} NONSENSE"}).content.decode()
    assert "1 person is named." in page
    assert "slip in typing" in page
    assert "SAR 26/0117" in client.get(reverse("incidents")).content.decode()
    with acting_as(viewer):
        SeaIncident.objects.filter(pk=made.pk).update(event=event)
        assert Survivor.objects.count() == 4
    assert re.search(r"Rescued</dt>\s*<dd>\s*26", client.get(url).content.decode())
    assert cast.stranger.browser().get(url).status_code == 404


def test_the_form_of_a_rescue(cast, family):
    client = cast.caseworker.browser()
    sent = {
        "reference": "SAR 2",
        "happened_at": "2026-03-01T04:20",
        "M_18-59": "7",
        "dead": "",
        "latitude": "91",
        "country": "ITA",
    }
    page = client.post(reverse("incident-new"), sent).content.decode()
    assert "less than or equal to 90" in page
    page = client.post(reverse("incident-new"), sent | {"latitude": ""}, follow=True).content.decode()
    assert "Written down." in page
    with acting_as(cast.caseworker.viewer):
        made = SeaIncident.objects.get()
        assert (made.counted, made.dead) == ({"M": {"18-59": 7}}, 0)
    change = reverse("incident-change", args=[made.pk])
    assert 'value="7"' in client.get(change).content.decode()
    client.post(change, sent | {"latitude": "", "M_18-59": "8", "port": "Porto"})
    with acting_as(cast.caseworker.viewer):
        made.refresh_from_db()
        assert (made.counted, made.port) == ({"M": {"18-59": 8}}, "Porto")


# ---- signs of trafficking and smuggling


def test_the_checklist_is_that_of_the_reference_and_two_signs_refer():
    assert len(CODES) == 10
    assert all(one.weight in {1, 2} and one.source for one in CODES.values())
    light = [code for code, one in CODES.items() if one.weight == 1]
    assert not refers(light[:1])
    assert not refers(light[:1] * 2)
    assert refers(light[:2])
    assert refers(["debt_bondage"]), "it shows means and purpose by itself"


def assessed(by: Person, person: Individual, *codes: str) -> None:
    with acting_as(by.viewer):
        indicators.assess(individual=person, codes=codes, by=by.viewer, now=NOW)


def test_two_signs_refer_somebody_and_change_nothing_else(cast, family, supervisor):
    """One sign is kept; two make a restricted need, unconfirmed, and news for those who open such needs. Status and record stay."""
    was = (family[0].legal_status, family[0].process_status)
    assessed(cast.caseworker, family[0], "scripted_answers")
    with acting_as(supervisor.viewer):
        assert not SpecificNeed.objects.exists()
    assessed(cast.caseworker, family[0], "documents_withheld", "threats_to_family")
    with acting_as(supervisor.viewer):
        need = SpecificNeed.objects.get()
        assert (need.code, need.restricted, need.status, need.priority) == (
            "LP-AN",
            True,
            "flagged",
            "urgent",
        )
        person = Individual.objects.get(pk=family[0].pk)
        assert (person.legal_status, person.process_status) == was
        assert person.legal_status in LegalStatus.values
        subjects = Event.objects.filter(name__startswith="registration.indicators.").values_list(
            "subject_id", flat=True
        )
        assert family[0].pk not in set(subjects), "the person's page would tell of it"
    outbox.drain(now=NOW)
    with acting_as(supervisor.viewer):
        told = Notification.objects.get(event=indicators.REFERRED)
        signs = IndicatorAssessment.objects.visible_to(supervisor.viewer).get(referred=True)
        assert told.subject_id == signs.pk
    home = supervisor.browser().get(reverse("home")).content.decode()
    assert "referred for protection" in home
    assert reverse("indicators", args=[signs.pk]) in home
    assert "referred for protection" not in cast.caseworker.browser().get(reverse("home")).content.decode()


def test_only_those_who_open_restricted_needs_read_them(cast, family, supervisor, agree):
    agree(classes=["C1", "C2", "C3", "C4"])
    clerk, opener = cast.caseworker.browser(), cast.decider.browser()
    of = reverse("indicators-of", args=[family[0].pk])
    sent = {"indicators": ["ransom", "signs_of_abuse"]}
    page = clerk.post(of, sent, follow=True).content.decode()
    assert "Those who protect people look at it." in page
    assert "Choose what you saw" in clerk.post(of, {"sent": "1"}).content.decode()
    with acting_as(supervisor.viewer):
        one = IndicatorAssessment.objects.get()
    url = reverse("indicators", args=[one.pk])
    assert clerk.get(url).status_code == 403
    assert "Written down before" not in clerk.get(of).content.decode()
    assert cast.partner.browser().get(of).status_code in {403, 404}
    with acting_as(cast.partner.viewer):
        assert not IndicatorAssessment.objects.exists()
    with acting_as(cast.caseworker.viewer):
        assert not IndicatorAssessment.objects.visible_to(cast.caseworker.viewer).exists()
    assert "They were held for ransom" in opener.get(url).content.decode()
    assert "2 signs" in opener.get(of).content.decode()
    for name in ("individual", "household", "elsewhere", "facts"):
        pk = family[0].household_id if name == "household" else family[0].pk
        page = supervisor.browser().get(reverse(name, args=[pk])).content.decode()
        assert str(one.pk) not in page
        assert "ransom" not in page
    assert "This field is required" in opener.post(url, {"reason": ""}).content.decode()
    page = opener.post(url, {"reason": "It was another woman"}, follow=True).content.decode()
    assert "It was another woman" in page
    with acting_as(supervisor.viewer):
        one.refresh_from_db()
        assert one.removed_at
        assert b"another woman" not in bytes(one.removal)
        with pytest.raises(NotPermitted, match="removed already"):
            indicators.remove(assessment=one, reason="Again", by=supervisor.viewer, now=NOW)
    with pytest.raises(NotPermitted, match="from the list"):
        assessed(cast.caseworker, family[0], "nonsense")
    with pytest.raises(NotPermitted, match="responsible for this person"):
        assessed(cast.partner, family[0], "ransom")


def test_nothing_that_decides_reads_the_signs():
    """No status, no claim, no referral to partners, no list, API or export: only their own rooms, and the news of those who may."""
    word = re.compile(
        r"IndicatorAssessment|indicatorassessment|actions import .*\bindicators\b|rules\.indicators"
    )
    root = Path(settings.BASE_DIR)
    reading = {
        str(one.relative_to(root))
        for app in ("refugeecm", "agencies", "registration", "cases", "resettlement")
        for one in (root / app).glob("**/*.py")
        if "migrations" not in one.parts and word.search(one.read_text())
    }
    assert reading == {
        "registration/models/__init__.py", "registration/models/indicators.py",
        "registration/actions/indicators.py", "registration/actions/sealing.py", "registration/forms/incidents.py",
        "registration/views/indicators.py", "refugeecm/pages/news.py",
        "refugeecm/pages/own_data.py",  # which names it to say that a person is not told of it
    }  # fmt: skip
    assert not hasattr(IndicatorAssessment, "shared_as"), "no agreement can open it"
    assert not [name for name in LISTS if "indicator" in name]


# ---- two records of one person


def test_what_is_known_goes_along_when_records_are_merged(cast, family, event, supervisor):
    """Movements, protection elsewhere and the rescue, sealed anew; what both have stays where it is."""
    other, viewer = register(cast.colleague, event, FAMILY), supervisor.viewer
    before(cast.caseworker, other[0])
    with acting_as(viewer):
        made = incidents.record(facts=FACTS, by=viewer, now=NOW)
        incidents.link(incident=made, people=other, by=viewer, now=NOW)
        for one in (family[0], other[0]):
            movements.record(people=[one], kind="arrival", on=NOW.date(), site="CAMP-A", by=viewer, now=NOW)
        movements.record(people=[other[0]], kind="departure", on=NOW.date(), by=viewer, now=NOW)
        movements.see(people=[other[0]], site="CAMP-A", by=viewer, now=NOW)
        merging.merge(survivor=family[0], merged=other[0], taken=None, reason="Same", by=viewer, now=NOW)
        kept = PriorProtection.objects.get()
        assert kept.individual_id == family[0].pk
        assert Opener([family[0].pk]).fact(kept, "number") == "EG-77"
        assert Survivor.objects.filter(individual=family[0]).count() == 1
        assert Movement.objects.filter(individual=family[0]).count() == 2
        assert Movement.objects.filter(individual=other[0]).count() == 1
        assert Household.objects.count() == 2
