"""What have two agencies agreed that one of them may see of the other's people?"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.enums import AGREEMENT_MOVES, AgreementStatus, Channel, Direction, LegalBasis, Onward, Purpose
from agencies.models.agency import Agency
from agencies.models.columns import both_or_neither, who
from refugeecm.core.classes import FieldClass, classified
from refugeecm.core.history import track
from refugeecm.core.wall import Wall

# The same condition in SQL for the policies, over an agreement called `a` (see AgreementQuerySet.live).
LIVE_SQL = (
    "a.status = 'active' AND a.starts_on <= CURRENT_DATE AND (a.ends_on IS NULL OR a.ends_on >= CURRENT_DATE)"
)

# What is signed: a signature holds for exactly these terms (Agreement.digest), and these make two versions differ.
TERMS = (
    "title", "purpose", "legal_basis", "asylum", "event_slug", "site", "origin", "matrix", "channels", "onward", "hands_over",
    "matches", "starts_on", "ends_on", "review_on", "review_months", "dpia_reference", "dpia_on", "retention_days", "breach_hours",
)  # fmt: skip
SIGNERS = 2  # of each side
# A draft is its drawer's own affair until it is proposed.
_PARTY = (
    "(provider_id = {agency} OR recipient_id = {agency})"
    " AND (proposed_at IS NOT NULL OR CASE direction WHEN 'give' THEN provider_id ELSE recipient_id END = {agency})"
)


class Today(models.Func):
    """The day by the clock of the database."""

    template = "CURRENT_DATE"
    output_field = models.DateField()


class AgreementQuerySet(models.QuerySet["Agreement"]):
    """Questions about many agreements."""

    def visible_to(self, viewer: object) -> AgreementQuerySet:
        """Return the agreements that the viewer's agency is a party to; drafts only its own."""
        agency_id = viewer.agency_id  # type: ignore[attr-defined]
        drawn = models.Q(provider_id=agency_id, direction=Direction.GIVE) | models.Q(
            recipient_id=agency_id, direction=Direction.ASK
        )
        party = models.Q(provider_id=agency_id) | models.Q(recipient_id=agency_id)
        return self.filter(drawn | party & models.Q(proposed_at__isnull=False))

    def between(self, one: int, other: int) -> AgreementQuerySet:
        """Return those between two agencies, in both directions."""
        return self.filter(
            models.Q(provider_id=one, recipient_id=other) | models.Q(provider_id=other, recipient_id=one)
        )

    def superseding(self) -> AgreementQuerySet:
        """Return the versions that have begun while the one they replace still stands."""
        return self.live().filter(replaces__status__in=[AgreementStatus.ACTIVE, AgreementStatus.SUSPENDED])

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


