"""What have two agencies agreed that one of them may see of the other's people?"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.enums import AgreementStatus, Channel, LegalBasis, Purpose
from agencies.models.agency import Agency
from refugeecm.core.classes import FieldClass, classified
from refugeecm.core.history import track
from refugeecm.core.wall import Wall

# The same condition in SQL for the policies, over an agreement called `a` (see AgreementQuerySet.live).
LIVE_SQL = (
    "a.status = 'active' AND a.starts_on <= CURRENT_DATE AND (a.ends_on IS NULL OR a.ends_on >= CURRENT_DATE)"
)


class Today(models.Func):
    """The day by the clock of the database."""

    template = "CURRENT_DATE"
    output_field = models.DateField()


class AgreementQuerySet(models.QuerySet["Agreement"]):
    """Questions about many agreements."""

    def visible_to(self, viewer: object) -> AgreementQuerySet:
        """Return the agreements that the viewer's agency is a party to."""
        agency_id = viewer.agency_id  # type: ignore[attr-defined]
        return self.filter(models.Q(provider_id=agency_id) | models.Q(recipient_id=agency_id))

    def live(self) -> AgreementQuerySet:
        """Return those that open something today, by the clock of the database."""
        return self.filter(
            models.Q(ends_on=None) | models.Q(ends_on__gte=Today()),
            status=AgreementStatus.ACTIVE,
            starts_on__lte=Today(),
        )

    def run_out(self) -> AgreementQuerySet:
        """Return those whose last day has passed but whose status does not say so yet."""
        return self.filter(
            status__in=[AgreementStatus.ACTIVE, AgreementStatus.SUSPENDED], ends_on__lt=Today()
        )


@track()
class Agreement(models.Model):
    """Provider shows recipient: whose data (population), which classes of fields, by which channels, from when until when."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField(_("reference"), max_length=20, unique=True)
    title = models.CharField(_("title"), max_length=200)
    provider = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="given_agreements", verbose_name=_("shares")
    )
    recipient = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="received_agreements", verbose_name=_("receives")
    )
    purpose = models.CharField(_("purpose"), max_length=20, choices=Purpose)
    legal_basis = models.CharField(_("legal basis"), max_length=20, choices=LegalBasis)
    # The population: every value that is given must fit; an empty one fits everybody. Claims never count (design.md rule 4).
    event_slug = models.CharField(_("influx event"), max_length=60, blank=True)
    site = models.CharField(_("registration site"), max_length=80, blank=True)
    origin = models.CharField(_("country of origin"), max_length=3, blank=True)
    classes = ArrayField(models.CharField(max_length=8, choices=FieldClass), verbose_name=_("what is shown"))
    # What is shown, as agreed, and spelled out field by field (agencies.access.terms); `classes` sums it up.
    matrix = models.JSONField(_("fields"), default=dict, db_default=models.Value({}, models.JSONField()))
    grants = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    channels = ArrayField(models.CharField(max_length=8, choices=Channel), verbose_name=_("channels"))
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(
        _("until"), null=True, blank=True, help_text=_("The last day on which anything is shown.")
    )
    status = models.CharField(
        _("status"), max_length=12, choices=AgreementStatus, default=AgreementStatus.DRAFT
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    proposed_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    accepted_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(_("reason"), max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    version = models.PositiveIntegerField(default=1, db_default=1)

    objects = AgreementQuerySet.as_manager()
    field_classes = classified(
        C1="id reference title provider recipient purpose legal_basis event_slug site origin classes matrix grants channels"
        " starts_on ends_on status proposed_by proposed_at accepted_by accepted_at ended_by ended_at end_reason created_at version"
    )
    wall: ClassVar[Wall] = Wall(
        own="provider_id = {agency} OR recipient_id = {agency}", insert="provider_id = {agency}"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(provider=models.F("recipient")), name="agreement_between_two"
            ),
            models.CheckConstraint(
                condition=models.Q(ends_on=None) | models.Q(ends_on__gte=models.F("starts_on")),
                name="agreement_ends_after_start",
            ),
            models.CheckConstraint(
                condition=models.Q(proposed_at=None, proposed_by=None)
                | models.Q(proposed_at__isnull=False, proposed_by__isnull=False),
                name="agreement_proposed_at_by",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at=None, accepted_by=None)
                | models.Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="agreement_accepted_at_by",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None, ended_by=None)
                | models.Q(ended_at__isnull=False, ended_by__isnull=False),
                name="agreement_ended_at_by",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def class_labels(self) -> list[str]:
        """What is shown, in words."""
        return [str(FieldClass(one).label) for one in self.classes]


__all__ = ["LIVE_SQL", "Agreement", "Today"]
