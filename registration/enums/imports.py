"""How far is a file of arrivals, and what was found out about its rows?"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from refugeecm.core.transitions import table


class BatchStatus(TextChoices):
    """Life of an uploaded file."""

    READING = "reading", _("Being read")
    MAPPING = "mapping", _("Columns to be chosen")
    CHECKING = "checking", _("Being checked")
    COMPARING = "comparing", _("Being compared")
    REVIEW = "review", _("Waiting for you")
    ACCEPTING = "accepting", _("Being registered")
    DONE = "done", _("Registered")
    FAILED = "failed", _("Could not be read")
    CANCELLED = "cancelled", _("Cancelled")
    STOPPED = "stopped", _("Stopped")
    UNDOING = "undoing", _("Being undone")
    UNDONE = "undone", _("Undone")


# Of these nothing, or not everything, is registered: the same file may be sent again.
SENT_AGAIN = (BatchStatus.FAILED, BatchStatus.CANCELLED, BatchStatus.STOPPED, BatchStatus.UNDONE)


BATCH_MOVES = table(
    BatchStatus,
    reading="mapping checking failed cancelled review done",  # back again, when corrected rows cannot be read
    mapping="reading cancelled",
    checking="comparing cancelled",
    comparing="review done cancelled",
    review="accepting cancelled reading",
    accepting="done stopped",
    done="reading undoing",
    stopped="undoing",
    undoing="undone",
)


class StepKind(TextChoices):
    """What a worker does with a file, in this order."""

    READ = "1read", _("Read the file")
    CHECK = "2check", _("Check rows")
    COMPARE = "3compare", _("Compare rows with each other")
    ACCEPT = "4accept", _("Register people")
    UNDO = "5undo", _("Remove people")


class StepStatus(TextChoices):
    """A step is open until its effect is committed."""

    OPEN = "open", _("Open")
    HELD = "held", _("Paused")
    DONE = "done", _("Done")
    QUARANTINED = "quarantined", _("Set aside")


STEP_MOVES = table(StepStatus, open="done held quarantined", held="open done", quarantined="open")
WAITING = (StepStatus.OPEN, StepStatus.HELD)


class Outcome(TextChoices):
    """What checking found out about one row."""

    NEW = "new", _("New")
    REGISTERED = "registered", _("Already registered")
    POSSIBLE = "possible", _("Possible duplicate")
    ERROR = "error", _("Error")
