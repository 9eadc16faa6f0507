"""The cast and the ground of every test: agencies, people who work there, a family, and a database entered as the application."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import caches
from django.db import connection, transaction
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis

from agencies.access import Viewer, enter
from agencies.access.terms import classes_in, spelled_out
from agencies.access.viewer import client as viewer_of_client
from agencies.access.viewer import member
from agencies.actions import agencies as founding
from agencies.actions import agreements, clients
from agencies.enums import AgencyKind, Role
from agencies.models import Agency, Agreement, ApiClient, Membership
from refugeecm import services
from refugeecm.core import outbox
from refugeecm.core.models import User
from refugeecm.demonstration.scratch import ground
from registration.actions import events as influx
from registration.actions import people
from registration.models import Individual, InfluxEvent
from registration.rules.arrivals import read_row

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
# Other processes may take the processor: how long something takes is not what a test asks.
hypothesis.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis.load_profile("suite")
LONG = ("house", "flows", "proofs")  # directories of few and long tests


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long tests: at the end, one process would wait for the other's."""
    items.sort(key=lambda item: not set(LONG) & set(item.path.parts))


@pytest.fixture(scope="session", autouse=True)
def own_cache() -> None:
    """Each process of the suite counts attempts and clears its cache in a Redis database of its own."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    settings.CACHES["default"]["LOCATION"] = settings.REDIS_URL.split("?")[0] + f"?db={worker + 8}"
    if hasattr(caches._connections, "default"):
        del caches["default"]  # made while tests were collected, with the address of before


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """The owner makes the test database and migrates it; the tests then run as the application.

    On servers of our own it is a copy of a database with all tables, so that `migrate` has little left to do.
    """
    if services.started_here():
        with ground(now=NOW) as place:
            connection.settings_dict["TEST"]["TEMPLATE"] = place.tables()
    owner = settings.MIGRATE_DATABASE
    connection.settings_dict.update(USER=owner["USER"], PASSWORD=owner["PASSWORD"])


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Reconnect as the application, which for tests alone may empty tables and analyse them."""
    app = settings.DATABASES["default"]["USER"], settings.DATABASES["default"]["PASSWORD"]
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute("GRANT TRUNCATE, MAINTAIN ON ALL TABLES IN SCHEMA public TO app")
        connection.close()
        connection.settings_dict.update(USER="app", PASSWORD=app[1])
    yield
    with django_db_blocker.unblock():
        with (
            connection.cursor() as cursor
        ):  # what threads and browsers left open would keep the database from being dropped
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
            )
        connection.close()
        connection.settings_dict.update(
            USER=settings.MIGRATE_DATABASE["USER"], PASSWORD=settings.MIGRATE_DATABASE["PASSWORD"]
        )


def acting_as(viewer: Viewer) -> Any:
    """Return a transaction in the viewer's database context: `with acting_as(viewer): …`."""

    class Acting:
        def __enter__(self) -> None:
            self.block = transaction.atomic()
            self.block.__enter__()
            enter(viewer, reason="test")

        def __exit__(self, *error: Any) -> None:
            self.block.__exit__(*error)

    return Acting()


@dataclass
class Person:
    """A member of the cast: a user, what they are, and a browser in which they have signed in with a second factor."""

    user: User
    membership: Membership

    @property
    def viewer(self) -> Viewer:
        return member(Membership.objects.select_related("agency").get(pk=self.membership.pk))

    def browser(self) -> Client:
        client = Client()
        client.force_login(self.user)
        session = client.session
        session["second_factor"] = True
        session.save()
        return client


@dataclass
class Cast:
    """BORDER, the host government's border office; HELP, an agency with which it may agree; OTHER, a stranger."""

    border: Agency
    help: Agency
    other: Agency
    caseworker: Person
    colleague: Person
    decider: Person
    admin: Person
    second_admin: Person
    partner: Person
    partner_admin: Person
    partner_second: Person
    stranger: Person
    stranger_admin: Person
    stranger_second: Person


@pytest.fixture
def cast(db: None) -> Cast:
    """Three agencies and the people who work there."""
    border = founding.found(
        code="BORDER", name="Border Office", kind=AgencyKind.GOVERNMENT, country="TCD", now=NOW
    )
    helping = founding.found(code="HELP", name="Helping Hands", kind=AgencyKind.NGO, country="FRA", now=NOW)
    other = founding.found(code="OTHER", name="Other Agency", kind=AgencyKind.NGO, country="ITA", now=NOW)

    def join(name: str, agency: Agency, role: str) -> Person:
        user = User.objects.create_user(f"{name}@{agency.code.lower()}.example", name=name.title())
        return Person(user, founding.enrol(agency=agency, user=user, role=role))

    return Cast(
        border=border,
        help=helping,
        other=other,
        caseworker=join("amina", border, Role.CASEWORKER),
        colleague=join("boris", border, Role.CASEWORKER),
        decider=join("dana", border, Role.DECISION_MAKER),
        admin=join("adam", border, Role.ADMINISTRATOR),
        second_admin=join("alma", border, Role.ADMINISTRATOR),
        partner=join("paula", helping, Role.CASEWORKER),
        partner_admin=join("petra", helping, Role.ADMINISTRATOR),
        partner_second=join("pavel", helping, Role.ADMINISTRATOR),
        stranger=join("sten", other, Role.CASEWORKER),
        stranger_admin=join("sara", other, Role.ADMINISTRATOR),
        stranger_second=join("stella", other, Role.ADMINISTRATOR),
    )


