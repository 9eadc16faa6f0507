"""How is a file sealed and opened again, who reads it all the same, and who is kept from a file by a conflict of interest?"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import Permission as GrantablePermission
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from agencies.access import ROLES, Permission, Viewer
from agencies.models import Membership
from refugeecm.core import events
from refugeecm.core.bulk import insert
from refugeecm.core.models import Event
from registration import policies
from registration.actions import access_rows
from registration.models import (
    ConflictOfInterest,
    Household,
    HouseholdReader,
    Individual,
    ReaderKind,
    SealedFile,
)
from registration.models.exceptions import READ_SEALED
from registration.signals import file_sealed

SEALED = events.declare("registration.file.sealed", "A family's file was sealed; only named readers see it.")
LIFTED = events.declare("registration.file.unsealed", "The seal of a family's file was lifted.")
READER_ADDED = events.declare(
    "registration.file.reader_added", "Somebody was named as reader of a sealed file."
)
READER_REMOVED = events.declare("registration.file.reader_removed", "A reader of a sealed file was removed.")
GLASS_BROKEN = events.declare(
    "registration.glass.broken", "Somebody opened a sealed file in an emergency, for three hours."
)
GLASS_TRIED = events.declare(
    "registration.glass.tried",
    "Somebody asked for emergency access under a number that opens nothing sealed.",
)
CONFLICT_DECLARED = events.declare("registration.conflict.declared", "A conflict of interest was declared.")
CONFLICT_ENDED = events.declare("registration.conflict.ended", "A conflict of interest came to its end.")

EMERGENCY = timedelta(hours=3)
TRIES, IN = 5, timedelta(hours=1)


@transaction.atomic
def seal(*, household: Household, reason: str, readers: Iterable[int], by: Viewer, now: datetime) -> None:
    """Seal the file of a whole family: no partner sees it by any agreement, and of the agency only `readers` (user ids) and the
    person who seals it."""
    _check(household, by)
    members = list(Individual.objects.owned_by(by).filter(household=household).values_list("pk", flat=True))
    if SealedFile.objects.filter(household_id=household.pk, lifted_at=None).exists():
        raise policies.NotPermitted(_("This file is sealed already."))
    insert(
        SealedFile,
        [
            {
                "agency_id": by.agency_id, "household_id": household.pk, "individual_id": one, "reason": reason,
                "sealed_by_id": by.user_id, "sealed_at": now,
            }
            for one in members
        ],
    )  # fmt: skip
    for user_id in {*readers, by.user_id or 0}:
        _grant(household, user_id, kind=ReaderKind.NAMED, reason=reason, by=by, now=now, until=None)
    access_rows.cover_individuals(members)
    file_sealed.send(sender=Household, household=household, by=by, now=now)
    _record(SEALED, household, by=by, now=now)


@transaction.atomic
def lift(*, household: Household, by: Viewer, now: datetime) -> None:
    """Lift the seal: agreements cover the family again, readers and emergency access end."""
    _check(household, by)
    sealed = SealedFile.objects.filter(household_id=household.pk, lifted_at=None)
    members = list(sealed.values_list("individual_id", flat=True))
    if not sealed.update(lifted_at=now, lifted_by_id=by.user_id):
        raise policies.NotPermitted(_("This file is not sealed."))
    HouseholdReader.objects.filter(content_object=household).delete()
    access_rows.cover_individuals(members)
    _record(LIFTED, household, by=by, now=now)


@transaction.atomic
def name_reader(*, household: Household, user_id: int, reason: str, by: Viewer, now: datetime) -> None:
    """Name one more member of the agency, who may read files, as a reader of a sealed one."""
    _check(household, by)
    _grant(household, user_id, kind=ReaderKind.NAMED, reason=reason, by=by, now=now, until=None)
    _record(READER_ADDED, household, by=by, now=now, reader=user_id)


@transaction.atomic
def remove_reader(*, household: Household, user_id: int, by: Viewer, now: datetime) -> None:
    """Take somebody off the readers; the last one stays, or nobody could ever lift the seal."""
    _check(household, by)
    named = HouseholdReader.objects.select_for_update().filter(
        content_object=household, kind=ReaderKind.NAMED
    )
    if not named.exclude(user_id=user_id).exists():
        raise policies.NotPermitted(_("A sealed file needs a reader. Name another one first."))
    HouseholdReader.objects.filter(content_object=household, user_id=user_id).delete()
    _record(READER_REMOVED, household, by=by, now=now, reader=user_id)


@transaction.atomic
def break_glass(*, number: str, reason: str, by: Viewer, now: datetime) -> None:
    """Open a sealed file of the viewer's agency for three hours, by the number of the family or of a member.

    Administrators are told at once. Who asks learns nothing from the answer: it is the same for every number.
    Raises NotPermitted after five tries within an hour.
    """
    policies.check_may(by, Permission.GLASS_BREAK)
    tried = Event.objects.filter(
        actor_id=by.user_id, name__in=[GLASS_BROKEN, GLASS_TRIED], at__gt=now - IN
    ).count()
    if tried >= TRIES:
        raise policies.NotPermitted(_("You have asked five times within an hour. Ask an administrator."))
    wanted = "".join(number.split()).upper()
    found = (
        Household.objects.owned_by(by)
        .filter(Q(number=wanted) | Q(members__number=wanted))
        .filter(pk__in=SealedFile.objects.filter(lifted_at=None).values("household_id"))
        .distinct()
        .first()
    )
    kept_out = (
        found is not None
        and ConflictOfInterest.objects.filter(
            user_id=by.user_id or 0, household_id=found.pk, ended_at=None
        ).exists()
    )
    if found is None or kept_out:
        events.note(GLASS_TRIED, "glass", by.request_id, by=by, now=now, tell=[by.agency_id])
        return
    _grant(
        found,
        by.user_id or 0,
        kind=ReaderKind.BREAK_GLASS,
        reason=reason,
        by=by,
        now=now,
        until=now + EMERGENCY,
    )
    events.note(GLASS_BROKEN, "household", found.pk, by=by, now=now, tell=[by.agency_id])


@transaction.atomic
def declare_conflict(*, household: Household, user_id: int, reason: str, by: Viewer, now: datetime) -> None:
    """Keep a member of the agency from a family's file: oneself, or a colleague if one supervises."""
    if household.agency_id != by.agency_id or (
        user_id != by.user_id and not by.may(Permission.CONFLICT_DECLARE)
    ):
        raise policies.NotPermitted(_("Declare your own conflict of interest, or ask a supervisor."))
    _member(user_id, by)
    members = Individual.objects.owned_by(by).filter(household=household).values_list("pk", flat=True)
    try:
        with transaction.atomic():
            insert(
                ConflictOfInterest,
                [
                    {
                        "agency_id": by.agency_id, "household_id": household.pk, "individual_id": one,
                        "user_id": user_id, "reason": reason, "declared_by_id": by.user_id, "declared_at": now,
                    }
                    for one in members
                ],
            )  # fmt: skip
    except IntegrityError as error:
        raise policies.NotPermitted(_("This conflict of interest is declared already.")) from error
    HouseholdReader.objects.filter(content_object=household, user_id=user_id).delete()
    _record(CONFLICT_DECLARED, household, by=by, now=now, user=user_id)


