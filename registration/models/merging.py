"""Which records were merged into which, who decided it, and what stood before, so that they can be taken apart again?"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.access import OwnedQuerySet, Viewer
from agencies.models import Agency
from agencies.models.columns import both_or_neither, who
from refugeecm.core.classes import classified
from refugeecm.core.wall import Wall
from registration.enums import MERGE_MOVES, MergeStatus
from registration.models.access import seen_by
from registration.models.people import Individual

# {table: which of its rows a merge may touch}, over `people` (the two) and `houses` (their groups); floors above add theirs.
_OF_BOTH = "individual_id = ANY (people)"
SCOPES: dict[str, str] = {
    "registration_individual": "household_id = ANY (houses)",
    "registration_household": "id = ANY (houses)",
    "registration_pastmembership": "individual_id IN"
    " (SELECT i.id FROM registration_individual i WHERE i.household_id = ANY (houses))",
    "registration_document": _OF_BOTH,
    "registration_furthername": _OF_BOTH,
    "registration_relative": _OF_BOTH,
    "registration_photo": _OF_BOTH,
    "registration_attachment": _OF_BOTH,
    "registration_rightsrequest": _OF_BOTH,
    "registration_biometricreference": _OF_BOTH,
    "registration_specificneed": _OF_BOTH,
    "registration_movement": _OF_BOTH,
    "registration_priorprotection": _OF_BOTH,
    "registration_survivor": _OF_BOTH,
    "registration_presence": _OF_BOTH,
    "registration_safeguard": _OF_BOTH,
    "registration_deadline": _OF_BOTH,
    "registration_guardian": _OF_BOTH,
    "registration_protectionstep": _OF_BOTH,
    "registration_tracingrequest": _OF_BOTH,
    "registration_tracingmatch": _OF_BOTH,
    "registration_consent": _OF_BOTH,
    "registration_conflictofinterest": "household_id = ANY (houses)",
    "registration_matchcandidate": "individual_id = ANY (people) AND other_id = ANY (people)",
}


class MergeQuerySet(OwnedQuerySet["Merge"]):
    """Questions about many merges."""

    def visible_to(self, viewer: Viewer) -> Any:
        """Return the merges of which the viewer may see both records, and one is their own agency's."""
        own = models.Q(agency_id=viewer.agency_id) | models.Q(other_agency_id=viewer.agency_id)
        return self.filter(
            own,
            seen_by(viewer, agency="agency_id", reached="survivor_id"),
            seen_by(viewer, agency="other_agency_id", reached="merged_id"),
        )

    def done(self) -> MergeQuerySet:
        """Return those that stand."""
        return self.filter(status=MergeStatus.DONE)


class Merge(models.Model):
    """Two records are one person: `merged` is closed and leads to `survivor`. Nothing is deleted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Whose the two records are.
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    other_agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    survivor = models.ForeignKey(Individual, on_delete=models.PROTECT, related_name="merges")
    merged = models.ForeignKey(Individual, on_delete=models.PROTECT, related_name="merged_by")
    status = models.CharField(_("status"), max_length=9, choices=MergeStatus, default=MergeStatus.PROPOSED)
    taken: models.JSONField[Any, Any] = models.JSONField(
        default=list
    )  # which choices (merging.CHOICES) are the merged record's
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    made_by = who(db_index=False)
    made_at = models.DateTimeField(_("made"))
    confirmed_by = who(db_index=False)
    confirmed_at = models.DateTimeField(null=True)
    undone_by = who(db_index=False)
    undone_at = models.DateTimeField(null=True)
    undone_reason = models.CharField(_("why it was taken apart"), max_length=300, blank=True)

    objects = MergeQuerySet.as_manager()
    moves = MERGE_MOVES
    erased_by = "survivor_id = ANY (people) OR merged_id = ANY (people)"
    field_classes = classified(
        C1="id agency other_agency survivor merged status taken made_by made_at confirmed_by confirmed_at undone_by undone_at",
        C2="reason undone_reason",
    )
    wall: ClassVar[Wall] = Wall(own="{agency} IN (agency_id, other_agency_id)")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merged"], name="merged_once", condition=models.Q(status__in=["proposed", "done"])
            ),
            models.CheckConstraint(
                condition=~models.Q(survivor=models.F("merged")), name="merge_of_two_records"
            ),
            # Of two agencies' records two people decide; the one who proposed it never confirms it (design.md rule 8).
            models.CheckConstraint(
                condition=models.Q(agency=models.F("other_agency"))
                | models.Q(status__in=["proposed", "withdrawn"])
                | models.Q(confirmed_by__isnull=False) & ~models.Q(confirmed_by=models.F("made_by")),
                name="merge_confirmed_by_another",
            ),
            both_or_neither("confirmed_at", "confirmed_by", name="merge_confirmed_at_by"),
            both_or_neither("undone_at", "undone_by", name="merge_undone_at_by"),
        ]
        indexes = [
            models.Index(fields=["agency", "status", "-made_at"], name="merge_newest"),
            models.Index(fields=["other_agency", "status", "-made_at"], name="merge_newest_of_other"),
        ]

    def __str__(self) -> str:
        return f"{self.merged_id} into {self.survivor_id}"


class MergeMove(models.Model):
    """One row that a merge wrote: the columns that it changed, as they were and as it left them."""

    merge = models.ForeignKey(Merge, on_delete=models.PROTECT, related_name="moved")
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    table = models.CharField(max_length=60)
    row_id = models.CharField(max_length=36)
    before: models.JSONField[Any, Any] = models.JSONField(null=True)  # None: the merge made the row
    after: models.JSONField[Any, Any] = models.JSONField()
    digest = models.CharField(max_length=32)  # md5 of the whole row as the merge left it
    stayed = models.BooleanField(db_default=False)  # when taken apart: changed since, so left where it was

    erased_by = (
        "row_id IN (SELECT p::text FROM unnest(people) AS p) OR merge_id IN (SELECT g.id FROM registration_merge g"
        " WHERE g.survivor_id = ANY (people) OR g.merged_id = ANY (people))"
    )
    when_erased: ClassVar[dict[str, str]] = {"before": "NULL", "after": "'{}'", "digest": "''"}
    field_classes = classified(C1="id merge agency table row_id stayed", internal="before after digest")
    wall: ClassVar[Wall] = Wall()

    def __str__(self) -> str:
        return f"{self.table} {self.row_id}"
