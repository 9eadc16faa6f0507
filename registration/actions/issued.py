"""How is a paper prepared, handed over, replaced, reported lost, withdrawn, and ended with the record of its holder?"""

from __future__ import annotations

import os
import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from agencies.models import Agency
from refugeecm.core import events, wall
from refugeecm.core.bulk import insert
from refugeecm.core.ids import check_character, uuid7
from refugeecm.core.transitions import move, move_all
from registration import policies
from registration.enums import COUNTED, DECIDED, PREPARED, IssuedKind, IssuedStatus
from registration.models import Household, Individual, IssuedDocument, PrintBatch
from registration.policies import NotPermitted
from registration.rules.issued import KINDS, bounds, may_issue
from registration.rules.papers import spoken_on_paper

PREPARED_EVENT = events.declare("registration.issued.prepared", "A document was prepared for a person.")
HANDED_OVER = events.declare("registration.issued.handed_over", "A document was handed over to its holder.")
ENDED = events.declare(
    "registration.issued.ended",
    "A document ended: replaced, lost, withdrawn, or with the record of its holder.",
)
CODE = 10  # bytes: guessing one of a million papers takes 2^60 tries, and the signature (actions.verifying) comes before


def check_kind(kind: str, *, by: Viewer) -> None:
    """Refuse who may not issue it, and an agency for which it is not to issue."""
    policies.check_may(by, Permission.DOCUMENT_ISSUE)
    if kind not in KINDS or not may_issue(kind, issuer=by.agency.kind, country=by.agency.country):
        raise NotPermitted(_("Your agency does not issue documents of this type."), field="kind")


def check_until(kind: str, until: date | None, *, dated: date) -> None:
    """Refuse an end that the type does not allow, by the bounds of registration.rules.issued."""
    first, last = bounds(kind, dated=dated)
    if until is None:
        if KINDS[kind].usual:
            raise NotPermitted(_("Say until when it is valid."), field="until")
        return
    if until < max(first or dated, dated):
        raise NotPermitted(
            _("A document of this type is valid until %(day)s at least.") % {"day": first or dated},
            field="until",
        )
    if last and until > last:
        raise NotPermitted(
            _("A document of this type is valid until %(day)s at the longest.") % {"day": last}, field="until"
        )


def unfit(kind: str, person: Individual) -> str:
    """Return why this person cannot have it, as a sentence for the screen; empty when they can."""
    allowed = KINDS[kind].statuses
    if person.process_status not in COUNTED or person.merged_into_id:
        return _("This record is closed or inactive. A document is issued to people who are registered.")
    if allowed and person.legal_status not in allowed:
        return _("This type does not fit the legal status of the person, “%(status)s”.") % {
            "status": person.get_legal_status_display()
        }
    if KINDS[kind].group and not person.is_focal_point:
        return _("A document of the group is issued in the name of its focal point.")
    return ""


@transaction.atomic
def prepare(
    *,
    kind: str,
    people: Sequence[Individual],
    until: date | None,
    by: Viewer,
    now: datetime,
    language: str = "",
    batch: PrintBatch | None = None,
) -> list[uuid.UUID]:
    """Prepare a paper of one type for each of these people of the viewer's agency (of a group: for its focal point); return the ids.

    Without a language each is written in that of its holder. In a batch, for whom one is prepared already is left out. Five statements
    and the events, whatever their number. Raises NotPermitted.
    """
    check_kind(kind, by=by)
    dated = timezone.localdate(now)
    check_until(kind, until, dated=dated)
    own = Individual.objects.visible_to(by).filter(agency_id=by.agency_id)
    held = list(own.filter(pk__in=[one.pk for one in people]).order_by("pk").select_for_update(of=("self",)))
    if len(held) < len({one.pk for one in people}):
        raise NotPermitted(_("One of these people can no longer be seen. Reload the page."))
    if why := next(filter(None, (unfit(kind, one) for one in held)), ""):
        raise NotPermitted(why)
    waiting = IssuedDocument.objects.owned_by(by).prepared().filter(individual__in=held, kind=kind)
    known = set(waiting.values_list("individual_id", flat=True))
    if known and batch is None:
        raise NotPermitted(_("Such a document is in preparation already. Print it, or discard it first."))
    fresh = [one for one in held if one.pk not in known]
    rows = [
        {
            "id": uuid7(now, ordinal=place), "agency_id": by.agency_id, "issuer_id": by.agency_id, "individual_id": one.pk,
            "household_id": one.household_id if KINDS[kind].group else None, "kind": kind, "status": IssuedStatus.DRAFT,
            "number": number, "code": os.urandom(CODE), "stock": "", "dated_on": dated, "until": until, "prints": 0, "reason": "",
            "language": language or spoken_on_paper(one.languages), "batch_id": batch.pk if batch else None,
            "drafted_by_id": by.user_id,
        }
        for place, (one, number) in enumerate(zip(fresh, _numbers(len(fresh)), strict=True))
    ]  # fmt: skip
    insert(IssuedDocument, rows)
    _tell(PREPARED_EVENT, [one.pk for one in fresh], by=by, now=now, kind=kind)
    return [row["id"] for row in rows]