@transaction.atomic
def end_conflict(*, household_id: uuid.UUID, user_id: int, by: Viewer, now: datetime) -> None:
    """End a conflict of interest; never one's own."""
    policies.check_may(by, Permission.CONFLICT_DECLARE)
    if user_id == by.user_id:
        raise policies.NotPermitted(_("Nobody ends their own conflict of interest. Ask another supervisor."))
    standing = ConflictOfInterest.objects.filter(
        agency_id=by.agency_id, household_id=household_id, user_id=user_id, ended_at=None
    )
    if not standing.update(ended_at=now):
        raise policies.NotPermitted(_("This conflict of interest has ended already."))
    household = Household.objects.owned_by(by).get(pk=household_id)
    _record(CONFLICT_ENDED, household, by=by, now=now, user=user_id)


def extend(households: Sequence[uuid.UUID]) -> None:
    """Close the files of all who are in these groups now to whom the groups are closed: by a seal, by a conflict of interest.

    Called by whatever brings people into a group, before access rows are written: one open file in a sealed group would show it.
    """
    with connection.cursor() as cursor:
        for statement in (_SEALS_OF, _CONFLICTS_OF):
            cursor.execute(statement, [[str(one) for one in households]])


_SEALS_OF = """
    INSERT INTO registration_sealedfile (agency_id, household_id, individual_id, reason, sealed_by_id, sealed_at)
    SELECT DISTINCT ON (i.id) s.agency_id, s.household_id, i.id, s.reason, s.sealed_by_id, s.sealed_at
    FROM registration_sealedfile s JOIN registration_individual i ON i.household_id = s.household_id
    WHERE s.household_id = ANY (%s::uuid[]) AND s.lifted_at IS NULL
    ORDER BY i.id, s.id ON CONFLICT DO NOTHING
"""
_CONFLICTS_OF = """
    INSERT INTO registration_conflictofinterest (agency_id, household_id, individual_id, user_id, reason, declared_by_id, declared_at)
    SELECT DISTINCT ON (i.id, c.user_id) c.agency_id, c.household_id, i.id, c.user_id, c.reason, c.declared_by_id, c.declared_at
    FROM registration_conflictofinterest c JOIN registration_individual i ON i.household_id = c.household_id
    WHERE c.household_id = ANY (%s::uuid[]) AND c.ended_at IS NULL
    ORDER BY i.id, c.user_id, c.id ON CONFLICT DO NOTHING
"""


