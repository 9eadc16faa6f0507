"""How long do lists, searches and files of a large register take, for its owner and for partners to whom a part is shown?

The pages are asked through Django's test client in this process, as the application's role, with row-level security and live
agreements in every statement; what PostgreSQL takes of it is noted apart. Beside it stand statements written by hand for the same
rows, as the owner of the tables, whom no policy filters. Three people ask: the owner of the register; a partner who may see one
site in twenty, scattered over the year; and one who may see the oldest twentieth.
"""

from __future__ import annotations

import gc
import json
import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import connection, transaction
from django.test import Client

from agencies.access import enter
from agencies.access.terms import spelled_out
from agencies.access.viewer import member
from agencies.actions import clients
from agencies.enums import FieldLevel, Role
from agencies.models import Agency, Membership
from refugeecm.core.models import User
from refugeecm.core.paging import COUNTED
from refugeecm.demonstration.bench import population
from refugeecm.demonstration.scratch import Ground
from registration.rules.keys import search_keys

ASKED = 20  # times each, with other words each time where there are words
TARGET = 100.0  # ms in the server, p95 (design.md 6)
VIEWERS = {
    "owner": "amina@border.example",
    "partner": f"paula@{population.PARTNER.lower()}.example",
    "partner of the oldest": f"paula@{population.EARLY.lower()}.example",
}

# What `me` may see, by hand: own rows, and those of access rows whose agreement is live. {0}: a condition on the row `i` or `c`.
_LIVE = (
    "SELECT a.id FROM agencies_agreement a WHERE a.recipient_id = %(me)s AND a.status = 'active'"
    " AND a.starts_on <= CURRENT_DATE AND (a.ends_on IS NULL OR a.ends_on >= CURRENT_DATE)"
)
_SHARED = f"SELECT p.individual_id FROM registration_personaccess p WHERE p.agency_id = %(me)s AND p.agreement_id IN ({_LIVE})"
_PEOPLE = f"""
    SELECT i.*, h.*, g.* FROM (
        (SELECT id FROM registration_individual i WHERE i.agency_id = %(me)s AND {{0}} ORDER BY id DESC LIMIT {{1}})
        UNION
        (SELECT i.id FROM registration_individual i JOIN registration_personaccess p ON p.individual_id = i.id
         WHERE p.agency_id = %(me)s AND p.agreement_id IN ({_LIVE}) AND {{0}} ORDER BY p.individual_id DESC LIMIT {{1}})
    ) AS found
    JOIN registration_individual i USING (id) JOIN registration_household h ON h.id = i.household_id
    JOIN agencies_agency g ON g.id = i.agency_id ORDER BY i.id DESC LIMIT {{1}}
"""
_CLAIMS = f"""
    SELECT c.*, i.* FROM (
        (SELECT id FROM cases_claim c WHERE c.agency_id = %(me)s AND {{0}} ORDER BY id DESC LIMIT {{1}})
        UNION
        (SELECT c.id FROM cases_claim c WHERE c.individual_id IN ({_SHARED}) AND {{0}} ORDER BY id DESC LIMIT {{1}})
    ) AS found
    JOIN cases_claim c USING (id) JOIN registration_individual i ON i.id = c.individual_id ORDER BY c.id DESC LIMIT {{1}}
"""
_NAMES = f"""
    SELECT i.*, h.*, g.* FROM (
        SELECT i.id FROM registration_individual i
        WHERE i.keys && %(keys)s::bigint[] AND (i.agency_id = %(me)s OR i.id IN ({_SHARED}))
        ORDER BY cardinality(ARRAY(SELECT unnest(i.keys) INTERSECT SELECT unnest(%(keys)s::bigint[]))) DESC, id DESC LIMIT 400
    ) AS found
    JOIN registration_individual i USING (id) JOIN registration_household h ON h.id = i.household_id
    JOIN agencies_agency g ON g.id = i.agency_id
"""
_FILE = (
    "SELECT * FROM registration_individual i JOIN registration_household h ON h.id = i.household_id WHERE i.id = %(pk)s",
    "SELECT * FROM registration_individual WHERE household_id = (SELECT household_id FROM registration_individual WHERE id = %(pk)s)",
    "SELECT * FROM cases_claim WHERE individual_id = %(pk)s",
    "SELECT * FROM registration_document WHERE individual_id = %(pk)s",
    "SELECT * FROM registration_personkey WHERE individual_id = %(pk)s",
)
# Some people whom an agency may see, and what can be asked of each.
_SOME = """
    SELECT i.given_name, i.father_name, i.family_name, i.native_name, i.number, i.source_ref, c.number, i.id, i.household_id, c.id
    FROM registration_individual i JOIN cases_claim c ON c.individual_id = i.id
    WHERE i.agency_id = {me} OR i.id IN (SELECT individual_id FROM registration_personaccess WHERE agency_id = {me})
    ORDER BY md5(i.id::text) LIMIT 40
"""
_COMMON = ("Mohammed", "Ahmed", "Fatima", "Ali", "Mahmoud", "Ibrahim", "Khaled", "Hassan")
_OTHERWISE = str.maketrans("aeiou", "eaeuo")  # another clerk's vowels
_WORDS: dict[str, Callable[[Sequence[Any]], str]] = {
    "common name": lambda row: _COMMON[int(str(row[7])[-1], 16) % 8],
    "common full name": lambda row: f"{_COMMON[len(row[0]) % 8]} {_COMMON[len(row[1]) % 8]} {row[2]}",
    "rare full name": lambda row: " ".join(row[:3]),
    "other spelling": lambda row: " ".join(row[:3]).translate(_OTHERWISE),
    "native script": lambda row: str(row[3]),
    "number": lambda row: str(row[4]),
    "source_ref": lambda row: str(row[5]),
    "claim": lambda row: str(row[6]),
    "person": lambda row: str(row[7]),
    "household": lambda row: str(row[8]),
    "claim id": lambda row: str(row[9]),
}


