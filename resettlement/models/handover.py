"""Which household goes from one agency's responsibility into another's, and how does the database move it?"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from agencies.access import OwnedQuerySet, Viewer, live_for
from agencies.models import Agency, Agreement
from agencies.models.agreement import LIVE_SQL
from agencies.models.columns import both_or_neither, who
from refugeecm.core.classes import FieldClass, classified
from refugeecm.core.history import track
from refugeecm.core.wall import Definer, Wall, definers
from registration.models import OF_ORIGIN, PersonOwned
from registration.models.exceptions import open_to
from resettlement.enums import HANDOVER_MOVES, HandoverKind, HandoverStatus, Urgency

OPEN = (HandoverStatus.PROPOSED, HandoverStatus.ACCEPTED)
# Whoever took a household over keeps the paper on it; before that it is read under the agreement, as the household is.
_ADDRESSED = (
    "recipient_id = {agency} AND (status = 'done' OR EXISTS"
    " (SELECT 1 FROM agencies_agreement a WHERE a.id = resettlement_handover.agreement_id AND "
    + LIVE_SQL
    + "))"
)


class HandoverQuerySet(OwnedQuerySet["Handover"]):
    """Questions about many hand-overs."""

    def visible_to(self, viewer: Viewer) -> Any:
        """Return the rows that the viewer may know of; a sealed family's are seen by its readers alone."""
        return super().visible_to(viewer).filter(open_to(viewer, by="household_id", reached="household_id"))

    def shared_with(self, viewer: Viewer) -> models.Q:
        """Return the condition that it is addressed to the viewer and done, or under an agreement that is live."""
        return models.Q(recipient_id=viewer.agency_id) & (
            models.Q(status=HandoverStatus.DONE) | models.Q(agreement__in=live_for(viewer))
        )

    def with_shown_classes(self, viewer: Viewer) -> Any:
        """Annotate `shared_grants`: both parties read all of it; the people are seen through the agreement only."""
        fields = [name for name, one in self.model.field_classes.items() if one == FieldClass.C1]
        return self.annotate(shared_grants=models.Value(fields, output_field=ArrayField(models.TextField())))

    def open(self) -> HandoverQuerySet:
        """Return those on which somebody still has to say something."""
        return self.filter(status__in=OPEN)

    def asking(self, viewer: Viewer) -> HandoverQuerySet:
        """Return those that the other agency began: the viewer's agency answers them."""
        return self.filter(
            models.Q(kind=HandoverKind.HAND_OVER, recipient_id=viewer.agency_id)
            | models.Q(kind=HandoverKind.REQUEST, agency_id=viewer.agency_id)
        )


