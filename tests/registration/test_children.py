"""Is a child without its parents protected in time: somebody who acts for it, its best interests, where it lives, until it is 18?"""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from agencies.actions import agencies as founding
from agencies.enums import Role
from agencies.models import Agency, Notification
from refugeecm.core import outbox
from refugeecm.core.deadlines.models import DeadlineStatus
from refugeecm.core.models import Event, ReadEvent, User
from registration.actions import children, exceptions, needs
from registration.enums import SafeguardEnd
from registration.models import (
    Deadline,
    Guardian,
    Individual,
    InfluxEvent,
    ProtectionStep,
    Representative,
    Safeguard,
)
from registration.policies import NotPermitted
from registration.rules.children import adult_from, adults_born_by, rules_for
from tests.conftest import NOW, Cast, Person, acting_as, register

pytestmark = pytest.mark.usefixtures("db")
TODAY = NOW.date()
ALONE = {"given_name": "Yusuf", "sex": "M", "date_of_birth": "2011-06-20", "marital_status": "single"}


@pytest.fixture
def supervisor(cast: Cast) -> Person:
    """Who looks after children at the border."""
    user = User.objects.create_user("sami@border.example", name="Sami")
    return Person(user, founding.enrol(agency=cast.border, user=user, role=Role.SUPERVISOR))


@pytest.fixture
def yusuf(cast: Cast, event: InfluxEvent) -> Individual:
    """A boy of 14 who came alone; registered on 20 February 2026, a Friday."""
    return register(cast.caseworker, event, [ALONE])[0]


def safeguards(who: Person, child: Individual) -> Safeguard:
    with acting_as(who.viewer):
        return Safeguard.objects.select_related("individual").get(individual=child)


def dates(who: Person, child: Individual) -> dict[str, tuple[str, str]]:
    """What stands: {rule: (last day, status)}."""
    with acting_as(who.viewer):
        rows = Deadline.objects.standing().filter(individual=child)
        return {one.rule: (one.legal_end.isoformat(), one.status) for one in rows}


def someone(who: Person, name: str = "Rahma", **given: Any) -> Representative:
    with acting_as(who.viewer):
        checked = {"checked_on": TODAY, "organisation": "Guardians", "user_id": None, **given}
        return children.add_representative(name=name, by=who.viewer, now=NOW, **checked)


def appoint(who: Person, child: Individual, representative: Representative, **given: Any) -> None:
    with acting_as(who.viewer):
        children.appoint(
            safeguard=Safeguard.objects.active().get(individual=child), representative=representative, by=who.viewer,
            **{"role": "representative", "since": TODAY, "no_conflict": True, "now": NOW, **given},
        )  # fmt: skip


def step(
    who: Person, child: Individual, kind: str, what: str, outcome: str = "", **given: Any
) -> ProtectionStep:
    with acting_as(who.viewer):
        return children.record_step(
            safeguard=Safeguard.objects.get(individual=child), by=who.viewer, kind=kind, what=what, outcome=outcome,
            **{"on": TODAY, "review_by": None, "involved": "Hawa", "text": "She is well", "now": NOW, **given},
        )  # fmt: skip


def sweep(agency: Agency, day: date) -> int:
    """Look at what has passed, until nothing is left; return how much that was."""
    done = 0
    while some := children.sweep(agency=agency, now=datetime(day.year, day.month, day.day, 6, tzinfo=UTC)):
        done += some
    return done


# ---- the law


def test_where_the_regulation_binds_its_deadlines_run_and_elsewhere_the_same_as_practice() -> None:
    assert rules_for("FRA", date(2026, 6, 12)) == ("APR-UAM-0", "APR-UAM-1", "APR-UAM-2")
    assert (
        rules_for("FRA", date(2026, 6, 11))[1]
        == rules_for("DNK", date(2026, 7, 1))[1]
        == rules_for("TCD", TODAY)[1]
    )


@given(
    born=st.dates(date(2000, 1, 1), date(2012, 12, 31)),
    precision=st.sampled_from(["DAY", "MONTH", "YEAR"]),
    after=st.integers(-400, 400),
)
def test_the_sweep_ends_childhood_on_the_day_on_which_the_law_does(
    born: date, precision: str, after: int
) -> None:
    today = adult_from(born, precision) + timedelta(days=after)
    assert (born <= adults_born_by(today)[precision]) == (after >= 0)


