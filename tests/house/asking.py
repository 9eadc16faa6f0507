"""What does an answer show that it should not, and what did a request change that is somebody else's?"""

from __future__ import annotations

import copy
import json
import logging
import re
from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote_plus

import pghistory.models
from django.core import mail
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.urls import resolve

from agencies.access import enter
from agencies.access.declaration import OPEN, SIGNED_IN
from refugeecm.core.models import ReadEvent
from refugeecm.core.wall import walled_models
from tests.house.addresses import PUBLIC, Address, addresses, missing
from tests.house.rounds import SMALL, Variation, chance
from tests.house.world import NONE, OWN, RELATIONS, Actor, World

# What differs between two answers to the same question: tokens, ids of requests, the moment.
_TOKENS = re.compile(
    r'(csrfmiddlewaretoken" value="|csrf-token" content="|X-CSRFToken": "|X-CSRFToken&quot;: &quot;|nonce-|nonce=")[\w+/=-]+'
)


@dataclass
class Form:
    """A form of a page: where it goes and what it would send as it stands."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    numbers: set[str] = field(default_factory=set)  # fields that ask how many, not which


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.form: Form | None = None
        self.select = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        if tag == "form":
            self.form = (
                Form(given.get("action") or "") if (given.get("method") or "").lower() == "post" else None
            )
            if self.form is not None:
                self.found.append(self.form)
        name = given.get("name") or ""
        if self.form is None or not (name or tag == "option"):
            return
        if tag == "select":
            self.select = name
            self.form.fields.setdefault(name, "")
        elif tag == "option" and self.select:
            value = given.get("value") or ""
            self.form.choices.setdefault(self.select, []).append(value)
            if value and ("selected" in given or not self.form.fields[self.select]):
                self.form.fields[self.select] = value
        elif tag == "textarea":
            self.form.fields[name] = "words"
        elif tag in {"input", "button"} and name != "csrfmiddlewaretoken":
            self.form.numbers |= {name} if _counts(given) else set()
            if given.get("type") in {"radio", "checkbox"}:
                self.form.choices.setdefault(name, []).append(given.get("value") or "on")
            self.form.fields.setdefault(name, given.get("value") or _typed(given.get("type") or ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.select = ""
        elif tag == "form":
            self.form = None


def _counts(given: dict[str, Any]) -> bool:
    return given.get("type") == "number" or given.get("inputmode") == "numeric"


def _typed(kind: str) -> str:
    return {"date": "2026-03-01", "number": "1", "email": "zq@own.example"}.get(kind, "words")


def forms_of(text: str) -> list[Form]:
    """Return the forms of a page that change something."""
    parser = _Forms()
    parser.feed(text)
    return parser.found


class Lines(logging.Handler):
    """What was written to the log."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.text: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.text.append(record.getMessage())


# Who shows the run which forms there are: among them they may use every one.
TEACHERS = [
    (OWN, "caseworker"),
    (OWN, "decision_maker"),
    (OWN, "administrator"),
    ("full", "caseworker"),
    ("proposed", "administrator"),
]


def browser(actor: Actor) -> Client:
    """Return the actor's browser or system; what fails there is an answer of 500."""
    client = actor.browser()
    client.raise_request_exception = False
    return client


