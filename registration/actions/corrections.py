"""How is what is known of a person corrected and completed, so that two editors never overwrite each other?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agencies.access import Permission, Viewer
from refugeecm.core import events
from refugeecm.core.bulk import insert
from refugeecm.core.ids import uuid7
from refugeecm.core.words import called
from registration import policies
from registration.actions import access_rows, duplicates, ledger, sealing
from registration.actions.contact import checked_phone
from registration.actions.normalising import NORMALISED, normalise
from registration.enums import FoundBy, Level
from registration.models import FurtherName, Individual
from registration.models.people import RECORDS
from registration.policies import NotPermitted
from registration.rules.levels import above, missing

COMPLETED = events.declare(
    "registration.individual.completed", "Somebody corrected or completed what is known of a person."
)
RAISED = events.declare("registration.individual.raised", "A person was registered to a higher level.")

# Who is covered by which agreement depends on these; what stock a person counts in, on these and more.
COVERING = frozenset({"nationality", "other_nationalities", "origin_country"})
STOCK = frozenset({"nationality", "origin_country", "sex", "birth_date"})
IDENTITY = frozenset(  # what tells who somebody is: compared with the register anew
    {
        "given_name", "father_name", "family_name", "native_name", "mother_name", "birth_date", "sex", "nationality", "phone",
        "further_names",
    }
)  # fmt: skip
KEYED = frozenset(
    {
        "given_name", "father_name", "family_name", "native_name", "mother_name", "birth_date", "phone",
        "further_names",
    }
)  # fmt: skip


_WORDS = {
    "name": _("name"),
    "further_names": _("further names"),
    "birth_precision": _("date of birth"),
    "birth_estimated": _("date of birth"),
    "photo": _("photo"),
    "biometrics": _("biometric reference"),
    "documents": _("documents"),
    "relatives": _("relatives elsewhere"),
}


def words_of(fields: Sequence[str]) -> str:
    """Return what columns of a person, and rows of rules.levels.MATRIX, are called."""
    said = (_WORDS.get(one) or called(Individual._meta.get_field(one)) for one in fields)
    return gettext(", ").join(dict.fromkeys(map(str, said)))


class Stale(Exception):
    """Somebody else has changed the person since the page was opened."""


def version_of(person: Individual) -> str:
    """Return the version of a person and their further names: the newest of each in history, such as "17.0"."""
    newest = (
        model.objects.filter(**{column: person.pk}).aggregate(last=Max("pgh_id"))["last"] or 0
        for model, column in ((_history(Individual), "pgh_obj_id"), (_history(FurtherName), "individual_id"))
    )
    return ".".join(map(str, newest))


def at_version(person: Individual, version: str) -> tuple[Any, dict[str, list[str]]] | None:
    """Return the person and the further names by kind as they were at a version; None for one that never was."""
    parts = [int(one) for one in version.split(".") if one.isdecimal() and len(one) < 19]
    if len(parts) != 2:
        return None
    found = _history(Individual).objects.filter(pgh_obj_id=person.pk, pgh_id=parts[0])
    then = found.select_related("birth_area", "origin_area").first()
    names: dict[Any, FurtherName] = {}
    for one in (
        _history(FurtherName).objects.filter(individual_id=person.pk, pgh_id__lte=parts[1]).order_by("pgh_id")
    ):
        names[one.pgh_obj_id] = one
        if one.pgh_label == "delete":
            del names[one.pgh_obj_id]
    return then and (then, _by_kind(names.values()))


def _history(model: Any) -> Any:
    return model.pgh_event_model


def _by_kind(names: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in names:
        found.setdefault(one.kind, []).append(one.name)
    return found


def further_names(person: Individual) -> dict[str, list[str]]:
    """Return the further names of a person, by kind, in the order in which they were given."""
    return _by_kind(FurtherName.objects.filter(individual=person).order_by("pk"))


def known(person: Individual) -> dict[str, Any]:
    """Return {row of rules.levels.MATRIX: what is known of it}, of one's own person loaded with_records and the household."""
    return {
        **{name: getattr(person, name) for name in ("sex", "birth_date", "marital_status", "education", "religion")},
        **{name: getattr(person, name) for name in ("ethnicity", "languages", "phone", "email", "birth_country")},
        **{name: getattr(person, name) for name in ("father_name", "mother_name", "occupation", "relationship")},
        "name": person.full_name,
        "nationality": person.nationality or person.nationality_status,
        "origin_country": person.origin or person.household.origin_country,
        "birth_place": person.birth_place or person.birth_area_id,
        **{name: getattr(person, f"has_{name}") for name in RECORDS},
    }  # fmt: skip


