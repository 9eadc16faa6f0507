"""What is made of a person's names, papers and telephone so that they are found, and who makes it anew when the rules have changed?"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence

import orjson
from django.db import connection, transaction

from agencies.models import Agency
from refugeecm.core import crypto, wall
from registration.actions import sealing
from registration.models import Document, FurtherName, Individual
from registration.rules.arrivals import phone_digits
from registration.rules.keys import Person, keys_of
from registration.rules.names import VERSION, folded

NORMALISED = ("keys", "folded", "normalised_by")  # the columns that are written here
BATCH = 500


def plain(people: Sequence[Individual], opener: sealing.Opener) -> dict[uuid.UUID, Person]:
    """Return what matching compares of people, opened. Two statements, and that of the opener."""
    papers: dict[uuid.UUID, dict[str, str]] = defaultdict(dict)
    found = Document.objects.filter(individual__in=[one.pk for one in people]).order_by("pk")
    for paper in found.only("individual", "kind", "number"):
        number = opener.number(paper)
        if number:
            papers[paper.individual_id][number] = paper.kind
    further: dict[uuid.UUID, list[tuple[str, str]]] = defaultdict(list)
    for name in FurtherName.objects.filter(individual__in=[one.pk for one in people]).order_by("pk"):
        further[name.individual_id].append((name.kind, name.name))
    persons = {}
    for one in people:
        digits = phone_digits(opener.phone(one))
        persons[one.pk] = Person(
            one.given_name, one.father_name, one.family_name, one.native_name, one.mother_name, one.sex, one.birth_date,
            one.birth_precision, one.nationality, (digits,) if digits else (), tuple(papers[one.pk]),
            tuple(papers[one.pk].values()), one.birth_place, tuple(further[one.pk]),
        )  # fmt: skip
    return persons


def normalise(people: Sequence[Individual], opener: sealing.Opener) -> None:
    """Set the columns NORMALISED of people to what their names, papers and telephone give now; the caller saves them.

    Two statements, and that of the opener.
    """
    persons = plain(people, opener)
    secret = crypto.derived("keys")
    for one in people:
        one.keys = keys_of(persons[one.pk], secret=secret, probing=False).stored
        one.folded = folded(one.full_name, one.native_name)
        one.normalised_by = VERSION


@transaction.atomic
def renew(*, agency: Agency) -> int:
    """Do the same for some people of an agency whose columns were made by older rules; return for how many.

    Workers take different people. Nothing of it is in the history: no one has changed anything.
    """
    wall.enter(agency_id=agency.pk, user_id=None, reason="names.normalise")
    old = Individual.objects.filter(agency=agency, normalised_by__lt=VERSION)
    people = list(old.select_for_update(skip_locked=True)[:BATCH])
    if not people:
        return 0
    normalise(people, sealing.Opener([one.pk for one in people]))
    rows = [{"id": one.pk, **{name: getattr(one, name) for name in NORMALISED}} for one in people]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE registration_individual i SET keys = x.keys, folded = x.folded, normalised_by = x.normalised_by"
            " FROM json_to_recordset(%s::json) AS x(id uuid, keys bigint[], folded text, normalised_by smallint)"
            " WHERE i.id = x.id",
            [orjson.dumps(rows).decode()],
        )
    return len(people)