def test_where_day_or_month_are_not_known_doubt_is_for_the_child() -> None:
    assert adult_from(date(2008, 2, 29), "DAY") == date(2026, 3, 1)
    assert adult_from(date(2008, 12, 1), "MONTH") == date(2027, 1, 1)
    assert adult_from(date(2008, 1, 1), "YEAR") == date(2027, 1, 1)


# ---- deadlines


def test_registered_alone_his_deadlines_run_from_that_transaction_on(
    cast: Cast, supervisor: Person, event: InfluxEvent, family: list[Individual]
) -> None:
    alone = {**ALONE, "date_of_birth": "2012"}
    boy, sister = register(
        cast.caseworker,
        event,
        [ALONE, {**alone, "given_name": "Halima", "sex": "F", "relationship_to_head": "sibling"}],
    )
    # A working day, and fifteen, after Friday 20 February 2026 in Chad, where 8 March, a Sunday, is kept on the Monday.
    assert dates(supervisor, boy) == {"CP-UAM-0": ("2026-02-23", "open"), "CP-UAM-1": ("2026-03-16", "open")}
    assert safeguards(supervisor, sister).kind == "UC"
    with acting_as(supervisor.viewer):
        assert not Safeguard.objects.filter(individual__in=family).exists(), "they came with their mother"
        born = Event.objects.filter(name=children.BEGUN, subject_id=safeguards(supervisor, boy).pk)
        assert born.count() == 1, "about the safeguards: the page of the person must not tell of it"


def test_a_need_that_says_so_begins_them_too_and_an_adult_has_none(
    cast: Cast, supervisor: Person, family: list[Individual]
) -> None:
    mother, son, _daughter = family
    with acting_as(cast.caseworker.viewer):
        flags = [needs.Flag(son.pk, "SC-UC"), needs.Flag(mother.pk, "SC-UC")]
        needs.flag(flags=flags, by=cast.caseworker.viewer, now=NOW)
    assert safeguards(supervisor, son).kind == "UC"
    with acting_as(cast.caseworker.viewer):
        needs.flag(flags=[needs.Flag(son.pk, "SC-SC")], by=cast.caseworker.viewer, now=NOW)
    assert safeguards(supervisor, son).kind == "SC", "known better, the deadlines go on"
    with acting_as(supervisor.viewer):
        assert Safeguard.objects.count() == 1


def test_met_in_time_and_met_late(supervisor: Person, yusuf: Individual) -> None:
    rahma = someone(supervisor, checked_on=date(2026, 2, 1))
    appoint(supervisor, yusuf, rahma, role="provisional", since=date(2026, 2, 24))
    appoint(supervisor, yusuf, rahma, since=date(2026, 3, 2))
    with acting_as(supervisor.viewer):
        late = {one.rule: one.was_late for one in Deadline.objects.filter(individual=yusuf)}
    assert late == {"CP-UAM-0": True, "CP-UAM-1": False}


def test_a_week_without_the_sweep_is_made_up_for_and_two_sweepers_do_nothing_twice(
    cast: Cast, supervisor: Person, yusuf: Individual
) -> None:
    assert sweep(cast.border, date(2026, 2, 23)) == 0, "the last day is not over"
    assert sweep(cast.border, date(2026, 3, 23)) == 2
    assert sweep(cast.border, date(2026, 3, 23)) == 0
    assert {status for _day, status in dates(supervisor, yusuf).values()} == {"missed"}
    outbox.drain(now=NOW + timedelta(days=30))
    with acting_as(supervisor.viewer):
        assert Notification.objects.filter(event=children.MISSED).count() == 2
    home = supervisor.browser().get("/").content.decode()
    assert "A deadline for the protection of a child has passed" in home
    assert "protection of a child" not in cast.caseworker.browser().get("/").content.decode()
    appoint(supervisor, yusuf, someone(supervisor), now=NOW + timedelta(days=20), since=date(2026, 3, 17))
    assert dates(supervisor, yusuf)["CP-UAM-1"][1] == DeadlineStatus.MET, "a missed deadline is met late"


