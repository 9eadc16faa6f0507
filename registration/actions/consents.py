"""How is a consent recorded, confirmed and withdrawn, and what does each open or close in the same moment?"""

from __future__ import annotations

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from agencies.access import Permission, Viewer
from agencies.enums import AgencyKind
from agencies.models import Agency
from refugeecm.core import events
from refugeecm.core.ids import uuid7
from registration import policies
from registration.actions import access_rows
from registration.models import Consent, Individual

GIVEN = events.declare("registration.consent.given", "A person's consent was recorded.")
CONFIRMED = events.declare("registration.consent.confirmed", "Somebody confirmed that a consent is free.")
WITHDRAWN = events.declare("registration.consent.withdrawn", "A person withdrew a consent.")


def goes_home(person: Individual, recipient: Agency) -> bool:
    """Answer whether the recipient is an authority of the person's own country: then two people confirm the consent."""
    return recipient.kind == AgencyKind.GOVERNMENT and person.may_have_fled(recipient.country)


@transaction.atomic
def record(
    *,
    individual: Individual,
    purpose: str,
    recipient: Agency,
    text_version: str,
    language: str,
    given_on: date,
    witness: str,
    by: Viewer,
    now: datetime,
) -> Consent:
    """Record that a person of the viewer's agency consents to one purpose towards one recipient.

    Raises NotPermitted for another agency's person, a day to come, or when the same consent stands already.
    """
    _check(individual, by)
    if recipient.pk == by.agency_id:
        raise policies.NotPermitted(
            _("Your own agency needs no consent to share with itself. Choose another.")
        )
    if given_on > now.date():
        raise policies.NotPermitted(_("The day on which consent was given cannot lie in the future."))
    consent = Consent(
        id=uuid7(now), agency_id=by.agency_id, individual=individual, purpose=purpose, recipient=recipient,
        text_version=text_version, language=language, given_on=given_on, witness=witness,
        recorded_by_id=by.user_id, recorded_at=now,
    )  # fmt: skip
    try:
        with transaction.atomic():
            consent.save(force_insert=True)
    except IntegrityError as error:
        raise policies.NotPermitted(
            _("This consent is recorded already. Withdraw it first, if it was given anew.")
        ) from error
    access_rows.cover_individuals([individual.pk])
    _record(GIVEN, consent, by=by, now=now)
    return consent


@transaction.atomic
def confirm(*, consent: Consent, by: Viewer, now: datetime) -> None:
    """Confirm that a consent towards the person's own country is free: two people, neither of them the one who recorded it."""
    _check(consent.individual, by)
    if not goes_home(consent.individual, consent.recipient) or consent.withdrawn_at:
        raise policies.NotPermitted(_("This consent needs no confirmation."))
    if by.user_id in {consent.recorded_by_id, consent.confirmed_by_id}:
        raise policies.NotPermitted(_("Two more people confirm it. Ask a colleague who had no part in it."))
    column = "confirmed_again_by_id" if consent.confirmed_by_id else "confirmed_by_id"
    free = Consent.objects.in_force().filter(pk=consent.pk, **{column: None})
    if not free.update(**{column: by.user_id}):
        raise policies.NotPermitted(_("Somebody was faster. Reload the page."))
    setattr(consent, column, by.user_id)
    access_rows.cover_individuals([consent.individual_id])
    _record(CONFIRMED, consent, by=by, now=now)


@transaction.atomic
def withdraw(*, consent: Consent, how: str, by: Viewer, now: datetime) -> None:
    """Withdraw a consent; what rested on it is closed at the next request."""
    _check(consent.individual, by)
    if not Consent.objects.in_force().filter(pk=consent.pk).update(withdrawn_at=now, withdrawal=how):
        raise policies.NotPermitted(_("This consent is withdrawn already."))
    access_rows.cover_individuals([consent.individual_id])
    _record(WITHDRAWN, consent, by=by, now=now)


def _check(individual: Individual, by: Viewer) -> None:
    policies.check_may(by, Permission.CONSENT_RECORD)
    if individual.agency_id != by.agency_id:
        raise policies.NotPermitted(_("Only the agency that is responsible for this person keeps consents."))


def _record(name: str, consent: Consent, *, by: Viewer, now: datetime) -> None:
    told = {"purpose": consent.purpose, "recipient": consent.recipient_id}
    events.note(name, "individual", consent.individual_id, by=by, now=now, tell=None, **told)