def _list(shape: str, condition: str = "true") -> tuple[str, ...]:
    """Return the two statements of a list: a page of 25 and one more, and a count that stops where the page's does."""
    count = f"SELECT count(*) FROM ({shape.format(condition, COUNTED + 1)}) AS counted"
    return (shape.format(condition, 26), count.replace("i.*, h.*, g.*", "i.id").replace("c.*, i.*", "c.id"))


@dataclass(frozen=True)
class Question:
    """A page that is asked for, and the same by hand. `words` gives parameters of one asking: of the address, and of the SQL."""

    path: str
    parameters: dict[str, Any] = field(default_factory=dict)
    by_hand: tuple[str, ...] = ()
    words: str = ""  # which words fill {word}: common names, rare names, … (see _Words)


def questions(now: datetime) -> dict[str, Question]:
    """Return everything that is measured, by name."""
    people, claims, api = "/people/", "/claims/", "/api/v1/claims"
    recent = (now - timedelta(days=14)).isoformat()
    named = {
        kind: Question(people, {"q": "{word}"}, (_NAMES,), kind)
        for kind in ("common name", "common full name", "rare full name", "other spelling", "native script")
    }
    return {
        "people: newest": Question(people, {}, _list(_PEOPLE)),
        "people: page 40": Question(people, {"page": "40"}),
        "people: sex": Question(people, {"sex": "F"}, _list(_PEOPLE, "i.sex = 'F'")),
        "people: common nationality": Question(
            people, {"nationality": "SDN"}, _list(_PEOPLE, "i.nationality = 'SDN'")
        ),
        "people: rare nationality": Question(
            people, {"nationality": "ISL"}, _list(_PEOPLE, "i.nationality = 'ISL'")
        ),
        "people: old event": Question(people, {"event": "first-wave"}),
        "people: born about": Question(
            people,
            {"born": "1950"},
            _list(_PEOPLE, "i.birth_date BETWEEN '1948-01-01' AND '1952-12-31'"),
        ),
        "people: sex, nationality, born, event": Question(
            people, {"sex": "M", "nationality": "UKR", "born": "1940", "event": "main"}
        ),
        **{f"search: {kind}": question for kind, question in named.items()},
        "search: common name, born, nationality": Question(
            people, {"q": "{word}", "born": "1990", "nationality": "SYR"}, (), "common name"
        ),
        "search: number": Question(people, {"q": "{word}"}, (), "number"),
        "search: number of the source": Question(people, {"q": "{word}"}, (), "source_ref"),
        "search: number that is nowhere": Question(people, {"q": "NOT-HERE-7"}),
        "claims: newest": Question(claims, {}, _list(_CLAIMS)),
        "claims: page 40": Question(claims, {"page": "40"}),
        "claims: common status": Question(
            claims, {"status": "examination"}, _list(_CLAIMS, "c.status = 'examination'")
        ),
        "claims: rare status": Question(
            claims, {"status": "withdrawn"}, _list(_CLAIMS, "c.status = 'withdrawn'")
        ),
        "claims: status of nobody": Question(claims, {"status": "closed"}),
        "claims: shared": Question(claims, {"whose": "shared"}),
        "claims: mine": Question(claims, {"whose": "mine"}),
        "claims: number": Question(claims, {"q": "{word}"}, (), "claim"),
        "person": Question("/people/{word}/", {}, _FILE, "person"),
        "household": Question("/households/{word}/", {}, (), "household"),
        "claim": Question("/claims/{word}/", {}, (), "claim id"),
        "home": Question("/"),
        "API: claims": Question(api),
        "API: status": Question(api, {"status": "suspended", "limit": "25"}),
        "API: updated after": Question(api, {"updated_after": recent, "limit": "25"}),
    }


def measure(
    ground: Ground, *, people: Sequence[int], now: datetime, say: Callable[[str], None], only: str = ""
) -> dict[str, Any]:
    """Return for each size, question and viewer: best, p50 and p95 in ms of the page, of its SQL, and of the SQL by hand."""
    sizes = {}
    for size in people:
        say(f"{size:,} people: make them or find them")
        name = population.stand(ground, size, now=now, say=say)
        _renew(ground, name)
        with ground.using(name):
            sizes[size] = _Run(ground, name, now).all(only, say)
    missed = [
        f"{size}: {name}, {who}: {one['page']['p95']} ms"
        for size, found in sizes.items()
        for name, viewers in found.items()
        for who, one in viewers.items()
        if one["page"]["p95"] > TARGET
    ]
    return {"target_p95_ms": TARGET, "missed": missed, "sizes": sizes}