def test_another_day_of_the_application_counts_anew_and_keeps_the_old_date(
    supervisor: Person, yusuf: Individual
) -> None:
    appoint(supervisor, yusuf, someone(supervisor), role="provisional")
    with acting_as(supervisor.viewer):
        children.correct(
            safeguard=safeguards(supervisor, yusuf), made_on=date(2026, 2, 13), reason="The slip says so",
            by=supervisor.viewer, now=NOW,
        )  # fmt: skip
    assert dates(supervisor, yusuf) == {"CP-UAM-0": ("2026-02-16", "met"), "CP-UAM-1": ("2026-03-06", "open")}
    with acting_as(supervisor.viewer):
        running = Deadline.objects.running().select_related("replaces").get(individual=yusuf)
        assert running.replaces is not None
        old = running.replaces
        assert (old.legal_end, old.status, old.stopped_for) == (
            date(2026, 3, 16),
            "cancelled",
            "The slip says so",
        )
    page = supervisor.browser().get(reverse("deadline", args=[running.pk])).content.decode()
    for said in (
        "CP-UAM-1",
        "15 working days",
        "default; after APR 23(2)(b)",
        "6 Mar 2026",
        "Weekend",
        "16 Mar 2026",
    ):
        assert said in page, said


def test_disproportionate_numbers_give_ten_working_days_more_once(
    supervisor: Person, yusuf: Individual
) -> None:
    for refused in (False, True):
        with acting_as(supervisor.viewer):
            child = safeguards(supervisor, yusuf)
            if refused:
                with pytest.raises(NotPermitted, match="extended already"):
                    children.extend(safeguard=child, reason="More", by=supervisor.viewer, now=NOW)
            else:
                children.extend(
                    safeguard=child, reason="400 children in a week", by=supervisor.viewer, now=NOW
                )
    # 25 working days after 20 February; 20 March 2026 is Eid al-Fitr in Chad.
    assert dates(supervisor, yusuf)["CP-UAM-2"] == ("2026-03-31", "open")
    assert "CP-UAM-1" not in dates(supervisor, yusuf)


# ---- who acts for the child


def test_a_representative_acts_for_thirty_children_and_for_fifty_in_disproportionate_numbers(
    cast: Cast, supervisor: Person, yusuf: Individual, event: InfluxEvent
) -> None:
    rahma = someone(supervisor)
    others = [
        register(
            cast.caseworker, event, [{**ALONE, "given_name": f"Ali{'abcdef'[one % 6] * (1 + one // 6)}"}]
        )[0]
        for one in range(31)
    ]
    with acting_as(supervisor.viewer):
        Guardian.objects.bulk_create(
            Guardian(
                agency_id=cast.border.pk, individual=one, role="representative", representative=rahma, since=TODAY,
                no_conflict=True, appointed_at=NOW,
            )
            for one in others[:30]
        )  # fmt: skip
    with pytest.raises(NotPermitted, match="act for 30 children"):
        appoint(supervisor, yusuf, rahma)
    with acting_as(supervisor.viewer):
        children.extend(safeguard=safeguards(supervisor, yusuf), reason="Many", by=supervisor.viewer, now=NOW)
    appoint(supervisor, yusuf, rahma)
    with pytest.raises(NotPermitted, match="act for 31 children"):
        appoint(supervisor, others[30], rahma)
    page = supervisor.browser().get(reverse("representatives")).content.decode()
    assert "31" in page


def test_nobody_acts_who_has_a_conflict_of_interest(
    cast: Cast, supervisor: Person, yusuf: Individual
) -> None:
    rahma = someone(supervisor)
    dana = someone(supervisor, "Dana", user_id=cast.decider.user.pk)
    boris = someone(supervisor, "Boris", user_id=cast.colleague.user.pk)
    unchecked = someone(supervisor, "Musa", checked_on=TODAY)
    with acting_as(supervisor.viewer):
        exceptions.declare_conflict(
            household=yusuf.household,
            user_id=cast.colleague.user.pk,
            reason="His uncle",
            by=supervisor.viewer,
            now=NOW,
        )
    for who, typed, says in (
        (rahma, {"no_conflict": False}, "declares no conflict"),
        (dana, {}, "decide claims"),
        (boris, {}, "conflict of interest in this file"),
        (unchecked, {"since": TODAY - timedelta(days=1)}, "criminal record"),
        (rahma, {"since": TODAY + timedelta(days=1)}, "in the future"),
    ):
        with pytest.raises(NotPermitted, match=says):
            appoint(supervisor, yusuf, who, **typed)
    appoint(supervisor, yusuf, rahma)
    appoint(supervisor, yusuf, someone(supervisor, "Khadija"))
    with acting_as(supervisor.viewer):
        acting = Guardian.objects.get(individual=yusuf, until=None)
        assert acting.representative.name == "Khadija", "the one of before acts no longer"
        children.dismiss(
            guardian=acting,
            safeguard=safeguards(supervisor, yusuf),
            reason="She moved",
            by=supervisor.viewer,
            now=NOW,
        )
    listed = supervisor.browser().get(reverse("children") + "?missing=representative").content.decode()
    assert yusuf.number in listed


