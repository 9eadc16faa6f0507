"""To what has a person agreed: for which purpose, towards whom, and until when?"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.enums import Purpose
from agencies.models import Agency
from agencies.models.columns import who
from refugeecm.core.classes import classified
from refugeecm.core.history import track
from refugeecm.core.wall import Wall
from registration.models.access import PersonOwned, PersonQuerySet


class ConsentQuerySet(PersonQuerySet["Consent"]):
    """Questions about many consents."""

    def in_force(self) -> ConsentQuerySet:
        """Return those that have not been withdrawn."""
        return self.filter(withdrawn_at=None)


@track()
class Consent(PersonOwned):
    """One person's consent to one purpose towards one recipient; separate from registration, and withdrawn at any time.

    UNHCR policy on the protection of personal data (2015), 2.1: freely given, specific, informed; refusing it has no consequence.
    Towards the authorities of the person's own country of origin it counts only once two people have confirmed that it is free.
    """

    individual = models.ForeignKey(
        "registration.Individual", on_delete=models.CASCADE, related_name="consents"
    )
    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose)
    recipient = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", verbose_name=_("recipient")
    )
    text_version = models.CharField(_("version of the text"), max_length=40)
    language = models.CharField(_("language it was explained in"), max_length=40)
    given_on = models.DateField(_("given on"))
    witness = models.CharField(_("witness"), max_length=150, blank=True)
    recorded_by = who()
    recorded_at = models.DateTimeField()
    confirmed_by = who()
    confirmed_again_by = who()
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)
    withdrawal = models.CharField(_("how it was withdrawn"), max_length=300, blank=True)

    objects = ConsentQuerySet.as_manager()
    field_classes = classified(
        C1="id agency individual purpose recipient text_version language given_on recorded_by recorded_at confirmed_by"
        " confirmed_again_by withdrawn_at",
        C2="witness withdrawal",
    )
    # A partner finds the consents that name it: the live join of every shared row asks for them.
    wall: ClassVar[Wall] = Wall(shared="recipient_id = {agency}")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["individual", "purpose", "recipient"],
                name="one_consent_in_force",
                condition=models.Q(withdrawn_at=None),
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_again_by=None)
                | models.Q(confirmed_by__isnull=False)
                & ~models.Q(confirmed_again_by=models.F("confirmed_by")),
                name="consent_confirmed_by_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.pk}"
