"""How does a family get from a clerk's keyboard into the register: kept while it is typed, registered once however often sent?"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta

import orjson
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from agencies.models import Agency
from refugeecm.core import crypto, events
from refugeecm.core.ids import uuid7
from refugeecm.core.transitions import move
from registration import policies
from registration.actions import candidates, groups, needs, people, sealing
from registration.enums import FoundBy, Level, MatchKind, MatchState, TokenStatus
from registration.matching import POSSIBLE, Candidate
from registration.models import DeskDraft, Household, InfluxEvent, QueueToken
from registration.rules.arrivals import ArrivalRow
from registration.rules.family import DECIDED, MOST, kept, of_member, ticked

REGISTERED = events.declare(
    "registration.desk.registered",
    "A family was registered at a desk: which text they agreed to, and who they are not, in the clerk's judgement.",
)
STARTED = events.declare("registration.draft.started", "A clerk began to register a family.")
DISCARDED = events.declare("registration.draft.discarded", "A clerk threw the draft of a family away.")
CONSENT_TEXT = "registration 1"  # version of the text of templates/registration/consent_text.html
DRAFTS_KEPT = timedelta(days=30)
EMPTY_KEPT = timedelta(days=1)  # opened, and nothing typed
TOKENS_KEPT = timedelta(days=30)


@dataclass
class Content:
    """What is sealed in a draft: where the desk stood, what was typed (rules.family), and in which window."""

    site: str = ""
    level: str = Level.EMERGENCY
    day: str = ""  # of registration; empty: the day on which it is sent
    typed: dict[str, str] = field(default_factory=dict)
    window: str = ""
    group: str = ""  # id of the household that was only counted before, and that they are registered into


def _place(draft_id: uuid.UUID) -> str:
    return f"registration_deskdraft.sealed|{draft_id}"


def content_of(draft: DeskDraft) -> Content:
    """Return what is in a draft."""
    key = sealing.agency_key(draft.agency)
    return Content(**orjson.loads(crypto.unseal(draft.sealed, key=key, place=_place(draft.pk))))


def _sealed(draft_id: uuid.UUID, agency: Agency, content: Content) -> bytes:
    return crypto.seal(orjson.dumps(asdict(content)), key=sealing.agency_key(agency), place=_place(draft_id))


_NO_LATER = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp() * 1000)


@transaction.atomic
def start(
    *, event: InfluxEvent, content: Content, by: Viewer, now: datetime, token: QueueToken | None = None
) -> DeskDraft:
    """Return a new draft. Raises policies.NotPermitted."""
    policies.check_may(by, Permission.PERSON_REGISTER)
    if token is not None and token.status != TokenStatus.CALLED:
        raise policies.NotPermitted(_("This number was not called, or has been served."))
    made = uuid7(now)
    draft = DeskDraft.objects.create(
        id=made,
        agency=by.agency,
        user_id=by.user_id or 0,
        event=event,
        token=token,
        sealed=_sealed(made, by.agency, content),
        created_at=now,
        saved_at=now,
    )
    events.note(STARTED, "draft", made, by=by, now=now, tell=None)
    return draft


@transaction.atomic
def keep(
    *, draft: DeskDraft, sent: Mapping[str, str], window: str, version: int, by: Viewer, now: datetime
) -> bool:
    """Keep what is typed so far. Answers False, and keeps nothing, where another window has saved since this one was opened.

    `version` is that of the draft when the window was opened. Events are not recorded: this happens every few seconds.
    """
    policies.check_may(by, Permission.PERSON_REGISTER)
    content = content_of(draft)
    if draft.version != version and content.window != window:
        return False
    content.typed, content.window = kept(sent), window[:40]
    draft.sealed = _sealed(draft.pk, draft.agency, content)
    draft.people = sum(bool(of_member(content.typed, place)) for place in range(MOST))
    draft.version += 1
    draft.saved_at = now
    draft.save(update_fields=["sealed", "people", "version", "saved_at"])
    return True


@transaction.atomic
def discard(*, draft: DeskDraft, by: Viewer, now: datetime) -> None:
    """Throw a draft away; the number under which its family was called can be used for another draft."""
    policies.check_may(by, Permission.PERSON_REGISTER)
    events.note(DISCARDED, "draft", draft.pk, by=by, now=now, tell=None)
    draft.delete()


def _began(draft_id: uuid.UUID) -> datetime:
    """Return the moment that a UUIDv7 tells of; of any other id, which no draft has, some moment that a calendar knows."""
    return datetime.fromtimestamp(min(draft_id.int >> 80, _NO_LATER) / 1000, UTC)


def first_of(draft_id: uuid.UUID) -> uuid.UUID:
    """Return the id that the first person of this draft gets: the same each time, so that a form sent twice registers once."""
    return people.individual_id(_began(draft_id), draft_id.bytes, 1)


@transaction.atomic
def register_family(
    *,
    draft: DeskDraft,
    members: Mapping[int, ArrivalRow],
    found: Mapping[int, Sequence[Candidate]],
    by: Viewer,
    now: datetime,
) -> uuid.UUID:
    """Register the family of a draft that the caller has locked, and remove the draft; return the household's id.

    A draft that names a group which was only counted registers into that one.
    `members` and whom they resemble (`found`), both by the place in the form. Who may be somebody else is noted for a later decision,
    or as decided, where the clerk said that they are not the same; needs that were ticked are flagged, for others to review.
    Raises policies.NotPermitted.
    """
    content = content_of(draft)
    typed, country = content.typed, content.typed.get("h-country", "")
    language = typed.get("h-language", "")
    joins = uuid.UUID(content.group) if content.group else None
    if joins:
        if not Household.objects.visible_to(by).filter(pk=joins).exists():
            raise policies.NotPermitted(
                _(
                    "The file of this group was closed to you since you began. Ask a supervisor to register them."
                )
            )
        groups.lock(Household(pk=joins), by=by)
    arrival = people.Arrival(
        members=list(members.values()),
        ordinals=[place + 1 for place in members],
        joins=joins,
        group={"origin_country": country},
        details=[
            {
                "languages": [language] if language else [],
                "origin_country": country if country != row.nationality else "",
            }
            for row in members.values()
        ],
    )
    people.register(
        arrivals=[arrival], by=by, now=now, event=draft.event, seed=draft.pk.bytes, created_at=_began(draft.pk),
        level=content.level,
    )  # fmt: skip
    household = joins or people.individual_id(_began(draft.pk), b"household" + draft.pk.bytes, 1)
    ruled_out = {place: typed.get(f"{place}-{DECIDED}", "").split() for place in members}
    pairs = []
    for place, person in zip(members, arrival.individuals, strict=True):
        for other in found.get(place, ()):
            said_not = str(other.individual_id) in ruled_out[place]
            if other.same and other.score < POSSIBLE and not said_not:
                continue  # a hint for who stood at the desk, not worth anybody's look later
            kind = MatchKind.SAME if other.same else MatchKind.RELATIVE
            state = MatchState.DIFFERENT if said_not else MatchState.OPEN
            pairs.append(
                candidates.Pair(person, other.individual_id, other.score, other.evidence, kind, state)
            )
    candidates.note(pairs, found_by=FoundBy.DESK, by=by, now=now)
    noticed = min(date.fromisoformat(content.day), now.date()) if content.day else None
    flags = [
        needs.Flag(person, code, identified_on=noticed)
        for place, person in zip(members, arrival.individuals, strict=True)
        for code in ticked(typed, place)
    ]
    if flags:
        needs.flag(flags=flags, by=by, now=now, fresh=True)
    not_same = {
        str(person): ruled_out[place]
        for place, person in zip(members, arrival.individuals, strict=True)
        if ruled_out[place]
    }
    events.note(
        REGISTERED, "household", household, by=by, now=now, tell=None, consent=CONSENT_TEXT, not_same=not_same
    )
    token = draft.token
    draft.delete()
    if token is not None:
        move(token, to=TokenStatus.SERVED, household=Household(pk=household))
    return household


def purge(*, agency: Agency, now: datetime, at_most: int) -> int:
    """Remove drafts that nobody has touched, and numbers of days that are over; return how many. In the agency's context."""
    over = Q(saved_at__lt=now - DRAFTS_KEPT) | Q(people=0, saved_at__lt=now - EMPTY_KEPT)
    drafts = DeskDraft.objects.filter(over, agency=agency)
    old: date = (now - TOKENS_KEPT).date()
    used = DeskDraft.objects.exclude(token=None).values("token")
    tokens = QueueToken.objects.filter(agency=agency, day__lt=old).exclude(pk__in=used)
    return sum(
        rows.model._default_manager.filter(pk__in=list(rows.values_list("pk", flat=True)[:at_most])).delete()[
            0
        ]
        for rows in (drafts, tokens)
    )
