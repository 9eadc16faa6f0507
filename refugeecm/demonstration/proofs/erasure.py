"""Is anything left of people who were erased, and does everything else stand as it was?

People come by a list whose every cell bears a word that stands nowhere else; what else can be known of them is
added by the actions of the house under further such words: corrections, papers, relatives, needs, photos, a claim, a referral, a
hand-over, consents, an export. Two people decide, a worker erases. Then every column of every table is read past all policies, the
sessions are opened, and the cache is looked through.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from typing import Any

from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from PIL import Image

from agencies.access import Viewer, enter
from agencies.access.viewer import member
from agencies.actions import agencies as founding
from agencies.actions import exports
from agencies.channels.lists import LISTS
from agencies.enums import AgencyKind, Role
from agencies.models import Agency, ExportJob, Membership
from cases.actions import claims
from refugeecm.core import crypto, seals
from refugeecm.core.models import User
from refugeecm.demonstration.scratch import Ground
from registration.actions import (
    consents,
    corrections,
    erasing,
    further_facts,
    imports,
    movements,
    needs,
    photos,
    sealing,
    status,
)
from registration.actions import events as influx
from registration.enums import BatchStatus
from registration.models import ImportBatch, Individual, InfluxEvent, LedgerLine, PersonKey

HEADER = (
    "record_id", "household_id", "given_name", "father_name", "family_name", "full_name_native", "mother_name", "birth_place",
    "sex", "date_of_birth", "nationality", "phone", "document_type", "document_number", "relationship_to_head",
)  # fmt: skip
_LETTERS = "bcdfghjklmnpqrstvwxyz"


def word(person: int, what: str) -> str:
    """Return a word for one thing of one person that stands nowhere else: letters only, so that it passes as a name."""
    own = sha256(f"{person} {what}".encode()).digest()[:7]
    return f"Zq{''.join(_LETTERS[one % 21] + 'aeiou'[one % 5] for one in own)}qz"


def born(person: int) -> str:
    """Return a day of birth, another for each."""
    return f"19{50 + person % 40}-{1 + person % 12:02}-{1 + person * 7 % 28:02}"


def prove(ground: Ground, *, people: int, now: datetime, say: Callable[[str], None]) -> dict[str, Any]:
    """Mark so many people through every entrance, erase them, and look for what is left; return figures, and `proven`."""
    started, name = time.monotonic(), ground.database("erasure")
    with ground.using(name):
        _office(now)
        marked = _marked(people, now)
        browser = _reading(marked)
        seals.seal(now=now)
        keys = {one.individual_id: bytes(one.wrapped) for one in _keys(marked)}
    with ground.using(name, role="postgres"):
        before, stood = _traces(), _figures()
    say(f"{people} people stand in {len(before)} tables")
    with ground.using(name):
        _decide(marked, now)
        begun = time.monotonic()
        erased = erasing.carry_out(agency=marked[0].agency, now=now)
        took = time.monotonic() - begun
        pages = _pages(browser, marked)
        verdict = seals.verify()
    with ground.using(name, role="postgres"):
        after, stands = _traces(), _figures()
        left = PersonKey.objects.filter(individual__in=[one.pk for one in marked]).count()
        sealed = [one.pk for one in Individual.objects.filter(pk__in=[one.pk for one in marked]) if one.phone]
    return {
        "people": len(marked),
        "stood_in": before,
        "traces": after,
        "keys_left": left,
        "keys_before": len(keys),
        "sealed_values_left": len(sealed),
        "figures_unchanged": stood == stands,
        "seals_hold": not verdict.problems,
        "sealed_rows": verdict.rows,
        "pages_that_broke": pages,
        "erasing_seconds": round(took, 2),
        "seconds": round(time.monotonic() - started, 1),
        "proven": erased == len(marked) == len(keys) > 0 and not after and not left and not sealed and stood == stands
        and not verdict.problems and not pages and len(before) >= 10,
    }  # fmt: skip


def _office(now: datetime) -> None:
    """Let people work at the border office, and let there be another agency."""
    border = Agency.objects.get(code="BORDER")
    founding.found(code="HELP", name="Helping Hands", kind=AgencyKind.NGO, country="FRA", now=now)
    for who, role in (
        ("amina", Role.CASEWORKER), ("boris", Role.CASEWORKER), ("samir", Role.SUPERVISOR), ("dana", Role.DECISION_MAKER)
    ):  # fmt: skip
        founding.enrol(
            agency=border, user=User.objects.create_user(f"{who}@border.example", name=who.title()), role=role
        )
    with _acting("boris") as viewer:
        influx.draft(slug="arrivals", name="Arrivals", by=viewer, now=now)


@contextmanager
def _acting(who: str) -> Iterator[Viewer]:
    """Act as one of the border office's people, in a transaction."""
    with transaction.atomic():
        found = Membership.objects.select_related("agency").get(user__email=f"{who}@border.example")
        viewer = member(found)
        enter(viewer, reason="prove")
        yield viewer


