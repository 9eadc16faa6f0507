"""Which agencies are there in the demonstration world, and who works for them?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from agencies.access import Viewer, enter
from agencies.access.viewer import member
from agencies.actions import agencies
from agencies.enums import AgencyKind, Role
from agencies.models import Agency
from refugeecm.core.models import User
from refugeecm.core.templatetags.ui import country as name_of_country
from refugeecm.demonstration.figures import Corridor


class Account(NamedTuple):
    """A door on the sign-in page: a key for its address, whose account it is, and what one can do there."""

    key: str
    email: str
    label: str | Promise
    description: str | Promise


ACCOUNTS = (
    Account(
        "caseworker",
        "amina@border.example",
        _("Caseworker, border office"),
        _("Registers families, imports lists, opens claims"),
    ),
    Account(
        "decision-maker",
        "dana@border.example",
        _("Decision maker, border office"),
        _("Approves decisions that others propose"),
    ),
    Account(
        "supervisor",
        "samir@border.example",
        _("Supervisor, border office"),
        _("Sees what waits, and does all that caseworkers do"),
    ),
    Account(
        "administrator",
        "adam@border.example",
        _("Administrator, border office"),
        _("Proposes and ends agreements with partners"),
    ),
    Account(
        "auditor",
        "aude@border.example",
        _("Auditor, border office"),
        _("Looks at agreements and systems, at nobody's file"),
    ),
    Account(
        "partner",
        "paula@unra.example",
        _("Caseworker, UN agency"),
        _("Sees what agreements show, answers referrals"),
    ),
    Account(
        "partner-administrator",
        "petra@unra.example",
        _("Administrator, UN agency"),
        _("Answers agreements, issues API clients"),
    ),
)

_PARTNERS = (
    ("UNRA", "United Nations Refugee Office", AgencyKind.UN, "CHE"),
    ("OPENDOOR", "Open Door Legal Aid", AgencyKind.NGO, "FRA"),
    ("CAMPHEALTH", "Camp Health Network", AgencyKind.NGO, "KEN"),
    ("SAFECHILD", "Safe Childhood", AgencyKind.NGO, "SWE"),
    ("NORRES", "Resettlement Directorate, Norway", AgencyKind.GOVERNMENT, "NOR"),
)
_AT_BORDER = (
    ("amina", "Amina Saleh", Role.CASEWORKER),
    ("boris", "Boris Mahamat", Role.CASEWORKER),
    ("dana", "Dana Issa", Role.DECISION_MAKER),
    ("samir", "Samir Abdoulaye", Role.SUPERVISOR),
    ("adam", "Adam Tahir", Role.ADMINISTRATOR),
    ("alma", "Alma Brahim", Role.ADMINISTRATOR),
    ("aude", "Aude Laurent", Role.AUDITOR),
)
_AT_PARTNERS = (
    ("paula", "Paula Weiss", Role.CASEWORKER),
    ("petra", "Petra Lind", Role.ADMINISTRATOR),
    ("pavel", "Pavel Horak", Role.ADMINISTRATOR),
)
_AT_HOSTS = (
    ("desk", "Registration desk", Role.CASEWORKER),
    ("decisions", "Decisions", Role.DECISION_MAKER),
    ("supervision", "Supervision", Role.SUPERVISOR),
    ("office", "Head of office", Role.ADMINISTRATOR),
    ("deputy", "Deputy head of office", Role.ADMINISTRATOR),
)


@dataclass
class Cast:
    """Agencies by code, and the viewers that their members are."""

    agencies: dict[str, Agency] = field(default_factory=dict)
    members: dict[tuple[str, str], Viewer] = field(default_factory=dict)

    def act(self, code: str, who: str) -> Viewer:
        """Set the database context to a member's agency, inside a transaction, and return the viewer."""
        viewer = self.members[code, who]
        enter(viewer, reason="demonstration")
        return viewer


def host_code(country: str) -> str:
    """Return the code of the office that registers people in a country of asylum."""
    return "BORDER" if country == "TCD" else f"{country}REG"


def country_name(country: str) -> str:
    """Return the English name of a country, ISO 3166-1 alpha-3."""
    with override("en"):
        return str(name_of_country(country))


@transaction.atomic
def gather(corridors: Iterable[Corridor], *, now: datetime) -> Cast:
    """Set up all agencies with their members. Nobody of them has a password."""
    cast = Cast()
    _found(
        cast, "BORDER", "Border and Registration Office, Chad", AgencyKind.GOVERNMENT, "TCD", _AT_BORDER, now
    )
    for code, name, kind, country in _PARTNERS:
        _found(cast, code, name, kind, country, _AT_PARTNERS, now)
    for country in dict.fromkeys(one.asylum for one in corridors if one.asylum != "TCD"):
        name = f"Refugee Registration, {country_name(country)}"
        _found(cast, host_code(country), name, AgencyKind.GOVERNMENT, country, _AT_HOSTS, now)
    return cast


def _found(
    cast: Cast,
    code: str,
    name: str,
    kind: str,
    country: str,
    people: Iterable[tuple[str, str, str]],
    now: datetime,
) -> None:
    agency = cast.agencies[code] = agencies.found(code=code, name=name, kind=kind, country=country, now=now)
    for who, full_name, role in people:
        user = User.objects.create_user(f"{who}@{code.lower()}.example", name=full_name)
        membership = agencies.enrol(agency=agency, user=user, role=role)
        cast.members[code, who] = member(membership)
