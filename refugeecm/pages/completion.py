"""What is still to be asked of a person, and where is it filled in; is there a photo to be seen?"""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import capfirst

from agencies.access import Permission, Viewer, shown_fields
from registration.actions import corrections
from registration.enums import Level
from registration.models import Individual, Photo
from registration.rules.levels import above, missing

# Where a row of the matrix is filled in: the field of the page, else that of the same name.
_FIELDS = {"name": "given_name", "birth_date": "born"}
_FACTS = frozenset({"photo", "biometrics", "documents", "relatives"})


@dataclass(frozen=True)
class Completion:
    """The level that comes next (or this one, while something of it is missing), and what it asks for: (words, address, required)."""

    level: str
    reached: bool
    url: str
    facts: str
    lacking: list[tuple[str, str, bool]]


def completion(person: Individual, viewer: Viewer) -> Completion | None:
    """Return what is to be asked next of a person, loaded with_records, whom the viewer may change; None of others."""
    if person.agency_id != viewer.agency_id or not viewer.may(Permission.PERSON_REGISTER):
        return None
    known, level = corrections.known(person), person.level
    lacking, reached = missing(known, level), True
    if not any(one.required for one in lacking) and above(level):
        level, reached = above(level)[0], False
        lacking = missing(known, level)
    page, facts = reverse("correct", args=[person.pk]), reverse("facts", args=[person.pk])
    query = "" if reached else f"?{urlencode({'level': level})}"
    return Completion(
        level=str(Level(level).label),
        reached=reached,
        url=page + query,
        facts=facts,
        lacking=[
            (
                capfirst(corrections.words_of([one.field])),
                facts if one.field in _FACTS else f"{page}{query}#id_{_FIELDS.get(one.field, one.field)}",
                one.required,
            )
            for one in lacking
        ],
    )


def photo_of(person: Individual, viewer: Viewer) -> str:
    """Return the address of the photo of a person loaded with_records and `photo_grants`, where the viewer may see one."""
    photo = Photo(agency_id=person.agency_id)
    photo.shared_grants = person.photo_grants  # type: ignore[attr-defined]
    seen = person.has_photo and viewer.may(Permission.PERSON_PHOTO) and "image" in shown_fields(photo, viewer)  # type: ignore[attr-defined]
    return reverse("photo", args=[person.pk]) if seen else ""
