"""Which of an agency's systems are told of events, and what became of every single telling?"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.enums import DELIVERY_MOVES, ENDPOINT_MOVES, DeliveryStatus, EndpointStatus, Problem
from agencies.models.agency import Agency
from agencies.models.columns import OwnQuerySet, both_or_neither, who
from refugeecm.core import crypto
from refugeecm.core.classes import classified
from refugeecm.core.history import track
from refugeecm.core.wall import Definer, Wall, definers

_VOLATILE = ["secret", "previous_secret", "failures", "failing_since", "resume_at", "tried_at"]


@track(exclude=_VOLATILE)
class WebhookEndpoint(models.Model):
    """An address of an agency's own system that is told, by thin signed messages, of what happens to cases it may see."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    url = models.CharField(_("address"), max_length=500)
    topics = ArrayField(models.CharField(max_length=80), verbose_name=_("events"))
    # Sealed with the agency's key. The one before still signs until the hour given, so that a receiver can change over in peace.
    secret = models.BinaryField()
    previous_secret = models.BinaryField(null=True)
    previous_until = models.DateTimeField(null=True)
    status = models.CharField(
        _("status"), max_length=8, choices=EndpointStatus, default=EndpointStatus.ACTIVE
    )
    why = models.CharField(_("reason"), max_length=300, blank=True)
    created_by = who()
    created_at = models.DateTimeField()
    # The breaker: how often in a row it failed, since when, and until when it is left in peace.
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    resume_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)  # whose turn was longest ago is next

    objects = OwnQuerySet.as_manager()
    moves = ENDPOINT_MOVES
    sealed_by_agency: ClassVar[dict[str, str]] = dict.fromkeys(
        ("secret", "previous_secret"), "agencies_webhookendpoint.secret|{pk}"
    )
    field_classes = classified(
        C1="id agency url topics previous_until status why created_by created_at failures failing_since resume_at tried_at",
        internal="secret previous_secret",
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [
            both_or_neither("previous_secret", "previous_until", name="webhook_previous_secret_ends")
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def place(self) -> str:
        """What the sealed secrets of this row are bound to: one place for both, as the newer becomes the older."""
        return f"agencies_webhookendpoint.secret|{self.pk}"

    def secrets(self, *, key: crypto.Key, now: datetime) -> list[bytes]:
        """Return the secrets that sign now, the newest first, given the agency's key. Raises crypto.Unreadable."""
        found = [crypto.unseal(self.secret, key=key, place=self.place)]
        if self.previous_secret is not None and self.previous_until and self.previous_until > now:
            found.append(crypto.unseal(self.previous_secret, key=key, place=self.place))
        return found


class DeliveryQuerySet(OwnQuerySet["WebhookDelivery"]):
    """Questions about many deliveries."""

    def waiting(self) -> DeliveryQuerySet:
        """Return those that are still to be sent."""
        return self.filter(status=DeliveryStatus.WAITING)

    def next_of(self, endpoint: WebhookEndpoint, *, now: datetime) -> WebhookDelivery | None:
        """Lock and return what to send next: due, oldest first, and never before an older one of the same case."""
        older = WebhookDelivery.objects.waiting().filter(
            endpoint_id=models.OuterRef("endpoint_id"),
            case=models.OuterRef("case"),
            id__lt=models.OuterRef("id"),
        )
        return (
            self.waiting()
            .filter(~models.Exists(older), endpoint=endpoint, next_at__lte=now)
            .order_by("id")
            .select_for_update(skip_locked=True, of=("self",))
            .first()
        )


class WebhookDelivery(models.Model):
    """One event for one receiver: ids and outcomes. What was sent can be told from it; what was answered is not kept."""

    event_id = models.UUIDField()  # the same at every try: receivers know a repetition by it
    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    topic = models.CharField(_("event"), max_length=80)
    subject_id = models.UUIDField()
    case = models.UUIDField()  # what must be told in order
    change_seq = models.BigIntegerField()
    happened_at = models.DateTimeField(_("happened"))
    status = models.CharField(
        _("status"), max_length=9, choices=DeliveryStatus, default=DeliveryStatus.WAITING
    )
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    next_at = models.DateTimeField(_("next try"))
    give_up_at = models.DateTimeField()
    response_code = models.PositiveSmallIntegerField(null=True)
    problem = models.CharField(max_length=11, choices=Problem, blank=True)
    finished_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()
    moves = DELIVERY_MOVES
    field_classes = classified(
        C1="id event_id endpoint agency topic subject_id case change_seq happened_at status attempts next_at give_up_at"
        " response_code problem finished_at"
    )
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["endpoint", "event_id"], name="webhook_event_once")]
        indexes = [
            models.Index(fields=["endpoint", "-id"], name="webhook_log"),
            models.Index(
                fields=["endpoint", "case", "id"],
                name="webhook_in_order",
                condition=models.Q(status=DeliveryStatus.WAITING),
            ),
            models.Index(
                fields=["endpoint", "next_at"],
                name="webhook_due",
                condition=models.Q(status=DeliveryStatus.WAITING),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.event_id}"


# A worker knows no agency before it has found work. These tell it where there is some: ids of receivers and agencies, no more.
definers += [
    Definer(
        name="agencies_webhooks_due",
        arguments="moment timestamptz",
        returns="TABLE (endpoint_id uuid, agency_id bigint)",
        body="""
            SELECT e.id, e.agency_id FROM agencies_webhookendpoint e
            WHERE e.status = 'active' AND (e.resume_at IS NULL OR e.resume_at <= moment) AND EXISTS (
                SELECT 1 FROM agencies_webhookdelivery d
                WHERE d.endpoint_id = e.id AND d.status = 'waiting' AND d.next_at <= moment AND NOT EXISTS (
                    SELECT 1 FROM agencies_webhookdelivery o
                    WHERE o.endpoint_id = d.endpoint_id AND o."case" = d."case" AND o.status = 'waiting' AND o.id < d.id))
            ORDER BY e.tried_at NULLS FIRST, e.id LIMIT 100
        """,
        reads=("agencies_webhookendpoint", "agencies_webhookdelivery"),
    ),
    Definer(
        name="agencies_webhooks_for",
        arguments="wanted text",
        returns="TABLE (agency_id bigint)",
        body="""
            SELECT DISTINCT e.agency_id FROM agencies_webhookendpoint e WHERE e.status <> 'ended' AND wanted = ANY (e.topics)
        """,
        reads=("agencies_webhookendpoint",),
    ),
]
