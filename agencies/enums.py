"""Which kinds, roles and statuses are there on the first floor, and which moves between statuses are allowed?"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from refugeecm.core.transitions import table


class AgencyKind(TextChoices):
    """Who an agency answers to."""

    GOVERNMENT = "government", _("Government")
    UN = "un", _("United Nations")
    INTERGOVERNMENTAL = "intergovernmental", _("Intergovernmental")
    NGO = "ngo", _("Non-governmental")


class Role(TextChoices):
    """What a member does in an agency; what each role may do stands in agencies.access.permissions."""

    CASEWORKER = "caseworker", _("Caseworker")
    DECISION_MAKER = "decision_maker", _("Decision maker")
    SUPERVISOR = "supervisor", _("Supervisor")
    ADMINISTRATOR = "administrator", _("Agency administrator")
    AUDITOR = "auditor", _("Auditor")


class ClosedFor(TextChoices):
    """Why a membership gives nothing any more, apart from its last day."""

    ADMINISTRATOR = "administrator", _("Closed by an administrator")
    DORMANT = "dormant", _("Away for 90 days")
    REVIEW = "review", _("Not confirmed in a review")


class InvitationStatus(TextChoices):
    """Life of an invitation; an open one is worth nothing after its 72 hours."""

    OPEN = "open", _("Open")
    ACCEPTED = "accepted", _("Accepted")
    WITHDRAWN = "withdrawn", _("Withdrawn")


INVITATION_MOVES = table(InvitationStatus, open="accepted withdrawn")


class ReviewStatus(TextChoices):
    """Life of an access review."""

    OPEN = "open", _("Open")
    CLOSED = "closed", _("Closed")


REVIEW_MOVES = table(ReviewStatus, open="closed")


class ReviewKind(TextChoices):
    """What a line of a review asks about."""

    MEMBER = "member", _("Member")
    CLIENT = "client", _("API client")
    AGREEMENT = "agreement", _("Agreement")


class Verdict(TextChoices):
    """What a review came to; what is not confirmed by the due day ends by itself, the last administrator excepted."""

    OPEN = "open", _("To be decided")
    CONFIRMED = "confirmed", _("Confirmed")
    ENDED = "ended", _("Ended")
    LAPSED = "lapsed", _("Not confirmed, ended")
    KEPT = "kept", _("Kept: the last administrator")


VERDICT_MOVES = table(Verdict, open="confirmed ended lapsed kept")


class Channel(TextChoices):
    """By which door shared data is seen."""

    PAGES = "pages", _("Pages")
    API = "api", _("API")
    WEBHOOKS = "webhooks", _("Webhooks")
    EXPORT = "export", _("Export")


class FieldLevel(TextChoices):
    """How far an agreement opens a group of fields."""

    NONE = "none", _("Not shown")
    MASKED = "masked", _("Shown masked")
    SEE = "see", _("Shown")
    EDIT = "edit", _("Shown, may be changed")


class Purpose(TextChoices):
    """What shared data may be used for (UNHCR data protection policy: purpose specification)."""

    ASYLUM = "asylum", _("Asylum procedure")
    PROTECTION = "protection", _("Protection and assistance")
    RESETTLEMENT = "resettlement", _("Resettlement and other pathways")
    REUNIFICATION = "reunification", _("Family reunification")
    # The only purpose for which anything goes to a country of origin, person by person, by their own consent.
    VOLUNTARY_RETURN = "voluntary_return", _("Voluntary return")


class LegalBasis(TextChoices):
    """Why sharing is lawful (UNHCR data protection policy 2.1; GDPR article 6)."""

    CONSENT = "consent", _("Consent")
    VITAL_INTEREST = "vital_interest", _("Vital or best interests")
    MANDATE = "mandate", _("Mandate or public task")
    LEGAL_OBLIGATION = "legal_obligation", _("Legal obligation")


class Direction(TextChoices):
    """Who shows whom, from the side of the agency that draws an agreement up."""

    GIVE = "give", _("We show them")
    ASK = "ask", _("They show us")


class Onward(TextChoices):
    """May the recipient pass on what it was shown (UNHCR data protection policy 2015, 6.1: conditions of a transfer)?"""

    FORBIDDEN = "forbidden", _("Forbidden")
    APPROVAL = "approval", _("Only with written approval, case by case")


class AgreementStatus(TextChoices):
    """Life of an agreement. Only ACTIVE opens anything."""

    DRAFT = "draft", _("Draft")
    PROPOSED = "proposed", _("Proposed")
    PREPARING = "preparing", _("Being prepared")
    ACTIVE = "active", _("Active")
    SUSPENDED = "suspended", _("Suspended")
    DECLINED = "declined", _("Declined")
    EXPIRED = "expired", _("Expired")
    TERMINATED = "terminated", _("Ended")
    REPLACED = "replaced", _("Replaced by a newer version")


AGREEMENT_MOVES = table(
    AgreementStatus,
    draft="proposed terminated",
    proposed="preparing declined terminated",
    # Signed by two people of each side; a worker writes the access rows before anything opens.
    preparing="active suspended terminated",
    active="suspended expired terminated replaced",
    # Back through PREPARING, so that the rows are written anew.
    suspended="preparing expired terminated replaced",
)


class EndpointStatus(TextChoices):
    """Whether a partner's system is told of events. What is paused keeps its deliveries waiting."""

    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    ENDED = "ended", _("Ended")