def follow(people: Sequence[uuid.UUID], *, source: uuid.UUID, target: uuid.UUID, new: bool) -> None:
    """Let seal and conflicts of interest go along with people who were moved to another group.

    A new group of a sealed one is sealed with the same readers. Raises NotPermitted for a group that stands and is not sealed.
    """
    sealed = SealedFile.objects.filter(lifted_at=None)
    if sealed.filter(household_id=source).exists():
        if new:
            for reader in HouseholdReader.objects.filter(content_object_id=source, expires_at=None):
                reader.pk, reader.content_object_id = None, target
                reader.save(force_insert=True)
        elif not sealed.filter(household_id=target).exists():
            raise policies.NotPermitted(
                _("The file that they leave is sealed, and the other group's is not. Seal that one first.")
            )
    for model, standing in ((SealedFile, {"lifted_at": None}), (ConflictOfInterest, {"ended_at": None})):
        rows = model.objects.filter(household_id=source, individual_id__in=people, **standing)
        rows.update(household_id=target)
    extend([target])


def _check(household: Household, by: Viewer) -> None:
    policies.check_may(by, Permission.FILE_SEAL)
    if household.agency_id != by.agency_id:
        raise policies.NotPermitted(_("Only the agency that is responsible for this family can do this."))


def _member(user_id: int, by: Viewer) -> Membership:
    found = Membership.objects.in_force().filter(agency_id=by.agency_id, user_id=user_id).first()
    if found is None:
        raise policies.NotPermitted(_("Choose somebody who is a member of your agency now."))
    return found


def _grant(
    household: Household,
    user_id: int,
    *,
    kind: str,
    reason: str,
    by: Viewer,
    now: datetime,
    until: datetime | None,
) -> None:
    """Write a reader; a named one stays named when they break the glass."""
    member = _member(user_id, by)
    if Permission.PERSON_READ not in ROLES.get(member.role, frozenset()):
        raise policies.NotPermitted(_("%(name)s reads no files by their role.") % {"name": member.user.name})
    if ConflictOfInterest.objects.filter(user_id=user_id, household_id=household.pk, ended_at=None).exists():
        raise policies.NotPermitted(
            _("%(name)s has declared a conflict of interest.") % {"name": member.user.name}
        )
    permission = GrantablePermission.objects.get(
        codename=READ_SEALED, content_type__app_label="registration", content_type__model="household"
    )
    standing = HouseholdReader.objects.filter(
        content_object=household, user_id=user_id, permission=permission
    )
    if kind == ReaderKind.BREAK_GLASS and standing.filter(kind=ReaderKind.NAMED).exists():
        return
    standing.delete()
    HouseholdReader.objects.create(
        content_object=household, user_id=user_id, permission=permission, agency_id=by.agency_id, kind=kind,
        reason=reason, granted_by_id=by.user_id, granted_at=now, expires_at=until,
    )  # fmt: skip


def _record(name: str, household: Household, *, by: Viewer, now: datetime, **details: int) -> None:
    events.note(name, "household", household.pk, by=by, now=now, tell=None, **details)
