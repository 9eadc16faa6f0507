"""Of which kind is a record, what may become of it, and how does a stock change by it?"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from refugeecm.core.transitions import table


class ProcessReason(TextChoices):
    """Why a record is on hold, inactive or closed: law-and-practice.md 1.7 (UNHCR's own list was not to be had)."""

    FRAUD_INQUIRY = "fraud_inquiry", _("Suspected fraud is looked into")
    IDENTITY_DOUBT = "identity_doubt", _("Identity in doubt")
    PENDING_MERGE = "pending_merge", _("May be the same person as another")
    PROTECTION_REVIEW = "protection_review", _("Protection review")
    NO_SHOW = "no_show", _("Did not come to the verification")
    NOT_RENEWED = "not_renewed", _("Documents not renewed")
    LOST_CONTACT = "lost_contact", _("Lost contact")
    LONG_ABSENCE = "long_absence", _("Long absence")
    DECEASED = "deceased", _("Deceased")
    REPATRIATED = "repatriated", _("Voluntary repatriation")  # VOL26 in proGres
    DEPARTED = "departed", _("Spontaneous departure")  # REG38
    RESETTLED = "resettled", _("Resettled")  # RST33
    NATURALISED = "naturalised", _("Naturalised")
    CESSATION = "cessation", _("Cessation of status")
    CANCELLATION = "cancellation", _("Cancellation of status")
    REVOCATION = "revocation", _("Revocation of status")
    REJECTED = "rejected", _("Finally rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn or abandoned")
    DUPLICATE = "duplicate", _("Registered twice")
    FRAUD = "fraud", _("Fraud")
    MOVED = "moved", _("Moved to another operation")
    NOT_OF_CONCERN = "not_of_concern", _("Not of concern")
    REOPENED = "reopened", _("Opened again")


class ProcessStatus(TextChoices):
    """Life of a record in proGres."""

    ACTIVE = "A", _("Active")
    HOLD = "H", _("On hold")
    INACTIVE = "I", _("Inactive")
    CLOSED = "C", _("Closed")


COUNTED = (ProcessStatus.ACTIVE, ProcessStatus.HOLD)  # records of people who are there
# A closed record is opened again by a supervisor only (registration.policies).
PROCESS_MOVES = table(ProcessStatus, A="H I C", H="A I C", I="A C", C="A")


# Which reasons fit which status (law-and-practice.md 1.7).
RECORD_REASONS: dict[str, tuple[ProcessReason, ...]] = {
    ProcessStatus.ACTIVE: (ProcessReason.REOPENED,),
    ProcessStatus.HOLD: (
        ProcessReason.FRAUD_INQUIRY,
        ProcessReason.IDENTITY_DOUBT,
        ProcessReason.PENDING_MERGE,
        ProcessReason.PROTECTION_REVIEW,
    ),
    ProcessStatus.INACTIVE: (
        ProcessReason.NO_SHOW,
        ProcessReason.NOT_RENEWED,
        ProcessReason.LOST_CONTACT,
        ProcessReason.DEPARTED,
        ProcessReason.LONG_ABSENCE,
    ),
    ProcessStatus.CLOSED: (
        ProcessReason.DECEASED,
        ProcessReason.DEPARTED,
        ProcessReason.REPATRIATED,
        ProcessReason.RESETTLED,
        ProcessReason.NATURALISED,
        ProcessReason.CESSATION,
        ProcessReason.CANCELLATION,
        ProcessReason.REVOCATION,
        ProcessReason.REJECTED,
        ProcessReason.WITHDRAWN,
        ProcessReason.DUPLICATE,
        ProcessReason.FRAUD,
        ProcessReason.MOVED,
        ProcessReason.NOT_OF_CONCERN,
    ),
}
# What has happened is recorded by whoever hears of it, and never refused (design.md rule 9).
FACTS = (ProcessReason.DECEASED, ProcessReason.DEPARTED)


class Flow(TextChoices):
    """Why a stock changed; UNHCR statistics, flows and solutions."""

    REGISTRATION = "registration", _("Registration")
    BIRTH = "birth", _("Birth")
    DEATH = "death", _("Death")
    DEPARTURE = "departure", _("Spontaneous departure")
    RETURN = "return", _("Voluntary repatriation")
    RESETTLEMENT = "resettlement", _("Resettlement")
    NATURALISATION = "naturalisation", _("Naturalisation")
    CLOSURE = "closure", _("Record closed or inactive")
    REOPENING = "reopening", _("Record opened again")
    STATUS = "status", _("Change of legal status")
    RELOCATION = "relocation", _("Moved to another site")
    CORRECTION = "correction", _("Correction")
    HANDED_OVER = "handed_over", _("Handed over to another agency")
    TAKEN_OVER = "taken_over", _("Taken over from another agency")
    TWICE = "twice", _("Registered twice")


# As what the ledger counts those whose record is closed for a reason; Flow.CLOSURE for all others.
LEAVING: dict[str, Flow] = {
    ProcessReason.DECEASED: Flow.DEATH,
    ProcessReason.DEPARTED: Flow.DEPARTURE,
    ProcessReason.REPATRIATED: Flow.RETURN,
    ProcessReason.RESETTLED: Flow.RESETTLEMENT,
    ProcessReason.NATURALISED: Flow.NATURALISATION,
    ProcessReason.DUPLICATE: Flow.TWICE,
}