def arrival(**values: str) -> Any:
    """Return one checked row: a woman from Sudan unless said otherwise, in the words of an arrivals file."""
    given = {
        "registration_date": "2026-02-20",
        "registration_site": "CAMP-A",
        "relationship_to_head": "head",
        "given_name": "Mariam",
        "father_name": "Idris",
        "family_name": "Abakar",
        "sex": "F",
        "date_of_birth": "1990-05-17",
        "nationality": "SDN",
        "arrival_date": "2026-02-18",
        **values,
    }
    row, errors = read_row(given, today=NOW.date())
    assert row is not None, errors
    return row


FAMILY = [
    {
        "given_name": "Mariam",
        "phone": "+235 66 12 34 56",
        "document_type": "passport",
        "document_number": "P01234567",
    },
    {
        "given_name": "Yusuf",
        "relationship_to_head": "child",
        "sex": "M",
        "date_of_birth": "2015-03-04",
        "marital_status": "single",
    },
    {
        "given_name": "Halima",
        "relationship_to_head": "child",
        "sex": "F",
        "date_of_birth": "2018-11-30",
        "marital_status": "single",
    },
]


@pytest.fixture
def event(cast: Cast) -> InfluxEvent:
    """The occasion on which the family arrived."""
    with acting_as(cast.caseworker.viewer):
        return influx.draft(
            slug="east-2026", name="Arrivals in the east, 2026", by=cast.caseworker.viewer, now=NOW
        )


@pytest.fixture
def family(cast: Cast, event: InfluxEvent) -> list[Individual]:
    """Mariam Abakar and her two children, registered at the border; the mother first."""
    return register(cast.caseworker, event, FAMILY)


def register(by: Person, event: InfluxEvent, members: list[dict[str, str]]) -> list[Individual]:
    """Register one household and return its members, the focal point first."""
    viewer = by.viewer
    group = people.Arrival(
        members=[arrival(**one) for one in members], ordinals=list(range(1, len(members) + 1))
    )
    with acting_as(viewer):
        people.register(arrivals=[group], by=viewer, now=NOW, event=event)
        found = {one.pk: one for one in Individual.objects.filter(pk__in=group.individuals)}
        return [found[one] for one in group.individuals]


def proposed(ours: Sequence[Person], **terms: Any) -> Agreement:
    """Draw up an agreement (terms of agreements.draft), signed by two of one side."""
    by = ours[0].viewer
    with acting_as(by):
        agreement = agreements.draft(by=by, now=NOW, **terms)
    signed(agreement, *ours)
    return agreement


def signed(agreement: Agreement, *people: Person) -> None:
    """Have people sign, one after the other."""
    for one in people:
        with acting_as(one.viewer):
            agreement.refresh_from_db()
            agreements.sign(agreement=agreement, by=one.viewer, now=NOW)


@pytest.fixture
def agree(cast: Cast, event: InfluxEvent) -> Callable[..., Agreement]:
    """Make an agreement by which BORDER shows HELP people of the event: signed by two of each side, opened by the worker."""

    def make(**terms: Any) -> Agreement:
        given = {
            "other": cast.help,
            "title": "Status of claims",
            "purpose": "protection",
            "legal_basis": "mandate",
            "classes": ["C1"],
            "channels": ["pages", "api"],
            "starts_on": date(2026, 1, 1),
            "event_slug": event.slug,
            **terms,
        }
        agreement = proposed([cast.admin, cast.second_admin], **given)
        signed(agreement, cast.partner_admin, cast.partner_second)
        outbox.drain(now=NOW)
        with acting_as(cast.admin.viewer):
            agreement.refresh_from_db()
        return agreement

    return make


def terms(**matrix: str) -> dict[str, Any]:
    """Return the columns of an agreement that opens what the matrix says: `terms(C1="see")`."""
    grants = spelled_out(matrix)
    return {"matrix": matrix, "grants": grants, "classes": classes_in(grants)}


def end(agreement: Agreement, by: Person) -> None:
    """End an agreement."""
    with acting_as(by.viewer):
        agreements.end(
            agreement=Agreement.objects.get(pk=agreement.pk), by=by.viewer, now=NOW, reason="No longer needed"
        )


@pytest.fixture
def api_client(cast: Cast) -> Callable[..., tuple[ApiClient, str]]:
    """Issue an OAuth2 client for an agency's administrator; return it with its secret."""

    def make(admin: Person | None = None) -> tuple[ApiClient, str]:
        viewer = (admin or cast.partner_admin).viewer
        with acting_as(viewer):
            return clients.issue(by=viewer, name="Case system", now=NOW)

    return make


def viewer_of(api: ApiClient) -> Viewer:
    """Return the viewer that an API client is."""
    return viewer_of_client(ApiClient.objects.select_related("agency").get(pk=api.pk))