ENDPOINT_MOVES = table(EndpointStatus, active="paused ended", paused="active ended")


class DeliveryStatus(TextChoices):
    """How far one delivery of a webhook is. An administrator can have a dead letter sent again."""

    WAITING = "waiting", _("Waiting")
    DELIVERED = "delivered", _("Delivered")
    DEAD = "dead", _("Not delivered")
    CANCELLED = "cancelled", _("Cancelled")


DELIVERY_MOVES = table(DeliveryStatus, waiting="delivered dead cancelled", dead="waiting")


class Problem(TextChoices):
    """Why a delivery did not succeed. What the receiver said is not kept, its status is."""

    STATUS = "status", _("refused by the receiver")
    SLOW = "slow", _("no answer in time")
    UNREACHABLE = "unreachable", _("no connection")
    FORBIDDEN = "forbidden", _("not a public address")


class ExportPurpose(TextChoices):
    """What a file of rows is made for; whoever asks for one says it, and it stands in the log."""

    CASEWORK = "casework", _("Work on these cases")
    ASSISTANCE = "assistance", _("Planning or handing out assistance")
    REPORT = "report", _("Figures for a report")
    REVIEW = "review", _("Review or audit")
    PERSON = "person", _("Answer to a request of the person")
    AUTHORITY = "authority", _("Duty to inform an authority")


class ExportFormat(TextChoices):
    """What kind of file."""

    XLSX = "xlsx", _("Excel (.xlsx)")
    CSV = "csv", _("CSV")


class ExportStatus(TextChoices):
    """Life of an export. Only READY can be downloaded."""

    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Being written")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Not made")
    CANCELLED = "cancelled", _("Thrown away")
    EXPIRED = "expired", _("Destroyed after its time")


class ExportProblem(TextChoices):
    """Why there is no file, or no more."""

    RIGHTS = "rights", _("You may no longer export this list. What had been written is destroyed.")
    ENDED = (
        "ended",
        _(
            "An agreement under which rows were shared has ended or changed. What had been written is destroyed."
        ),
    )
    HIDDEN = (
        "hidden",
        _(
            "Something in it may no longer be shown to you. What had been written is destroyed. Export the list again."
        ),
    )
    TOO_MANY = (
        "too_many",
        _("The list has more than 100,000 rows. Narrow it with a filter, and export the parts."),
    )
    FILTER = "filter", _("A filter of the list means nothing any more. Open the list and choose again.")
    BROKEN = (
        "broken",
        _("The file could not be written, five times. Try again, or tell those who run the system."),
    )


EXPORT_MOVES = table(
    ExportStatus,
    queued="running failed cancelled",
    running="ready failed cancelled",
    # Refused at the download, when a right or an agreement has ended since, or a row may no longer be seen.
    ready="expired failed cancelled",
)


class BreachStatus(TextChoices):
    """Life of a breach of personal data in the register."""

    OPEN = "open", _("Open")
    CONTAINED = "contained", _("Contained")
    CLOSED = "closed", _("Closed")


BREACH_MOVES = table(BreachStatus, open="contained", contained="open closed")


class LawRequestStatus(TextChoices):
    """Life of a request by law enforcement or a court: nothing is answered before it was with the focal point."""

    RECEIVED = "received", _("Received")
    REFERRED = "referred", _("With the focal point")
    ANSWERED = "answered", _("Answered")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


LAW_REQUEST_MOVES = table(
    LawRequestStatus, received="referred withdrawn", referred="answered refused withdrawn"
)


class MailWhen(TextChoices):
    """When news come by mail."""

    AT_ONCE = "at_once", _("At once")
    DAILY = "daily", _("Once a day")
    NEVER = "never", _("Never")
