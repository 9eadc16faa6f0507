"""How do two records of one person become one, and two again? Field by field, with all that hangs on them; nothing is deleted.

Within an agency a supervisor merges. Of two agencies' records each keeps its own: one proposes, the other confirms, and the
second record is closed and leads to the first. Taken apart, both stand as before, but for what somebody changed since: that stays.
"""

from __future__ import annotations

import copy
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer, worker_for
from agencies.models import Agency
from refugeecm.core import events, wall
from refugeecm.core.ids import uuid7
from refugeecm.core.transitions import move
from registration import policies
from registration.actions import absorbing, access_rows, groups, images, ledger, sealing, status
from registration.actions.normalising import NORMALISED, normalise
from registration.enums import COUNTED, UNDECIDED, Flow, MatchState, MergeStatus, ProcessReason, ProcessStatus
from registration.models import Individual, MatchCandidate, Merge, MergeMove
from registration.policies import NotPermitted
from registration.signals import individuals_merged

MERGED = events.declare("registration.individual.merged", "Two records of one person were merged into one.")
PARTED = events.declare(
    "registration.individual.parted", "Two records that were merged were taken apart again."
)
PROPOSED = events.declare(
    "registration.merge.proposed", "Another agency was asked to confirm that two records are one person."
)
CONFIRMED = events.declare(
    "registration.merge.confirmed", "The other agency confirmed that two records are one person."
)
WITHDRAWN = events.declare(
    "registration.merge.withdrawn", "A merge that was proposed was taken back or declined."
)


@transaction.atomic
def merge(
    *,
    survivor: Individual,
    merged: Individual,
    taken: Collection[str] | None = None,
    reason: str,
    by: Viewer,
    now: datetime,
) -> Merge:
    """Merge two records of the viewer's agency: `merged` is closed and leads to `survivor`.

    `taken` names the choices (absorbing.CHOICES) that the survivor takes from the other record; None takes what it lacks. Papers,
    names, needs, relatives, photo, consents and, by the floors above, claims and referrals go along. Raises policies.NotPermitted.
    """
    policies.check_may(by, Permission.PERSON_MERGE)
    survivor, merged = _held(survivor, merged, by=by)
    policies.check_merge(survivor=survivor, merged=merged, by=by)
    people, houses = [survivor.pk, merged.pk], [survivor.household_id, merged.household_id]
    before = images.taken(people, houses)
    opener = sealing.Opener(people)
    taken = absorbing.lacking(survivor, merged, opener) if taken is None else sorted(set(taken))
    made = Merge(
        id=uuid7(now), agency_id=survivor.agency_id, other_agency_id=merged.agency_id, survivor=survivor, merged=merged,
        status=MergeStatus.DONE, taken=taken, reason=reason, made_by_id=by.user_id, made_at=now,
    )  # fmt: skip
    made.save(force_insert=True)
    was = copy.copy(survivor)
    absorbing.take(survivor, merged, taken, opener)
    ledger.corrected([was], [survivor], on=timezone.localdate(now), agency=by.agency)
    absorbing.carry(survivor, merged, opener, by=by, now=now)
    _close(survivor, merged, by=by, now=now)
    individuals_merged.send(sender=Individual, survivor=survivor, merged=merged, by=by, now=now)
    _found_again(survivor, opener)
    _settle_pair(survivor, merged, by=by, now=now)
    access_rows.cover_individuals(people)
    images.keep(made, before, images.taken(people, houses), agency_id=by.agency_id)
    events.note(MERGED, "individual", *people, by=by, now=now, merge=str(made.pk), taken=taken)
    return made


def preview(
    *, survivor: Individual, merged: Individual, taken: Collection[str] | None, by: Viewer, now: datetime
) -> Counter[str]:
    """Return {table: how many rows would go from the one record to the other}. It is done, counted and taken back.

    Raises what `merge` raises, so that a page can say beforehand what stands in the way.
    """
    with transaction.atomic():
        made = merge(survivor=survivor, merged=merged, taken=taken, reason="", by=by, now=now)
        moves = list(MergeMove.objects.filter(merge=made).values_list("table", "before", "after"))
        transaction.set_rollback(True)
    whose = ("individual_id", str(survivor.pk))
    return Counter(table for table, before, after in moves if before and whose in after.items())


def _held(survivor: Individual, merged: Individual, *, by: Viewer) -> tuple[Individual, Individual]:
    """Hold the groups and the rows of both, and return them as they stand; who may not be seen is as one that is not there."""
    groups.lock(*{one.pk: one for one in (survivor.household, merged.household)}.values(), by=by)
    rows = Individual.objects.visible_to(by).filter(pk__in=[survivor.pk, merged.pk]).order_by("pk")
    found = {one.pk: one for one in rows.select_related("household", "event").select_for_update(of=("self",))}
    if not found.keys() >= {survivor.pk, merged.pk}:
        raise NotPermitted(_("One of these records can no longer be seen. Reload the page."))
    return found[survivor.pk], found[merged.pk]


