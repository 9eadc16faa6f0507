"""How does a verification exercise go, and what may come out of it for a person?"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from refugeecm.core.transitions import table


class ExerciseStatus(TextChoices):
    """Life of a verification exercise."""

    DRAFT = "draft", _("Planned")
    RUNNING = "running", _("Running")
    NOTICE = "notice", _("Notice given")
    CLOSING = "closing", _("Being closed")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")


EXERCISE_MOVES = table(
    ExerciseStatus,
    draft="running cancelled",
    running="notice cancelled",
    notice="closing cancelled",
    closing="done",
)
# While these last, somebody who comes is entered: after the end as well, until nobody is left to be made inactive.
ENTERED = (ExerciseStatus.RUNNING, ExerciseStatus.NOTICE, ExerciseStatus.CLOSING)


class VerificationResult(TextChoices):
    """What came out for one person: law-and-practice.md 1.9."""

    MATCHED = "present_biometric_match", _("Came, fingerprints or iris match")
    PRESENT = "present_no_biometric", _("Came")
    REPRESENTED = "represented", _("Represented by somebody")
    NO_SHOW = "no_show", _("Did not come")
    DECEASED = "deceased", _("Deceased")
    DEPARTED = "departed", _("Left for good")
    NEW = "new", _("Came, registered since the list was made")
    DUPLICATE = "duplicate", _("Registered twice")


# What a desk says of somebody; that nobody came is said by the end, and that somebody is new by the day of their registration.
SAID = (
    VerificationResult.PRESENT,
    VerificationResult.MATCHED,
    VerificationResult.REPRESENTED,
    VerificationResult.DECEASED,
    VerificationResult.DEPARTED,
    VerificationResult.DUPLICATE,
)
CAME = (VerificationResult.PRESENT, VerificationResult.MATCHED, VerificationResult.REPRESENTED)
