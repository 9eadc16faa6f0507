"""Which two records may be one person or relatives, by which evidence, and what has somebody decided about them?"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_lazy as _

from agencies.access import OwnedQuerySet, Viewer
from agencies.models import Agency
from agencies.models.columns import both_or_neither, who
from refugeecm.core.classes import classified
from refugeecm.core.wall import Wall
from registration.enums import MATCH_MOVES, UNDECIDED, FoundBy, MatchKind, MatchState
from registration.models.access import seen_by, shared_sql
from registration.models.people import Individual


class MatchQuerySet(OwnedQuerySet["MatchCandidate"]):
    """Questions about many pairs."""

    def visible_to(self, viewer: Viewer) -> Any:
        """Return the pairs of which the viewer may see both records, and one is their own agency's.

        A pair of which one record is sealed, closed to the viewer or no longer shared does not exist for them.
        """
        own = models.Q(agency_id=viewer.agency_id) | models.Q(other_agency_id=viewer.agency_id)
        return self.filter(
            own,
            seen_by(viewer, agency="agency_id", reached="individual_id"),
            seen_by(viewer, agency="other_agency_id", reached="other_id"),
        )

    def open(self) -> MatchQuerySet:
        """Return the pairs that nobody has looked at."""
        return self.filter(state=MatchState.OPEN)

    def undecided(self) -> MatchQuerySet:
        """Return the pairs that nobody has decided, those left as unsure among them."""
        return self.filter(state__in=UNDECIDED)

    def standing(self) -> MatchQuerySet:
        """Return the pairs of two records that stand: neither was merged into another."""
        return self.filter(individual__merged_into=None, other__merged_into=None)

    def labels(self) -> MatchQuerySet:
        """Return the pairs of which people said what they are: labels for whoever trains the engine."""
        return self.exclude(state__in=UNDECIDED)


class MatchWeights(models.Model):
    """What an agency's register taught about agreement, each time anew (registration.rules.learning). The last row counts."""

    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+")
    learned_at = models.DateTimeField()
    people = models.PositiveIntegerField()  # whom the agency saw at that time
    pairs = models.PositiveIntegerField()  # that were compared for it
    tables: models.JSONField[Any, Any] = models.JSONField()  # {class: {field: {level: probability}}}
    names: models.JSONField[Any, Any] = (
        models.JSONField()
    )  # how many people have which name, by nationality; rare ones left out
    crowded = ArrayField(models.BigIntegerField(), default=list)  # keys of too many people

    objects = OwnedQuerySet["MatchWeights"].as_manager()
    field_classes = classified(C0="id learned_at people pairs", internal="agency tables names crowded")
    wall: ClassVar[Wall] = Wall()

    class Meta:
        indexes = [models.Index(fields=["agency", "-id"], name="weights_latest")]

    def __str__(self) -> str:
        return f"weights {self.pk}"


class MatchSweep(models.Model):
    """How far an agency's register has been compared with itself: the household after which a worker goes on."""

    agency = models.OneToOneField(Agency, on_delete=models.PROTECT, related_name="+", primary_key=True)
    begun_at = models.DateTimeField()
    position = models.UUIDField(null=True)
    done_at = models.DateTimeField(null=True)
    pairs = models.PositiveIntegerField(default=0)  # that were not known

    objects = OwnedQuerySet["MatchSweep"].as_manager()
    field_classes = classified(C0="agency begun_at done_at pairs", internal="position")
    wall: ClassVar[Wall] = Wall()

    def __str__(self) -> str:
        return f"sweep of {self.agency_id}"


class MatchCandidate(models.Model):
    """Two records that may be one person, or relatives. People decide; nothing is merged by itself, and no pair is asked twice."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Whose the records are. Either agency sees the pair where it may see both people.
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    other_agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    individual = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="match_candidates")
    # The older record. Without a constraint: it may stand in a later chunk of the same file.
    other = models.ForeignKey(Individual, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    # log2 of the odds that they are one person, against relative and stranger together; of relatives, that they are relatives.
    score = models.FloatField(_("bits"))
    kind = models.CharField(_("found as"), max_length=8, choices=MatchKind, default=MatchKind.SAME)
    # [[field, level, bits against stranger, bits against relative], …]: registration.rules.evidence has the words.
    evidence: models.JSONField[Any, Any] = models.JSONField(default=list)
    found_by = models.CharField(_("found"), max_length=8, choices=FoundBy)
    found_at = models.DateTimeField()
    state = models.CharField(_("decision"), max_length=9, choices=MatchState, default=MatchState.OPEN)
    decided_by = who(db_index=False)
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True, db_default="")

    objects = MatchQuerySet.as_manager()
    moves = MATCH_MOVES
    moves_by = "state"
    erased_by = "individual_id = ANY (people) OR other_id = ANY (people)"
    field_classes = classified(
        C1="id agency other_agency individual other kind found_by found_at state decided_by decided_at",
        C2="score evidence reason",
    )
    wall: ClassVar[Wall] = Wall(
        shared=f"other_agency_id = {{agency}} AND {shared_sql('registration_matchcandidate.individual_id')}",
        insert="{agency} IN (agency_id, other_agency_id)",
        update="agency_id = {agency} OR other_agency_id = {agency}",
    )

    class Meta:
        constraints = [
            # Whatever their order and whoever found them: a pair that was found again is not asked again.
            models.UniqueConstraint(
                Least("individual", "other"), Greatest("individual", "other"), name="candidate_once"
            ),
            models.CheckConstraint(
                condition=~models.Q(individual=models.F("other")), name="candidate_of_two"
            ),
            both_or_neither("decided_at", "decided_by", name="candidate_decided_at_by"),
        ]
        indexes = [
            models.Index(fields=["agency", "state", "kind", "-score"], name="candidate_queue"),
            models.Index(
                fields=["other_agency", "state", "kind", "-score"],
                name="candidate_queue_of_other",
                condition=~models.Q(agency=models.F("other_agency")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.individual_id} {self.other_id}"
