"""What is a paper that we issue called, and what may become of it?"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from refugeecm.core.transitions import table


class IssuedKind(TextChoices):
    """Types of papers; who may have which, and for how long, stands in registration.rules.issued."""

    TOKEN = "TOKEN", _("Token")
    POR_GROUP = "POR_GROUP", _("Proof of registration of a family")
    ASC = "ASC", _("Asylum-seeker certificate")
    RC = "RC", _("Refugee identity card")
    APR_REG_DOC = "APR_REG_DOC", _("Document on a registered application")
    APR_APPL_DOC = "APR_APPL_DOC", _("Applicant's document")
    EU_RP_REF = "EU_RP_REF", _("Residence permit of a refugee")
    EU_RP_SP = "EU_RP_SP", _("Residence permit for subsidiary protection")
    CTD = "CTD", _("Convention travel document (1951)")
    CTD54 = "CTD54", _("Travel document of a stateless person (1954)")
    LP = "LP", _("Laissez-passer for one journey")
    VRF = "VRF", _("Voluntary repatriation form")
    BIRTH = "BIRTH", _("Birth certificate")


class IssuedStatus(TextChoices):
    """Life of a paper that we issue (law-and-practice.md 1.10); it is valid while ISSUED, until its last day."""

    DRAFT = "draft", _("In preparation")
    PRINTED = "printed", _("Printed, not handed over")
    ISSUED = "issued", _("Handed over")
    EXPIRED = "expired", _("Expired")
    RENEWED = "renewed", _("Replaced by a newer one")
    LOST = "lost", _("Lost")
    STOLEN = "stolen", _("Stolen")
    DAMAGED = "damaged", _("Damaged")
    CONFISCATED = "confiscated", _("Confiscated")
    INVALIDATED = "invalidated", _("Declared invalid")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    RETURNED = "returned", _("Returned")


ISSUED_MOVES = table(
    IssuedStatus,
    draft="printed issued invalidated withdrawn",
    printed="issued damaged invalidated withdrawn",
    issued="expired renewed lost stolen damaged confiscated invalidated withdrawn returned",
    expired="renewed returned",
    # What was lost or stolen and is found again does not become valid again: somebody else held it.
    lost="returned",
    stolen="returned",
)
PREPARED = (IssuedStatus.DRAFT, IssuedStatus.PRINTED)
# What a supervisor decides, of a paper that somebody holds; everything else happens, and is noted by whoever hears of it.
DECIDED = (IssuedStatus.CONFISCATED, IssuedStatus.INVALIDATED, IssuedStatus.WITHDRAWN)


class PrintStatus(TextChoices):
    """Life of a batch of papers that are printed as one file. Only READY can be downloaded."""

    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Being drawn")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Not made")
    CANCELLED = "cancelled", _("Thrown away")
    EXPIRED = "expired", _("Destroyed after its time")


PRINT_MOVES = table(
    PrintStatus,
    queued="running failed cancelled",
    running="ready failed cancelled",
    ready="expired failed cancelled",
)
