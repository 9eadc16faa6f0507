"""How are the safeguards of a child without its parents begun, kept and ended?

APR 22, 23 and 25; UNHCR, Best Interests Procedure Guidelines.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer, worker_for
from agencies.models import Agency
from refugeecm.core import events, wall
from refugeecm.core.bulk import insert
from refugeecm.core.deadlines.models import RUNNING
from refugeecm.core.ids import uuid7
from refugeecm.core.transitions import move
from registration import policies
from registration.actions import deadlines, sealing
from registration.actions.deadlines import Due
from registration.enums import (
    OUTCOMES,
    WHATS,
    GuardianRole,
    ProtectionKind,
    ProtectionOutcome,
    ProtectionWhat,
    SafeguardEnd,
    SafeguardStatus,
)
from registration.models import Deadline, Guardian, Individual, ProtectionStep, Representative, Safeguard
from registration.policies import NotPermitted
from registration.rules.children import adults_born_by, is_child, rules_for

BEGUN = events.declare("registration.child.begun", "The safeguards of a child without its parents began.")
RECOUNTED = events.declare("registration.child.recounted", "The deadlines of a child were counted anew.")
APPOINTED = events.declare("registration.child.appointed", "Somebody was appointed to act for a child.")
DISMISSED = events.declare("registration.child.dismissed", "Somebody acts for a child no longer.")
STEP = events.declare(
    "registration.child.step", "An assessment or a care arrangement of a child was recorded."
)
MISSED = events.declare(
    "registration.child.deadline_missed", "A deadline for the protection of a child has passed."
)
ENDED = events.declare("registration.child.ended", "The safeguards of a child ended.")


@transaction.atomic
def begin(
    *, children: Mapping[uuid.UUID, str], by: Viewer, now: datetime, made_on: date | None = None
) -> int:
    """Begin the safeguards of children of the viewer's agency ({id: SafeguardKind}) with their deadlines; return how many are new.

    Who is an adult is left out; whose safeguards run keeps them, under the kind that is known now. The application is taken to be made
    on the day of registration, unless `made_on` says otherwise. Four statements, whatever the number. For registering and flagging.
    """
    standing = Safeguard.objects.active().filter(individual=OuterRef("pk"))
    found = Individual.objects.owned_by(by).filter(pk__in=list(children)).annotate(has=Exists(standing))
    rows, due = [], []
    for place, one in enumerate(found.order_by("pk")):
        if one.has or is_child(one.birth_date, one.birth_precision, now.date()) is False:
            continue
        day, pk = made_on or one.registered_on, uuid7(now, ordinal=place)
        rows.append(
            {
                "id": pk, "agency_id": by.agency_id, "individual_id": one.pk, "kind": children[one.pk],
                "status": SafeguardStatus.ACTIVE, "made_on": day, "disproportionate": False, "numbers_reason": "",
                "begun_at": now, "begun_by_id": by.user_id, "ended_for": "",
            }
        )  # fmt: skip
        due += [Due(one.pk, pk, name, day) for name in rules_for(by.agency.country, day)[:2]]
    insert(Safeguard, rows)
    deadlines.begin(due, agency=by.agency, now=now)
    if rows:
        events.note(BEGUN, "child", *[row["id"] for row in rows], by=by, now=now, tell=None)
    return len(rows)


@transaction.atomic
def flagged(*, children: Mapping[uuid.UUID, str], by: Viewer, now: datetime) -> None:
    """Begin the safeguards of children whose need was flagged; those that run are under this kind from now on."""
    begin(children=children, by=by, now=now)
    for kind in set(children.values()):
        known = [one for one, of in children.items() if of == kind]
        Safeguard.objects.owned_by(by).active().filter(individual__in=known).exclude(kind=kind).update(
            kind=kind
        )


@transaction.atomic
def open_for(*, individual: Individual, kind: str, made_on: date, by: Viewer, now: datetime) -> None:
    """Begin the safeguards of one child by hand. Raises NotPermitted for an adult, a day to come, or where they run already."""
    policies.check_may(by, Permission.NEED_RESTRICTED)
    _not_to_come(made_on, now)
    if not begin(children={individual.pk: kind}, by=by, now=now, made_on=made_on):
        raise NotPermitted(_("This is an adult, or a child whose safeguards run already."))


@transaction.atomic
def correct(*, safeguard: Safeguard, made_on: date, reason: str, by: Viewer, now: datetime) -> None:
    """Correct the day on which the application was made: what runs from it is counted anew, and the old dates are kept."""
    _check(safeguard, by)
    _not_to_come(made_on, now)
    Safeguard.objects.filter(pk=safeguard.pk).update(made_on=made_on)
    safeguard.made_on = made_on
    _recount(safeguard, reason, by=by, now=now)


@transaction.atomic
def extend(*, safeguard: Safeguard, reason: str, by: Viewer, now: datetime) -> None:
    """Note disproportionate numbers: ten working days more for a representative, who may act for up to fifty (APR 23(3), (9))."""
    _check(safeguard, by)
    if safeguard.disproportionate:
        raise NotPermitted(_("This was extended already, which can be done once."))
    Safeguard.objects.filter(pk=safeguard.pk).update(disproportionate=True, numbers_reason=reason)
    safeguard.disproportionate, safeguard.numbers_reason = True, reason
    _recount(safeguard, reason, by=by, now=now)


def _recount(safeguard: Safeguard, reason: str, *, by: Viewer, now: datetime) -> None:
    first, normal, longer = rules_for(by.agency.country, safeguard.made_on)
    wanted = {"0": first, "1": longer if safeguard.disproportionate else normal}
    rows = list(
        Deadline.objects.standing().filter(subject_id=safeguard.pk).select_for_update().order_by("pk")
    )
    deadlines.stop(rows, reason=reason, now=now)
    due = [
        Due(
            safeguard.individual_id,
            safeguard.pk,
            wanted["0" if row.rule.endswith("0") else "1"],
            safeguard.made_on,
            row,
        )
        for row in rows
    ]
    deadlines.begin(due, agency=by.agency, now=now)
    events.note(RECOUNTED, "child", safeguard.pk, by=by, now=now, tell=None)


@transaction.atomic
def add_representative(
    *, name: str, organisation: str, checked_on: date, user_id: int | None, by: Viewer, now: datetime
) -> Representative:
    """Note somebody who may act for children, whose criminal record was checked (APR 23(10))."""
    policies.check_may(by, Permission.NEED_RESTRICTED)
    _not_to_come(checked_on, now, field="checked_on")
    made = Representative(
        id=uuid7(now),
        agency_id=by.agency_id,
        name=name,
        organisation=organisation,
        checked_on=checked_on,
        user_id=user_id,
    )
    made.save(force_insert=True)
    return made


@transaction.atomic
def appoint(
    *,
    safeguard: Safeguard,
    role: str,
    representative: Representative,
    since: date,
    no_conflict: bool,
    by: Viewer,
    now: datetime,
) -> None:
    """Appoint who acts for a child; who did in this role until now does no longer. The deadline of the role is met.

    Raises NotPermitted for a conflict of interest, somebody who decides claims, or who acts for as many children as the law allows.
    """
    _check(safeguard, by)
    _not_to_come(since, now, field="since")
    # Two appointments of one person take turns, or both would be the thirtieth.
    locked = Representative.objects.select_for_update().get(pk=representative.pk)
    policies.check_guardian(safeguard=safeguard, representative=locked, since=since, no_conflict=no_conflict)
    acting = Guardian.objects.filter(individual=safeguard.individual_id, role=role, until=None)
    acting.update(until=since, until_for=_("Somebody else was appointed."))
    Guardian(
        id=uuid7(now), agency_id=by.agency_id, individual_id=safeguard.individual_id, role=role, representative=locked,
        since=since, no_conflict=no_conflict, appointed_by_id=by.user_id, appointed_at=now,
    ).save(force_insert=True)  # fmt: skip
    mine = Q(rule__endswith="-0") if role == GuardianRole.PROVISIONAL else ~Q(rule__endswith="-0")
    deadlines.meet(Deadline.objects.running().filter(mine, subject_id=safeguard.pk).order_by("pk"), on=since)
    events.note(APPOINTED, "child", safeguard.pk, by=by, now=now, tell=None, role=role)


@transaction.atomic
def dismiss(*, guardian: Guardian, safeguard: Safeguard, reason: str, by: Viewer, now: datetime) -> None:
    """Let somebody act for a child no longer; the list of children says that somebody is missing."""
    _check(safeguard, by)
    if not Guardian.objects.filter(pk=guardian.pk, until=None).update(until=now.date(), until_for=reason):
        raise NotPermitted(_("They act for this child no longer. Reload the page."))
    events.note(DISMISSED, "child", safeguard.pk, by=by, now=now, tell=None, role=guardian.role)


@transaction.atomic
def record_step(
    *,
    safeguard: Safeguard,
    kind: str,
    what: str,
    outcome: str,
    on: date,
    review_by: date | None,
    involved: str,
    text: str,
    by: Viewer,
    now: datetime,
) -> ProtectionStep:
    """Record an assessment, a determination or a care arrangement; its people and reasons are sealed with the child's key.

    A new care arrangement ends the one of before. Raises NotPermitted for what does not go together, a determination without a panel,
    or a medical age assessment before several disciplines have looked (APR 25).
    """
    _check(safeguard, by)
    _not_to_come(on, now, field="on")
    _check_step(safeguard, kind, what, outcome, involved)
    step = ProtectionStep(
        id=uuid7(now), agency_id=by.agency_id, individual_id=safeguard.individual_id, kind=kind, what=what, outcome=outcome, on=on,
        review_by=review_by, recorded_by_id=by.user_id, recorded_at=now,
    )  # fmt: skip
    opener = sealing.Opener([safeguard.individual_id])
    for name, plain in (("involved", involved), ("text", text)):
        sealed = opener.seal(step.individual_id, plain.encode(), place=sealing.fact_place(step, name))
        if sealed is None:
            raise NotPermitted(sealing.erased())
        setattr(step, name, sealed)
    if kind == ProtectionKind.CARE:
        before = ProtectionStep.objects.filter(individual=safeguard.individual_id, kind=kind, until=None)
        before.update(until=on)
    step.save(force_insert=True)
    events.note(STEP, "child", safeguard.pk, by=by, now=now, tell=None, kind=kind)
    return step


def _check_step(safeguard: Safeguard, kind: str, what: str, outcome: str, involved: str) -> None:
    if what not in WHATS.get(kind, ()):
        raise NotPermitted(_("Choose one that goes with it."), field="what")
    if outcome not in (OUTCOMES[kind] or ("",)):
        raise NotPermitted(_("Choose one that goes with it."), field="outcome")
    if kind == ProtectionKind.BID and not involved:
        raise NotPermitted(_("A determination is made by a panel. Say who was on it."), field="involved")
    if what == ProtectionWhat.MEDICAL:
        looked = ProtectionStep.objects.filter(
            individual=safeguard.individual_id, what=ProtectionWhat.MULTIDISCIPLINARY,
            outcome=ProtectionOutcome.INCONCLUSIVE,
        )  # fmt: skip
        if not looked.exists():
            raise NotPermitted(
                _(
                    "A medical examination is the last resort: first several disciplines assess the age without a result."
                ),
                field="what",
            )


@transaction.atomic
def follow_up(
    *,
    step: ProtectionStep,
    safeguard: Safeguard,
    visited_on: date,
    review_by: date | None,
    over: bool,
    by: Viewer,
    now: datetime,
) -> None:
    """Note that somebody looked at a step again, until when next, or that it is over."""
    _check(safeguard, by)
    _not_to_come(visited_on, now, field="visited_on")
    if step.until:
        raise NotPermitted(_("This is over already. Reload the page."))
    ProtectionStep.objects.filter(pk=step.pk).update(
        monitored_on=visited_on, review_by=None if over else review_by, until=visited_on if over else None
    )
    events.note(STEP, "child", safeguard.pk, by=by, now=now, tell=None, kind=step.kind)


@transaction.atomic
def end(*, safeguard: Safeguard, reason: str, by: Viewer, now: datetime) -> None:
    """End the safeguards of a child. Raises NotPermitted for somebody found to be an adult whom no age assessment found to be one."""
    _check(safeguard, by)
    if reason == SafeguardEnd.FOUND_ADULT:
        ages = ProtectionStep.objects.filter(individual=safeguard.individual_id, kind=ProtectionKind.AGE)
        last = ages.order_by("-on", "-pk").first()
        if last is None or last.outcome != ProtectionOutcome.ADULT:
            raise NotPermitted(
                _(
                    "Record the age assessment that says so first. In doubt, or after a refusal alone, this is a child."
                )
            )
    _end(safeguard, reason, now.date(), by=by, now=now)


def _end(safeguard: Safeguard, reason: str, on: date, *, by: Viewer, now: datetime) -> None:
    move(safeguard, to=SafeguardStatus.ENDED, ended_on=on, ended_for=reason)
    label = str(SafeguardEnd(reason).label)
    Guardian.objects.filter(individual=safeguard.individual_id, until=None).update(until=on, until_for=label)
    running = Deadline.objects.filter(subject_id=safeguard.pk, status__in=RUNNING).order_by("pk")
    deadlines.stop(running, reason=label, now=now)
    tell = [safeguard.agency_id] if by.user_id is None else None
    events.note(ENDED, "child", safeguard.pk, by=by, now=now, tell=tell, reason=reason)


@transaction.atomic
def sweep(*, agency: Agency, now: datetime) -> int:
    """End the safeguards of those who have turned 18, mark deadlines that have passed, and tell the agency; return how many.

    Called until nothing is left; missed days are made up for, and two sweepers do nothing twice.
    """
    wall.enter(agency_id=agency.pk, user_id=None, reason="children.sweep")
    by, today = worker_for(agency), now.date()
    grown = Q()
    for precision, born in adults_born_by(today).items():
        grown |= Q(individual__birth_precision=precision, individual__birth_date__lte=born)
    adults = Safeguard.objects.active().filter(grown, agency=agency).order_by("pk")
    ended = list(adults.select_for_update(skip_locked=True, of=("self",))[:500])
    for one in ended:
        _end(one, SafeguardEnd.ADULT, today, by=by, now=now)
    missed = deadlines.pass_over(agency=agency, today=today)
    for row in missed:
        events.note(MISSED, "child", row.subject_id, by=by, now=now, tell=[agency.pk], rule=row.rule)
    return len(ended) + len(missed)


def _check(safeguard: Safeguard, by: Viewer) -> None:
    policies.check_may(by, Permission.NEED_RESTRICTED)
    # Locked, so that of two people one sees what the other did.
    stands = Safeguard.objects.owned_by(by).active().filter(pk=safeguard.pk).select_for_update()
    if not stands.exists():
        raise NotPermitted(_("The safeguards of this child have ended. Reload the page."))


def _not_to_come(day: date, now: datetime, *, field: str = "made_on") -> None:
    if day > now.date():
        raise NotPermitted(_("This day lies in the future."), field=field)