@pytest.mark.django_db(transaction=True)
def test_of_two_appointments_at_once_both_do_not_become_the_thirtieth(
    cast: Cast, supervisor: Person, event: InfluxEvent, yusuf: Individual
) -> None:
    rahma = someone(supervisor)
    crowd = [
        register(
            cast.caseworker, event, [{**ALONE, "given_name": f"Ali{'abcdef'[one % 6] * (1 + one // 6)}"}]
        )[0]
        for one in range(30)
    ]
    for one in crowd[:29]:
        appoint(supervisor, one, rahma)
    refused: list[str] = []

    def press(child: Individual) -> None:
        try:
            appoint(supervisor, child, rahma)
        except NotPermitted as error:
            refused.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=[one]) for one in (yusuf, crowd[29])]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(refused) == 1


# ---- best interests, care, age


def test_a_determination_needs_a_panel_and_its_words_open_with_the_childs_key_alone(
    cast: Cast, supervisor: Person, yusuf: Individual
) -> None:
    with pytest.raises(NotPermitted, match="panel"):
        step(supervisor, yusuf, "bid", "solution", "recommended", involved="")
    with pytest.raises(NotPermitted, match="goes with it"):
        step(supervisor, yusuf, "bia", "solution", "recommended")
    with pytest.raises(NotPermitted, match="goes with it"):
        step(supervisor, yusuf, "bia", "transfer", "adult")
    made = step(
        supervisor,
        yusuf,
        "bid",
        "solution",
        "recommended",
        involved="Hawa, Idris",
        text="Zz stays with her aunt",
    )
    assert b"aunt" not in bytes(made.text)
    pk = safeguards(supervisor, yusuf).pk
    page = supervisor.browser().get(reverse("child", args=[pk])).content.decode()
    assert "Zz stays with her aunt" in page
    assert "Hawa, Idris" in page
    with acting_as(supervisor.viewer):
        assert ReadEvent.objects.filter(view="child").exists(), "who opened it is recorded"
    assert cast.caseworker.browser().get(reverse("child", args=[pk])).status_code == 403
    assert cast.partner.browser().get(reverse("child", args=[pk])).status_code in {403, 404}


def test_a_care_arrangement_is_visited_ends_and_is_missed(supervisor: Person, yusuf: Individual) -> None:
    shelter = step(
        supervisor,
        yusuf,
        "care",
        "shelter",
        review_by=TODAY + timedelta(days=7),
        on=TODAY - timedelta(days=9),
    )
    foster = step(
        supervisor, yusuf, "care", "foster", review_by=TODAY - timedelta(days=1), on=TODAY - timedelta(days=2)
    )
    browser = supervisor.browser()
    assert yusuf.number in browser.get(reverse("children") + "?missing=review").content.decode()
    assert yusuf.number not in browser.get(reverse("children") + "?missing=care").content.decode()
    with acting_as(supervisor.viewer):
        shelter.refresh_from_db()
        assert shelter.until == TODAY - timedelta(days=2), "the new one ends that of before"
    url = reverse("step-follow-up", args=[foster.pk])
    assert browser.post(url, {"visited_on": TODAY.isoformat(), "over": "on"}).status_code == 302
    assert yusuf.number in browser.get(reverse("children") + "?missing=care").content.decode()
    assert "over already" in browser.post(url, {"visited_on": TODAY.isoformat()}).content.decode()


