"""Who asks for asylum, and where does it stand?"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.access import OwnedQuerySet
from agencies.models.columns import who
from cases.enums import CLAIM_MOVES, OPEN, ClaimStatus, Outcome
from refugeecm.core.classes import classified
from refugeecm.core.history import track
from refugeecm.core.wall import Wall, definers
from registration.models import Individual, PersonOwned, PersonQuerySet, listing, shared_sql


class ClaimQuerySet(PersonQuerySet["Claim"]):
    """Questions about many claims."""

    def open(self) -> ClaimQuerySet:
        """Return those on which somebody still has to do something."""
        return self.filter(status__in=OPEN)


@track()
class Claim(PersonOwned):
    """One person's claim for international protection, with the members of the family who are part of it."""

    number = models.CharField(_("claim number"), max_length=24, unique=True)
    individual = models.ForeignKey(
        Individual, on_delete=models.PROTECT, related_name="claims", verbose_name=_("applicant")
    )
    status = models.CharField(_("status"), max_length=12, choices=ClaimStatus, default=ClaimStatus.REGISTERED)
    status_since = models.DateTimeField(_("since"))
    outcome = models.CharField(_("outcome"), max_length=15, choices=Outcome, blank=True, default="")
    made_on = models.DateField(_("made on"))
    opened_by = who()
    opened_at = models.DateTimeField()
    proposed_outcome = models.CharField(
        _("proposed outcome"), max_length=15, choices=Outcome, blank=True, default=""
    )
    proposed_by = who()
    proposed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = ClaimQuerySet.as_manager()
    moves = CLAIM_MOVES
    field_classes = classified(
        C1="id agency number individual status status_since outcome made_on opened_by opened_at version",
        C4="proposed_outcome proposed_by proposed_at",
    )
    wall: ClassVar[Wall] = Wall(shared=shared_sql("cases_claim.individual_id"))
    shared_as = _("Asylum claim")
    field_groups = {"proposal": "proposed_outcome proposed_by proposed_at"}

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["individual"], name="one_open_claim", condition=models.Q(status__in=OPEN)
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["decided", "closed"]) ^ models.Q(outcome=""),
                name="decided_claims_have_an_outcome",
            ),
            models.CheckConstraint(
                condition=models.Q(proposed_at=None, proposed_by=None, proposed_outcome="")
                | models.Q(proposed_at__isnull=False, proposed_by__isnull=False)
                & ~models.Q(proposed_outcome=""),
                name="claim_proposed_at_by",
            ),
        ]
        indexes = [
            models.Index(fields=["agency", "status", "id"], name="claim_by_status"),
            models.Index(
                fields=["agency", "proposed_at"],
                name="claim_proposed",
                condition=models.Q(proposed_at__isnull=False),
            ),
            models.Index(fields=["agency", "id"], name="claim_newest"),
            models.Index(fields=["agency", "status_since"], name="claim_changed"),
            # Of shared people, without a look at the claims themselves.
            models.Index(fields=["individual", "status", "id"], name="claim_of_person"),
        ]

    def __str__(self) -> str:
        return self.number


definers.append(
    listing.listed(
        "cases_listed",
        rows="FROM cases_claim c JOIN registration_individual i ON i.id = c.individual_id",
        key="c.id",
        order="c.id",
        filters={"wanted_status": ("text", "c.status = %L"), "opened_by": ("bigint", "c.opened_by_id = %L")},
        reads=("cases_claim",),
    )
)


class ClaimReference(PersonOwned):
    """The number under which an agency knows a claim in its own system; it can then ask by that number."""

    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="references")
    value = models.CharField(_("number"), max_length=80)

    objects = OwnedQuerySet.as_manager()
    field_classes = classified(C1="id agency claim value")
    wall: ClassVar[Wall] = Wall()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agency", "value"], name="reference_value_once"),
            models.UniqueConstraint(fields=["agency", "claim"], name="reference_claim_once"),
        ]

    def __str__(self) -> str:
        return self.value
