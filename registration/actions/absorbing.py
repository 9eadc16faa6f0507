"""What does a record take over from another record of the same person: which fields, and which papers, names, needs, consents?

Sealed values are opened with the key of the one and sealed with that of the other. What both have stays where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from agencies.access import Viewer
from refugeecm.core.bulk import insert
from refugeecm.core.ids import uuid7
from registration.actions import exceptions, sealing
from registration.enums import OPEN_NEEDS, STANDING, NameKind, Sex
from registration.models import (
    Attachment,
    BiometricReference,
    ConflictOfInterest,
    Consent,
    Deadline,
    Document,
    FurtherName,
    Guardian,
    Individual,
    Movement,
    Photo,
    Presence,
    PriorProtection,
    ProtectionStep,
    Relative,
    RightsRequest,
    Safeguard,
    SpecificNeed,
    Survivor,
    TracingMatch,
    TracingRequest,
)
from registration.policies import NotPermitted

# What is chosen as one, by the column whose name it bears; group, number, event and the days of registration are the record's own.
CHOICES: dict[str, tuple[str, ...]] = {
    **{
        name: (name,)
        for name in (
            "given_name", "father_name", "family_name", "native_name", "mother_name", "sex", "birth_place", "nationality",
            "other_nationalities", "nationality_status", "marital_status", "languages", "education", "occupation", "phone",
            "email", "religion", "ethnicity",
        )
    },
    "birth_date": ("birth_date", "birth_precision", "birth_estimated"),
    "birth_country": ("birth_country", "birth_area_id"),
    "origin_country": ("origin_country", "origin_area_id"),
    "legal_status": (
        "legal_status", "legal_status_on", "status_basis", "status_basis_on", "status_category", "status_category_on",
    ),
}  # fmt: skip
_NAMES = ("given_name", "father_name", "family_name", "native_name")


def together(column: str) -> Collection[str]:
    """Return the columns that go back with this one or not at all: those chosen as one; a name is one, in all its parts."""
    return (
        _NAMES if column in _NAMES else next((all_ for all_ in CHOICES.values() if column in all_), (column,))
    )


def lacking(survivor: Individual, merged: Individual, opener: sealing.Opener) -> list[str]:
    """Return the choices of which the survivor knows nothing and the other record does."""
    return [
        name for name in CHOICES if known(merged, name, opener) and not known(survivor, name, opener)
    ]  # fmt: skip


def known(person: Individual, name: str, opener: sealing.Opener) -> Any:
    """Return what a record knows of a choice, opened; an empty value where it knows nothing."""
    if name in sealing.SEALED:
        return opener.value(person, name)
    value = getattr(person, name)
    return "" if value == Sex.UNKNOWN and name == "sex" else value


def take(survivor: Individual, merged: Individual, names: Iterable[str], opener: sealing.Opener) -> None:
    """Write these choices of the other record into the survivor. Raises NotPermitted for what is no choice."""
    changed: list[str] = []
    for name in names:
        if name not in CHOICES:
            raise NotPermitted(_("Choose, in each line, from which record it is taken."))
        if name in sealing.SEALED:
            place = sealing.value_place(name, survivor.pk)
            setattr(survivor, name, _sealed(survivor, opener.value(merged, name).encode(), place, opener))
        else:
            for column in CHOICES[name]:
                setattr(survivor, column, getattr(merged, column))
        changed += CHOICES[name]
    if changed:
        survivor.save(update_fields=changed)


def _sealed(survivor: Individual, plain: bytes, place: str, opener: sealing.Opener) -> bytes:
    sealed = opener.seal(survivor.pk, plain, place=place)
    if sealed is None:
        raise NotPermitted(sealing.erased())
    return sealed


def carry(
    survivor: Individual, merged: Individual, opener: sealing.Opener, *, by: Viewer, now: datetime
) -> None:
    """Bring the papers, files, names, relatives, references, needs, consents and the photo of the one record to the other.

    A paper, file, name, reference or open need that both have, a second photo, and a consent about which the survivor has said
    something, stay with the record that is closed. Whoever may not see its file may not see the survivor's either.
    """
    papers = set(Document.objects.filter(individual=survivor).values_list("kind", "number_index"))
    _bring(
        Document,
        survivor,
        merged,
        opener,
        lambda one: (one.kind, one.number_index) not in papers,
        number=_number,
    )
    _bring(
        Relative,
        survivor,
        merged,
        opener,
        lambda one: one.number != survivor.number or not one.number,
        whereabouts=_fact,
    )
    _bring(BiometricReference, survivor, merged, opener, lambda one: True, reference=_fact)
    needs = set(SpecificNeed.objects.filter(individual=survivor).open().values_list("code", flat=True))
    _bring(
        SpecificNeed,
        survivor,
        merged,
        opener,
        lambda one: one.status not in OPEN_NEEDS or one.code not in needs,
        note=_fact,
    )
    if not Photo.objects.filter(individual=survivor).exists():
        _bring(Photo, survivor, merged, opener, lambda one: True, image=_plain_of)
    files = {bytes(one.digest) for one in Attachment.objects.filter(individual=survivor).standing()}
    _bring(
        Attachment,
        survivor,
        merged,
        opener,
        lambda one: one.status not in STANDING or bytes(one.digest) not in files,
        title=_plain_of,
        key=_plain_of,
        reason=_plain_of,
    )
    _bring(
        RightsRequest,
        survivor,
        merged,
        opener,
        lambda one: True,
        what=_fact,
        extension=_fact,
        answer=_fact,
    )
    said = set(Consent.objects.filter(individual=survivor).values_list("purpose", "recipient_id"))
    _bring(Consent, survivor, merged, opener, lambda one: (one.purpose, one.recipient_id) not in said)
    _bring(PriorProtection, survivor, merged, opener, lambda one: True, number=_fact)
    _bring(Survivor, survivor, merged, opener, _unlike(Survivor, survivor, "incident_id"))
    _bring(Movement, survivor, merged, opener, _unlike(Movement, survivor, "kind", "on", "site"))
    _bring(Presence, survivor, merged, opener, _unlike(Presence, survivor, "site", "day"))
    _bring(ProtectionStep, survivor, merged, opener, lambda one: True, involved=_fact, text=_fact)
    if not Safeguard.objects.filter(individual=survivor).exists():
        for model in (Safeguard, Deadline, Guardian):
            _bring(model, survivor, merged, opener, lambda one: True)
    _bring(TracingRequest, survivor, merged, opener, lambda one: True, last_seen=_fact)
    asked = set(TracingMatch.objects.filter(individual=survivor).values_list("request", flat=True))
    _bring(TracingMatch, survivor, merged, opener, lambda one: one.request_id not in asked)
    names = set(FurtherName.objects.filter(individual=survivor).values_list("kind", "name"))
    _bring(FurtherName, survivor, merged, opener, lambda one: (one.kind, one.name) not in names)
    _call_also(survivor, merged, by=by, now=now)
    _keep_from(survivor, merged)


def _bring(
    model: Any,
    survivor: Individual,
    merged: Individual,
    opener: sealing.Opener,
    goes: Callable[[Any], bool],
    **sealed: Callable[[sealing.Opener, Any, str], tuple[bytes, str]],
) -> None:
    """Give rows to the survivor, their sealed columns sealed anew: `sealed` says how each is opened, and where it is bound to."""
    rows = [one for one in model.objects.filter(individual=merged).order_by("pk") if goes(one)]
    for one in rows:
        plain = {name: opened(opener, one, name) for name, opened in sealed.items()}
        one.individual = survivor
        for name, (value, place) in plain.items():
            setattr(one, name, _sealed(survivor, value, place, opener))
    model.objects.bulk_update(rows, ["individual", *sealed])


def _unlike(model: Any, survivor: Individual, *names: str) -> Callable[[Any], bool]:
    """Return whether the survivor has no row of this kind with the same values."""
    stands = set(model.objects.filter(individual=survivor).values_list(*names))
    return lambda one: tuple(getattr(one, name) for name in names) not in stands


def _number(opener: sealing.Opener, one: Document, _name: str) -> tuple[bytes, str]:
    return opener.number(one).encode(), sealing.number_place(one.pk)


def _fact(opener: sealing.Opener, one: Any, name: str) -> tuple[bytes, str]:
    return opener.fact(one, name).encode(), sealing.fact_place(one, name)


def _plain_of(opener: sealing.Opener, one: Attachment | Photo, name: str) -> tuple[bytes, str]:
    return opener.plain(one, name), sealing.fact_place(one, name)


def _call_also(survivor: Individual, merged: Individual, *, by: Viewer, now: datetime) -> None:
    """Let search and matching find the survivor under the names of the other record."""
    called = FurtherName.objects.filter(individual=survivor).values_list("name", flat=True)
    stands = {_plain(one) for one in (survivor.full_name, survivor.native_name, *called)}
    names = {_plain(one): one for one in (merged.native_name, merged.full_name)}
    fresh = {plain: name for plain, name in names.items() if plain and plain not in stands}
    insert(
        FurtherName,
        [
            {
                "id": uuid7(now, ordinal=place), "agency_id": by.agency_id, "individual_id": survivor.pk,
                "kind": NameKind.SPELLING, "name": name,
            }
            for place, name in enumerate(fresh.values())
        ],
    )  # fmt: skip


def _keep_from(survivor: Individual, merged: Individual) -> None:
    """Close the survivor's file to those to whom the other was closed by a conflict of interest."""
    stands = ConflictOfInterest.objects.filter(ended_at=None)
    known = stands.filter(individual_id=survivor.pk).values("user")
    insert(
        ConflictOfInterest,
        [
            {
                "agency_id": one.agency_id, "household_id": survivor.household_id, "individual_id": survivor.pk,
                "user_id": one.user_id, "reason": one.reason, "declared_by_id": one.declared_by_id, "declared_at": one.declared_at,
            }
            for one in stands.filter(individual_id=merged.pk).exclude(user__in=known)
        ],
    )  # fmt: skip
    exceptions.extend([survivor.household_id])


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