def test_a_medical_examination_is_the_last_resort_and_a_refusal_makes_nobody_an_adult(
    supervisor: Person, yusuf: Individual
) -> None:
    def found_adult() -> None:
        with acting_as(supervisor.viewer):
            children.end(
                safeguard=safeguards(supervisor, yusuf),
                reason=SafeguardEnd.FOUND_ADULT,
                by=supervisor.viewer,
                now=NOW,
            )

    with pytest.raises(NotPermitted, match="last resort"):
        step(supervisor, yusuf, "age", "medical", "adult")
    step(supervisor, yusuf, "age", "multidisciplinary", "inconclusive")
    with pytest.raises(NotPermitted, match="In doubt"):
        found_adult()
    step(supervisor, yusuf, "age", "medical", "refused", now=NOW + timedelta(hours=1))
    with pytest.raises(NotPermitted, match="refusal alone"):
        found_adult()
    step(supervisor, yusuf, "age", "medical", "adult", now=NOW + timedelta(hours=2))
    found_adult()
    assert safeguards(supervisor, yusuf).ended_for == "found_adult"
    assert dates(supervisor, yusuf) == {}


def test_on_the_day_he_turns_18_it_ends_and_nobody_acts_for_him_any_more(
    cast: Cast, supervisor: Person, yusuf: Individual
) -> None:
    appoint(supervisor, yusuf, someone(supervisor))
    sweep(cast.border, date(2029, 6, 19))
    assert safeguards(supervisor, yusuf).status == "active"
    assert sweep(cast.border, date(2029, 6, 20)) == 1
    ended = safeguards(supervisor, yusuf)
    assert (ended.status, ended.ended_for, ended.ended_on) == ("ended", "adult", date(2029, 6, 20))
    with acting_as(supervisor.viewer):
        assert Guardian.objects.get(individual=yusuf).until == date(2029, 6, 20)
        assert not Deadline.objects.running().filter(individual=yusuf).exists()
        with pytest.raises(NotPermitted, match="have ended"):
            children.extend(safeguard=ended, reason="More", by=supervisor.viewer, now=NOW)


# ---- the pages


def test_the_pages_take_what_is_typed_and_say_what_is_wrong(
    supervisor: Person, yusuf: Individual, family: list[Individual]
) -> None:
    browser, child = supervisor.browser(), safeguards(supervisor, yusuf)

    def sent(act: str, **typed: str) -> str:
        return browser.post(reverse("child-act", args=[child.pk, act]), typed, follow=True).content.decode()

    typed = {"name": "Rahma", "checked_on": "2026-03-01"}
    assert "Rahma" in browser.post(reverse("representatives"), typed, follow=True).content.decode()
    with acting_as(supervisor.viewer):
        rahma = str(Representative.objects.get().pk)
    assert "declares no conflict" in sent(
        "guardian", role="representative", representative=rahma, since="2026-03-02"
    )
    assert "Recorded." in sent(
        "guardian", role="representative", representative=rahma, since="2026-03-02", no_conflict="on"
    )
    assert "Recorded." in sent(
        "bia", what="transfer", outcome="recommended", on="2026-03-02", involved="Hawa"
    )
    assert "Recorded." in sent("care", what="kinship", on="2026-03-01", involved="Her aunt", text="Camp A")
    assert "lies in the future" in sent("made-on", made_on="2099-01-01", reason="x")
    assert "Enter a valid date" in sent("made-on", made_on="soon", reason="x")
    assert "Recorded." in sent("extend", reason="Many")
    assert "Recorded." in sent("end", reason="reunited")
    assert browser.get(reverse("child-act", args=[child.pk, "nonsense"])).status_code == 404
    assert browser.get(reverse("protection", args=[yusuf.pk])).url == reverse("child", args=[child.pk])
    again = browser.post(
        reverse("protection", args=[yusuf.pk]), {"kind": "SC", "made_on": "2026-03-01"}, follow=True
    )
    assert "Separated child" in again.content.decode()
    adult = browser.post(reverse("protection", args=[family[0].pk]), {"kind": "SC", "made_on": "2026-03-01"})
    assert "This is an adult" in adult.content.decode()
    assert "Child protection" in browser.get(reverse("individual", args=[yusuf.pk])).content.decode()
    assert "Child protection" not in browser.get(reverse("individual", args=[family[0].pk])).content.decode()


def test_the_list_asks_as_much_for_one_child_as_for_many(
    cast: Cast, supervisor: Person, event: InfluxEvent, yusuf: Individual, django_assert_max_num_queries: Any
) -> None:
    for one in "abcdef":
        register(cast.caseworker, event, [{**ALONE, "given_name": f"Ali{one * 3}"}])
    browser = supervisor.browser()
    with django_assert_max_num_queries(16):
        assert browser.get(reverse("children")).status_code == 200
    with django_assert_max_num_queries(20):
        browser.get(reverse("child", args=[safeguards(supervisor, yusuf).pk]))
