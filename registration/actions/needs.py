"""How is a specific need recorded, reviewed, confirmed, resolved, or a suggestion put aside?"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from refugeecm.core import events
from refugeecm.core.bulk import insert
from refugeecm.core.ids import uuid7
from refugeecm.core.transitions import move
from registration import policies
from registration.actions import children
from registration.actions.sealing import Opener, fact_place
from registration.enums import NeedPriority, NeedStatus
from registration.models import Individual, SpecificNeed
from registration.policies import NotPermitted
from registration.rules.children import kind_of
from registration.rules.needs import NEEDS, current, is_restricted

FLAGGED = events.declare("registration.need.flagged", "A specific need was recorded.")
MOVED = events.declare("registration.need.moved", "A specific need was reviewed.")


@dataclass(frozen=True)
class Flag:
    """A need of one person as somebody saw it: a code of rules.needs.NEEDS, since which day (today, if none is given)."""

    individual_id: uuid.UUID
    code: str
    priority: str = NeedPriority.NORMAL
    note: str = ""
    identified_on: date | None = None
    restricted: bool = False  # whatever the code is: by how it was found


@transaction.atomic
def flag(
    *, flags: Sequence[Flag], by: Viewer, now: datetime, status: str = NeedStatus.FLAGGED, fresh: bool = False
) -> int:
    """Record needs of people of the viewer's agency; return how many are new. What is open already stays as it is.

    `status` is CONFIRMED or DISMISSED where somebody answers a suggestion. `fresh` says that the people were registered in this
    transaction: nothing stands yet, and whoever joined a sealed file may be closed to the viewer already. Five statements for the
    batch, and its events. Raises NotPermitted for an unknown code, a day to come, a person of another agency, or a restricted need
    that is not just flagged.
    """
    policies.check_may(by, Permission.NEED_RECORD)
    for one in flags:
        if one.code not in NEEDS:
            raise NotPermitted(
                _("“%(code)s” is no code of a specific need.") % {"code": one.code}, field="code"
            )
        if one.identified_on and one.identified_on > now.date():
            raise NotPermitted(
                _("The day on which a need was identified cannot lie in the future."), field="identified_on"
            )
        if status != NeedStatus.FLAGGED:
            policies.check_review(code=one.code, by=by)
    known = set() if fresh else _standing({one.individual_id for one in flags}, by, status)
    opener = Opener(one.individual_id for one in flags if one.note)
    rows: list[dict[str, Any]] = []
    for place, one in enumerate(flags):
        code, pk = current(one.code), uuid7(now, ordinal=place)
        if (one.individual_id, code) in known:
            continue
        known.add((one.individual_id, code))
        sealed = (
            opener.seal(one.individual_id, one.note.encode(), place=fact_place(SpecificNeed(pk=pk), "note"))
            if one.note
            else b""
        )
        if sealed is None:
            raise NotPermitted(
                _("What is sealed of this person was erased; no note can be added."), field="note"
            )
        reviewed = status != NeedStatus.FLAGGED
        rows.append(
            {
                "id": pk, "agency_id": by.agency_id, "individual_id": one.individual_id, "code": code,
                "restricted": one.restricted or is_restricted(code), "status": status, "priority": one.priority, "note": sealed,
                "identified_on": one.identified_on or now.date(), "identified_by_id": by.user_id,
                "reviewed_at": now if reviewed else None, "reviewed_by_id": by.user_id if reviewed else None,
            }
        )  # fmt: skip
    insert(SpecificNeed, rows)
    if status != NeedStatus.DISMISSED and any(kind_of(row["code"]) for row in rows):
        without = {row["individual_id"]: kind for row in rows if (kind := kind_of(row["code"]))}
        children.flagged(children=without, by=by, now=now)
    _tell(FLAGGED, [(row["id"], row["individual_id"], row["restricted"]) for row in rows], by=by, now=now)
    return len(rows)


def _standing(people: set[uuid.UUID], by: Viewer, status: str) -> set[tuple[uuid.UUID, str]]:
    """Return (person, code) of what is not recorded again. Raises NotPermitted for a person of another agency."""
    own = Individual.objects.visible_to(by).filter(agency_id=by.agency_id, pk__in=people)
    if own.count() < len(people):
        raise NotPermitted(_("Only the agency that is responsible for this person records needs."))
    # What is open, restricted or not: whoever may not know of a need is not told by a refusal.
    standing = SpecificNeed.objects.owned_by(by).filter(individual__in=people)
    if status != NeedStatus.DISMISSED:
        standing = standing.open()
    return set(standing.values_list("individual_id", "code"))


@transaction.atomic
def review(*, need: SpecificNeed, to: str, by: Viewer, now: datetime) -> None:
    """Move a need of the viewer's agency: to be reviewed, confirmed, resolved or dismissed.

    Raises NotPermitted for who may not, and TransitionNotAllowed where the table has no such move.
    """
    policies.check_review(code=need.code, by=by)
    if need.agency_id != by.agency_id:
        raise NotPermitted(_("Only the agency that is responsible for this person records needs."))
    move(need, to=to, reviewed_at=now, reviewed_by_id=by.user_id)
    _tell(MOVED, [(need.pk, need.individual_id, need.restricted)], by=by, now=now)


def _tell(
    name: str, needs: Sequence[tuple[uuid.UUID, uuid.UUID, bool]], *, by: Viewer, now: datetime
) -> None:
    """Record what happened: about the person, or of a restricted need about the need alone; the person's page would tell of it."""
    for kind, subjects in (
        ("individual", {person: None for _pk, person, restricted in needs if not restricted}),
        ("need", {pk: None for pk, _person, restricted in needs if restricted}),
    ):
        if subjects:
            events.note(name, kind, *subjects, by=by, now=now, tell=None)
