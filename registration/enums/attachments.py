"""Which files are kept about a person, how private is each kind, and how far is one?"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from refugeecm.core.classes import FieldClass
from refugeecm.core.transitions import table


class AttachmentKind(TextChoices):
    """What a file shows."""

    IDENTITY = "identity", _("Identity document")
    EVIDENCE = "evidence", _("Evidence of the claim")
    MEDICAL = "medical", _("Medical paper")
    PHOTO = "photo", _("Photo as evidence")
    LETTER = "letter", _("Letter")
    OTHER = "other", _("Other file")

    @property
    def field_class(self) -> FieldClass:
        """How private it is: what shows persecution, violence or health is protection data."""
        return FieldClass.C4 if self in {self.EVIDENCE, self.MEDICAL, self.PHOTO} else FieldClass.C3


class AttachmentStatus(TextChoices):
    """Whether a file can be opened. Nothing is ever deleted: of a file that goes, its bytes and its key go."""

    WAITING = "waiting", _("Waits for the virus scanner")
    READY = "ready", _("Can be opened")
    FOUND = "found", _("Destroyed, the scanner found something")
    WITHDRAWN = "withdrawn", _("Withdrawn")


ATTACHMENT_MOVES = table(AttachmentStatus, waiting="ready found withdrawn", ready="withdrawn")
STANDING = (AttachmentStatus.WAITING, AttachmentStatus.READY)
