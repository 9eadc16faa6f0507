"""What does this floor do when the one below announces something, in the same transaction?"""

from django.dispatch import receiver

from agencies.models import Agreement
from agencies.signals import agreement_opening
from registration.actions import access_rows


@receiver(agreement_opening)
def cover(sender: type[Agreement], agreement: Agreement, **_: object) -> None:
    """Write who is covered before the agreement opens."""
    access_rows.cover_agreement(agreement)