@transaction.atomic
def correct(
    *,
    individual: Individual,
    columns: Mapping[str, Any],
    further: Mapping[str, Sequence[str]] | None = None,
    level: str,
    reason: str,
    version: str,
    by: Viewer,
    now: datetime,
) -> list[str]:
    """Write what is now known of a person of the viewer's agency; return the names of what changed.

    `columns`: values of Individual by name, those of sealing.SEALED as text; `further`: all further names by kind; `level`: the one
    to which the person is registered from now on, never a lower one. Raises Stale when `version` is not the newest, NotPermitted when
    something that stood is changed without a reason, or when the level asks for what is not known.
    """
    person = own_person(individual, by)
    if version != version_of(person):
        raise Stale
    opener, before = sealing.Opener([person.pk]), further_names(person)
    stood = {name: _stood(person, name, opener) for name in columns}
    changed = [name for name, value in columns.items() if value != stood[name]]
    names = {kind: list(given) for kind, given in (further or {}).items()}
    named = further is not None and {kind: given for kind, given in names.items() if given} != before
    removed = named and any(set(old) - set(names.get(kind, ())) for kind, old in before.items())
    if not reason and (removed or any(stood[name] for name in changed)):
        raise NotPermitted(
            gettext("Something that stood in the record is changed or removed. Say why."), field="reason"
        )
    was = copy(person)
    for name in changed:
        _write(person, name, columns[name], opener)
    if named:
        _rename(person, names, before, now)
        changed.append("further_names")
    raised = level != person.level and level in above(person.level)
    if raised:
        _check_level(person, level)
        person.level = level
    if KEYED & set(changed):
        normalise([person], opener)
    columns_changed = [name for name in changed if name != "further_names"]
    person.save(update_fields=[*columns_changed, *NORMALISED, *(["level"] if raised else [])])
    _follow(was, person, set(changed), by, now)
    if IDENTITY & set(changed):
        duplicates.look(people=[person], found_by=FoundBy.EDIT, by=by, now=now)
    if changed:
        events.note(COMPLETED, "individual", person.pk, by=by, now=now, fields=sorted(changed), reason=reason)
    if raised:
        events.note(RAISED, "individual", person.pk, by=by, now=now, level=level)
    return changed


def _follow(was: Individual, person: Individual, changed: set[str], by: Viewer, now: datetime) -> None:
    """Let the population ledger and the access rows follow what has changed."""
    if STOCK & changed:
        ledger.corrected([was], [person], on=now.date(), agency=by.agency)
    if COVERING & changed:
        access_rows.cover_individuals([person.pk])


def own_person(individual: Individual, by: Viewer) -> Individual:
    """Return the row, locked, of a person of the viewer's agency, whom the viewer may change."""
    policies.check_may(by, Permission.PERSON_REGISTER)
    locked = Individual.objects.with_records().select_for_update(of=("self",))
    person: Individual = locked.select_related("household", "event").get(pk=individual.pk)
    if person.agency_id != by.agency_id:
        raise NotPermitted(gettext("Another agency is responsible for this person."))
    if person.merged_into_id:
        raise NotPermitted(
            gettext("This record was merged into another. Change that one, or take them apart.")
        )
    return person


def _stood(person: Individual, name: str, opener: sealing.Opener) -> Any:
    return opener.value(person, name) if name in sealing.SEALED else getattr(person, name)


def _write(person: Individual, name: str, value: Any, opener: sealing.Opener) -> None:
    if name not in sealing.SEALED:
        setattr(person, name, value)
        return
    text = checked_phone(value) if name == "phone" else value
    sealed = opener.seal(person.pk, text.encode(), place=sealing.value_place(name, person.pk))
    if sealed is None:
        raise NotPermitted(sealing.erased())
    setattr(person, name, sealed)


def _rename(
    person: Individual, names: Mapping[str, Sequence[str]], before: Mapping[str, Sequence[str]], now: datetime
) -> None:
    """Let the further names be these: those that go are removed, new ones added."""
    for kind in {*before, *names}:
        gone = set(before.get(kind, ())) - set(names.get(kind, ()))
        FurtherName.objects.filter(individual=person, kind=kind, name__in=gone).delete()
    fresh = [
        (kind, name) for kind, given in names.items() for name in given if name not in before.get(kind, ())
    ]
    insert(
        FurtherName,
        [
            {
                "id": uuid7(now, ordinal=place),
                "agency_id": person.agency_id,
                "individual_id": person.pk,
                "kind": kind,
                "name": name,
            }
            for place, (kind, name) in enumerate(fresh)
        ],
    )


def _check_level(person: Individual, level: str) -> None:
    lacking = [one.field for one in missing(known(person), level) if one.required]
    if lacking:
        raise NotPermitted(
            gettext("%(level)s asks for more: %(fields)s.")
            % {"level": Level(level).label, "fields": words_of(lacking)},
            field="level",
        )
