"""Which person is covered by which agreement? The materialised rows, and how other tables reach them."""

from __future__ import annotations

import uuid
from typing import Any, TypeVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models

from agencies.access import OwnedQuerySet, Viewer
from agencies.models import Agency, Agreement
from agencies.models.agreement import LIVE_SQL
from refugeecm.core.classes import classified
from refugeecm.core.wall import Wall
from registration.models.exceptions import Asked, open_to

M = TypeVar("M", bound=models.Model)
# The agency `r` is of a country that the person `i` may have fled: any nationality, and that of former habitual residence
# (Asylum Procedures Regulation (EU) 2024/1348 article 7(2)(a): nothing goes to its authorities).
OF_ORIGIN = "(r.country IN (i.nationality, i.origin_country) OR r.country = ANY (i.other_nationalities))"


# An access row of an agreement that is live at this moment, and of a consent that stands.
_COVERED = (
    " FROM registration_personaccess p JOIN agencies_agreement a ON a.id = p.agreement_id"
    f" WHERE p.{{by}} = {{who}} AND p.agency_id = {{{{agency}}}} AND {LIVE_SQL}"
    " AND (p.consent_id IS NULL OR EXISTS (SELECT 1 FROM registration_consent c"
    " WHERE c.id = p.consent_id AND c.withdrawn_at IS NULL))"
)
_BY_DOOR = " AND a.recipient_id = {{agency}} AND {{door}} = ANY (a.channels)"


def shared_sql(column: str, *, by: str = "individual_id") -> str:
    """Return the policy condition: an access row for `column`, of an agreement that is live at this moment."""
    return f"EXISTS (SELECT 1{_COVERED.format(by=by, who=column)})"


def seen_by(viewer: Viewer, *, agency: str, reached: str) -> models.Q:
    """Return the condition that the viewer may see the person in the column `reached`, whose agency stands in the column `agency`.

    For rows that name more than one person; the row of the person is not read for it.
    """
    covered = "EXISTS (SELECT 1" + (_COVERED + _BY_DOOR).format(by="individual_id", who="{who}") + ")"
    shared = Asked(covered, reached, agency=viewer.agency_id, door=viewer.channel)
    own = models.Q(**{agency: viewer.agency_id})
    return (own | models.Q(shared)) & models.Q(open_to(viewer, by="individual_id", reached=reached))


class PersonAccessQuerySet(models.QuerySet["PersonAccess"]):
    """Questions about many access rows."""

    def live_for(self, viewer: Viewer) -> PersonAccessQuerySet:
        """Return those of the viewer's agency whose consent, where one is needed, stands; the agreement is joined beside it."""
        return self.filter(
            models.Q(consent_id=None) | models.Q(consent__withdrawn_at=None), agency_id=viewer.agency_id
        )


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
    consent = models.ForeignKey(
        "registration.Consent", on_delete=models.CASCADE, null=True, related_name="+", db_index=False
    )  # without it nothing is shown, where the agreement rests on consent

    objects = PersonAccessQuerySet.as_manager()
    field_classes = classified(internal="id agency owner agreement individual_id household_id consent")
    wall = Wall(own="owner_id = {agency}", shared="agency_id = {agency}")

    class Meta:
        triggers = [
            # Asylum Procedures Regulation (EU) 2024/1348 article 7(2)(a), enforced where no code can forget it: the authorities of a
            # person's own country get an access row only with that person's own consent.
            pgtrigger.Trigger(
                name="not_to_the_country_of_origin",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func=f"""
                    IF EXISTS (
                        SELECT 1 FROM agencies_agency r JOIN registration_individual i ON i.id = NEW.individual_id
                        WHERE r.id = NEW.agency_id AND r.kind = 'government' AND {OF_ORIGIN}
                    ) AND NOT EXISTS (
                        SELECT 1 FROM registration_consent c JOIN agencies_agreement a ON a.id = NEW.agreement_id
                        WHERE c.id = NEW.consent_id AND c.individual_id = NEW.individual_id AND c.recipient_id = NEW.agency_id
                          AND c.purpose = 'voluntary_return' AND a.purpose = 'voluntary_return'
                          AND c.withdrawn_at IS NULL AND c.confirmed_again_by_id IS NOT NULL
                    ) THEN
                        RAISE EXCEPTION 'Nothing goes to the authorities of a person''s country of origin.';
                    END IF;
                    RETURN NEW;
                    """,
            )
        ]
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

    def visible_to(self, viewer: Viewer) -> Any:
        """Return the rows that the viewer may know of, without sealed files of others and without conflicts of interest."""
        return super().visible_to(viewer).filter(open_to(viewer, by=self.access_by, reached=self.reached_by))

    def shared_with(self, viewer: Viewer) -> models.Q:
        """Return the condition that a live agreement covers the row's person."""
        return models.Q(self._covered("EXISTS (SELECT 1{covered})", viewer))

    def _covered(self, sql: str, viewer: Viewer, **given: Any) -> Asked:
        covered = (_COVERED + _BY_DOOR).format(by=self.access_by, who="{who}")
        return Asked(
            sql.replace("{covered}", covered),
            self.reached_by,
            agency=viewer.agency_id,
            door=viewer.channel,
            **given,
        )

    def with_shown_classes(
        self, viewer: Viewer, *, of: type[models.Model] | None = None, name: str = "shared_grants"
    ) -> Any:
        """Annotate `shared_grants`: the fields that live agreements open to the viewer of each row (agencies.access.terms).

        `of` asks for the fields of another kind of record about the same person.
        """
        opened = "ARRAY(SELECT DISTINCT jsonb_array_elements_text(a.grants -> {kind}::text){covered})"
        texts, kind = ArrayField(models.TextField()), (of or self.model)._meta.label_lower
        return self.annotate(**{name: self._covered(opened, viewer, kind=kind, output_field=texts)})

    def showing(self, viewer: Viewer, *fields: str) -> Any:
        """Return, of rows loaded with_shown_classes, those whose fields the viewer sees in full: a filter tells what it asks for."""
        return self.filter(
            models.Q(agency_id=viewer.agency_id) | models.Q(shared_grants__contains=list(fields))
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
