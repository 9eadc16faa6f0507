"""Which facts of a person or family are shown at the head of their file and in its lists?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext_lazy as _

from agencies.access import Sight, Viewer, shown_fields
from refugeecm.core.templatetags.ui import country, fmt_date
from refugeecm.pages.people import Line
from registration.models import FurtherName, Household, Individual
from registration.rules.languages import name_of

Text = str | Promise


FURTHER = (
    "level", "other_nationalities", "nationality_status", "origin_country", "languages", "education", "occupation",
    "said_to_agree",
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


def identity(person: Individual, viewer: Viewer) -> list[tuple[Any, ...]]:
    """Return the identity of a person as rows of a summary list."""
    sight = Sight(person, viewer)
    texts: dict[str, Any] = {
        "sex": person.get_sex_display(),
        "nationality": country(person.nationality) if person.nationality else "",
        "marital_status": person.get_marital_status_display(),
        "registered_on": fmt_date(person.registered_on),
        "event": person.event.name if person.event else "",
        "other_nationalities": ", ".join(map(country, person.other_nationalities)),
        "nationality_status": person.get_nationality_status_display(),
        "origin_country": country(person.origin_country) if person.origin_country else "",
        "languages": ", ".join(name_of(one, get_language() or "en") for one in person.languages),
        "education": person.get_education_display(),
        "level": person.get_level_display(),
        "said_to_agree": _("Yes") if person.said_to_agree else "",
    }
    names = (
        "given_name", "father_name", "family_name", "native_name", "mother_name", "birth_place", "nationality", "marital_status",
        "registered_on", "event", "source_ref",
    )  # fmt: skip
    # Of what most people have nothing of, nothing is said where nothing is known.
    known = [one for one in FURTHER if one in sight and texts.get(one, getattr(person, one))]
    labels = {one.name: one.verbose_name for one in Individual._meta.concrete_fields}
    labels |= {"event": _("event")}
    return [
        (
            capfirst(labels[name]),
            sight.text(name, texts.get(name, getattr(person, name, ""))),
        )
        for name in (*names, *known)
        if name not in sight or texts.get(name, getattr(person, name, ""))
    ]


def further_names(person: Individual, viewer: Viewer) -> list[tuple[Any, ...]]:
    """Return the further names of a person, as far as the viewer may see them, as rows of a summary list."""
    found = FurtherName.objects.visible_to(viewer).with_shown_classes(viewer).filter(individual=person)
    sights = [(one, Sight(one, viewer)) for one in found.order_by("kind", "pk")[:50]]
    return [(see("kind"), see.text("name", one.name)) for one, see in sights]


def contact(
    person: Individual, viewer: Viewer, *, phone: Text, documents: Sequence[tuple[Text, Text]]
) -> list[tuple[Any, ...]]:
    """Return phone, site and documents as rows of a summary list."""
    return [
        (_("Phone"), phone, "ltr"),
        (_("Registration site"), Sight(person, viewer).text("site", person.site)),
        *((label, number, "ltr") for label, number in documents),
    ]