def _close(survivor: Individual, merged: Individual, *, by: Viewer, now: datetime) -> None:
    """Close the record that is merged, as one that stood twice, and let it lead to the other. Its group goes on or is closed."""
    if merged.process_status != ProcessStatus.CLOSED:
        same_group = survivor.household_id == merged.household_id and survivor.process_status in COUNTED
        status.change_record(
            individual=merged, to=ProcessStatus.CLOSED, reason=ProcessReason.DUPLICATE, on=timezone.localdate(now),
            successor=survivor if same_group else None, child_headed=True, by=by, now=now,
        )  # fmt: skip
    Individual.objects.filter(pk=merged.pk).update(merged_into=survivor)


def _settle_pair(survivor: Individual, merged: Individual, *, by: Viewer, now: datetime) -> None:
    """Whoever merges has said that they are one."""
    both = [survivor.pk, merged.pk]
    pairs = MatchCandidate.objects.filter(individual__in=both, other__in=both, state__in=UNDECIDED)
    for pair in pairs:
        move(pair, to=MatchState.SAME, decided_by_id=by.user_id, decided_at=now)


def _found_again(person: Individual, opener: sealing.Opener) -> None:
    """Let a person be found by the names, papers and telephone that they have now."""
    normalise([person], opener)
    person.save(update_fields=NORMALISED)


# ---- two agencies


@transaction.atomic
def propose(*, survivor: Individual, merged: Individual, reason: str, by: Viewer, now: datetime) -> Merge:
    """Ask the other agency to confirm that a record of ours and one of theirs are one person. Nothing changes before they do.

    Raises policies.NotPermitted, also where the other agency may not see our record: it would learn of it.
    """
    policies.check_may(by, Permission.PERSON_MERGE)
    policies.check_merge_across(survivor=survivor, merged=merged, by=by)
    made = Merge.objects.create(
        id=uuid7(now), agency_id=survivor.agency_id, other_agency_id=merged.agency_id, survivor=survivor, merged=merged,
        reason=reason, made_by_id=by.user_id, made_at=now,
    )  # fmt: skip
    tell = {survivor.agency_id, merged.agency_id} - {by.agency_id}
    events.note(PROPOSED, "merge", made.pk, by=by, now=now, tell=tell)
    return made


@transaction.atomic
def confirm(*, merge: Merge, by: Viewer, now: datetime) -> None:
    """Confirm what the other agency proposed: the second record is closed and leads to the first; both stay whose they are."""
    policies.check_may(by, Permission.MATCH_REVIEW)
    survivor, merged = _seen(merge, by=by)
    policies.check_confirm(merge=merge, by=by)
    move(merge, to=MergeStatus.DONE, confirmed_by_id=by.user_id, confirmed_at=now)
    with _in_context_of(merge.other_agency_id, by=by) as actor:
        people, houses = [merged.pk], [merged.household_id]
        groups.lock(merged.household, by=actor)
        before = images.taken(people, houses)
        _close(survivor, merged, by=actor, now=now)
        access_rows.cover_individuals(people)
        images.keep(merge, before, images.taken(people, houses), agency_id=merge.other_agency_id)
    _settle_pair(survivor, merged, by=by, now=now)
    events.note(MERGED, "individual", survivor.pk, merged.pk, by=by, now=now, tell=None, merge=str(merge.pk))
    tell = {merge.agency_id, merge.other_agency_id} - {by.agency_id}
    events.note(CONFIRMED, "merge", merge.pk, by=by, now=now, tell=tell)


@transaction.atomic
def withdraw(*, merge: Merge, by: Viewer, now: datetime) -> None:
    """Take back what was proposed, or decline it for the other agency."""
    policies.check_may(by, Permission.MATCH_REVIEW)
    move(merge, to=MergeStatus.WITHDRAWN)
    tell = {merge.agency_id, merge.other_agency_id} - {by.agency_id}
    events.note(WITHDRAWN, "merge", merge.pk, by=by, now=now, tell=tell)


def _seen(merge: Merge, *, by: Viewer) -> tuple[Individual, Individual]:
    both = Individual.objects.visible_to(by).select_related("household", "event")
    found = both.in_bulk([merge.survivor_id, merge.merged_id])
    if len(found) != 2:
        raise NotPermitted(_("One of these records can no longer be seen. Reload the page."))
    return found[merge.survivor_id], found[merge.merged_id]


@contextmanager
def _in_context_of(agency_id: int, *, by: Viewer) -> Iterator[Viewer]:
    """Act for the agency whose record is closed or opened again: both have agreed to it, only it may write it."""
    if agency_id == by.agency_id:
        yield worker_for(by.agency, user_id=by.user_id)
        return
    with wall.within(agency_id=agency_id, reason="merge"):
        yield worker_for(Agency.objects.get(pk=agency_id))


# ---- taken apart


