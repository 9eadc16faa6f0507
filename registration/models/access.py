"""Which person is covered by which agreement? The materialised rows, and how other tables reach them."""

from __future__ import annotations

import uuid
from typing import Any, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Coalesce

from agencies.access import OwnedQuerySet, Viewer, live_for
from agencies.models import Agency, Agreement
from agencies.models.agreement import LIVE_SQL
from refugeecm.core.classes import classified
from refugeecm.core.wall import Wall

M = TypeVar("M", bound=models.Model)


def shared_sql(column: str, *, by: str = "individual_id") -> str:
    """Return the policy condition: an access row for `column`, of an agreement that is live at this moment."""
    return (
        "EXISTS (SELECT 1 FROM registration_personaccess p JOIN agencies_agreement a ON a.id = p.agreement_id"
        f" WHERE p.{by} = {column} AND p.agency_id = {{agency}} AND {LIVE_SQL})"
    )


class Unnest(models.Func):
    """PostgreSQL's unnest of an array."""

    function = "unnest"
    output_field = models.CharField()


class PersonAccess(models.Model):
    """An agreement covers a person: one row, rewritten whenever the person's agency, event, site or origin changes.

    It grants nothing by itself: every reader joins the live agreement again.
    """

    agency = models.ForeignKey(
        Agency, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )  # who may see
    owner = models.ForeignKey(
        Agency, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    agreement = models.ForeignKey(
        Agreement, on_delete=models.CASCADE, related_name="access_rows", db_index=False
    )
    individual_id = models.UUIDField()
    household_id = models.UUIDField()

    field_classes = classified(internal="id agency owner agreement individual_id household_id")
    wall = Wall(own="owner_id = {agency}", shared="agency_id = {agency}")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agreement", "individual_id"], name="covered_once")]
        indexes = [
            models.Index(fields=["agency", "individual_id"], name="access_individual"),
            models.Index(fields=["agency", "household_id"], name="access_household"),
            models.Index(fields=["individual_id"], name="access_by_individual"),
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id} {self.individual_id}"


class PersonQuerySet(OwnedQuerySet[M]):
    """Rows that belong to an agency and, through a person or household, are covered by agreements."""

    access_by = "individual_id"  # column of PersonAccess
    reached_by = "individual_id"  # attribute of this model

    def shared_with(self, viewer: Viewer) -> models.Q:
        """Return the condition that a live agreement covers the row's person."""
        covered = PersonAccess.objects.filter(
            **{self.access_by: models.OuterRef(self.reached_by)},
            agency_id=viewer.agency_id,
            agreement__in=live_for(viewer),
        )
        return models.Q(models.Exists(covered))

    def with_shown_classes(self, viewer: Viewer) -> Any:
        """Annotate `shared_classes`: the classes that live agreements show the viewer of each row."""
        covering = PersonAccess.objects.filter(
            **{self.access_by: models.OuterRef(models.OuterRef(self.reached_by))}, agency_id=viewer.agency_id
        )
        shown = (
            live_for(viewer)
            .filter(pk__in=covering.values("agreement_id"))
            .annotate(one=Unnest("classes"))
            .values("one")
            .distinct()
        )
        return self.annotate(
            shared_classes=Coalesce(
                ArraySubquery(shown), models.Value([], output_field=ArrayField(models.CharField()))
            )
        )


class PersonOwned(models.Model):
    """A row of one agency about one person, with the second wall's policy."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Constraints to agency cost a check per row at COMMIT and can never fail: agencies are not deleted (database.md).
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        abstract = True
