"""Which case was referred to which partner, under which agreement, and what came of it?"""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.access import OwnedQuerySet, Viewer, live_for
from agencies.models import Agency, Agreement
from agencies.models.agreement import LIVE_SQL
from cases.models import Claim
from refugeecm.core.classes import FieldClass, classified
from refugeecm.core.history import track
from refugeecm.core.wall import Wall
from registration.models import PersonOwned
from resettlement.enums import ReferralStatus, Service, Urgency

_ADDRESSED = (
    "recipient_id = {agency} AND EXISTS (SELECT 1 FROM agencies_agreement a WHERE a.id = resettlement_referral.agreement_id AND "
    + LIVE_SQL
    + ")"
)


class ReferralQuerySet(OwnedQuerySet["Referral"]):
    """Questions about many referrals."""

    def shared_with(self, viewer: Viewer) -> models.Q:
        """Return the condition that the referral is addressed to the viewer, under an agreement that still opens it."""
        return models.Q(recipient_id=viewer.agency_id, agreement__in=live_for(viewer))

    def with_shown_classes(self, viewer: Viewer) -> Any:
        """Annotate `shared_classes`: who is addressed reads all of a referral, whatever the agreement shows of the person."""
        return self.annotate(
            shared_classes=models.Value([FieldClass.C1.value], output_field=ArrayField(models.CharField()))
        )

    def waiting(self) -> ReferralQuerySet:
        """Return those that nobody has answered."""
        return self.filter(status=ReferralStatus.PROPOSED)


@track()
class Referral(PersonOwned):
    """A case referred to a partner; its people and claim are seen there through the agreement, never through the referral."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="referrals")
    individual_id = models.UUIDField()
    recipient = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name=_("to"))
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="+")
    service = models.CharField(_("service"), max_length=20, choices=Service)
    urgency = models.CharField(_("urgency"), max_length=10, choices=Urgency, default=Urgency.NORMAL)
    message = models.TextField(_("message"), max_length=2000, blank=True)
    status = models.CharField(
        _("status"), max_length=10, choices=ReferralStatus, default=ReferralStatus.PROPOSED
    )
    status_since = models.DateTimeField(_("since"))
    answer = models.CharField(_("answer"), max_length=500, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    made_at = models.DateTimeField(_("made"))

    objects = ReferralQuerySet.as_manager()
    field_classes = classified(
        C1="id agency claim individual_id recipient agreement service urgency message status status_since answer made_by made_at"
    )
    wall: ClassVar[Wall] = Wall(shared=_ADDRESSED, update="agency_id = {agency} OR " + _ADDRESSED)

    class Meta:
        indexes = [
            models.Index(fields=["agency", "status"], name="referral_sent"),
            models.Index(fields=["recipient", "status"], name="referral_received"),
        ]

    def __str__(self) -> str:
        return f"{self.get_service_display()} {self.pk}"