@transaction.atomic
def part(*, merge: Merge, reason: str, by: Viewer, now: datetime) -> list[MergeMove]:
    """Take two records apart: what was moved goes back, the survivor's fields get their values of before, the other record opens.

    What was changed since stays where it is; returns what stayed. Raises policies.NotPermitted.
    """
    policies.check_may(by, Permission.PERSON_MERGE)
    survivor, merged = _seen(merge, by=by)
    policies.check_part(merge=merge, survivor=survivor, merged=merged)
    move(merge, to=MergeStatus.UNDONE, undone_by_id=by.user_id, undone_at=now, undone_reason=reason)
    with _in_context_of(merge.other_agency_id, by=by) as actor:
        moves = list(MergeMove.objects.filter(merge=merge).order_by("pk"))
        ours = [one for one in (merged, survivor) if one.agency_id == actor.agency_id]
        groups.lock(*{one.household_id: one.household for one in ours}.values(), by=actor)
        stayed = _Parting(moves, survivor, merged, now=now, actor=actor).done()
        MergeMove.objects.filter(pk__in=[one.pk for one in stayed]).update(stayed=True)
        access_rows.cover_individuals([one.pk for one in ours])
    tell = {merge.agency_id, merge.other_agency_id} - {by.agency_id}
    events.note(
        PARTED,
        "individual",
        survivor.pk,
        merged.pk,
        by=by,
        now=now,
        tell=tell,
        merge=str(merge.pk),
        stayed=len(stayed),
    )
    return stayed


class _Parting:
    """What is taken back, in an order in which no group ever has two focal points."""

    def __init__(
        self,
        moves: Sequence[MergeMove],
        survivor: Individual,
        merged: Individual,
        *,
        now: datetime,
        actor: Viewer,
    ) -> None:
        self.moves, self.survivor, self.merged, self.actor = moves, survivor, merged, actor
        self.on = timezone.localdate(now)
        self.now = images.standing(moves)
        self.stayed: list[MergeMove] = []

    def done(self) -> list[MergeMove]:
        """Take everything back that stands as the merge left it; return the rest."""
        by_table: dict[str, list[MergeMove]] = defaultdict(list)
        for one in self.moves:
            by_table[one.table].append(one)
        people = {uuid.UUID(one.row_id): one for one in by_table.pop("registration_individual")}
        houses = by_table.pop("registration_household", [])
        own, kept = people.pop(self.merged.pk), people.pop(self.survivor.pk, None)
        stayed = {str(person) for person, one in people.items() if not self._columns(one)}
        for one in by_table.pop("registration_pastmembership", []):
            # Where somebody stays in the place that they took by the merge, their place of before stays past.
            if one.after.get("individual_id") in stayed:
                self.stayed.append(one)
            else:
                self._row(one)
        for one in (one for rows in by_table.values() for one in rows):
            self._row(one)
        if kept is not None:
            self._survivor(kept)
        for one in houses:
            self._columns(one)
        self._merged(own)
        if self.survivor.agency_id == self.actor.agency_id:
            self.survivor.refresh_from_db()
            _found_again(self.survivor, sealing.Opener([self.survivor.pk]))
        return self.stayed

    def _row(self, one: MergeMove) -> None:
        """Take a row back if nothing at all of it has changed since."""
        now = self.now.get((one.table, one.row_id))
        if now is not None and now.digest == one.digest:
            images.restore(one, one.after)
        else:
            self.stayed.append(one)

    def _columns(self, one: MergeMove) -> bool:
        """Take back what the merge changed of a row, if it stands as the merge left it, whatever else has changed."""
        same = images.unchanged(one, self.now.get((one.table, one.row_id))) == set(one.after)
        if same:
            images.restore(one, one.after)
        else:
            self.stayed.append(one)
        return same

    def _survivor(self, one: MergeMove) -> None:
        """Give the survivor back what the merge changed, choice by choice, unless somebody has edited it since."""
        person, was = self.survivor, copy.copy(self.survivor)
        same = images.unchanged(one, self.now.get((one.table, one.row_id)))
        back = {
            name
            for name in same
            if all(other in same for other in absorbing.together(name) if other in one.after)
        }
        images.restore(one, back)
        if back != set(one.after):
            self.stayed.append(one)
        person.refresh_from_db()
        ledger.corrected([was], [person], on=self.on, agency=self.actor.agency)

    def _merged(self, one: MergeMove) -> None:
        """Open the record again, in its place of before as far as its group still has that place."""
        person = self.merged
        if one.before.get("process_status") in COUNTED:
            code = status.place_again(person)
            if code != person.relationship:  # before it counts: a group has one focal point at any moment
                Individual.objects.filter(pk=person.pk).update(relationship=code)
        images.restore(one, one.after)
        if one.before.get("process_status") in COUNTED:
            person.refresh_from_db()
            stock = ledger.stock_of([person], on=self.on, agency=self.actor.agency)
            ledger.write(stock, agency=self.actor.agency, flow=Flow.TWICE)
