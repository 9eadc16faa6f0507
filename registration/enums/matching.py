"""What may two records be to each other, who found them, and what has somebody decided?"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from refugeecm.core.transitions import table


class MatchKind(TextChoices):
    """As what the engine proposes a pair: one person, or people of one family (duplicates.md 5.2: three classes)."""

    SAME = "same", _("The same person")
    RELATIVE = "relative", _("Likely a relative")


class MatchState(TextChoices):
    """What somebody decided about a pair (law-and-practice.md 1.12)."""

    OPEN = "open", _("To be decided")
    UNSURE = "unsure", _("Not sure")
    SAME = "same", _("The same person")
    RELATIVE = "relative", _("A relative")
    DIFFERENT = "different", _("Somebody else")


# What was decided is asked by no entrance again; a person may take a decision back, or decide otherwise.
MATCH_MOVES = table(
    MatchState,
    open="unsure same relative different",
    unsure="open same relative different",
    same="open unsure relative different",
    relative="open",
    different="open",
)
UNDECIDED = (MatchState.OPEN, MatchState.UNSURE)


class FoundBy(TextChoices):
    """By which entrance a pair was found."""

    DESK = "desk", _("At the desk")
    API = "api", _("By a system")
    IMPORT = "import", _("In a list")
    EDIT = "edit", _("When a record was corrected")
    HANDOVER = "handover", _("When a case changed hands")
    SWEEP = "sweep", _("In the register itself")


class MergeStatus(TextChoices):
    """What became of two records that are one person."""

    PROPOSED = "proposed", _("Waits for the other agency")
    DONE = "done", _("Merged")
    WITHDRAWN = "withdrawn", _("Not merged")
    UNDONE = "undone", _("Taken apart again")


MERGE_MOVES = table(MergeStatus, proposed="done withdrawn", done="undone")


class QuestionState(TextChoices):
    """How far agencies have come that may know the same person without seeing each other's records."""

    POSSIBLE = "possible", _("May be known")
    ASKED = "asked", _("Asked")
    TO_ANSWER = "to_answer", _("To be answered")
    SAME = "same", _("The same person")
    DIFFERENT = "different", _("Not the same person")
    UNSAID = "unsaid", _("Cannot say")


QUESTION_MOVES = table(
    QuestionState,
    possible="asked to_answer",
    asked="same different unsaid",
    to_answer="same different unsaid",
)
