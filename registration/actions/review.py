"""What becomes of a pair that may be one person? People decide, may take it back, and no entrance asks again (MATCH_MOVES)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from agencies.access import Permission, Sight, Viewer
from refugeecm.core import events
from refugeecm.core.ids import first_at
from refugeecm.core.transitions import move
from registration import policies
from registration.actions import further_facts
from registration.enums import MatchKind, MatchState, MergeStatus, Relationship
from registration.models import Individual, MatchCandidate, Merge, Relative
from registration.models.matching import MatchQuerySet
from registration.policies import NotPermitted
from registration.rules.relations import seen_from

DECIDED = events.declare(
    "registration.match.decided",
    "Somebody decided whether two records are one person, relatives or strangers.",
)
REOPENED = events.declare("registration.match.reopened", "A decision about two records was taken back.")
AT_ONCE = 1000  # pairs decided by one press
SAFE = (
    10.0  # bits: of a thousand pairs from here on, less than one is two people (reference duplicates.md 5.4)
)


@transaction.atomic
def decide(
    *,
    pairs: Sequence[MatchCandidate],
    to: str,
    reason: str,
    by: Viewer,
    now: datetime,
    relationship: str = "",
) -> None:
    """Say what these pairs are. Of relatives each record of the viewer's agency notes the other as one, `relationship` saying what the
    older record's person is to the newer's. Raises NotPermitted, TransitionNotAllowed."""
    policies.check_may(by, Permission.MATCH_REVIEW)
    if not pairs:
        raise NotPermitted(_("None of these pairs waits any more. Reload the page."))
    _check_apart(pairs)
    if to == MatchState.RELATIVE and relationship not in Relationship.values:
        raise NotPermitted(_("Choose what they are to each other."), field="relationship")
    for pair in pairs:
        move(pair, to=to, decided_by_id=by.user_id, decided_at=now, reason=reason)
        if to == MatchState.RELATIVE:
            _link(pair, relationship, by=by, now=now)
    subjects = {one for pair in pairs for one in (pair.individual_id, pair.other_id)}
    events.note(DECIDED, "individual", *sorted(subjects), by=by, now=now, tell=None, state=str(to))


def _check_apart(pairs: Sequence[MatchCandidate]) -> None:
    """Whether merged records are one person is decided on the page of the merge."""
    both = Q()
    for pair in pairs:
        two = (pair.individual_id, pair.other_id)
        both |= Q(survivor__in=two, merged__in=two)
    if Merge.objects.filter(both, status__in=[MergeStatus.DONE, MergeStatus.PROPOSED]).exists():
        raise NotPermitted(_("The records are merged since. Take them apart on the page of the merge."))


def _link(pair: MatchCandidate, relationship: str, *, by: Viewer, now: datetime) -> None:
    """Note each as the other's relative, where the record is ours and the other may be seen, unless that is known."""
    seen = (
        Individual.objects.visible_to(by).with_shown_classes(by).in_bulk([pair.individual_id, pair.other_id])
    )
    newer, older = seen.get(pair.individual_id), seen.get(pair.other_id)
    if newer is None or older is None:
        raise NotPermitted(_("One of these records can no longer be seen. Reload the page."))
    back = seen_from(relationship, who=Relationship.PA, sex=newer.sex)
    for person, kin, code in ((newer, older, relationship), (older, newer, back)):
        known = Relative.objects.filter(individual=person, number=kin.number)
        if person.agency_id != by.agency_id or known.exists():
            continue
        sight = Sight(kin, by)
        further_facts.add_relative(
            individual=person, relationship=code or Relationship.UNKNOWN, country="", whereabouts="", number=kin.number,
            name=kin.full_name if "given_name" in sight else kin.number, by=by, now=now,
        )  # fmt: skip


@transaction.atomic
def take_back(*, by: Viewer, now: datetime) -> list[MatchCandidate]:
    """Take the viewer's last decision back, with all pairs that it was about; return them. What is merged is taken apart, not undone.

    Raises NotPermitted where there is nothing to take back.
    """
    policies.check_may(by, Permission.MATCH_REVIEW)
    mine = MatchCandidate.objects.visible_to(by).filter(decided_by_id=by.user_id)
    last = mine.order_by("-decided_at").first()
    if last is None or last.decided_at is None:
        raise NotPermitted(_("There is no decision of yours to take back."))
    pairs = list(mine.filter(decided_at=last.decided_at).order_by("-score", "pk")[:AT_ONCE])
    _check_apart(pairs)
    for pair in pairs:
        if pair.state == MatchState.RELATIVE:
            _unlink(pair, by=by, now=now)
        move(pair, to=MatchState.OPEN, decided_by=None, decided_at=None, reason="")
    subjects = {one for pair in pairs for one in (pair.individual_id, pair.other_id)}
    events.note(REOPENED, "individual", *sorted(subjects), by=by, now=now, tell=None)
    return pairs


def _unlink(pair: MatchCandidate, *, by: Viewer, now: datetime) -> None:
    """Remove the relatives that the decision noted: of its very moment, as their ids tell."""
    if pair.decided_at is None:
        return
    numbers = dict(
        Individual.objects.filter(pk__in=[pair.individual_id, pair.other_id]).values_list("pk", "number")
    )
    span = first_at(pair.decided_at), first_at(pair.decided_at + timedelta(milliseconds=1))
    made = Relative.objects.owned_by(by).filter(
        individual__in=numbers, number__in=numbers.values(), pk__gte=span[0], pk__lt=span[1]
    )
    for one in made:
        further_facts.remove(row=one, reason="typing", by=by, now=now)


@transaction.atomic
def decide_above(*, bits: float, by: Viewer, now: datetime) -> int:
    """Say of the strongest open pairs of the viewer's own agency, from so many bits on, that they are one person; return of how many.

    They then wait to be merged, one by one: that a person does. At most AT_ONCE; raises NotPermitted below SAFE.
    """
    policies.check_may(by, Permission.MATCH_REVIEW)
    if bits < SAFE:
        raise NotPermitted(
            _("Below %(bits)d bits somebody has to look at each pair.") % {"bits": SAFE}, field="bits"
        )
    ids = list(above(bits, by).order_by("-score", "pk").values_list("pk", flat=True)[:AT_ONCE])
    # The same as transitions.move, for many: only what is open moves.
    moved = MatchCandidate.objects.filter(pk__in=ids, state=MatchState.OPEN)
    done = moved.update(state=MatchState.SAME, decided_by_id=by.user_id, decided_at=now)
    people: set[uuid.UUID] = {
        one
        for two in MatchCandidate.objects.filter(pk__in=ids).values_list("individual", "other")
        for one in two
    }
    if people:
        events.note(
            DECIDED,
            "individual",
            *sorted(people),
            by=by,
            now=now,
            tell=None,
            state=MatchState.SAME,
            bits=bits,
        )
    return done


def above(bits: float, viewer: Viewer) -> MatchQuerySet:
    """Return the open pairs of the viewer's own agency with so many bits or more."""
    found: MatchQuerySet = MatchCandidate.objects.visible_to(viewer)
    return (
        found.standing()
        .open()
        .filter(
            kind=MatchKind.SAME, score__gte=bits, agency_id=viewer.agency_id, other_agency_id=viewer.agency_id
        )
    )
