"""Which facts of a person or family are shown at the head of their file and in its lists?"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from agencies.access import FIELDS_HIDDEN, Sight, Viewer, shown_fields
from refugeecm.core.templatetags.ui import country, fmt_date
from refugeecm.core.words import headed
from refugeecm.pages.people import Line
from registration.actions.sealing import Contact, Opener
from registration.models import FurtherName, Household, Individual, Relative
from registration.reports import said

# Of what most people have nothing of, nothing is said where nothing is known or shown.
NAMED = (
    "given_name", "father_name", "family_name", "native_name", "mother_name", "birth_place", "nationality", "marital_status",
    "registered_on", "event", "source_ref",
)  # fmt: skip
FURTHER = (
    "level", "other_nationalities", "nationality_status", "origin_country", "languages", "education", "occupation", "religion",
    "ethnicity", "said_to_agree",
)  # fmt: skip


def household_facts(house: Household, viewer: Viewer, size: int) -> list[tuple[Any, ...]]:
    """Return the facts of a family's identity bar."""
    see = Sight(house, viewer).text
    return [
        (_("People"), str(size), "ltr"),
        (_("Event"), see("event", house.event.name if house.event else "")),
        (_("Site"), see("site", house.site)),
        (_("Registered"), see("registered_on", fmt_date(house.registered_on))),
        (_("Arrived"), see("arrived_on", fmt_date(house.arrived_on))),
        *(
            [(_("Register by"), fmt_date(last))]
            if (last := house.register_by) and {"arrived_on", "event"} <= shown_fields(house, viewer)
            else []
        ),
        *(
            [(_("From"), see("origin_country", country(house.origin_country)))]
            if house.origin_country
            else []
        ),
        *([(_("Place of residence"), see("area", str(house.area)))] if house.area else []),
        (_("Number in the source"), see("source_ref", house.source_ref), "ltr"),
        (_("Agency"), house.agency.name),
    ]


def person_facts(person: Individual, line: Line, viewer: Viewer) -> list[tuple[Any, ...]]:
    """Return the facts of a person's identity bar."""
    born = line.born
    if line.age is not None:
        years = ngettext("%(years)s year", "%(years)s years", line.age) % {"years": line.age}
        born = f"{born} ({years})"
    return [
        (_("Sex"), line.sex),
        (_("Born"), born),
        (_("Nationality"), line.nationality),
        (_("Relationship"), line.relationship),
        (_("Household"), line.household, "ltr"),
        (_("Agency"), person.agency.name),
    ]


def identity(person: Individual, viewer: Viewer, opener: Opener) -> list[tuple[Any, ...]]:
    """Return the identity of a person as rows of a summary list."""
    sight, rows = Sight(person, viewer), []
    for name in (*NAMED, *FURTHER):
        if name in NAMED or sight.sees(name):
            field = Individual._meta.get_field(name)
            if value := sight(name, partial(said, field=field, opener=opener)):
                rows.append((headed(field), value))
    return rows


def further_names(rows: Iterable[FurtherName], viewer: Viewer) -> list[tuple[Any, ...]]:
    """Return the further names of a person, as far as the viewer may see them, as rows of a summary list."""
    sights = [Sight(one, viewer) for one in sorted(rows, key=lambda one: one.kind)]
    return [(see("kind"), see("name")) for see in sights if see.sees("kind", "name")]


def relatives(rows: Iterable[Relative], viewer: Viewer, opener: Opener) -> list[dict[str, Any]]:
    """Return the relatives elsewhere as far as the viewer may see them: name, relationship, what is known of where, number."""
    sights = [Sight(one, viewer) for one in rows]
    country, whereabouts = (Relative._meta.get_field(one) for one in ("country", "whereabouts"))
    return [
        {
            "name": see("name"),
            "relationship": see("relationship"),
            "where": [
                see(field.name, partial(said, field=field, opener=opener))
                for field in (country, whereabouts)
                if see.sees(field.name)
            ],
            "number": see("number") if "number" in see else "",
        }
        for see in sights
        if see.sees("name", "relationship")
    ]


def contact(person: Individual, viewer: Viewer, known: Contact) -> list[tuple[Any, ...]]:
    """Return phone, site and documents as rows of a summary list."""
    documents = known.documents(person)
    if documents is None:
        documents = [(_("Documents"), FIELDS_HIDDEN)]
    return [
        (_("Phone"), known.phone(person), "ltr"),
        (_("Registration site"), Sight(person, viewer).text("site", person.site)),
        *((kind, number, "ltr") for kind, number in documents),
    ]
