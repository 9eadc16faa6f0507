"""What stands in the world of the house tests: agencies in every relation, and records in which each sensitive field is marked.

BORDER keeps the rich records. Every other agency stands in one relation to it (RELATIONS) and keeps a small family of its own. A
marker (canary) is a text that stands in one field of one record only: where it turns up, that field was shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.test import Client

from agencies.access import Permission, Viewer
from agencies.access.viewer import client as viewer_of_client
from agencies.access.viewer import member
from agencies.models import Agency, Agreement, ApiClient, Membership
from refugeecm.core.models import User

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
OWN, NONE = "own", "none"
NOWHERE = "nowhere"  # somebody who can sign in and is a member of no agency
ALL_CLASSES = ("C1", "C2", "C3", "C4")
BOTH = ("pages", "api")


@dataclass(frozen=True)
class Relation:
    """How an agency stands to BORDER: the classes and channels of its agreement, and what became of the agreement."""

    code: str
    classes: tuple[str, ...] = ()
    channels: tuple[str, ...] = BOTH
    withheld: tuple[str, ...] = ()  # groups of a person's fields that are shown masked
    fate: str = "active"  # active, ended, expired, suspended, proposed, or "" for no agreement

    @property
    def live(self) -> bool:
        return self.fate == "active"


RELATIONS = {
    OWN: Relation("BORDER", fate=""),
    "full": Relation("FULL", ALL_CLASSES, channels=(*BOTH, "export")),
    "status": Relation("STATUS", ("C1",)),
    "door": Relation("DOOR", ("C1", "C2"), channels=("pages",), withheld=("name", "birth_place")),
    "ended": Relation("ENDED", ALL_CLASSES, fate="ended"),
    "expired": Relation("EXPIRED", ALL_CLASSES, fate="expired"),
    "suspended": Relation("HALTED", ALL_CLASSES, fate="suspended"),
    "proposed": Relation("ASKED", ALL_CLASSES, fate="proposed"),
    NONE: Relation("STRANGER", fate=""),
}


@dataclass(frozen=True)
class Marker:
    """A text that stands in one field only; `open_to` names (agency, channel) to whom a live agreement shows it."""

    texts: tuple[str, ...]
    agency_id: int
    cls: str
    field: str
    open_to: frozenset[tuple[int, str]] = frozenset()
    readers: frozenset[int] | None = None  # users who read the sealed file in which it stands
    staff: bool = False  # about the agency's work rather than about people: its administrators may see it


@dataclass
class Actor:
    """Somebody who asks: a member of one role, or a partner's system. `relation` is how their agency stands to BORDER."""

    relation: str
    role: str
    agency_id: int
    user: User | None = None
    membership: Membership | None = None
    api: ApiClient | None = None
    token: str = ""

    def __str__(self) -> str:
        return f"{self.relation}-{self.role}"

    @property
    def channel(self) -> str:
        return "api" if self.api else "pages"

    @property
    def viewer(self) -> Viewer:
        if self.api:
            return viewer_of_client(ApiClient.objects.select_related("agency").get(pk=self.api.pk))
        assert self.membership is not None
        return member(Membership.objects.select_related("agency").get(pk=self.membership.pk))

    @cached_property
    def reads_files(self) -> bool:
        if self.relation == NOWHERE:
            return False
        viewer = self.viewer
        return viewer.may(Permission.PERSON_READ) or viewer.may(Permission.API_STATUS)

    def browser(self) -> Client:
        """Return a signed-in browser, or a system that holds a token."""
        if self.api:
            return Client(headers={"Authorization": f"Bearer {self.token}"})
        client = Client()
        assert self.user is not None
        client.force_login(self.user)
        session = client.session
        session["second_factor"] = True
        session.save()
        return client

    def may_see(self, marker: Marker) -> bool:
        """Answer, from the agreements as they were written down and not by the code under test."""
        if marker.readers is not None:
            return self.user is not None and self.user.pk in marker.readers
        if marker.agency_id == self.agency_id:
            return (
                marker.cls in {"C0", "C1"}
                or marker.staff
                or (self.reads_files and not self.api)
                or bool(self.api)
            )
        if marker.staff:
            return (self.agency_id, "pages") in marker.open_to
        return self.reads_files and (self.agency_id, self.channel) in marker.open_to


@dataclass
class Records:
    """The primary keys of one agency's records, by kind."""

    of: dict[str, list[Any]] = field(default_factory=dict)

    def add(self, kind: str, *keys: Any) -> None:
        self.of.setdefault(kind, []).extend(keys)

    def first(self, kind: str) -> Any:
        return self.of[kind][0]


@dataclass
class World:
    """Everything the tests ask for."""

    agencies: dict[str, Agency] = field(default_factory=dict)
    actors: list[Actor] = field(default_factory=list)
    markers: list[Marker] = field(default_factory=list)
    records: dict[str, Records] = field(default_factory=dict)
    agreements: dict[str, Agreement] = field(default_factory=dict)
    sealed: dict[Any, frozenset[int]] = field(default_factory=dict)  # {key of a record: users who read it}
    _hidden: dict[str, dict[str, Marker]] = field(default_factory=dict)

    def actor(self, relation: str, role: str) -> Actor:
        return next(one for one in self.actors if (one.relation, one.role) == (relation, role))

    def hidden_from(self, actor: Actor) -> dict[str, Marker]:
        """Return {text: marker} of everything that the actor may not see."""
        if str(actor) in self._hidden:
            return self._hidden[str(actor)]
        found: dict[str, Marker] = self._hidden.setdefault(str(actor), {})
        for marker in self.markers:
            if not actor.may_see(marker):
                found |= dict.fromkeys((one.casefold() for one in marker.texts if one), marker)
        return found
