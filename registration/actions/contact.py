"""How is a person's telephone number corrected, by their own agency or by a partner that may?"""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer, editable_fields
from refugeecm.core import crypto, events
from registration import policies
from registration.actions import sealing
from registration.models import Individual
from registration.policies import NotPermitted
from registration.rules.arrivals import phone_digits
from registration.rules.keys import Person, keys_of

CORRECTED = events.declare(
    "registration.individual.corrected", "Somebody corrected the telephone number of a person."
)


def may_correct(individual: Individual, by: Viewer) -> bool:
    """Answer whether the viewer may correct the phone of a person loaded with_shown_classes."""
    own = individual.agency_id == by.agency_id
    return by.may(Permission.PERSON_REGISTER) and (own or "phone" in editable_fields(individual, by))


@transaction.atomic
def correct_phone(*, individual: Individual, phone: str, by: Viewer, now: datetime) -> None:
    """Write another telephone number (empty: none), with its key for search and matching; history says who did it.

    `individual` was loaded with_shown_classes. Of another agency's person the database checks once more that a live agreement
    lets this agency change the field, and writes it: a partner can change nothing by itself.
    """
    policies.check_may(by, Permission.PERSON_REGISTER)
    if not may_correct(individual, by):
        raise NotPermitted(
            _("No agreement lets your agency change this. Write to the agency that registered the person.")
        )
    said = checked_phone(phone)
    opener = sealing.Opener([individual.pk])
    sealed = opener.seal(individual.pk, said.encode(), place=sealing.value_place("phone", individual.pk))
    if sealed is None:
        raise NotPermitted(sealing.erased())
    before, after = _key(phone_digits(opener.phone(individual))), _key(phone_digits(said))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT registration_correct_phone(%s, %s, %s::bigint[], %s::bigint[])",
            [individual.pk, sealed, before, after],
        )
        (written,) = cursor.fetchone()
    if not written:
        raise NotPermitted(_("This was ended a moment ago. Reload the page to see what changed."))
    owner = {individual.agency_id} - {by.agency_id}
    events.note(CORRECTED, "individual", individual.pk, by=by, now=now, tell=owner)


def checked_phone(phone: str) -> str:
    """Return a telephone number as it is kept; raises NotPermitted for what cannot be one."""
    said = phone.strip()
    if said and (len(said) > 80 or not 6 <= len(phone_digits(said)) <= 15):
        raise NotPermitted(
            _("“%(value)s” does not look like a phone number. Give 6 to 15 digits.") % {"value": said[:80]},
            field="phone",
        )
    return said


def _key(digits: str) -> list[int]:
    """Return the key by which a number is found, in a list; an empty one for none."""
    return keys_of(Person(phones=(digits,)), secret=crypto.derived("keys")).stored if digits else []
