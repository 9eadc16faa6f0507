"""How are papers, relatives elsewhere and the references of other systems added to a person, and taken away again?"""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from agencies.access import Viewer
from refugeecm.core import events
from refugeecm.core.ids import uuid7
from registration.actions import duplicates, sealing
from registration.actions.corrections import COMPLETED, own_person
from registration.actions.normalising import NORMALISED, normalise
from registration.enums import FoundBy
from registration.models import BiometricReference, Document, Individual, Relative
from registration.policies import NotPermitted

Fact = Document | Relative | BiometricReference
NAMES: dict[type[Fact], str] = {
    Document: "documents",
    Relative: "relatives",
    BiometricReference: "biometrics",
}


@transaction.atomic
def add_document(*, individual: Individual, kind: str, number: str, by: Viewer, now: datetime) -> None:
    """Add a paper; its number is sealed, and found again by those who type it."""
    person = own_person(individual, by)
    paper = Document(
        id=uuid7(now), agency_id=person.agency_id, individual=person, kind=kind,
        number_index=sealing.document_index(number),
    )  # fmt: skip
    _seal(paper, "number", number, sealing.number_place(paper.pk))
    if Document.objects.filter(individual=person, kind=kind, number_index=paper.number_index).exists():
        raise NotPermitted(_("This document is recorded already."), field="number")
    paper.save(force_insert=True)
    _rekey(person, by, now)
    _note(paper, "", by, now)


@transaction.atomic
def add_relative(
    *,
    individual: Individual,
    relationship: str,
    name: str,
    country: str,
    whereabouts: str,
    number: str,
    by: Viewer,
    now: datetime,
) -> None:
    """Add a relative who is elsewhere; `number` is that of somebody registered whom the viewer may see, or empty."""
    person = own_person(individual, by)
    number = number.strip().upper()
    if number and not Individual.objects.visible_to(by).filter(number=number).exclude(pk=person.pk).exists():
        raise NotPermitted(
            _("You see no person with this number. Leave it empty, or check it."), field="number"
        )
    relative = Relative(
        id=uuid7(now), agency_id=person.agency_id, individual=person, relationship=relationship, name=name,
        country=country, number=number,
    )  # fmt: skip
    _seal(relative, "whereabouts", whereabouts, sealing.fact_place(relative, "whereabouts"))
    relative.save(force_insert=True)
    _note(relative, "", by, now)


@transaction.atomic
def add_biometric(
    *,
    individual: Individual,
    system: str,
    reference: str,
    result: str,
    checked_on: date,
    by: Viewer,
    now: datetime,
) -> None:
    """Add what an external system answered about a person's fingerprints or irises."""
    person = own_person(individual, by)
    if checked_on > now.date():
        raise NotPermitted(_("This day lies in the future."), field="checked_on")
    found = BiometricReference(
        id=uuid7(now), agency_id=person.agency_id, individual=person, system=system, result=result,
        checked_on=checked_on,
    )  # fmt: skip
    _seal(found, "reference", reference, sealing.fact_place(found, "reference"))
    found.save(force_insert=True)
    _note(found, "", by, now)


@transaction.atomic
def remove(*, row: Fact, reason: str, by: Viewer, now: datetime) -> None:
    """Remove one of these facts, for a reason (CorrectionReason); history keeps that it stood."""
    person = own_person(row.individual, by)
    if not reason:
        raise NotPermitted(
            _("Something that stood in the record is changed or removed. Say why."), field="reason"
        )
    _note(row, reason, by, now)
    row.delete()
    if isinstance(row, Document):
        _rekey(person, by, now)


def _seal(row: Fact, field: str, text: str, place: str) -> None:
    sealed = sealing.Opener([row.individual_id]).seal(row.individual_id, text.encode(), place=place)
    if sealed is None:
        raise NotPermitted(sealing.erased())
    setattr(row, field, sealed)


def _rekey(person: Individual, by: Viewer, now: datetime) -> None:
    normalise([person], sealing.Opener([person.pk]))
    person.save(update_fields=NORMALISED)
    duplicates.look(people=[person], found_by=FoundBy.EDIT, by=by, now=now)


def _note(row: Fact, reason: str, by: Viewer, now: datetime) -> None:
    events.note(
        COMPLETED, "individual", row.individual_id, by=by, now=now, fields=[NAMES[type(row)]], reason=reason
    )
