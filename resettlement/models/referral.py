"""Which case was referred to which partner, under which agreement, what was written about it, and what came of it?"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from agencies.access import OwnedQuerySet, Viewer, live_for
from agencies.models import Agency, Agreement
from agencies.models.agreement import LIVE_SQL
from agencies.models.columns import who
from cases.models import Claim
from refugeecm.core.classes import FieldClass, classified
from refugeecm.core.history import track
from refugeecm.core.wall import Wall
from registration.models import PersonOwned, PersonQuerySet, shared_sql
from resettlement.enums import REFERRAL_MOVES, ReferralOutcome, ReferralStatus, Service, Urgency

_ADDRESSED = (
    "recipient_id = {agency} AND EXISTS (SELECT 1 FROM agencies_agreement a WHERE a.id = resettlement_referral.agreement_id AND "
    + LIVE_SQL
    + ") AND "
    + shared_sql("resettlement_referral.individual_id")
)


class ReferralQuerySet(PersonQuerySet["Referral"]):
    """Questions about many referrals."""

    def shared_with(self, viewer: Viewer) -> models.Q:
        """Return the condition that it is addressed to the viewer, under an agreement that still opens it, about a person whom they
        may still see."""
        return models.Q(recipient_id=viewer.agency_id, agreement__in=live_for(viewer)) & super().shared_with(
            viewer
        )

    def with_shown_classes(self, viewer: Viewer, **_of: Any) -> Any:
        """Annotate `shared_grants`: who is addressed, by a door that the agreement opens, reads all of a referral, whatever the
        agreement shows of the person."""
        fields = [name for name, one in Referral.field_classes.items() if one == FieldClass.C1]
        every, none = (models.Value(one, output_field=ArrayField(models.TextField())) for one in (fields, []))
        addressed = models.Q(recipient_id=viewer.agency_id, agreement__in=live_for(viewer))
        return self.annotate(shared_grants=models.Case(models.When(addressed, then=every), default=none))

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
    due_at = models.DateTimeField(_("answer by"), db_default=Now())  # so that older rows have one
    status = models.CharField(
        _("status"), max_length=10, choices=ReferralStatus, default=ReferralStatus.PROPOSED
    )
    status_since = models.DateTimeField(_("since"))
    answer = models.CharField(_("answer"), max_length=500, blank=True)
    outcome = models.CharField(
        _("outcome"), max_length=12, choices=ReferralOutcome, blank=True, default="", db_default=""
    )
    made_by = who()
    made_at = models.DateTimeField(_("made"))

    objects = ReferralQuerySet.as_manager()
    moves = REFERRAL_MOVES
    when_erased: ClassVar[dict[str, str]] = dict.fromkeys(("message", "answer"), "''")
    field_classes = classified(
        C1="id agency claim individual_id recipient agreement service urgency message due_at status status_since answer"
        " outcome made_by made_at"
    )
    wall: ClassVar[Wall] = Wall(shared=_ADDRESSED, update="agency_id = {agency} OR " + _ADDRESSED)

    class Meta:
        indexes = [
            models.Index(fields=["agency", "status"], name="referral_sent"),
            models.Index(fields=["recipient", "status"], name="referral_received"),
        ]

    def __str__(self) -> str:
        return f"{self.get_service_display()} {self.pk}"


_READ_WITH_IT = "EXISTS (SELECT 1 FROM resettlement_referral r WHERE r.id = referral_id)"  # as far as the reader sees that


class ReferralMessageQuerySet(OwnedQuerySet["ReferralMessage"]):
    """Questions about many messages."""

    def visible_to(self, viewer: Viewer) -> Any:
        """Return the messages on referrals that the viewer sees; one's own too, only as long as their referral is seen."""
        return self.filter(referral__in=Referral.objects.visible_to(viewer))

    def with_shown_classes(self, viewer: Viewer) -> Any:
        """Annotate `shared_grants`: whoever sees the referral reads all that is written on it."""
        fields = [name for name, one in self.model.field_classes.items() if one == FieldClass.C1]
        return self.annotate(shared_grants=models.Value(fields, output_field=ArrayField(models.TextField())))


class ReferralMessage(PersonOwned):
    """What one of the two agencies wrote to the other on a referral; `agency` wrote it. Never changed."""

    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="messages")
    text = models.TextField(_("message"), max_length=2000)
    written_by = who()
    written_at = models.DateTimeField(_("written"))

    objects = ReferralMessageQuerySet.as_manager()
    erased_by = (
        "referral_id IN (SELECT f.id FROM resettlement_referral f WHERE f.individual_id = ANY (people))"
    )
    when_erased: ClassVar[dict[str, str]] = {"text": "''"}
    field_classes = classified(C1="id agency referral text written_by written_at")
    # The condition on the referral is itself under that table's policy: no referral, no message.
    wall: ClassVar[Wall] = Wall(
        own="agency_id = {agency} AND " + _READ_WITH_IT, shared=_READ_WITH_IT, append_only=True
    )

    def __str__(self) -> str:
        return f"{self.referral_id} {self.written_at}"