@dataclass
class Asking:
    """One run: an actor after the other asks for everything; what is wrong is noted, not raised at once."""

    world: World
    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    forms: dict[str, Form] = field(default_factory=dict)  # by name of the address
    statuses: Counter[int] = field(default_factory=Counter)
    round: int = 0
    variation: Variation = field(default_factory=Variation)

    # ---- learning

    def taught(self) -> Asking:
        """Learn the forms of every page from those who may use them, and how things stand; return the run itself."""
        for relation, role in TEACHERS:
            actor = self.world.actor(relation, role)
            client = browser(actor)
            for address in addresses():
                for whose, key in self.targets(actor, address.kind) if address.kind else [(relation, None)]:
                    if SMALL and whose != relation:
                        continue
                    answer = client.get(address.at(key))
                    if answer.status_code == 200 and "html" in answer.headers["Content-Type"]:
                        for form in forms_of(answer.content.decode()):
                            self._learn(form, address.at(key))
                if address.name in OPEN | SIGNED_IN:
                    client = browser(actor)
        self.remember()
        return self

    def _learn(self, form: Form, page: str) -> None:
        known = self.forms.setdefault(resolve((form.action or page).split("?")[0]).view_name, form)
        for choice, values in form.choices.items():
            known.choices.setdefault(choice, values)
        known.fields = form.fields | known.fields
        known.numbers |= form.numbers

    # ---- how this round asks

    def vary(self, actor: Actor, address: Address) -> None:
        """From the second round on, ask this address in another way; the words looked for are those of hidden records, too."""
        if self.round:
            which = chance(self.round, actor, address.name)
            words = [which.choice(self.world.markers).texts[0] for _one in range(3)]
            self.variation = Variation.draw(which, words)

    # ---- asking

    def read(self, actor: Actor, client: Client, path: str, *, case: str) -> tuple[int, str]:
        """Ask by GET; return (status, the answer without what differs each time)."""
        path = self.variation.behind(path)
        answer = client.get(path, headers=self.variation.headers, follow=not actor.api)
        found = self._answered(actor, answer, path, {}, case)
        client.cookies.pop("messages", None)  # what the next page would have said belongs to this answer
        return found

    def write(
        self, actor: Actor, client: Client, method: str, path: str, sent: dict[str, str], *, case: str
    ) -> tuple[int, str]:
        """Ask by another method, look whether anything of another agency changed, and take it all back."""
        cookies = copy.deepcopy(client.cookies)
        others = [one for one in (OWN, NONE) if one != actor.relation]
        with transaction.atomic():
            heads = self.variation.headers
            if actor.api or method != "POST":
                answer = client.generic(
                    method, path, _json(sent), content_type="application/json", headers=heads
                )
            else:
                answer = client.post(path, sent, follow=True, headers=heads)
            found = self._answered(actor, answer, path, sent, case)
            if found[0] < 400:
                for other in others:
                    self._unchanged(actor, other, case)
            transaction.set_rollback(True)
        client.cookies = cookies
        return found

    def _answered(
        self, actor: Actor, answer: Any, path: str, sent: dict[str, str], case: str
    ) -> tuple[int, str]:
        self.counts["requests"] += 1 + len(getattr(answer, "redirect_chain", ()))
        if self.counts["requests"] % 200 == 0:
            cache.clear()  # systems may ask so many times a minute; that is not the question here
        self.statuses[answer.status_code] += 1
        body = (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode(
            errors="replace"
        )
        heads = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        cookies = "\n".join(str(one) for one in answer.cookies.values())
        asked = f"{path} {unquote_plus(path)} {' '.join(sent.values())}".casefold()
        seen = f"{body}\n{heads}\n{cookies}".casefold()
        for text, marker in self.world.hidden_from(actor).items():
            if text in seen and text not in asked:
                self.wrong.append(
                    f"{actor} {case}: shows {marker.cls} {marker.field} of agency {marker.agency_id}"
                )
        if answer.status_code >= 500:
            self.wrong.append(f"{actor} {case}: answers {answer.status_code}")
        return answer.status_code, _TOKENS.sub("", body)

    # ---- what must not change

    def remember(self) -> None:
        """Take the fingerprints of the agencies whose rows nobody else may change."""
        self._standing = {one: self._fingerprint(one) for one in (OWN, NONE)}

    def _fingerprint(self, relation: str, only: Container[str] | None = None) -> dict[str, str]:
        """Return {table: digest of the rows that the agency sees}, of what is its own; of some tables or of all."""
        agency = self.world.agencies[relation]
        asked = [one for one in _OWNED if only is None or one._meta.db_table in only]
        if not asked:
            return {}
        with transaction.atomic():
            enter(self.world.actor(relation, "caseworker").viewer, reason="test")
            with connection.cursor() as cursor:
                cursor.execute(" UNION ALL ".join(_digest(one, agency.pk) for one in asked))
                return dict(cursor.fetchall())

    def _unchanged(self, actor: Actor, relation: str, case: str) -> None:
        now = self._fingerprint(relation, _written())
        for table, digest in now.items():
            if digest != self._standing[relation][table] and not self._agreed(actor, table):
                self.wrong.append(f"{actor} {case}: changed {table} of {relation}")

    def _agreed(self, actor: Actor, table: str) -> bool:
        """A party may answer or end its own agreement, and the recipient answers a referral; nothing else."""
        if table == "agencies_agreement":
            return actor.relation in self.world.agreements and actor.role == "administrator"
        dealings = {"resettlement_referral", "resettlement_handover"}
        return table in dealings and actor.relation in {"full", "status", "door"}

    # ---- whom to ask about

    def targets(self, actor: Actor, kind: str) -> Iterator[tuple[str, Any]]:
        """Yield (whose, key): the actor's own records, BORDER's shared and unshared ones, a stranger's.

        In small, who had an agreement or may get one is asked for BORDER's alone: the rest is as for those without any.
        """
        if self.round:
            yield from self._drawn(actor, kind)
            return
        for whose in (
            [OWN] if SMALL and actor.relation in _OVER else dict.fromkeys((actor.relation, OWN, NONE))
        ):
            keys = self.world.records[whose].of.get(kind, [])
            few = 1 if SMALL and whose in {actor.relation, NONE} else 2
            if kind in {"individual", "document", "membership", "notification"}:
                keys = keys[::2]
            if kind in {"agreement", "referral", "handover"} and whose == OWN != actor.relation:
                mine = [one for one in keys if self.visible(actor, kind, one)]
                keys = mine[:1] + [one for one in keys if one not in mine][:1]
            yield from ((whose, one) for one in keys[:few])

    def _drawn(self, actor: Actor, kind: str) -> Iterator[tuple[str, Any]]:
        """Yield five records drawn from those of all agencies."""
        everything = [
            (whose, key) for whose, records in self.world.records.items() for key in records.of.get(kind, [])
        ]
        which = chance(self.round, actor, kind)
        which.shuffle(everything)
        yield from sorted(everything[:5], key=str)

    def visible(self, actor: Actor, kind: str, key: Any) -> bool:
        """Answer whether the actor may know that there is this record."""
        if key in self.world.sealed:
            return actor.user is not None and actor.user.pk in self.world.sealed[key]
        if kind in PUBLIC or key in self.world.records[actor.relation].of.get(kind, []):
            return True
        return any(
            str(key) in one.texts and (actor.agency_id, actor.channel) in one.open_to
            for one in self.world.markers
        )

    def compare(
        self, actor: Actor, address: Address, kind: str, key: Any, found: Any, nothing: Any, gone: Any
    ) -> None:
        """What is hidden must be answered as what is not there: the same status and the same words."""
        self.counts["compared"] += 1
        (status, body), (other, other_body) = found, nothing
        # What was asked for stands in both, too: where the words drawn for the query are the hidden record's own id.
        mine, theirs = _without(_without(body, key), gone), _without(_without(other_body, gone), key)
        if status != other or mine != theirs:
            place = next((n for n, (a, b) in enumerate(zip(mine, theirs, strict=False)) if a != b), 0)
            words = f"{mine[place - 40 : place + 80]!r} / {theirs[place - 40 : place + 80]!r}"
            self.wrong.append(
                f"{actor} {address.name}: {status} for a hidden {kind}, {other} for none; {words if mine != theirs else ''}"
            )

    def missing(self, kind: str) -> Any:
        return missing(kind, self.world)

    def quiet(self, lines: Lines) -> None:
        """Nothing private in log lines and e-mails, whoever asked."""
        written = "\n".join(
            [*lines.text, *(f"{one.subject} {one.body} {one.to}" for one in mail.outbox)]
        ).casefold()
        for marker in self.world.markers:
            if marker.cls not in {"C0", "C1"} and any(
                one and one.casefold() in written for one in marker.texts
            ):
                self.wrong.append(f"log or e-mail: {marker.cls} {marker.field}")


_OVER = {code for code, one in RELATIONS.items() if one.fate not in {"", "active"}}
_OWNED = [
    one
    for one in walled_models()
    if not issubclass(one, pghistory.models.Event)
    and one is not ReadEvent
    and {"agency_id", "owner_id", "provider_id"} & {field.column for field in one._meta.concrete_fields}
]


def _written() -> set[str]:
    """Return the tables into which this transaction has written anything at all, by PostgreSQL's own count."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_stat_xact_user_tables WHERE n_tup_ins + n_tup_upd + n_tup_del > 0"
        )
        return {row[0] for row in cursor.fetchall()}


def _digest(model: Any, agency_id: int) -> str:
    table = model._meta.db_table
    columns = {one.column for one in model._meta.concrete_fields}
    owner = next(one for one in ("owner_id", "agency_id", "provider_id") if one in columns)
    return (
        f"SELECT '{table}', coalesce(md5(string_agg(t::text, '|' ORDER BY t.{model._meta.pk.column}::text)), '')"
        f" FROM {table} t WHERE {owner} = {agency_id}"
    )


def _without(body: str, key: Any) -> str:
    """Return the words without the key that was asked for; a whole number counts only where it stands in a path."""
    return body.replace(f"/{key}/", "/KEY/") if isinstance(key, int) else body.replace(str(key), "KEY")


def _json(sent: dict[str, str]) -> str:
    return json.dumps(sent)
