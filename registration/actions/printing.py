"""What stands on a paper that we issue, in the language of its holder, and how is it noted that it was printed?"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import get_language_info, gettext_lazy
from django.utils.translation import gettext as _
from PIL import Image

from agencies.access import Permission, Viewer
from refugeecm.core.templatetags.ui import country
from refugeecm.core.transitions import move_all
from registration import policies
from registration.actions import sealing, verifying
from registration.actions.photos import UNREADABLE
from registration.channels import papers
from registration.enums import PREPARED, IssuedKind, IssuedStatus, Precision
from registration.models import Individual, IssuedDocument, Photo
from registration.policies import NotPermitted
from registration.rules import mrz
from registration.rules.issued import KINDS
from registration.rules.papers import holder, printable

PRINTABLE = (*PREPARED, IssuedStatus.ISSUED)  # what is over is not printed again
PIXELS = (
    300,
    386,
)  # 35 by 45 mm at 218 dots an inch; more would cost a worker memory, and no printer of cards shows it

_REMAINS = gettext_lazy(
    "The holder has asked for international protection and has the right to remain until the application is decided."
)
_NOT_RETURNED = gettext_lazy(
    "Nobody may return the holder to a country in which life or freedom would be threatened."
)
_SAYS: dict[str, Sequence[Any]] = {
    IssuedKind.ASC: (_REMAINS, _NOT_RETURNED),
    IssuedKind.APR_REG_DOC: (
        gettext_lazy("An application for international protection was made and registered (Regulation (EU) 2024/1348, article 29)."),
        _REMAINS,
    ),
    IssuedKind.APR_APPL_DOC: (
        gettext_lazy("The holder is an applicant for international protection (Regulation (EU) 2024/1348, article 29)."),
        gettext_lazy("The holder has the right to remain in this Member State while the application is examined."),
    ),
    IssuedKind.POR_GROUP: (gettext_lazy("The people named here are registered together."),),
    IssuedKind.RC: (gettext_lazy("The holder is under international protection and must not be returned to danger."),),
}  # fmt: skip


@transaction.atomic
def print_again(*, document: IssuedDocument, by: Viewer) -> list[dict[str, Any]]:
    """Count one more print of a paper, and return what stands on it, for channels.papers.draw. Raises NotPermitted."""
    policies.check_may(by, Permission.DOCUMENT_ISSUE)
    found = contents([document.pk], by=by)
    if not found:
        raise NotPermitted(_("This document is not printed here, or it is over. Issue a new one."))
    printed([document.pk], by=by)
    return list(found.values())


def printed(documents: Sequence[uuid.UUID], *, by: Viewer) -> None:
    """Note that papers of the viewer's agency were printed once more. Two statements."""
    rows = IssuedDocument.objects.owned_by(by).filter(pk__in=list(documents))
    rows.update(prints=F("prints") + 1)
    move_all(rows.filter(status=IssuedStatus.DRAFT), to=IssuedStatus.PRINTED)


def contents(documents: Sequence[uuid.UUID], *, by: Viewer) -> dict[uuid.UUID, dict[str, Any]]:
    """Return {id: what stands on it} of these papers of the viewer's agency; those that are over, or not printed here, are left out.

    Five statements at most. The names of people are in their own script where a font of ours has it, and in Latin letters.
    """
    designed = [kind for kind, one in KINDS.items() if one.design]
    rows = list(
        IssuedDocument.objects.visible_to(by)
        .filter(agency_id=by.agency_id, pk__in=list(documents), kind__in=designed, status__in=PRINTABLE)
        .select_related("individual__household", "issuer")
        .order_by("individual__household_id", "pk")
    )
    people = {one.individual_id for one in rows if not one.household_id}
    photos = {one.individual_id: one for one in Photo.objects.owned_by(by).filter(individual__in=people)}
    opener = sealing.Opener(photos)
    members = defaultdict(list)
    groups = [one.household_id for one in rows if one.household_id]
    if groups:
        for one in Individual.objects.visible_to(by).active().filter(household__in=groups).order_by("pk"):
            members[one.household_id].append(one)
    found = {}
    for row in rows:
        photo = photos.get(row.individual_id)
        with translation.override(row.language):
            found[row.pk] = _paper(row, opener.content(photo) if photo else b"", members[row.household_id])
    return found