def _marked(people: int, now: datetime) -> list[Individual]:
    """Let people come by a list, and have everything known of them."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(HEADER)
    for n in range(people):
        rows.writerow((
            word(n, "ref"), word(n, "house"), word(n, "given"), word(n, "father"), word(n, "family"), word(n, "native"),
            word(n, "mother"), word(n, "birth"), "F", born(n), "SDN", f"+2356655{n:04}", "passport",
            f"ZQP{n:06}", "head",
        ))  # fmt: skip
    with _acting("boris") as viewer:
        event = InfluxEvent.objects.get(slug="arrivals")
        batch = imports.receive(
            data=text.getvalue().encode(), file_name="list.csv", event=event, by=viewer, now=now
        )
    while imports.run_one(now=now):
        pass
    with _acting("amina") as viewer:
        imports.accept(
            batch=ImportBatch.objects.get(pk=batch.pk, status=BatchStatus.REVIEW), by=viewer, now=now
        )
    while imports.run_one(now=now):
        pass
    with _acting("samir") as viewer:
        found = list(
            Individual.objects.owned_by(viewer).filter(given_name__startswith="Zq").order_by("given_name")
        )
    for n, one in enumerate(found):
        _know(one, n, now)
    with _acting("amina") as viewer:
        job = exports.ask(
            listing=LISTS["people"],
            query={},
            purpose="report",
            reason="Who came",
            format="csv",
            by=viewer,
            now=now,
        )
    while exports.run_one(now=now):
        pass
    with _acting("amina"):
        assert ExportJob.objects.get(pk=job.pk).key  # noqa: S101 - it waits to be fetched
    return found


def _know(person: Individual, n: int, now: datetime) -> None:
    drawn = BytesIO()
    Image.new("RGB", (64, 64), "white").save(drawn, "JPEG")
    with _acting("samir") as by:
        fresh = Individual.objects.get(pk=person.pk)
        corrections.correct(
            individual=fresh, further={"alias": [word(n, "alias")]}, level=fresh.level, reason="said",
            columns={"ethnicity": word(n, "people"), "email": f"{word(n, 'mail')}@own.example", "birth_place": word(n, "town")},
            version=corrections.version_of(fresh), by=by, now=now,
        )  # fmt: skip
        further_facts.add_relative(
            individual=person, relationship="SIB", name=word(n, "sister"), country="LBY", whereabouts=word(n, "where"),
            number="", by=by, now=now,
        )  # fmt: skip
        further_facts.add_document(individual=person, kind="PASSPORT", number=f"ZQD{n:06}", by=by, now=now)
        needs.flag(flags=[needs.Flag(person.pk, "DS-BD", note=word(n, "note"))], by=by, now=now)
        photos.take(individual=person, data=drawn.getvalue(), by=by, now=now)
        movements.record(
            people=[person], kind="departure", on=now.date(), site=word(n, "gate"), by=by, now=now
        )
        consents.record(
            individual=person, purpose="asylum", recipient=Agency.objects.get(code="HELP"), text_version="1", language="Arabic",
            given_on=now.date(), witness=word(n, "witness"), by=by, now=now,
        )  # fmt: skip
    with _acting("boris") as by:
        made = claims.open_claim(individual=person, made_on=now.date(), by=by, now=now)
        claims.change_status(claim=made, to="examination", by=by, now=now)
        claims.change_status(claim=made, to="withdrawn", by=by, now=now)


def _reading(marked: list[Individual]) -> Client:
    """Look at everybody's page, so that sessions, reads and caches are what they are after a day's work."""
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(User.objects.get(email="samir@border.example"))
    session = browser.session
    session["second_factor"] = True
    session.save()
    for one in marked:
        browser.get(reverse("individual", args=[one.pk]))
        browser.get(reverse("people"), {"q": one.full_name})
    return browser


def _decide(marked: list[Individual], now: datetime) -> None:
    for one in marked:
        with _acting("samir") as by:
            fresh = Individual.objects.get(pk=one.pk)
            if fresh.process_status != "C":
                status.change_record(
                    individual=fresh, to="C", reason="repatriated", on=now.date(), by=by, now=now
                )
    with _acting("samir") as by:
        proposed = [
            erasing.propose(individual=one, origin="request", reason=word(n, "why"), by=by, now=now)
            for n, one in enumerate(marked)
        ]
    with _acting("dana") as by:
        for made in proposed:
            erasing.approve(erasure=made, number=made.individual.number, by=by, now=now)


def _keys(marked: list[Individual]) -> list[PersonKey]:
    with _acting("samir"):
        opener = sealing.Opener([one.pk for one in marked])
        if not all(opener.phone(Individual.objects.get(pk=one.pk)) for one in marked):
            raise crypto.Unreadable("A telephone does not open before anything was erased.")
        return list(PersonKey.objects.filter(individual__in=[one.pk for one in marked]))


def _traces() -> dict[str, int]:
    """Return {where: in how many rows} one of the words stands, in whatever column, session or cached value."""
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        for (table,) in cursor.fetchall():
            sql = f"SELECT count(*) FROM {table} AS t WHERE t::text ~* %s"  # noqa: S608 - names of our own tables
            cursor.execute(sql, ["zq[a-z]{4,}qz|ZQ[PD][0-9]{6}"])
            if rows := cursor.fetchone()[0]:
                found[table] = rows
    said = [str(one.get_decoded()) for one in Session.objects.all()]
    if held := sum("zq" in one.lower() and "qz" in one.lower() for one in said):
        found["sessions"] = held
    client: Any = getattr(cache, "_cache", None)
    raw = client.get_client(None, write=False) if hasattr(client, "get_client") else None
    if raw is not None:
        texts = [key + (raw.get(key) or b"") for key in raw.scan_iter() if raw.type(key) == b"string"]
        if cached := sum(b"zq" in one.lower() and b"qz" in one.lower() for one in texts):
            found["cache"] = cached
    return found


def _figures() -> tuple[Any, ...]:
    """Return what statistics are made of: the ledger, whole, but for the closing of records, which comes before any erasure."""
    lines = (
        LedgerLine.objects.exclude(flow="return")
        .order_by("pk")
        .values_list("pk", "flow", "people", "origin", "status", "sex")
    )
    return tuple(lines)


def _pages(browser: Client, marked: list[Individual]) -> list[str]:
    """Return the pages that break over somebody who was erased."""
    batch = ImportBatch.objects.filter(file_name="list.csv").values_list("pk", flat=True)
    with _acting("samir"):
        files = list(batch)
    browser.raise_request_exception = False
    addresses = [reverse(name, args=[one.pk]) + query for one in marked[:3] for name, query in (
        ("individual", "?record=1"), ("erasure", ""), ("consents", ""), ("disclosures", ""), ("facts", ""),
    )]  # fmt: skip
    addresses += [
        reverse("household", args=[marked[0].household_id]),
        reverse("people"),
        reverse("erasures"),
        reverse("audit"),
    ]
    addresses += [
        reverse(name, args=[one])
        for one in files
        for name in ("import-detail", "import-errors", "import-errors-xlsx", "import-undo", "import-correct")
    ]
    addresses += [
        reverse("import-rows", args=[one, what])
        for one in files
        for what in ("new", "registered", "possible", "error")
    ]
    return [one for one in addresses if browser.get(one).status_code >= 500]
