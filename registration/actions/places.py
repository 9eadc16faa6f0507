"""How do administrative areas come into the register, and how is it said in which of them a group lives?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from refugeecm.core import events
from registration import policies
from registration.models import AdminArea, Household
from registration.policies import NotPermitted
from registration.rules.areas import Area

SETTLED = events.declare(
    "registration.household.settled", "Where a group lives or comes from was written down."
)


@transaction.atomic
def load(areas: Sequence[Area]) -> tuple[int, int]:
    """Write areas, those of a lower level first; return how many are new and how many have changed.

    Loading a file again changes nothing. Areas are never removed: people were born in places that no longer exist. Raises ValueError
    when the area above one is neither in the file nor known, or lies elsewhere.
    """
    standing = AdminArea.objects.in_bulk(
        {one.pcode for one in areas} | {one.parent for one in areas}, field_name="pcode"
    )
    fresh = changed = 0
    for one in areas:
        above = standing.get(one.parent)
        if one.parent and (above is None or above.level != one.level - 1 or above.country != one.country):
            raise ValueError(
                f"{one.pcode}: {one.parent} is no area of level {one.level - 1} of {one.country}."
            )
        area = standing.get(one.pcode) or AdminArea(pcode=one.pcode)
        given = {
            "country": one.country,
            "level": one.level,
            "parent": above,
            "name": one.name,
            "local_name": one.local_name or area.local_name,
        }
        if not area.pk or any(getattr(area, name) != value for name, value in given.items()):
            fresh, changed = fresh + (not area.pk), changed + bool(area.pk)
            for name, value in given.items():
                setattr(area, name, value)
            area.save()
            standing[one.pcode] = area
    return fresh, changed


@transaction.atomic
def settle(
    *, household: Household, area: AdminArea | None, origin_country: str, by: Viewer, now: datetime
) -> None:
    """Write where a group of the viewer's agency lives now, and from which country it came."""
    policies.check_may(by, Permission.PERSON_REGISTER)
    if household.agency_id != by.agency_id:
        raise NotPermitted(_("Another agency is responsible for this family."))
    household.area, household.origin_country = area, origin_country
    household.save(update_fields=["area", "origin_country"])
    events.note(SETTLED, "household", household.pk, by=by, now=now)
