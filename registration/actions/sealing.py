"""How are a person's contact and document numbers sealed and opened again?"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext

from agencies.access import Sight, Viewer
from agencies.models import Agency, AgencyKey
from refugeecm.core import crypto
from registration.models import (
    Attachment,
    BiometricReference,
    Document,
    IndicatorAssessment,
    Individual,
    PersonKey,
    Photo,
    PriorProtection,
    ProtectionStep,
    Relative,
    RightsRequest,
    SpecificNeed,
    TracingRequest,
)

# Rows about a person with columns that the person's key seals.
Fact = (
    Attachment
    | BiometricReference
    | IndicatorAssessment
    | Photo
    | PriorProtection
    | ProtectionStep
    | Relative
    | RightsRequest
    | SpecificNeed
    | TracingRequest
)


def agency_key(agency: Agency) -> crypto.Ring:
    """Return the plain keys of an agency."""
    return AgencyKey.objects.get(agency=agency).plain()


def key_place(individual_id: uuid.UUID) -> str:
    """Return the place that a person's wrapped key is bound to."""
    return f"registration_personkey.wrapped|{individual_id}"


SEALED = ("phone", "email", "religion", "ethnicity")  # columns of a person that only the person's key opens


def value_place(field: str, individual_id: uuid.UUID) -> str:
    """Return the place that a sealed column of a person is bound to."""
    return f"registration_individual.{field}|{individual_id}"


def number_place(document_id: uuid.UUID) -> str:
    """Return the place that a sealed document number is bound to."""
    return f"registration_document.number|{document_id}"


def fact_place(row: Fact, field: str) -> str:
    """Return the place that a sealed column of a row about a person is bound to."""
    return f"{row._meta.db_table}.{field}|{row.pk}"


def document_index(number: str) -> bytes:
    """Return the blind index of a document number: letters and digits only, capitals."""
    return crypto.blind("document", "".join(one for one in number.upper() if one.isalnum()))


def erased() -> str:
    """Return the refusal to seal anything of a person whose key was destroyed."""
    return gettext("The contact details of this person were erased and cannot be written again.")


class Opener:
    """Opens the sealed values of the people it was given, with one query for all of them, once there is something to open.

    A value whose key was destroyed, or that the viewer's context does not reach, opens as an empty text.
    """

    def __init__(self, individuals: Iterable[uuid.UUID]) -> None:
        self._people = list(individuals)

    @cached_property
    def _keys(self) -> dict[uuid.UUID, bytes]:
        found = PersonKey.objects.filter(individual_id__in=self._people).select_related("agency__key")
        keys = list(
            found.only(
                "agency", "wrapped", *(f"agency__key__{one}" for one in ("wrapped", "number", "previous"))
            )
        )
        wrapping = {
            one.agency_id: one.agency.key.plain() for one in {key.agency_id: key for key in keys}.values()
        }
        return {
            one.individual_id: crypto.unseal(
                one.wrapped, key=wrapping[one.agency_id], place=key_place(one.individual_id)
            )
            for one in keys
        }

    def phone(self, individual: Individual) -> str:
        """Return the phone number as given."""
        return self.value(individual, "phone")

    def value(self, individual: Individual, field: str) -> str:
        """Return what stands in one of the columns SEALED, as given."""
        return self.opened(individual.pk, getattr(individual, field), value_place(field, individual.pk))

    def number(self, document: Document) -> str:
        """Return the document number as given."""
        return self.opened(document.individual_id, document.number, number_place(document.pk))

    def fact(self, row: Fact, field: str) -> str:
        """Return the text in a sealed column of a row about a person."""
        return self.opened(row.individual_id, getattr(row, field), fact_place(row, field))

    def plain(self, row: Fact, field: str) -> bytes:
        """Return the bytes in a sealed column of a row about a person: a picture, a key."""
        return self._bytes(row.individual_id, getattr(row, field), fact_place(row, field))

    def content(self, photo: Photo) -> bytes:
        """Return the picture."""
        return self.plain(photo, "image")

    def seal(self, individual_id: uuid.UUID, plain: bytes, *, place: str) -> bytes | None:
        """Return a value sealed with the person's key (nothing stays nothing), or None when there is no key (any more)."""
        key = self._keys.get(individual_id)
        if key is None:
            return None
        return crypto.seal(plain, key=key, place=place) if plain else b""

    def opened(self, individual_id: uuid.UUID, sealed: crypto.Stored, place: str) -> str:
        """Return the text of a sealed value of one of these people."""
        return self._bytes(individual_id, sealed, place).decode()

    def _bytes(self, individual_id: uuid.UUID, sealed: crypto.Stored, place: str) -> bytes:
        key = self._keys.get(individual_id) if sealed else None
        return crypto.unseal(sealed, key=key, place=place) if sealed and key else b""


class Contact:
    """Phones and documents of visible people as the viewer may see them: in full, masked, or "not shared".

    `people` were loaded with_shown_classes. Two statements at most, whatever their number.
    """

    def __init__(self, people: Sequence[Individual], viewer: Viewer, opener: Opener | None = None) -> None:
        self._viewer = viewer
        self._opener = opener or Opener([one.pk for one in people])
        papers = Document.objects.visible_to(viewer).with_shown_classes(viewer)
        self.papers = list(papers.filter(individual_id__in=[one.pk for one in people]).order_by("pk"))
        self._documents: dict[uuid.UUID, list[Document]] = defaultdict(list)
        for one in self.papers:
            self._documents[one.individual_id].append(one)

    def phone(self, person: Individual) -> str | Promise:
        """Return the phone."""
        said: str | Promise = Sight(person, self._viewer)("phone", self._opener.phone)
        return said

    def documents(self, person: Individual) -> list[tuple[str | Promise, str | Promise]] | None:
        """Return (kind, number) of each document; None when documents are not shared."""
        sights = [Sight(one, self._viewer) for one in self._documents[person.pk]]
        found = [
            (see("kind"), see("number", self._opener.number)) for see in sights if see.sees("kind", "number")
        ]
        own = person.agency_id == self._viewer.agency_id
        return found if found or own else None