def _paper(row: IssuedDocument, photo: bytes, members: list[Individual]) -> dict[str, Any]:
    person, design = row.individual, KINDS[row.kind].design
    address = verifying.address(row.code)
    ends = (_("Valid until"), _day(row.until)) if row.until else (_("Valid"), _("without an end"))
    issued = [
        (_("Date and place of issue"), " · ".join(one for one in (_day(row.dated_on), printable(person.site)) if one)),
        ends,
    ]  # fmt: skip
    paper = {
        "design": design,
        "lang": row.language,
        "rtl": get_language_info(row.language)["bidi"],
        "title": row.get_kind_display(),
        "issuer": printable(row.issuer.name),
        "country": str(country(row.issuer.country)),
        "number_label": _("Document number"),
        "number": row.number,
        "statements": [str(one) for one in (*_SAYS[row.kind], _("This is not a travel document."))],
        "check": _("Is it valid? Scan the code, or open this address:"),
        "address": address,
        "qr": papers.code_of(address),
        "photo": _small(photo),
        "no_photo": _("Photo"),
        "signatures": [_("Signature of the holder"), _("For the authority, stamp")],
    }
    if design == "group_1":
        group = [
            (_("Household number"), person.household.number, "ltr"),
            (_("In the name of"), _name(person)),
        ]
        size = (_("People"), str(len(members)))
        return paper | {
            "facts": [*group, size, *issued],
            "columns": [_("Number"), _("Name"), _("As on the document"), _("Born"), _("Sex"), _("Relationship")],
            "people": [
                [
                    one.number, _name(one), _native(one), _born(one), str(one.get_sex_display()),
                    str(one.get_relationship_display()),
                ]
                for one in members
            ],
        }  # fmt: skip
    if design == "card_1":
        return paper | {"facts": _front(row, ends), "zone": _zone(row)}
    return paper | {"facts": [*_person(person), *_application(row), *issued]}


def _person(person: Individual) -> list[tuple[str, ...]]:
    """Return the lines that say who somebody is (article 29(4)(a) of Regulation (EU) 2024/1348); empty ones are left out."""
    stateless = person.legal_status == "STATELESS" or person.nationality == mrz.STATELESS
    lines = [
        (_("Name"), _name(person)),
        (_("Name as on the document"), _native(person)),
        (_("Born"), _born(person)),
        (_("Place of birth"), printable(person.birth_place)),
        (_("Sex"), str(person.get_sex_display())),
        (_("Nationality"), _("Stateless") if stateless else str(country(person.nationality)) if person.nationality else ""),
        (_("Status"), str(person.get_legal_status_display())),
        (_("Individual number"), person.number, "ltr"),
    ]  # fmt: skip
    return [one for one in lines if one[1]]


def _application(row: IssuedDocument) -> list[tuple[str, ...]]:
    lines = [(_("Registered on"), _day(row.individual.registered_on))]
    if row.kind == IssuedKind.APR_APPL_DOC:
        lines.append((_("Area of movement"), str(country(row.issuer.country))))
    return [*lines]


def _front(row: IssuedDocument, ends: tuple[str, ...]) -> list[tuple[str, ...]]:
    person = row.individual
    native = _native(person)
    name = f"{_name(person)} · {native}" if native else _name(person)
    return [
        (_("Name"), name),
        (_("Born"), " · ".join(one for one in (_born(person), str(person.get_sex_display())) if one)),
        (_("Status"), str(person.get_legal_status_display())),
        (_("Individual number"), person.number, "ltr"),
        (_("Document number"), row.number, "ltr"),
        ends,
    ]


def _zone(row: IssuedDocument) -> list[str]:
    """Return the machine-readable zone of a card; a card without an end is not issued (registration.rules.issued)."""
    person = row.individual
    of = holder(
        given=f"{person.given_name} {person.father_name}".strip(), family=person.family_name, native=person.native_name,
        sex=person.sex, nationality=person.nationality, legal_status=person.legal_status, born=person.birth_date,
        precision=person.birth_precision,
    )  # fmt: skip
    issuer = row.issuer.country if row.issuer.kind == "government" else "UNO"
    return mrz.td1(
        of, code=KINDS[row.kind].zone, issuer=issuer, number=row.number, until=row.until or row.dated_on
    )


def _name(person: Individual) -> str:
    return printable(person.full_name)


def _native(person: Individual) -> str:
    """Return the name in its own script, where it is another than the Latin one and a font of ours has its letters."""
    own = person.native_name.strip()
    return own if own != person.full_name and printable(own) == own else ""


def _born(person: Individual) -> str:
    shape = {Precision.YEAR: "Y", Precision.MONTH: "F Y"}.get(
        Precision(person.birth_precision or Precision.DAY), "j F Y"
    )
    return str(date_format(person.birth_date, shape)) if person.birth_date else ""


def _day(day: Any) -> str:
    return str(date_format(day, "j F Y"))


def _small(photo: bytes) -> str:
    """Return a photo as it is printed, framed; nothing where there is none, or none that can be read."""
    if not photo:
        return ""
    try:
        with Image.open(BytesIO(photo), formats=["JPEG"]) as opened:
            opened.draft("RGB", PIXELS)
            opened.thumbnail((PIXELS[1], PIXELS[1]))
            kept = BytesIO()
            opened.convert("RGB").save(kept, "JPEG", quality=80)
    except UNREADABLE:
        return ""
    return papers.framed(kept.getvalue())
