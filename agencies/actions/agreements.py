"""How is an agreement drawn up, signed by two people of each side, changed and ended? (Halting: agencies.actions.halting.)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from agencies import policies
from agencies.access import Viewer
from agencies.access.permissions import Permission
from agencies.access.terms import classes_in, spelled_out
from agencies.actions import invitations
from agencies.enums import AGREEMENT_MOVES, AgreementStatus, Direction, FieldLevel
from agencies.models import Agency, Agreement, AgreementSignature
from agencies.models.agreement import SIGNERS, TERMS, signers
from agencies.signals import agreement_closed, agreement_opening
from refugeecm.core import events, wall
from refugeecm.core.ids import uuid7
from refugeecm.core.transitions import move

DRAFTED = events.declare("agencies.agreement.drafted", "An agreement or a new version of one was drawn up.")
CHANGED = events.declare("agencies.agreement.changed", "The draft of an agreement was changed.")
SIGNED = events.declare("agencies.agreement.signed", "Somebody signed an agreement for their agency.")
PROPOSED = events.declare("agencies.agreement.proposed", "An agency proposed an agreement to another.")
ACCEPTED = events.declare(
    "agencies.agreement.accepted", "The other agency has signed too; the agreement is about to open."
)
DECLINED = events.declare("agencies.agreement.declined", "The other agency declined.")
ACTIVE = events.declare("agencies.agreement.active", "The agreement opens what it names.")
REPLACED = events.declare(
    "agencies.agreement.replaced", "A newer version of the agreement has taken its place."
)
ENDED = events.declare(
    "agencies.agreement.ended", "One party ended the agreement; nothing is shown any more."
)
EXPIRED = events.declare("agencies.agreement.expired", "The last day of the agreement has passed.")

_SAID = (*TERMS, "classes", "grants")
_OPEN = (AgreementStatus.DRAFT, AgreementStatus.PROPOSED, AgreementStatus.PREPARING)


@transaction.atomic
def draft(
    *,
    by: Viewer,
    now: datetime,
    other: Agency,
    direction: str = Direction.GIVE,
    title: str,
    starts_on: date,
    **terms: Any,
) -> Agreement:
    """Draw up an agreement with another agency; nobody there knows of it before it is proposed.

    `terms` are those of `change`. Raises policies.NotPermitted for terms that may not be.
    """
    check(by, Permission.AGREEMENT_PROPOSE)
    policies.check_live(by.agency)
    provider, recipient = _sides(by, other, direction)
    key = uuid7(now)
    agreement = Agreement(
        id=key,
        reference=f"A-{now.year % 100:02d}-{key.hex[-8:].upper()}",
        provider=provider,
        recipient=recipient,
        direction=direction,
        classes=[],
        channels=[],
        drafted_by_id=by.user_id,
    )
    _apply(agreement, {"title": title, "starts_on": starts_on, **terms}, by=by)
    agreement.save(force_insert=True)
    tell(DRAFTED, agreement, by=by, now=now, other=False)
    return agreement


@transaction.atomic
def change(*, agreement: Agreement, by: Viewer, now: datetime, **terms: Any) -> None:
    """Change terms (TERMS, or `classes` for whole classes) of a draft. Signatures of before count no more."""
    policies.check_draft(agreement=agreement, by=by)
    _apply(agreement, terms, by=by)
    agreement.save(update_fields=_SAID)
    tell(CHANGED, agreement, by=by, now=now, other=False)


@transaction.atomic
def correct(
    *, agreement: Agreement, by: Viewer, now: datetime, other: Agency, direction: str, title: str
) -> bool:
    """Correct partner, direction and title of a draft; return whether it began anew.

    With another partner or direction it does: purpose, population, fields and all other terms were said for the former, and an
    invitation that waits for its first administrator is withdrawn unless something else is being agreed with it.
    """
    policies.check_draft(agreement=agreement, by=by)
    provider, recipient = _sides(by, other, direction)
    if (provider.pk, recipient.pk) == (agreement.provider_id, agreement.recipient_id):
        change(agreement=agreement, by=by, now=now, title=title)
        return False
    Agreement.objects.select_for_update(no_key=True).get(pk=agreement.pk)  # against whoever signs now
    policies.check_correct(agreement=agreement)
    former = agreement.other_than(by.agency_id)
    blank = Agreement(classes=[], channels=[], starts_on=now.date())
    for name in _SAID:
        setattr(agreement, name, getattr(blank, name))
    agreement.provider, agreement.recipient, agreement.direction = provider, recipient, direction
    _apply(agreement, {"title": title}, by=by)
    agreement.save(update_fields=[*_SAID, "provider", "recipient", "direction"])
    tell(CHANGED, agreement, by=by, now=now, other=False)
    others = Agreement.objects.visible_to(by).between(by.agency_id, former.pk).filter(status__in=_OPEN)
    if not others.exists():
        invitations.withdraw_first(agency=former, by=by, now=now)
    return True


@transaction.atomic
def revise(*, agreement: Agreement, by: Viewer, now: datetime) -> Agreement:
    """Draw up the next version of an agreement, with its terms; it takes its place when both sides have signed."""
    policies.check_revise(agreement=agreement, by=by)
    former = Agreement.objects.select_for_update(no_key=True).get(pk=agreement.pk)
    if former.successors.filter(status__in=_OPEN).exists():
        raise policies.NotPermitted(_("The next version is being drawn up already, here or there."))
    versions = Agreement.objects.filter(reference__startswith=former.first_reference)
    version = versions.aggregate(last=Max("version"))["last"]
    gives = former.provider_id == by.agency_id
    made = Agreement(
        id=uuid7(now),
        replaces=former,
        provider=agreement.provider,
        recipient=agreement.recipient,
        direction=Direction.GIVE if gives else Direction.ASK,
        classes=former.classes,
        grants=former.grants,
        drafted_by_id=by.user_id,
        **{name: getattr(former, name) for name in TERMS},
    )
    # A draft of the other side, which we cannot see, may have taken the number.
    while True:
        version += 1
        made.version, made.reference = version, f"{former.first_reference}-{version}"
        with suppress(IntegrityError), transaction.atomic():
            made.save(force_insert=True)
            break
    tell(DRAFTED, made, by=by, now=now, other=False)
    return made


@transaction.atomic
def sign(*, agreement: Agreement, by: Viewer, now: datetime) -> None:
    """Sign for the viewer's agency the terms as they stand.

    The second signature of whoever drew it up proposes it; the second of the other side has the worker prepare and open it.
    """
    # Two who sign at once: one after the other.
    if Agreement.objects.select_for_update(no_key=True).get(pk=agreement.pk).digest != agreement.digest:
        raise policies.NotPermitted(_("It was changed a moment ago. Reload the page to see what changed."))
    found = list(AgreementSignature.objects.filter(agreement=agreement))
    policies.check_sign(agreement=agreement, by=by, signatures=found)
    policies.check_population(agreement, by=by)
    if agreement.replaces is not None:
        policies.check_succession(agreement, agreement.replaces)
    one = AgreementSignature(
        id=uuid7(now),
        agreement=agreement,
        agency=by.agency,
        user_id=by.user_id or 0,  # nobody signs without an account: the policy has looked at the role
        digest=agreement.digest,
        at=now,
    )
    one.save(force_insert=True)
    answering = agreement.status == AgreementStatus.PROPOSED
    tell(SIGNED, agreement, by=by, now=now, other=answering)
    if len(signers([*found, one], agreement, by.agency_id)) < SIGNERS:
        return
    if answering:
        move(agreement, to=AgreementStatus.PREPARING, accepted_by_id=by.user_id, accepted_at=now)
        tell(ACCEPTED, agreement, by=by, now=now)
    else:
        move(agreement, to=AgreementStatus.PROPOSED, proposed_by_id=by.user_id, proposed_at=now)
        tell(PROPOSED, agreement, by=by, now=now)


@transaction.atomic
def decline(*, agreement: Agreement, by: Viewer, now: datetime) -> None:
    """Decline for the agency that was asked; one person is enough to say no."""
    policies.check_answer(agreement=agreement, by=by)
    move(agreement, to=AgreementStatus.DECLINED)
    tell(DECLINED, agreement, by=by, now=now)


@transaction.atomic
def end(*, agreement: Agreement, by: Viewer, now: datetime, reason: str) -> None:
    """End the agreement for either party. The partner sees nothing at its next request: rows are joined to it live."""
    check(by, Permission.AGREEMENT_END)
    known = agreement.proposed_at is not None
    move(agreement, to=AgreementStatus.TERMINATED, ended_by_id=by.user_id, ended_at=now, end_reason=reason)
    tell(ENDED, agreement, by=by, now=now, other=known)
    closed(agreement, now=now)


@transaction.atomic
def open_prepared(*, agreement: Agreement, now: datetime) -> None:
    """Write the rows of who is covered, then open the agreement; a version that has begun replaces the former in the same step.

    Run by a worker in the provider's context; may run twice.
    """
    wall.enter(agency_id=agreement.provider_id, user_id=None, reason="agreement.open")
    agreement_opening.send(sender=Agreement, agreement=agreement)
    move(agreement, to=AgreementStatus.ACTIVE)
    announce(ACTIVE, agreement, now=now)
    if agreement.replaces_id and agreement.starts_on <= now.date():
        supersede(agreement=agreement, now=now)


@transaction.atomic
def supersede(*, agreement: Agreement, now: datetime) -> None:
    """Put an open version in the place of the one that it replaces, unless that one has ended by itself."""
    wall.enter(agency_id=agreement.provider_id, user_id=None, reason="agreement.replace")
    former = Agreement.objects.select_for_update(no_key=True).get(successors=agreement.pk)
    if AgreementStatus.REPLACED in AGREEMENT_MOVES[former.status]:
        move(former, to=AgreementStatus.REPLACED)
        announce(REPLACED, former, now=now)
        closed(former, now=now)


@transaction.atomic
def expire(*, agreement: Agreement, now: datetime) -> None:
    """Say in the status that the last day has passed; access ended with the day itself."""
    wall.enter(agency_id=agreement.provider_id, user_id=None, reason="agreement.expire")
    move(agreement, to=AgreementStatus.EXPIRED)
    announce(EXPIRED, agreement, now=now)
    closed(agreement, now=now)


def _sides(by: Viewer, other: Agency, direction: str) -> tuple[Agency, Agency]:
    """Return who shows and who receives."""
    return (by.agency, other) if direction == Direction.GIVE else (other, by.agency)


def _apply(agreement: Agreement, terms: Mapping[str, Any], *, by: Viewer) -> None:
    """Set terms and what follows from them, and refuse what may not be, finished or not."""
    given = dict(terms)
    classes: Sequence[str] = given.pop("classes", ())
    if classes or "matrix" in given:
        given["matrix"] = dict.fromkeys(classes, str(FieldLevel.SEE)) | dict(given.get("matrix") or {})
        agreement.grants = spelled_out(given["matrix"])
        agreement.classes = classes_in(agreement.grants)
    for name, value in given.items():
        if name not in TERMS:
            raise TypeError(f"{name} is no term of an agreement")
        setattr(agreement, name, value)
    policies.check_parties(agreement)
    if given.get("event_slug") or given.get("site"):
        policies.check_population(agreement, by=by)


def closed(agreement: Agreement, *, now: datetime) -> dict[str, int]:
    """Tell the floors above that it opens nothing any more; return what they stopped, in words for the screen."""
    stopped: dict[str, int] = {}
    told: list[tuple[Any, Any]] = agreement_closed.send(
        sender=Agreement, agreement=agreement, why=AgreementStatus(agreement.status), now=now
    )
    for _receiver, answer in told:
        for words, count in (answer or {}).items():
            stopped[words] = stopped.get(words, 0) + count
    return stopped


def check(by: Viewer, permission: Permission) -> None:
    """Refuse whose role does not have the permission."""
    if not by.may(permission):
        raise policies.NotPermitted(_("Your role does not allow this. Ask an administrator of your agency."))


def tell(name: str, agreement: Agreement, *, by: Viewer, now: datetime, other: bool = True) -> None:
    """Record what a person did to an agreement, and tell the other party unless it does not concern it yet."""
    told = [agreement.other_than(by.agency_id).pk] if other else []
    events.note(name, "agreement", agreement.pk, by=by, now=now, tell=told)


def announce(name: str, agreement: Agreement, *, now: datetime) -> None:
    """Record what happened to an agreement by itself, and tell both parties."""
    events.record(
        name,
        subject_type="agreement",
        subjects=[agreement.pk],
        agency_id=agreement.provider_id,
        by=None,
        now=now,
        details={"tell": [agreement.provider_id, agreement.recipient_id]},
    )