def _numbers(count: int) -> list[str]:
    """Return new numbers of nine characters, as many as a machine-readable zone has room for, the last of which checks the others."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('registration_issued_serial') FROM generate_series(1, %s)", [count])
        bodies = [f"D{row[0]:07d}" for row in cursor.fetchall()]
    return [body + check_character(body) for body in bodies]


@transaction.atomic
def hand_over(*, documents: Sequence[IssuedDocument], by: Viewer, now: datetime, stock: str = "") -> int:
    """Note that papers were given to their holders: from now on they are valid, and those of the same type that were are replaced.

    Returns how many; of a batch, those that cannot be handed over any more are left out. What is printed here must be printed first.
    Six statements and the events, whatever their number. Raises NotPermitted.
    """
    policies.check_may(by, Permission.DOCUMENT_ISSUE)
    own = IssuedDocument.objects.visible_to(by).filter(agency_id=by.agency_id, status__in=PREPARED)
    wanted = own.filter(pk__in=[one.pk for one in documents])
    # The people are held first, so that of two who hand over the same type at once the second replaces the first.
    people = Individual.objects.filter(pk__in=wanted.values("individual"), process_status__in=COUNTED)
    held = list(people.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
    ready = [
        one
        for one in wanted.filter(individual__in=held).select_for_update(of=("self",))
        if one.status == IssuedStatus.PRINTED or not KINDS[one.kind].design
    ]
    if not ready:
        raise NotPermitted(_("This document was not printed yet, or its holder is no longer registered."))
    _replace(ready, by=by, now=now)
    changes = {"given_at": now, "issued_by": by.user_id, **({"stock": stock} if stock else {})}
    done = move_all(
        IssuedDocument.objects.filter(pk__in=[one.pk for one in ready]), to=IssuedStatus.ISSUED, **changes
    )
    for kind in {one.kind for one in ready}:
        _tell(
            HANDED_OVER, [one.individual_id for one in ready if one.kind == kind], by=by, now=now, kind=kind
        )
    return done


def _replace(ready: Sequence[IssuedDocument], *, by: Viewer, now: datetime) -> None:
    """Let the papers end that these take the place of: of the same holder and type, or of one that the type ends."""
    holders: dict[str, list[IssuedDocument]] = defaultdict(list)
    for one in ready:
        holders[one.kind].append(one)
    before = Q(pk=None)
    for kind, some in holders.items():
        kinds = {kind, *KINDS[kind].ends}
        before |= Q(
            kind__in=kinds,
            household=None,
            individual__in=[one.individual_id for one in some if not one.household_id],
        )
        before |= Q(kind__in=kinds, household__in=[one.household_id for one in some if one.household_id])
    standing = IssuedDocument.objects.owned_by(by).filter(before)
    move_all(standing, to=IssuedStatus.RENEWED, over_at=now, ended_by=by.user_id)


@transaction.atomic
def change(*, document: IssuedDocument, to: str, reason: str, by: Viewer, now: datetime) -> None:
    """Note what became of a paper of the viewer's agency. Withdrawing what somebody holds is for supervisors, with a reason.

    Raises NotPermitted, and TransitionNotAllowed where the table has no such move.
    """
    policies.check_may(by, Permission.DOCUMENT_ISSUE)
    if document.agency_id != by.agency_id or to in {
        IssuedStatus.PRINTED,
        IssuedStatus.ISSUED,
        IssuedStatus.RENEWED,
    }:
        raise NotPermitted(_("This cannot be done with this document."))
    if to in DECIDED and document.status not in PREPARED:
        policies.check_may(by, Permission.DOCUMENT_WITHDRAW)
        if not reason.strip():
            raise NotPermitted(_("Say why. The holder may ask, and may object."), field="reason")
    move(document, to=to, reason=reason, over_at=now, ended_by_id=by.user_id)
    _tell(ENDED, [document.individual_id], by=by, now=now, kind=document.kind, status=to)


def end_of(people: Sequence[uuid.UUID], *, by: Viewer, now: datetime) -> None:
    """Withdraw the papers of people whose record was closed (departure, death, merged into another), and of groups that are closed.

    Belongs into the transaction that closes them. Opening a record again brings none of them back.
    """
    closed = Household.objects.filter(closed_on__isnull=False, members__in=people)
    standing = IssuedDocument.objects.filter(Q(individual__in=people) | Q(household__in=closed.values("pk")))
    touched = list(
        standing.filter(status__in=[*PREPARED, IssuedStatus.ISSUED]).values_list(
            "pk", "individual_id", "kind"
        )
    )
    if not touched:
        return
    rows = IssuedDocument.objects.filter(pk__in=[pk for pk, _person, _kind in touched])
    move_all(rows, to=IssuedStatus.WITHDRAWN, over_at=now, ended_by=by.user_id)
    for kind in {kind for _pk, _person, kind in touched}:
        holders = [person for _pk, person, its in touched if its == kind]
        _tell(ENDED, holders, by=by, now=now, kind=kind, status=str(IssuedStatus.WITHDRAWN))


@transaction.atomic
def expire(*, agency: Agency, now: datetime) -> int:
    """Move an agency's papers whose last day is over to EXPIRED; return how many. The public page needs no sweep to say so."""
    wall.enter(agency_id=agency.pk, user_id=None, reason="issued.expire")
    over = IssuedDocument.objects.filter(agency=agency, until__lt=timezone.localdate(now))
    return move_all(over, to=IssuedStatus.EXPIRED, over_at=now)


def kinds_for(by: Viewer, *, group: bool | None = None) -> list[IssuedKind]:
    """Return the types that the viewer's agency issues; `group`: only those of groups, or of one person."""
    return [
        IssuedKind(kind)
        for kind, one in KINDS.items()
        if may_issue(kind, issuer=by.agency.kind, country=by.agency.country) and group in {None, one.group}
    ]


def _tell(name: str, people: Sequence[uuid.UUID], *, by: Viewer, now: datetime, **details: str) -> None:
    if people:
        events.note(name, "individual", *dict.fromkeys(people), by=by, now=now, tell=None, **details)