def _renew(ground: Ground, name: str) -> None:
    """Give agencies and agreements of a register that was made earlier what those of today have: live, and spelled out."""
    grants = json.dumps(spelled_out(dict.fromkeys(("C1", "C2", "C3"), FieldLevel.SEE)))
    ground.run(
        name,
        "UPDATE agencies_agency SET live_since = created_at WHERE live_since IS NULL",
        f"UPDATE agencies_agreement SET grants = '{grants}' WHERE grants = '{{}}'",
        "ANALYZE",
    )


class _Run:
    """One database: who asks, what they ask with, and what it takes."""

    def __init__(self, ground: Ground, name: str, now: datetime) -> None:
        self.ground, self.name, self.now = ground, name, now
        self.began = time.monotonic()
        self._known: dict[int, list[Any]] = {}
        self.hand = ground.admin(name)
        with self.hand.cursor() as cursor:
            cursor.execute("SET ROLE owner")

    def all(self, only: str, say: Callable[[str], None]) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        self._browser(VIEWERS["owner"]).get("/people/", secure=True)
        gc.collect()
        gc.freeze()  # as the web server does (refugeecm/wsgi.py)
        try:
            for name, question in questions(self.now).items():
                if only in name:
                    found[name] = {who: self._one(question, who) for who in VIEWERS}
                    say(f"{name}: " + ", ".join(f"{who} {one['page']}" for who, one in found[name].items()))
        finally:
            self.hand.close()
        return found

    def _one(self, question: Question, who: str) -> dict[str, Any]:
        agency = Agency.objects.get(memberships__user__email=VIEWERS[who])
        client = self._api(agency) if question.path.startswith("/api/") else self._browser(VIEWERS[who])
        page, sql, statements, by_hand = [], [], 0, []
        words = self._words(question.words, agency.pk)
        for word in [words[n % len(words)] for n in range(ASKED)]:
            given = {name: str(value).format(word=word) for name, value in question.parameters.items()}
            path = question.path.format(word=word) + (f"?{urlencode(given)}" if given else "")
            with _clocked() as clock:
                began = time.perf_counter()
                answer = client.get(path, secure=True)
                page.append((time.perf_counter() - began) * 1000)
            if answer.status_code != 200:
                raise RuntimeError(f"{path} answers {answer.status_code} to {who}")
            sql.append(sum(clock) * 1000)
            statements = len(clock)
            if question.by_hand:
                began = time.perf_counter()
                with self.hand.cursor() as cursor:
                    for statement in question.by_hand:
                        cursor.execute(statement, {"me": agency.pk, "pk": word, "keys": search_keys(word)})
                        cursor.fetchall()
                by_hand.append((time.perf_counter() - began) * 1000)
        figures = {"page": _figures(page), "sql": _figures(sql), "statements": statements}
        if by_hand:
            figures["by_hand"] = _figures(by_hand)
            figures["times_by_hand"] = round(statistics.median(sql) / statistics.median(by_hand), 1)
        return figures

    def _browser(self, email: str) -> Client:
        client = Client(SERVER_NAME="localhost")
        client.raise_request_exception = True
        client.force_login(User.objects.get(email=email))
        session = client.session
        session["second_factor"] = True
        session.save()
        return client

    def _api(self, agency: Agency) -> Client:
        admin = member(
            Membership.objects.select_related("agency").get(agency=agency, role=Role.ADMINISTRATOR)
        )
        with transaction.atomic():
            enter(admin, reason="bench")
            made, secret = clients.issue(by=admin, name="bench", now=self.now)
        now = self.now + timedelta(seconds=time.monotonic() - self.began)  # a token lives ten minutes
        token, _scopes = clients.grant(
            client_id=made.client_id, secret=secret, scopes=clients.SCOPES, now=now
        )
        return Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {token}"})

    def _words(self, kind: str, agency: int) -> list[str]:
        """Return words of people whom the agency may see; one empty word where none are wanted."""
        if not kind:
            return [""]
        if agency not in self._known:
            self._known[agency] = self.ground.run(self.name, _SOME.format(me=agency))
        rows = self._known[agency]
        return [word for word in (_WORDS[kind](row) for row in rows) if word]


def _figures(milliseconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(milliseconds)
    return {
        "best": round(ordered[0], 1),  # says most where others work on the same machine
        "p50": round(statistics.median(ordered), 1),
        "p95": round(ordered[math.ceil(len(ordered) * 0.95) - 1], 1),
    }


@contextmanager
def _clocked() -> Iterator[list[float]]:
    """Collect the seconds that each statement takes."""
    clock: list[float] = []

    def timed(execute: Callable[..., Any], *arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            clock.append(time.perf_counter() - began)

    with connection.execute_wrapper(timed):
        yield clock