@track(exclude=["warned_days"])
class Agreement(models.Model):
    """Provider shows recipient: whose data (population), which fields, by which channels, from when until when.

    A change is a new row (`version`, `replaces`), signed by both sides like the first; its reference is that of the first with the
    number of the version behind it.
    """

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
    direction = models.CharField(
        _("direction"),
        max_length=4,
        choices=Direction,
        default=Direction.GIVE,
        db_default=Direction.GIVE.value,
    )  # from the side of who draws it up: the proposer
    # The population: every value that is given must fit; an empty one fits everybody. Claims never count (design.md rule 4).
    asylum = models.CharField(
        _("country of asylum"), max_length=3, blank=True, default="", db_default=""
    )  # of the event, else of the provider
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
    onward = models.CharField(
        _("passing on"),
        max_length=10,
        choices=Onward,
        default=Onward.FORBIDDEN,
        db_default=Onward.FORBIDDEN.value,
    )
    # Whether a family may go into the recipient's responsibility under it (resettlement.policies); referring needs no such term.
    hands_over = models.BooleanField(_("handing over"), default=False, db_default=False)
    # Whether each side learns that the other may know one of its people whom it does not see (registration.models.asking).
    matches = models.BooleanField(_("asking about the same people"), default=False, db_default=False)
    # The assessment of risks that comes before a transfer (UNHCR data protection policy 2015, 4.5 and 6.1; GDPR article 35).
    dpia_reference = models.CharField(
        _("data-protection assessment"), max_length=80, blank=True, default="", db_default=""
    )
    dpia_on = models.DateField(_("assessed on"), null=True, blank=True)
    review_on = models.DateField(_("review due"), null=True, blank=True)
    review_months = models.PositiveSmallIntegerField(_("months between reviews"), null=True, blank=True)
    retention_days = models.PositiveSmallIntegerField(_("days kept by the recipient"), null=True, blank=True)
    breach_hours = models.PositiveSmallIntegerField(_("hours to report a breach"), null=True, blank=True)
    status = models.CharField(
        _("status"), max_length=12, choices=AgreementStatus, default=AgreementStatus.DRAFT
    )
    drafted_by = who(db_index=False)
    proposed_by = who()
    proposed_at = models.DateTimeField(null=True)
    accepted_by = who()
    accepted_at = models.DateTimeField(null=True)
    ended_by = who()
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(_("reason"), max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    version = models.PositiveIntegerField(default=1, db_default=1)
    replaces = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="successors", db_index=False
    )
    suspended_by = models.ForeignKey(
        Agency, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )  # who may resume it
    warned_days = models.PositiveSmallIntegerField(
        default=0, db_default=0
    )  # told before the end: 90, 30 or 7

    objects = AgreementQuerySet.as_manager()
    moves = AGREEMENT_MOVES
    field_classes = classified(
        C1="id reference title provider recipient direction purpose legal_basis asylum event_slug site origin classes matrix"
        " grants channels onward hands_over matches dpia_reference dpia_on review_on review_months retention_days breach_hours"
        " starts_on ends_on status drafted_by"
        " proposed_by proposed_at accepted_by accepted_at ended_by ended_at end_reason created_at version"
        " replaces suspended_by",
        internal="warned_days",
    )
    wall: ClassVar[Wall] = Wall(
        own=_PARTY,
        insert="CASE direction WHEN 'give' THEN provider_id ELSE recipient_id END = {agency} AND status = 'draft'",
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
            both_or_neither("proposed_at", "proposed_by", name="agreement_proposed_at_by"),
            both_or_neither("accepted_at", "accepted_by", name="agreement_accepted_at_by"),
            both_or_neither("ended_at", "ended_by", name="agreement_ended_at_by"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def class_labels(self) -> list[str]:
        """What is shown, in words."""
        return [str(FieldClass(one).label) for one in self.classes]

    @property
    def first_reference(self) -> str:
        """The reference of the first version, with which those of all versions begin."""
        return "-".join(self.reference.split("-")[:3])

    @property
    def proposer_id(self) -> int:
        """The agency that draws it up; the other one answers."""
        return self.provider_id if self.direction == Direction.GIVE else self.recipient_id

    @property
    def answerer_id(self) -> int:
        """The agency that answers."""
        return self.recipient_id if self.direction == Direction.GIVE else self.provider_id

    def other_than(self, agency_id: int) -> Agency:
        """Return the other party."""
        return self.recipient if self.provider_id == agency_id else self.provider

    @property
    def digest(self) -> str:
        """What a signature is for: parties and terms as a SHA-256 in hex."""
        said: dict[str, Any] = {name: getattr(self, name) for name in TERMS}
        for term in ("hands_over", "matches"):
            if not said[term]:  # what was signed before there was this term said nothing of it
                del said[term]
        said |= {"provider": self.provider_id, "recipient": self.recipient_id, "direction": self.direction}
        text = json.dumps(said, sort_keys=True, default=date.isoformat)
        return hashlib.sha256(text.encode()).hexdigest()


class PartyQuerySet(models.QuerySet[Any]):
    """Rows that belong to an agreement."""

    def visible_to(self, viewer: object) -> PartyQuerySet:
        """Return those of agreements that the viewer sees."""
        return self.filter(agreement__in=Agreement.objects.visible_to(viewer))


_OF_A_PARTY = Wall(
    shared="EXISTS (SELECT 1 FROM agencies_agreement a WHERE a.id = agreement_id)", append_only=True
)  # the agreement's own policy holds inside


class AgreementSignature(models.Model):
    """One person signed exactly these terms for their agency. A change of the draft leaves it worthless, not removed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agreement = models.ForeignKey(Agreement, on_delete=models.CASCADE, related_name="signatures")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()

    objects = PartyQuerySet.as_manager()
    field_classes = classified(C1="id agreement agency user digest at")
    wall: ClassVar[Wall] = _OF_A_PARTY

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agreement", "user", "digest"], name="signed_once_by_each")
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.user_id}"


class AgreementDocument(models.Model):
    """A signed paper as PDF, sealed with the key of the agency that put it in; both parties read it (decision 0003)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agreement = models.ForeignKey(Agreement, on_delete=models.CASCADE, related_name="documents")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("file"), max_length=120)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    sealed = models.BinaryField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = PartyQuerySet.as_manager()
    sealed_by_agency: ClassVar[dict[str, str]] = {"sealed": "agencies_agreementdocument.sealed|{pk}"}
    field_classes = classified(C1="id agreement agency name size sha256 added_by at", internal="sealed")
    # When the agency's key is changed the file is sealed anew; `sha256` says that it is the same.
    wall: ClassVar[Wall] = replace(_OF_A_PARTY, resealed="sealed")

    def __str__(self) -> str:
        return self.name

    @property
    def place(self) -> str:
        """What the sealed file is bound to."""
        return f"agencies_agreementdocument.sealed|{self.pk}"


def signers(signatures: Iterable[AgreementSignature], agreement: Agreement, agency_id: int) -> set[int]:
    """Return who of an agency has signed the terms as they stand."""
    return {
        one.user_id for one in signatures if one.agency_id == agency_id and one.digest == agreement.digest
    }