@track()
class Handover(PersonOwned):
    """A household, its people and claims go to another agency's responsibility. `agency` gives, `recipient` takes."""

    recipient = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="+", verbose_name=_("to"))
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="+")
    household_id = models.UUIDField()
    number = models.CharField(_("household number"), max_length=24)
    kind = models.CharField(_("kind"), max_length=10, choices=HandoverKind)
    urgency = models.CharField(_("urgency"), max_length=10, choices=Urgency, default=Urgency.NORMAL)
    reason = models.TextField(_("reason"), max_length=2000)
    due_at = models.DateTimeField(_("answer by"))
    status = models.CharField(
        _("status"), max_length=10, choices=HandoverStatus, default=HandoverStatus.PROPOSED
    )
    status_since = models.DateTimeField(_("since"))
    answer = models.CharField(_("answer"), max_length=500, blank=True)
    made_by = who()
    made_at = models.DateTimeField(_("made"))
    answered_by = who()
    answered_at = models.DateTimeField(null=True)
    approved_by = who()
    approved_at = models.DateTimeField(null=True)

    objects = HandoverQuerySet.as_manager()
    moves = HANDOVER_MOVES
    erased_by = "household_id = ANY (houses)"
    when_erased: ClassVar[dict[str, str]] = dict.fromkeys(("reason", "answer"), "''")
    field_classes = classified(
        C1="id agency recipient agreement household_id number kind urgency reason due_at status status_since answer"
        " made_by made_at answered_by answered_at approved_by approved_at"
    )
    wall: ClassVar[Wall] = Wall(
        shared=_ADDRESSED,
        insert="agency_id = {agency} AND kind = 'hand_over' OR " + _ADDRESSED + " AND kind = 'request'",
        update="agency_id = {agency} OR " + _ADDRESSED,
    )

    class Meta:
        constraints = [
            # For each partner by itself: a refusal must not tell that another one has asked.
            models.UniqueConstraint(
                fields=["household_id", "recipient"],
                name="one_open_handover",
                condition=models.Q(status__in=OPEN),
            ),
            models.CheckConstraint(
                condition=~models.Q(agency=models.F("recipient")), name="handover_between_two"
            ),
            both_or_neither("answered_at", "answered_by", name="handover_answered_at_by"),
            models.CheckConstraint(
                condition=models.Q(
                    approved_at=None,
                    approved_by=None,
                    status__in=["proposed", "accepted", "declined", "revoked"],
                )
                | models.Q(approved_at__isnull=False, approved_by__isnull=False, status="done"),
                name="handover_approved_at_by",
            ),
        ]
        indexes = [
            models.Index(fields=["agency", "status"], name="handover_given"),
            models.Index(fields=["recipient", "status"], name="handover_taken"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.status}"


# What moves, and which of its rows. `h` is the hand-over, `people` the members. Whatever else names people stays with who wrote
# it: a test asks of every new table on which side it is.
CARRIED = {
    "registration_household": "id = h.household_id",
    "registration_individual": "household_id = h.household_id",
    "registration_document": "individual_id = ANY (people)",
    "registration_furthername": "individual_id = ANY (people)",
    "registration_relative": "individual_id = ANY (people)",
    "registration_photo": "individual_id = ANY (people)",
    "registration_attachment": "individual_id = ANY (people)",
    "registration_rightsrequest": "individual_id = ANY (people)",
    "registration_attachmentpiece": "attachment_id IN (SELECT a.id FROM registration_attachment a"
    " WHERE a.individual_id = ANY (people))",
    "registration_biometricreference": "individual_id = ANY (people)",
    "registration_movement": "individual_id = ANY (people)",
    "registration_priorprotection": "individual_id = ANY (people)",
    "registration_consent": "individual_id = ANY (people)",
    "registration_issueddocument": "individual_id = ANY (people)",
    "registration_pastmembership": "individual_id = ANY (people) AND household_id = h.household_id",
    "registration_specificneed": "individual_id = ANY (people)",
    "registration_safeguard": "individual_id = ANY (people)",
    "registration_deadline": "individual_id = ANY (people)",
    "registration_protectionstep": "individual_id = ANY (people)",
    "registration_tracingrequest": "individual_id = ANY (people)",
    "registration_tracingmatch": "request_id IN (SELECT r.id FROM registration_tracingrequest r WHERE r.individual_id = ANY (people))",
    "registration_matchcandidate": "individual_id = ANY (people)",
    "cases_claim": "individual_id = ANY (people)",
}
# A decision that the giving agency's people proposed is not for the other's to approve; the claim's entity tag changes.
_ALSO = {
    "cases_claim": ", version = version + 1, proposed_outcome = '', proposed_by_id = NULL, proposed_at = NULL",
    # Nobody of the giving agency's staff is named.
    "registration_pastmembership": ", noted_by_id = NULL",
    "registration_issueddocument": ", drafted_by_id = NULL, issued_by_id = NULL, ended_by_id = NULL, batch_id = NULL",
}
_MOVE = "\n".join(
    f"UPDATE {table} SET agency_id = h.recipient_id{_ALSO.get(table, '')} WHERE agency_id = h.agency_id AND {rows};"
    for table, rows in CARRIED.items()
)
_MOVE += (
    "\nUPDATE registration_matchcandidate SET other_agency_id = h.recipient_id WHERE other_id = ANY (people);"
    "\nUPDATE registration_tracingmatch SET other_agency_id = h.recipient_id WHERE individual_id = ANY (people);"
)
definers.append(
    Definer(
        name="resettlement_hand_over",
        arguments="wanted uuid, moment timestamptz, keyed uuid[], wrapped_keys bytea[]",
        returns="int",
        language="plpgsql",
        volatile=True,
        reads=("agencies_agreement", "agencies_agency"),
        writes=(
            "resettlement_handover",
            "registration_personaccess",
            "registration_personkey",
            "core_succession",
            *CARRIED,
        ),
        body=f"""
            DECLARE
                h resettlement_handover;
                people uuid[];
                subjects uuid[];
            BEGIN
                SELECT * INTO h FROM resettlement_handover
                    WHERE id = wanted AND status = 'accepted' AND agency_id = {{agency}} FOR UPDATE;
                IF h.id IS NULL THEN RAISE 'hand-over: none that is accepted and the agency''s own' USING ERRCODE = '42501'; END IF;
                PERFORM 1 FROM registration_household WHERE id = h.household_id AND agency_id = h.agency_id FOR UPDATE;
                IF NOT FOUND THEN RAISE 'hand-over: another agency is responsible' USING ERRCODE = '42501'; END IF;
                SELECT array_agg(i.id) INTO people FROM registration_individual i WHERE i.household_id = h.household_id;
                IF NOT EXISTS (SELECT 1 FROM agencies_agreement a WHERE a.id = h.agreement_id AND a.provider_id = h.agency_id
                               AND a.recipient_id = h.recipient_id AND a.hands_over AND {LIVE_SQL})
                   OR EXISTS (SELECT 1 FROM unnest(people) AS one(id) WHERE NOT EXISTS (
                       SELECT 1 FROM registration_personaccess p WHERE p.agreement_id = h.agreement_id AND p.individual_id = one.id
                       AND (p.consent_id IS NULL OR EXISTS (SELECT 1 FROM registration_consent c
                           WHERE c.id = p.consent_id AND c.withdrawn_at IS NULL))))
                THEN RAISE 'hand-over: no live agreement that allows it covers everybody' USING ERRCODE = '42501'; END IF;
                IF EXISTS (SELECT 1 FROM registration_individual i JOIN agencies_agency r ON r.id = h.recipient_id
                           WHERE i.household_id = h.household_id AND r.kind = 'government' AND {OF_ORIGIN})
                THEN RAISE 'hand-over: never to people''s own country' USING ERRCODE = '42501'; END IF;
                subjects := h.household_id || people
                    || ARRAY(SELECT c.id FROM cases_claim c WHERE c.individual_id = ANY (people));
                DELETE FROM registration_personaccess WHERE individual_id = ANY (people);
                UPDATE registration_personkey k SET agency_id = h.recipient_id, wrapped = w.wrapped
                    FROM unnest(keyed, wrapped_keys) AS w(id, wrapped)
                    WHERE k.individual_id = w.id AND w.id = ANY (people) AND k.agency_id = h.agency_id;
                IF EXISTS (SELECT 1 FROM registration_personkey k WHERE k.individual_id = ANY (people) AND k.agency_id = h.agency_id)
                THEN RAISE 'hand-over: a key was not wrapped anew' USING ERRCODE = '42501'; END IF;
                INSERT INTO core_succession (agency_id, subject_id, predecessor_id, until)
                    SELECT h.recipient_id, one.id, h.agency_id, moment FROM unnest(subjects) AS one(id)
                    UNION ALL SELECT h.recipient_id, s.subject_id, s.predecessor_id, s.until FROM core_succession s
                    WHERE s.agency_id = h.agency_id AND s.subject_id = ANY (subjects);
                {_MOVE}
                RETURN cardinality(people);
            END
        """,
    )
)
